"""A guest network in namespaces of its own: a gateway, phones on its bridge, an internet behind it.

The machine's own network is not touched.

    phones[i] --veth-- bridge `guests` 10.77.0.1/24 [gateway] up0 192.168.7.2 --veth-- lan0 192.168.7.1, 198.51.100.7 [internet]

`192.168.7.0/24` is the shop's LAN, which guests must not reach; `198.51.100.7` is everything else. Each place is a network and a
mount namespace that a small process holds open; programs enter it with `nsenter` and keep their pid. Root makes them as root,
anybody else inside a user namespace. Programs in them end with the test, and also if it dies.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import guest_inside

GATEWAY = "10.77.0.1"
GATEWAY_UPSTREAM, ROUTER = "192.168.7.2", "192.168.7.1"
INTERNET = "198.51.100.7"
NAMED = "192.88.99.7"
"""What the internet's names mean. A resolver that guards against rebinding drops answers with addresses for documentation, as
198.51.100.7 is; this range is nobody's any more (RFC 7526), and no resolver minds it.
"""
GATEWAY_V6, INTERNET_V6 = "2001:db8:7::2", "2001:db8:7::1"
GUEST_V6 = "2001:db8:77::"
BRIDGE, UPSTREAM, RADIO = "guests", "up0", "wlan0"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
NEEDED = {
    "ip": "iproute2", "nft": "nftables", "dnsmasq": "dnsmasq-base", "nsenter": "util-linux",
    "unshare": "util-linux", "mount": "mount", "setpriv": "util-linux", "udhcpc": "udhcpc",
}  # fmt: skip
"""Commands, and Debian's packages that have them."""


def missing(**more: str) -> str:
    """Why there can be no guest network here; "" where there can. `more` are commands with their packages."""
    absent = sorted(
        {package for name, package in {**NEEDED, **more}.items() if not shutil.which(name, path=PATH)}
    )
    if absent:
        return f"needs Debian's packages {' '.join(absent)}: apt install {' '.join(absent)}"
    tried = subprocess.run([*_new(), "true"], capture_output=True, text=True, timeout=20, env=environment())
    return f"needs root, or user namespaces for everybody: {tried.stderr.strip()}" if tried.returncode else ""


def need(**more: str) -> None:
    """Skip the test where there can be no guest network."""
    import pytest

    why = missing(**more)
    if why:
        pytest.skip(why)


def environment() -> dict[str, str]:
    """What programs in a namespace are given."""
    kept = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    return {**kept, "PATH": f"{PATH}:{os.environ.get('PATH', '')}"}


def _new() -> list[str]:
    kinds = ["unshare", "--net", "--mount"]
    return kinds if os.geteuid() == 0 else [*kinds, "--user", "--map-root-user"]


@dataclasses.dataclass(frozen=True)
class Lease:
    """What a DHCP server gave; `api` is option 114 (RFC 8910) as it was on the wire, "" without one."""

    ip: str
    router: str
    dns: str
    seconds: int
    api: str


Done = subprocess.CompletedProcess[str]
P = TypeVar("P", bound="Namespace")


class Failed(AssertionError):
    """A command in a namespace did not go well."""


class Namespace:
    """One place. `run`, `popen` and `call` are that machine's shell."""

    def __init__(self, name: str, folder: Path, owner: Namespace | None = None) -> None:
        self.name = name
        self.folder = folder / name
        self.folder.mkdir()
        self._started: list[subprocess.Popen[Any]] = []
        self._owner = owner
        # Whoever is not root makes one user namespace, and everything else inside it.
        command = ["unshare", "--net", "--mount"] if owner else _new()
        inside = [*owner._enter(users=True), *command] if owner and os.geteuid() else command
        self.holder = subprocess.Popen(
            [*inside, "sh", "-c", "mount -t sysfs sysfs /sys 2>/dev/null; ip link set lo up && echo up && exec cat"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment(),
        )  # fmt: skip
        assert self.holder.stdout
        if self.holder.stdout.readline() != b"up\n":
            raise Failed(f"the namespace {name} could not be made")
        self.pid = self.holder.pid

    def _enter(self, *, users: bool = False) -> list[str]:
        as_whom = ["--user", "--preserve-credentials"] if os.geteuid() else []
        return ["nsenter", "--target", str(self.pid), *as_whom, *([] if users else ["--net", "--mount"])]

    def command(self, argv: Sequence[str | Path], folder: Path | None = None) -> list[str]:
        """The command as it is run from outside. Its process is the program itself, which ends when the caller does."""
        where = ["env", f"--chdir={folder or Path.cwd()}"]
        return [*self._enter(), *where, "setpriv", "--pdeathsig", "KILL", "--", *map(str, argv)]

    def run(
        self, argv: Sequence[str | Path], timeout: float = 20, *, check: bool = True, text: str | None = None
    ) -> Done:
        """Run it to its end; Failed, with what it said, where it fails and that is not expected."""
        done = subprocess.run(
            self.command(argv), capture_output=True, text=True, timeout=timeout, input=text, env=environment()
        )
        if check and done.returncode:
            raise Failed(f"{self.name}: {argv} ended with {done.returncode}: {done.stdout}{done.stderr}")
        return done

    def ip(self, *lines: str) -> None:
        """Commands of `ip`, one a line, in one go."""
        self.run(["ip", "-batch", "-"], text="".join(f"{line}\n" for line in lines))

    def popen(
        self, argv: Sequence[str | Path], log: str = "", env: dict[str, str] | None = None, **more: Any
    ) -> subprocess.Popen[Any]:
        """Start it; it ends with the network. What it says goes to the file `log` of this place's folder, or to a pipe."""
        with contextlib.ExitStack() as opened:
            if log:
                more["stdout"] = opened.enter_context((self.folder / log).open("ab"))
                more["stderr"] = subprocess.STDOUT
            started = subprocess.Popen(self.command(argv), env={**environment(), **(env or {})}, **more)
        self._started.append(started)
        return started

    def call(self, function: Callable[..., Any], *arguments: Any, timeout: float = 30) -> Any:
        """What a function of a module answers here, in a Python of its own. Arguments and answer are JSON."""
        done = self.run(_python(function, arguments), timeout=timeout)
        return json.loads(done.stdout.splitlines()[-1])

    def start(self, function: Callable[..., Any], *arguments: Any, log: str = "") -> subprocess.Popen[Any]:
        """Run a function of a module for as long as the network stands."""
        return self.popen(_python(function, arguments), log or f"{function.__name__}.log")

    def resolve_with(self, server: str) -> None:
        """Names are asked of this server, here only."""
        kept = self.folder / "resolv.conf"
        there = kept.exists()
        kept.write_text(f"nameserver {server}\n")
        if not there:
            self.run(["mount", "--bind", kept, Path("/etc/resolv.conf").resolve()])

    def said(self, log: str) -> str:
        """What a program wrote into its log here."""
        path = self.folder / log
        return path.read_text(errors="replace") if path.exists() else ""

    def pids(self) -> list[int]:
        """Every process of this place but the one that holds it."""
        ours = Path(f"/proc/{self.pid}/ns/net").readlink()
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and int(entry.name) not in (self.pid, os.getpid()):
                with contextlib.suppress(OSError):
                    if (entry / "ns/net").readlink() == ours:
                        found.append(int(entry.name))
        return found

    def close(self) -> None:
        """End everything here, by pid, grandchildren too; then let the namespace go."""
        for signal_, tries in ((signal.SIGTERM, 20), (signal.SIGKILL, 60)):
            left = self.pids() if self.holder.poll() is None else []
            for pid in left:
                with contextlib.suppress(OSError):
                    os.kill(pid, signal_)
            for _ in range(tries if left else 0):
                for each in self._started:
                    each.poll()
                if not self.pids():
                    break
                time.sleep(0.05)
        self.holder.kill()
        for each in (*self._started, self.holder):
            each.wait(10)
            for pipe in (each.stdin, each.stdout, each.stderr):
                if pipe:
                    with contextlib.suppress(OSError):
                        pipe.close()


def _python(function: Callable[..., Any], arguments: Sequence[Any]) -> list[str]:
    file = str(Path(function.__code__.co_filename).resolve())
    return [
        sys.executable,
        "-X",
        "utf8",
        guest_inside.__file__,
        file,
        function.__name__,
        json.dumps(arguments),
    ]


class Phone(Namespace):
    """A phone on the bridge: its radio is `wlan0`."""

    number: int
    mac: str
    port: str
    ip_address: str = ""

    def lease(self, tries: int = 5) -> Lease:
        """Ask for an address as phones do, with udhcpc, and use what came; Failed where nobody answers."""
        kept = self.folder / "lease.env"
        kept.unlink(missing_ok=True)
        script = self.folder / "udhcpc.sh"
        script.write_text(
            '#!/bin/sh\n[ "$1" = bound ] || [ "$1" = renew ] || exit 0\n'
            f"ip addr flush dev {RADIO} scope global\nip addr add $ip/$mask dev {RADIO}\n"
            f'ip route replace default via ${{router%% *}}\nenv > {kept}\n'
        )  # fmt: skip
        script.chmod(0o755)
        self.run(
            ["udhcpc", "-i", RADIO, "-f", "-q", "-n", "-t", str(tries), "-T", "1", "-O", "114", "-s", script],
            timeout=tries * 3 + 10,
        )
        got = dict(line.split("=", 1) for line in kept.read_text().splitlines() if "=" in line)
        self.ip_address = got["ip"]
        dns = got.get("dns", "").split(" ")[0]
        if dns:
            self.resolve_with(dns)
        api = bytes.fromhex(got.get("opt114", "")).decode()
        return Lease(got["ip"], got.get("router", ""), dns, int(got.get("lease", "0")), api)

    def settle(self, ip: str, router: str = GATEWAY, bits: int = 24) -> None:
        """Take this address without asking, as a hostile phone may."""
        self.ip(
            f"addr flush dev {RADIO} scope global",
            f"addr add {ip}/{bits} dev {RADIO}",
            f"route replace default via {router}",
        )
        self.ip_address = ip
        self.resolve_with(router)

    def become(self, mac: str) -> None:
        """Wear another hardware address."""
        self.ip(f"link set {RADIO} down", f"link set {RADIO} address {mac}", f"link set {RADIO} up")
        self.mac = mac

    def get(self, url: str, timeout: float = 5, **more: Any) -> guest_inside.Answer:
        """One GET, no redirect followed. `status` 0 and `error` where nothing came."""
        return self._fetch("GET", url, {"timeout": timeout, **more})

    def post(self, url: str, form: dict[str, str], timeout: float = 5, **more: Any) -> guest_inside.Answer:
        """One form sent."""
        return self._fetch("POST", url, {"timeout": timeout, "form": form, **more})

    def _fetch(self, method: str, url: str, options: dict[str, Any]) -> guest_inside.Answer:
        wait_s = options["timeout"] + 20
        return guest_inside.Answer(**self.call(guest_inside.fetch, method, url, options, timeout=wait_s))


class Sniffer:
    """What a place heard on one interface: every frame but ARP and IPv6's own housekeeping."""

    def __init__(self, place: Namespace, interface: str) -> None:
        self._file = place.folder / f"heard-{time.monotonic_ns()}.jsonl"
        self._file.touch()
        self._process = place.start(guest_inside.sniff, interface, str(self._file))
        until = time.monotonic() + 10
        while not self._file.read_text():
            if time.monotonic() > until or self._process.poll() is not None:
                raise Failed(
                    f"nothing can be heard on {interface} of {place.name}: {place.said('sniff.log')}"
                )
            time.sleep(0.02)

    def frames(self) -> list[dict[str, Any]]:
        """All that was heard so far."""
        lines = self._file.read_text().splitlines(keepends=True)[1:]
        return [json.loads(line) for line in lines if line.endswith("\n")]

    def stop(self) -> list[dict[str, Any]]:
        """All that was heard, and listen no more."""
        time.sleep(0.2)
        self._process.terminate()
        self._process.wait(10)
        return self.frames()


class GuestNetwork(contextlib.AbstractContextManager["GuestNetwork"]):
    """The whole of it: `gateway`, `internet`, `phones`. `with GuestNetwork(phones=2) as network: ...`"""

    def __init__(self, phones: int = 1, folder: Path | None = None, bits: int = 24) -> None:
        self.bits = bits
        self._own = None if folder else tempfile.TemporaryDirectory(prefix="guests-")
        self.folder = folder or Path(self._own.name if self._own else "")
        self._places: list[Namespace] = []
        self.phones: list[Phone] = []
        try:
            self.gateway = self._make(Namespace, "gateway")
            self.internet = self._make(Namespace, "internet")
            self._cable()
            for _ in range(phones):
                self.add_phone()
            self._serve()
        except BaseException:
            self.close()
            raise

    def _make(self, kind: type[P], name: str) -> P:
        made = kind(name, self.folder, self._places[0] if self._places else None)
        self._places.append(made)
        return made

    def _cable(self) -> None:
        self.gateway.ip(
            f"link add {BRIDGE} type bridge forward_delay 0 mcast_snooping 0",
            f"addr add {GATEWAY}/{self.bits} dev {BRIDGE}",
            f"addr add {GUEST_V6}1/64 dev {BRIDGE} nodad",
            f"link set {BRIDGE} up",
            f"link add {UPSTREAM} type veth peer name lan0 netns {self.internet.pid}",
            f"addr add {GATEWAY_UPSTREAM}/24 dev {UPSTREAM}",
            f"addr add {GATEWAY_V6}/64 dev {UPSTREAM} nodad",
            f"link set {UPSTREAM} up",
        )
        self.internet.ip(
            f"addr add {ROUTER}/24 dev lan0",
            f"addr add {INTERNET_V6}/64 dev lan0 nodad",
            f"addr add {INTERNET}/32 dev lo",
            f"addr add {NAMED}/32 dev lo",
            "link set lan0 up",
            # A datagram that is answered by a server on every address gets the answer from the address that it was sent to.
            f"route add {GATEWAY_UPSTREAM}/32 dev lan0 src {INTERNET}",
            f"route add {GUEST_V6}/64 via {GATEWAY_V6}",
            # So that an address that was not translated would be answered.
            f"route add 10.77.0.0/{self.bits} via {GATEWAY_UPSTREAM}",
        )
        self.gateway.ip(f"route add default via {ROUTER}", f"route add default via {INTERNET_V6}")
        for switch in ("ipv4/ip_forward", "ipv6/conf/all/forwarding"):
            self.gateway.run(["sh", "-c", f"echo 1 > /proc/sys/net/{switch}"])
        self.gateway.resolve_with(ROUTER)

    def add_phone(self, mac: str = "") -> Phone:
        """One more phone, without an address so far."""
        number = len(self.phones)
        phone = self._make(Phone, f"phone{number}")
        phone.number, phone.port = number, f"port{number}"
        phone.mac = mac or f"02:11:22:33:{number // 256:02x}:{number % 256:02x}"
        self.gateway.ip(
            f"link add {phone.port} type veth peer name {RADIO} netns {phone.pid}",
            f"link set {phone.port} master {BRIDGE}",
            f"link set {phone.port} up",
        )
        phone.ip(f"link set {RADIO} address {phone.mac}", f"link set {RADIO} up")
        self.phones.append(phone)
        return phone

    def _serve(self) -> None:
        config = self.internet.folder / "names.conf"
        config.write_text(
            f"no-resolv\nno-hosts\nno-daemon\nuser=root\npid-file=\ninterface=lan0\ninterface=lo\nbind-dynamic\nlog-queries\n"
            f"log-facility={self.internet.folder / 'queries.log'}\naddress=/#/{NAMED}\nserver=/example.invalid/\n"
        )
        self.internet.popen(["dnsmasq", "--conf-file=" + str(config)], "names.log")
        ready = self.internet.folder / "ready"
        self.internet.start(guest_inside.internet, str(ready), log="internet.log")
        until = time.monotonic() + 15
        while not ready.exists():
            if time.monotonic() > until:
                raise Failed(f"the internet does not come up: {self.internet.said('internet.log')}")
            time.sleep(0.02)

    def unplug(self) -> None:
        """Pull the cable to the shop's router out: no carrier."""
        self.internet.ip("link set lan0 down")

    def plug(self) -> None:
        """Put it back."""
        self.internet.ip(
            "link set lan0 up",
            f"addr replace {INTERNET_V6}/64 dev lan0 nodad",
            f"route replace {GATEWAY_UPSTREAM}/32 dev lan0 src {INTERNET}",
        )
        self.internet.run(["ip", "-6", "route", "replace", f"{GUEST_V6}/64", "via", GATEWAY_V6], check=False)
        self.internet.ip(f"route replace 10.77.0.0/{self.bits} via {GATEWAY_UPSTREAM}")

    @contextlib.contextmanager
    def heard(
        self, place: Namespace | None = None, interface: str = "lan0"
    ) -> Iterator[list[dict[str, Any]]]:
        """What a place hears inside the block; usually the internet. The list is filled when the block ends."""
        frames: list[dict[str, Any]] = []
        sniffer = Sniffer(place or self.internet, interface)
        try:
            yield frames
        finally:
            frames.extend(sniffer.stop())

    def queries(self) -> list[str]:
        """The names that the internet's DNS server was asked for."""
        lines = self.internet.said("queries.log").splitlines()
        return [line.split("] ", 1)[1].split(" ")[0] for line in lines if " query[" in line]

    def close(self) -> None:
        """End every program, give everything back."""
        for place in reversed(self._places):
            place.close()
        self._places = []
        if self._own:
            self._own.cleanup()

    def __exit__(self, *_: object) -> None:
        self.close()

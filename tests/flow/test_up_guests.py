"""`shopbell up --wifi`: a whole shop with its guests' network in namespaces, from a phone's lease to the end of it all."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import guest_network
import pytest
from guest_network import BRIDGE, UPSTREAM, GuestNetwork
from guest_shop import FOREIGN, PORTAL, enter, is_out

from hub.app import open_store
from hub.store.mailing_records import ScreenNote

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
STRANGER = 64_321
"""A user whom this machine does not know."""


def wait_for(holds: Callable[[], bool], seconds: float = 60.0) -> None:
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.1)


class UpWithGuests:
    """`shopbell up --wifi` in the gateway of a guest network."""

    def __init__(self, network: GuestNetwork, folder: Path, **env: str) -> None:
        self.network, self.folder, self.env = network, folder, env
        # The folder of sockets and files in memory is this namespace's own.
        network.gateway.run(["mount", "-t", "tmpfs", "tmpfs", "/run"])
        self.starts = 0

    def start(self, *words: str, interface: str = BRIDGE) -> subprocess.Popen[bytes]:
        self.starts += 1
        self.log = f"up-{self.starts}.log"
        command = [sys.executable, "-P", "-m", "hub.up.cli", "up", "--wifi", interface]
        more = ["--dir", self.folder / "shop", "--port-base", "8080", *words]
        env = {"PYTHONPATH": PACKAGES, "PYTHONUNBUFFERED": "1", **self.env}
        self.process = self.network.gateway.popen([*command, *more], self.log, env)
        return self.process

    def said(self) -> str:
        return self.network.gateway.said(self.log)

    def begin(self, *words: str) -> None:
        process = self.start(*words)
        wait_for(lambda: "first-steps.txt" in self.said() or process.poll() is not None, 90.0)
        assert process.poll() is None, self.said()

    def programs(self) -> dict[str, int]:
        """Our programs by their names, dnsmasq apart."""
        found = {}
        for pid in self.network.gateway.pids():
            words = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
            if "-m" in words:
                found[words[words.index("-m") + 1]] = pid
        return found

    def check(self, program: str) -> Any:
        """What `shopbell check` says of one program."""
        command = [sys.executable, "-P", "-m", "hub.up.cli", "check", "--json", "--dir", self.folder / "shop"]
        asked = self.network.gateway.popen(command, env={"PYTHONPATH": PACKAGES}, stdout=subprocess.PIPE)
        said, _ = asked.communicate(timeout=60)
        return next(one for one in json.loads(said)["programs"] if one["program"] == program)

    def end(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(60)


def status_of(pid: int) -> dict[str, list[str]]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {line.split(":")[0]: line.split()[1:] for line in lines}


@pytest.fixture
def network() -> Iterator[GuestNetwork]:
    guest_network.need()
    with GuestNetwork(phones=1) as network:
        yield network


def test_a_phone_is_caught_let_through_and_left_alone_when_the_shop_ends(
    network: GuestNetwork, tmp_path: Path
) -> None:
    up = UpWithGuests(network, tmp_path)
    up.begin()
    assert "Phones:           the Wi-Fi 'Corner Shop'" in up.said()
    phone = network.phones[0]
    phone.lease()
    caught = phone.get(FOREIGN)
    assert (caught.status, caught.headers["location"]) == (302, f"{PORTAL}/")
    assert not is_out(phone)
    assert enter(phone).status == 303
    wait_for(lambda: is_out(phone), 10.0)
    for program in ("gate", "wifi"):
        checked = up.check(program)
        assert (checked["status"], checked["warnings"]) == (0, []), checked
    killed = up.programs()["edge.gate"]
    os.kill(killed, signal.SIGKILL)
    assert is_out(phone)
    wait_for(lambda: up.programs().get("edge.gate", killed) != killed, 10.0)
    assert up.end() == 0, up.said()
    # The next start begins with an empty machine: no rule of ours is left, and no program.
    assert "shopbell" not in network.gateway.run(["nft", "list", "ruleset"]).stdout
    assert network.gateway.pids() == []


def test_a_member_who_comes_back_reads_on_their_phone_what_the_shop_kept_for_them(
    network: GuestNetwork, tmp_path: Path
) -> None:
    up = UpWithGuests(network, tmp_path)
    up.begin()
    phone = network.phones[0]
    phone.lease()
    assert enter(phone, remember="yes").status == 303
    code = re.search(r'class="code">([0-9A-Z ]+)<', phone.get(f"{PORTAL}/in").body)
    assert code is not None
    store = open_store(tmp_path / "shop" / "hub")
    try:
        wait_for(lambda: bool(store.register.page(10)), 30.0)
        member, now = store.register.page(10)[0].member, time.time()
        store.mailings.put_note(ScreenNote(1, member, "Your shoes are ready", 0, now, now + 600, None))
        phone.post(f"{PORTAL}/leave", {})
        assert enter(phone, way="member", typed=code[1], remember="no").status == 303
        assert "Your shoes are ready" in phone.get(f"{PORTAL}/in").body
        wait_for(lambda: store.mailings.notes_for(member, time.time()) == [], 10.0)
    finally:
        store.close()
    assert up.end() == 0, up.said()


def test_when_everything_is_killed_no_stranger_gets_through_and_the_next_start_goes_on(
    network: GuestNetwork, tmp_path: Path
) -> None:
    up = UpWithGuests(network, tmp_path)
    up.begin()
    phone, stranger = network.phones[0], network.add_phone()
    for each in (phone, stranger):
        each.lease()
    assert enter(phone).status == 303
    up.end(signal.SIGKILL)
    wait_for(lambda: network.gateway.pids() == [], 30.0)
    assert not is_out(stranger)
    up.begin()
    assert not is_out(stranger)
    assert is_out(phone)
    assert up.end() == 0, up.said()


def test_what_speaks_with_phones_has_no_capability_and_the_gate_has_one(
    network: GuestNetwork, tmp_path: Path
) -> None:
    up = UpWithGuests(network, tmp_path)
    up.begin()
    may = {name: int(status_of(pid)["CapEff"][0], 16) for name, pid in up.programs().items()}
    assert may["edge.portal"] == may["hub"] == may["kiosk"] == may["edge"] == 0
    assert may["edge.gate"] == 1 << 12
    assert up.end() == 0, up.said()


@pytest.mark.parametrize(
    ("interface", "said"),
    [
        ("nosuch0", "There is no network interface 'nosuch0'. There are: "),
        (UPSTREAM, "own way to the network"),
    ],
)
def test_an_interface_that_cannot_be_for_guests_ends_it_with_a_sentence(
    network: GuestNetwork, tmp_path: Path, interface: str, said: str
) -> None:
    up = UpWithGuests(network, tmp_path)
    assert up.start(interface=interface).wait(30) == 1
    assert said in up.said()
    assert "Traceback" not in up.said()
    assert not (tmp_path / "shop").exists()


def test_a_name_server_that_is_there_already_is_told(network: GuestNetwork, tmp_path: Path) -> None:
    other = [
        "dnsmasq",
        "--no-daemon",
        "--conf-file=/dev/null",
        "--no-resolv",
        "--user=root",
        "--pid-file=",
    ]
    network.gateway.popen(other, "other.log")
    port = "awk '$2 ~ /:0035$/' /proc/self/net/udp"
    wait_for(lambda: bool(network.gateway.run(["sh", "-c", port]).stdout), 10.0)
    up = UpWithGuests(network, tmp_path)
    assert up.start().wait(30) == 1
    assert "Port 53 (UDP), which the access point needs, is in use" in up.said()


def others_can_run(program: str) -> bool:
    """Whether a user who is not root could run our programs with this Python."""
    try:
        tried = subprocess.run(
            [program, "-c", "import msgspec, hub.up.plan"],
            env={**os.environ, "PYTHONPATH": PACKAGES, "PYTHONDONTWRITEBYTECODE": "1"},
            user=STRANGER,
            group=STRANGER,
            extra_groups=[],
            capture_output=True,
            check=False,
        )
    except OSError:
        return False
    return tried.returncode == 0


def test_under_sudo_the_shop_is_the_callers_and_only_the_network_is_roots(
    network: GuestNetwork, tmp_path_factory: pytest.TempPathFactory
) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root: it is about what root gives away")
    if not others_can_run(sys.executable):
        pytest.skip(
            f"{sys.executable} is in a folder of root's alone; run the tests with a Python for everybody"
        )
    folder = tmp_path_factory.mktemp("sudo")
    for each in (folder, *folder.parents[:-1]):
        if each.stat().st_uid == os.geteuid() and each != Path("/tmp"):
            each.chmod(0o755)
    os.chown(folder, STRANGER, STRANGER)
    up = UpWithGuests(network, folder, SUDO_UID=str(STRANGER), SUDO_GID=str(STRANGER))
    up.begin()
    users = {name: status_of(pid)["Uid"][0] for name, pid in up.programs().items()}
    assert users.pop("hub.up.cli") == users.pop("edge.gate") == users.pop("hardware") == "0"
    assert set(users.values()) == {str(STRANGER)}
    phone = network.phones[0]
    phone.lease()
    assert enter(phone).status == 303
    wait_for(lambda: is_out(phone), 10.0)
    assert up.end() == 0, up.said()
    assert {path.stat().st_uid for path in folder.rglob("*")} == {STRANGER}

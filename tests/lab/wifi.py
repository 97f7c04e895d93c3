"""The guests' Wi-Fi in the air: what we write in a real hostapd and dnsmasq on virtual radios, real wpa_supplicants as phones.

Radios of mac80211_hwsim, in the guest. Two access points: one open with encryption beside it (OWE), on a bridge; one with WPA2.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path

from tests.lab.kernel import LabError, bring_kernel, bring_packages
from tests.lab.machine import ROOT, Machine, Started, in_guest
from tests.lab.verdict import Row

UP_WITHIN_S = 300.0
"""Fifteen seconds on a quiet machine; what is asked is whether, not when."""

PHONE_WITHIN_S = 240.0
NAME = 'Caf\u00e9 "#1" \u2615'
"""Quotes, a number sign, two octets, three octets: all that a careless writer of a file stumbles over, but a new line."""

SECRET = ' the "secret" of #1 '
PORTAL = "http://portal.internal/"
API = "https://portal.internal:8443/captive-portal/api"
SOCKET = "/run/gate.sock"
DOOR = "/run/door"
"""In the guest's own memory: SQLite does not like the shared folder."""

LOW_6, LOW_11 = 2437, 2462
"""MHz of channels 6 and 11."""


@dataclass(frozen=True, slots=True)
class AccessPoint:
    """One access point of ours: the flags of `python -m hardware wifi run`."""

    name: str
    flags: tuple[str, ...]

    @property
    def folder(self) -> str:
        """Where its files are, in the guest."""
        return f"/run/wifi-{self.name}"


GUESTS = AccessPoint(
    "guests",
    (
        *("--interface", "guests", "--radio", "wlan0", "--security", "owe", "--ssid", NAME, "--channel", "6"),
        *("--api-url", API, "--upstream", "lo", "--upstream-dns", "192.168.7.1"),
    ),
)
LOCKED = AccessPoint(
    "locked",
    (
        *(
            "--interface",
            "wlan1",
            "--security",
            "wpa2",
            "--passphrase-file",
            "/run/secret",
            "--channel",
            "11",
        ),
        *("--address", "10.78.0.1/24"),
    ),
)


@dataclass(frozen=True, slots=True)
class Phone:
    """A phone: its radio, what it knows of the network, and what it should find."""

    name: str
    radio: str
    frequency: int
    network: str
    key: str
    gateway: str
    api: str = API


_GUESTS = f"ssid={NAME.encode().hex()}"
ANNA = Phone("anna", "wlan2", LOW_6, f"{_GUESTS}\nkey_mgmt=NONE", "NONE", "10.77.0.1")
BEN = Phone("ben", "wlan3", LOW_6, f"{_GUESTS}\nkey_mgmt=NONE", "NONE", "10.77.0.1")
CAI = Phone("cai", "wlan4", LOW_6, f"{_GUESTS}\nkey_mgmt=OWE\nieee80211w=2", "OWE", "10.77.0.1")
DORA = Phone(
    "dora", "wlan5", LOW_11, f'ssid="Shop"\nkey_mgmt=WPA-PSK\npsk="{SECRET}"', "WPA2-PSK", "10.78.0.1", ""
)


async def wifi() -> list[Row]:
    """Open, OWE and WPA2: associated, leased, caught, apart from each other."""
    bring_packages()
    kernel = bring_kernel()
    folder = Path(tempfile.mkdtemp(prefix="lab-wifi-"))
    passed = False
    try:
        # A phone waits half a second for an answer, and so does an access point: a busy machine must not make them late.
        async with Machine(kernel, folder, 0, steady=True) as machine:
            rows = await _all(machine)
        passed = all(row.passed for row in rows)
    finally:
        if passed:
            shutil.rmtree(folder, ignore_errors=True)
        else:
            print(f"lab: the logs of wifi are in {folder}", file=sys.stderr)
    return rows


async def _all(machine: Machine) -> list[Row]:
    secret = shlex.quote(SECRET)
    done = await machine.run(f"modprobe mac80211_hwsim radios=6 && printf '%s\\n' {secret} > /run/secret")
    if done.status:
        raise LabError(f"The guest's kernel has no virtual radios: {done.said[-200:]}")
    running = [_start(machine, point) for point in (GUESTS, LOCKED)]
    # On this machine, while the guest's slow CPU starts the access points.
    await asyncio.to_thread(_make_door, machine.folder)
    rows = [await _is_up(machine, *one) for one in zip((GUESTS, LOCKED), running, strict=True)]
    _open_portal(machine)
    for phone in (CAI, ANNA, BEN, DORA):
        rows += _joined(phone, await _associate(machine, phone))
    await _portal_answers(machine)
    rows += await _caught(machine)
    return [*rows, *[await _apart(machine, one, ANNA) for one in (BEN, CAI)]]


def _start(machine: Machine, point: AccessPoint) -> Started:
    return machine.start(in_guest("-m", "hardware", "wifi", "run", *point.flags, "--dir", point.folder))


def _make_door(folder: Path) -> None:
    """An enrolled door with its first offers, as the tests of the guest network have it; LabError where that fails."""
    making = (
        "import sys; from pathlib import Path; from guest_shop import make_door; make_door(Path(sys.argv[1]))"
    )
    place = folder / "shop"
    place.mkdir()
    env = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"}
    done = subprocess.run(
        [sys.executable, "-c", making, str(place)],
        env=env,
        capture_output=True,
        text=True,
        timeout=UP_WITHIN_S,
    )
    if done.returncode:
        raise LabError(f"There is no door for the guest: {done.stderr[-300:]}")


def _open_portal(machine: Machine) -> None:
    """The gate and the portal, as on a door that has joined a shop; they come up while phones associate."""
    gate = ("--interface", "guests", "--upstream", "off", "--socket", SOCKET, "--users", "root")
    portal = ("--dir", DOOR, "--host", "0.0.0.0", "--gate", SOCKET, "--ssid", "Shop")
    machine.start(in_guest("-m", "edge.gate", "serve", *gate))
    machine.start(f"cp -r /mnt/out/shop/edge {DOOR} && {in_guest('-m', 'edge.portal', 'serve', *portal)}")


async def _is_up(machine: Machine, point: AccessPoint, started: Started) -> Row:
    """Whether it says itself that it is up: hostapd beacons, both DNS servers answer."""
    until = time.monotonic() + UP_WITHIN_S
    status: dict[str, object] = {}
    while time.monotonic() < until and status.get("state") != "up" and not started.ended.done():
        done = await machine.run(f"cat {point.folder}/status.json 2> /dev/null || true")
        status = json.loads(done.said or "{}")
        await asyncio.sleep(0.3)
    got = str(status.get("state", "nothing"))
    if got != "up":
        got += f": {machine.said(started)[-300:]}"
    return Row("wifi", f"python -m hardware wifi run: {point.name}", "up", got, got == "up")


async def _associate(machine: Machine, phone: Phone) -> dict[str, str]:
    """What the phone found; an association that does not come is an empty answer."""
    script = shlex.quote(str(ROOT / "tests" / "lab" / "station.sh"))
    network = " ".join(shlex.quote(line) for line in phone.network.splitlines())
    started = machine.start(
        f"printf '%s\\n' {network} | bash {script} {phone.name} {phone.radio} {phone.frequency}"
    )
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(PHONE_WITHIN_S):
            await started.ended
    await machine.end(started)
    return _pairs(machine.said(started))


def _joined(phone: Phone, found: dict[str, str]) -> list[Row]:
    key = found.get("key_mgmt", "none")
    state = found.get("wpa_state", "nothing")
    rows = [
        Row(
            "wifi",
            f"{phone.name} associates ({phone.key})",
            f"COMPLETED with {phone.key}",
            f"{state} with {key}, {found.get('attempts')} tried",
            (state, key) == ("COMPLETED", phone.key),
        )
    ]
    base = IPv4Address(phone.gateway)
    api = bytes.fromhex(found.get("option114", "")).decode("ascii", "replace")
    given = IPv4Address(found["ip"]) if found.get("ip") else None
    told = (found.get("router"), found.get("dns"), found.get("lease"), api)
    good = given is not None and base + 9 <= given <= base + 253
    rows.append(
        Row(
            "wifi",
            f"{phone.name} gets a lease of our dnsmasq",
            f"{base + 9} to {base + 253}, router and DNS {base}, 1800 s, option 114 {phone.api or 'absent'}",
            f"{given}, {told[0]}, {told[1]}, {told[2]} s, {api or 'absent'}",
            good and told == (phone.gateway, phone.gateway, "1800", phone.api),
        )
    )
    return rows


async def _portal_answers(machine: Machine) -> None:
    done = await machine.run(
        f"for i in $(seq {int(UP_WITHIN_S)}); do curl -s -m 20 -o /dev/null http://10.77.0.1:8082/ && exit 0; sleep 1; done; "
        "exit 1",
        2 * UP_WITHIN_S,
    )
    if done.status:
        raise LabError("The portal in the guest does not answer.")


async def _caught(machine: Machine) -> list[Row]:
    """A held phone: a foreign name leads nowhere, a page of it to the portal, which shows itself."""
    inside = f"ip netns exec {ANNA.name}"
    named = await machine.run(f"{inside} busybox nslookup -type=a example.com | grep -o '198.18.0.1$'")
    probe = await machine.run(f"{inside} curl -s -m 30 -D - -o /dev/null http://example.com/generate_204")
    page = await machine.run(f"{inside} curl -s -m 60 -L -w '\\n%{{url_effective}}' http://example.com/")
    closed = await machine.run(f"{inside} curl -s -m 5 http://10.77.0.1:22/ || echo closed")
    first, *_ = probe.said.splitlines() or [""]
    to = re.search(r"(?i)^location: *(\S+)", probe.said, re.MULTILINE)
    form, last = "<form" in page.said, page.said.rstrip().rpartition("\n")[2]
    return [
        Row(
            "wifi",
            "anna asks for example.com",
            "198.18.0.1",
            named.said.strip(),
            named.said.strip() == "198.18.0.1",
        ),
        Row(
            "wifi",
            "anna's probe http://example.com/generate_204",
            f"302 to {PORTAL}",
            f"{first} to {to[1] if to else 'nowhere'}",
            " 302 " in first and to is not None and to[1] == PORTAL,
        ),
        Row(
            "wifi", "anna's page", f"{PORTAL}, with a form", f"{last}, form: {form}", form and last == PORTAL
        ),
        Row("wifi", "another port of ours", "closed", closed.said.strip(), closed.said.strip() == "closed"),
    ]


async def _apart(machine: Machine, one: Phone, other: Phone) -> Row:
    script = shlex.quote(str(ROOT / "tests" / "lab" / "apart.sh"))
    done = await machine.run(f"bash {script} {one.name} {one.radio} {other.name} {other.radio} {one.gateway}")
    found = _pairs(done.said)
    nothing = {"frames": "0", "packets": "0"}
    for way in ("straight", "routed"):
        nothing |= {f"{way}_pinged": "2", f"{way}_answered": "0", f"{way}_connected": "no"}
    heard = int(found.get("control", "0"))
    return Row(
        "wifi",
        f"{one.name} ({one.key}) tries to reach {other.name} ({other.key})",
        "0 frames by ping, TCP, ARP, straight or by way of the gateway, whose own are heard",
        f"{found.get('frames')} frames, {found.get('packets')} packets; {heard} packets of the gateway",
        nothing.items() <= found.items() and heard > 0,
    )


def _pairs(text: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)

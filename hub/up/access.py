"""Whether this machine can be an access point on an interface, and if not, what a person has to do first.

Asked before anything is started. Looks only; the programs that change something look again for themselves.
"""

from __future__ import annotations

import os
import re
import socket
import struct
import subprocess
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path

from hub.up.packages import find_program
from hub.up.sentences import UpError

CAPABILITIES = {"CAP_NET_BIND_SERVICE": 10, "CAP_NET_ADMIN": 12, "CAP_NET_RAW": 13}
"""Their bits (capabilities(7)): names and addresses on ports below 1024, rules and addresses, the radio."""
PROGRAMS = {"ip": "iproute2", "nft": "nftables", "dnsmasq": "dnsmasq-base"}
RADIO_PROGRAMS = {"hostapd": "hostapd", "iw": "iw"}
PORTS = {"udp": (53, 1053), "tcp": (53, 1053)}
"""Where names are answered: for phones that are held, and for those that are in."""
UNMANAGED = "10"
ASK_WITHIN_S = 5.0
NO_UPSTREAM = "none"


def insist_on_access(interface: str, address: str, tls_port: int) -> None:
    """UpError with the first thing that stands in the way of an access point on this interface."""
    insist_on_rights(os.geteuid(), _effective())
    insist_on_interface(interface, [name for _, name in socket.if_nameindex()], default_routes())
    missing = missing_packages(is_radio=is_radio(interface))
    if missing:
        raise UpError(
            f"The access point needs programs that are not installed. Install them: sudo apt install {' '.join(missing)}"
        )
    _insist_on_free_hands(interface)
    _insist_on_ports(address, tls_port)


def insist_on_rights(uid: int, capabilities: int) -> None:
    """Root, or somebody with the three capabilities that it takes, handed on to children."""
    if uid == 0:
        return
    lacking = [name for name, bit in CAPABILITIES.items() if not capabilities >> bit & 1]
    if lacking:
        raise UpError(
            "An access point takes root: it gives addresses and sets rules of the firewall. Run sudo ./shopbell up --wifi ...; "
            "everything that speaks with phones runs as you all the same."
        )


def insist_on_interface(interface: str, there: Sequence[str], ways_out: Sequence[str]) -> None:
    """It is there, and not the one over which this machine itself is reached."""
    if interface not in there:
        others = ", ".join(name for name in there if name != "lo") or "none"
        raise UpError(
            f"There is no network interface {interface!r}. There are: {others}. Give --wifi one of them."
        )
    if interface in ways_out:
        raise UpError(
            f"{interface} carries this machine's own way to the network, which an access point on it would cut. Connect the "
            f"machine by another interface, such as a cable, or give --wifi another one."
        )


def missing_packages(*, is_radio: bool, find: Callable[[str], str | None] = find_program) -> list[str]:
    """Debian's packages that an access point needs and that are not here."""
    needed = {**PROGRAMS, **(RADIO_PROGRAMS if is_radio else {})}
    return [package for program, package in needed.items() if find(program) is None]


def is_radio(interface: str) -> bool:
    """Whether it is a Wi-Fi radio; a wired port or a bridge leads to an external access point."""
    return Path("/sys/class/net", interface, "phy80211").exists()


def choose_upstream(wanted: str | None, guests: str) -> str:
    """The interface to the internet: the one that was named, else the one with the default route; "" for none."""
    if wanted == NO_UPSTREAM:
        return ""
    if wanted is None:
        return next((name for name in default_routes() if name != guests), "")
    there = [name for _, name in socket.if_nameindex()]
    if wanted not in there:
        raise UpError(
            f"There is no network interface {wanted!r}. Give --upstream one of {', '.join(there)}, or {NO_UPSTREAM}."
        )
    if wanted == guests:
        raise UpError(f"{wanted} cannot be both: --wifi is for guests, --upstream is the way out.")
    return wanted


def read_address(text: str) -> str:
    """Our address on the guests' network with its size; UpError where it is none."""
    try:
        given = IPv4Interface(text)
    except ValueError:
        given = None
    if given is None or "/" not in text or not given.is_private or given.ip == given.network.network_address:
        raise UpError(
            f"--guests takes our own private address with the size of the network, such as 10.77.0.1/24; {text!r} is none."
        )
    return str(given)


def default_routes(table: str | None = None) -> list[str]:
    """Interfaces with a default route, the preferred one first (proc_net_route)."""
    if table is None:
        try:
            table = Path("/proc/self/net/route").read_text()
        except OSError:
            return []
    found = []
    for line in table.splitlines()[1:]:
        name, destination, _, _, _, _, metric, mask = line.split()[:8]
        if destination == mask == "00000000":
            found.append((int(metric), name))
    return [name for _, name in sorted(found)]


def taken(table: str, port: int, address: str) -> bool:
    """Whether somebody listens on this port, everywhere or at this address, by a table such as /proc/net/udp."""
    ours = {"00000000", f"{struct.unpack('<I', IPv4Address(address).packed)[0]:08X}"}
    for line in table.splitlines()[1:]:
        local, _, hexadecimal = line.split()[1].partition(":")
        if local in ours and int(hexadecimal, 16) == port and _listens(line.split()[3]):
            return True
    return False


def _listens(state: str) -> bool:
    """A TCP socket that waits for connections (0A), or a UDP one that is not connected (07)."""
    return state in ("0A", "07")


def _insist_on_ports(address: str, tls_port: int) -> None:
    here = str(IPv4Interface(address).ip)
    for kind, ports in PORTS.items():
        try:
            table = Path("/proc/self/net", kind).read_text()
        except OSError:
            continue
        for port in (*ports, *((tls_port,) if kind == "tcp" else ())):
            if taken(table, port, here):
                raise UpError(
                    f"Port {port} ({kind.upper()}), which the access point needs, is in use by a server of this machine. "
                    f"See which: sudo ss -lpn 'sport = :{port}'. Stop it, or keep it off {here}."
                )


def _insist_on_free_hands(interface: str) -> None:
    """NetworkManager takes back what it manages: it has to be told to let go."""
    state = _network_manager_says(interface)
    if state is not None and state != UNMANAGED:
        raise UpError(
            f"NetworkManager holds {interface}. Take it out of its hands until the next start of the machine: "
            f"sudo nmcli device set {interface} managed no. For good: ./shopbell install --door --wifi {interface}."
        )


def _network_manager_says(interface: str) -> str | None:
    """The number of the device's state; None where there is no NetworkManager, or it does not know the device."""
    program = find_program("nmcli")
    if program is None:
        return None
    try:
        done = subprocess.run(
            [program, "-t", "-f", "GENERAL.STATE", "device", "show", interface],
            capture_output=True,
            text=True,
            timeout=ASK_WITHIN_S,
            check=False,
            env={**os.environ, "LC_ALL": "C"},
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r"STATE:(\d+)", done.stdout)
    return found[1] if done.returncode == 0 and found else None


def _effective() -> int:
    """What this process may and hands on: its ambient capabilities."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return 0
    found = re.search(r"^CapAmb:\s*([0-9a-f]+)$", status, re.MULTILINE)
    return int(found[1], 16) if found else 0

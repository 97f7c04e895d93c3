"""The way out: which interface it is, whether it carries, and which networks are the shop's own and closed to guests."""

from __future__ import annotations

import array
import contextlib
import fcntl
import socket
import struct
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

from edge.gate.config import good_interface

ROUTES = Path("/proc/self/net/route")
SWITCHES = Path("/proc/sys/net/ipv4/conf")
PORTS = Path("/sys/class/net")

_SIOCGIFFLAGS, _SIOCETHTOOL, _ETHTOOL_GDRVINFO = 0x8913, 0x8946, 0x3
_IFF_UP, _IFF_RUNNING = 0x1, 0x40
_RTF_UP, _RTF_GATEWAY, _RTF_REJECT = 0x1, 0x2, 0x200


@dataclass(frozen=True, slots=True)
class Route:
    """A row of the kernel's table; `gateway` None: directly connected."""

    interface: str
    network: IPv4Network
    gateway: IPv4Address | None
    metric: int


@dataclass(frozen=True, slots=True)
class Uplink:
    """`interface` None: there is no way out now. `networks` have a route of their own, so they are not the internet."""

    interface: str | None
    networks: tuple[IPv4Network, ...]


def read_routes(text: str) -> list[Route]:
    """The rows of /proc/net/route that are in force (proc(5)): hexadecimal, in the order of this machine's octets."""
    found = []
    for line in text.splitlines()[1:]:
        parts = line.split()
        if len(parts) < 8:
            continue
        flags = int(parts[3], 16)
        if not flags & _RTF_UP or flags & _RTF_REJECT:
            continue
        network = IPv4Network((_address(parts[1]), str(_address(parts[7]))), strict=False)
        gateway = _address(parts[2]) if flags & _RTF_GATEWAY else None
        found.append(Route(parts[0], network, gateway, int(parts[6])))
    return found


def _address(text: str) -> IPv4Address:
    return IPv4Address(int(text, 16).to_bytes(4, sys.byteorder))


def choose(routes: Iterable[Route], guests: str, wanted: str, carries: Callable[[str], bool]) -> Uplink:
    """The way out among the routes: the wanted interface, or where none is wanted the default route that is best and carries."""
    routes = list(routes)
    defaults = sorted(
        (route.metric, route.interface)
        for route in routes
        if route.network.prefixlen == 0 and route.interface != guests and good_interface(route.interface)
    )
    interface = next(
        (name for _, name in defaults if (not wanted or name == wanted) and carries(name)),
        None,
    )
    networks = {
        route.network for route in routes if route.network.prefixlen > 1 and route.interface != guests
    }
    networks |= {IPv4Network(route.gateway) for route in routes if route.gateway is not None}
    return Uplink(interface, tuple(sorted(networks)))


class Interfaces:
    """What the kernel says of network interfaces, asked in this process's own network namespace."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)

    def close(self) -> None:
        """Let the socket go."""
        self._socket.close()

    def carries(self, name: str) -> bool:
        """Up, and with a cable or an access point at its other end."""
        try:
            answer = fcntl.ioctl(self._socket, _SIOCGIFFLAGS, struct.pack("16sH22x", name.encode(), 0))
        except OSError:
            return False
        flags = int.from_bytes(answer[16:18], sys.byteorder)
        return flags & (_IFF_UP | _IFF_RUNNING) == _IFF_UP | _IFF_RUNNING

    def number(self, name: str) -> int:
        """The kernel's number of it, 0 where there is none; another number is another interface of the same name."""
        try:
            return socket.if_nametoindex(name)
        except OSError:
            return 0

    def is_bridge(self, name: str) -> bool:
        """Whether it is a bridge, by the name of its driver."""
        info = array.array("B", struct.pack("I", _ETHTOOL_GDRVINFO) + bytes(192))
        request = struct.pack("16sP16x", name.encode(), info.buffer_info()[0])
        try:
            fcntl.ioctl(self._socket, _SIOCETHTOOL, request)
        except OSError:
            return False
        return bytes(info[4:36]).split(b"\0")[0] == b"bridge"

    def look(self, guests: str, wanted: str) -> Uplink:
        """The way out now."""
        try:
            routes = read_routes(ROUTES.read_text())
        except OSError:
            routes = []
        return choose(routes, guests, wanted, self.carries)


def other_ports(guests: str) -> tuple[str, ...]:
    """The ports of all bridges but the guests'; without those whose names no rule may hold."""
    found = []
    with contextlib.suppress(OSError):
        for port in PORTS.iterdir():
            with contextlib.suppress(OSError):
                if (port / "brport").exists() and (port / "master").readlink().name != guests:
                    found.append(port.name)
    return tuple(sorted(filter(good_interface, found)))


def forwards(interface: str) -> bool:
    """Whether the kernel forwards what comes in by this one."""
    try:
        return (SWITCHES / interface / "forwarding").read_text().strip() == "1"
    except OSError:
        return False


def forward(*interfaces: str) -> bool:
    """Let the kernel forward what comes in by these, and by no others; False where it does not, and we may not change it."""
    for interface in interfaces:
        if not forwards(interface):
            try:
                (SWITCHES / interface / "forwarding").write_text("1\n")
            except OSError:
                return False
    return True

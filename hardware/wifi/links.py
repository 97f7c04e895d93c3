"""Network interfaces of this machine: what they are, and our address on one of them; through `ip` of iproute2.

A shell around two programs. Everything that it changes is told to whoever called, so that it can be undone.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Interface
from pathlib import Path
from typing import Any, Literal

import msgspec

from hardware.device import DeviceError, Reason
from hardware.wifi.programs import is_there, ran

_DENIED = ("Operation not permitted", "Permission denied")


@dataclass(frozen=True, slots=True)
class Link:
    """An interface as it is now. `master`: the bridge that it is a port of."""

    name: str
    kind: Literal["radio", "bridge", "wired"]
    up: bool
    carrier: bool
    addresses: tuple[IPv4Interface, ...]
    master: str | None = None


def look(name: str) -> Link | None:
    """The interface of this name; None where there is none."""
    if not any(link["ifname"] == name for link in _told("link", "show")):
        return None
    told = _told("-d", "address", "show", "dev", name)[0]
    bridge = told.get("linkinfo", {}).get("info_kind") == "bridge"
    flags = told.get("flags", ())
    return Link(
        name,
        "bridge" if bridge else "radio" if is_radio(name) else "wired",
        "UP" in flags,
        "LOWER_UP" in flags,
        _addresses(told),
        told.get("master"),
    )


def addresses(name: str) -> tuple[IPv4Interface, ...]:
    """The IPv4 addresses of an interface; none where there is no such interface."""
    return tuple(
        address for told in _told("address", "show") if told["ifname"] == name for address in _addresses(told)
    )


def is_radio(name: str) -> bool:
    """Whether this interface is a Wi-Fi radio. In a namespace /sys may be another's, so `iw` is asked first where it is there."""
    if is_there("iw") and ran("iw", "dev", name, "info")[0] == 0:
        return True
    return Path("/sys/class/net", name, "phy80211").exists()


def leads_away(name: str) -> bool:
    """Whether this machine's own way to the internet goes through this interface."""
    return any(route.get("dev") == name for route in _told("route", "show", "default"))


def ports(bridge: str) -> dict[str, bool]:
    """The ports of a bridge, and whether each is isolated: nothing passes from one such port to another."""
    return {
        link["ifname"]: bool(link.get("linkinfo", {}).get("info_slave_data", {}).get("isolated"))
        for link in _told("-d", "link", "show", "master", bridge)
    }


def isolate(port: str, *, on: bool) -> None:
    """Keep a port of a bridge apart from its other isolated ports, or let it be as usual."""
    change("link", "set", "dev", port, "type", "bridge_slave", "isolated", "on" if on else "off")


def make_bridge(name: str) -> None:
    """A bridge that does not wait before a new port may speak."""
    change("link", "add", "name", name, "type", "bridge", "stp_state", "0", "forward_delay", "0")


def change(*words: str) -> None:
    """One command of `ip`; DeviceError with what it said."""
    _ip(*words)


def _addresses(told: dict[str, Any]) -> tuple[IPv4Interface, ...]:
    return tuple(
        IPv4Interface(f"{one['local']}/{one['prefixlen']}")
        for one in told.get("addr_info", ())
        if one.get("family") == "inet"
    )


def _told(*words: str) -> list[dict[str, Any]]:
    said = _ip("-j", "-4", *words) if "address" not in words else _ip("-j", *words)
    told: list[dict[str, Any]] = msgspec.json.decode(said or b"[]")
    # `ip -j` leaves an empty object where it has left something out.
    return [one for one in told if one]


def _ip(*words: str) -> bytes:
    status, printed, said = ran("ip", *words)
    if status and any(word in said for word in _DENIED):
        raise DeviceError(
            Reason.NO_PERMISSION,
            f"`ip {' '.join(words)}` was not allowed. Run this as root, or give it CAP_NET_ADMIN.",
        )
    if status:
        raise DeviceError(Reason.BROKEN, f"`ip {' '.join(words)}` failed: {said}")
    return printed

"""Gathers how the guests' network is, for `hardware.wifi.health` to judge: status file, hostapd, both DNS servers, leases."""

from __future__ import annotations

import fcntl
from dataclasses import dataclass
from ipaddress import IPv4Interface
from pathlib import Path
from typing import Any

import msgspec

from hardware.wifi import links
from hardware.wifi.access_point import LOCK, STATUS
from hardware.wifi.asking import ask
from hardware.wifi.control import radio_state, stations_of
from hardware.wifi.health import Facts
from hardware.wifi.leases import held
from hardware.wifi.network import DNS_PORT, INTERNET_DNS_PORT, Network


@dataclass(frozen=True, slots=True)
class Hostapd:
    """A hostapd that somebody else runs with our file, such as systemd: the folder of that, and its radio."""

    folder: Path
    radio: str


def gather(folder: Path, now: float, *, shop_open: bool, other: Hostapd | None = None) -> Facts:
    """All facts of the access point that runs with this folder. `now` is seconds of UTC.

    `other` is asked where the access point runs no hostapd of its own.
    """
    status = read_status(folder)
    if status is None or not _runs(folder):
        return Facts(running=False)
    interface, radio, place = str(status["interface"]), status["radio"], folder
    if radio is None and other is not None:
        radio, place = other.radio, other.folder
    address = IPv4Interface(status["address"])
    link = links.look(interface)
    told = radio_state(place, radio) if radio else None
    internet = None
    if status["upstream"]:
        internet = ask(address.ip, INTERNET_DNS_PORT, status["name"]) == address.ip
    since = status["guests"]
    return Facts(
        running=True,
        status_age_s=max(0.0, now - status["at"]),
        went_back=status["sentence"],
        interface=interface,
        has_address=link is not None and address in link.addresses,
        # A bridge with a radio in it carries whenever the radio does; of a wired port this is the cable.
        carrier=radio is not None or link is None or link.carrier,
        radio=radio,
        hostapd=told,
        channel=status["channel"],
        stations=stations_of(told) if told else None,
        station_limit=status["stations"],
        guest_dns=ask(address.ip, DNS_PORT, status["name"]) == address.ip,
        internet_dns=internet,
        leases=held(folder, now),
        most_leases=Network(interface, address=address).most_guests(),
        deaths=tuple((one["name"], one["deaths"]) for one in status["daemons"]),
        shop_open=shop_open,
        nobody_for_s=_age(since["seen"], now),
        without_lease_s=_age(since["without_lease"], now),
    )


def read_status(folder: Path) -> dict[str, Any] | None:
    """What a running access point tells of itself; None where none runs, or a part of it is missing."""
    try:
        told: dict[str, Any] = msgspec.json.decode((folder / STATUS).read_bytes(), type=dict[str, Any])
    except (OSError, msgspec.MsgspecError):
        return None
    needed = ("interface", "radio", "address", "name", "at", "sentence", "channel", "stations", "upstream")
    return told if all(name in told for name in (*needed, "daemons", "guests")) else None


def _runs(folder: Path) -> bool:
    """Whether somebody holds the folder; the lock goes with its process, however that ends."""
    try:
        with (folder / LOCK).open("r") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _age(since: float | None, now: float) -> float | None:
    return None if since is None else max(0.0, now - since)

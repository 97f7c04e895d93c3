"""The gate's settings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from pathlib import Path
from typing import Literal

import msgspec

from hub.client.settings import Setting, SettingsError, read_settings, whole

Allow = Literal["web", "all"]
Offline = Literal["honest", "calm"]
NO_UPSTREAM = "off"
SMALLEST, LARGEST = 29, 16
"""Network sizes: fewer than 5 phones are no guest network, more than 65,000 no shop."""

_HELD_NETWORK = IPv4Network("198.18.0.0/15")
_INTERFACE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,14}")
_USER = re.compile(r"[a-z_][a-z0-9_-]{0,31}|[0-9]{1,10}")


def good_interface(name: str) -> bool:
    """Whether rules may name this interface. The kernel takes nearly any letter, quotation marks among them."""
    return _INTERFACE.fullmatch(name) is not None


def _interface(text: str) -> str:
    if not good_interface(text):
        raise ValueError("must be the name of a network interface, such as wlan0")
    return text


def _upstream(text: str) -> str:
    return _interface(text) if text else ""


def _address(text: str) -> IPv4Interface:
    try:
        address = IPv4Interface(text)
    except ValueError:
        raise ValueError(
            "must be our own address with the size of the network, such as 10.77.0.1/24"
        ) from None
    network = address.network
    if not LARGEST <= network.prefixlen <= SMALLEST:
        raise ValueError(f"must be a network from /{LARGEST} to /{SMALLEST}")
    if address.ip in (network.network_address, network.broadcast_address):
        raise ValueError("must be an address of one machine, not that of the whole network")
    if not address.is_private or address.ip in _HELD_NETWORK or address.is_loopback or address.is_link_local:
        raise ValueError("must be an address of a private network, such as 10.77.0.1/24")
    return address


def _allow(text: str) -> str:
    if text not in ("web", "all"):
        raise ValueError("must be web or all")
    return text


def _offline(text: str) -> str:
    if text not in ("honest", "calm"):
        raise ValueError("must be honest or calm")
    return text


def _users(text: str) -> tuple[str, ...]:
    users = tuple(part.strip() for part in text.split(",") if part.strip())
    if not all(_USER.fullmatch(user) for user in users):
        raise ValueError("must be names or numbers of users, with commas between")
    return users


def _path(text: str) -> Path:
    if not text or "\0" in text or len(text.encode()) > 100:
        raise ValueError("must be the path of a socket, of at most 100 letters")
    return Path(text)


def _file(text: str) -> Path | None:
    return Path(text) if text else None


_port = whole(1, 65_535)

SETTINGS = (
    Setting("GATE_SOCKET", _path, "/run/shopbell/gate.sock", "Socket at which the portal asks"),
    Setting("GATE_INTERFACE", _interface, "wlan0", "Interface of the guest network: a radio, a wired port or a bridge"),
    Setting(
        "GATE_UPSTREAM",
        _upstream,
        "",
        "Interface of the way out; empty: whichever has the default route; off: guests never get one",
    ),
    Setting("GATE_ADDRESS", _address, "10.77.0.1/24", "Our address on the guest network, with the network's size"),
    Setting("GATE_PORTAL_PORT", _port, "8082", "Port of the portal, to which port 80 is turned"),
    Setting("GATE_TLS_PORT", _port, "8443", "Port of the portal's TLS"),
    Setting("GATE_ALLOW", _allow, "web", "What a guest may use who is in: web (80 and 443) or all"),
    Setting(
        "GATE_OFFLINE",
        _offline,
        "honest",
        "Without a way out: honest (phones see that there is no internet) or calm (they do not)",
    ),
    Setting(
        "GATE_USERS",
        _users,
        "",
        "Who may ask, besides root and the helper's own user: names or numbers, with commas between",
    ),
    Setting(
        "GATE_FILE",
        _file,
        "",
        "File with settings that go before all others, one NAME=value a line; `reload` reads it again",
    ),
)  # fmt: skip


class Config(msgspec.Struct, frozen=True):
    """The settings in force."""

    socket: Path
    interface: str
    upstream: str
    address: IPv4Interface
    portal_port: int
    tls_port: int
    allow: Allow
    offline: Offline
    users: tuple[str, ...]
    file: Path | None

    @property
    def ip(self) -> IPv4Address:
        """Our own address."""
        return self.address.ip


def read_config(environ: Mapping[str, str], flags: Mapping[str, str | None] | None = None) -> Config:
    """The settings; SettingsError has every mistake, also those of the file."""
    config = Config(**read_settings(SETTINGS, environ, flags))
    if config.file is not None:
        told = _read_file(config.file)
        given = {field: text for field, text in (flags or {}).items() if "GATE_" + field.upper() not in told}
        config = Config(**read_settings(SETTINGS, {**environ, **told}, given))
    if config.interface == config.upstream:
        raise SettingsError(["GATE_UPSTREAM is the guests' own interface; it must be another."])
    if config.portal_port == config.tls_port:
        raise SettingsError(["GATE_TLS_PORT is the same as GATE_PORTAL_PORT; they must differ."])
    return config


def _read_file(path: Path) -> dict[str, str]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as wrong:
        raise SettingsError([f"GATE_FILE ({str(path)!r}) cannot be read: {wrong}."]) from wrong
    told: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        name, equals, value = line.strip().partition("=")
        if not name or name.startswith("#"):
            continue
        if not equals:
            raise SettingsError([f"GATE_FILE, line {number}: write NAME=value, such as GATE_OFFLINE=calm."])
        # The file may be that of all programs of the shop.
        if name.startswith("GATE_") and name != "GATE_FILE":
            told[name] = value.strip().strip('"')
    return told

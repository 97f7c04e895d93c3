"""The guest network as settings: who may be heard on the air, with which addresses, which way out.

Pure. `hardware.wifi.hostapd` and `hardware.wifi.dnsmasq` write it as configuration; every value is checked here, so that no
text of a person can break out of a file that we write.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from typing import Literal, get_args
from urllib.parse import urlsplit

Security = Literal["open", "owe", "wpa2", "wpa3"]

HELD_ADDRESS = IPv4Address("198.18.0.1")
"""What every foreign name means to a phone that is held: an address for benchmarks (RFC 2544), of nobody, and not our own.

So a request for a foreign name and one for the portal's can be told apart by address, also by the firewall.
"""

USUAL_ADDRESS = IPv4Interface("10.77.0.1/24")
DNS_PORT = 53
INTERNET_DNS_PORT = 1053
"""Where the second DNS server of the machine answers: the one that asks the internet, for phones that are in only."""

LONGEST_SSID = 32
"""Octets (IEEE 802.11, 9.4.2.2)."""

LONGEST_INTERFACE = 15
"""IFNAMSIZ of the kernel is 16, the last one is NUL."""

SHORTEST_LEASE_S = 120
"""dnsmasq makes anything shorter two minutes, and does not say so."""

LONGEST_LEASE_S = 7 * 86_400
WIDEST, NARROWEST = 16, 28
"""Sizes of the guest network: 65,534 addresses are more than any shop's, 14 are as many as a Pi's own radio carries."""

MOST_STATIONS = 2_007
"""Association ids of one access point (IEEE 802.11, 9.4.1.8)."""

MOST_SERVERS = 8
KEPT_FREE = 9
"""The first addresses of a network of 64 or more are left to access points and switches, which people give by hand."""

_INTERFACE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@-]*")
_COUNTRY = re.compile(r"[A-Z]{2}")
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_URL_PATH = re.compile(r"(/[A-Za-z0-9._~-]*)+")
_HEX_KEY = re.compile(r"[0-9A-Fa-f]{64}")

LOW_BAND = tuple(range(1, 14))
LOW_BAND_SHORT = tuple(range(1, 12))
HIGH_BAND = (36, 40, 44, 48)
HIGH_BAND_UPPER = (149, 153, 157, 161, 165)
ENDS_AT_11 = frozenset({"AS", "CA", "GU", "MP", "PR", "TW", "US", "VI"})
"""Where 12 and 13 are not for access points (wireless-regdb)."""

UPPER_ALLOWED = frozenset(
    {
        *("AR", "AS", "AU", "BR", "CA", "CL", "CN", "CO", "CR", "EC", "GU", "HK", "ID", "IN", "KR", "MO"),
        *("MX", "MY", "NZ", "PA", "PE", "PH", "PR", "PY", "SG", "TH", "TW", "US", "UY", "VI", "VN", "ZA"),
    }
)
"""Where 149 to 165 are for anybody at the power of an access point (wireless-regdb)."""

_PRIVATE = (IPv4Network("10.0.0.0/8"), IPv4Network("172.16.0.0/12"), IPv4Network("192.168.0.0/16"))
_USELESS_SERVERS = (IPv4Network("0.0.0.0/8"), IPv4Network("198.18.0.0/15"), IPv4Network("224.0.0.0/3"))


@dataclass(frozen=True, slots=True)
class Network:
    """One guest network. `interface` is the radio, a wired port with an external access point, or a bridge of both.

    `address` is our own with the size of the network: 10.77.0.1/24. `upstream` None: there is no way out. `api_url` is the
    RFC 8908 address for DHCP option 114 (RFC 8910), None where no certificate is configured. `radio` is what hostapd drives:
    the interface itself, or another that it puts into the bridge `interface`; None: there is no radio of ours.
    `station_limit` None: as many as hostapd takes.
    """

    interface: str
    ssid: str = "Shop"
    country: str = "DE"
    channel: int = 6
    security: Security = "open"
    passphrase: str | None = None
    address: IPv4Interface = USUAL_ADDRESS
    portal_name: str = "portal.internal"
    upstream: str | None = None
    upstream_dns: tuple[IPv4Address, ...] = ()
    lease_s: int = 1_800
    station_limit: int | None = None
    api_url: str | None = None
    radio: str | None = None

    @property
    def bridged(self) -> bool:
        """Whether the radio is a port of a bridge, and the guests' addresses belong to that."""
        return self.radio is not None and self.radio != self.interface

    def guest_range(self) -> tuple[IPv4Address, IPv4Address]:
        """The first and the last address that a phone may get: all on the longer side of our own."""
        network, ours = self.address.network, int(self.address.ip)
        first, last = int(network.network_address) + 1, int(network.broadcast_address) - 1
        if last - first >= 62 and ours < first + KEPT_FREE:
            return IPv4Address(first + KEPT_FREE), IPv4Address(last)
        if last - ours >= ours - first:
            return IPv4Address(ours + 1), IPv4Address(last)
        return IPv4Address(first), IPv4Address(ours - 1)

    def most_guests(self) -> int:
        """How many phones can have an address at the same time."""
        first, last = self.guest_range()
        return int(last) - int(first) + 1


def check(network: Network) -> list[str]:
    """What is wrong with it: a sentence for each mistake, with the setting and what to do. Empty: it can be written."""
    return [*_interfaces(network), *_air(network), *_key(network), *_addresses(network), *_names(network)]


def channels(country: str) -> tuple[int, ...]:
    """The channels that a shop may choose there: none that must wait for radar first, a Pi's radio cannot."""
    low = LOW_BAND_SHORT if country in ENDS_AT_11 else LOW_BAND
    return (*low, *HIGH_BAND, *(HIGH_BAND_UPPER if country in UPPER_ALLOWED else ()))


def is_interface(name: str) -> bool:
    """Whether this can be the name of an interface: the kernel's rules, and no sign that means something to a daemon."""
    return len(name) <= LONGEST_INTERFACE and _INTERFACE.fullmatch(name) is not None


def is_dns_name(name: str) -> bool:
    """Whether this is a name with at least two labels, in small letters, and no address (RFC 1123, 2.1)."""
    labels = name.split(".")
    return (
        len(name) <= 253
        and len(labels) >= 2
        and all(_LABEL.fullmatch(label) for label in labels)
        and not labels[-1].isdigit()
    )


def _interfaces(network: Network) -> Iterator[str]:
    named = (
        ("WIFI_INTERFACE", network.interface),
        ("WIFI_UPSTREAM", network.upstream),
        ("WIFI_RADIO", network.radio),
    )
    for setting, name in named:
        if name is not None and not is_interface(name):
            yield (
                f"{setting} ({name!r}) is no interface's name: up to {LONGEST_INTERFACE} letters, digits and signs of _.@-. "
                "See `ip link` for those that there are."
            )
    if network.upstream is not None and network.upstream in (network.interface, network.radio):
        yield (
            f"WIFI_UPSTREAM ({network.upstream}) is the guests' own interface. Name the one that leads to the internet, "
            "or leave it empty for a network without a way out."
        )


def _air(network: Network) -> Iterator[str]:
    try:
        octets = len(network.ssid.encode())
    except UnicodeEncodeError:
        octets = 0
    if not network.ssid.strip() or "\0" in network.ssid or not 1 <= octets <= LONGEST_SSID:
        yield (
            f"WIFI_SSID ({network.ssid!r}) cannot be a network's name: 1 to {LONGEST_SSID} octets of UTF-8, not blank, no NUL. "
            "A Chinese character is three octets, an emoji four: shorten it."
        )
    if _COUNTRY.fullmatch(network.country) is None:
        yield f"WIFI_COUNTRY ({network.country!r}) is no country: two capital letters as in ISO 3166, such as DE or CN."
    elif network.channel not in channels(network.country):
        yield (
            f"WIFI_CHANNEL ({network.channel}) cannot be used in {network.country}. Choose one of "
            f"{', '.join(map(str, channels(network.country)))}; with few neighbours 1, 6 or 11."
        )
    limit = network.station_limit
    if limit is not None and not 1 <= limit <= MOST_STATIONS:
        yield (
            f"WIFI_STATIONS ({limit}) is no number of phones: 1 to {MOST_STATIONS}, or empty for the tested one of the chip."
        )


def _key(network: Network) -> Iterator[str]:
    """The secret itself is in no sentence."""
    if network.security not in get_args(Security):
        yield f"WIFI_SECURITY ({network.security!r}) is none. Choose one of {', '.join(get_args(Security))}."
        return
    if network.security in ("open", "owe"):
        if network.passphrase is not None:
            yield (
                f"WIFI_PASSPHRASE_FILE is set, but WIFI_SECURITY is {network.security}, where nobody is asked for one. "
                "Choose wpa2 or wpa3, or leave the file out."
            )
        if network.security == "owe" and not network.bridged:
            yield (
                "WIFI_SECURITY (owe) has two networks on one radio, which meet in a bridge. Name the bridge in "
                "WIFI_INTERFACE (it is made where there is none) and the radio in WIFI_RADIO."
            )
        return
    if network.passphrase is None:
        yield f"WIFI_PASSPHRASE_FILE is missing: {network.security} needs a file with the passphrase in it."
        return
    printable = all(" " <= sign <= "~" for sign in network.passphrase)
    is_key = _HEX_KEY.fullmatch(network.passphrase) is not None
    if is_key and network.security == "wpa3":
        yield "WIFI_PASSPHRASE_FILE holds a key of 64 hex digits; wpa3 needs a passphrase of 8 to 63 letters."
    elif not is_key and not (printable and 8 <= len(network.passphrase) <= 63):
        yield (
            "WIFI_PASSPHRASE_FILE does not hold a passphrase: 8 to 63 letters, digits, spaces and signs of ASCII in one line, "
            "or with wpa2 a key of 64 hex digits."
        )


def _addresses(network: Network) -> Iterator[str]:
    size, ours = network.address.network, network.address.ip
    shown = f"WIFI_ADDRESS ({network.address})"
    if not WIDEST <= size.prefixlen <= NARROWEST:
        yield f"{shown} has a size that does not fit: /{WIDEST} to /{NARROWEST}, usually {USUAL_ADDRESS}."
    elif ours in (size.network_address, size.broadcast_address):
        yield f"{shown} is the network's own address. Take one inside, such as {size.network_address + 1}."
    elif not any(size.subnet_of(private) for private in _PRIVATE):
        yield f"{shown} is not private. Take one of 10/8, 172.16/12 or 192.168/16 (RFC 1918), usually {USUAL_ADDRESS}."
    if not SHORTEST_LEASE_S <= network.lease_s <= LONGEST_LEASE_S:
        yield f"WIFI_LEASE_S ({network.lease_s}) does not fit: {SHORTEST_LEASE_S} to {LONGEST_LEASE_S} seconds."
    if len(network.upstream_dns) > MOST_SERVERS:
        yield f"WIFI_UPSTREAM_DNS names {len(network.upstream_dns)} servers. {MOST_SERVERS} at most; two are usual."
    for server in network.upstream_dns:
        if server in size or any(server in useless for useless in _USELESS_SERVERS):
            yield (
                f"WIFI_UPSTREAM_DNS ({server}) can answer nobody: it is in the guest network or an address of nobody. "
                "Name the router's or the provider's, or leave it empty for those that this machine uses."
            )


def _names(network: Network) -> Iterator[str]:
    name = network.portal_name
    if not is_dns_name(name) or name.endswith(".local"):
        yield (
            f"WIFI_NAME ({name!r}) cannot be the portal's name: two or more labels of small letters, digits and dashes, "
            "not below .local, which phones ask each other for. Usually portal.internal."
        )
    if network.api_url is not None and not _is_api(network.api_url, name):
        yield (
            f"WIFI_API_URL ({network.api_url!r}) is no address that phones take: https://, the name of WIFI_NAME, a port, and a "
            "path of letters, digits and signs of ._~-, 250 signs at most (RFC 8910). Leave it empty without a certificate."
        )


def _is_api(url: str, name: str) -> bool:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    host = name if port is None else f"{name}:{port}"
    return (
        len(url) <= 250
        and is_dns_name(name)
        and port != 0
        and url == f"https://{host}{parts.path}"
        and _URL_PATH.fullmatch(parts.path) is not None
    )

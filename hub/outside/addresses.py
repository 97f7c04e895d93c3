"""Where a message of the hub may go: not to the shop's own machines, unless its owner said so.

Somebody who may set a web address could else let the hub ask what only the hub can reach: a router, a till, the machine that
hands out a cloud's passwords (OWASP, "Server Side Request Forgery Prevention"). A name is looked up when the connection is
made, and the very address that was checked is the one that is connected to, so that a name cannot change in between.

Pure.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

LONGEST_URL = 2_000
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Target:
    """An address of the web in its parts. `path` is what stands in the request line."""

    https: bool
    host: str
    port: int
    path: str

    @property
    def shown(self) -> str:
        """For logs and pages: no path, where others put secrets."""
        return f"{'https' if self.https else 'http'}://{self.host}:{self.port}"


def read_target(url: str) -> Target:
    """The parts of an address; ValueError with a sentence where it is none that we send to."""
    if (
        not url
        or len(url) > LONGEST_URL
        or not url.isascii()
        or any(ord(sign) <= 32 or sign == "\x7f" for sign in url)
    ):
        raise ValueError(
            f"An address has at most {LONGEST_URL} letters, digits and signs of ASCII, and no spaces."
        )
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not host or port == 0 or "\\" in url:
        raise ValueError("An address looks like https://example.org/shopbell.")
    if "@" in parts.netloc:
        raise ValueError(
            "An address has no name and no password in it: whoever gets it checks our signature."
        )
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme == "https", host, port or (443 if parts.scheme == "https" else 80), path)


def refusal(address: str, *, private: bool) -> str | None:
    """Why nothing is sent to this IP address, as a sentence; None where it may be. `private`: the owner lets the hub send to the
    shop's own network and to this machine."""
    try:
        found = _innermost(ipaddress.ip_address(address.partition("%")[0]))
    except ValueError:
        return f"{address} is no address of a machine."
    if (
        found.is_unspecified
        or found.is_multicast
        or found.is_link_local
        or (found.is_reserved and not found.is_loopback)
    ):
        return f"{address} is no address of a machine that can be a receiver."
    if not found.is_global and not private:
        return f"{address} is an address of the shop's own network. The owner can allow it for this receiver."
    return None


def is_public(address: str) -> bool:
    """Whether everybody between here and there could read what is sent."""
    return _innermost(ipaddress.ip_address(address.partition("%")[0])).is_global


def _innermost(address: Address) -> Address:
    """The IPv4 address that an IPv6 address stands for, where it does (RFC 4291, 2.5.5.2; RFC 3056; RFC 6052)."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address.sixtofour is not None:
            return address.sixtofour
        if address.teredo is not None:
            return address.teredo[1]
        if address in _NAT64:
            return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address

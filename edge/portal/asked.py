"""What a request asks: which machine, which page, by which program; read from the octets, or told by the server.

Pure. `edge.portal.front` reads, `edge.portal.probes` answers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as far as anybody looks at it before the pages do.

    `host` is what stands in Host, as it came; `version` is 1.0 or 1.1; `target` is path and query, still quoted. `last`: the
    connection is to end with the answer.
    """

    method: str
    host: str
    target: str
    version: str = "1.1"
    user_agent: str = ""
    accept_language: str = ""
    last: bool = True

    @property
    def path(self) -> str:
        """The path, still quoted."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        """What stands after the question mark."""
        return self.target.partition("?")[2]


# Every part takes up to the next mark and no other part can: there is one way to read a head, however long it is.
_HEAD = re.compile(
    rb"(GET|HEAD) (/[\x21-\x7e]*) HTTP/1\.([01])\r\n((?:[A-Za-z0-9-]+:[\t\x20-\x7e\x80-\xff]*\r\n)*)\r\n"
)
_ONCE = frozenset({b"host", b"user-agent", b"accept-language", b"connection"})
_MORE_TO_COME = frozenset({b"transfer-encoding", b"expect", b"upgrade"})


def read_head(octets: bytes) -> Asked | None:
    """A whole and simple request: GET or HEAD of a path, one Host, no body, nothing twice that we look at.

    None for everything else, also for what is no HTTP at all: whoever knows the whole of HTTP looks at that.
    """
    head = _HEAD.fullmatch(octets)
    if head is None:
        return None
    told: dict[bytes, bytes] = {}
    for line in head[4].split(b"\r\n")[:-1]:
        name, _, value = line.partition(b":")
        name = name.lower()
        if name in _MORE_TO_COME or (name == b"content-length" and value.strip() != b"0"):
            return None
        if name in _ONCE:
            if name in told:
                return None
            told[name] = value.strip()
    if b"host" not in told:
        return None
    return Asked(
        head[1].decode(),
        told[b"host"].decode("latin-1"),
        head[2].decode(),
        "1." + head[3].decode(),
        told.get(b"user-agent", b"").decode("latin-1"),
        told.get(b"accept-language", b"").decode("latin-1"),
        head[3] == b"0" or b"close" in told.get(b"connection", b"").lower(),
    )


_NAME = re.compile(r"([A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*)\.?(?::[0-9]{0,5})?")
_IPV6 = re.compile(r"\[([0-9A-Fa-f:.]{2,45})\](?::[0-9]{0,5})?")
LONGEST_NAME = 253
"""A name in the DNS (RFC 1035, 2.3.4)."""


def host_name(host: str) -> str | None:
    """The machine that a Host names (RFC 9110, 7.2), small letters, without its port; None where it names none."""
    if len(host) > LONGEST_NAME + 7:
        return None
    found = _NAME.fullmatch(host) or _IPV6.fullmatch(host)
    return found[1].lower() if found else None


def address(name: str) -> IPv4Address | IPv6Address | None:
    """The address that a machine is called by; None where it is called by a name."""
    try:
        return ip_address(name)
    except ValueError:
        return None


def absolute(target: str) -> tuple[str, str] | None:
    """Host and the rest of an address in absolute form (RFC 9112, 3.2.2), for which Host does not count; None for others."""
    found = re.match(r"(?i:https?)://([^/?#]*)(.*)", target, re.DOTALL)
    if found is None:
        return None
    rest = found[2].partition("#")[0]
    return found[1], rest if rest.startswith("/") else "/" + rest

"""The Captive Portal API (RFC 8908): how a phone that knows it asks how it stands, over TLS only.

Pure. The DHCP server tells phones the address of the API (option 114, RFC 8910); `edge.portal.app` answers there.
"""

from __future__ import annotations

import json
from typing import Any

from edge.portal.guests import Standing, State

PATH = "/captive-portal/api"
MEDIA_TYPE = "application/captive+json"
CACHING = "private, no-store"
"""Private as RFC 8908, 4.1 wants it; and nothing kept, or a phone would look at an end that has moved since."""

LONGEST_NAME = 200
"""DHCP option 114 has one octet for its length (RFC 8910, 2.1), and the address has some thirty signs beside the name."""


def portal_url(name: str, tls_port: int) -> str:
    """The portal's first page over TLS: phones refuse any other from the API."""
    return f"https://{name}/" if tls_port == 443 else f"https://{name}:{tls_port}/"


def api_url(name: str, tls_port: int) -> str:
    """What DHCP option 114 says."""
    return portal_url(name, tls_port).removesuffix("/") + PATH


def state_of(standing: Standing, now: float, portal: str, venue: str = "") -> dict[str, Any]:
    """The answer for one phone (RFC 8908, 5). `portal` and `venue` are addresses that begin with https:, `venue` may be empty.

    A phone that is in is not captive, also where the shop has no way out: a log-in would not help it.
    """
    captive = standing.state is not State.IN
    told: dict[str, Any] = {"captive": captive, "user-portal-url": portal}
    if venue.startswith("https://"):
        told["venue-info-url"] = venue
    if not captive:
        told["seconds-remaining"] = max(0, int(standing.until - now))
        if standing.octets_left is not None:
            told["bytes-remaining"] = max(0, standing.octets_left)
        told["can-extend-session"] = standing.can_extend
    return told


def body_of(standing: Standing, now: float, portal: str, venue: str = "") -> bytes:
    """The same as it goes over the line."""
    return json.dumps(state_of(standing, now, portal, venue)).encode()

"""What an offer says on Bluetooth, as a manager chooses it: which signs, which link, how often; and the shop's own name there.

Pure. `hub.campaigns` reads the form with it. Sources: Eddystone Protocol Specification, "Eddystone-URL" (schemes and endings that
count as one octet); RFC 9562, 5.4 (random UUIDs); RFC 3986 for what a link may be.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import get_args
from urllib.parse import urlsplit
from uuid import UUID

import msgspec

from hub.sentences import Said, said
from hub.wire.snapshot import Air, AirFrame, Shop

FRAMES: tuple[AirFrame, ...] = get_args(AirFrame)
LINK: AirFrame = "eddystone-url"

INTERVALS_MS = (100, 300, 1_000)
"""Ten times a second is what Apple asks of an iBeacon. A phone in a pocket listens a tenth of the time or so: it hears the second
choice within some 3 s, the last within some 10 s, which costs the least air in a crowded place."""

LINK_OCTETS = 17
"""Behind the scheme: an advertisement has 31 octets, and Eddystone needs 14 of them."""

SCHEMES = ("https://www.", "http://www.", "https://", "http://")
ENDINGS = ("com", "org", "edu", "net", "info", "biz", "gov")

# An ending with its slash counts as one, and without it too.
_SHORT = re.compile(rf"[.](?:{'|'.join(ENDINGS)})/?")
# Graphic ASCII; everything else would have to be spelled in it first.
_PLAIN = re.compile(r"[\x21-\x7e]+")


def with_beacon(shop: Shop, random16: bytes) -> Shop:
    """The shop with a UUID of its own for the air; as it is where it has one. `random16`: 16 octets that nobody chose."""
    if shop.beacon_uuid is not None:
        return shop
    return msgspec.structs.replace(shop, beacon_uuid=str(UUID(bytes=random16, version=4)))


def tidy_link(link: str) -> str:
    """A link with its scheme and host written small, as they go on the air; the path as it is."""
    scheme, there, rest = link.strip().partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme.lower()}{there}{host.lower()}{slash}{path}"


def link_octets(link: str) -> int:
    """How many octets a link needs on the air behind its scheme."""
    scheme = next((scheme for scheme in SCHEMES if link.startswith(scheme)), "")
    return len(_SHORT.sub("*", link[len(scheme) :]))


def link_fault(link: str) -> Said | None:
    """What is wrong with a link that is to go on the air."""
    if not link:
        return said("Give the link, such as https://shop.example.")
    if not link.startswith(("http://", "https://")):
        return said("A link begins with http:// or https://.")
    if not _PLAIN.fullmatch(link):
        return said("A link on the air has plain letters, digits and signs only, and no space.")
    length = link_octets(link)
    if length == 0 or not _names_a_place(link):
        return said("This link names no place on the web. Try it in a browser, then copy it from there.")
    if length > LINK_OCTETS:
        return said(
            "Behind its beginning this link is %(length)s characters long on the air; at most %(count)s fit. "
            ".com, .org and the like count as one.",
            length=length,
            count=LINK_OCTETS,
        )
    return None


def _names_a_place(link: str) -> bool:
    try:
        parts = urlsplit(link)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    return re.search("[a-z0-9]", host) is not None and parts.username is None and port != 0


def read_air(
    ticked: Sequence[str], link: str, interval: str, before: Air | None
) -> Air | dict[str, Said] | None:
    """What was chosen, from the names of the frames that are ticked and two fields; or what is wrong, by field.

    None where nothing is ticked: the doors are silent. `before`: what is being changed; its power, and an interval that is none
    of ours, are kept.
    """
    frames = tuple(name for name in FRAMES if name in ticked)
    link = tidy_link(link)
    faults: dict[str, Said] = {}
    fault = link_fault(link) if LINK in frames else None
    if fault is not None:
        faults["air_link"] = fault
    elif link and LINK not in frames:
        faults["air_link"] = said("Tick the link too, or leave its field empty.")
    if frames and interval not in map(str, intervals(before)):
        faults["air_interval"] = said("Choose how often.")
    if faults:
        return faults
    if not frames:
        return None
    return Air(frames, link, int(interval), before.power_dbm if before else None)


def intervals(air: Air | None) -> list[int]:
    """The choices of how often, in milliseconds, with the one that holds among them."""
    return sorted({*INTERVALS_MS, *([air.interval_ms] if air else [])})


def air_fault(air: Air | None) -> Said | None:
    """What is wrong with a choice that did not come from the form."""
    if air is None:
        return None
    if not air.frames:
        return said("Name at least one sign for the air, or leave it out.")
    return link_fault(air.url) if LINK in air.frames else None

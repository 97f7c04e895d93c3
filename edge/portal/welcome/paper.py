"""What stands on the notice and on the sign for the door, ready for their templates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from edge.portal.config import CONTACT_CHARACTERS
from edge.portal.welcome.sign import portal_text, wifi_text
from edge.portal.welcome.texts import CALL, COUNTING_HEADING, STEPS, counting_lines
from hub.storefront.languages import NAMES, TAGS
from hub.storefront.offers import shop_name
from hub.storefront.qr import qr_svg
from hub.storefront.words import clean
from hub.wire.snapshot import Shop, Text, say

ADDRESS_CHARACTERS = 100


@dataclass(frozen=True, slots=True)
class Said:
    """A text with the tag of its language."""

    text: str
    tag: str


@dataclass(frozen=True, slots=True)
class Step:
    """One QR of the sign: what it leads to in words, and in letters for whoever has to type it."""

    qr: str
    says: list[Said]
    beneath: str


@dataclass(frozen=True, slots=True)
class Notice:
    """The notice in one language."""

    tag: str
    heading: str
    lines: list[tuple[str, str]]


def notice_values(language: str, shop: str, contact: str) -> dict[str, Any]:
    """For the page in the reader's language."""
    lines = counting_lines(language, shop, clean(contact, CONTACT_CHARACTERS))
    return {"heading": say(COUNTING_HEADING, language), "lines": lines}


def sign_values(shop: Shop, ssid: str, portal: str, contact: str) -> dict[str, Any]:
    """For the sheet, in every language that we speak. Without a network's name there is no QR for it."""
    steps, contact = [], clean(contact, CONTACT_CHARACTERS)
    call = [Said(say(CALL["wifi" if ssid else "offer"], code), TAGS[code]) for code in NAMES]
    if ssid:
        steps.append(_step("join", wifi_text(ssid), ssid))
    steps.append(_step("open", portal_text(portal), portal_text(portal)))
    notices = [
        Notice(
            TAGS[code],
            say(COUNTING_HEADING, code),
            counting_lines(code, shop_name(shop, code), contact),
        )
        for code in NAMES
    ]
    return {"call": call, "steps": steps, "notices": notices, "contact": contact}


def _step(name: str, text: str, beneath: str) -> Step:
    words: Text = STEPS[name]
    said = [Said(say(words, code), TAGS[code]) for code in NAMES]
    return Step(qr_svg(text, " ".join(each.text for each in said)), said, clean(beneath, ADDRESS_CHARACTERS))

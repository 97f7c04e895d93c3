"""A poster by which shoppers become members: what they get, that they may leave, a QR to the page of joining, the words to text.

It is no offer's, holds nothing of anybody, and says nothing that the page behind it does not say too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from hub.paper.order import accent_of
from hub.paper.pdf import Page, write_pdf
from hub.paper.plan import READ_FROM, words
from hub.paper.type import NoFont, Style, put_qr, put_text, quiet_mm
from hub.sentences import Said
from hub.storefront.ways import with_way
from hub.wire.snapshot import Shop, say

JoinSize = Literal["A4", "A5", "A6"]
JOIN_SHEETS: dict[JoinSize, tuple[float, float]] = {
    "A4": (210.0, 297.0),
    "A5": (148.0, 210.0),
    "A6": (105.0, 148.0),
}
"""Millimetres. A6 is the card that stands at the till."""

_QR_MM: dict[JoinSize, float] = {"A4": 100.0, "A5": 68.0, "A6": 44.0}
LONGEST_TYPED = 56
"""An address with more characters is not typed by anybody, and would not stand on one line."""


@dataclass(frozen=True, slots=True)
class TextWay:
    """How people join by a text message: which word, by language, to which number (as it is printed)."""

    words: dict[str, str]
    number: str


@dataclass(frozen=True, slots=True)
class _Words:
    title: str
    gets: tuple[str, str]
    leaves: str
    types: str
    texts: str


_WORDS = {
    "en": _Words(
        "Become a member",
        (
            "A card on your phone, for your points and your offers.",
            "No app, no password. Your phone number only if you like.",
        ),
        "You can leave in one step, whenever you like.",
        "Or open {place}",
        "Or text {word} to {number}",
    ),
    "zh": _Words(
        "成为会员",
        ("会员卡就在手机里：累计积分，收好专属于您的优惠。", "不用下载应用，不设密码；手机号愿意留才留。"),
        "随时可以退出，一步完成。",
        "或打开 {place}",
        "或发短信“{word}”到 {number}",
    ),
}


def join_link(base: str) -> str:
    """What the QR says: the page of joining, with the mark that whoever opens it came by paper."""
    return with_way(f"{base.rstrip('/')}/join", "poster")


def join_qr_mm(size: JoinSize) -> float:
    """How wide the code is, without its quiet zone."""
    return _QR_MM[size]


def join_read_from_m(size: JoinSize) -> float:
    """From how far a phone reads it."""
    return _QR_MM[size] * READ_FROM / 1_000


def make_join_pdf(
    shop: Shop, size: JoinSize, base: str, languages: Sequence[str], text: TextWay | None
) -> bytes | Said:
    """The file; a sentence where this machine cannot draw it. `base`: the address of the shop's pages. `text`: None where nobody
    can join by a text message."""
    try:
        page = draw_join_poster(shop, size, base, languages, text)
    except NoFont as wrong:
        return wrong.fault
    return write_pdf([page], f"{say(shop.name, 'en')} - {_WORDS['en'].title}")


def draw_join_poster(
    shop: Shop, size: JoinSize, base: str, languages: Sequence[str], text: TextWay | None
) -> Page:
    """One sheet. NoFont where a language cannot be drawn here."""
    width, height = JOIN_SHEETS[size]
    page = Page(width, height)
    unit = width / JOIN_SHEETS["A4"][0]
    accent = accent_of(shop)
    page.fill(0, 0, width, 7 * unit, accent)
    margin = 14 * unit
    inner = width - 2 * margin
    told = [(language, _WORDS.get(language, _WORDS["en"])) for language in languages]
    link, side = join_link(base), _QR_MM[size]
    quiet = quiet_mm(link, side)
    foot = height - 10 * unit - 8 * unit * len(told)
    small = Style(5.2 * unit, 3 * unit, align="centre", lines=1)
    _lines(page, [one.leaves for _, one in told], foot, small, 8 * unit)
    beneath = [_ways(language, one, base, text) for language, one in told]
    line, first, apart = 7.4 * unit, 9.4 * unit, 2.4 * unit
    high = sum(first + line * len(ways) + apart for ways in beneath) - apart
    top = foot - 4 * unit - high - quiet - side
    put_qr(page, link, (width - side) / 2, top, side)
    y = top + side + quiet
    for (language, _), ways in zip(told, beneath, strict=True):
        strong = Style(7 * unit, 3.6 * unit, "bold", align="centre", lines=1)
        put_text(page, words(language).scan, margin, y, inner, strong)
        y = _lines(page, ways, y + first, Style(5.4 * unit, 3 * unit, align="centre", lines=1), line) + apart
    y = 12 * unit
    name = " · ".join(dict.fromkeys(say(shop.name, language) for language, _ in told))
    y += put_text(page, name, margin, y, inner, Style(6.5 * unit, 3.4 * unit, "bold", lines=1)) + 3 * unit
    each = (top - quiet - y) / max(1, len(told))
    # One language alone has the room of two.
    larger = unit if len(told) > 1 else 1.45 * unit
    for place, (_, one) in enumerate(told):
        at = y + place * each
        title = Style(15 * larger, 6 * unit, "bold", accent, lines=1)
        at += put_text(page, one.title, margin, at, inner, title, each * 0.5)
        for sentence in one.gets:
            room = min(y + (place + 1) * each - at, each * 0.3)
            at += put_text(page, sentence, margin, at, inner, Style(5.8 * larger, 3 * unit, lines=2), room)
    return page


def _ways(language: str, told: _Words, base: str, text: TextWay | None) -> list[str]:
    """What stands beneath the sentence about the camera: the address for whoever types, and the word for whoever texts."""
    place = f"{base.partition('://')[2].rstrip('/') or base}/join"
    found = [told.types.format(place=place)] if len(place) <= LONGEST_TYPED else []
    if text is not None:
        word = text.words.get(language) or next(iter(text.words.values()))
        found.append(told.texts.format(word=word, number=text.number))
    return found


def _lines(page: Page, lines: Sequence[str], y: float, style: Style, step: float) -> float:
    """Lines beneath each other in the middle of the sheet; where the next one would stand."""
    margin = page.width_mm / 15
    for line in lines:
        put_text(page, line, margin, y, page.width_mm - 2 * margin, style)
        y += step
    return y

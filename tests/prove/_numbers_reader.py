"""Reads the numbers of a page as a program does: by the attributes of their elements, and by what a reader sees of them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from html.parser import HTMLParser

_ONLY_A_NUMBER = re.compile(r"[≈~]?[€$£¥]?\s?-?[0-9][0-9,.\s]*\s?[%€]?")


@dataclass(frozen=True, slots=True)
class Shown:
    """A number on a page or in a file. `key`: dimension to value. `text`: as a reader sees it, empty in a file."""

    place: str
    figure: str
    key: dict[str, str]
    number: float | None
    first: date
    last: date
    filters: dict[str, tuple[str, ...]]
    noisy: bool = False
    provisional: bool = False
    band: tuple[float, float] | None = None
    text: str = ""

    def __str__(self) -> str:
        """Where it stands, in one line."""
        return f"{self.place}: {self.figure} {self.key or ''} {self.first}/{self.last} {self.filters or ''} = {self.number}"


@dataclass(slots=True)
class Page:
    """What was found on one page. `bare`: cells of tables and the like with a number that says of no figure what it is."""

    place: str
    numbers: list[Shown] = field(default_factory=list)
    bare: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    anchors: set[str] = field(default_factory=set)


def read_page(place: str, html: str) -> Page:
    """Every number of a page."""
    page = Page(place)
    reader = _Reader(page)
    reader.feed(html)
    reader.close()
    return page


class _Reader(HTMLParser):
    def __init__(self, page: Page) -> None:
        super().__init__()
        self._page = page
        self._number: dict[str, str] | None = None
        self._text: list[str] = []
        self._depth = 0
        self._hidden = 0
        self._cell: list[str] | None = None
        self._cell_is_known = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if "id" in found:
            self._page.anchors.add(found["id"])
        if tag == "a" and found.get("href"):
            self._page.links.append(found["href"])
        if self._number is not None:
            if tag == "span":
                self._depth += 1
                if self._hidden or set(found.get("class", "").split()) & {"mark", "unseen"}:
                    self._hidden += 1
            return
        if "data-figure" in found and "data-value" in found:
            self._number, self._text, self._depth, self._hidden = found, [], 0, 0
            self._cell_is_known = True
        elif tag == "td":
            self._cell, self._cell_is_known = [], False
        elif tag == "time":
            self._cell_is_known = True

    def handle_endtag(self, tag: str) -> None:
        if self._number is not None and tag == "span":
            if self._depth:
                self._depth -= 1
                self._hidden = max(0, self._hidden - 1)
                return
            self._page.numbers.append(_shown(self._page.place, self._number, "".join(self._text)))
            self._number = None
        elif tag == "td" and self._cell is not None:
            text = " ".join("".join(self._cell).split())
            if not self._cell_is_known and _ONLY_A_NUMBER.fullmatch(text):
                self._page.bare.append(text)
            self._cell = None

    def handle_data(self, data: str) -> None:
        if self._number is not None:
            if not self._hidden:
                self._text.append(data)
        elif self._cell is not None:
            self._cell.append(data)


def _shown(place: str, found: dict[str, str], text: str) -> Shown:
    first, _, last = found["data-days"].partition("/")
    by = [name for name in found.get("data-by", "").split("|") if name]
    # A total has no cuts; a cut may have a value without a name, so an empty key is one.
    key = found.get("data-key", "").split("|") if by else []
    value = found["data-value"]
    band = None
    if "data-low" in found:
        band = (float(found["data-low"]), float(found["data-high"]))
    return Shown(
        place=place,
        figure=found["data-figure"],
        key=dict(zip(by, key, strict=True)),
        number=float(value) if value else None,
        first=date.fromisoformat(first),
        last=date.fromisoformat(last or first),
        filters=read_filters(found.get("data-filters", "")),
        noisy="data-noisy" in found,
        provisional="data-provisional" in found,
        band=band,
        text=" ".join(text.split()),
    )


def read_filters(text: str) -> dict[str, tuple[str, ...]]:
    """`zone=door&campaign=3` as each dimension with its values."""
    found: dict[str, tuple[str, ...]] = {}
    for part in filter(None, text.split("&")):
        name, _, value = part.partition("=")
        found[name] = (*found.get(name, ()), value)
    return found


_UNITS_S = {
    "sec": 1,
    "min": 60,
    "hour": 3_600,
    "hr": 3_600,
    "day": 86_400,
    "week": 604_800,
    "month": 2_629_800,
}
_UNITS_S |= {"秒": 1, "分钟": 60, "小时": 3_600, "天": 86_400, "周": 604_800, "个月": 2_629_800}


def says(text: str, unit: str, number: float | None) -> bool:
    """Whether what a reader sees is this number, rounded as its unit is."""
    if number is None:
        return not any(letter.isdigit() for letter in text)
    found = re.search(r"-?[0-9][0-9,]*(?:\.[0-9]+)?", text)
    if found is None:
        return False
    shown = float(found[0].replace(",", ""))
    digits = len(found[0].partition(".")[2])
    half = 0.5000001 / 10**digits
    match unit:
        case "cents":
            # A sum is written in full, or without its hundredths where there are none; a mean is rounded to a cent.
            return digits in (0, 2) and abs(shown - number / 100) <= 0.0050001
        case "share":
            return abs(shown - number * 100) <= half
        case "seconds":
            size = next((size for word, size in _UNITS_S.items() if word in text), 0)
            return bool(size) and abs(shown * size - number) <= half * size
        case _:
            return abs(shown - number) <= (
                half if abs(number) < 100 and not float(number).is_integer() else 0.5000001
            )


def of_units(numbers: Iterable[Shown], units: dict[str, str]) -> list[str]:
    """The numbers whose text says something else than their value."""
    return [
        f"{one} reads {one.text!r}"
        for one in numbers
        if not says(one.text, units.get(one.figure, "count"), one.number)
    ]

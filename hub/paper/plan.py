"""What paper says and how large: sizes of sheets and codes, the words, what a QR leads to.

Pure. `hub.paper.poster` and `hub.paper.labels` draw it.

A phone's camera reads a QR from ten times its own width and no farther, so the distance from which a sheet is read sets the
size of its code.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from hub.wire.short_number import short_path, show_short_number
from hub.wire.snapshot import Campaign

Kind = Literal["poster", "door", "labels-24", "labels-8"]
Size = Literal["A4", "A3"]

SHEETS: dict[Size, tuple[float, float]] = {"A4": (210.0, 297.0), "A3": (297.0, 420.0)}
READ_FROM = 10.0
"""How many times its own width a QR is read from."""


@dataclass(frozen=True, slots=True)
class Grid:
    """A sheet of labels, as it is sold. All in millimetres; `pitch` is from one label to the next."""

    across: int
    down: int
    width: float
    height: float
    left: float
    top: float
    pitch_x: float
    pitch_y: float
    qr_mm: float

    def places(self) -> list[tuple[float, float]]:
        """The upper left corner of each label, row by row."""
        return [
            (self.left + column * self.pitch_x, self.top + row * self.pitch_y)
            for row in range(self.down)
            for column in range(self.across)
        ]


GRIDS: dict[str, Grid] = {
    "labels-24": Grid(3, 8, 70.0, 37.0, 0.0, 0.5, 70.0, 37.0, 22.0),
    "labels-8": Grid(2, 4, 99.1, 67.7, 4.65, 13.1, 101.6, 67.7, 45.0),
}
"""A4 sheets with 24 labels of 70 x 37 mm and with 8 of 99.1 x 67.7 mm."""

_POSTER_QR_MM: dict[tuple[Kind, Size], float] = {
    ("poster", "A4"): 100.0,
    ("poster", "A3"): 140.0,
    ("door", "A4"): 120.0,
    ("door", "A3"): 170.0,
}


def qr_mm(kind: Kind, size: Size) -> float:
    """How wide the code is, without its quiet zone."""
    grid = GRIDS.get(kind)
    return grid.qr_mm if grid else _POSTER_QR_MM[kind, size]


def read_from_m(kind: Kind, size: Size) -> float:
    """From how far a phone reads it."""
    return qr_mm(kind, size) * READ_FROM / 1_000


def plain_link(base: str, campaign: Campaign) -> str:
    """The address behind the short number: the same page for whoever types and for whoever scans."""
    return base.rstrip("/") + short_path(campaign.number)


@dataclass(frozen=True, slots=True)
class Words:
    """What a sheet says in one language."""

    scan: str
    door: str
    number: str
    short_scan: str
    number_name: str


_WORDS = {
    "en": Words(
        "Point your phone's camera here.",
        "Point your phone's camera here, and come in.",
        "Or open {place} and type {number}.",
        "Scan me",
        "or type",
    ),
    "zh": Words(
        "用手机相机扫一扫。",
        "用手机相机扫一扫，欢迎进店。",
        "或打开 {place}，输入 {number}。",
        "扫一扫",
        "或输入",
    ),
}


def words(language: str) -> Words:
    """The words in this language, else in English."""
    return _WORDS.get(language.split("-")[0], _WORDS["en"])


def number_line(language: str, base: str, campaign: Campaign) -> str:
    """How the short number is offered: "Or open shop.example and type 0076." """
    place = base.partition("://")[2].rstrip("/") or base
    return words(language).number.format(place=place, number=show_short_number(campaign.number))

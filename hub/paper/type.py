"""Letters and codes as drawings: a text in a box, as large as it may be; a QR, module by module."""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from PIL import Image, ImageDraw, ImageFont

from hub.paper.pdf import BLACK, Colour, Drawing, Page
from hub.sentences import Said, said
from hub.storefront.fonts import Weight, font_for, is_chinese
from hub.storefront.qr import QUIET_MODULES, qr_png

DPI = 600
PX_PER_MM = DPI / 25.4
LEADING = 1.28
BASELINE = 0.98
KEPT = 12
"""Drawings that are kept for the next label of the sheet: as many as one label has, and a few."""

SMALLER = 0.9
QR_PX_A_MODULE = 24
"""Whole pixels a module, so that no edge of a module is smeared, whatever draws the page."""

# Marks that must not begin a line (GB/T 15834).
_NOT_FIRST = set("，。、；：？！）」』》〉”’…%％)]}.,;:!?")


class NoFont(Exception):
    """This machine cannot draw a text; `fault` says what is missing, in words for the page."""

    def __init__(self) -> None:
        self.fault: Said = said(
            "This machine has no font with Chinese characters. Install one, on Debian the package fonts-noto-cjk, and try again."
        )
        super().__init__(str(self.fault))


@dataclass(frozen=True, slots=True)
class Style:
    """How a text is set: sizes are the height of its letters' body in millimetres."""

    largest: float
    smallest: float
    weight: Weight = "plain"
    colour: Colour = BLACK
    align: Literal["left", "centre"] = "left"
    lines: int = 2


def put_text(
    page: Page, text: str, x: float, y: float, width: float, style: Style, room: float | None = None
) -> float:
    """Set a text into a box of this width, as large as it fits; how high it came, in millimetres. NoFont where it cannot be.

    `room`: the height that there is; None: as high as the lines of the style need.
    """
    text = " ".join(text.split())
    if not text:
        return 0.0
    drawing = _letters(text, width, style, room)
    height = drawing.height / PX_PER_MM
    page.draw(drawing, x, y, width, height, style.colour)
    return height


@lru_cache(maxsize=KEPT)
def _letters(text: str, width: float, style: Style, room: float | None) -> Drawing:
    size, lines = _fit(text, width, style, room)
    font = _font(text, style.weight, size)
    line_px = round(size * PX_PER_MM * LEADING)
    picture = Image.new("1", (max(1, round(width * PX_PER_MM)), line_px * len(lines)), 0)
    pen = ImageDraw.Draw(picture)
    pen.fontmode = "1"
    for number, line in enumerate(lines):
        left = 0.0 if style.align == "left" else (picture.width - pen.textlength(line, font)) / 2
        # Fonts disagree about what lies above a line; the line itself is where all of them agree.
        pen.text((left, line_px * number + round(size * PX_PER_MM * BASELINE)), line, 1, font, anchor="ls")
    return Drawing(*picture.size, picture.tobytes())


def put_qr(page: Page, text: str, x: float, y: float, side: float) -> None:
    """A QR whose modules are `side` millimetres across, its quiet zone of four modules around it and outside of `side`."""
    quiet = quiet_mm(text, side)
    page.fill(x - quiet, y - quiet, side + 2 * quiet, side + 2 * quiet, (1.0, 1.0, 1.0))
    page.draw(_modules(text)[1], x, y, side, side)


def quiet_mm(text: str, side: float) -> float:
    """How wide the quiet zone of a QR of this size is: four of its modules (ISO/IEC 18004, 6.3.8)."""
    return side / _modules(text)[0] * QUIET_MODULES


@lru_cache(maxsize=KEPT)
def _modules(text: str) -> tuple[int, Drawing]:
    """How many modules a side has, and the drawing of them."""
    small = Image.open(io.BytesIO(qr_png(text, 1)))
    modules = small.width - 2 * QUIET_MODULES
    ink = small.convert("L").point(lambda light: 255 if light == 0 else 0).convert("1")
    code = ink.crop((QUIET_MODULES,) * 2 + (QUIET_MODULES + modules,) * 2)
    code = code.resize((modules * QR_PX_A_MODULE,) * 2, Image.Resampling.NEAREST)
    return modules, Drawing(*code.size, code.tobytes())


def _fit(text: str, width: float, style: Style, room: float | None) -> tuple[float, list[str]]:
    size = style.largest
    while True:
        font = _font(text, style.weight, size)
        lines = _wrap(text, font, width * PX_PER_MM)
        high = len(lines) * size * LEADING
        if len(lines) <= style.lines and (room is None or high <= room):
            return size, lines
        if size * SMALLER < style.smallest:
            most = style.lines if room is None else max(1, min(style.lines, int(room / (size * LEADING))))
            return size, _cut(lines, most)
        size *= SMALLER


def _cut(lines: list[str], most: int) -> list[str]:
    if len(lines) <= most:
        return lines
    kept = lines[:most]
    kept[-1] = kept[-1][:-1].rstrip() + "…"
    return kept


def _wrap(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: float) -> list[str]:
    """Lines no wider than this: broken at spaces, and between any two Chinese characters."""
    lines, line = [], ""
    for piece in _pieces(text):
        if font.getlength(line + piece.rstrip()) <= width or not line.strip():
            line += piece
            continue
        lines.append(line.rstrip())
        line = piece.lstrip()
    lines.append(line.rstrip())
    return lines


def _pieces(text: str) -> list[str]:
    pieces: list[str] = []
    for sign in text:
        glued = pieces and (
            sign in _NOT_FIRST
            or not (is_chinese(sign) or is_chinese(pieces[-1][-1]) or pieces[-1][-1] == " ")
        )
        if glued:
            pieces[-1] += sign
        else:
            pieces.append(sign)
    return pieces


def _font(text: str, weight: Weight, size: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    font = font_for(is_chinese(text), weight, max(1, round(size * PX_PER_MM)))
    if font is None:
        raise NoFont
    return font

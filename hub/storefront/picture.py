"""A coupon as a picture to keep on the phone: shop, offer, what it is worth, QR, code, until when."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

from hub.storefront.colour import accent_for, read_colour
from hub.storefront.fonts import Weight, font_for, is_chinese
from hub.storefront.qr import qr_png

if TYPE_CHECKING:
    from PIL import ImageDraw

    from hub.storefront.fonts import Font

    _Line = tuple[str, Font, int, str]

WIDTH, MARGIN = 1080, 72
PAPER, INK, QUIET, BELL = "#FFFFFF", "#1E1B18", "#5E574F", "#B4541A"
QR_SCALE = 16
"""Pixels a module: the code fills three quarters of the width, and survives what messengers do to pictures."""

TITLE_LINES = 4


class _NoFont(Exception):
    """The text has Chinese in it and this machine has no Chinese font."""


def coupon_picture(
    *, shop: str, title: str, worth: str, until: str, show: str, code: str, token: str, colour: str | None
) -> bytes | None:
    """The PNG; None where it would be rows of boxes, because Chinese letters are wanted and there is no font with them."""
    # Late: whoever only shows pages does without it.
    from PIL import Image, ImageDraw

    wanted = read_colour(colour)
    found = accent_for(wanted, (PAPER,), dark=False) if wanted else None
    bell = found.colour if found else BELL
    qr = Image.open(io.BytesIO(qr_png(token, QR_SCALE))).convert("RGB")
    try:
        above = [
            *_paragraph(shop, "plain", 40, QUIET, 1),
            *_paragraph(title, "bold", 64, INK, TITLE_LINES),
            *_paragraph(worth, "bold", 52, bell, 1),
        ]
        below = [
            *_paragraph(code, "mono", 72, INK, 1),
            *_paragraph(show, "bold", 44, INK, 2),
            *_paragraph(until, "plain", 44, QUIET, 2),
        ]
    except _NoFont:
        return None
    height = 24 + MARGIN + _height(above) + 24 + qr.height + _height(below) + MARGIN
    picture = Image.new("RGB", (WIDTH, height), PAPER)
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 0, WIDTH, 24), fill=bell)
    y = _write(draw, above, 24 + MARGIN) + 24
    picture.paste(qr, ((WIDTH - qr.width) // 2, y))
    _write(draw, below, y + qr.height)
    out = io.BytesIO()
    picture.save(out, "PNG", optimize=True)
    return out.getvalue()


def _paragraph(text: str, weight: Weight, size: int, colour: str, most: int) -> list[_Line]:
    if not text:
        return []
    font = font_for(is_chinese(text), weight, size)
    if font is None:
        raise _NoFont
    lines = _wrap(text, font, WIDTH - 2 * MARGIN)
    if len(lines) > most:
        lines = [*lines[: most - 1], lines[most - 1].rstrip() + "…"]
    return [(line, font, round(size * 1.4), colour) for line in lines]


def _wrap(text: str, font: Font, width: int) -> list[str]:
    """Lines that fit: broken at spaces, and between Chinese characters."""
    lines = [""]
    for piece in re.findall(r"\s+|[\u2e80-\u9fff\uff00-\uffef]|[^\s\u2e80-\u9fff\uff00-\uffef]+", text):
        if lines[-1] and font.getlength(lines[-1] + piece.rstrip()) > width:
            lines.append("")
        while font.getlength(piece) > width:
            cut = max(
                1, next(n for n in range(len(piece), 0, -1) if n == 1 or font.getlength(piece[:n]) <= width)
            )
            lines[-1:] = [lines[-1] + piece[:cut], ""]
            piece = piece[cut:]
        lines[-1] += piece if lines[-1] else piece.lstrip()
    return [line.strip() for line in lines if line.strip()]


def _height(lines: list[_Line]) -> int:
    return sum(step for _text, _font, step, _colour in lines)


def _write(draw: ImageDraw.ImageDraw, lines: list[_Line], y: int) -> int:
    for text, font, step, colour in lines:
        draw.text((WIDTH / 2, y), text, font=font, fill=colour, anchor="ma")
        y += step
    return y

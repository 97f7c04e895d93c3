"""Draws a page as the printer will print it: one bit a dot, as wide as the paper's printed area, 8 dots a millimetre.

Everything is a picture, Latin letters too: code pages differ from printer to printer, dots do not, and a QR code as a picture is
read back the same from every one of them, while some cheap printers know no QR command and others choose its size themselves.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import partial

from PIL import Image, ImageDraw

from hardware.printer.fonts import Font, NoFont, font_for
from hardware.printer.page import Banner, Block, Code, Page, Pair, Rule, Space, Words

DOTS_A_MM = 8
"""203 dpi, the pitch of nearly every receipt printer."""

WIDTHS = {58: 384, 80: 576}
"""Paper in mm to printed dots: 48 and 72 mm."""

SIZES = {"small": 20, "normal": 24, "large": 38}
QUIET = 4
"""Modules of white around a QR code (ISO/IEC 18004)."""

MOST_MODULE_DOTS = 8
"""A millimetre a module: a version 6 code is 41 mm then, and reads from half a metre."""

LONGEST_MM = 400
_CLOSERS = "，。！？、；：）」』》”’,.!?;:)"


def paint(page: Page, paper_mm: int, font_of: Callable[..., Font] = font_for) -> Image.Image:
    """The page as a picture of mode "1", white 255; NoFont where a sign cannot be drawn."""
    width = WIDTHS[paper_mm]
    pieces = [_paint(block, width, font_of) for block in page.blocks]
    height = min(sum(piece.height for piece in pieces), LONGEST_MM * DOTS_A_MM)
    whole = Image.new("L", (width, max(height, 1)), 255)
    top = 0
    for piece in pieces:
        whole.paste(piece, ((width - piece.width) // 2, top))
        top += piece.height
    return whole.point(lambda level: 255 if level > 140 else 0).convert("1", dither=Image.Dither.NONE)


def rows_of(picture: Image.Image) -> tuple[bytes, int]:
    """A picture of mode "1" as rows of octets with 1 for black, and the octets of one row."""
    inverted = picture.point(lambda level: 255 - level)
    return inverted.tobytes(), (picture.width + 7) // 8


def _paint(block: Block, width: int, font_of: Callable[..., Font]) -> Image.Image:
    match block:
        case Words():
            font = font_of(block.text, SIZES[block.size], bold=block.bold)
            return _lines(_broken(block.text, font, width), font, width, centred=block.align == "center")
        case Banner(text=text):
            font = font_of(text, SIZES["large"], bold=True)
            lines = _lines(_broken(text, font, width - 16), font, width, centred=True, margin=10)
            return lines.point(lambda level: 255 - level)
        case Pair():
            return _pair(block, width, partial(font_of, bold=block.bold))
        case Code(text=text):
            return _code(text, width)
        case Rule():
            line = Image.new("L", (width, 18), 255)
            ImageDraw.Draw(line).rectangle((0, 8, width, 9), fill=0)
            return line
        case Space(mm=mm):
            return Image.new("L", (width, max(1, round(mm * DOTS_A_MM))), 255)


def _lines(
    lines: list[str], font: Font, width: int, *, centred: bool = False, margin: int = 3
) -> Image.Image:
    ascent, descent = font.getmetrics()
    step = min(ascent + descent, round(font.size * 1.35))
    picture = Image.new("L", (width, step * len(lines) + 2 * margin), 255)
    draw = ImageDraw.Draw(picture)
    for number, line in enumerate(lines):
        left = (width - font.getlength(line)) / 2 if centred else 0.0
        # By the base line: fonts with Chinese have far more room above their letters than a receipt has.
        draw.text((left, margin + number * step + round(step * 0.8)), line, font=font, fill=0, anchor="ls")
    return picture


def _pair(block: Pair, width: int, font_of: Callable[..., Font]) -> Image.Image:
    font = font_of(block.left + block.right, SIZES["normal"])
    right_px = font.getlength(block.right)
    room = width - right_px - font.size
    if room < width / 4:
        left = _lines(_broken(block.left, font, width), font, width)
        right = _lines(_broken(block.right, font, width), font, width)
        both = Image.new("L", (width, left.height + right.height), 255)
        both.paste(left, (0, 0))
        both.paste(right, (0, left.height))
        return both
    picture = _lines(_broken(block.left, font, room), font, width)
    last = _lines([block.right], font, width)
    shifted = Image.new("L", picture.size, 255)
    shifted.paste(last, (round(width - right_px), picture.height - last.height))
    picture.paste(0, mask=shifted.point(lambda level: 255 - level))
    return picture


def _code(text: str, width: int) -> Image.Image:
    import qrcode

    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M, border=0)
    code.add_data(text)
    code.make(fit=True)
    modules = code.get_matrix()
    side = len(modules) + 2 * QUIET
    # Too large a code for narrow paper goes into the margin beside the printed area, which is white as well.
    scale = max(1, min(MOST_MODULE_DOTS, width // (side if width // side >= 3 else len(modules))))
    small = Image.new("L", (side, side), 255)
    for row, line in enumerate(modules):
        for column, dark in enumerate(line):
            if dark:
                small.putpixel((column + QUIET, row + QUIET), 0)
    large = small.resize((side * scale, side * scale), Image.Resampling.NEAREST)
    whole = Image.new("L", (width, large.height), 255)
    whole.paste(large, ((width - large.width) // 2, 0))
    return whole


_PIECE = re.compile(
    r"\s+|[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef]|[^\s\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef]+"
)


def _broken(text: str, font: Font, width: float) -> list[str]:
    """The text in lines that fit: broken between words, anywhere in Chinese but not before a mark that closes."""
    lines = []
    for paragraph in (_plain(one) for one in text.split("\n")):
        line = ""
        for piece in _pieces(paragraph):
            if line and font.getlength((line + piece).rstrip()) > width:
                lines.append(line.rstrip())
                line = ""
                piece = piece.lstrip()
            while font.getlength(piece.rstrip()) > width:
                fits = next(
                    n for n in range(len(piece), 0, -1) if n == 1 or font.getlength(piece[:n]) <= width
                )
                lines.append(piece[:fits])
                piece = piece[fits:]
            line += piece
        lines.append(line.rstrip())
    return lines


def _pieces(text: str) -> list[str]:
    pieces: list[str] = []
    for piece in _PIECE.findall(text):
        if pieces and piece in _CLOSERS:
            pieces[-1] += piece
        else:
            pieces.append(piece)
    return pieces


def _plain(text: str) -> str:
    """Without what cannot be drawn: control signs, and the marks that turn the direction of writing."""
    return "".join(sign for sign in text if unicodedata.category(sign) not in ("Cc", "Cf", "Co", "Cn"))


__all__ = ["DOTS_A_MM", "WIDTHS", "NoFont", "paint", "rows_of"]

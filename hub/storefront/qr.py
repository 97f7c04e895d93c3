"""A coupon's token as a QR: a crisp drawing for pages and paper, a picture for whoever wants a file.

Reads and opens nothing; the encoder is zxing-cpp. The standard (ISO/IEC 18004) asks for a quiet zone of four modules; level M
mends 15 % of damage, and a token's 138 capital letters and digits then fill version 6: 41 modules a side.
"""

from __future__ import annotations

import io
from functools import lru_cache
from html import escape
from itertools import groupby
from struct import Struct
from typing import Any

QUIET_MODULES = 4
LEVEL = "M"
PNG_SCALE = 12
"""Pixels a module: 588 a side for a coupon, sharp at 40 mm on paper at 300 dpi."""

PIECE_MODULES = 11
"""Rows are drawn in pieces of this width, and each piece that ever occurred is remembered."""

LIGHT = b"\xff"


def _modules(text: str) -> tuple[int, bytes]:
    """Side in modules, and one byte a module, row by row: 0 is dark. Without quiet zone."""
    import zxingcpp

    barcode = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level=LEVEL)
    image = barcode.to_image(scale=1, add_quiet_zones=False)
    # The stub leaves the buffer protocol out.
    pixels: Any = image
    return image.shape[0], bytes(memoryview(pixels))


@lru_cache(maxsize=1 << PIECE_MODULES)
def _strokes(piece: bytes) -> str:
    """The strokes of a piece of a row, relative to its beginning; they end at its end, so that the next can follow."""
    parts = []
    for dark, run in groupby(piece, lambda pixel: not pixel):
        length = len(list(run))
        parts.append(f"h{length}" if dark else f"m{length} 0")
    return "".join(parts)


def qr_svg(text: str, label: str) -> str:
    """An inline SVG, one path of horizontal strokes; `label` is what a screen reader says of it."""
    side, modules = _modules(text)
    row = Struct(f"{PIECE_MODULES}s" * -(-side // PIECE_MODULES))
    rows = []
    for number in range(side):
        line = modules[number * side : (number + 1) * side].ljust(row.size, LIGHT)
        rows.append(f"M{QUIET_MODULES} {number + QUIET_MODULES}.5" + "".join(map(_strokes, row.unpack(line))))
    whole = side + 2 * QUIET_MODULES
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {whole} {whole}" role="img" aria-label="{escape(label)}"'
        f' shape-rendering="crispEdges"><path fill="none" stroke="#000" d="{"".join(rows)}"/></svg>'
    )


def qr_png(text: str, scale: int = PNG_SCALE) -> bytes:
    """A PNG of one bit a pixel with its quiet zone, `scale` pixels a module."""
    from PIL import Image

    side, modules = _modules(text)
    whole = side + 2 * QUIET_MODULES
    code = Image.frombytes("L", (side, side), modules).convert("1", dither=Image.Dither.NONE)
    small = Image.new("1", (whole, whole), 1)
    small.paste(code, (QUIET_MODULES, QUIET_MODULES))
    picture = small.resize((whole * scale, whole * scale), Image.Resampling.NEAREST)
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()

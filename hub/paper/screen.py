"""A sheet as it will come out of the printer, small enough for a screen: the very marks of the PDF, drawn as a picture.

`hub.paper.pdf` writes the same marks for the printer, so what is looked at here is what hangs on the wall.
"""

from __future__ import annotations

import io

from PIL import Image

from hub.paper.pdf import Drawing, Fill, Page, Placed

PX_PER_MM = 3.6
"""About 760 pixels for the width of A4: small print can still be read on a dense screen."""

_QUALITY = 85


def screen_picture(page: Page, px_per_mm: float = PX_PER_MM) -> bytes:
    """The page as a WebP."""
    sheet = Image.new("RGB", (_px(page.width_mm, px_per_mm), _px(page.height_mm, px_per_mm)), "white")
    for mark in page.marks:
        left, top = round(mark.x * px_per_mm), round(mark.y * px_per_mm)
        size = (_px(mark.width, px_per_mm), _px(mark.height, px_per_mm))
        if isinstance(mark, Fill):
            sheet.paste(_ink(mark), (left, top, left + size[0], top + size[1]))
        elif isinstance(mark.what, Drawing):
            whole = Image.frombytes("1", (mark.what.width, mark.what.height), mark.what.rows)
            ink = whole.convert("L").resize(size, Image.Resampling.BOX, reducing_gap=2.0)
            sheet.paste(Image.new("RGB", size, _ink(mark)), (left, top), ink)
        else:
            photo = Image.open(io.BytesIO(mark.what.jpeg)).convert("RGB")
            sheet.paste(photo.resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0), (left, top))
    out = io.BytesIO()
    sheet.save(out, "WEBP", quality=_QUALITY, method=2)
    return out.getvalue()


def _px(mm: float, px_per_mm: float) -> int:
    return max(1, round(mm * px_per_mm))


def _ink(mark: Fill | Placed) -> tuple[int, int, int]:
    red, green, blue = (round(255 * part) for part in mark.colour)
    return red, green, blue

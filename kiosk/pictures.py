"""A picture of a code, from a phone's camera, the counter's own or a file, to the text in it; decoded by zxing-cpp."""

from __future__ import annotations

import io
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

MOST_BYTES = 12 * 2**20
"""A phone's photograph has up to 8 MB."""

MOST_PIXELS = 120_000_000
"""What a phone's best camera writes. A JPEG is unfolded at a fraction of its size."""

MOST_PIXELS_UNFOLDED = 16_000_000
"""A small file that unfolds into more than this is an attack on the memory of a small machine."""

_EDGE_PIXELS = 1600
"""A version 6 code that fills a tenth of the picture still has six pixels to a module; and a kiosk has little memory."""

SEARCH_S = 1.5
"""How long a picture is looked at in one way after the other: whoever holds the phone takes another one sooner than later."""

_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP")
_one = threading.Lock()


class Unseen(StrEnum):
    """Why no text came out of a picture."""

    TOO_LARGE = "too_large"
    NO_PICTURE = "no_picture"
    NO_CODE = "no_code"


def read_picture(data: bytes) -> str | Unseen:
    """The text of the code in a picture; of several, the one that is a coupon of ours. Hostile bytes are `Unseen`."""
    texts = texts_in(data)
    if isinstance(texts, Unseen):
        return texts
    return next((text for text in texts if "SB1" in text.upper()), texts[0])


def texts_in(data: bytes) -> tuple[str, ...] | Unseen:
    """The texts of all codes that can be read in a picture, QR codes first; at least one."""
    if len(data) > MOST_BYTES:
        return Unseen.TOO_LARGE
    # Late: two libraries that a till with a scanner never needs. One picture at a time, for the memory.
    from PIL import Image, ImageOps

    with _one, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with Image.open(io.BytesIO(data), formats=_FORMATS) as opened:
                if opened.width * opened.height > MOST_PIXELS:
                    return Unseen.TOO_LARGE
                opened.draft("L", (_EDGE_PIXELS, _EDGE_PIXELS))
                if opened.width * opened.height > MOST_PIXELS_UNFOLDED:
                    return Unseen.TOO_LARGE
                grey = _flat(ImageOps.exif_transpose(opened))
        except Image.DecompressionBombError:
            return Unseen.TOO_LARGE
        except Exception:  # noqa: BLE001 - a hostile file makes the decoders raise whatever they like; it is no picture
            return Unseen.NO_PICTURE
        return _search(grey, time.monotonic() + SEARCH_S) or Unseen.NO_CODE


def read_frame(width: int, height: int, grey: bytes) -> str | None:
    """The text of a QR in one frame of a camera, quickly: the next frame comes soon. None where there is none."""
    from PIL import Image

    texts = _decode(Image.frombytes("L", (width, height), grey), everything=False)
    return next((text for text in texts if "SB1" in text.upper()), texts[0] if texts else None)


def _search(grey: Image.Image, until: float) -> tuple[str, ...]:
    """Look at the picture in one way after the other until something is read or the time is over (`until`, steady clock)."""
    grey.thumbnail((_EDGE_PIXELS, _EDGE_PIXELS))
    for number, view in enumerate(_views(grey)):
        if number and time.monotonic() > until:
            break
        texts = _decode(view(), everything=number > 0)
        if texts:
            return texts
    return ()


def _views(grey: Image.Image) -> Iterator[Callable[[], Image.Image]]:
    """Ways to look at a picture, the likely ones first; each is made when it is its turn."""
    from PIL import Image, ImageFilter, ImageOps

    def sized(edge: int) -> Image.Image:
        scale = edge / max(grey.size)
        return grey.resize(
            (max(1, round(grey.width * scale)), max(1, round(grey.height * scale))), Image.Resampling.LANCZOS
        )

    yield lambda: grey
    # Every kind of code now: a till may be shown a product, too.
    yield lambda: grey
    yield lambda: sized(800)
    # Noise and moiré of a screen go with the detail; then a code is small and its contrast low.
    yield lambda: ImageOps.autocontrast(sized(800).filter(ImageFilter.GaussianBlur(1.2)), cutoff=2)
    yield lambda: sized(400)
    yield lambda: ImageOps.autocontrast(grey, cutoff=5).filter(ImageFilter.UnsharpMask(3, 200, 2))
    yield lambda: _lit_evenly(sized(1000))
    yield lambda: sized(2 * max(grey.size)) if max(grey.size) <= _EDGE_PIXELS // 2 else sized(1200)
    for degrees in (45, 22, -22):
        yield partial(_turned, sized(1000), degrees)


def _lit_evenly(picture: Image.Image) -> Image.Image:
    """Without the shadow and the lamp: each point against the light around it."""
    from PIL import ImageChops, ImageFilter, ImageOps

    around = picture.filter(ImageFilter.BoxBlur(max(picture.size) / 16))
    return ImageOps.autocontrast(ImageChops.subtract(picture, around, scale=1.0, offset=128), cutoff=1)


def _turned(picture: Image.Image, degrees: int) -> Image.Image:
    from PIL import Image

    return picture.rotate(degrees, Image.Resampling.BILINEAR, expand=True, fillcolor=255)


def _decode(picture: Image.Image, *, everything: bool) -> tuple[str, ...]:
    """What zxing-cpp reads, QR codes first."""
    import zxingcpp

    kinds = zxingcpp.BarcodeFormat
    matrix = (kinds.QRCode, kinds.MicroQRCode)
    lines = (kinds.DataMatrix, kinds.Code128, kinds.EAN13, kinds.EAN8, kinds.UPCA, kinds.UPCE)
    found = zxingcpp.read_barcodes(
        picture, zxingcpp.BarcodeFormats((*matrix, *lines) if everything else matrix)
    )
    ordered = sorted(found, key=lambda one: one.format not in matrix)
    return tuple(dict.fromkeys(one.text for one in ordered if one.text))


def _flat(picture: Image.Image) -> Image.Image:
    """Grey, on white where it was see-through."""
    from PIL import Image

    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        white = Image.new("RGBA", picture.size, "white")
        white.alpha_composite(picture)
        picture = white
    return picture.convert("L")

"""A picture of a coupon's QR, from a phone's camera or a file, to the text in it."""

from __future__ import annotations

import io
import threading
import warnings
from enum import StrEnum
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

_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP")
_one = threading.Lock()


class Unseen(StrEnum):
    """Why no text came out of a picture."""

    TOO_LARGE = "too_large"
    NO_PICTURE = "no_picture"
    NO_CODE = "no_code"


def read_picture(data: bytes) -> str | Unseen:
    """The text of the QR in a picture; of several, the one that is a coupon of ours. Hostile bytes are `Unseen`."""
    if len(data) > MOST_BYTES:
        return Unseen.TOO_LARGE
    # Late: two libraries that a till with a scanner never needs. One picture at a time, for the memory.
    import zxingcpp
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
        texts: list[str] = []
        wanted = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
        for edge in (_EDGE_PIXELS, _EDGE_PIXELS // 2):
            grey.thumbnail((edge, edge))
            texts = [found.text for found in zxingcpp.read_barcodes(grey, wanted)]
            if texts:
                break
    return next((text for text in texts if "SB1" in text.upper()), texts[0] if texts else Unseen.NO_CODE)


def _flat(picture: Image.Image) -> Image.Image:
    """Grey, on white where it was see-through."""
    from PIL import Image

    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        white = Image.new("RGBA", picture.size, "white")
        white.alpha_composite(picture)
        picture = white
    return picture.convert("L")

"""An uploaded picture becomes the one small picture that an offer shows, or a sentence that says why not.

What came is never kept and never sent on: it is decoded, turned upright, cropped to 4:3, and written anew as WebP without
any of its metadata (a phone writes into it where it was taken). Pillow is imported when the first picture comes.
"""

from __future__ import annotations

import base64
import contextlib
import io
import threading
from typing import TYPE_CHECKING

from hub.sentences import Said, said
from hub.store.records import PictureRecord
from hub.wire.snapshot import Picture, content_hash, section_body

if TYPE_CHECKING:
    from PIL.Image import Image

WIDTH, HEIGHT = 1200, 900
"""4:3, and sharp on a phone three times as dense as a desk's screen."""

SMALLEST_WIDTH, SMALLEST_HEIGHT = 320, 240
QUALITY = 80
MAX_UPLOAD_BYTES = 12 * 2**20
"""More than any phone's own picture in JPEG."""

MAX_PIXELS = 64_000_000
MAX_PIXELS_UNSCALED = 24_000_000
"""JPEG is made smaller while it is decoded; the others are decoded whole, and a Raspberry Pi has to hold that."""

KINDS = ("JPEG", "PNG", "WEBP", "GIF")

_one_at_a_time = threading.Lock()

_NOT_A_PICTURE = said(
    "This file is not a picture that can be read. Save it as JPEG, PNG or WebP and try again."
)
_BROKEN = said("This picture is damaged or not complete. Save it again and try once more.")


def prepare(upload: bytes, *, crop: bool = True) -> PictureRecord | Said:
    """The picture as it will be shown, under the hash that offers name it by; a sentence where it cannot be used.

    `crop` False: all of it in its own shape, no larger than what is shown: for plans. Any bytes may come in. At most one picture
    is worked on at a time, so that memory stays bounded.
    """
    if not upload:
        return said("The file is empty.")
    if len(upload) > MAX_UPLOAD_BYTES:
        return said("The file is too large: at most %(count)s MB.", count=MAX_UPLOAD_BYTES // 2**20)
    with _one_at_a_time:
        opened = _open(upload)
        if isinstance(opened, Said):
            return opened
        with opened:
            return _decode(opened, crop=crop)


def _open(upload: bytes) -> Image | Said:
    from PIL import Image, UnidentifiedImageError

    try:
        image = Image.open(io.BytesIO(upload), formats=KINDS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        return _too_many_pixels(MAX_PIXELS)
    except UnidentifiedImageError:
        return _NOT_A_PICTURE
    except Exception:  # noqa: BLE001 - decoders of hostile bytes raise whatever they like
        return _BROKEN
    allowed = MAX_PIXELS if image.format == "JPEG" else MAX_PIXELS_UNSCALED
    width, height = image.size
    if width * height > allowed:
        image.close()
        return _too_many_pixels(allowed)
    if min(width, height) < SMALLEST_HEIGHT or max(width, height) < SMALLEST_WIDTH:
        image.close()
        return said(
            "The picture is too small to look good: at least %(width)s by %(height)s pixels.",
            width=SMALLEST_WIDTH,
            height=SMALLEST_HEIGHT,
        )
    return image


def _too_many_pixels(allowed: int) -> Said:
    return said("The picture has too many pixels: at most %(count)s million.", count=allowed // 1_000_000)


def _decode(image: Image, *, crop: bool) -> PictureRecord | Said:
    from PIL import Image, ImageOps

    try:
        if image.format == "JPEG":
            image.draft("RGB", (2 * WIDTH, 2 * WIDTH))
        image.load()
        upright = ImageOps.exif_transpose(image)
        width, height = _box(*upright.size) if crop else _within(*upright.size)
        fitted = ImageOps.fit(_plain(upright), (width, height), Image.Resampling.LANCZOS)
        out = io.BytesIO()
        Image.frombytes("RGB", fitted.size, fitted.tobytes()).save(out, "WEBP", quality=QUALITY, method=4)
    except Exception:  # noqa: BLE001 - decoders of hostile bytes raise whatever they like
        return _BROKEN
    body = out.getvalue()
    section = Picture("image/webp", base64.b64encode(body).decode(), width, height)
    return PictureRecord(content_hash(section_body(section)), section.type, body, width, height)


def _box(width: int, height: int) -> tuple[int, int]:
    """The largest 4:3 that fits into the picture, and no larger than what is shown."""
    side = min(width / 4, height / 3, WIDTH / 4)
    return max(4, round(side * 4)), max(3, round(side * 3))


def _within(width: int, height: int) -> tuple[int, int]:
    """The same shape, no larger than what is shown; a strip of a picture keeps at least a pixel."""
    scale = min(1.0, WIDTH / width, WIDTH / height)
    return max(1, round(width * scale)), max(1, round(height * scale))


def _plain(image: Image) -> Image:
    """The picture in sRGB on white: no profile, no transparency, no palette."""
    from PIL import Image

    profile = image.info.get("icc_profile")
    if profile and image.mode in ("RGB", "CMYK", "L"):
        from PIL import ImageCms

        # A profile that is nonsense is no reason to refuse a good picture.
        with contextlib.suppress(ImageCms.PyCMSError, OSError, ValueError, TypeError):
            theirs = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            ours = ImageCms.createProfile("sRGB")
            turned = ImageCms.profileToProfile(image, theirs, ours, outputMode="RGB")
            if turned is not None:
                return turned
    if image.has_transparency_data:
        seen = image.convert("RGBA")
        ground = Image.new("RGBA", seen.size, "white")
        return Image.alpha_composite(ground, seen).convert("RGB")
    return image.convert("RGB")

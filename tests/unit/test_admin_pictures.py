"""Uploads: a safe small picture comes out, or a sentence that says why not."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from hub.pictures import HEIGHT, MAX_UPLOAD_BYTES, WIDTH, prepare
from hub.sentences import Said
from hub.store.records import PictureRecord


def encoded(image: Image.Image, kind: str = "JPEG", **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def prepared(upload: bytes) -> PictureRecord:
    found = prepare(upload)
    assert isinstance(found, PictureRecord), str(found)
    return found


def test_a_phones_picture_is_cropped_scaled_and_written_as_webp() -> None:
    picture = prepared(encoded(Image.new("RGB", (4000, 3600), "#c98a4b")))
    assert (picture.type, picture.width, picture.height) == ("image/webp", WIDTH, HEIGHT)
    with Image.open(io.BytesIO(picture.body)) as shown:
        assert shown.size == (WIDTH, HEIGHT)


def test_a_small_picture_is_not_blown_up() -> None:
    picture = prepared(encoded(Image.new("RGB", (500, 300), "#c98a4b"), "PNG"))
    assert (picture.width, picture.height) == (400, 300)


def test_a_picture_taken_sideways_is_turned_upright() -> None:
    image = Image.new("RGB", (800, 600), "blue")
    image.paste("red", (0, 0, 800, 300))
    exif = Image.Exif()
    exif[0x0112] = 3
    with Image.open(io.BytesIO(prepared(encoded(image, exif=exif)).body)) as shown:
        red, _, blue = shown.convert("RGB").getpixel((400, 30))  # type: ignore[misc]
    assert blue > 200 > red


def test_where_it_was_taken_is_wiped() -> None:
    exif = Image.Exif()
    exif[0x010E] = "Hinterhof 7"
    exif.get_ifd(0x8825)[1] = "N"
    body = prepared(encoded(Image.new("RGB", (800, 600)), exif=exif, comment=b"Hinterhof 7")).body
    assert b"Hinterhof" not in body
    with Image.open(io.BytesIO(body)) as shown:
        assert not shown.getexif()


def test_what_is_transparent_becomes_white() -> None:
    with Image.open(io.BytesIO(prepared(encoded(Image.new("RGBA", (800, 600)), "PNG")).body)) as shown:
        assert min(shown.convert("RGB").getpixel((9, 9))) > 250  # type: ignore[type-var,arg-type]


@pytest.mark.parametrize("mode", ["L", "1", "P", "CMYK", "I;16", "LA"])
def test_every_kind_of_pixel_is_understood(mode: str) -> None:
    kind = "JPEG" if mode == "CMYK" else "PNG"
    assert prepared(encoded(Image.new(mode, (400, 300)), kind)).width == 400


def test_the_same_picture_has_the_same_hash() -> None:
    upload = encoded(Image.new("RGB", (640, 480), "#446688"))
    assert prepared(upload).hash == prepared(upload).hash


def png_that_claims(width: int, height: int) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0" * 10_000)) + chunk(b"IEND", b"")


WHOLE = encoded(Image.effect_noise((800, 600), 90).convert("RGB"))


@pytest.mark.parametrize(
    ("upload", "word"),
    [
        (b"", "empty"),
        (b"hello", "not a picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "not a picture"),
        (b"%PDF-1.7 " * 40, "not a picture"),
        (encoded(Image.new("RGB", (400, 300)), "BMP"), "not a picture"),
        (WHOLE[: len(WHOLE) // 2], "damaged"),
        (png_that_claims(1_000, 1_000), "damaged"),
        (png_that_claims(30_000, 30_000), "too many pixels"),
        (png_that_claims(6_000, 6_000), "too many pixels"),
        (encoded(Image.new("RGB", (40, 30))), "too small"),
        (b"\xff\xd8\xff" + b"\0" * MAX_UPLOAD_BYTES, "too large"),
    ],
)
def test_a_hostile_or_useless_file_gets_a_sentence(upload: bytes, word: str) -> None:
    answer = prepare(upload)
    assert isinstance(answer, Said)
    assert word in str(answer)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, len(WHOLE) - 1), st.binary(min_size=1, max_size=30))
def test_any_damage_gives_a_picture_or_a_sentence(place: int, rubbish: bytes) -> None:
    answer = prepare(WHOLE[:place] + rubbish + WHOLE[place + len(rubbish) :])
    assert isinstance(answer, Said | PictureRecord)

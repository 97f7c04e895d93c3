"""The QR of a coupon."""

from __future__ import annotations

import io
import re

import zxingcpp
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from hub.storefront.qr import QUIET_MODULES, qr_png, qr_svg
from hub.wire.coupon import Coupon, mint_token, read_token

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


def _token(serial: int) -> str:
    return mint_token(KEY, Coupon(1, 7, 42, f"{serial:016x}", 1_800_000_000))


def _drawn(svg: str, scale: int = 4) -> Image.Image:
    """A small renderer of its own for the strokes, so that the drawing is checked and not only the encoder."""
    found = re.search(r'viewBox="0 0 (\d+) \1"', svg)
    assert found
    side = int(found[1])
    image = Image.new("L", (side, side), 255)
    path = re.search(r' d="([^"]+)"', svg)
    assert path
    x = y = 0
    for command, numbers in re.findall(r"([Mmh])([-\d. ]+)", path[1]):
        values = [float(number) for number in numbers.split()]
        if command == "M":
            x, y = int(values[0]), int(values[1])
        elif command == "m":
            x += int(values[0])
        else:
            for step in range(int(values[0])):
                image.putpixel((x + step, y), 0)
            x += int(values[0])
    return image.resize((side * scale, side * scale), Image.Resampling.NEAREST)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**64 - 1))
def test_the_drawing_of_any_coupon_reads_back_as_its_token(serial: int) -> None:
    token = _token(serial)
    (read,) = zxingcpp.read_barcodes(_drawn(qr_svg(token, "x")))
    assert read.text == token
    assert read_token(read.text) is not None


def test_a_coupon_is_version_six_at_level_m_with_a_quiet_zone_of_four() -> None:
    svg = qr_svg(_token(5), "QR")
    assert 'viewBox="0 0 49 49"' in svg
    (read,) = zxingcpp.read_barcodes(_drawn(svg))
    assert read.ec_level == "M"
    picture = _drawn(svg, 1)
    assert picture.crop((0, 0, 49, QUIET_MODULES)).getextrema() == (255, 255)
    assert picture.crop((0, 0, QUIET_MODULES, 49)).getextrema() == (255, 255)


def test_the_picture_reads_back_and_is_small() -> None:
    token = _token(9)
    picture = qr_png(token)
    image = Image.open(io.BytesIO(picture))
    assert (image.mode, image.size) == ("1", (588, 588))
    assert len(picture) < 4_000
    (read,) = zxingcpp.read_barcodes(image.convert("L"))
    assert read.text == token


def test_a_label_cannot_break_out_of_the_drawing() -> None:
    assert '"><script>' not in qr_svg("A", '"><script>')

"""The first shop's pictures, drawn here with Pillow: flat shapes in warm colours, 4:3, no text and so no language."""

from __future__ import annotations

import io
import math
from collections.abc import Callable

from PIL import Image, ImageDraw, ImageFilter

WIDTH, HEIGHT = 1200, 900
_SCALE = 2
"""Drawn twice as large and brought down: Pillow's own edges are not smooth."""

Draw = ImageDraw.ImageDraw
Box = tuple[float, float, float, float]


def _sized(box: Box) -> Box:
    left, top, right, bottom = box
    return left * _SCALE, top * _SCALE, right * _SCALE, bottom * _SCALE


def _ground(top: str, bottom: str, table: str) -> Image.Image:
    """A wall with light from above, and a table."""
    wall = Image.new("RGB", (1, 2))
    wall.putpixel((0, 0), _rgb(top))
    wall.putpixel((0, 1), _rgb(bottom))
    picture = wall.resize((WIDTH * _SCALE, HEIGHT * _SCALE), Image.Resampling.BICUBIC)
    pen = ImageDraw.Draw(picture)
    pen.rectangle(_sized((0, 650, WIDTH, HEIGHT)), fill=table)
    return picture


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _shadow(picture: Image.Image, box: Box, strength: int = 70) -> None:
    """A soft shadow on the table beneath a thing."""
    veil = Image.new("L", picture.size, 0)
    ImageDraw.Draw(veil).ellipse(_sized(box), fill=strength)
    veil = veil.filter(ImageFilter.GaussianBlur(14 * _SCALE))
    picture.paste(Image.new("RGB", picture.size, "#3A2416"), (0, 0), veil)


def _steam(picture: Image.Image, x: float, top: float, bottom: float) -> None:
    veil = Image.new("L", picture.size, 0)
    pen = ImageDraw.Draw(veil)
    for step in range(120):
        share = step / 119
        y = bottom + (top - bottom) * share
        sway = math.sin(share * 2.2 * math.pi) * 26 * (0.4 + share)
        size = 12 + 12 * share
        light = int(150 * math.sin(math.pi * min(1.0, share * 0.92 + 0.08)))
        pen.ellipse(_sized((x + sway - size, y - size, x + sway + size, y + size)), fill=light)
    veil = veil.filter(ImageFilter.GaussianBlur(9 * _SCALE))
    picture.paste(Image.new("RGB", picture.size, "#FFFDF8"), (0, 0), veil)


def coffee() -> Image.Image:
    """A cup on its saucer, with steam."""
    picture = _ground("#F7E3C8", "#EFC79B", "#C98A55")
    _shadow(picture, (330, 690, 900, 790))
    pen = ImageDraw.Draw(picture)
    pen.ellipse(_sized((330, 655, 870, 755)), fill="#E9DFD3")
    pen.ellipse(_sized((330, 645, 870, 740)), fill="#FFFBF5")
    pen.ellipse(_sized((440, 668, 760, 716)), fill="#E6DACB")
    pen.ellipse(_sized((725, 430, 900, 610)), fill="#FFFBF5")
    pen.ellipse(_sized((770, 472, 858, 568)), fill="#F1CFA6")
    pen.rectangle(_sized((400, 400, 800, 520)), fill="#FFFBF5")
    pen.pieslice(_sized((400, 330, 800, 700)), 0, 180, fill="#FFFBF5")
    pen.pieslice(_sized((610, 330, 800, 700)), 0, 92, fill="#F1E6D8")
    pen.rectangle(_sized((705, 400, 800, 516)), fill="#F1E6D8")
    pen.ellipse(_sized((400, 345, 800, 455)), fill="#EADFD1")
    pen.ellipse(_sized((418, 356, 782, 446)), fill="#6B3A1E")
    pen.ellipse(_sized((440, 368, 760, 440)), fill="#8A4F2A")
    pen.ellipse(_sized((535, 376, 600, 412)), fill="#F3DCBE")
    pen.ellipse(_sized((592, 376, 657, 412)), fill="#F3DCBE")
    pen.polygon([(x * _SCALE, y * _SCALE) for x, y in ((539, 400), (653, 400), (596, 434))], fill="#F3DCBE")
    for x, top in ((520, 130), (606, 80), (690, 150)):
        _steam(picture, x, top, 345)
    return picture


def bread() -> Image.Image:
    """A round loaf on a board, with a cut slice before it."""
    picture = _ground("#FBEFD9", "#F2D4A2", "#B98046")
    _shadow(picture, (180, 690, 1040, 810))
    pen = ImageDraw.Draw(picture)
    pen.rounded_rectangle(_sized((190, 690, 1010, 745)), 26 * _SCALE, fill="#8A5A2E")
    pen.rounded_rectangle(_sized((190, 678, 1010, 728)), 24 * _SCALE, fill="#A06C3B")
    pen.pieslice(_sized((270, 270, 870, 1090)), 180, 360, fill="#B8682B")
    pen.pieslice(_sized((290, 282, 850, 1078)), 180, 360, fill="#CF8440")
    pen.pieslice(_sized((310, 300, 790, 1060)), 180, 360, fill="#DB9A57")
    for middle, lean in ((430, -26), (560, 0), (690, 26)):
        shape = [(middle - 22 + lean, 385), (middle + 22 + lean, 385), (middle + 44, 560), (middle - 8, 560)]
        pen.polygon([(x * _SCALE, y * _SCALE) for x, y in shape], fill="#F6DDB2")
        pen.line(
            [(x * _SCALE, y * _SCALE) for x, y in (shape[0], shape[3])], fill="#9C5420", width=7 * _SCALE
        )
    pen.rounded_rectangle(_sized((690, 470, 990, 700)), 96 * _SCALE, fill="#A95C24")
    pen.rounded_rectangle(_sized((708, 488, 972, 692)), 82 * _SCALE, fill="#F8E3BC")
    for place in range(46):
        x = 735 + (place * 83) % 215
        y = 512 + (place * 47) % 150
        size = 3 + (place * 7) % 8
        pen.ellipse(_sized((x, y, x + size * 1.6, y + size)), fill="#E7C48D")
    for place in range(70):
        x = 320 + (place * 137) % 470
        y = 600 + (place * 53) % 66
        pen.ellipse(_sized((x, y, x + 6, y + 3)), fill="#F3DFC0")
    return picture


def books() -> Image.Image:
    """Books that lie and stand, and a plant beside them."""
    picture = _ground("#E6EEE8", "#C3D6C9", "#8C6A4A")
    _shadow(picture, (220, 690, 1010, 780))
    pen = ImageDraw.Draw(picture)
    lying = (("#B4541A", 300, 640, 690), ("#2F5D62", 330, 590, 660), ("#E3B341", 290, 545, 640))
    for colour, left, top, right in lying:
        pen.rounded_rectangle(_sized((left, top, right, top + 48)), 10 * _SCALE, fill=colour)
        pen.rectangle(_sized((left + 26, top + 9, right - 4, top + 39)), fill="#FBF6EC")
        for line in range(3):
            y = top + 16 + line * 8
            pen.line(_sized((left + 30, y, right - 6, y)), fill="#E0D6C5", width=2 * _SCALE)
        pen.rounded_rectangle(_sized((left, top, left + 34, top + 48)), 10 * _SCALE, fill=colour)
    standing = (
        ("#7A2E3A", 720, 330, 62),
        ("#1F5FA8", 786, 290, 54),
        ("#F3EFEA", 844, 350, 70),
        ("#1B7F4B", 918, 310, 58),
    )
    for colour, left, top, width in standing:
        pen.rounded_rectangle(_sized((left, top, left + width, 688)), 8 * _SCALE, fill=colour)
        band = "#B4541A" if colour == "#F3EFEA" else "#F6E3C0"
        pen.rectangle(_sized((left, top + 40, left + width, top + 52)), fill=band)
        pen.rectangle(_sized((left, 630, left + width, 640)), fill=band)
    _plant(pen)
    return picture


def _plant(pen: Draw) -> None:
    """A pot on the lying books."""
    for angle in (-62, -36, -12, 14, 40, 64):
        lean = math.radians(angle)
        tip = (470 + 190 * math.sin(lean), 440 - 190 * math.cos(lean))
        side = (34 * math.cos(lean), 34 * math.sin(lean))
        middle = ((470 + tip[0]) / 2, (440 + tip[1]) / 2)
        leaf = [
            (470, 450),
            (middle[0] - side[0], middle[1] - side[1]),
            tip,
            (middle[0] + side[0], middle[1] + side[1]),
        ]
        pen.polygon([(x * _SCALE, y * _SCALE) for x, y in leaf], fill="#2E7D55" if angle % 4 else "#3F9468")
        pen.line(
            [(470 * _SCALE, 450 * _SCALE), (tip[0] * _SCALE, tip[1] * _SCALE)],
            fill="#1F5E3F",
            width=3 * _SCALE,
        )
    pot = [(400, 440), (540, 440), (520, 545), (420, 545)]
    pen.polygon([(x * _SCALE, y * _SCALE) for x, y in pot], fill="#D0764A")
    pen.rounded_rectangle(_sized((390, 428, 550, 462)), 8 * _SCALE, fill="#E08A5C")


PICTURES: dict[str, Callable[[], Image.Image]] = {"coffee": coffee, "bread": bread, "books": books}


def draw(name: str) -> bytes:
    """One of the pictures as WebP, some 20 kB."""
    whole = PICTURES[name]().resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)
    body = io.BytesIO()
    whole.save(body, "WEBP", quality=86, method=4)
    return body.getvalue()

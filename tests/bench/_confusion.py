"""Confusion matrices as pictures: what was said (across) of what was true (down), as SVG for a page and as PNG."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

import msgspec
from PIL import Image, ImageDraw, ImageFont

GROUND, SURFACE, LINE, TEXT, QUIET, BELL = "#FAF8F5", "#FFFFFF", "#E6E1DA", "#1E1B18", "#5E574F", "#B4541A"
CELL, LEFT, TOP, GAP, MARGIN = 92, 130, 96, 44, 28
PNG_SCALE = 2
DARK_FROM = 0.8
"""From here on white stands out from the shade better than black does."""


class Matrix(msgspec.Struct, frozen=True):
    """One matrix: `counts[truth][said]`."""

    title: str
    under: str
    zones: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]


class _Text(msgspec.Struct, frozen=True):
    x: float
    y: float
    text: str
    size: int
    colour: str
    anchor: str = "middle"


class _Box(msgspec.Struct, frozen=True):
    x: float
    y: float
    width: float
    height: float
    fill: str


def draw(title: str, note: str, matrices: Sequence[Matrix], path: Path) -> None:
    """Write PATH.svg and PATH.png."""
    columns = min(2, len(matrices))
    wide = LEFT + CELL * len(matrices[0].zones)
    high = TOP + CELL * len(matrices[0].zones)
    rows = (len(matrices) + columns - 1) // columns
    width = 2 * MARGIN + columns * wide + (columns - 1) * GAP
    height = 84 + rows * high + (rows - 1) * GAP + 2 * MARGIN
    shapes: list[_Text | _Box] = [
        _Box(0, 0, width, height, GROUND),
        _Text(MARGIN, 44, title, 22, TEXT, "start"),
        _Text(MARGIN, 72, note, 14, QUIET, "start"),
    ]
    for number, matrix in enumerate(matrices):
        x = MARGIN + (number % columns) * (wide + GAP)
        y = 84 + MARGIN + (number // columns) * (high + GAP)
        shapes += _matrix(matrix, x, y)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.with_suffix(".svg").write_text(_svg(shapes, width, height), encoding="utf-8")
    _png(shapes, width, height).save(path.with_suffix(".png"))


def _matrix(matrix: Matrix, x: float, y: float) -> list[_Text | _Box]:
    shapes: list[_Text | _Box] = [
        _Text(x, y + 18, matrix.title, 17, TEXT, "start"),
        _Text(x, y + 40, matrix.under, 13, QUIET, "start"),
        _Text(x, y + TOP - 14, "true / said", 12, QUIET, "start"),
    ]
    for column, zone in enumerate(matrix.zones):
        shapes.append(_Text(x + LEFT + (column + 0.5) * CELL, y + TOP - 14, _short(zone), 12, QUIET))
    for row, counts in enumerate(matrix.counts):
        middle = y + TOP + (row + 0.5) * CELL
        shapes.append(_Text(x + LEFT - 12, middle + 4, _short(matrix.zones[row]), 12, QUIET, "end"))
        for column, count in enumerate(counts):
            share = count / max(1, sum(counts))
            left, top = x + LEFT + column * CELL, y + TOP + row * CELL
            colour = SURFACE if share > DARK_FROM else TEXT
            shapes.append(_Box(left + 1, top + 1, CELL - 2, CELL - 2, _shade(share)))
            if not any(counts):
                shapes.append(_Text(left + CELL / 2, middle + 5, "never true", 12, QUIET))
                continue
            shapes.append(_Text(left + CELL / 2, middle + 2, f"{share:.0%}", 18, colour))
            shapes.append(_Text(left + CELL / 2, middle + 22, f"{count:,}", 12, colour))
    return shapes


def _short(zone: str) -> str:
    return zone.removeprefix("IN_").replace("_", " ").capitalize()


def _shade(share: float) -> str:
    """From the surface to the bell's colour."""
    pairs = zip(_rgb(SURFACE), _rgb(BELL), strict=True)
    return "#" + "".join(f"{round(low + (high - low) * share):02X}" for low, high in pairs)


def _rgb(colour: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(colour[1:]))


def _svg(shapes: Sequence[_Text | _Box], width: float, height: float) -> str:
    lines = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
            f'width="{width:g}" height="{height:g}" font-family="system-ui, sans-serif">'
        )
    ]
    for one in shapes:
        if isinstance(one, _Box):
            lines.append(
                f'<rect x="{one.x:g}" y="{one.y:g}" width="{one.width:g}" height="{one.height:g}" fill="{one.fill}"/>'
            )
        else:
            lines.append(
                f'<text x="{one.x:g}" y="{one.y:g}" font-size="{one.size}" fill="{one.colour}" '
                f'text-anchor="{one.anchor}">{escape(one.text)}</text>'
            )
    return "\n".join([*lines, "</svg>", ""])


def _png(shapes: Sequence[_Text | _Box], width: float, height: float) -> Image.Image:
    image = Image.new("RGB", (round(width * PNG_SCALE), round(height * PNG_SCALE)), GROUND)
    pen = ImageDraw.Draw(image)
    anchors = {"start": "ls", "middle": "ms", "end": "rs"}
    for one in shapes:
        x, y = one.x * PNG_SCALE, one.y * PNG_SCALE
        if isinstance(one, _Box):
            pen.rectangle((x, y, x + one.width * PNG_SCALE - 1, y + one.height * PNG_SCALE - 1), one.fill)
        else:
            font = ImageFont.load_default(one.size * PNG_SCALE)
            pen.text((x, y), one.text, one.colour, font, anchors[one.anchor])
    return image

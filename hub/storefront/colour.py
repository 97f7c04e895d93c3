"""Colours and their contrast: which accent a shop's own colour gives.

Pure. `hub.storefront.style` asks it for every shop; the tests hold the tokens to it. Formulas: WCAG 2.2, "relative luminance"
and "contrast ratio".
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

TEXT_CONTRAST = 4.5
SHAPE_CONTRAST = 3.0
WHITE, INK, BLACK = "#FFFFFF", "#1E1B18", "#000000"

SHADE_STEPS = 10
"""A shop's colour may be shaded by up to this many steps of 4 %; beyond that it is no longer the shop's colour."""

_HEX = re.compile(r"#?([0-9a-fA-F]{6})")


@dataclass(frozen=True, slots=True)
class Accent:
    """The colour of links and buttons, and of the words upon it."""

    colour: str
    on: str


def read_colour(text: str | None) -> str | None:
    """A colour as `#RRGGBB`; None where the text is none."""
    found = _HEX.fullmatch(text.strip()) if text else None
    return f"#{found[1].upper()}" if found else None


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def luminance(colour: str) -> float:
    """Relative luminance from 0 (black) to 1 (white)."""
    linear = [
        part / 255 / 12.92 if part / 255 <= 0.04045 else ((part / 255 + 0.055) / 1.055) ** 2.4
        for part in _channels(colour)
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Contrast ratio from 1 to 21."""
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def mix(colour: str, other: str, share: float) -> str:
    """`colour` with this share (0 to 1) of `other` in it."""
    pairs = zip(_channels(colour), _channels(other), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02X}" for a, b in pairs)


def accent_for(own: str | None, behind: Iterable[str], *, dark: bool) -> Accent | None:
    """The accent that a shop's own colour gives on these grounds; None where no near shade of it can be read there."""
    colour = read_colour(own)
    if colour is None:
        return None
    grounds = tuple(behind)
    for step in range(SHADE_STEPS + 1):
        shade = mix(colour, WHITE if dark else BLACK, step * 0.04)
        on = max((WHITE, INK), key=lambda words: contrast(words, shade))
        if contrast(on, shade) >= TEXT_CONTRAST and all(
            contrast(shade, each) >= TEXT_CONTRAST for each in grounds
        ):
            return Accent(shade, on)
    return None

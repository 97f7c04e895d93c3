"""What can stand on a receipt, from top to bottom.

Pure. Programs put a `Page` together; `hardware.printer.painting` draws it as wide as the paper is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Size = Literal["small", "normal", "large"]
Align = Literal["left", "center"]


@dataclass(frozen=True, slots=True)
class Words:
    """A paragraph; too long a line goes on below."""

    text: str
    size: Size = "normal"
    bold: bool = False
    align: Align = "left"


@dataclass(frozen=True, slots=True)
class Pair:
    """A word at the left and what belongs to it at the right."""

    left: str
    right: str
    bold: bool = False


@dataclass(frozen=True, slots=True)
class Banner:
    """White on black, across the paper: nobody may overlook it."""

    text: str


@dataclass(frozen=True, slots=True)
class Code:
    """A QR code in the middle, as large as the paper allows and no larger than a coupon needs; error correction level M."""

    text: str


@dataclass(frozen=True, slots=True)
class Rule:
    """A line across."""


@dataclass(frozen=True, slots=True)
class Space:
    """So many millimetres of nothing."""

    mm: float = 3.0


Block = Words | Pair | Banner | Code | Rule | Space


@dataclass(frozen=True, slots=True)
class Page:
    """One piece of paper, cut off at its end."""

    blocks: tuple[Block, ...]

    def text(self) -> str:
        """Everything that is to be read on it."""
        said = []
        for block in self.blocks:
            match block:
                case Words(text=text) | Banner(text=text):
                    said.append(text)
                case Pair(left=left, right=right):
                    said += [left, right]
        return "\n".join(said)

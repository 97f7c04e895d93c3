"""A note on the chart, as the store hands it out.

Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class ChartNote:
    """What somebody of the office wrote beside days of the shop, both included. `at`: seconds of UTC."""

    number: int
    first: date
    last: date
    text: str
    who: str
    at: float

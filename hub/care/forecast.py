"""When a member is likely to need something again, from the days on which they bought.

Pure. The median of the gaps between their latest purchases, counted from the last one. Whose gaps differ too much has no
forecast: a guess would be worse than none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

LEAST_GAPS = 2
LATEST_GAPS = 8
MOST_SPREAD = 0.5
"""Of the median: half the gaps lie within so much of it, or nothing is told."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """The day (`date.toordinal()`) on which they are likely to buy again, and by how many days half of their gaps differ from the
    middle one at most."""

    day: int
    spread: float


def next_use(days: Sequence[int]) -> Forecast | None:
    """From days on which they bought, in order, each once."""
    gaps = [after - before for before, after in pairwise(days)][-LATEST_GAPS:]
    if len(gaps) < LEAST_GAPS:
        return None
    middle = median(gaps)
    spread = median(abs(gap - middle) for gap in gaps)
    if spread > MOST_SPREAD * middle:
        return None
    return Forecast(days[-1] + round(middle), spread)

"""RFM: five grades each for how lately, how often, and for how much; the plainest thing that can be said of members.

Pure. Grades are by quantiles of the members at hand: 5 is the best fifth. Who is equal has the same grade.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence

GRADES = 5


def grade(value: float, ordered: Sequence[float], *, most_is_best: bool = True) -> int:
    """The grade of one value among all of them in order (one at least), 1 to 5, by the middle of the places that equal values
    share."""
    place = (bisect_left(ordered, value) + bisect_right(ordered, value)) / 2 / len(ordered)
    if not most_is_best:
        place = 1 - place
    # A value in the middle of its fifth is in it, whichever way one counts.
    return min(GRADES, max(1, math.ceil(place * GRADES - 1e-9)))


def grades(values: Sequence[float], *, most_is_best: bool = True) -> list[int]:
    """For each value its grade among all of them."""
    ordered = sorted(values)
    return [grade(value, ordered, most_is_best=most_is_best) for value in values]

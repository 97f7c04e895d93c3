"""RFM: five grades each for how lately, how often, and for how much; the plainest thing that can be said of members.

Pure. Grades are by quantiles of the members at hand: 5 is the best fifth. Who is equal has the same grade.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence

GRADES = 5


def grades(values: Sequence[float], *, most_is_best: bool = True) -> list[int]:
    """For each value its grade, 1 to 5, by the middle of the places that equal values share."""
    ordered = sorted(values)
    out = []
    for value in values:
        below, upto = bisect_left(ordered, value), bisect_right(ordered, value)
        place = (below + upto) / 2 / len(ordered)
        if not most_is_best:
            place = 1 - place
        # A value in the middle of its fifth is in it, whichever way one counts.
        out.append(min(GRADES, max(1, math.ceil(place * GRADES - 1e-9))))
    return out

"""What the store hands out about what members are worth. Pure. Ids of members are opaque."""

from __future__ import annotations

from typing import NamedTuple


class WorthRow(NamedTuple):
    """One member as of the morning of the day `as_of` (`date.toordinal()`).

    `alive`, `loss`: chances (still coming; staying away for 90 days). `expected`: visits within the horizon, `value_cents`:
    money, None where nothing is known of it. Grades are 1 to 5, 5 the best; `money` 0 where it is not known.
    """

    member: str
    alive: float
    loss: float
    expected: float
    value_cents: int | None
    as_of: int
    recency: int
    frequency: int
    money: int

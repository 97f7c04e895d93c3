"""How much a member may be sent at most: caps over everything that a shop sends of its own accord.

Pure. A cap counts by the shop's own days: "1 on one day", "3 within 7 days" (today and the six days before). Answers to what a
member asked, and codes that they need, are not counted and are not held up.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated

import msgspec
from msgspec import Meta

from hub.care.localtime import day_of, reached

MOST_DAYS = 92


class Cap(msgspec.Struct, frozen=True):
    """At most so many messages within so many days of the shop, the last of which is today."""

    messages: Annotated[int, Meta(ge=1, le=50)]
    days: Annotated[int, Meta(ge=1, le=MOST_DAYS)]


USUAL = (Cap(1, 1), Cap(3, 7))
"""Until a manager says otherwise."""


def room_at(caps: Sequence[Cap], timezone: str, sent: Sequence[float], now: float) -> float:
    """The first moment from `now` on at which one more message keeps every cap, if nothing else is sent until then. `sent`: when
    messages went to this member (seconds of UTC), in any order; those of the last `MOST_DAYS` days are enough."""
    days = sorted(day_of(timezone, at) for at in sent)
    today = day_of(timezone, now)
    free = today
    for cap in caps:
        if len(days) >= cap.messages:
            # When the latest but so many has left the window, there is room for one again.
            free = max(free, days[-cap.messages] + timedelta(days=cap.days))
    return now if free <= today else reached(timezone, free, 0)

"""How many a definition would mean, and some of them, while it is being written: exactly for a shop, from a sample for a million.

Ids of members are random, so a stretch of them is a fair sample. The same definition always takes the same stretch: its number
does not flicker, and asking again tells nothing new.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from hub.segments.definition import Definition, write_definition
from hub.segments.judging import judge
from hub.segments.loading import NO_BIRTHDAYS, Birthdays, portraits, wanted
from hub.segments.portrait import Portrait
from hub.segments.refreshing import today_of
from hub.store.base import Store
from hub.value.calibration import wilson

EXACT_UP_TO = 5_000
SAMPLE = 3_000
AT_ONCE = 500
SHOWN = 5


@dataclass(frozen=True, slots=True)
class Preview:
    """`size`: how many, at least `low` and at most `high` (nineteen times in twenty where it is estimated). `judged` of `members`
    were looked at. `some`: a few of those that are meant."""

    size: int
    low: int
    high: int
    judged: int
    members: int
    some: tuple[Portrait, ...]

    @property
    def is_exact(self) -> bool:
        """Whether everybody was looked at."""
        return self.judged >= self.members


def preview(
    store: Store,
    definition: Definition,
    now: float,
    *,
    number: int = 0,
    born: Birthdays = NO_BIRTHDAYS,
    exact_up_to: int = EXACT_UP_TO,
    sample: int = SAMPLE,
) -> Preview:
    """Who is meant by a definition now. `number`: the segment whose list it asks for, 0 for a new one."""
    members = store.portraits.count()
    everybody = members <= exact_up_to
    after = "" if everybody else hashlib.sha256(write_definition(definition).encode()).hexdigest()[:32]
    today = today_of(store, now)
    # What people see of some of them is read, too.
    want = wanted([definition], today)
    want = type(want)(want.parts | {"days"}, want.since)
    meant: list[Portrait] = []
    judged, around = 0, False
    while everybody or judged < sample:
        ids = store.portraits.after(after, AT_ONCE if everybody else min(AT_ONCE, sample - judged))
        if not ids:
            if everybody or around:
                break
            # Beyond the last id the first one follows.
            after, around = "", True
            continue
        found = portraits(store, ids, want, born)
        meant += [found[one] for one in ids if judge(definition, number, found[one], today).holds]
        judged, after = judged + len(ids), ids[-1]
    low, high = (len(meant), len(meant)) if everybody else _band(len(meant), judged, members)
    size = len(meant) if everybody else round(len(meant) * members / judged) if judged else 0
    return Preview(size, low, high, members if everybody else judged, members, tuple(meant[:SHOWN]))


def _band(meant: int, judged: int, members: int) -> tuple[int, int]:
    low, high = wilson(meant, judged) if judged else (0.0, 1.0)
    return max(meant, int(low * members)), min(members, int(high * members) + 1)

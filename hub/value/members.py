"""The shop's own members: the days on which they came, and how right the loss score was the last time.

Pure. From the days on which members came (`member_day`), by opaque ids; a day with a visit, a purchase or a redemption is a
day on which somebody came. Money is in hundredths of the shop's currency.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from hub.store.member_records import MemberDay
from hub.value.calibration import Part, area, tenths
from hub.value.choosing import Words
from hub.value.habits import habit_of
from hub.value.loss import AWAY_DAYS, left_out, stayed_away


@dataclass(frozen=True, slots=True)
class Came:
    """Everybody's days in order, and what they paid on each."""

    days: Mapping[str, Sequence[int]]
    cents: Mapping[str, Sequence[int]]


@dataclass(frozen=True, slots=True)
class Trial:
    """What was predicted 90 days ago against what has happened since, for members whom the model had not seen. `why`: what
    it was learnt from; `area`: under the curve; `lately`: that of days since the last visit, which needs no learning."""

    day: int
    members: int
    predicted: float
    lost: int
    area: float
    lately: float
    parts: Sequence[Part]


def came(rows: Iterable[MemberDay]) -> Came:
    """Put in order by member."""
    found: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for row in rows:
        if row.visits > 0 or row.purchases > 0 or row.redemptions > 0:
            found[row.member].append((row.day, row.cents))
    for of_one in found.values():
        of_one.sort()
    return Came(
        {name: [day for day, _ in of_one] for name, of_one in found.items()},
        {name: [cents for _, cents in of_one] for name, of_one in found.items()},
    )


def try_out(seen: Came, today: int) -> Trial | Words:
    """How right the score would have been 90 days ago, learnt from what was known then."""
    day = today - AWAY_DAYS
    told = dict(left_out(seen.days, day, day - AWAY_DAYS, day))
    if not told:
        return {
            "en": f"Nobody was a member {AWAY_DAYS} days ago, so there is nothing yet to compare.",
            "zh": f"{AWAY_DAYS} 天前还没有会员，暂无可比较的数据。",
        }
    names = sorted(told)
    chances = [told[name] for name in names]
    outcomes = [stayed_away(seen.days[name], day) for name in names]
    lately = [habit.away for name in names if (habit := habit_of(seen.days[name], day))]
    return Trial(
        day,
        len(names),
        sum(chances),
        sum(outcomes),
        area(chances, outcomes),
        area(lately, outcomes),
        tenths(chances, outcomes),
    )

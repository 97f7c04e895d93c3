"""What each member is worth: chance to be still coming, visits and money to be expected, grades.

Pure. One pass over members whose histories were read; `hub.value.choosing` says which model speaks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hub.value.choosing import MoneySpeaker, Speaker, choose, choose_money
from hub.value.reading import Row
from hub.value.rfm import grades


@dataclass(frozen=True, slots=True)
class Worth:
    """One member. `spend`: what a coming visit is worth, None where nothing is known of money. Grades are 1 to 5, 5 the best;
    `money` is 0 where it is not known."""

    customer_id: str
    p_alive: float
    visits: float
    spend: float | None
    recency: int
    frequency: int
    money: int

    @property
    def value(self) -> float | None:
        """What they will spend within the horizon."""
        return None if self.spend is None else self.visits * self.spend


@dataclass(frozen=True, slots=True)
class Members:
    """All of them, with who speaks."""

    rows: Sequence[Row]
    visits: Speaker
    money: MoneySpeaker | None

    def worths(self, horizon: float) -> Iterator[Worth]:
        """One for each row, in the order of the rows."""
        lately = grades([row.history.age - row.history.recency for row in self.rows], most_is_best=False)
        often = grades([row.history.frequency for row in self.rows])
        much = grades([row.spent or 0.0 for row in self.rows]) if self.money else [0] * len(self.rows)
        forecast = self.visits.model.forecast((row.history for row in self.rows), horizon)
        for row, (alive, visits), r, f, m in zip(self.rows, forecast, lately, often, much, strict=True):
            spend = None
            if self.money:
                known = 0 if row.spent is None else row.history.frequency
                spend = self.money.model.expected(known, row.spent or 0.0)
            yield Worth(row.customer_id, alive, visits, spend, r, f, m)


def members_of(rows: Sequence[Row]) -> Members:
    """Fit what can be fitted."""
    spent = [(row.history.frequency, row.spent) for row in rows if row.spent is not None]
    return Members(rows, choose([row.history for row in rows]), choose_money(spent))

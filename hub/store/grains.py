"""Which sums are kept of which facts, how finely, and which of them answers a question with the fewest rows.

Pure. A family of figures has one base, by quarter of an hour with everything that it may be cut by, and coarser grains beside it
by the shop's days and hours. `rollups_schema` makes the tables, `rolling` keeps them, `rollups` reads them.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

HOURLY = frozenset(("hour", "weekhour"))
TIMES = HOURLY | {"day", "week", "weekday"}


@dataclass(frozen=True, slots=True)
class Grain:
    """One table. `dims`: by what it is cut, beside the time. `lead`: the one that comes before the time in its key."""

    table: str
    dims: tuple[str, ...]
    hourly: bool
    lead: str = ""

    @property
    def key(self) -> tuple[str, ...]:
        """Its primary key behind the shop."""
        times = ("day", "hour") if self.hourly else ("day",)
        rest = tuple(name for name in self.dims if name != self.lead)
        return ((self.lead,) if self.lead else ()) + times + rest + ("simulated",)


@dataclass(frozen=True, slots=True)
class Family:
    """`dims`: by what it may be cut. `greatest`: of these measures the greatest stands, all others are added up.

    `own_base`: the base is kept together with the grains; else somebody else writes it (`hub.summing`).
    """

    name: str
    base: str
    dims: tuple[str, ...]
    measures: tuple[str, ...]
    grains: tuple[Grain, ...]
    greatest: frozenset[str] = frozenset()
    own_base: bool = False

    @property
    def base_key(self) -> tuple[str, ...]:
        """The base's primary key behind the shop."""
        if self.name == "offers":
            return ("campaign", "quarter", "channel", "staff", "till", "simulated")
        return ("quarter", *self.dims, "simulated")

    def grain(self, needed: Collection[str]) -> Grain | None:
        """The coarsest table that knows all of these dimensions and times; None where only the base does."""
        hourly = not HOURLY.isdisjoint(needed)
        wanted = set(needed) - TIMES - {"shop", "month"}
        fitting = [one for one in self.grains if wanted <= set(one.dims) and (one.hourly or not hourly)]
        return min(fitting, key=lambda one: (one.hourly, len(one.dims))) if fitting else None


def _cut(name: str, dim: str) -> tuple[Grain, ...]:
    return (
        Grain(f"{name}_{dim}_day", (dim,), hourly=False),
        Grain(f"{name}_hour", (), hourly=True),
        Grain(f"{name}_{dim}_hour", (dim,), hourly=True, lead=dim),
    )


FAMILIES: dict[str, Family] = {
    one.name: one
    for one in (
        Family("footfall", "footfall", ("zone",), ("visits", "dwell_ms"), _cut("footfall", "zone")),
        Family(
            "present",
            "occupancy",
            ("zone",),
            ("windows", "people", "low", "high", "most"),
            _cut("present", "zone"),
            greatest=frozenset(("most",)),
        ),
        Family("street", "street", ("zone",), ("passers", "entrants"), _cut("street", "zone")),
        Family("guests", "guest", ("way",), ("joined", "known"), _cut("guest", "way")),
        Family(
            "offers",
            "offer_quarter",
            ("campaign", "channel", "staff", "till"),
            (
                "shown",
                "opened",
                "taken",
                "redeemed",
                "returned",
                "refused",
                "reversed",
                "alone",
                "conflicts",
                "conflict_cents",
                "given_cents",
                "baskets",
                "earned_cents",
                "baskets_once",
                "earned_once_cents",
            ),
            (
                Grain("offer_day", ("campaign", "channel"), hourly=False),
                Grain("offer_desk_day", ("campaign", "channel", "staff", "till"), hourly=False),
                Grain("offer_hour", ("campaign", "channel"), hourly=True, lead="campaign"),
            ),
            own_base=True,
        ),
        Family(
            "purchases",
            "purchase_quarter",
            ("staff", "till"),
            ("purchases", "sales_cents"),
            (
                Grain("purchase_desk_day", ("staff", "till"), hourly=False),
                Grain("purchase_hour", (), hourly=True),
            ),
            own_base=True,
        ),
        # No family of figures: what each member did, for `hub.store.member_days`.
        Family(
            "member_days",
            "member_quarter",
            ("member",),
            ("visits", "purchases", "redemptions", "cents"),
            (Grain("member_day", ("member",), hourly=False, lead="member"),),
            own_base=True,
        ),
    )
}
"""By name (`hub.figures.definitions.Family`)."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question about one family's sums. Days are ordinals, both included. `by`: dimensions, the shop and times among them,
    but no month: a month is a question of its own. `only`: values to which a dimension is narrowed."""

    family: str
    measures: tuple[str, ...]
    shops: tuple[int, ...]
    first_day: int
    last_day: int
    by: tuple[str, ...] = ()
    only: tuple[tuple[str, tuple[str | int, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class Summed:
    """One row of an answer: what it is cut by, its measures in the order in which they were asked. `noisy`: those of them that
    carry noise."""

    key: tuple[str | int, ...]
    numbers: tuple[int, ...]
    simulated: bool
    noisy: frozenset[str] = frozenset()

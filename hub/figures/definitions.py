"""Every figure that a page shows: what it is, how it is made, of which facts, by what it may be cut.

Pure. The one list: the engine sums by it, pages name by it, `/manage/figures` explains by it, and the proof of the numbers looks
each up in it. A text is written in both languages.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from hub.figures.definitions_members import MEMBER_FIGURES
from hub.figures.definitions_offers import OFFER_FIGURES
from hub.figures.definitions_place import PLACE_FIGURES
from hub.figures.question import TIMES, Dimension
from hub.wire.snapshot import Text


class Family(StrEnum):
    """Figures that are summed from the same facts, and cut by the same dimensions."""

    FOOTFALL = "footfall"
    PRESENT = "present"
    STREET = "street"
    GUESTS = "guests"
    OFFERS = "offers"
    PURCHASES = "purchases"
    MEMBERS = "members"


class Unit(StrEnum):
    """In what a figure is counted. `CENTS`: hundredths of the shop's currency. `SHARE`: from 0 to 1."""

    COUNT = "count"
    CENTS = "cents"
    SECONDS = "seconds"
    SHARE = "share"


CUTS: dict[Family, frozenset[Dimension]] = {
    Family.FOOTFALL: TIMES | {Dimension.SHOP, Dimension.ZONE},
    Family.PRESENT: TIMES | {Dimension.SHOP, Dimension.ZONE},
    Family.STREET: TIMES | {Dimension.SHOP, Dimension.ZONE},
    Family.GUESTS: TIMES | {Dimension.SHOP, Dimension.WAY},
    Family.OFFERS: TIMES
    | {Dimension.SHOP, Dimension.CAMPAIGN, Dimension.CHANNEL, Dimension.STAFF, Dimension.TILL},
    Family.PURCHASES: TIMES | {Dimension.SHOP, Dimension.STAFF, Dimension.TILL},
    Family.MEMBERS: (TIMES | {Dimension.SHOP}) - {Dimension.HOUR, Dimension.WEEKHOUR},
}
"""By what the figures of a family may be cut."""


@dataclass(frozen=True, slots=True)
class Figure:
    """`measure`: what is summed; `over`: what that is divided by, where it is a mean or a share ("" for a plain sum).

    `people`: a small number of it would single people out, so cells below ten carry noise. What is booked at the counter
    (redemptions, purchases, money) is the shop's own book and stays exact. `kinds`: the facts behind it.
    """

    name: str
    family: Family
    unit: Unit
    title: Text
    made: Text
    kinds: tuple[str, ...]
    measure: str
    over: str = ""
    people: bool = False

    @property
    def cuts(self) -> frozenset[Dimension]:
        """By what it may be cut."""
        return CUTS[self.family]


def _figure(
    name: str,
    family: Family,
    unit: Unit,
    en: str,
    zh: str,
    how_en: str,
    how_zh: str,
    kinds: tuple[str, ...],
    *,
    measure: str = "",
    over: str = "",
    people: bool = False,
) -> Figure:
    return Figure(
        name,
        family,
        unit,
        {"en": en, "zh": zh},
        {"en": how_en, "zh": how_zh},
        kinds,
        measure or name,
        over,
        people,
    )


FIGURES: dict[str, Figure] = {
    one.name: one
    for one in (
        _figure(
            "visits",
            Family.FOOTFALL,
            Unit.COUNT,
            "Visits",
            "到店次数",
            "Stays that began in these days. Somebody who goes out and comes back later counts twice: a figure for trends, not a "
            "head count.",
            "在这些日子开始的停留。离开后又回来的人算两次：看趋势用，不是人数。",
            ("visit.closed",),
            people=True,
        ),
        _figure(
            "dwell_s",
            Family.FOOTFALL,
            Unit.SECONDS,
            "Length of a visit",
            "停留时间",
            "The mean length of the stays that began in these days; one that is longer than a week counts as a week.",
            "在这些日子开始的停留的平均时长；超过一周的按一周计算。",
            ("visit.closed",),
            measure="dwell_ms",
            over="visits",
            people=True,
        ),
        *(
            _figure(
                one.name,
                Family(one.family),
                Unit(one.unit),
                one.en,
                one.zh,
                one.how_en,
                one.how_zh,
                one.kinds,
                measure=one.measure,
                over=one.over,
                people=one.people,
            )
            for one in (*PLACE_FIGURES, *MEMBER_FIGURES)
        ),
        *(
            _figure(
                one.name, Family.OFFERS, Unit(one.unit), one.en, one.zh, one.how_en, one.how_zh, one.kinds
            )
            for one in OFFER_FIGURES
        ),
        _figure(
            "purchases",
            Family.PURCHASES,
            Unit.COUNT,
            "Purchases",
            "购买次数",
            "Purchases that a till told of in these days, with a coupon or without, each once. A till that tells of none is not "
            "counted: then this is fewer than were paid.",
            "在这些日子里收银台报告的购买，不论是否用券，每笔算一次。不报告的收银台不算在内，因此实际可能更多。",
            ("purchase.paid",),
        ),
        _figure(
            "sales_cents",
            Family.PURCHASES,
            Unit.CENTS,
            "Sales",
            "销售额",
            "What was paid for these purchases, after all discounts.",
            "这些购买实际支付的金额，已扣除全部折扣。",
            ("purchase.paid",),
        ),
        _figure(
            "mean_basket_cents",
            Family.PURCHASES,
            Unit.CENTS,
            "Mean purchase",
            "平均每笔金额",
            "What was paid in these days, divided by the number of purchases.",
            "在这些日子里支付的总金额除以购买次数。",
            ("purchase.paid",),
            measure="sales_cents",
            over="purchases",
        ),
    )
}
"""By name. Every family's owner adds its own; see `hub/figures/README.md`."""

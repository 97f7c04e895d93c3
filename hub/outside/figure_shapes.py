"""What other programs send to `/api/v1` to ask for managers' numbers.

Pure. What they get stands in `hub.figures.json_out`.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from hub.outside.shapes import Day

Texts = Annotated[list[Annotated[str, Meta(max_length=200)]], Meta(max_length=20)]
Numbers = Annotated[list[Annotated[int, Meta(ge=0, le=10**9 - 1)]], Meta(max_length=20)]

Cut = Literal[
    "shop", "zone", "way", "channel", "campaign", "staff", "till", "day", "week", "month", "hour", "weekday", "weekhour"
]  # fmt: skip
"""By what an answer may be cut."""


class DaysWanted(msgspec.Struct, frozen=True):
    """Which days, and which part of the shop. Days are whole and the shop's own; `from` and `to` count with `days=custom`. A
    filter may come several times; without any, all of it is meant, of `shop` the one that the key is of."""

    days: Literal["today", "yesterday", "7", "30", "90", "365", "month", "custom"] = "30"
    first: Day | None = msgspec.field(default=None, name="from")
    last: Day | None = msgspec.field(default=None, name="to")
    shop: Numbers = []
    zone: Texts = []
    way: Texts = []
    channel: Texts = []
    campaign: Numbers = []
    staff: Texts = []
    till: Texts = []


class FiguresWanted(DaysWanted, frozen=True):
    """Which figures (`/figures/definitions` has their names; none: all that can be cut so), cut by what, compared with which
    days: as many before, the same weekdays just before, the same weekdays a year ago, or one's own."""

    figure: Texts = []
    by: Annotated[list[Cut], Meta(max_length=2)] = []
    vs: Literal["none", "previous", "week", "year", "custom"] = "none"
    vs_from: Day | None = None
    vs_to: Day | None = None


class RowsWanted(DaysWanted, frozen=True):
    """Which rows: `campaigns` and `products` as they stand, the others of these days."""

    table: Literal[
        "campaigns", "coupons", "redemptions", "reversals", "refusals", "conflicts", "purchases", "products"
    ] = "redemptions"

"""What may be asked with one's own SQL: a few tables made for it, of one shop, with no person and no secret in them.

Pure. Each is a SELECT over the hub's own tables that names every column; what is not named here cannot be asked. Nothing of a
member, no code of a coupon, no free text that somebody typed, no PIN. Numbers of people are not here as they are: where they
are at all, they carry the noise that they carry on every page. One text for SQLite and PostgreSQL but for the pieces in braces.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["text", "whole", "time", "day", "yes"]
"""text; a whole number (cents, counts); seconds of UTC; a day as 2026-01-31; 0 or 1."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `sql`: where it comes from; "" where it is called the same there."""

    name: str
    kind: Kind
    sql: str = ""


@dataclass(frozen=True, slots=True)
class View:
    """One table that may be asked. `key`: the columns of `base` in whose order rows come, unique together; the first is its time,
    if it has one (`timed`). `cuts`: by which of its columns a question about figures narrows it."""

    name: str
    base: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    timed: bool = True
    where: str = ""
    cuts: Mapping[str, str] = field(default_factory=dict)


def _local(at: str) -> tuple[Column, ...]:
    """When, in three ways: seconds of UTC, the shop's own day, the hour of it."""
    return (
        Column("at", "time", at),
        Column("day", "day", f"{{day:{at}}}"),
        Column("hour", "whole", f"{{hour:{at}}}"),
    )


_ACT = (
    *_local("at"),
    Column("serial", "text"),
    Column("campaign", "whole"),
    Column("till", "text"),
    Column("staff", "text"),
)
_CUTS = {"campaigns": "campaign", "staff": "staff", "tills": "till"}

VIEWS: dict[str, View] = {
    view.name: view
    for view in (
        View(
            "campaigns",
            "campaign",
            (
                Column("campaign", "whole", "number"),
                Column("state", "text"),
                Column("title_en", "text", "{json:body:offer.title.en}"),
                Column("title_zh", "text", "{json:body:offer.title.zh}"),
                Column("starts_at", "time", "{whole:body:starts_at}"),
                Column("ends_at", "time", "{whole:body:ends_at}"),
                Column("published_at", "time"),
                Column("made_at", "time"),
            ),
            ("number",),
            timed=False,
        ),
        View(
            "coupons",
            "coupon",
            (
                *_local("issued_at"),
                Column("serial", "text"),
                Column("campaign", "whole"),
                Column("channel", "text"),
                Column("device", "text"),
                Column("expires_at", "time"),
                Column("simulated", "yes"),
            ),
            ("issued_at", "serial"),
            cuts={"campaigns": "campaign", "channels": "channel"},
        ),
        View(
            "redemptions",
            "redemption",
            (
                *_ACT,
                Column("value_cents", "whole"),
                Column("basket_cents", "whole"),
                Column("balance_cents", "whole"),
                Column("purchase", "text"),
                Column("standing", "text"),
                Column("offline", "yes"),
                Column("simulated", "yes"),
            ),
            ("at", "device", "nonce"),
            cuts=_CUTS,
        ),
        View(
            "reversals",
            "reversal",
            (*_ACT, Column("value_cents", "whole"), Column("offline", "yes"), Column("simulated", "yes")),
            ("at", "device", "of"),
            cuts=_CUTS,
        ),
        View(
            "refusals",
            "refusal",
            (*_ACT, Column("refusal", "text"), Column("offline", "yes"), Column("simulated", "yes")),
            ("at", "position"),
            cuts=_CUTS,
        ),
        View(
            "conflicts",
            "conflict",
            (
                *_local("second_at"),
                Column("serial", "text"),
                Column("campaign", "whole"),
                Column("first_at", "time"),
                Column("first_till", "text"),
                Column("first_staff", "text"),
                Column("till", "text", "second_till"),
                Column("staff", "text", "second_staff"),
                Column("cost_cents", "whole"),
                Column("settled_at", "time"),
                Column("simulated", "yes"),
            ),
            ("second_at", "position"),
            cuts={"campaigns": "campaign", "staff": "second_staff", "tills": "second_till"},
        ),
        View(
            "purchases",
            "purchase",
            (
                *_local("at"),
                Column("purchase", "text", "id"),
                Column("till", "text"),
                Column("staff", "text"),
                Column("cents", "whole"),
                Column("items", "whole"),
                Column("zone", "text"),
                Column("simulated", "yes"),
            ),
            ("at", "id"),
            cuts={"staff": "staff", "tills": "till", "zones": "zone"},
        ),
        View(
            "products",
            "product",
            (
                Column("code", "text"),
                Column("name", "text"),
                Column("name_zh", "text"),
                Column("price_cents", "whole"),
            ),
            ("code",),
            timed=False,
        ),
    )
}
"""By name. A new one says every column; `tests/contract/test_sql_asked.py` holds that none has what stays."""


def shown(view: View, shop: int, pieces: Mapping[str, str], schema: str = "main") -> str:
    """The SELECT behind a view, of one shop. `pieces`: how this database says what stands in braces (`SQLITE`, `POSTGRES`)."""
    columns = ", ".join(f"{said(column, pieces)} AS {column.name}" for column in view.columns)
    narrowed = f" AND ({view.where})" if view.where else ""
    return f"SELECT {columns} FROM {schema}.{view.base} WHERE shop = {int(shop)}{narrowed}"  # noqa: S608 - names of our own


def said(column: Column, pieces: Mapping[str, str]) -> str:
    """A column in the words of a database."""
    if not column.sql.startswith("{"):
        return column.sql or column.name
    what, _, rest = column.sql[1:-1].partition(":")
    source, _, path = rest.partition(":")
    return pieces[what].format(source=source, path=path, steps=path.replace(".", ","))


SQLITE: dict[str, str] = {
    "day": "shop_day({source})",
    "hour": "shop_hour({source})",
    "json": "json_extract({source}, '$.{path}')",
    "whole": "json_extract({source}, '$.{path}')",
}
"""`shop_day`, `shop_hour`: functions that `hub.store.explore_child` gives its connection."""


def postgres_pieces(timezone: str) -> dict[str, str]:
    """How PostgreSQL says them, with the shop's timezone (a name of the IANA's, checked before)."""
    local = f"to_timestamp({{source}}) AT TIME ZONE '{timezone}'"
    return {
        "day": f"to_char({local}, 'YYYY-MM-DD')",
        "hour": f"CAST(extract(hour FROM {local}) AS BIGINT)",
        "json": "(CAST({source} AS JSON) #>> '{{{steps}}}')",
        "whole": "CAST(CAST({source} AS JSON) #>> '{{{steps}}}' AS BIGINT)",
    }


BASES: Sequence[str] = tuple(dict.fromkeys(view.base for view in VIEWS.values()))
"""The tables behind the views."""

EXAMPLES: Sequence[str] = (
    """SELECT day, count(*) AS redeemed, sum(value_cents) AS given_cents FROM redemptions
WHERE standing IN ('first', 'part') GROUP BY day ORDER BY day DESC""",
    """SELECT c.title_en, k.channel, count(*) AS taken FROM coupons k JOIN campaigns c ON c.campaign = k.campaign
GROUP BY c.title_en, k.channel ORDER BY taken DESC""",
    "SELECT refusal, count(*) AS times FROM refusals GROUP BY refusal ORDER BY times DESC",
)
"""What to begin with."""

"""Rows of two ids become rows of one: what was written under an id before, and what under the one that stands in its place.

Both are there where facts are under way while somebody is forgotten: head office hears of some under the former id and of
others, which waited at the shop, under the new one.
"""

from __future__ import annotations

from collections.abc import Sequence

from hub.store.acts import USES_AS_ONE
from hub.store.connection import Conn
from hub.store.grains import FAMILIES
from hub.store.member_days import FIRST_AS_ONE
from hub.store.portraits import PORTRAIT_AS_ONE, STAYS_AS_ONE
from hub.store.rolling import added

_DAYS = FAMILIES["member_days"]

AS_ONE = {
    "member_first": FIRST_AS_ONE,
    "portrait": PORTRAIT_AS_ONE,
    "portrait_stay": STAYS_AS_ONE,
    "use_by_member": USES_AS_ONE,
    **{table: added(_DAYS, table) for table in (_DAYS.base, *(grain.table for grain in _DAYS.grains))},
}
"""Tables of sums: what both rows say counts. The same as where a fact adds to a row."""

ONE_STAYS = (
    "care_coming", "care_contact", "member", "member_into", "member_mark", "member_pair", "member_worth",
    "segment_due", "segment_list", "segment_member", "segment_trial", "tag", "tag_consent",
)  # fmt: skip
"""Tables in which a row only says that something is so, or is worked out anew: the one under the new id stays."""


def make_room(
    conn: Conn, table: str, columns: Sequence[str], keys: Sequence[str], column: str, before: str, after: str,
    shops: tuple[int, int, int],
) -> int:  # fmt: skip
    """Rows under the id `before` whose key is taken under `after` become one with those there; how many rows that were. Call
    inside a transaction, before the id is changed."""
    others = " AND ".join(f"o.{name} = {table}.{name}" for name in keys if name != column)
    taken = f"shop IN (?, ?, ?) AND {column} = ? AND EXISTS (SELECT 1 FROM {table} o WHERE o.{column} = ? AND {others})"  # noqa: S608
    values = (*shops, before, after)
    if table in AS_ONE:
        there = ", ".join(f"CAST(? AS text) AS {name}" if name == column else name for name in columns)
        conn.execute(
            f"INSERT INTO {table} ({', '.join(columns)}) SELECT {there} FROM {table} WHERE {taken} "  # noqa: S608
            f"ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {AS_ONE[table]}",
            (after, *values),
        )
    return conn.execute(f"DELETE FROM {table} WHERE {taken}", values).rowcount  # noqa: S608

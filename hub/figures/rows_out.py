"""The rows behind the counter's numbers, as a table of any length: coupons, redemptions and their like, for days and filters.

They are the tables that one's own SQL may ask too (`hub.store.explore_views`): nothing of a member, no code, nobody's free text.
Numbers of people have no rows: a single visit would be somebody's.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from hub.figures.question import Days, Filters
from hub.figures.table import Column, Table
from hub.store.base import Store
from hub.store.explore_views import VIEWS

NAMES = tuple(VIEWS)


def rows_of(store: Store, name: str, days: Days, filters: Filters, timezone: str) -> Table:
    """The rows of these whole days of the shop. A filter that the rows do not know narrows nothing."""
    first, end = _span(days, timezone)
    view = VIEWS[name]
    only = {field: getattr(filters, field) for field in view.cuts}
    columns = tuple(Column(column.name, column.kind) for column in view.columns)
    return Table(columns, store.explore.rows(name, timezone, first, end, only))


def _span(days: Days, timezone: str) -> tuple[float, float]:
    zone = ZoneInfo(timezone)
    first = datetime.combine(days.first, time(), zone).timestamp()
    return first, datetime.combine(days.last + timedelta(days=1), time(), zone).timestamp()

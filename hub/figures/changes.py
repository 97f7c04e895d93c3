"""What changed after somebody could have seen it: days that were over, and came to say something else.

Two hours after midnight on the shop's clock a day's figures are kept as everybody is shown them. Facts that come later change the
figures, as they should; each time that this is found, the earlier number and the new one are written down, so that pages can say
that a day changed, from what and when, instead of being silently another.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from hub.config import Config
from hub.figures.definitions import FIGURES, Unit
from hub.figures.engine import ask
from hub.figures.question import Days, Dimension, Question
from hub.sentences import Said
from hub.store.base import Store
from hub.store.figure_records import Changed, Kept
from hub.store.local_days import zone_of
from hub.store.whole import HubStore

OVER_AFTER = timedelta(hours=2)
"""So long after midnight a day counts as one that was seen: what nodes tell of its last minutes is here by then."""

LOOKED_BACK_DAYS = 400

SLACK = 1e-9

_NO_DAY = 0
"""Under this one stands how far the journal had come when days were last looked at: where nothing came since, nothing changed."""


def kept_figures() -> tuple[str, ...]:
    """Figures that are kept for each day: those that are counted. A mean changes with what it is made of."""
    return tuple(
        figure.name
        for figure in FIGURES.values()
        if not figure.over and figure.unit in (Unit.COUNT, Unit.CENTS) and Dimension.DAY in figure.cuts
    )


def look_for_changes(store: Store, now: float) -> int:
    """Keep the days that are over, and write down which of those kept earlier say something else by now; how many that were."""
    timezone = store.rollups.timezone()
    over = _over(now, timezone)
    looked = Kept(_NO_DAY, "", float(store.journal.last_position()), now, timezone)
    for last in store.seen.kept(_NO_DAY, _NO_DAY):
        same = (last.number, last.timezone) == (looked.number, timezone)
        if same and _over(last.kept_at, timezone) == over:
            return 0
    first = store.rollups.first_day((store.shop.number,))
    if first is None or first > over.toordinal():
        return 0
    days = Days(max(date.fromordinal(first), over - timedelta(days=LOOKED_BACK_DAYS - 1)), over)
    answer = ask(store, Question(kept_figures(), days, (Dimension.DAY,)), now)
    if isinstance(answer, Said):
        return 0
    before = {
        (one.day, one.figure): one for one in store.seen.kept(days.first.toordinal(), days.last.toordinal())
    }
    fresh: list[Kept] = []
    changes: list[Changed] = []
    for row in answer.rows:
        day = date.fromisoformat(row.key[0]).toordinal()
        for name, value in row.values.items():
            number = float(value.number or 0)
            kept = before.get((day, name))
            if kept is None or kept.timezone != timezone:
                # By another clock it was another day.
                fresh.append(Kept(day, name, number, now, timezone))
            elif abs(kept.number - number) > SLACK:
                fresh.append(Kept(day, name, number, now, timezone))
                changes.append(Changed(store.shop.number, day, name, now, number, kept.number))
    with store.writing():
        store.seen.keep([*fresh, looked])
        store.seen.note_changes(changes)
    return len(changes)


def _over(now: float, timezone: str) -> date:
    """The latest day that counts as seen."""
    return (datetime.fromtimestamp(now, zone_of(timezone)) - OVER_AFTER).date() - timedelta(days=1)


def work_changes(store: HubStore, _config: Config, now: float) -> None:
    """The same as a small repeated job of a worker (`hub.work_kinds`)."""
    look_for_changes(store, now)

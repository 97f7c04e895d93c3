"""What messages to many changed: members whom the lot let have them, against those whom it left out.

Each member counts over four weeks after the day on which it was their turn, and only when these are over. Groups are compared as
they were drawn: whoever stopped meanwhile, or whose message did not arrive, counts too.
"""

from __future__ import annotations

from hub.care.effect import Watched, compared, passed
from hub.care.localtime import day_of
from hub.care.rules import timezone
from hub.store.base import Store
from hub.store.mailing_records import Mailing

WATCHED_DAYS = 28
"""As long as a return after a coupon counts (`hub.store.member_days`)."""

LOOKED_DAYS = 2.0 * WATCHED_DAYS
"""The usual time from the first message to the end of the last member's four weeks."""


def effect(store: Store, mailing: Mailing, now: float) -> Watched:
    """What may be said now; None where nobody's four weeks are over."""
    yesterday = day_of(timezone(store), now).toordinal() - 1
    seen = store.mailings.observed(mailing.number, WATCHED_DAYS, yesterday)
    waiting = store.mailings.drawn(mailing.number) - len(seen)
    if not seen or mailing.started_at is None:
        return Watched(None, waiting)
    over = mailing.state in ("done", "cancelled") and waiting == 0
    return Watched(compared(seen, 1.0 if over else passed(now - mailing.started_at, LOOKED_DAYS)), waiting)

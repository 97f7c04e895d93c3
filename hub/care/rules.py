"""What a shop's managers set for everything that is sent of the shop's own accord: quiet hours and caps.

They stand in the database with their history; until somebody sets them, `USUAL` holds.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from hub.care import frequency, quiet
from hub.care.frequency import Cap
from hub.care.quiet import QuietHours, next_moment
from hub.store.base import Store


class CareRules(msgspec.Struct, frozen=True):
    """Quiet hours and caps of one shop."""

    quiet: QuietHours = quiet.USUAL
    caps: Annotated[tuple[Cap, ...], Meta(max_length=5)] = frequency.USUAL


def rules(store: Store) -> CareRules:
    """What holds in this shop."""
    body = store.care.rules()
    return CareRules() if body is None else msgspec.json.decode(body, type=CareRules)


def timezone(store: Store) -> str:
    """The shop's own."""
    shop = store.shop.get()
    return shop.timezone if shop is not None else "UTC"


def may_send_at(store: Store, now: float) -> float | None:
    """The first moment from `now` on that lies outside the quiet hours of this shop; None where there is none."""
    return next_moment(rules(store).quiet, timezone(store), now)

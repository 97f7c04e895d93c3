"""Something of a purchase was brought back: told by the office or by a program of the shop; a till tells it itself."""

from __future__ import annotations

from hub.purse.moves import OFFICE, tell
from hub.store.base import Store
from hub.wire.events import ClockState
from hub.wire.events_value import PurchaseReversed


def bring_back(
    store: Store,
    purchase: str,
    act: str,
    cents: int | None,
    *,
    by: str,
    reason: str,
    now: float,
    clock: ClockState,
    till: str = OFFICE,
) -> bool:
    """Tell it once: the same `act` (8 to 200 characters) again is no news, and False. `cents`: how much money was returned; None:
    all that is left of the purchase. A part of the transaction that is open, or its own."""
    with store.writing():
        if store.purse.returned(act):
            return False
        fact = PurchaseReversed(of=purchase, act=act, till=till, staff=by, cents=cents, reason=reason[:200])
        tell(store, "purchase.reversed", fact, now, clock)
        return True

"""The port's part about what was bought (`hub.store.purchases` answers)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from hub.store.purchase_records import Purchase


class PurchaseQuestions(Protocol):
    """Purchases, each once."""

    def add_purchases(self, purchases: Sequence[Purchase]) -> list[Purchase]: ...
    def purchase(self, id_: str) -> Purchase | None: ...
    def purchases(self, first: float, end: float, *, limit: int = 100, skip: int = 0) -> list[Purchase]: ...
    def purchases_after(self, position: int, first: float, end: float, limit: int) -> list[Purchase]: ...

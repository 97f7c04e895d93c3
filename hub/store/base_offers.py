"""The port's part about many coupons at once (`hub.store.offer_acts` answers)."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from hub.store.records import Act, Conflict


class OfferActQuestions(Protocol):
    """For the sums of offers: what is known of many coupons, each found by an index."""

    def channels_of(self, serials: Collection[str]) -> dict[str, str]: ...
    def acts_of_coupons(self, serials: Collection[str]) -> list[Act]: ...
    def conflicts_of_coupons(self, serials: Collection[str]) -> list[Conflict]: ...
    def acts_of_purchases(self, purchases: Collection[str]) -> list[Act]: ...

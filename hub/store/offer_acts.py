"""The ledger's answers about many coupons at once, for the sums of offers (`hub.figures.folding_offers`)."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from hub.store.acts import ACT, CONFLICT, read_act, read_conflict
from hub.store.connection import HubPool
from hub.store.records import Act, Conflict

AT_ONCE = 500
"""Values in one question; PostgreSQL and SQLite take many more."""


class SqlOfferActs:
    """Reads rows of many coupons or purchases, each from an index."""

    _pool: HubPool

    def channels_of(self, serials: Collection[str]) -> dict[str, str]:
        """By which way each of these coupons was taken; those whose issue has not arrived are not in it."""
        question = "SELECT serial, channel FROM coupon WHERE shop = ? AND serial IN ({})"
        return dict(self._each(question, serials))

    def acts_of_coupons(self, serials: Collection[str]) -> list[Act]:
        """What was done with any of these coupons at the counter."""
        return [read_act(row) for row in self._each(f"{ACT} AND serial IN ({{}})", serials)]

    def conflicts_of_coupons(self, serials: Collection[str]) -> list[Conflict]:
        """What still costs something on any of these coupons."""
        question = f"{CONFLICT} AND serial IN ({{}}) AND settled_at IS NULL"
        return [read_conflict(row) for row in self._each(question, serials)]

    def acts_of_purchases(self, purchases: Collection[str]) -> list[Act]:
        """For what coupons were used in any of these purchases."""
        return [
            read_act(row) for row in self._each(f"{ACT} AND purchase IN ({{}}) AND purchase <> ''", purchases)
        ]

    def _each(self, question: str, values: Collection[str]) -> Iterator[Any]:
        wanted = sorted(values)
        for start in range(0, len(wanted), AT_ONCE):
            part = wanted[start : start + AT_ONCE]
            yield from self._pool.read(question.format(", ".join("?" for _ in part)), self._pool.shop, *part)

"""Whose books a question may look into: the shop whose pages these are, and the shops of its chain in the same database."""

from __future__ import annotations

from hub.store.base import Store


def shops_of(store: Store) -> tuple[int, ...]:
    """Numbers of the shops that may be counted together, this one first, then those whose hub joined below it and those that were
    added with `hub shop add --of-chain`. No row of any other shop is ever read."""
    return (store.shop.number, *store.shops_of_chain())

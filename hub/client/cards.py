"""Members' cards at a node: whose card was scanned, as far as this node can tell without the hub."""

from __future__ import annotations

from hub.client.node import Node
from hub.client.shelf import Shelf
from hub.wire.card import CardToken
from hub.wire.identity import read_public


def holder_here(token: CardToken, node: Node, shelf: Shelf) -> str | None:
    """The opaque id of whoever holds this card; None where its signature is not one of this shop's keys as the last snapshot has
    them, or where they were forgotten.

    A key that has ended vouches for the cards that it made before. One that was withdrawn vouches for none: whoever stole its
    node could make any.
    """
    card = token.card
    if card.shop != node.shop or shelf.is_forgotten(card.member):
        return None
    if card.key_number is None:
        return card.member if token.is_signed_by(read_public(node.hub)) else None
    key = shelf.key(card.key_number)
    if key is None or key.withdrawn_at is not None or not token.is_signed_by(read_public(key.public)):
        return None
    if key.ends_at is not None and card.issued_at >= key.ends_at:
        return None
    return card.member

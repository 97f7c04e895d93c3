"""Guests who chose to be members: a random id, the hash of a code that only they have, the record of what they agreed to.

The hub hears of the id in facts, and of the code's hash and of fields that were told in a sealed row (`hub.client.joins`). A code
is known at the door that made it; a card's QR, of whichever node, is known by its signature. Forgetting takes the rows away here
and tells everybody else by the fact.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence

from edge.portal.ways.codes import code_hash, read_member_code
from edge.portal.ways.store import WaysStore
from edge.portal.welcome.texts import VERSION, consent_text
from hub.client.becoming import Becoming, NewMember, Yes
from hub.client.cards import holder_here
from hub.client.db import writing
from hub.client.node import Node
from hub.client.outbox import Outbox
from hub.client.shelf import Shelf
from hub.wire.card import CardCode, CardToken, read_card
from hub.wire.events import ConsentWithdrawn
from hub.wire.sync_members import Fields


class Members:
    """The members of one door."""

    def __init__(
        self,
        store: WaysStore,
        outbox: Outbox,
        node: Node,
        shelf: Shelf,
        random: Callable[[int], bytes],
    ) -> None:
        self._store = store
        self._outbox = outbox
        self._node = node
        self._shelf = shelf
        self._becoming = Becoming(store.pool, node, outbox, random)

    def find(self, typed: str) -> str | None:
        """The id of the member with this code, or with this card."""
        match read_card(typed):
            case CardCode(code):
                return self._store.member(code_hash(code))
            case CardToken() as card:
                return holder_here(card, self._node, self._shelf)
        return None

    def join(self, conn: sqlite3.Connection, language: str, now: float) -> tuple[str, str]:
        """A new member without any field, in the caller's transaction: their id, and their code."""
        made = self.take_in(
            conn,
            Fields(),
            [Yes("recognise", consent_text("recognise", language), VERSION, "page")],
            language=language,
            now=now,
        )
        return made.member, made.code

    def take_in(
        self, conn: sqlite3.Connection, fields: Fields, agreed: Sequence[Yes], *, language: str, now: float
    ) -> NewMember:
        """A new member, in the caller's transaction with the record of what they agreed to."""
        made = self._becoming.join(conn, fields, agreed, way="portal", language=language, now=now)
        self._store.put_member(conn, made.member, code_hash(made.code), now)
        return made

    def forget(self, typed: str, now: float) -> bool:
        """Take the row away and tell the hub; False where there is no such member."""
        code = read_member_code(typed)
        if code is None:
            return False
        with writing(self._store.pool.here()) as conn:
            member = self._store.drop_member(conn, code_hash(code))
            if member is None:
                return False
            self._becoming.joins.drop(conn, member)
            gone = ConsentWithdrawn(member=member, purpose="all", place=self._node.name, proof="card")
            self._outbox.put(conn, gone, now)
        return True

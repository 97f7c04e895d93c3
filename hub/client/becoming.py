"""Somebody becomes a member at a node: facts for the journal, fields sealed for the hub, a card signed by this node.

All of it is one transaction, on disk before the card is shown; with the hub away it waits, and the card works meanwhile wherever
its signature can be checked.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from hub.client.db import Pool
from hub.client.joins import Joins
from hub.client.node import Node
from hub.client.outbox import Outbox
from hub.wire.card import MEMBER_BYTES, MEMBER_RANDOM_BYTES, Card, make_card, make_member_code
from hub.wire.events_members import ConsentGiven, MemberJoined
from hub.wire.fact import Medium
from hub.wire.sync_members import Fields


@dataclass(frozen=True, slots=True)
class Yes:
    """One thing that somebody agreed to, in the words that they read. `proof` as in `consent.given`."""

    purpose: Literal["recognise", "messages"]
    words: str
    version: str
    proof: str
    medium: Medium | Literal[""] = ""


@dataclass(frozen=True, slots=True)
class NewMember:
    """The opaque id, the text of the card's QR, the code that a person types. The code is told once: its hash alone is kept."""

    member: str
    token: str
    code: str


class Becoming:
    """Takes people in at one node."""

    def __init__(
        self,
        pool: Pool,
        node: Node,
        outbox: Outbox,
        random: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._node = node
        self._outbox = outbox
        self._random = random
        self.joins = Joins(pool, node.hub, random)

    def join(
        self,
        conn: sqlite3.Connection,
        fields: Fields,
        agreed: Sequence[Yes],
        *,
        way: Literal["portal", "kiosk", "till"],
        language: str,
        now: float,
        staff: str = "",
    ) -> NewMember:
        """Take somebody in. Call inside `writing()`; ValueError where the fields are too long to be sealed."""
        member, code = self._random(MEMBER_BYTES).hex(), make_member_code(self._random(MEMBER_RANDOM_BYTES))
        place = self._node.name
        self._outbox.put(
            conn, MemberJoined(member=member, way=way, place=place, language=language, staff=staff), now
        )
        for one in agreed:
            given = ConsentGiven(
                member=member,
                purpose=one.purpose,
                text=one.words,
                text_version=one.version,
                language=language,
                place=place,
                medium=one.medium,
                proof=one.proof,
            )
            self._outbox.put(conn, given, now)
        self.joins.put(conn, member, fields, language=language, at=now, code=code)
        return NewMember(member, self.card(member, now), code)

    def card(self, member: str, now: float) -> str:
        """The text of a card's QR, signed with the key with which this node signs coupons."""
        number, key = self._node.signer(now)
        return make_card(key, Card(number, self._node.shop, member, int(now)))

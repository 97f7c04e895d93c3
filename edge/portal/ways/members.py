"""Guests who chose to be remembered: a random id, the hash of a code that only they have, and the record of their consent.

A member is known at the door that made the code. Other doors and the hub hear of the id alone, in events; they cannot check a
code. Forgetting takes the row away here and tells everybody else by the event.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from edge.portal.ways.codes import MEMBER_RANDOM_BYTES, code_hash, make_member_code, read_member_code
from edge.portal.ways.store import WaysStore
from edge.portal.welcome.texts import VERSION, consent_text
from hub.client.db import writing
from hub.client.outbox import Outbox
from hub.wire.events import ConsentGiven, ConsentWithdrawn

ID_BYTES = 16


class Members:
    """The members of one door; `place` is the door's name, as it stands in records of consent."""

    def __init__(self, store: WaysStore, outbox: Outbox, place: str, random: Callable[[int], bytes]) -> None:
        self._store = store
        self._outbox = outbox
        self._place = place
        self._random = random

    def find(self, typed: str) -> str | None:
        """The id of the member with this code."""
        code = read_member_code(typed)
        return self._store.member(code_hash(code)) if code else None

    def join(self, conn: sqlite3.Connection, language: str, now: float) -> tuple[str, str]:
        """A new member, in the caller's transaction with the record of what they agreed to: their id, and their code."""
        member, code = self._random(ID_BYTES).hex(), make_member_code(self._random(MEMBER_RANDOM_BYTES))
        self._store.put_member(conn, member, code_hash(code), now)
        given = ConsentGiven(
            member=member,
            purpose="recognise",
            text=consent_text("recognise", language),
            text_version=VERSION,
            language=language,
            place=self._place,
        )
        self._outbox.put(conn, given, now)
        return member, code

    def forget(self, typed: str, now: float) -> bool:
        """Take the row away and tell the hub; False where there is no such member."""
        code = read_member_code(typed)
        if code is None:
            return False
        with writing(self._store.pool.here()) as conn:
            member = self._store.drop_member(conn, code_hash(code))
            if member is None:
                return False
            self._outbox.put(conn, ConsentWithdrawn(member=member, purpose="all", place=self._place), now)
        return True

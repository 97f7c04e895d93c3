"""The store's answers about offers that wait for somebody else's eyes, and about the rules of the office."""

from __future__ import annotations

from typing import Any

import msgspec

from hub.store.connection import HubPool
from hub.store.records import Proposal
from hub.wire.snapshot import Campaign

_COLUMNS = "body, base, who, at, state, answer, answered_by, answered_at"


class SqlProposals:
    """One proposal for each offer at most: a newer one takes the place of the older."""

    def __init__(self, pool: HubPool) -> None:
        self._pool = pool

    def all(self) -> list[Proposal]:
        """Every proposal, the oldest first."""
        rows = self._pool.read(
            f"SELECT {_COLUMNS} FROM campaign_proposal WHERE shop = ? ORDER BY at, number",  # noqa: S608 - names of our own
            self._pool.shop,
        )
        return [_proposal(row) for row in rows]

    def get(self, number: int) -> Proposal | None:
        """The proposal for an offer."""
        rows = self._pool.read(
            f"SELECT {_COLUMNS} FROM campaign_proposal WHERE shop = ? AND number = ?",  # noqa: S608 - names of our own
            self._pool.shop,
            number,
        )
        return _proposal(rows[0]) if rows else None

    def put(self, proposal: Proposal) -> None:
        """Keep a proposal, in the place of an older one for the same offer."""
        with self._pool.writing() as conn:
            conn.execute(
                """INSERT INTO campaign_proposal
                     (shop, number, body, base, who, at, state, answer, answered_by, answered_at)
                   VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (shop, number) DO UPDATE SET body = excluded.body,
                     base = excluded.base, who = excluded.who, at = excluded.at, state = excluded.state,
                     answer = excluded.answer, answered_by = excluded.answered_by, answered_at = excluded.answered_at""",
                (
                    self._pool.shop,
                    proposal.number,
                    msgspec.json.encode(proposal.campaign).decode(),
                    proposal.base,
                    proposal.who,
                    proposal.at,
                    proposal.state,
                    proposal.answer,
                    proposal.answered_by,
                    proposal.answered_at,
                ),
            )

    def remove(self, number: int) -> bool:
        """Forget the proposal for an offer; whether there was one."""
        with self._pool.writing() as conn:
            gone = conn.execute(
                "DELETE FROM campaign_proposal WHERE shop = ? AND number = ?", (self._pool.shop, number)
            )
        return gone.rowcount > 0

    def rule(self, name: str) -> str:
        """What the shop asks of its office; empty where it asks nothing."""
        rows = self._pool.read(
            "SELECT value FROM office_rule WHERE shop = ? AND name = ?", self._pool.shop, name
        )
        return str(rows[0][0]) if rows else ""

    def set_rule(self, name: str, value: str) -> None:
        """Say what the shop asks of its office."""
        with self._pool.writing() as conn:
            conn.execute(
                """INSERT INTO office_rule (shop, name, value) VALUES (?, ?, ?)
                   ON CONFLICT (shop, name) DO UPDATE SET value = excluded.value""",
                (self._pool.shop, name, value),
            )


def _proposal(row: tuple[Any, ...]) -> Proposal:
    return Proposal(msgspec.json.decode(row[0], type=Campaign), *row[1:])

"""The store's answers about webhooks: where messages go, and what became of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hub.store.connection import HubPool
from hub.store.outside_records import HookState, Message, MessageState, Webhook

_HOOK = (
    "SELECT number, name, url, sealed, kinds, private, state, made_by, made_at, journal_position, failing_since, ended_at "
    "FROM webhook WHERE shop = ?"
)
_MESSAGE = (
    "SELECT webhook, number, id, kind, body, made_at, state, tries, next_at, status, said, tried_at "
    "FROM webhook_message WHERE shop = ?"
)


def _hook(row: tuple[Any, ...]) -> Webhook:
    values = [*row[:5], bool(row[5]), *row[6:]]
    return Webhook(*values)


def _message(row: tuple[Any, ...]) -> Message:
    values = [*row[:4], bytes(row[4]), *row[5:]]
    return Message(*values)


class SqlWebhooks:
    """Webhooks and their messages."""

    def __init__(self, pool: HubPool) -> None:
        self._pool = pool

    def all(self) -> list[Webhook]:
        """Those that were not removed, the oldest first."""
        rows = self._pool.read(f"{_HOOK} AND ended_at IS NULL ORDER BY number", self._pool.shop)
        return [_hook(row) for row in rows]

    def get(self, number: int) -> Webhook | None:
        """One that was not removed."""
        rows = self._pool.read(f"{_HOOK} AND number = ? AND ended_at IS NULL", self._pool.shop, number)
        return _hook(rows[0]) if rows else None

    def put(self, hook: Webhook) -> Webhook:
        """Keep one; number 0: a new one, which gets the next. As it is kept."""
        with self._pool.writing() as conn:
            number = hook.number or int(
                conn.execute(
                    "SELECT coalesce(max(number), 0) + 1 FROM webhook WHERE shop = ?", (self._pool.shop,)
                ).fetchone()[0]
            )
            conn.execute(
                "INSERT INTO webhook (shop, number, name, url, sealed, kinds, private, state, made_by, made_at, "
                "journal_position, failing_since, ended_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
                "ON CONFLICT (shop, number) DO UPDATE SET name = excluded.name, url = excluded.url, sealed = excluded.sealed, "
                "kinds = excluded.kinds, private = excluded.private, state = excluded.state, "
                "journal_position = excluded.journal_position, failing_since = excluded.failing_since, "
                "ended_at = excluded.ended_at",
                (
                    *(
                        self._pool.shop,
                        number,
                        hook.name,
                        hook.url,
                        hook.sealed,
                        hook.kinds,
                        int(hook.private),
                    ),
                    *(
                        hook.state,
                        hook.made_by,
                        hook.made_at,
                        hook.position,
                        hook.failing_since,
                        hook.ended_at,
                    ),
                ),
            )
        kept = self.get(number)
        return kept or hook

    def move_on(self, number: int, position: int) -> None:
        """The journal has become messages up to there."""
        with self._pool.writing() as conn:
            conn.execute(
                "UPDATE webhook SET journal_position = ? WHERE shop = ? AND number = ?",
                (position, self._pool.shop, number),
            )

    def stand(self, number: int, state: HookState, failing_since: float | None) -> None:
        """How it stands after a try."""
        with self._pool.writing() as conn:
            conn.execute(
                "UPDATE webhook SET state = ?, failing_since = ? WHERE shop = ? AND number = ?",
                (state, failing_since, self._pool.shop, number),
            )

    def add(self, webhook: int, messages: Sequence[tuple[str, str, bytes]], now: float) -> int:
        """New messages (id, kind, body), due now; how many were not there yet. Call inside a transaction with `move_on`."""
        added = 0
        with self._pool.writing() as conn:
            number = int(
                conn.execute(
                    "SELECT coalesce(max(number), 0) FROM webhook_message WHERE shop = ? AND webhook = ?",
                    (self._pool.shop, webhook),
                ).fetchone()[0]
            )
            for message, kind, body in messages:
                done = conn.execute(
                    "INSERT INTO webhook_message (shop, webhook, number, id, kind, body, made_at, state, tries, next_at, "
                    "status, said) VALUES (?, ?, ?, ?, ?, ?, ?, 'waiting', 0, ?, 0, '') ON CONFLICT DO NOTHING",
                    (self._pool.shop, webhook, number + 1, message, kind, body, now, now),
                )
                if done.rowcount == 1:
                    number += 1
                    added += 1
        return added

    def take(self, now: float, until: float, limit: int, *, webhook: int | None = None) -> list[Message]:
        """Messages that are due, in their order; nobody else takes them before `until`. Only those of webhooks that are on."""
        due = (
            f"{_MESSAGE} AND state = 'waiting' AND next_at <= ? AND webhook IN "  # noqa: S608
            "(SELECT number FROM webhook WHERE shop = ? AND state = 'on' AND ended_at IS NULL AND (? = 0 OR number = ?)) "
            "ORDER BY webhook, number LIMIT ?"
        )
        values = (self._pool.shop, now, self._pool.shop, webhook or 0, webhook or 0, limit)
        if not self._pool.read(due, *values):
            return []
        with self._pool.writing() as conn:
            found = [_message(row) for row in conn.execute(due, values).fetchall()]
            for one in found:
                conn.execute(
                    "UPDATE webhook_message SET next_at = ?, tries = tries + 1 WHERE shop = ? AND webhook = ? AND number = ?",
                    (until, self._pool.shop, one.webhook, one.number),
                )
        return found

    def oldest(self, webhook: int) -> Message | None:
        """The message that has waited longest."""
        rows = self._pool.read(
            f"{_MESSAGE} AND webhook = ? AND state = 'waiting' ORDER BY number LIMIT 1",
            self._pool.shop,
            webhook,
        )
        return _message(rows[0]) if rows else None

    def tried(
        self, message: Message, state: MessageState, status: int, said: str, next_at: float, now: float
    ) -> None:
        """What became of a try."""
        with self._pool.writing() as conn:
            conn.execute(
                "UPDATE webhook_message SET state = ?, status = ?, said = ?, next_at = ?, tried_at = ? "
                "WHERE shop = ? AND webhook = ? AND number = ?",
                (state, status, said, next_at, now, self._pool.shop, message.webhook, message.number),
            )

    def put_back(self, messages: Sequence[Message], now: float) -> None:
        """They were taken and not tried: they are due, and no try counts."""
        with self._pool.writing() as conn:
            for one in messages:
                conn.execute(
                    "UPDATE webhook_message SET next_at = ?, tries = tries - 1 WHERE shop = ? AND webhook = ? AND number = ?",
                    (now, self._pool.shop, one.webhook, one.number),
                )

    def again(self, webhook: int, number: int, now: float) -> bool:
        """Send a message once more, from the first try on; False where there is none."""
        with self._pool.writing() as conn:
            done = conn.execute(
                "UPDATE webhook_message SET state = 'waiting', tries = 0, next_at = ?, made_at = ? "
                "WHERE shop = ? AND webhook = ? AND number = ?",
                (now, now, self._pool.shop, webhook, number),
            )
            return done.rowcount == 1

    def messages(self, webhook: int, limit: int, *, below: int | None = None) -> list[Message]:
        """The newest first."""
        rows = self._pool.read(
            f"{_MESSAGE} AND webhook = ? AND number < ? ORDER BY number DESC LIMIT ?",
            self._pool.shop,
            webhook,
            2**53 if below is None else below,
            limit,
        )
        return [_message(row) for row in rows]

    def waiting(self, webhook: int) -> int:
        """How many messages it has not got yet."""
        rows = self._pool.read(
            "SELECT count(*) FROM webhook_message WHERE shop = ? AND webhook = ? AND state = 'waiting'",
            self._pool.shop,
            webhook,
        )
        return int(rows[0][0])

    def prune(self, before: float) -> int:
        """Forget messages that were sent or given up before then."""
        with self._pool.writing() as conn:
            gone = conn.execute(
                "DELETE FROM webhook_message WHERE shop = ? AND state <> 'waiting' AND made_at < ?",
                (self._pool.shop, before),
            )
            return max(0, gone.rowcount)

"""What networks told of messages, who said stop, how fast channels go, on either database."""

from __future__ import annotations

from collections.abc import Sequence

from hub.store.connection import HubPool
from hub.store.message_records import Told
from hub.store.messages import SqlMessages


class SqlOutbox(SqlMessages):
    """The whole outbox: messages and what is known beside them."""

    def __init__(self, pool: HubPool) -> None:
        super().__init__(pool)
        self._pool = pool

    def put_parts(self, number: int, channel: str, references: Sequence[str], now: float) -> None:
        """What the channel calls the parts of a message."""
        with self._pool.writing() as conn:
            for part, reference in enumerate(references, 1):
                conn.execute(
                    "INSERT INTO message_part (shop, channel, reference, message, part, at) VALUES (?, ?, ?, ?, ?, ?) "
                    "ON CONFLICT (shop, message, part) DO UPDATE SET reference = excluded.reference, at = excluded.at",
                    (self._pool.shop, channel, reference, number, part, now),
                )

    def parts_called(self, channel: str, reference: str, since: float) -> list[int]:
        """Messages of which a part was called so since then, the latest first."""
        rows = self._pool.read(
            "SELECT message FROM message_part WHERE shop = ? AND channel = ? AND reference = ? AND at >= ? "
            "ORDER BY message DESC LIMIT 20",
            self._pool.shop,
            channel,
            reference,
            since,
        )
        return [int(row[0]) for row in rows]

    def parts_of(self, number: int) -> list[str]:
        """What the channel calls the parts of a message, in their order."""
        rows = self._pool.read(
            "SELECT reference FROM message_part WHERE shop = ? AND message = ? ORDER BY part",
            self._pool.shop,
            number,
        )
        return [str(row[0]) for row in rows]

    def keep_report(self, told: Told) -> bool:
        """Keep a report; False where it was kept before."""
        with self._pool.writing() as conn:
            done = conn.execute(
                "INSERT INTO message_report (shop, report, channel, reference, message, outcome, at) "
                "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (
                    self._pool.shop,
                    told.report,
                    told.channel,
                    told.reference,
                    told.message,
                    told.outcome,
                    told.at,
                ),
            )
            return done.rowcount == 1

    def reports_for(self, number: int, channel: str) -> list[Told]:
        """What was told of a message: by its number, or under a name of one of its parts before anybody knew whose that is."""
        rows = self._pool.read(
            "SELECT report, channel, reference, message, outcome, at FROM message_report WHERE shop = ? AND "
            "(message = ? OR (message = 0 AND channel = ? AND reference IN "
            "(SELECT reference FROM message_part WHERE shop = ? AND message = ?))) ORDER BY at, report",
            self._pool.shop,
            number,
            channel,
            self._pool.shop,
            number,
        )
        return [Told(*row) for row in rows]

    def settle(self, number: int, outcome: str, now: float) -> bool:
        """What became of a message in all; False where that is known already."""
        with self._pool.writing() as conn:
            done = conn.execute(
                "UPDATE message SET outcome = ?, outcome_at = ? WHERE shop = ? AND number = ? AND outcome = ''",
                (outcome, now, self._pool.shop, number),
            )
            return done.rowcount == 1

    def overdue(self, before: float) -> tuple[int, str]:
        """How many messages that somebody waits for should have gone before then, and what the channel said of the latest."""
        rows = self._pool.read(
            "SELECT said FROM message WHERE shop = ? AND state = 'waiting' AND medium IN ('sms', 'mail', 'push', 'screen') "
            "AND rank = 0 AND (next_at < ? OR (tries > 0 AND queued_at < ?)) ORDER BY number DESC LIMIT 1000",
            self._pool.shop,
            before,
            before,
        )
        return len(rows), next((str(said) for (said,) in rows if said), "")

    def unsure_since(self, since: float) -> int:
        """How many messages may have gone out or not, of those since then."""
        rows = self._pool.read(
            "SELECT count(*) FROM message WHERE shop = ? AND state = 'unsure' AND ended_at >= ?",
            self._pool.shop,
            since,
        )
        return int(rows[0][0])

    def silence(self, number_hash: str, now: float) -> int:
        """Nothing that is in the outbox for this number now is sent any more; the place of the latest message."""
        with self._pool.writing() as conn:
            found = conn.execute(
                "SELECT coalesce(max(number), 0) FROM message WHERE shop = ?", (self._pool.shop,)
            ).fetchone()
            conn.execute(
                "INSERT INTO message_silence (shop, number_hash, place, at) VALUES (?, ?, ?, ?) "
                "ON CONFLICT (shop, number_hash) DO UPDATE SET place = excluded.place, at = excluded.at",
                (self._pool.shop, number_hash, int(found[0]), now),
            )
        return int(found[0])

    def silenced(self, number_hash: str) -> int:
        """The place up to which nothing is sent to this number; 0 where nobody said stop."""
        rows = self._pool.read(
            "SELECT place FROM message_silence WHERE shop = ? AND number_hash = ?",
            self._pool.shop,
            number_hash,
        )
        return int(rows[0][0]) if rows else 0

    def pace(self, channel: str, now: float, each_s: float) -> float:
        """0, and the channel's next turn comes `each_s` later; or how long it has to wait for its turn (s)."""
        with self._pool.writing() as conn:
            row = conn.execute(
                "SELECT free_at FROM message_pace WHERE shop = ? AND channel = ?", (self._pool.shop, channel)
            ).fetchone()
            # A turn that lies further ahead than one may was written by a clock that was wrong.
            ahead = 0.0 if row is None else float(row[0]) - now
            if 0 < ahead <= max(each_s, 60.0):
                return ahead
            conn.execute(
                "INSERT INTO message_pace (shop, channel, free_at) VALUES (?, ?, ?) "
                "ON CONFLICT (shop, channel) DO UPDATE SET free_at = excluded.free_at",
                (self._pool.shop, channel, now + each_s),
            )
        return 0.0

    def slow(self, channel: str, more_s: float) -> None:
        """What was given to the channel takes so much longer than one turn."""
        with self._pool.writing() as conn:
            conn.execute(
                "UPDATE message_pace SET free_at = free_at + ? WHERE shop = ? AND channel = ?",
                (more_s, self._pool.shop, channel),
            )

    def rules(self) -> str:
        """What the shop has set, as JSON; "" where it has not."""
        rows = self._pool.read("SELECT body FROM message_rule WHERE shop = ?", self._pool.shop)
        return str(rows[0][0]) if rows else ""

    def set_rules(self, body: str) -> None:
        """It is set so from now on."""
        with self._pool.writing() as conn:
            conn.execute(
                "INSERT INTO message_rule (shop, body) VALUES (?, ?) ON CONFLICT (shop) DO UPDATE SET body = excluded.body",
                (self._pool.shop, body),
            )

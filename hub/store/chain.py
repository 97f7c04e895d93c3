"""Answers about the chain: where a shop stands with head office, and where head office stands with its shops."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from hub.store.chain_records import Heard, ShopBelow, UpstreamRecord
from hub.store.connection import HubPool
from hub.wire.chain import CHAIN_FIRST

_UPSTREAM = """SELECT device, joined_at, journal, sent, there, recall, books, reached_at, failing_since, code, sentence,
    parked, got_back, got_back_at FROM upstream WHERE shop = ?"""

_texts = msgspec.json.Decoder(list[msgspec.Raw])


class SqlChain:
    """Both ends of a chain, for one shop."""

    def __init__(self, pool: HubPool) -> None:
        self._pool = pool

    def upstream(self) -> UpstreamRecord | None:
        """How this shop stands with head office; None where it has joined nobody."""
        rows = self._pool.read(_UPSTREAM, self._pool.shop)
        return UpstreamRecord(*rows[0]) if rows else None

    def office_here(self) -> int:
        """The shop of this database that is head office of this one; 0 where none is."""
        rows = self._pool.read("SELECT of_chain FROM shop WHERE number = ?", self._pool.shop)
        return int(rows[0][0] or 0) if rows else 0

    def housed(self) -> list[int]:
        """The shops of this database whose head office this one is, and that have no hub of their own, in order."""
        rows = self._pool.read(
            """SELECT number FROM shop WHERE of_chain = ? AND number <> ?
               AND number NOT IN (SELECT tenant FROM shop_below WHERE shop = ?) ORDER BY number""",
            *(self._pool.shop,) * 3,
        )
        return [int(number) for (number,) in rows]

    def put_upstream(self, record: UpstreamRecord) -> None:
        """Write it, with the counter as it is."""
        row = (
            record.device,
            record.joined_at,
            record.journal,
            record.sent,
            record.there,
            record.recall,
            record.books,
            record.reached_at,
            record.failing_since,
            record.code,
            record.sentence,
            record.parked,
            record.got_back,
            record.got_back_at,
        )
        with self._pool.writing() as conn:
            conn.execute(
                """INSERT INTO upstream (shop, device, joined_at, journal, sent, there, recall, books, reached_at,
                       failing_since, code, sentence, parked, got_back, got_back_at, counter, holder, held_until)
                   VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, '', 0)
                   ON CONFLICT (shop) DO UPDATE SET device = excluded.device, joined_at = excluded.joined_at,
                       journal = excluded.journal, sent = excluded.sent, there = excluded.there, recall = excluded.recall,
                       books = excluded.books, reached_at = excluded.reached_at,
                       failing_since = excluded.failing_since, code = excluded.code, sentence = excluded.sentence,
                       parked = excluded.parked, got_back = excluded.got_back, got_back_at = excluded.got_back_at""",
                (self._pool.shop, *row),
            )

    def forget_upstream(self) -> None:
        """The shop stands alone again: nothing of head office's is left here."""
        with self._pool.writing() as conn:
            conn.execute("DELETE FROM upstream WHERE shop = ?", (self._pool.shop,))
            conn.execute("DELETE FROM chain_section WHERE shop = ?", (self._pool.shop,))
            self._pool.snapshot_changed(conn)

    def take_counter(self, above: int, count: int) -> int:
        """The last of `count` numbers for requests that nobody had before, all higher than `above`."""
        with self._pool.writing() as conn:
            row = conn.execute(
                """UPDATE upstream SET counter = CASE WHEN counter > ? THEN counter ELSE ? END + ?
                   WHERE shop = ? RETURNING counter""",
                (above, above, count, self._pool.shop),
            ).fetchone()
            return int(row[0]) if row else above + count

    def hold(self, holder: str, now: float, until: float) -> bool:
        """Whether this process may exchange until then: nobody else does."""
        with self._pool.writing() as conn:
            done = conn.execute(
                """UPDATE upstream SET holder = ?, held_until = ?
                   WHERE shop = ? AND (holder = ? OR held_until <= ? OR held_until > ?)""",
                # A clock that was set back by an hour must not keep the shop waiting that long.
                (holder, until, self._pool.shop, holder, now, now + 3_600),
            )
            return done.rowcount == 1

    def let_go(self, holder: str) -> None:
        """Another process may exchange at once."""
        with self._pool.writing() as conn:
            conn.execute(
                "UPDATE upstream SET held_until = 0 WHERE shop = ? AND holder = ?", (self._pool.shop, holder)
            )

    def events_after(self, position: int, most: int, most_bytes: int) -> list[bytes]:
        """The texts of the events that follow a position of this shop's journal, in its order."""
        heads = self._pool.read(
            """SELECT position, count FROM journal WHERE shop = ? AND position >= coalesce((SELECT max(position) FROM journal
                   WHERE shop = ? AND position <= ?), 0) ORDER BY position LIMIT ?""",
            self._pool.shop,
            self._pool.shop,
            position + 1,
            most,
        )
        if not heads:
            return []
        # A run may hold thousands of events: texts are read of no more runs than are needed.
        end = next((first for first, count in heads if first + count - 1 - position >= most), heads[-1][0])
        rows = self._pool.read(
            "SELECT position, texts FROM journal WHERE shop = ? AND position >= ? AND position <= ? ORDER BY position",
            self._pool.shop,
            heads[0][0],
            end,
        )
        found: list[bytes] = []
        size = 0
        for first, texts in rows:
            for place, text in enumerate(_texts.decode(texts), first):
                if place <= position:
                    continue
                octets = bytes(text)
                size += len(octets) + 1
                if len(found) >= most or (found and size > most_bytes):
                    return found
                found.append(octets)
        return found

    def free_offer(self) -> int:
        """A number for an offer of the chain that none has had."""
        rows = self._pool.read(
            "SELECT coalesce(max(number) + 1, ?) FROM campaign WHERE shop = ? AND number >= ?",
            CHAIN_FIRST,
            self._pool.shop,
            CHAIN_FIRST,
        )
        return int(rows[0][0])

    def have(self) -> dict[str, str]:
        """The sections of head office's that are here, with their hashes."""
        return dict(self._pool.read("SELECT name, hash FROM chain_section WHERE shop = ?", self._pool.shop))

    def section(self, name: str) -> bytes | None:
        """One of them, as it came."""
        rows = self._pool.read(
            "SELECT body FROM chain_section WHERE shop = ? AND name = ?", self._pool.shop, name
        )
        return bytes(rows[0][0]) if rows else None

    def adopt(self, sections: Mapping[str, str], bodies: Mapping[str, bytes]) -> None:
        """Head office's newest: `sections` by hash are all that there are, `bodies` those that were missing."""
        with self._pool.writing() as conn:
            gone = self.have().keys() - sections.keys()
            conn.executemany(
                "DELETE FROM chain_section WHERE shop = ? AND name = ?",
                [(self._pool.shop, name) for name in sorted(gone)],
            )
            conn.executemany(
                """INSERT INTO chain_section (shop, name, hash, body) VALUES (?, ?, ?, ?)
                   ON CONFLICT (shop, name) DO UPDATE SET hash = excluded.hash, body = excluded.body""",
                [(self._pool.shop, name, sections[name], body) for name, body in bodies.items()],
            )
            self._pool.snapshot_changed(conn)

    def below(self) -> list[ShopBelow]:
        """The shops whose hubs send their journals here, by number; one that came with a new hub has a row for each."""
        rows = self._pool.read(
            "SELECT device, tenant, joined_at FROM shop_below WHERE shop = ? ORDER BY tenant, joined_at",
            self._pool.shop,
        )
        return [ShopBelow(*row) for row in rows]

    def shop_below(self, device: str) -> ShopBelow | None:
        """The shop of one such hub."""
        rows = self._pool.read(
            "SELECT device, tenant, joined_at FROM shop_below WHERE shop = ? AND device = ?",
            self._pool.shop,
            device,
        )
        return ShopBelow(*rows[0]) if rows else None

    def put_below(self, shop: ShopBelow) -> None:
        """A shop's hub has joined."""
        with self._pool.writing() as conn:
            conn.execute(
                """INSERT INTO shop_below (shop, device, tenant, joined_at) VALUES (?, ?, ?, ?)
                   ON CONFLICT (shop, device) DO NOTHING""",
                (self._pool.shop, shop.device, shop.tenant, shop.joined_at),
            )

    def heard(self, device: str) -> Heard:
        """How far this hub has told this shop's journal. Asked of the shop's own store, not of head office's."""
        rows = self._pool.read(
            """SELECT device, journal, upto, last, told_at, parked, set_backs, set_back_at FROM relayed
               WHERE shop = ? AND device = ?""",
            self._pool.shop,
            device,
        )
        return Heard(*rows[0]) if rows else Heard(device)

    def put_heard(self, heard: Heard) -> None:
        """Write how far it has come."""
        with self._pool.writing() as conn:
            conn.execute(
                """INSERT INTO relayed (shop, device, journal, upto, last, told_at, parked, set_backs, set_back_at)
                   VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
                   ON CONFLICT (shop, device) DO UPDATE SET journal = excluded.journal, upto = excluded.upto,
                       last = excluded.last, told_at = excluded.told_at, parked = excluded.parked,
                       set_backs = excluded.set_backs, set_back_at = excluded.set_back_at""",
                (
                    self._pool.shop,
                    heard.device,
                    heard.journal,
                    heard.upto,
                    heard.last,
                    heard.told_at,
                    heard.parked,
                    heard.set_backs,
                    heard.set_back_at,
                ),
            )

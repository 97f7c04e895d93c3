"""Telling a hub again what it has forgotten: it was set back to a backup, and this node's journal goes further than its own.

What somebody may have to answer for (coupons, consent) is kept for a while after the hub has taken it, as the very texts that
were sent, so that it goes up once more under its own ids. Visits and the like are counts: a gap in them is shown, not filled.
What the hub itself had decided for this node is told by whoever asked (`Decided`).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence

from hub.client.outbox import Outbox
from hub.wire.events import Fact
from hub.wire.sync import Retell

KEEP_S = 40 * 86_400.0
"""How old a backup may be that is made good again. Longer than that nobody leaves a shop without one."""

OVERLAP_S = 86_400.0
"""Told again from a day before the backup on: clocks differ, and what the hub has it knows by its id."""

Decided = Callable[[sqlite3.Connection, float], Sequence[Fact]]
"""What the hub decided for this node since then, as facts that this node may tell."""


def nothing_decided(_conn: sqlite3.Connection, _since: float) -> Sequence[Fact]:
    """For a node for which the hub decides nothing."""
    return ()


def keep(conn: sqlite3.Connection, ids: Iterable[tuple[int, int]], hub_now: float) -> None:
    """Keep these facts of the outbox, before they are let go; forget what was kept for long enough.

    `hub_now` is the hub's time when it took them: what it has forgotten goes by when it was told, not by when it happened.
    """
    conn.executemany(
        """INSERT OR REPLACE INTO kept_fact SELECT epoch, seq, kind, at, text, ? FROM outbox WHERE epoch = ? AND seq = ? AND
           kind IN ('coupon.issued', 'coupon.redeemed', 'coupon.reversed', 'purchase.paid', 'purchase.reversed',
           'value.spent', 'value.reversed', 'consent.given', 'consent.withdrawn')""",
        ((hub_now, *one) for one in ids),
    )
    conn.execute("DELETE FROM kept_fact WHERE taken_at < ?", (hub_now - KEEP_S,))


def told(conn: sqlite3.Connection) -> int:
    """The number of the latest set-back for which everything was put into the outbox again; 0 for none."""
    row = conn.execute("SELECT number FROM retold").fetchone()
    return row[0] if row else 0


def tell_again(conn: sqlite3.Connection, outbox: Outbox, asked: Retell, decided: Decided, now: float) -> int:
    """Put what happened since into the outbox once more; how many facts. The same number is done once."""
    if told(conn) == asked.number:
        return 0
    since = asked.since - OVERLAP_S
    (before,) = conn.execute("SELECT count(*) FROM outbox").fetchone()
    conn.execute(
        "INSERT OR IGNORE INTO outbox (epoch, seq, kind, at, text) "
        "SELECT epoch, seq, kind, at, text FROM kept_fact WHERE taken_at >= ?",
        (since,),
    )
    facts = decided(conn, since)
    if facts:
        outbox.put_all(conn, list(facts), now)
    conn.execute("INSERT OR REPLACE INTO retold VALUES (1, ?)", (asked.number,))
    (after,) = conn.execute("SELECT count(*) FROM outbox").fetchone()
    return int(after - before)

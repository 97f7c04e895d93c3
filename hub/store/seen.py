"""Answers about how far figures may be trusted: what days said when they were seen, and how far nodes have told."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import astuple
from itertools import pairwise

from hub.store.connection import HubPool
from hub.store.figure_records import Changed, Gap, Kept, NodeHeard

RUNS_LOOKED_AT = 2_000
"""So many of a journal's newest runs are looked through for the first hole."""


class SqlSeen:
    """Days as they were seen, of one shop; nodes and their holes, of several."""

    def __init__(self, pool: HubPool) -> None:
        self._pool = pool

    def kept(self, first_day: int, last_day: int) -> list[Kept]:
        """What these days said when they were last looked at."""
        rows = self._pool.read(
            """SELECT day, figure, number, kept_at, timezone FROM figure_kept
               WHERE shop = ? AND day >= ? AND day <= ? ORDER BY day, figure""",
            self._pool.shop,
            first_day,
            last_day,
        )
        return [Kept(*row) for row in rows]

    def keep(self, rows: Iterable[Kept]) -> None:
        """Days say this from now on."""
        with self._pool.writing() as conn:
            conn.executemany(
                """INSERT INTO figure_kept (shop, day, figure, number, kept_at, timezone) VALUES (?, ?, ?, ?, ?, ?)
                   ON CONFLICT (shop, day, figure) DO UPDATE SET number = excluded.number, kept_at = excluded.kept_at,
                   timezone = excluded.timezone""",
                [(self._pool.shop, *astuple(one)) for one in rows],
            )

    def changed(self, shops: tuple[int, ...], first_day: int, last_day: int) -> list[Changed]:
        """Days that came to say something else after they were over, in the order in which that was found."""
        rows = self._pool.read(
            f"""SELECT shop, day, figure, at, number, earlier FROM figure_changed
                WHERE shop IN ({", ".join("?" for _ in shops)}) AND day >= ? AND day <= ? ORDER BY at, day, figure""",  # noqa: S608
            *shops,
            first_day,
            last_day,
        )
        return [Changed(*row) for row in rows]

    def note_changes(self, rows: Iterable[Changed]) -> None:
        """Write changes of this shop down."""
        with self._pool.writing() as conn:
            conn.executemany(
                """INSERT INTO figure_changed (shop, day, figure, at, number, earlier) VALUES (?, ?, ?, ?, ?, ?)
                   ON CONFLICT DO NOTHING""",
                [astuple(one) for one in rows],
            )

    def nodes(self, shops: tuple[int, ...]) -> list[NodeHeard]:
        """Nodes of these shops that may tell something, with what was last heard of each."""
        marks = ", ".join("?" for _ in shops)
        rows = self._pool.read(
            f"""SELECT d.shop, d.device, d.name, d.program, d.enrolled_at, c.seen_at,
                    (SELECT max(r.latest_at) FROM reach r WHERE r.shop = d.shop AND r.device = d.device),
                    (SELECT coalesce(sum(r.highest - r.taken), 0) FROM reach r WHERE r.shop = d.shop AND r.device = d.device)
                FROM device d LEFT JOIN contact c ON c.shop = d.shop AND c.device = d.device
                WHERE d.shop IN ({marks}) AND d.withdrawn_at IS NULL AND d.program <> 'hub' ORDER BY d.shop, d.device""",  # noqa: S608
            *shops,
        )
        # A shop below tells by its own hub: what its nodes are is known there.
        below = self._pool.read(
            f"""SELECT h.shop, h.device, d.name, d.program, d.enrolled_at, h.told_at,
                    (SELECT max(r.latest_at) FROM reach r WHERE r.shop = h.shop), max(0, h.last - h.upto)
                FROM relayed h JOIN device d ON d.device = h.device AND d.withdrawn_at IS NULL
                WHERE h.shop IN ({marks}) ORDER BY h.shop, h.device""",  # noqa: S608
            *shops,
        )
        return [NodeHeard(*row) for row in (*rows, *below)]

    def gap(self, shop: int, device: str) -> Gap:
        """The newest journal of a node that has a hole, and when the last fact before the first hole happened."""
        rows = self._pool.read(
            """SELECT epoch, highest - taken FROM reach WHERE shop = ? AND device = ? AND highest > taken
               ORDER BY epoch DESC LIMIT 1""",
            shop,
            device,
        )
        if not rows:
            return Gap(device, 0, None)
        epoch, missing = int(rows[0][0]), int(rows[0][1])
        runs = self._pool.read(
            """SELECT first_seq, count, position FROM journal WHERE shop = ? AND device = ? AND epoch = ?
               ORDER BY first_seq DESC LIMIT ?""",
            shop,
            device,
            epoch,
            RUNS_LOOKED_AT,
        )
        before = None
        forward = runs[::-1]
        for one, following in pairwise(forward):
            if one[0] + one[1] < following[0]:
                before = int(one[2])
                break
        if before is None:
            return Gap(device, missing, None)
        text = self._pool.read("SELECT texts FROM journal WHERE shop = ? AND position = ?", shop, before)[0][
            0
        ]
        return Gap(device, missing, float(json.loads(text)[-1]["at"]))

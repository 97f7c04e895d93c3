"""The store's answers about groups, places and settings of nodes, and what they told of themselves."""

from __future__ import annotations

from typing import Any

from hub.store.connection import HubPool
from hub.store.fleet_doors import FleetDoors
from hub.store.fleet_records import Ahead, Floor, Former, Post, Spent, Team, Told
from hub.store.packed import pack, unpack
from hub.wire.identity import REPLAY_WINDOW

_POST = (
    "SELECT device, team, floor, x, y, note, settings, retiring_at, retired_at FROM fleet_post WHERE shop = ?"
)


def _post(row: tuple[Any, ...]) -> Post:
    device, team, floor, x, y, note, settings, retiring_at, retired_at = row
    return Post(device, team, floor, x, y, note, unpack(settings), retiring_at, retired_at)


class SqlFleet(FleetDoors):
    """The fleet of one shop; who may join it stands in `FleetDoors`."""

    def __init__(self, pool: HubPool) -> None:
        super().__init__(pool)
        self._pool = pool

    def teams(self) -> list[Team]:
        """Every group, by name."""
        rows = self._pool.read(
            "SELECT name, settings FROM fleet_team WHERE shop = ? ORDER BY name", self._pool.shop
        )
        return [Team(name, unpack(settings)) for name, settings in rows]

    def team(self, name: str) -> Team | None:
        """The group of that name."""
        return next((team for team in self.teams() if team.name == name), None)

    def put_team(self, team: Team, now: float) -> None:
        """Make a group, or give it other settings."""
        with self._pool.writing() as conn:
            conn.execute(
                """INSERT INTO fleet_team (shop, name, settings, made_at) VALUES (?, ?, ?, ?)
                   ON CONFLICT (shop, name) DO UPDATE SET settings = excluded.settings""",
                (self._pool.shop, team.name, pack(team.settings), now),
            )
            self._pool.snapshot_changed(conn)

    def remove_team(self, name: str) -> bool:
        """Forget a group; its nodes are in none then. False where there was none."""
        with self._pool.writing() as conn:
            conn.execute(
                "UPDATE fleet_post SET team = '' WHERE shop = ? AND team = ?", (self._pool.shop, name)
            )
            done = conn.execute(
                "DELETE FROM fleet_team WHERE shop = ? AND name = ?", (self._pool.shop, name)
            ).rowcount
            self._pool.snapshot_changed(conn)
        return done == 1

    def posts(self) -> dict[str, Post]:
        """Every node of which something was said, by its name."""
        rows = self._pool.read(f"{_POST} ORDER BY device", self._pool.shop)
        return {row[0]: _post(row) for row in rows}

    def post(self, device: str) -> Post:
        """What was said of one node; nothing where nobody said anything."""
        rows = self._pool.read(f"{_POST} AND device = ?", self._pool.shop, device)
        return _post(rows[0]) if rows else Post(device)

    def put_post(self, post: Post) -> None:
        """Say it anew."""
        with self._pool.writing() as conn:
            conn.execute(
                """INSERT INTO fleet_post (shop, device, team, floor, x, y, note, settings, retiring_at, retired_at)
                   VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                   ON CONFLICT (shop, device) DO UPDATE SET team = excluded.team, floor = excluded.floor, x = excluded.x,
                   y = excluded.y, note = excluded.note, settings = excluded.settings,
                   retiring_at = excluded.retiring_at, retired_at = excluded.retired_at""",
                (
                    self._pool.shop,
                    post.device,
                    post.team,
                    post.floor,
                    post.x,
                    post.y,
                    post.note,
                    pack(post.settings),
                    post.retiring_at,
                    post.retired_at,
                ),
            )
            self._pool.snapshot_changed(conn)

    def floors(self) -> list[Floor]:
        """Every floor, by name."""
        rows = self._pool.read(
            "SELECT name, picture, width, height FROM fleet_floor WHERE shop = ? ORDER BY name",
            self._pool.shop,
        )
        return [Floor(*row) for row in rows]

    def put_floor(self, floor: Floor, now: float) -> None:
        """Make a floor, or give it another plan."""
        with self._pool.writing() as conn:
            conn.execute(
                """INSERT INTO fleet_floor (shop, name, picture, width, height, made_at) VALUES (?, ?, ?, ?, ?, ?)
                   ON CONFLICT (shop, name) DO UPDATE SET picture = excluded.picture, width = excluded.width,
                   height = excluded.height""",
                (self._pool.shop, floor.name, floor.picture, floor.width, floor.height, now),
            )

    def remove_floor(self, name: str) -> bool:
        """Forget a floor; nodes that stood on it stand nowhere. False where there was none."""
        with self._pool.writing() as conn:
            conn.execute(
                "UPDATE fleet_post SET floor = '', x = NULL, y = NULL WHERE shop = ? AND floor = ?",
                (self._pool.shop, name),
            )
            done = conn.execute(
                "DELETE FROM fleet_floor WHERE shop = ? AND name = ?", (self._pool.shop, name)
            ).rowcount
        return done == 1

    def rename(self, device: str, name: str) -> bool:
        """Call a node otherwise; False where there is no such node."""
        with self._pool.writing() as conn:
            done = conn.execute(
                "UPDATE device SET name = ? WHERE shop = ? AND device = ?", (name, self._pool.shop, device)
            ).rowcount
            self._pool.snapshot_changed(conn)
        return done == 1

    def replace_hardware(
        self, device: str, public: str, key_number: int, former: Former, spent: list[Spent], now: float
    ) -> None:
        """Let other hardware be this node: its key, a number of its own, counters from the beginning. `spent`: rights of the old
        hardware that count as spent."""
        shop = self._pool.shop
        with self._pool.writing() as conn:
            conn.execute(
                "INSERT INTO fleet_former (shop, device, public, key_number, ended_at, epoch, why) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    shop,
                    device,
                    former.public,
                    former.key_number,
                    former.ended_at,
                    former.epoch,
                    former.why,
                ),
            )
            conn.execute(
                """UPDATE device SET public = ?, key_number = ?, enrolled_at = ?, withdrawn_at = NULL
                   WHERE shop = ? AND device = ?""",
                (public, key_number, now, shop, device),
            )
            conn.execute(
                "DELETE FROM node_key WHERE shop = ? AND (number = ? OR public = ?)",
                (shop, key_number, public),
            )
            conn.execute(
                """INSERT INTO node_key (shop, number, device, public, made_at, starts_at, ends_at, withdrawn_at)
                   VALUES (?, ?, ?, ?, ?, NULL, NULL, NULL)""",
                (shop, key_number, device, public, now),
            )
            conn.execute(
                "UPDATE contact SET highest = 0, bits = ?, seen_at = NULL WHERE shop = ? AND device = ?",
                (bytes(REPLAY_WINDOW // 8), shop, device),
            )
            conn.execute("DELETE FROM fleet_told WHERE shop = ? AND device = ?", (shop, device))
            for one in spent:
                conn.execute(
                    """INSERT INTO fleet_spent (shop, campaign, device, issued, accepted) VALUES (?, ?, ?, ?, ?)
                       ON CONFLICT (shop, campaign, device) DO UPDATE SET
                       issued = max(fleet_spent.issued, excluded.issued),
                       accepted = max(fleet_spent.accepted, excluded.accepted)""",
                    (shop, one.campaign, device, one.issued, one.accepted),
                )
            self._pool.snapshot_changed(conn)

    def formers(self, device: str) -> list[Former]:
        """Hardware that this node was before, the latest first."""
        rows = self._pool.read(
            """SELECT device, public, key_number, ended_at, epoch, why FROM fleet_former WHERE shop = ? AND device = ?
               ORDER BY ended_at DESC, public""",
            self._pool.shop,
            device,
        )
        return [Former(*row) for row in rows]

    def spent(self) -> list[Spent]:
        """Rights of replaced hardware that count as spent."""
        rows = self._pool.read(
            "SELECT campaign, device, issued, accepted FROM fleet_spent WHERE shop = ? ORDER BY campaign, device",
            self._pool.shop,
        )
        return [Spent(*row) for row in rows]

    def tell(self, told: Told) -> None:
        """Keep what a node said of itself; settings "" leave what it said of those before."""
        with self._pool.writing() as conn:
            conn.execute(
                """INSERT INTO fleet_told (shop, device, settings, skew_s, clock, at) VALUES (?, ?, ?, ?, ?, ?)
                   ON CONFLICT (shop, device) DO UPDATE SET skew_s = excluded.skew_s, clock = excluded.clock,
                   at = excluded.at,
                   settings = CASE WHEN excluded.settings = '' THEN fleet_told.settings ELSE excluded.settings END""",
                (self._pool.shop, told.device, told.settings, told.skew_s, told.clock, told.at),
            )

    def told(self) -> dict[str, Told]:
        """What nodes said of themselves, by name."""
        rows = self._pool.read(
            "SELECT device, settings, skew_s, clock, at FROM fleet_told WHERE shop = ? ORDER BY device",
            self._pool.shop,
        )
        return {row[0]: Told(*row) for row in rows}

    def mark_ahead(self, marks: list[Ahead]) -> None:
        """Mark facts that were stamped ahead of the hub."""
        with self._pool.writing() as conn:
            conn.executemany(
                """INSERT INTO fleet_ahead (shop, device, epoch, first_seq, count, most_s, received_at)
                   VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (shop, device, epoch, first_seq) DO NOTHING""",
                [
                    (
                        self._pool.shop,
                        one.device,
                        one.epoch,
                        one.first_seq,
                        one.count,
                        one.most_s,
                        one.received_at,
                    )
                    for one in marks
                ],
            )

    def ahead(self, device: str = "", limit: int = 100) -> list[Ahead]:
        """Marks, the latest first; of one node, or of all."""
        rows = self._pool.read(
            """SELECT device, epoch, first_seq, count, most_s, received_at FROM fleet_ahead
               WHERE shop = ? AND (device = ? OR ? = '') ORDER BY received_at DESC, device, epoch, first_seq LIMIT ?""",
            self._pool.shop,
            device,
            device,
            limit,
        )
        return [Ahead(*row) for row in rows]

    def ahead_by_device(self, since: float) -> dict[str, tuple[int, float]]:
        """How many facts of each node were marked since then, and how far ahead the farthest was, in seconds."""
        rows = self._pool.read(
            """SELECT device, sum(count), max(most_s) FROM fleet_ahead WHERE shop = ? AND received_at >= ?
               GROUP BY device ORDER BY device""",
            self._pool.shop,
            since,
        )
        return {device: (int(count), float(most)) for device, count, most in rows}

"""The store's answers about segments: what was defined, who is in which, who is to be looked at when, what changed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from hub.store.connection import Conn, HubPool
from hub.store.portraits import marks_of, parts_of, stir_some
from hub.store.segment_records import IN_BULK, Change, Due, SegmentRecord, SegmentVersion

_COLUMNS = "number, name, note, body, version, next_body, next_version, made_at, changed_at, counted_at"


class SqlSegments:
    """Segments of one shop. What changes something is called inside a transaction."""

    def __init__(self, pool: HubPool) -> None:
        self._pool = pool

    # Definitions

    def all(self) -> list[SegmentRecord]:
        """Every segment, by its name."""
        rows = self._pool.read(
            f"SELECT {_COLUMNS} FROM segment WHERE shop = ? ORDER BY name",  # noqa: S608
            self._pool.shop,
        )
        return [SegmentRecord(*row) for row in rows]

    def get(self, number: int) -> SegmentRecord | None:
        """One by its number."""
        rows = self._pool.read(
            f"SELECT {_COLUMNS} FROM segment WHERE shop = ? AND number = ?",  # noqa: S608
            *(self._pool.shop, number),
        )
        return SegmentRecord(*rows[0]) if rows else None

    def named(self, name: str) -> SegmentRecord | None:
        """One by its name."""
        rows = self._pool.read(
            f"SELECT {_COLUMNS} FROM segment WHERE shop = ? AND name = ?",  # noqa: S608
            *(self._pool.shop, name),
        )
        return SegmentRecord(*rows[0]) if rows else None

    def free_number(self) -> int:
        """A number that no segment has or had."""
        rows = self._pool.read(
            "SELECT coalesce(max(number), 0) + 1 FROM segment_version WHERE shop = ?", self._pool.shop
        )
        return int(rows[0][0])

    def put(self, record: SegmentRecord) -> None:
        """Keep a segment as it is now."""
        names = [one.strip() for one in _COLUMNS.split(",")]
        sets = ", ".join(f"{one} = excluded.{one}" for one in names[1:])
        with self._pool.writing() as conn:
            conn.execute(
                f"INSERT INTO segment (shop, {_COLUMNS}) VALUES (?{', ?' * len(names)}) "  # noqa: S608
                f"ON CONFLICT (shop, number) DO UPDATE SET {sets}",
                (self._pool.shop, *(getattr(record, one) for one in names)),
            )
            self._turn(conn)

    def remove(self, number: int) -> None:
        """Take it away, with its list and who was in it. Its versions stay."""
        with self._pool.writing() as conn:
            for table in ("segment_member", "segment_list", "segment_trial"):
                conn.execute(
                    f"DELETE FROM {table} WHERE shop = ? AND segment = ?",  # noqa: S608
                    (self._pool.shop, number),
                )
            conn.execute("DELETE FROM segment WHERE shop = ? AND number = ?", (self._pool.shop, number))
            self._turn(conn)

    def add_version(self, number: int, version: SegmentVersion) -> None:
        """Keep what it is from now on."""
        with self._pool.writing() as conn:
            conn.execute(
                """INSERT INTO segment_version (shop, number, version, name, note, body, at, who)
                   VALUES (?, ?, ?, ?, ?, ?, ?, ?)""",
                (
                    *(self._pool.shop, number, version.version, version.name, version.note),
                    *(version.body, version.at, version.who),
                ),
            )

    def versions(self, number: int) -> list[SegmentVersion]:
        """What it was, the newest first."""
        rows = self._pool.read(
            """SELECT version, name, note, body, at, who FROM segment_version WHERE shop = ? AND number = ?
               ORDER BY version DESC""",
            *(self._pool.shop, number),
        )
        return [SegmentVersion(*row) for row in rows]

    # State

    def state(self) -> tuple[int, str, int]:
        """Turn of the definitions, clock of the days, day of the scores."""
        rows = self._pool.read(
            "SELECT turn, clock, scores FROM segment_state WHERE shop = ?", self._pool.shop
        )
        return (int(rows[0][0]), str(rows[0][1]), int(rows[0][2])) if rows else (0, "", 0)

    def set_clock(self, clock: str) -> None:
        """The days are reckoned by this clock from now on."""
        with self._pool.writing() as conn:
            self._turn(conn)
            conn.execute("UPDATE segment_state SET clock = ? WHERE shop = ?", (clock, self._pool.shop))

    def set_scores(self, day: int) -> None:
        """The scores of this day are taken in."""
        with self._pool.writing() as conn:
            self._turn(conn)
            conn.execute("UPDATE segment_state SET scores = ? WHERE shop = ?", (day, self._pool.shop))

    def _turn(self, conn: Conn) -> None:
        conn.execute(
            """INSERT INTO segment_state (shop, turn, position, clock, scores) VALUES (?, 1, 0, '', 0)
               ON CONFLICT (shop) DO UPDATE SET turn = segment_state.turn + 1""",
            (self._pool.shop,),
        )

    # Who is to be looked at

    def due(self, day: int, limit: int) -> list[Due]:
        """Members who are to be looked at by that day; those of whom something is new first."""
        rows = self._pool.read(
            "SELECT member, day, stir FROM segment_due WHERE shop = ? AND day <= ? ORDER BY day, member LIMIT ?",
            *(self._pool.shop, day, limit),
        )
        return [Due(*row) for row in rows]

    def count_due(self, day: int) -> int:
        """How many these are."""
        rows = self._pool.read(
            "SELECT count(*) FROM segment_due WHERE shop = ? AND day <= ?", *(self._pool.shop, day)
        )
        return int(rows[0][0])

    def settle_due(self, rows: Iterable[tuple[str, int, int]]) -> None:
        """member, the day from which they are to be looked at again, and the `stir` that was seen: nothing where more came."""
        shop = int(self._pool.shop)
        with self._pool.writing() as conn:
            conn.executemany(
                f"UPDATE segment_due SET day = ? WHERE shop = {shop} AND member = ? AND stir = ?",  # noqa: S608
                [(day, member, stir) for member, day, stir in rows],
            )

    def seen(self, members: Collection[str]) -> dict[str, int]:
        """The `stir` of each of these."""
        found: dict[str, int] = {}
        for part in parts_of(members):
            rows = self._pool.read(
                f"SELECT member, stir FROM segment_due WHERE shop = ? AND member IN ({marks_of(part)})",  # noqa: S608
                *(self._pool.shop, *part),
            )
            found |= {str(member): int(stir) for member, stir in rows}
        return found

    def sooner(self, rows: Iterable[tuple[str, int]]) -> None:
        """Look at these on that day, where they are not looked at before."""
        shop = int(self._pool.shop)
        with self._pool.writing() as conn:
            conn.executemany(
                f"INSERT INTO segment_due (shop, member, day, stir) VALUES ({shop}, ?, ?, 0) "  # noqa: S608
                "ON CONFLICT (shop, member) DO UPDATE SET day = min(segment_due.day, excluded.day)",
                rows,
            )

    def stir(self, members: Iterable[str]) -> None:
        """Look at these again, after those of whom something just came."""
        stir_some(self._pool, members, IN_BULK)

    # Who is in which

    def of_member(self, member: str) -> list[str]:
        """Names of the segments in which a member is."""
        rows = self._pool.read(
            """SELECT s.name FROM segment_member m JOIN segment s ON s.shop = m.shop AND s.number = m.segment
               WHERE m.shop = ? AND m.member = ?""",
            *(self._pool.shop, member),
        )
        return [str(name) for (name,) in rows]

    def of_members(self, members: Collection[str]) -> set[tuple[int, str]]:
        """(segment, member) as it stands, of these."""
        found: set[tuple[int, str]] = set()
        for part in parts_of(members):
            rows = self._pool.read(
                f"SELECT segment, member FROM segment_member WHERE shop = ? AND member IN ({marks_of(part)})",  # noqa: S608
                *(self._pool.shop, *part),
            )
            found |= {(int(segment), str(member)) for segment, member in rows}
        return found

    def members(self, number: int, after: str, limit: int) -> list[str]:
        """Who is in a segment, by id, behind that one."""
        rows = self._pool.read(
            "SELECT member FROM segment_member WHERE shop = ? AND segment = ? AND member > ? ORDER BY member LIMIT ?",
            *(self._pool.shop, number, after, limit),
        )
        return [str(one) for (one,) in rows]

    def size(self, number: int) -> int:
        """How many are in it."""
        rows = self._pool.read(
            "SELECT count(*) FROM segment_member WHERE shop = ? AND segment = ?", *(self._pool.shop, number)
        )
        return int(rows[0][0])

    def move(
        self,
        entered: Iterable[tuple[int, str]],
        left: Iterable[tuple[int, str]],
        names: dict[int, str],
        now: float,
    ) -> None:
        """(segment, member) who came in and who left, each written down as a change."""
        changes = sorted([(one, True) for one in entered] + [(one, False) for one in left])
        if not changes:
            return
        shop = int(self._pool.shop)
        with self._pool.writing() as conn:
            start = self._positions(conn, len(changes))
            conn.executemany(
                f"INSERT INTO segment_change VALUES ({shop}, ?, ?, ?, ?, ?, ?)",  # noqa: S608
                [
                    (start + place, number, names.get(number, ""), member, int(came), now)
                    for place, ((number, member), came) in enumerate(changes, 1)
                ],
            )
            conn.executemany(
                f"INSERT INTO segment_member VALUES ({shop}, ?, ?, ?) ON CONFLICT DO NOTHING",  # noqa: S608
                [(number, member, now) for (number, member), came in changes if came],
            )
            conn.executemany(
                f"DELETE FROM segment_member WHERE shop = {shop} AND segment = ? AND member = ?",  # noqa: S608
                [one for one, came in changes if not came],
            )

    def _positions(self, conn: Conn, count: int) -> int:
        """Take so many positions of changes; the one before the first."""
        shop = self._pool.shop
        self._turn_once(conn)
        start = int(conn.execute("SELECT position FROM segment_state WHERE shop = ?", (shop,)).fetchone()[0])
        conn.execute("UPDATE segment_state SET position = ? WHERE shop = ?", (start + count, shop))
        return start

    def _turn_once(self, conn: Conn) -> None:
        conn.execute(
            """INSERT INTO segment_state (shop, turn, position, clock, scores) VALUES (?, 0, 0, '', 0)
               ON CONFLICT (shop) DO NOTHING""",
            (self._pool.shop,),
        )

    def changes(self, position: int, limit: int, segment: int | None = None) -> list[Change]:
        """Changes behind a position, in their order."""
        only = "" if segment is None else " AND segment = ?"
        rows = self._pool.read(
            f"SELECT position, name, member, entered, at FROM segment_change WHERE shop = ? AND position > ?{only} "  # noqa: S608
            "ORDER BY position LIMIT ?",
            *(self._pool.shop, position, *(() if segment is None else (segment,)), limit),
        )
        return [
            Change(int(at), str(name), str(one), bool(came), float(when))
            for at, name, one, came, when in rows
        ]

    def changes_of(self, member: str, after: float, limit: int = 200) -> list[Change]:
        """What changed of one member after that time, the latest first."""
        rows = self._pool.read(
            """SELECT position, name, member, entered, at FROM segment_change WHERE shop = ? AND member = ? AND at > ?
               ORDER BY position DESC LIMIT ?""",
            *(self._pool.shop, member, after, limit),
        )
        return [
            Change(int(at), str(name), str(one), bool(came), float(when))
            for at, name, one, came, when in rows
        ]

    def last_change(self) -> int:
        """The position of the latest change; 0 where there was none."""
        rows = self._pool.read("SELECT position FROM segment_state WHERE shop = ?", self._pool.shop)
        return int(rows[0][0]) if rows else 0

    def forget_changes(self, before: float, limit: int = 5_000) -> bool:
        """Take old changes away, some at a time; whether there may be more."""
        shop = self._pool.shop
        with self._pool.writing() as conn:
            gone = conn.execute(
                """DELETE FROM segment_change WHERE shop = ? AND position IN (
                   SELECT position FROM segment_change WHERE shop = ? AND at < ? ORDER BY position LIMIT ?)""",
                (shop, shop, before, limit),
            )
            return gone.rowcount >= limit

    # A new definition, beside the one that stands

    def try_out(self, number: int, version: int, members: Sequence[str]) -> None:
        """Who would be in it by a new definition."""
        shop = int(self._pool.shop)
        with self._pool.writing() as conn:
            conn.executemany(
                f"INSERT INTO segment_trial VALUES ({shop}, ?, ?, ?) ON CONFLICT DO NOTHING",  # noqa: S608
                [(number, version, one) for one in members],
            )

    def untry(self, number: int, version: int, members: Collection[str]) -> None:
        """Whoever of these would have been in it, is judged anew."""
        with self._pool.writing() as conn:
            conn.executemany(
                "DELETE FROM segment_trial WHERE shop = ? AND segment = ? AND version = ? AND member = ?",
                [(self._pool.shop, number, version, one) for one in members],
            )

    def clear_trial(self, number: int, version: int | None = None, limit: int = 5_000) -> bool:
        """Take what was tried out away, some at a time; of one version or of all. Whether there may be more."""
        shop = self._pool.shop
        only = "" if version is None else "AND version = ? "
        values: tuple[Any, ...] = () if version is None else (version,)
        with self._pool.writing() as conn:
            gone = conn.execute(
                f"DELETE FROM segment_trial WHERE shop = ? AND segment = ? {only}AND (version, member) IN ("  # noqa: S608
                f"SELECT version, member FROM segment_trial WHERE shop = ? AND segment = ? {only}LIMIT ?)",
                (shop, number, *values, shop, number, *values, limit),
            )
            return gone.rowcount >= limit

    def differing(
        self, number: int, version: int, after: str, last: str | None
    ) -> tuple[list[str], list[str]]:
        """Members behind `after`, up to `last` (None: all others), who come in by what was tried out, and who leave."""
        shop = self._pool.shop
        upto = "" if last is None else " AND {0}.member <= ?"
        ends = () if last is None else (last,)
        new = self._pool.read(
            f"SELECT t.member FROM segment_trial t WHERE t.shop = ? AND t.segment = ? AND t.version = ? AND t.member > ?"  # noqa: S608
            f"{upto.format('t')} AND NOT EXISTS (SELECT m.member FROM segment_member m WHERE m.shop = t.shop "
            "AND m.segment = t.segment AND m.member = t.member)",
            *(shop, number, version, after, *ends),
        )
        old = self._pool.read(
            f"SELECT m.member FROM segment_member m WHERE m.shop = ? AND m.segment = ? AND m.member > ?{upto.format('m')} "  # noqa: S608
            "AND NOT EXISTS (SELECT t.member FROM segment_trial t WHERE t.shop = m.shop AND t.segment = m.segment "
            "AND t.version = ? AND t.member = m.member)",
            *(shop, number, after, *ends, version),
        )
        return [str(one) for (one,) in new], [str(one) for (one,) in old]

    # Lists

    def put_list(self, number: int, members: Collection[str], *, instead: bool) -> list[str]:
        """Keep members that came as a file; `instead`: in the place of those that stood there. Whoever has to be looked at."""
        shop = int(self._pool.shop)
        touched = set(members)
        with self._pool.writing() as conn:
            if instead:
                rows = conn.execute(
                    "SELECT member FROM segment_list WHERE shop = ? AND segment = ?", (shop, number)
                ).fetchall()
                before = {str(one) for (one,) in rows}
                touched ^= before
                conn.executemany(
                    f"DELETE FROM segment_list WHERE shop = {shop} AND segment = ? AND member = ?",  # noqa: S608
                    [(number, one) for one in before - set(members)],
                )
            conn.executemany(
                f"INSERT INTO segment_list VALUES ({shop}, ?, ?) ON CONFLICT DO NOTHING",  # noqa: S608
                [(number, one) for one in sorted(members)],
            )
        return sorted(touched)

    def unlist(self, number: int, member: str) -> None:
        """Take one member off a list."""
        with self._pool.writing() as conn:
            conn.execute(
                "DELETE FROM segment_list WHERE shop = ? AND segment = ? AND member = ?",
                (self._pool.shop, number, member),
            )

    def listed(self, number: int) -> int:
        """How many stand on a segment's list."""
        rows = self._pool.read(
            "SELECT count(*) FROM segment_list WHERE shop = ? AND segment = ?", *(self._pool.shop, number)
        )
        return int(rows[0][0])

    def forget_member(self, member: str) -> None:
        """Nothing of this member stays: no membership, no change, no list. Call where somebody is erased."""
        shop = self._pool.shop
        with self._pool.writing() as conn:
            for table in ("segment_member", "segment_list", "segment_change", "segment_due", "segment_trial"):
                conn.execute(f"DELETE FROM {table} WHERE shop = ? AND member = ?", (shop, member))  # noqa: S608

"""SQLite's answers about campaigns, pictures and people: what is decided in the office."""

from __future__ import annotations

import msgspec

from hub.store import audit
from hub.store.audit_chain import Chain
from hub.store.connection import HubPool
from hub.store.records import (
    AuditEntry,
    CampaignRecord,
    CampaignState,
    CampaignVersion,
    Manager,
    PictureRecord,
    Revocation,
    Session,
    StaffMember,
)
from hub.wire.chain import CHAIN_FIRST
from hub.wire.snapshot import Campaign


def _read_campaign(body: str) -> Campaign:
    return msgspec.json.decode(body, type=Campaign)


class SqliteCampaigns:
    """Campaigns with every version that they ever had, and the pictures that they show."""

    def __init__(self, pool: HubPool) -> None:
        self._pool = pool

    def all(self) -> list[CampaignRecord]:
        """Every campaign, the newest first."""
        return [self._record(row) for row in self._rows("ORDER BY number DESC")]

    def get(self, number: int) -> CampaignRecord | None:
        """The campaign of that number."""
        return next((self._record(row) for row in self._rows("AND number = ?", number)), None)

    def in_state(self, state: CampaignState) -> list[CampaignRecord]:
        """Campaigns in one state, in the order of their numbers."""
        return [self._record(row) for row in self._rows("AND state = ? ORDER BY number", state)]

    def _rows(
        self, tail: str, *values: object
    ) -> list[tuple[str, CampaignState, int, float, float, float | None]]:
        return self._pool.read(
            f"SELECT body, state, version, made_at, changed_at, published_at FROM campaign WHERE shop = ? {tail}",  # noqa: S608
            self._pool.shop,
            *values,
        )

    @staticmethod
    def _record(row: tuple[str, CampaignState, int, float, float, float | None]) -> CampaignRecord:
        return CampaignRecord(_read_campaign(row[0]), *row[1:])

    def free_number(self) -> int:
        """A number that no campaign of this shop has had, below those of a chain."""
        rows = self._pool.read(
            "SELECT coalesce(max(number), 0) + 1 FROM campaign WHERE shop = ? AND number < ?",
            self._pool.shop,
            CHAIN_FIRST,
        )
        return int(rows[0][0])

    def save(
        self, campaign: Campaign, state: CampaignState, now: float, who: str, *, expect: int | None = None
    ) -> CampaignRecord | None:
        """Keep a campaign as its next version. None where `expect` is not the version that is there: somebody was faster."""
        body = msgspec.json.encode(campaign).decode()
        with self._pool.writing() as conn:
            before = self.get(campaign.number)
            version = before.version if before else 0
            if expect is not None and version != expect:
                return None
            published_at = before.published_at if before else None
            if state == "published" and published_at is None:
                published_at = now
            made_at = before.made_at if before else now
            shop = self._pool.shop
            conn.execute(
                """INSERT INTO campaign (shop, number, state, body, version, made_at, changed_at, published_at)
                   VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (shop, number) DO UPDATE SET state = excluded.state,
                   body = excluded.body, version = excluded.version, changed_at = excluded.changed_at,
                   published_at = excluded.published_at""",
                (shop, campaign.number, state, body, version + 1, made_at, now, published_at),
            )
            conn.execute(
                "INSERT INTO campaign_version VALUES (?, ?, ?, ?, ?, ?, ?)",
                (shop, campaign.number, version + 1, state, body, now, who),
            )
            self._pool.snapshot_changed(conn)
        return CampaignRecord(campaign, state, version + 1, made_at, now, published_at)

    def history(self, number: int) -> list[CampaignVersion]:
        """Every version of a campaign, the newest first."""
        rows = self._pool.read(
            """SELECT version, state, body, at, who FROM campaign_version WHERE shop = ? AND number = ?
               ORDER BY version DESC""",
            self._pool.shop,
            number,
        )
        return [
            CampaignVersion(version, state, _read_campaign(body), at, who)
            for version, state, body, at, who in rows
        ]

    def put_picture(self, picture: PictureRecord, now: float) -> None:
        """Keep a picture; the same one twice is one."""
        with self._pool.writing() as conn:
            conn.execute(
                "INSERT INTO picture VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (
                    self._pool.shop,
                    picture.hash,
                    picture.type,
                    picture.body,
                    picture.width,
                    picture.height,
                    now,
                ),
            )
            self._pool.snapshot_changed(conn)

    def picture(self, digest: str) -> PictureRecord | None:
        """The picture of that hash."""
        rows = self._pool.read(
            "SELECT hash, type, body, width, height FROM picture WHERE shop = ? AND hash = ?",
            self._pool.shop,
            digest,
        )
        return PictureRecord(*rows[0]) if rows else None

    def revoke(self, serial: str, now: float, who: str, reason: str) -> bool:
        """Withdraw one coupon; False where it was withdrawn before."""
        with self._pool.writing() as conn:
            done = conn.execute(
                "INSERT INTO revoked VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (self._pool.shop, serial, now, who, reason),
            )
            self._pool.snapshot_changed(conn)
            return done.rowcount == 1

    def revocation(self, serial: str) -> Revocation | None:
        """When, by whom and why one coupon was withdrawn."""
        rows = self._pool.read(
            "SELECT at, who, reason FROM revoked WHERE shop = ? AND serial = ?", self._pool.shop, serial
        )
        return Revocation(*rows[0]) if rows else None

    def revoked(self) -> list[str]:
        """Serials of the coupons that were withdrawn."""
        rows = self._pool.read("SELECT serial FROM revoked WHERE shop = ? ORDER BY serial", self._pool.shop)
        return [serial for (serial,) in rows]

    def coupons_until(self, number: int, now: float) -> int | None:
        """When the last of its coupons that can still be used runs out (seconds of UTC); None where there is none."""
        rows = self._pool.read(
            """SELECT max(expires_at) FROM coupon c WHERE shop = ? AND campaign = ? AND expires_at > ?
               AND NOT EXISTS (SELECT 1 FROM redemption r WHERE r.shop = c.shop AND r.serial = c.serial
                               AND r.standing = 'first')
               AND NOT EXISTS (SELECT 1 FROM revoked v WHERE v.shop = c.shop AND v.serial = c.serial)""",
            *(self._pool.shop, number, now),
        )
        return int(rows[0][0]) if rows and rows[0][0] is not None else None


class SqlitePeople:
    """Managers, their sessions, staff, and who changed what."""

    def __init__(self, pool: HubPool) -> None:
        self._pool = pool

    def add_manager(self, name: str, password: str, now: float) -> bool:
        """Let somebody run the shop; False where the name is taken. `password` is an argon2id text."""
        return self._insert("INSERT INTO manager VALUES (?, ?, ?, ?, NULL)", name, password, now)

    def set_password(self, name: str, password: str) -> None:
        """Give a manager a new password (an argon2id text), and end every session under the old one."""
        with self._pool.writing() as conn:
            conn.execute(
                "UPDATE manager SET password = ? WHERE shop = ? AND name = ?",
                (password, self._pool.shop, name),
            )
            conn.execute("DELETE FROM session WHERE shop = ? AND manager = ?", (self._pool.shop, name))

    def managers(self) -> list[Manager]:
        """Everybody who may or might run the shop."""
        rows = self._pool.read(
            "SELECT name, password, made_at, withdrawn_at FROM manager WHERE shop = ? ORDER BY name",
            self._pool.shop,
        )
        return [Manager(*row) for row in rows]

    def manager(self, name: str) -> Manager | None:
        """The manager of that name, who has not been withdrawn."""
        rows = self._pool.read(
            """SELECT name, password, made_at, withdrawn_at FROM manager
               WHERE shop = ? AND name = ? AND withdrawn_at IS NULL""",
            self._pool.shop,
            name,
        )
        return Manager(*rows[0]) if rows else None

    def begin_session(self, session: Session) -> None:
        """Keep a session; only the hash of its token is stored."""
        self._insert(
            "INSERT INTO session VALUES (?, ?, ?, ?, ?)",
            session.token_hash,
            session.manager,
            session.made_at,
            session.expires_at,
        )

    def session(self, token_hash: str, now: float) -> Session | None:
        """The session of that token while it lasts and its manager may run the shop."""
        rows = self._pool.read(
            """SELECT s.token_hash, s.manager, s.made_at, s.expires_at FROM session s
               JOIN manager m ON m.shop = s.shop AND m.name = s.manager AND m.withdrawn_at IS NULL
               WHERE s.shop = ? AND s.token_hash = ? AND s.expires_at > ?""",
            self._pool.shop,
            token_hash,
            now,
        )
        return Session(*rows[0]) if rows else None

    def sessions(self, manager: str, now: float) -> list[Session]:
        """Every session of a manager that lasts."""
        rows = self._pool.read(
            """SELECT token_hash, manager, made_at, expires_at FROM session
               WHERE shop = ? AND manager = ? AND expires_at > ? ORDER BY made_at""",
            self._pool.shop,
            manager,
            now,
        )
        return [Session(*row) for row in rows]

    def end_session(self, token_hash: str) -> None:
        """Log out."""
        with self._pool.writing() as conn:
            conn.execute(
                "DELETE FROM session WHERE shop = ? AND token_hash = ?", (self._pool.shop, token_hash)
            )

    def prune_sessions(self, now: float) -> int:
        """Forget sessions that have ended; how many."""
        with self._pool.writing() as conn:
            done = conn.execute(
                "DELETE FROM session WHERE shop = ? AND expires_at <= ?", (self._pool.shop, now)
            )
            return done.rowcount

    def add_staff(self, member: StaffMember) -> bool:
        """Let somebody redeem; False where the id is taken."""
        with self._pool.writing() as conn:
            done = conn.execute(
                "INSERT INTO staff VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (
                    self._pool.shop,
                    member.id,
                    member.name,
                    member.pin,
                    member.active,
                    member.made_at,
                    member.member,
                ),
            )
            self._pool.snapshot_changed(conn)
            return done.rowcount == 1

    def change_staff(self, member: StaffMember) -> None:
        """Give somebody a new name, PIN, standing or membership."""
        with self._pool.writing() as conn:
            conn.execute(
                "UPDATE staff SET name = ?, pin = ?, active = ?, member = ? WHERE shop = ? AND id = ?",
                (member.name, member.pin, member.active, member.member, self._pool.shop, member.id),
            )
            self._pool.snapshot_changed(conn)

    def staff(self) -> list[StaffMember]:
        """Everybody who redeems or did."""
        rows = self._pool.read(
            "SELECT id, name, pin, active, made_at, member FROM staff WHERE shop = ? ORDER BY id",
            self._pool.shop,
        )
        return [
            StaffMember(id_, name, pin, bool(active), made_at, member)
            for id_, name, pin, active, made_at, member in rows
        ]

    def membership(self, staff: str) -> str:
        """The opaque id of somebody's own membership; empty where they have none, or nobody knows them."""
        rows = self._pool.read("SELECT member FROM staff WHERE shop = ? AND id = ?", self._pool.shop, staff)
        return str(rows[0][0]) if rows else ""

    def note(self, entry: AuditEntry) -> None:
        """Write down who changed what. It can never be changed afterwards."""
        with self._pool.writing() as conn:
            audit.append(conn, self._pool.shop, entry)

    def audit(
        self,
        limit: int = 100,
        skip: int = 0,
        *,
        who: str = "",
        what: str = "",
        first: float | None = None,
        end: float | None = None,
    ) -> list[AuditEntry]:
        """Changes that fit, the newest first. An empty name fits everybody; `first` to before `end`, seconds of UTC."""
        return audit.search(self._pool, limit, skip, who, what, first, end)

    def audit_names(self) -> tuple[list[str], list[str]]:
        """Everybody who changed something, and everything that was done."""
        return audit.names(self._pool)

    def audit_chain(self) -> Chain:
        """Whether the record of changes is as it was written."""
        return audit.chain(self._pool)

    def _insert(self, statement: str, *values: object) -> bool:
        with self._pool.writing() as conn:
            done = conn.execute(f"{statement} ON CONFLICT DO NOTHING", (self._pool.shop, *values))
            return done.rowcount == 1

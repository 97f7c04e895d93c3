"""The store's answers about how managers prove who they are, and what they may."""

from __future__ import annotations

from collections.abc import Iterable

from hub.store.connection import HubPool
from hub.store.person_records import (
    InvitationRecord,
    PasskeyRecord,
    SessionUse,
    TicketRecord,
    TotpRecord,
)

_INVITATION = "code_hash, role, note, by_whom, made_at, expires_at"
_TOTP = "manager, secret, made_at, confirmed_at, last_step"
_PASSKEY = "credential, manager, handle, public, sign_count, name, made_at, used_at"
_TICKET = "ticket_hash, kind, manager, body, expires_at"
_USE = "token_hash, way, browser, used_at, fresh_at"


class SqlPersons:
    """Roles, one-time codes, passkeys, invitations, and the use of sessions."""

    def __init__(self, pool: HubPool) -> None:
        self._pool = pool

    def role(self, manager: str) -> str | None:
        """The role of a manager; None where nobody gave one."""
        rows = self._pool.read(
            "SELECT role FROM manager_role WHERE shop = ? AND manager = ?", self._pool.shop, manager
        )
        return str(rows[0][0]) if rows else None

    def roles(self) -> dict[str, str]:
        """The role of every manager who may come in."""
        rows = self._pool.read(
            """SELECT r.manager, r.role FROM manager_role r JOIN manager m ON m.shop = r.shop AND m.name = r.manager
               WHERE r.shop = ? AND m.withdrawn_at IS NULL ORDER BY r.manager""",
            self._pool.shop,
        )
        return dict(rows)

    def set_role(self, manager: str, role: str) -> None:
        """Give a manager a role."""
        with self._pool.writing() as conn:
            conn.execute(
                """INSERT INTO manager_role (shop, manager, role) VALUES (?, ?, ?)
                   ON CONFLICT (shop, manager) DO UPDATE SET role = excluded.role""",
                (self._pool.shop, manager, role),
            )

    def withdraw(self, manager: str, now: float) -> bool:
        """Let a manager in no more: sessions, keys and codes go, the name stays in the record. False where nobody is there."""
        with self._pool.writing() as conn:
            done = conn.execute(
                "UPDATE manager SET withdrawn_at = ? WHERE shop = ? AND name = ? AND withdrawn_at IS NULL",
                (now, self._pool.shop, manager),
            )
            for table in ("session", "totp", "recovery_code", "passkey", "manager_role"):
                conn.execute(
                    f"DELETE FROM {table} WHERE shop = ? AND manager = ?",  # noqa: S608 - names of ours
                    (self._pool.shop, manager),
                )
            return done.rowcount == 1

    def second_step_required(self) -> bool:
        """Whether a password alone lets nobody in."""
        rows = self._pool.read("SELECT second_step FROM people_policy WHERE shop = ?", self._pool.shop)
        return bool(rows and rows[0][0])

    def require_second_step(self, required: bool) -> None:
        """Say so, or no longer."""
        with self._pool.writing() as conn:
            conn.execute(
                """INSERT INTO people_policy (shop, second_step) VALUES (?, ?)
                   ON CONFLICT (shop) DO UPDATE SET second_step = excluded.second_step""",
                (self._pool.shop, int(required)),
            )

    def put_invitation(self, invitation: InvitationRecord) -> None:
        """Keep an invitation."""
        with self._pool.writing() as conn:
            conn.execute(
                f"INSERT INTO invitation (shop, {_INVITATION}) VALUES (?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
                (
                    self._pool.shop,
                    invitation.code_hash,
                    invitation.role,
                    invitation.note,
                    invitation.by,
                    invitation.made_at,
                    invitation.expires_at,
                ),
            )

    def invitations(self, now: float) -> list[InvitationRecord]:
        """Those that can still be used, the oldest first."""
        rows = self._pool.read(
            f"SELECT {_INVITATION} FROM invitation WHERE shop = ? AND expires_at > ? ORDER BY made_at, code_hash",  # noqa: S608
            self._pool.shop,
            now,
        )
        return [InvitationRecord(*row) for row in rows]

    def take_invitation(self, code_hash: str, now: float) -> InvitationRecord | None:
        """Use an invitation up; None where there is none that is still good."""
        with self._pool.writing():
            found = next((one for one in self.invitations(now) if one.code_hash == code_hash), None)
            return found if found and self.drop_invitation(code_hash) else None

    def drop_invitation(self, code_hash: str) -> bool:
        """Take an invitation back."""
        with self._pool.writing() as conn:
            done = conn.execute(
                "DELETE FROM invitation WHERE shop = ? AND code_hash = ?", (self._pool.shop, code_hash)
            )
            return done.rowcount == 1

    def totp(self, manager: str) -> TotpRecord | None:
        """A manager's secret for one-time codes."""
        rows = self._pool.read(
            f"SELECT {_TOTP} FROM totp WHERE shop = ? AND manager = ?",  # noqa: S608
            self._pool.shop,
            manager,
        )
        return TotpRecord(*rows[0]) if rows else None

    def put_totp(self, record: TotpRecord) -> None:
        """Keep a secret in the place of the one before."""
        with self._pool.writing() as conn:
            self._drop("totp", record.manager)
            conn.execute(
                f"INSERT INTO totp (shop, {_TOTP}) VALUES (?, ?, ?, ?, ?, ?)",  # noqa: S608
                (
                    self._pool.shop,
                    record.manager,
                    record.sealed,
                    record.made_at,
                    record.confirmed_at,
                    record.last_step,
                ),
            )

    def confirm_totp(self, manager: str, step: int, now: float) -> None:
        """A first code was right: from now on it is asked for."""
        with self._pool.writing() as conn:
            conn.execute(
                "UPDATE totp SET confirmed_at = ?, last_step = ? WHERE shop = ? AND manager = ?",
                (now, step, self._pool.shop, manager),
            )

    def spend_step(self, manager: str, step: int) -> bool:
        """Use the code of a time step up; False where it or a later one has been used."""
        with self._pool.writing() as conn:
            done = conn.execute(
                "UPDATE totp SET last_step = ? WHERE shop = ? AND manager = ? AND last_step < ?",
                (step, self._pool.shop, manager, step),
            )
            return done.rowcount == 1

    def drop_totp(self, manager: str) -> None:
        """Forget the secret and its recovery codes."""
        with self._pool.writing():
            self._drop("totp", manager)
            self._drop("recovery_code", manager)

    def put_recovery_codes(self, manager: str, hashes: Iterable[str], now: float) -> None:
        """Keep these in the place of those before."""
        with self._pool.writing() as conn:
            self._drop("recovery_code", manager)
            conn.executemany(
                "INSERT INTO recovery_code (shop, manager, code_hash, made_at) VALUES (?, ?, ?, ?)",
                [(self._pool.shop, manager, code_hash, now) for code_hash in hashes],
            )

    def recovery_codes(self, manager: str) -> int:
        """How many are left."""
        return len(self.recovery_hashes(manager))

    def recovery_hashes(self, manager: str) -> list[str]:
        """Those that are left, as they are kept."""
        rows = self._pool.read(
            "SELECT code_hash FROM recovery_code WHERE shop = ? AND manager = ? ORDER BY code_hash",
            self._pool.shop,
            manager,
        )
        return [code_hash for (code_hash,) in rows]

    def spend_recovery_code(self, manager: str, code_hash: str) -> bool:
        """Use one up; False where it is not one of this manager's."""
        with self._pool.writing() as conn:
            done = conn.execute(
                "DELETE FROM recovery_code WHERE shop = ? AND manager = ? AND code_hash = ?",
                (self._pool.shop, manager, code_hash),
            )
            return done.rowcount == 1

    def add_passkey(self, record: PasskeyRecord) -> bool:
        """Keep a passkey; False where it is known already."""
        with self._pool.writing() as conn:
            done = conn.execute(
                f"INSERT INTO passkey (shop, {_PASSKEY}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",  # noqa: S608
                (
                    self._pool.shop,
                    record.credential,
                    record.manager,
                    record.handle,
                    record.public,
                    record.sign_count,
                    record.name,
                    record.made_at,
                    record.used_at,
                ),
            )
            return done.rowcount == 1

    def passkey(self, credential: str) -> PasskeyRecord | None:
        """The passkey of that id."""
        rows = self._pool.read(
            f"SELECT {_PASSKEY} FROM passkey WHERE shop = ? AND credential = ?",  # noqa: S608
            self._pool.shop,
            credential,
        )
        return PasskeyRecord(*rows[0]) if rows else None

    def passkeys(self, manager: str) -> list[PasskeyRecord]:
        """A manager's passkeys, the oldest first."""
        rows = self._pool.read(
            f"SELECT {_PASSKEY} FROM passkey WHERE shop = ? AND manager = ? ORDER BY made_at, credential",  # noqa: S608
            self._pool.shop,
            manager,
        )
        return [PasskeyRecord(*row) for row in rows]

    def use_passkey(self, credential: str, sign_count: int, now: float) -> None:
        """It let somebody in."""
        with self._pool.writing() as conn:
            conn.execute(
                "UPDATE passkey SET sign_count = ?, used_at = ? WHERE shop = ? AND credential = ?",
                (sign_count, now, self._pool.shop, credential),
            )

    def drop_passkey(self, manager: str, credential: str) -> bool:
        """Trust it no more; False where this manager has none of that id."""
        with self._pool.writing() as conn:
            done = conn.execute(
                "DELETE FROM passkey WHERE shop = ? AND manager = ? AND credential = ?",
                (self._pool.shop, manager, credential),
            )
            return done.rowcount == 1

    def put_ticket(self, ticket: TicketRecord, now: float) -> None:
        """Keep it; those that nobody can use any more go."""
        self.spend_once(ticket, now)

    def spend_once(self, ticket: TicketRecord, now: float) -> bool:
        """Keep it; False where it is there already. Those that nobody can use any more go."""
        with self._pool.writing() as conn:
            conn.execute("DELETE FROM ticket WHERE shop = ? AND expires_at <= ?", (self._pool.shop, now))
            done = conn.execute(
                f"INSERT INTO ticket (shop, {_TICKET}) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",  # noqa: S608
                (
                    self._pool.shop,
                    ticket.ticket_hash,
                    ticket.kind,
                    ticket.manager,
                    ticket.body,
                    ticket.expires_at,
                ),
            )
            return done.rowcount == 1

    def ticket(self, ticket_hash: str, kind: str, now: float) -> TicketRecord | None:
        """A ticket that can still be used."""
        rows = self._pool.read(
            f"SELECT {_TICKET} FROM ticket WHERE shop = ? AND ticket_hash = ? AND kind = ? AND expires_at > ?",  # noqa: S608
            self._pool.shop,
            ticket_hash,
            kind,
            now,
        )
        return TicketRecord(*rows[0]) if rows else None

    def take_ticket(self, ticket_hash: str, kind: str, now: float) -> TicketRecord | None:
        """Use a ticket up; None where there is none that is still good."""
        with self._pool.writing() as conn:
            found = self.ticket(ticket_hash, kind, now)
            done = conn.execute(
                "DELETE FROM ticket WHERE shop = ? AND ticket_hash = ?", (self._pool.shop, ticket_hash)
            )
            return found if done.rowcount == 1 else None

    def note_use(self, use: SessionUse) -> None:
        """What is known of a session now."""
        with self._pool.writing() as conn:
            conn.execute(
                f"""INSERT INTO session_use (shop, {_USE}) VALUES (?, ?, ?, ?, ?, ?)
                    ON CONFLICT (shop, token_hash) DO UPDATE SET way = excluded.way, browser = excluded.browser,
                    used_at = excluded.used_at, fresh_at = excluded.fresh_at""",  # noqa: S608
                (self._pool.shop, use.token_hash, use.way, use.browser, use.used_at, use.fresh_at),
            )

    def uses(self, token_hashes: Iterable[str]) -> dict[str, SessionUse]:
        """What is known of these sessions, by the hash of their token."""
        found = (self.use(token_hash) for token_hash in token_hashes)
        return {use.token_hash: use for use in found if use is not None}

    def use(self, token_hash: str) -> SessionUse | None:
        """What is known of a session; None for one that was begun before this was kept."""
        rows = self._pool.read(
            f"SELECT {_USE} FROM session_use WHERE shop = ? AND token_hash = ?",  # noqa: S608
            self._pool.shop,
            token_hash,
        )
        return SessionUse(*rows[0]) if rows else None

    def prune(self, now: float) -> None:
        """Forget tickets and invitations that ran out, and what was known of sessions that have ended."""
        with self._pool.writing() as conn:
            for table in ("ticket", "invitation"):
                conn.execute(
                    f"DELETE FROM {table} WHERE shop = ? AND expires_at <= ?",  # noqa: S608 - names of ours
                    (self._pool.shop, now),
                )
            conn.execute(
                """DELETE FROM session_use WHERE shop = ? AND token_hash NOT IN
                   (SELECT token_hash FROM session WHERE shop = ?)""",
                (self._pool.shop, self._pool.shop),
            )

    def _drop(self, table: str, manager: str) -> None:
        with self._pool.writing() as conn:
            conn.execute(
                f"DELETE FROM {table} WHERE shop = ? AND manager = ?",  # noqa: S608 - names of ours
                (self._pool.shop, manager),
            )

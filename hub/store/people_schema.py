"""Tables of how managers prove who they are, and what they may. Each migration runs once, after those of `schema`."""

from __future__ import annotations

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

MIGRATIONS_PEOPLE = Migrations("hub-people")

_ROLES = (
    # hub.roles.Role. Whoever is here from the time before there were roles could do everything, and still can.
    """CREATE TABLE manager_role (
        shop INTEGER NOT NULL, manager TEXT NOT NULL, role TEXT NOT NULL, PRIMARY KEY (shop, manager)) WITHOUT ROWID""",
    "INSERT INTO manager_role (shop, manager, role) SELECT shop, name, 'owner' FROM manager",
    # What holds for all managers of a shop. second_step: 1 where a password alone lets nobody in.
    """CREATE TABLE people_policy (
        shop INTEGER NOT NULL, second_step INTEGER NOT NULL, PRIMARY KEY (shop)) WITHOUT ROWID""",
    # A link or code with which somebody becomes a manager. Only its hash is kept.
    """CREATE TABLE invitation (
        shop INTEGER NOT NULL, code_hash TEXT NOT NULL, role TEXT NOT NULL, note TEXT NOT NULL, by_whom TEXT NOT NULL,
        made_at REAL NOT NULL, expires_at REAL NOT NULL, PRIMARY KEY (shop, code_hash)) WITHOUT ROWID""",
)

_SECOND_STEP = (
    # secret: base64 of what hub.wire.sealing made of the TOTP secret; only this hub's own key opens it. confirmed_at is NULL
    # until a first code was right. last_step: the time step of the latest code that was right; it and those before it are spent.
    """CREATE TABLE totp (
        shop INTEGER NOT NULL, manager TEXT NOT NULL, secret TEXT NOT NULL, made_at REAL NOT NULL, confirmed_at REAL,
        last_step INTEGER NOT NULL, PRIMARY KEY (shop, manager)) WITHOUT ROWID""",
    """CREATE TABLE recovery_code (
        shop INTEGER NOT NULL, manager TEXT NOT NULL, code_hash TEXT NOT NULL, made_at REAL NOT NULL,
        PRIMARY KEY (shop, manager, code_hash)) WITHOUT ROWID""",
    # credential and public: base64url, as WebAuthn gives them. handle: random, what an authenticator calls its manager.
    """CREATE TABLE passkey (
        shop INTEGER NOT NULL, credential TEXT NOT NULL, manager TEXT NOT NULL, handle TEXT NOT NULL, public TEXT NOT NULL,
        sign_count INTEGER NOT NULL, name TEXT NOT NULL, made_at REAL NOT NULL, used_at REAL,
        PRIMARY KEY (shop, credential)) WITHOUT ROWID""",
    # Something that was begun and waits for its second half: a challenge of WebAuthn, a right password without its code.
    """CREATE TABLE ticket (
        shop INTEGER NOT NULL, ticket_hash TEXT NOT NULL, kind TEXT NOT NULL, manager TEXT NOT NULL, body TEXT NOT NULL,
        expires_at REAL NOT NULL, PRIMARY KEY (shop, ticket_hash)) WITHOUT ROWID""",
    # What is known of a session beside its end. fresh_at: when its manager last proved who they are.
    """CREATE TABLE session_use (
        shop INTEGER NOT NULL, token_hash TEXT NOT NULL, way TEXT NOT NULL, browser TEXT NOT NULL, used_at REAL NOT NULL,
        fresh_at REAL NOT NULL, PRIMARY KEY (shop, token_hash)) WITHOUT ROWID""",
)


@MIGRATIONS_PEOPLE()
def p001_roles_and_second_steps(db: Database) -> None:
    """Roles, invitations, one-time codes, passkeys, what is known of sessions."""
    for group in (_ROLES, _SECOND_STEP):
        for statement in group:
            db.execute(statement)

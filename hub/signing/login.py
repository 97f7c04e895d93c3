"""Logging in: a password with a growing wait, the second step after it, and the session that begins."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.sentences import Said
from hub.signing.knocking import (
    FORGET_AFTER_S,
    FREE_FROM_ONE_PLACE,
    WAIT_LONGEST_S,
    Wait,
    wait_s,
)
from hub.signing.passwords import (
    PASSWORD_LONGEST,
    hash_secret,
    password_fault,
    secret_fits,
    token_hash,
)
from hub.signing.second import check_second, has_totp
from hub.store.base import Store
from hub.store.person_records import SessionUse, TicketRecord
from hub.store.records import AuditEntry, Session

SESSION_S = 12 * 3_600
"""A working day. Whoever comes back tomorrow logs in again."""

IDLE_S = 2 * 3_600
"""Without a request for so long a session is over: a laptop that was left open in the back room is nobody's."""

SECOND_STEP_S = 300.0
"""From a right password to its code."""

FREE_FOR_ONE_NAME = 20
"""Wrong tries under one name, from anywhere; more than from one place, or anybody could lock a manager out."""
WAIT_LONGEST_FOR_A_NAME_S = 60.0

_SECOND = "second step"


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """A session has begun; `token` goes into the cookie and is kept nowhere else."""

    manager: str
    token: str


@dataclass(frozen=True, slots=True)
class SecondStep:
    """The password was right, and is not enough. `ticket` goes into the form of the second step, and is good for minutes.

    `codes`: an app's codes are asked for; else a passkey is all that helps.
    """

    manager: str
    ticket: str
    codes: bool


def right_password(store: Store, name: str, password: str, place: str, now: float) -> str | Wait | None:
    """The manager's own spelling of the name; None where name and password do not belong together, without saying which is wrong.

    `place` is where the request comes from. The try is on disk before the password is looked at, so that whoever cuts the
    power gains no free one.
    """
    name = name.strip()
    subject = token_hash(name.casefold())[:32]
    checks = (
        ("login.place", place, FREE_FROM_ONE_PLACE, WAIT_LONGEST_S),
        ("login.name", subject, FREE_FOR_ONE_NAME, WAIT_LONGEST_FOR_A_NAME_S),
    )
    with store.writing():
        for what, whom, free, longest_s in checks:
            seconds = wait_s(store.entry.knocks(what, whom), now, free=free, longest_s=longest_s)
            if seconds > 0:
                return Wait(seconds)
        for what, whom, _, _ in checks:
            store.entry.knock(what, whom, now, forget_after_s=FORGET_AFTER_S)
    manager = store.people.manager(name)
    if manager is None or len(password) > PASSWORD_LONGEST:
        # As much work as for a name that exists, or the time of the answer would tell.
        hash_secret("somebody who is not there")
        return None
    if not secret_fits(manager.password, password):
        return None
    for what, whom, _, _ in checks:
        store.entry.forget_knocks(what, whom)
    return manager.name


def log_in(
    store: Store, name: str, password: str, place: str, now: float
) -> LoggedIn | SecondStep | Wait | None:
    """Begin a session, or ask for the second step; None where name and password do not belong together."""
    found = right_password(store, name, password, place, now)
    if found is None or isinstance(found, Wait):
        return found
    codes = has_totp(store, found)
    if codes or (store.persons.second_step_required() and store.persons.passkeys(found)):
        ticket = secrets.token_urlsafe(24)
        record = TicketRecord(token_hash(ticket), _SECOND, found, "", now + SECOND_STEP_S)
        store.persons.put_ticket(record, now)
        return SecondStep(found, ticket, codes)
    return begin_session(store, found, now)


def waiting_for_second(store: Store, ticket: str, now: float) -> SecondStep | None:
    """Whose second step this ticket stands for; None where it ran out or was used."""
    record = store.persons.ticket(token_hash(ticket), _SECOND, now) if ticket else None
    return SecondStep(record.manager, ticket, has_totp(store, record.manager)) if record else None


def log_in_second(
    store: Store, key: Ed25519PrivateKey, step: SecondStep, typed: str, now: float
) -> LoggedIn | Wait | None:
    """Begin a session with a code after the password; None where the code is wrong, or the ticket is good no more."""
    result = check_second(store, key, step.manager, typed, now)
    if isinstance(result, Wait):
        return result
    if not result or store.persons.take_ticket(token_hash(step.ticket), _SECOND, now) is None:
        return None
    return begin_session(store, step.manager, now, way="code")


def begin_session(store: Store, manager: str, now: float, *, way: str = "password") -> LoggedIn:
    """Begin a session of somebody who has proved who they are. `way`: password, code or passkey."""
    token = secrets.token_urlsafe(32)
    with store.writing():
        store.people.begin_session(Session(token_hash(token), manager, now, now + SESSION_S))
        store.persons.note_use(SessionUse(token_hash(token), way, "", now, now))
    return LoggedIn(manager, token)


def session_of(store: Store, token: str, now: float) -> Session | None:
    """The session that a cookie stands for; None where it ended, also by having rested for too long."""
    session = store.people.session(token_hash(token), now) if token else None
    if session is None:
        return None
    use = store.persons.use(session.token_hash)
    return None if use is not None and now - use.used_at > IDLE_S else session


def log_out(store: Store, token: str) -> None:
    """End a session; its cookie is worth nothing from now on."""
    store.people.end_session(token_hash(token))


def change_password(store: Store, name: str, password: str, now: float) -> Said | None:
    """Give a manager a new password; every session of theirs ends."""
    fault = password_fault(password, name)
    if fault is not None:
        return fault
    kept = hash_secret(password)
    with store.writing():
        store.people.set_password(name, kept)
        store.people.note(AuditEntry(now, name, "manager.password_changed", name, "{}"))
    return None

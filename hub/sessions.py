"""Where a manager is logged in: their own sessions, and the end of one of them or of all others."""

from __future__ import annotations

from dataclasses import dataclass

from hub.store.base import Store
from hub.store.records import AuditEntry, Session

NAME_CHARACTERS = 16
"""Of the hash of a session's token: enough to tell sessions apart, and the cookie cannot be made from it."""


@dataclass(frozen=True, slots=True)
class OwnSession:
    """One line of the list. `name` stands in its form; times are seconds of UTC."""

    name: str
    begun_at: float
    ends_at: float
    here: bool


def session_name(session: Session) -> str:
    """What a session is called in a form."""
    return session.token_hash[:NAME_CHARACTERS]


def own_sessions(store: Store, here: Session, now: float) -> list[OwnSession]:
    """Where the manager of this session is logged in: this one first, then the latest."""
    lines = [
        OwnSession(session_name(one), one.made_at, one.expires_at, here=one.token_hash == here.token_hash)
        for one in store.people.sessions(here.manager, now)
    ]
    return sorted(lines, key=lambda line: (not line.here, -line.begun_at))


def end_own(store: Store, here: Session, name: str, now: float) -> bool:
    """End another session of the same manager; False where there is none of that name. One's own ends by logging out."""
    with store.writing():
        found = [one for one in store.people.sessions(here.manager, now) if session_name(one) == name]
        others = [one for one in found if one.token_hash != here.token_hash]
        for one in others:
            store.people.end_session(one.token_hash)
            store.people.note(AuditEntry(now, here.manager, "manager.session_ended", here.manager, "{}"))
    return bool(others)


def end_others(store: Store, here: Session, now: float) -> int:
    """End every session of this manager but this one; how many there were."""
    with store.writing():
        others = [
            one for one in store.people.sessions(here.manager, now) if one.token_hash != here.token_hash
        ]
        for one in others:
            store.people.end_session(one.token_hash)
        if others:
            detail = f'{{"count":{len(others)}}}'
            store.people.note(AuditEntry(now, here.manager, "manager.sessions_ended", here.manager, detail))
    return len(others)

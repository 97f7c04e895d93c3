"""Where a manager is logged in, with what and when last; and proof anew before what cannot be undone."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from hub.signing.login import IDLE_S, LoggedIn, begin_session
from hub.signing.passwords import token_hash
from hub.store.base import Store
from hub.store.person_records import SessionUse
from hub.store.records import AuditEntry, Session

NAME_CHARACTERS = 16
"""Of the hash of a session's token: enough to tell sessions apart, and the cookie cannot be made from it."""

SEEN_EVERY_S = 60.0
"""How old the time at which a session was last used may be: a page that is read need not write each time."""

FRESH_S = 900.0
"""How long after a password, code or passkey what cannot be undone may be done without another."""

_BROWSERS = (
    # The first that fits: each of them also says the names of those below it.
    ("Edge", r"\bEdg(A|iOS)?/"),
    ("Opera", r"\b(OPR|Opera)/"),
    ("Samsung Internet", r"\bSamsungBrowser/"),
    ("Firefox", r"\b(Firefox|FxiOS)/"),
    ("Chrome", r"\b(Chrome|CriOS|HeadlessChrome)/"),
    ("Safari", r"\bSafari/"),
)
_SYSTEMS = (
    ("Android", r"\bAndroid\b"),
    ("iPad", r"\biPad\b"),
    ("iPhone", r"\biPhone\b"),
    ("Windows", r"\bWindows\b"),
    ("macOS", r"\bMacintosh\b"),
    ("ChromeOS", r"\bCrOS\b"),
    ("Linux", r"\bLinux\b"),
)


@dataclass(frozen=True, slots=True)
class OwnSession:
    """One line of the list. `name` stands in its form; times are seconds of UTC; `browser` and `way` are "" where unknown."""

    name: str
    begun_at: float
    ends_at: float
    used_at: float | None
    browser: str
    way: str
    here: bool


def browser_family(said: str) -> str:
    """A browser and its system as people call them, from its header User-Agent; "" where neither is known. No version is kept."""
    text = said[:500]
    browser = next((name for name, pattern in _BROWSERS if re.search(pattern, text)), "")
    system = next((name for name, pattern in _SYSTEMS if re.search(pattern, text)), "")
    return " · ".join(part for part in (browser, system) if part)


def note_begun(store: Store, person: LoggedIn, browser: str, now: float) -> None:
    """Keep with which kind of browser a session was begun."""
    use = store.persons.use(token_hash(person.token))
    if use is not None:
        store.persons.note_use(replace(use, browser=browser, used_at=now))


def note_seen(store: Store, session: Session, now: float) -> None:
    """Keep that a session was used, once a minute."""
    use = _use(store, session)
    if abs(now - use.used_at) >= SEEN_EVERY_S:
        store.persons.note_use(replace(use, used_at=now))


def is_fresh(store: Store, session: Session, now: float) -> bool:
    """Whether the manager of this session proved who they are a short while ago."""
    return 0 <= now - _use(store, session).fresh_at <= FRESH_S


def begin_anew(store: Store, session: Session, now: float, *, way: str) -> LoggedIn:
    """Another session in the place of this one, whose manager has just proved who they are; the old token is worth nothing."""
    before = _use(store, session)
    with store.writing():
        store.people.end_session(session.token_hash)
        begun = begin_session(store, session.manager, now, way=way)
        note_begun(store, begun, before.browser, now)
    return begun


def session_name(session: Session) -> str:
    """What a session is called in a form."""
    return session.token_hash[:NAME_CHARACTERS]


def own_sessions(store: Store, here: Session, now: float) -> list[OwnSession]:
    """Where the manager of this session is logged in: this one first, then the latest."""
    lines = []
    for one in store.people.sessions(here.manager, now):
        use = store.persons.use(one.token_hash)
        if use is not None and now - use.used_at > IDLE_S:
            continue
        lines.append(
            OwnSession(
                session_name(one),
                one.made_at,
                one.expires_at,
                use.used_at if use else None,
                use.browser if use else "",
                use.way if use else "",
                here=one.token_hash == here.token_hash,
            )
        )
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


def _use(store: Store, session: Session) -> SessionUse:
    """What is known of a session; of one from before this was kept, that it began with a password."""
    known = store.persons.use(session.token_hash)
    return known or SessionUse(session.token_hash, "password", "", session.made_at, session.made_at)

"""Who may run the shop and who may redeem: the set-up code, passwords, log-in with a growing wait, sessions, PINs.

Passwords, PINs, set-up codes and session tokens are kept as hashes only. argon2id is imported where it is used: a hub at
rest need not carry it.
"""

from __future__ import annotations

import hashlib
import hmac
import itertools
import re
import secrets
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from hub.changing import changed, turned
from hub.roles import Role
from hub.sentences import Said, said
from hub.store.base import Store
from hub.store.entry import Knocks
from hub.store.records import AuditEntry, Session, StaffMember
from hub.wire.identity import CROCKFORD, crockford, fold_typed
from hub.wire.pins import argon2_input, pepper_pin, read_pin, write_pin

if TYPE_CHECKING:
    from argon2 import PasswordHasher

ARGON2_MEMORY_KIB, ARGON2_PASSES, ARGON2_LANES = 19_456, 2, 1
"""OWASP's first choice for argon2id: some 40 ms on a Raspberry Pi 4."""

PASSWORD_SHORTEST, PASSWORD_LONGEST = 10, 200
NAME_LONGEST = 40
SETUP_CHARACTERS = 12
"""60 random bits: it stays valid until it is used, so it must be beyond guessing even without a clock."""

SESSION_S = 12 * 3_600
"""A working day. Whoever comes back tomorrow logs in again."""

FORGET_AFTER_S = 86_400
WAIT_FIRST_S, WAIT_LONGEST_S = 5.0, 900.0
FREE_FROM_ONE_PLACE = 5
"""Wrong tries from one address before it has to wait."""
FREE_FOR_ONE_NAME = 20
"""Wrong tries under one name, from anywhere; more than from one place, or anybody could lock a manager out."""
WAIT_LONGEST_FOR_A_NAME_S = 60.0

_COMMON = frozenset(
    """password12 password123 password1234 passw0rd12 passw0rd123 1234567890 12345678910 0123456789 0987654321 123456789a
    1q2w3e4r5t 1q2w3e4r5t6y qwertyuiop qwerty12345 qwerty123456 qwertyuiop123 asdfghjkl1 zxcvbnm123 1qaz2wsx3edc q1w2e3r4t5
    iloveyou12 iloveyou123 letmein123 letmein1234 welcome123 welcome1234 admin12345 admin123456 administrator changeme123
    football123 baseball123 superman123 sunshine123 princess123 monkey12345 dragon12345 shadow12345 master12345 michael123
    trustno1234 abcdefghij abc1234567 abcd123456 a123456789 aa12345678 qq123456789 woaini1314 woaini520 woaini1314520
    5201314520 1314520520 147258369 1472583690 7894561230 wang123456 zhang123456 liu1234567 admin@123456 p@ssw0rd123
    password!1 password1! shopbell123 shopbell1234 shopbellshopbell managermanager manager123 manager1234 shopkeeper""".split()  # noqa: SIM905 - a list of these would be sixty lines
)


@dataclass(frozen=True, slots=True)
class Wait:
    """Too many wrong tries: nothing is looked at before so many seconds have passed."""

    seconds: float


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """A session has begun; `token` goes into the cookie and is kept nowhere else."""

    manager: str
    token: str


@dataclass(frozen=True, slots=True)
class NewStaff:
    """Somebody who may redeem now, with the PIN, which nobody can see again."""

    member: StaffMember
    pin: str


def _hasher() -> PasswordHasher:
    from argon2 import PasswordHasher

    return PasswordHasher(ARGON2_PASSES, ARGON2_MEMORY_KIB, ARGON2_LANES)


def hash_secret(text: str) -> str:
    """A password as it is kept: argon2id (RFC 9106) with a salt of its own."""
    return _hasher().hash(text)


def hash_pin(pin: str, pepper: bytes) -> str:
    """A PIN as it is kept and travels: argon2id over it under the hub's pepper (`hub.pepper`)."""
    return write_pin(_hasher().hash(pepper_pin(pepper, pin)), pepper)


def pin_fits(kept: str, pin: str, pepper: bytes) -> bool:
    """Whether this is the PIN that is kept, with the pepper or from the time before it."""
    taken_apart = read_pin(kept)
    text = argon2_input(taken_apart, pepper, pin)
    return text is not None and secret_fits(taken_apart.hashed, text)


def secret_fits(kept: str, text: str) -> bool:
    """Whether this is the password that is kept."""
    from argon2.exceptions import Argon2Error, InvalidHashError

    try:
        return _hasher().verify(kept, text)
    except (Argon2Error, InvalidHashError):
        return False


def token_hash(token: str) -> str:
    """A random token or code as it is kept. It has enough bits of its own, so one round of SHA-256 hides it."""
    return hashlib.sha256(token.encode()).hexdigest()


def form_token(token: str) -> str:
    """What a form must send back to show that it came from our own page. It tells nothing of the cookie."""
    return hmac.new(token.encode(), b"shopbell form", hashlib.sha256).hexdigest()


def wait_s(knocks: Knocks, now: float, *, free: int, longest_s: float) -> float:
    """How long until the next try is looked at: nothing for the first few, then doubling, counted from the latest try."""
    over = knocks.count - free
    if over < 0 or now - knocks.latest_at > FORGET_AFTER_S:
        return 0.0
    step = min(longest_s, WAIT_FIRST_S * 2.0 ** min(over, 20))
    # A clock that was set back must not lock anybody out for long.
    return min(step, max(0.0, knocks.latest_at + step - now))


def name_fault(name: str) -> Said | None:
    """What is wrong with somebody's name."""
    if not name:
        return said("Give a name.")
    if len(name) > NAME_LONGEST:
        return said("A name has at most %(count)s characters.", count=NAME_LONGEST)
    if any(ord(character) < 32 for character in name):
        return said("A name is one line of text.")
    return None


def password_fault(password: str, name: str) -> Said | None:
    """What is wrong with a password."""
    if len(password) < PASSWORD_SHORTEST:
        return said("A password has at least %(count)s characters.", count=PASSWORD_SHORTEST)
    if len(password) > PASSWORD_LONGEST:
        return said("A password has at most %(count)s characters.", count=PASSWORD_LONGEST)
    folded = password.casefold()
    if folded in _COMMON or len(set(folded)) < 4 or (name and folded.replace(" ", "") == name.casefold() * 2):
        return said("This password is one of the first that anybody would try. Take another.")
    return None


def pin_fault(pin: str) -> Said | None:
    """What is wrong with a PIN."""
    if not re.fullmatch(r"[0-9]{4,8}", pin):
        return said("A PIN has 4 to 8 digits.")
    steps = {int(b) - int(a) for a, b in itertools.pairwise(pin)}
    if steps in ({0}, {1}, {-1}):
        return said("This PIN is one of the first that anybody would try. Take another.")
    return None


def member_fault(member: str) -> Said | None:
    """What is wrong with the opaque id of a membership; none at all is right too."""
    if member and not re.fullmatch(r"[A-Za-z0-9_-]{8,40}", member):
        return said("A member's number has 8 to 40 letters and digits.")
    return None


def make_setup_code(store: Store, now: float) -> str:
    """A code with which the first manager can be made, in groups of four; it is shown once and replaces the one before."""
    code = crockford(secrets.token_bytes(8), SETUP_CHARACTERS)
    store.entry.put_setup_code(token_hash(code), now)
    return "-".join(code[start : start + 4] for start in range(0, len(code), 4))


def add_manager(
    store: Store, name: str, password: str, now: float, *, who: str, role: Role = Role.OWNER
) -> Said | None:
    """Let somebody into the office; a sentence where that cannot be."""
    name = name.strip()
    fault = name_fault(name) or password_fault(password, name)
    if fault is not None:
        return fault
    kept = hash_secret(password)
    with store.writing():
        if not store.people.add_manager(name, kept, now):
            return said("There is a manager of that name already.")
        store.persons.set_role(name, role)
        store.people.note(changed(now, who, "manager.added", name, turned("role", None, role)))
    return None


def set_up(
    store: Store, code: str, name: str, password: str, place: str, now: float
) -> LoggedIn | Wait | dict[str, Said]:
    """Make the first manager with the set-up code. Faults come back by the name of their field, all at once."""
    name = name.strip()
    faults = {
        field: fault
        for field, fault in (("name", name_fault(name)), ("password", password_fault(password, name)))
        if fault
    }
    folded = fold_typed(code)
    if not folded:
        faults["code"] = said("Type the set-up code.")
    if faults:
        return faults
    waiting = _knock(store, "setup", place, now, free=FREE_FROM_ONE_PLACE, longest_s=WAIT_LONGEST_S)
    if waiting is not None:
        return waiting
    kept = hash_secret(password)
    with store.writing():
        if store.people.managers() or not (
            len(folded) == SETUP_CHARACTERS
            and set(folded) <= set(CROCKFORD)
            and store.entry.spend_setup_code(token_hash(folded))
        ):
            return {
                "code": said("That is not the set-up code of this hub. A new one can be made at any time.")
            }
        store.people.add_manager(name, kept, now)
        store.persons.set_role(name, Role.OWNER)
        both = turned("role", None, Role.OWNER)
        store.people.note(changed(now, name, "manager.added", name, both, '{"first":true}'))
        store.entry.forget_knocks("setup", place)
    return _begin_session(store, name, now)


def log_in(store: Store, name: str, password: str, place: str, now: float) -> LoggedIn | Wait | None:
    """Begin a session; None where name and password do not belong together, without saying which of them is wrong.

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
    return _begin_session(store, manager.name, now)


def session_of(store: Store, token: str, now: float) -> Session | None:
    """The session that a cookie stands for."""
    return store.people.session(token_hash(token), now) if token else None


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


def add_staff(
    store: Store, name: str, pin: str | None, now: float, *, who: str, pepper: bytes, member: str = ""
) -> NewStaff | dict[str, Said]:
    """Let somebody redeem; `pin` None makes one. Faults come back by the name of their field.

    `member`: the opaque id of their own membership, where they have one: nobody redeems their own coupons.
    """
    name = name.strip()
    chosen = pin if pin is not None else make_pin()
    faults = {
        field: fault
        for field, fault in (
            ("name", name_fault(name)),
            ("pin", pin_fault(chosen)),
            ("member", member_fault(member)),
        )
        if fault
    }
    if faults:
        return faults
    kept = hash_pin(chosen, pepper)
    with store.writing():
        there = store.people.staff()
        if any(one.active and one.name.casefold() == name.casefold() for one in there):
            return {"name": said("Somebody of that name redeems here already.")}
        ids = {one.id for one in there}
        number = next(n for n in range(1, len(ids) + 2) if f"s{n}" not in ids)
        added = StaffMember(f"s{number}", name, kept, True, now, member)
        store.people.add_staff(added)
        store.people.note(changed(now, who, "staff.added", added.id, turned("name", None, name)))
    return NewStaff(added, chosen)


def set_staff_active(store: Store, staff_id: str, active: bool, now: float, *, who: str) -> bool:
    """Let somebody redeem again, or no longer; False where there is nobody of that id."""
    with store.writing():
        member = next((one for one in store.people.staff() if one.id == staff_id), None)
        if member is None:
            return False
        store.people.change_staff(replace(member, active=active))
        what = "staff.let_in" if active else "staff.withdrawn"
        store.people.note(changed(now, who, what, staff_id, turned("active", member.active, active)))
    return True


def set_own_member(store: Store, staff_id: str, member: str, now: float, *, who: str) -> Said | None:
    """Say which membership is somebody's own, or with "" that they have none; a sentence where that cannot be."""
    fault = member_fault(member)
    if fault is not None:
        return fault
    with store.writing():
        found = next((one for one in store.people.staff() if one.id == staff_id), None)
        if found is None:
            return said("There is nobody of that id.")
        store.people.change_staff(replace(found, member=member))
        # The id itself stays out of the record: who reads it need not learn whose membership is whose.
        what = "staff.member_set" if member else "staff.member_removed"
        both = turned("own_membership", bool(found.member), bool(member))
        store.people.note(changed(now, who, what, staff_id, both))
    return None


def new_pin(store: Store, staff_id: str, now: float, *, who: str, pepper: bytes) -> NewStaff | None:
    """Give somebody another PIN; None where there is nobody of that id."""
    pin = make_pin()
    kept = hash_pin(pin, pepper)
    with store.writing():
        member = next((one for one in store.people.staff() if one.id == staff_id), None)
        if member is None:
            return None
        store.people.change_staff(replace(member, pin=kept))
        store.people.note(AuditEntry(now, who, "staff.pin_changed", staff_id, "{}"))
    return NewStaff(replace(member, pin=kept), pin)


def make_pin() -> str:
    """Six digits that are not among the first that anybody would try."""
    while True:
        pin = f"{secrets.randbelow(1_000_000):06d}"
        if pin_fault(pin) is None:
            return pin


def _knock(store: Store, what: str, place: str, now: float, *, free: int, longest_s: float) -> Wait | None:
    with store.writing():
        seconds = wait_s(store.entry.knocks(what, place), now, free=free, longest_s=longest_s)
        if seconds > 0:
            return Wait(seconds)
        store.entry.knock(what, place, now, forget_after_s=FORGET_AFTER_S)
    return None


def _begin_session(store: Store, manager: str, now: float) -> LoggedIn:
    token = secrets.token_urlsafe(32)
    store.people.begin_session(Session(token_hash(token), manager, now, now + SESSION_S))
    return LoggedIn(manager, token)

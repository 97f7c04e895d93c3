"""Becoming a manager: the first one with the set-up code of a new hub, everybody else with an invitation. Each is good once."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

import msgspec

from hub.changing import changed, turned
from hub.roles import Role, may_give
from hub.sentences import Said, said
from hub.signing.knocking import Wait, knock
from hub.signing.login import LoggedIn, begin_session
from hub.signing.passwords import NAME_LONGEST, hash_secret, in_groups, name_fault, password_fault, token_hash
from hub.store.base import Store
from hub.store.person_records import InvitationRecord
from hub.wire.identity import CROCKFORD, crockford, fold_typed

CODE_CHARACTERS = 12
"""60 random bits: a set-up code stays valid until it is used, so it must be beyond guessing even without a clock."""

INVITATION_S = 2 * 86_400.0
MOST_INVITATIONS = 20

_WRONG_SETUP = said("That is not the set-up code of this hub. A new one can be made at any time.")
_WRONG_INVITATION = said("That code is not good, or not any more. Ask for another one.")


@dataclass(frozen=True, slots=True)
class Invited:
    """An invitation, with the code that nobody can see again."""

    code: str
    role: Role
    expires_at: float


def make_setup_code(store: Store, now: float) -> str:
    """A code with which the first manager can be made, in groups of four; it is shown once and replaces the one before."""
    code = crockford(secrets.token_bytes(8), CODE_CHARACTERS)
    store.entry.put_setup_code(token_hash(code), now)
    return in_groups(code)


def set_up(
    store: Store, code: str, name: str, password: str, place: str, now: float
) -> LoggedIn | Wait | dict[str, Said]:
    """Make the first manager with the set-up code. Faults come back by the name of their field, all at once."""
    faults = _faults(code, name, password, said("Type the set-up code."))
    if faults:
        return faults
    waiting = knock(store, "setup", place, now)
    if waiting is not None:
        return waiting
    name, folded, kept = name.strip(), fold_typed(code), hash_secret(password)
    with store.writing():
        if (
            store.people.managers()
            or not _well_formed(folded)
            or not store.entry.spend_setup_code(token_hash(folded))
        ):
            return {"code": _WRONG_SETUP}
        store.people.add_manager(name, kept, now)
        store.persons.set_role(name, Role.OWNER)
        both = turned("role", None, Role.OWNER)
        store.people.note(changed(now, name, "manager.added", name, both, '{"first":true}'))
        store.entry.forget_knocks("setup", place)
    return begin_session(store, name, now)


def invite(store: Store, giver: Role, role: Role, note: str, now: float, *, who: str) -> Invited | Said:
    """Make a code with which one person becomes a manager. `note`: for whom it is."""
    note = note.strip()
    if not may_give(giver, role):
        return said("You cannot give somebody more than you may do yourself.")
    if len(note) > NAME_LONGEST or any(ord(character) < 32 for character in note):
        return said("A name has at most %(count)s characters.", count=NAME_LONGEST)
    code = crockford(secrets.token_bytes(8), CODE_CHARACTERS)
    with store.writing():
        if len(store.persons.invitations(now)) >= MOST_INVITATIONS:
            return said("Too many invitations are open. Take one back first.")
        record = InvitationRecord(token_hash(code), role, note, who, now, now + INVITATION_S)
        store.persons.put_invitation(record)
        store.people.note(changed(now, who, "manager.invited", note or "-", turned("role", None, role)))
    return Invited(in_groups(code), role, record.expires_at)


def take_back(store: Store, giver: Role, code_hash: str, now: float, *, who: str) -> bool:
    """Let an invitation be good no more; False where there is none, or it is for somebody above."""
    with store.writing():
        found = next((one for one in store.persons.invitations(now) if one.code_hash == code_hash), None)
        if found is None or not may_give(giver, Role(found.role)):
            return False
        store.persons.drop_invitation(code_hash)
        both = turned("role", found.role, None)
        store.people.note(changed(now, who, "manager.uninvited", found.note or "-", both))
    return True


def accept(
    store: Store, code: str, name: str, password: str, place: str, now: float
) -> LoggedIn | Wait | dict[str, Said]:
    """Become a manager with an invitation. Faults come back by the name of their field, all at once."""
    faults = _faults(code, name, password, said("Type the code of your invitation."))
    if faults:
        return faults
    waiting = knock(store, "join", place, now)
    if waiting is not None:
        return waiting
    name, folded, kept = name.strip(), fold_typed(code), hash_secret(password)
    with store.writing():
        code_hash = token_hash(folded)
        found = next((one for one in store.persons.invitations(now) if one.code_hash == code_hash), None)
        if not _well_formed(folded) or found is None:
            return {"code": _WRONG_INVITATION}
        if not store.people.add_manager(name, kept, now):
            # Whoever holds a good code may learn that; nobody else does.
            store.entry.forget_knocks("join", place)
            return {"name": said("There is a manager of that name already.")}
        store.persons.take_invitation(code_hash, now)
        store.persons.set_role(name, found.role)
        both = turned("role", None, found.role)
        detail = msgspec.json.encode({"invited_by": found.by}).decode()
        store.people.note(changed(now, name, "manager.joined", name, both, detail))
        store.entry.forget_knocks("join", place)
    return begin_session(store, name, now)


def _faults(code: str, name: str, password: str, no_code: Said) -> dict[str, Said]:
    name = name.strip()
    faults = {
        field: fault
        for field, fault in (("name", name_fault(name)), ("password", password_fault(password, name)))
        if fault
    }
    if not fold_typed(code):
        faults["code"] = no_code
    return faults


def _well_formed(folded: str) -> bool:
    return len(folded) == CODE_CHARACTERS and set(folded) <= set(CROCKFORD)

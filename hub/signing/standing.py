"""What managers are given and lose: roles, a place in the office, the second step of all; and the way back from outside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hub.changing import changed, turned
from hub.roles import Role, may_give
from hub.sentences import Said, said
from hub.signing.passwords import hash_secret, password_fault
from hub.signing.second import has_totp
from hub.store.base import Store
from hub.store.records import AuditEntry

_NOBODY = said("There is no manager of that name.")
_LAST = said("This is the last owner. Make somebody else an owner first.")
_ABOVE = said("You cannot change somebody who may do more than you, or make them so.")


@dataclass(frozen=True, slots=True)
class Person:
    """A manager as the others see them."""

    name: str
    role: Role
    since: float
    codes: bool
    passkeys: int


def read_role(text: str | None) -> Role:
    """A role as the store has it; the least where this release does not know it, or nobody gave one."""
    try:
        return Role(text or Role.VIEWER)
    except ValueError:
        return Role.VIEWER


def everybody(store: Store) -> list[Person]:
    """All managers who may come in, in the order of their roles and names."""
    roles = store.persons.roles()
    found = [
        Person(
            one.name,
            read_role(roles.get(one.name)),
            one.made_at,
            has_totp(store, one.name),
            len(store.persons.passkeys(one.name)),
        )
        for one in store.people.managers()
        if one.withdrawn_at is None
    ]
    return sorted(found, key=lambda one: (list(Role).index(one.role), one.name.casefold()))


def change_role(store: Store, giver: Role, name: str, role: Role, now: float, *, who: str) -> Said | None:
    """Give a manager another role, at once for every session of theirs; a sentence where that cannot be."""
    with store.writing():
        if store.people.manager(name) is None:
            return _NOBODY
        before = read_role(store.persons.role(name))
        if not (may_give(giver, before) and may_give(giver, role)):
            return _ABOVE
        if before is Role.OWNER and role is not Role.OWNER and _owners(store.persons.roles()) == 1:
            return _LAST
        if role is not before:
            store.persons.set_role(name, role)
            store.people.note(changed(now, who, "manager.role", name, turned("role", before, role)))
    return None


def remove_manager(store: Store, giver: Role, name: str, now: float, *, who: str) -> Said | None:
    """Let a manager in no more: their sessions end now, their keys and codes go. A sentence where that cannot be."""
    with store.writing():
        if store.people.manager(name) is None:
            return _NOBODY
        before = read_role(store.persons.role(name))
        if not may_give(giver, before):
            return _ABOVE
        if before is Role.OWNER and _owners(store.persons.roles()) == 1:
            return _LAST
        store.persons.withdraw(name, now)
        store.people.note(changed(now, who, "manager.removed", name, turned("role", before, None)))
    return None


def log_out_everywhere(store: Store, giver: Role, name: str, now: float, *, who: str) -> Said | None:
    """End every session of a manager now; a sentence where that cannot be."""
    with store.writing():
        if store.people.manager(name) is None:
            return _NOBODY
        if not may_give(giver, read_role(store.persons.role(name))):
            return _ABOVE
        for session in store.people.sessions(name, now):
            store.people.end_session(session.token_hash)
        store.people.note(AuditEntry(now, who, "manager.logged_out", name, "{}"))
    return None


def require_second_step(store: Store, required: bool, now: float, *, who: str) -> None:
    """Say that a password alone lets nobody in, or that it does. Who has no second step yet is led to it when they come in."""
    with store.writing():
        before = store.persons.second_step_required()
        if before != required:
            store.persons.require_second_step(required)
            both = turned("second_step", before, required)
            store.people.note(changed(now, who, "managers.second_step", "everybody", both))


def needs_second_step(store: Store, name: str) -> bool:
    """Whether somebody still has to add the second step that everybody needs."""
    if not store.persons.second_step_required():
        return False
    return not has_totp(store, name) and not store.persons.passkeys(name)


def recover(store: Store, name: str, password: str, now: float, *, who: str) -> Said | None:
    """From the hub's own machine: a new password, and nothing of the old ways in. They are an owner where none is left.

    A sentence where that cannot be.
    """
    name = name.strip()
    fault = password_fault(password, name)
    if fault is not None:
        return fault
    kept = hash_secret(password)
    with store.writing():
        if store.people.manager(name) is None:
            return _NOBODY
        store.people.set_password(name, kept)
        store.persons.drop_totp(name)
        for passkey in store.persons.passkeys(name):
            store.persons.drop_passkey(name, passkey.credential)
        if not _owners(store.persons.roles()):
            store.persons.set_role(name, Role.OWNER)
        store.people.note(AuditEntry(now, who, "manager.recovered", name, "{}"))
    return None


def _owners(roles: Mapping[str, str]) -> int:
    return sum(role == Role.OWNER for role in roles.values())

"""Who may run the shop and who may redeem: managers, staff and their PINs. How managers prove who they are: `hub.signing`."""

from __future__ import annotations

import itertools
import re
import secrets
from dataclasses import dataclass, replace

from hub.changing import changed, turned
from hub.roles import Role
from hub.sentences import Said, said
from hub.signing.passwords import hash_secret, hasher, name_fault, password_fault, secret_fits
from hub.store.base import Store
from hub.store.records import AuditEntry, StaffMember
from hub.wire.pins import argon2_input, pepper_pin, read_pin, write_pin


@dataclass(frozen=True, slots=True)
class NewStaff:
    """Somebody who may redeem now, with the PIN, which nobody can see again."""

    member: StaffMember
    pin: str


def hash_pin(pin: str, pepper: bytes) -> str:
    """A PIN as it is kept and travels: argon2id over it under the hub's pepper (`hub.pepper`)."""
    return write_pin(hasher().hash(pepper_pin(pepper, pin)), pepper)


def pin_fits(kept: str, pin: str, pepper: bytes) -> bool:
    """Whether this is the PIN that is kept, with the pepper or from the time before it."""
    taken_apart = read_pin(kept)
    text = argon2_input(taken_apart, pepper, pin)
    return text is not None and secret_fits(taken_apart.hashed, text)


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

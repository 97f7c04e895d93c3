"""Memberships that may be one person's: noticed when somebody joins or changes their fields, for the office to look at.

The same number, the same mail address, or a name that is nearly the same with the same birthday. Families share phones, so
nothing is merged by itself; and who was said to be different stays so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hub.members.fields import alike, fold_mail, lookups
from hub.store.register_records import PairRow
from hub.wire.sync_members import Fields

if TYPE_CHECKING:
    from hub.members.book import Book, Profile

MOST_PAIRS = 20
"""Noted of one member at once: a number that hundreds share is a shop's own phone, and no question about each of them."""

MOST_NEAR = 200
"""Names that are compared for one word: tills wait meanwhile."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two persons who may be one: why, and since when that is known."""

    one: Profile
    other: Profile
    why: str
    found_at: float


def note_pairs(book: Book, member: str, fields: Fields, now: float) -> int:
    """Note who may be the same person as this member; how many were found. Call inside a transaction."""
    found: dict[str, str] = {}
    for other in book.all_by_number(fields.phone):
        found.setdefault(other, "phone")
    for other in book.all_by_mail(fold_mail(fields.mail)):
        found.setdefault(other, "mail")
    root = book.into(member)
    for kind, value in lookups(fields):
        if kind == "alike":
            for row in book.rows_with(kind, value, MOST_NEAR):
                theirs = book.open_row(row)
                if row.member != member and theirs is not None and alike(fields, theirs):
                    found.setdefault(book.into(row.member), "name")
    found.pop(root, None)
    for other, why in list(found.items())[:MOST_PAIRS]:
        book.store.register.add_pair(PairRow(root, other, why, now))
    return len(found)


def pairs(book: Book, limit: int, skip: int = 0) -> list[Pair]:
    """Pairs that nobody has looked at yet, the latest first; without those that became one meanwhile, or of whom one left."""
    rows = book.store.register.pairs(limit, skip)
    profiles = book.profiles({one for row in rows for one in (row.one, row.other)})
    found = []
    for row in rows:
        one, other = profiles.get(row.one), profiles.get(row.other)
        if one is not None and other is not None and one.member != other.member:
            found.append(Pair(one, other, row.why, row.found_at))
    return found


def pairs_of(book: Book, member: str) -> list[Pair]:
    """The same for one person; `one` is they."""
    found: dict[str, Pair] = {}
    root = book.into(member)
    rows = [row for one in book.store.register.group(member) for row in book.store.register.pairs_of(one)]
    profiles = book.profiles({one for row in rows for one in (row.one, row.other)} | {root})
    me = profiles.get(root)
    for row in rows:
        sides = [profiles.get(one) for one in (row.one, row.other)]
        other = next((side for side in sides if side is not None and side.member != root), None)
        if me is not None and other is not None:
            found.setdefault(other.member, Pair(me, other, row.why, row.found_at))
    return list(found.values())


def say_different(book: Book, one: str, other: str) -> None:
    """Somebody looked, and they are two."""
    register = book.store.register
    with book.store.writing():
        for first in register.group(one):
            for second in register.group(other):
                register.settle_pair(first, second, "different")

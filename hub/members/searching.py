"""Finding a member by what somebody in the office types: a card, a number, an address, a name.

Cards, numbers and addresses are found by their keyed hash, however many members there are. Names: in a small shop every row is
opened, and any part of a name, a number, an address is found; in a large one, whole words of names, by their hashes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from hub.members.book import Book, Profile
from hub.members.fields import fold_mail, fold_name, read_mail
from hub.wire.card import read_card
from hub.wire.sync_members import MEMBER_PATTERN, Fields

SMALL = 5_000
"""So many rows are opened within a tenth of a second."""

MOST_FOUND = 50
LONGEST_SEARCH = 300

How = Literal["card", "id", "number", "mail", "name"]

_ID = re.compile(MEMBER_PATTERN)
_NUMBER = re.compile(r"[+0-9][0-9 ()./-]{3,}")


@dataclass(frozen=True, slots=True)
class Found:
    """Who was found, and by what. `more`: there are others, too. `whole`: only whole words of names were looked for."""

    profiles: tuple[Profile, ...]
    how: How
    more: bool = False
    whole: bool = False


def search(book: Book, words: str, number: Callable[[str], str | None]) -> Found:
    """Members that fit, those who joined last first. `number`: E.164 of a typed number, None where it is none."""
    words = " ".join(words[:LONGEST_SEARCH].split())
    if _ID.fullmatch(words):
        return _those(book, (words,), "id")
    if read_card(words) is not None:
        return _those(book, filter(None, (book.by_card(words),)), "card")
    mail = read_mail(words) if "@" in words else None
    if mail:
        by_mail = _those(book, book.all_by_mail(mail), "mail")
        if by_mail.profiles:
            return by_mail
    e164 = number(words) if _NUMBER.fullmatch(words) else None
    if e164:
        by_number = _those(book, book.all_by_number(e164), "number")
        if by_number.profiles:
            return by_number
    if not book.store.register.has_more_than(SMALL):
        return _in_every_row(book, words)
    return _by_words(book, words)


def _those(book: Book, members: Iterable[str], how: How) -> Found:
    profiles = book.profiles(list(members)[: MOST_FOUND + 1])
    whole = list({one.member: one for one in profiles.values() if not book.is_leaving(one.member)}.values())
    return Found(_sorted(whole)[:MOST_FOUND], how, len(whole) > MOST_FOUND)


def _in_every_row(book: Book, words: str) -> Found:
    """Whoever has every word somewhere in their fields."""
    wanted, digits = fold_name(words).split(), re.sub(r"[^0-9]", "", words)
    if not wanted:
        return Found((), "name")
    members = []
    for row in book.store.register.each():
        fields = book.open_row(row)
        if fields is not None and fields != Fields() and _fits(fields, wanted, digits, words):
            members.append(row.member)
            if len(members) > MOST_FOUND * 4:
                break
    return _those(book, dict.fromkeys(book.into(one) for one in members), "name")


def _fits(fields: Fields, wanted: list[str], digits: str, words: str) -> bool:
    if len(digits) >= 4 and _NUMBER.fullmatch(words):
        return digits.lstrip("0") in fields.phone
    if "@" in words:
        return fold_mail(words) in fold_mail(fields.mail)
    text = fold_name(" ".join((fields.name, fields.mail, *fields.free.values())))
    return all(word in text for word in wanted)


def _by_words(book: Book, words: str) -> Found:
    """Whoever has every word as a whole word in their name."""
    folded = fold_name(words)
    if not folded:
        return Found((), "name", whole=True)
    members = [*book.found("name", folded), *(book.into(one) for one in book.named(folded, MOST_FOUND * 2))]
    found = _those(book, dict.fromkeys(members), "name")
    return Found(found.profiles, "name", found.more, whole=True)


def _sorted(profiles: list[Profile]) -> tuple[Profile, ...]:
    return tuple(sorted(profiles, key=lambda one: (-one.joined_at, one.member)))

"""All that is kept of one member, for themselves: as JSON, as a table that opens in a spreadsheet, and as a page to read.

`hub.members.carried_sections` says what goes out of which table. No clock but the given one, no file but what is handed back.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from hub.figures.csv_out import MARK, harmless
from hub.members.book import Book
from hub.members.carried_sections import CODED, SECTIONS, WORDS, Column, Kind, Section, Value
from hub.members.people_key import PeopleKey
from hub.messages.heard import read_line
from hub.messages.sealed import BadLetter, Inside, open_letter
from hub.store.base import Store
from hub.wire.snapshot import Shop, Text, say

MOST_LINES = 5_000
"""Of one talk."""


@dataclass(frozen=True, slots=True)
class Part:
    """A section with its rows, each value as `Section.columns` has it."""

    section: Section
    rows: tuple[tuple[Value, ...], ...]


@dataclass(frozen=True, slots=True)
class Carried:
    """Everything of one person, as of `made_at` (seconds of UTC)."""

    shop: Shop
    made_at: float
    members: tuple[str, ...]
    parts: tuple[Part, ...]


def carry(store: Store, key: PeopleKey, member: str, now: float) -> Carried:
    """Everything that is kept of the person behind this id. Opens no transaction; what is written meanwhile may be missing."""
    shop = store.shop.get()
    if shop is None:
        raise ValueError("a hub without a shop keeps nothing")
    group = store.register.group(member)
    special: dict[str, Callable[[], list[dict[str, Any]]]] = {
        "you": lambda: _told(Book(store, key), group),
        "consents": lambda: _consents(store, group),
        "purse": lambda: _purse(store, group),
        "messages": lambda: _messages(store, key, group),
        "talks": lambda: _talks(store, key, group),
    }
    offers = {one.campaign.number: one.campaign.offer.title for one in store.campaigns.all()}
    parts = []
    for section in SECTIONS:
        names = [column.name for column in section.columns]
        rows = (
            special[section.name]()
            if section.name in special
            else store.carrying.rows(section.table, names, section.whose, group)
        )
        parts.append(
            Part(
                section,
                tuple(
                    tuple(_value(row[column.name], column.kind, offers) for column in section.columns)
                    for row in rows
                ),
            )
        )
    return Carried(shop, now, group, tuple(parts))


def _value(value: Any, kind: Kind, offers: dict[int, Text]) -> Value:
    if value is None:
        return None
    if kind == "yes":
        return bool(value)
    if kind == "quarter":
        return float(value) * 900
    if kind == "offer":
        return say(offers[value], "en") if value in offers else str(value)
    return value  # type: ignore[no-any-return]  # what the database keeps: texts and numbers


def _told(book: Book, group: Sequence[str]) -> list[dict[str, Any]]:
    found = []
    for row in book.store.register.some(group).values():
        fields = book.open_row(row)
        if fields is None:
            continue
        plain = {"name": fields.name, "phone": fields.phone, "mail": fields.mail, "birthday": fields.birthday}
        found += [{"field": name, "value": value} for name, value in (plain | fields.free).items() if value]
    return found


def _consents(store: Store, group: Sequence[str]) -> list[dict[str, Any]]:
    names = ("at", "given", "purpose", "medium", "place", "language", "version", "proof", "clock", "words")
    return [{name: getattr(row, name) for name in names} for row in store.consents.with_words(group)]


def _purse(store: Store, group: Sequence[str]) -> list[dict[str, Any]]:
    found = []
    for column, sign in (("from_name", -1), ("to_name", 1)):
        kind = column.replace("name", "kind")
        names = ["at", "unit", "amount", "why", kind]
        found += [
            {**row, "amount": sign * int(str(row["amount"]))}
            for row in store.carrying.rows("purse_move", names, (column,), group)
            if row[kind] == "member"
        ]
    return sorted(found, key=lambda row: float(str(row["at"])))


def _messages(store: Store, key: PeopleKey, group: Sequence[str]) -> list[dict[str, Any]]:
    found = []
    names = ["queued_at", "medium", "why", "state", "id", "closed"]
    for row in store.carrying.rows("message", names, ("member",), group):
        closed = row["closed"]
        inside = Inside("", "", "")
        if isinstance(closed, bytes | memoryview) and closed:
            with suppress(BadLetter):
                inside = open_letter(key.secret, str(row["id"]), bytes(closed))
        found.append(row | {"to": inside.number, "subject": inside.subject, "text": inside.text})
    return found


def _talks(store: Store, key: PeopleKey, group: Sequence[str]) -> list[dict[str, Any]]:
    return [
        {"at": line.at, "way": line.way, "channel": talk.channel, "text": read_line(key.secret, line)}
        for one in group
        for talk in store.inbox.talks_of(one, ())
        for line in store.inbox.lines(talk.number, MOST_LINES)
    ]


# As files


def as_json(carried: Carried) -> bytes:
    """Everything as one JSON text: times as ISO 8601 in UTC, money in hundredths."""
    return msgspec.json.format(
        msgspec.json.encode(
            {
                "shop": carried.shop.name,
                "made_at": _iso(carried.made_at, "UTC"),
                "members": carried.members,
                **{
                    part.section.name: [
                        {
                            column.name: _iso(value, "UTC")
                            if _is_time(column, value)
                            else _plain(column, value)
                            for column, value in zip(part.section.columns, row, strict=True)
                        }
                        for row in part.rows
                    ]
                    for part in carried.parts
                },
            }
        ),
        indent=2,
    )


def as_csv(carried: Carried, language: str) -> bytes:
    """Everything as one table: section, number of the row in it, column, value. Opens in a spreadsheet (UTF-8 with its mark), and
    nothing in it is taken for a formula."""
    out = io.StringIO()
    lines = csv.writer(out)
    lines.writerow([say(word, language) for word in _HEAD])
    for part in carried.parts:
        for number, row in enumerate(part.rows, 1):
            for column, value in zip(part.section.columns, row, strict=True):
                if value not in (None, ""):
                    lines.writerow(
                        [
                            say(part.section.title, language),
                            number,
                            say(column.title, language),
                            harmless(shown(carried.shop, column, value, language)),
                        ]
                    )
    return MARK + out.getvalue().encode("utf-8", "replace")


_HEAD: tuple[Text, ...] = (
    {"en": "What", "zh": "类别"},
    {"en": "Row", "zh": "行"},
    {"en": "Field", "zh": "项目"},
    {"en": "Value", "zh": "内容"},
)


def shown(shop: Shop, column: Column, value: Value, language: str) -> str:
    """A value as people read it: times on the shop's clock, money with its currency."""
    if value is None:
        return ""
    if _is_time(column, value):
        return datetime.fromtimestamp(float(value), ZoneInfo(shop.timezone)).strftime("%Y-%m-%d %H:%M:%S")
    if column.kind == "money":
        return f"{int(value) / 100:.2f} {shop.currency}"
    if isinstance(value, bool):
        return say({"en": "yes", "zh": "是"} if value else {"en": "no", "zh": "否"}, language)
    plain = str(_plain(column, value))
    return say(WORDS[plain], language) if column.name in CODED and plain in WORDS else plain


def _is_time(column: Column, value: Value) -> bool:
    return column.kind in ("time", "quarter") and value is not None and not isinstance(value, str)


def _plain(column: Column, value: Value) -> Value:
    if column.kind == "day" and value is not None:
        return date.fromordinal(int(value)).isoformat()
    return value


def _iso(at: Any, zone: str) -> str:
    return datetime.fromtimestamp(float(at), UTC if zone == "UTC" else ZoneInfo(zone)).isoformat(
        timespec="seconds"
    )

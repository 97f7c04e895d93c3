"""A static list of members from a CSV file: who is meant by each line, or what is wrong with it.

Columns, at least one of them: `member` (the number under which a membership is known), `card` (its code), `phone`, `mail`. Nobody
becomes a member by standing in a file: a line that means none of the shop's members is told by its number.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hub.outside.csv_lines import Bad, Columns, Row, read_rows
from hub.segments.keeping import MOST_LISTED
from hub.sentences import said
from hub.store.base import Store

COLUMNS = Columns((), ("member", "card", "phone", "mail"))
MOST_LOOKED_UP = 20_000
"""Lines by card, number or mail: each is looked up by itself."""

AT_ONCE = 1_000

Finder = Callable[[str], str | None]
"""The member behind a text; None where there is none."""


@dataclass(frozen=True, slots=True)
class ReadList:
    """The members that a file means, and every line that is wrong."""

    members: tuple[str, ...]
    bad: tuple[Bad, ...]
    rows: int


def read_list(store: Store, body: bytes, finders: dict[str, Finder]) -> ReadList:
    """Who is meant. `finders`: how somebody is found by `card`, `phone`, `mail`; where one is missing, whoever gave the file may
    not look for people in this way."""
    rows, bad = read_rows(body, COLUMNS)
    if len(rows) > MOST_LISTED:
        bad.append(
            Bad(
                rows[MOST_LISTED].line,
                "",
                said("A list has at most %(count)s members. Cut the file in two.", count=MOST_LISTED),
            )
        )
        rows = []
    known = _known(store, {row.cells["member"].lower() for row in rows if row.cells.get("member")})
    found: dict[str, None] = {}
    looked_up = 0
    for row in rows:
        column = next((name for name in COLUMNS.may if row.cells.get(name)), "")
        if not column:
            bad.append(Bad(row.line, "", said("This line names nobody.")))
            continue
        if column != "member":
            looked_up += 1
            if looked_up > MOST_LOOKED_UP:
                bad.append(
                    Bad(
                        row.line,
                        column,
                        said(
                            "A file has at most %(count)s lines by card, phone or mail. Cut it in two.",
                            count=MOST_LOOKED_UP,
                        ),
                    )
                )
                break
        member = _who(row, column, known, finders)
        if isinstance(member, Bad):
            bad.append(member)
        else:
            found[member] = None
    bad.sort(key=lambda one: one.line)
    return ReadList(tuple(found), tuple(bad), len(rows))


def _who(row: Row, column: str, known: dict[str, str], finders: dict[str, Finder]) -> str | Bad:
    text = row.cells[column]
    if column == "member":
        member = known.get(text.lower())
        return member or Bad(row.line, column, said("No member here has this number."))
    finder = finders.get(column)
    if finder is None:
        sentence = said("You may not look members up in this way. Use the column member, or card.")
        return Bad(row.line, column, sentence)
    member = finder(text) if len(text) <= 300 and text.isprintable() else None
    if member:
        return member
    if column == "card":
        return Bad(row.line, column, said("No member here has this card."))
    return Bad(row.line, column, said("No member here has this number or address."))


def _known(store: Store, ids: set[str]) -> dict[str, str]:
    """Those of these that are members, each with the membership that stands."""
    known: dict[str, str] = {}
    every = sorted(one for one in ids if len(one) <= 40)
    for start in range(0, len(every), AT_ONCE):
        part = every[start : start + AT_ONCE]
        known |= {str(row[0]): str(row[0]) for row in store.portraits.heads(part)}
        known |= {str(one): str(into) for one, into in store.portraits.into(part) if str(one) in known}
    return known

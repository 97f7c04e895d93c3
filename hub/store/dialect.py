"""Our SQL in PostgreSQL's words. The SQL itself stands once, written so that SQLite takes it as it is.

Pure. What differs, and is put here: the marks of values (`?`, `%s`), the names of types, the order of texts (SQLite compares
bytes, so every text is `COLLATE "C"`), casts to a whole number (SQLite cuts off, PostgreSQL rounds), `max(a, b)` of one row,
the view `event`, and triggers. What SQLite takes and PostgreSQL does not is not written at all: see this folder's README.
"""

from __future__ import annotations

import re
from functools import lru_cache

_LITERAL = re.compile(r"'(?:[^']|'')*'")
_KEPT = re.compile("\x00(\\d+)\x00")
_CALL = re.compile(r"\b(CAST|max|min)\(")
_AS_INTEGER = re.compile(r"^(.*\S)\s+AS\s+INTEGER\s*$", re.DOTALL)
_CREATES_VIEW = re.compile(r"^\s*CREATE VIEW (\w+) AS\b")
_CREATES_TRIGGER = re.compile(r"^\s*CREATE TRIGGER (\w+)\b")
_CHANGES_TABLES = re.compile(r"^\s*(CREATE|ALTER) TABLE\b")

_TYPES = (
    (re.compile(r"\)\s*WITHOUT ROWID\s*$"), ")"),
    (re.compile(r"\bINTEGER\b"), "BIGINT"),
    (re.compile(r"\bREAL\b"), "DOUBLE PRECISION"),
    (re.compile(r"\bBLOB\b"), "BYTEA"),
    (re.compile(r"\bTEXT\b"), 'TEXT COLLATE "C"'),
)

_NO_TEXT = r"(?<!\\)((?:\\\\)*)\\u(?:0000|[dD][89a-fA-F][0-9a-fA-F]{2})"
"""Escapes in a JSON text that PostgreSQL takes for no character: NUL, and halves of one beyond the first 65,536."""

_VIEWS = {
    # WITH ORDINALITY counts from 1; json keeps a text as it came, jsonb would not (PostgreSQL, "JSON Types"). Where a kind or a
    # time is looked up, such an escape stands as U+FFFD: the kind has none.
    "event": """CREATE VIEW event AS SELECT j.position + e.place - 1 AS position, j.shop, j.device, j.epoch,
        j.first_seq + e.place - 1 AS seq, e.readable ->> 'kind' AS kind, CAST(e.readable ->> 'at' AS DOUBLE PRECISION) AS at,
        j.received_at, CAST(e.value AS TEXT) AS text
        FROM journal j CROSS JOIN LATERAL (SELECT value, place,
            CAST(regexp_replace(CAST(value AS TEXT), NO_TEXT, '\\1\\ufffd', 'g') AS JSON) AS readable
            FROM json_array_elements(CAST(convert_from(j.texts, 'UTF8') AS JSON)) WITH ORDINALITY AS one(value, place)
        ) e""".replace("NO_TEXT", f"'{_NO_TEXT}'")
}


def _never(name: str, event: str, each: str, sentence: str) -> str:
    """A trigger that lets an event of the table `audit` never happen, with the function that it needs (PostgreSQL, "DO")."""
    return f"""DO $do$ BEGIN
        CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $fn$ BEGIN RAISE EXCEPTION '{sentence}'; END $fn$;
        CREATE TRIGGER {name} BEFORE {event} ON audit FOR EACH {each} EXECUTE FUNCTION {name}();
        END $do$"""


_TRIGGERS = {
    "audit_is_not_edited": _never(
        "audit_is_not_edited", "UPDATE", "ROW", "the record of changes is never edited"
    ),
    "audit_is_not_deleted": _never(
        "audit_is_not_deleted", "DELETE", "ROW", "the record of changes is never deleted"
    ),
    # What SQLite needs against INSERT OR REPLACE, PostgreSQL needs against TRUNCATE.
    "audit_is_not_replaced": _never(
        "audit_is_not_replaced", "TRUNCATE", "STATEMENT", "the record of changes is never deleted"
    ),
}


@lru_cache(maxsize=1_024)
def for_postgres(statement: str) -> str:
    """The statement as psycopg takes it, always together with its values: a `%` is doubled."""
    view = _CREATES_VIEW.match(statement)
    if view and view[1] in _VIEWS:
        return _VIEWS[view[1]].replace("%", "%%")
    trigger = _CREATES_TRIGGER.match(statement)
    if trigger:
        return _TRIGGERS[trigger[1]]
    literals: list[str] = []

    def keep(found: re.Match[str]) -> str:
        literals.append(found[0])
        return f"\x00{len(literals) - 1}\x00"

    text = _calls(_LITERAL.sub(keep, statement))
    if _CHANGES_TABLES.match(text):
        for pattern, theirs in _TYPES:
            text = pattern.sub(theirs, text)
    text = text.replace("%", "%%").replace("?", "%s")
    return _KEPT.sub(lambda found: literals[int(found[1])].replace("%", "%%"), text)


def _calls(text: str) -> str:
    # From the right, so that what stands inside a call is put before the call itself.
    for found in reversed(list(_CALL.finditer(text))):
        arguments, end = _arguments(text, found.end())
        text = text[: found.start()] + _call(found[1], arguments) + text[end:]
    return text


def _arguments(text: str, start: int) -> tuple[list[str], int]:
    """What stands between the parentheses, cut at its own commas, and where the text goes on."""
    depth, cut, parts = 1, start, list[str]()
    for place in range(start, len(text)):
        sign = text[place]
        depth += (sign == "(") - (sign == ")")
        if depth == 0:
            return [*parts, text[cut:place]], place + 1
        if sign == "," and depth == 1:
            parts.append(text[cut:place])
            cut = place + 1
    raise ValueError(f"a parenthesis is open in: {text}")


def _call(name: str, arguments: list[str]) -> str:
    inside = ",".join(arguments)
    if name == "CAST":
        whole = _AS_INTEGER.match(inside)
        if whole is None:
            return f"CAST({inside})"
        # A value that is handed in is whole already, and where it is NULL nobody knows its type.
        return f"CAST({whole[1] if whole[1] == '?' else f'trunc({whole[1]})'} AS BIGINT)"
    if len(arguments) > 1:
        name = {"max": "greatest", "min": "least"}[name]
    return f"{name}({inside})"

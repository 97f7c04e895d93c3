"""A CSV file as a program for goods or a spreadsheet writes it: rows with the number of their line, and what is wrong with each.

Pure. UTF-8 with or without its mark, UTF-16 with one; commas, semicolons or tabs; the first line names the columns, in any order.
A column that nobody knows is a fault of the first line, so that a misspelt one is not silently left out.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hub.sentences import Said, said

MOST_LINES = 200_000
MOST_BAD = 1_000
"""So many bad lines are listed; how many there are is counted in any case."""

SEPARATORS = ",;\t"


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns that a file must have, and those that it may have."""

    must: tuple[str, ...]
    may: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """One row: the number of its first line (the head is line 1), and its cells by column."""

    line: int
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Bad:
    """What is wrong with a line, in which column ("" for the whole of it), and what to do."""

    line: int
    column: str
    sentence: Said


def read_rows(body: bytes, columns: Columns) -> tuple[list[Row], list[Bad]]:
    """The rows, and all that is wrong with the file as such."""
    text = _text(body)
    if isinstance(text, Bad):
        return [], [text]
    if not text.strip():
        return [], [Bad(1, "", said("The file is empty. Its first line has to name the columns."))]
    head_line = text.lstrip("\n").partition("\n")[0]
    separator = max(SEPARATORS, key=head_line.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    rows: list[Row] = []
    bad: list[Bad] = []
    names: list[str] | None = None
    line = 1
    try:
        for cells in reader:
            first, line = line, reader.line_num + 1
            if not any(cell.strip() for cell in cells):
                continue
            if names is None:
                names = [cell.strip().lower() for cell in cells]
                bad += _head(names, columns, first)
                if bad:
                    return [], bad
                continue
            if len(rows) >= MOST_LINES:
                bad.append(
                    Bad(
                        first,
                        "",
                        said("The file has more than %(count)s rows. Cut it in two.", count=MOST_LINES),
                    )
                )
                break
            if len(cells) != len(names):
                bad.append(
                    Bad(
                        first,
                        "",
                        said(
                            "This line has %(has)s cells; the first line names %(wants)s. Is a separator missing, or one "
                            "too many without quotes around the text?",
                            has=len(cells),
                            wants=len(names),
                        ),
                    )
                )
                continue
            rows.append(Row(first, {name: cell.strip() for name, cell in zip(names, cells, strict=True)}))
    except csv.Error as wrong:
        sentence = said(
            "The file cannot be read from this line on: %(why)s. Save it as CSV once more.", why=str(wrong)
        )
        bad.append(Bad(line, "", sentence))
    if not rows and not bad:
        bad.append(Bad(line, "", said("The file has no rows beneath its first line.")))
    return rows, bad


def _text(body: bytes) -> str | Bad:
    encoding = "utf-16" if body[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = body.decode(encoding)
    except UnicodeDecodeError as wrong:
        line = body.count(b"\n", 0, wrong.start) + 1
        return Bad(line, "", said("This line is not UTF-8. Save the file as CSV UTF-8, and send it again."))
    if "\x00" in text:
        line = text.count("\n", 0, text.index("\x00")) + 1
        return Bad(
            line, "", said("This line has signs that no text has. Is the file a table, and not a picture?")
        )
    return text


def _head(names: Sequence[str], columns: Columns, line: int) -> list[Bad]:
    known = (*columns.must, *columns.may)
    bad = [
        Bad(line, name, said("The column %(name)s is missing.", name=name))
        for name in columns.must
        if name not in names
    ]
    bad += [
        Bad(
            line,
            name,
            said(
                "Nobody knows the column %(name)s. There are: %(known)s.",
                name=name or "?",
                known=", ".join(known),
            ),
        )
        for name in names
        if name not in known
    ]
    twice = sorted({name for name in names if names.count(name) > 1 and name in known})
    return bad + [Bad(line, name, said("The column %(name)s is there twice.", name=name)) for name in twice]

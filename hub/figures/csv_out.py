"""Tables as CSV (RFC 4180), piece by piece, harmless in a spreadsheet.

Pure. A text that begins like a formula (`=`, `+`, `-`, `@`, a tab, a line's end, and their full-width twins, which some
spreadsheets take for them) gets an apostrophe before it: whoever names a zone or a till writes no formula into the office's
spreadsheet. Numbers are numbers, and stay as they are.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from hub.figures.table import Cell, Kind, Table

MARK = "\ufeff".encode()
"""For spreadsheets, which take a file without it for one in the machine's own old alphabet."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def harmless(text: str) -> str:
    """A text that no spreadsheet takes for a formula. Spaces before it hide nothing from some of them."""
    return (
        f"'{text}"
        if text.lstrip(" \u00a0\u3000\x00").startswith(_FORMULA)
        else text.replace("\x00", "\ufffd")
    )


def csv_of(table: Table, timezone: str, *, for_people: bool = False) -> Iterator[bytes]:
    """The file, its first line the names of the columns. `for_people`: with the mark that spreadsheets want."""
    zone = ZoneInfo(timezone)
    kinds = [column.kind for column in table.columns]
    if for_people:
        yield MARK
    yield _lines([[column.name for column in table.columns]])
    for page in table.pages:
        yield _lines(
            [_shown(cell, kind, zone) for cell, kind in zip(row, kinds, strict=True)] for row in page
        )


def _lines(rows: Iterable[Iterable[object]]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue().encode()


def _shown(cell: Cell, kind: Kind, zone: ZoneInfo) -> object:
    if cell is None:
        return ""
    if isinstance(cell, str):
        return harmless(cell)
    if kind == "time":
        return datetime.fromtimestamp(cell, zone).isoformat(timespec="seconds")
    return int(cell) if kind == "whole" and float(cell).is_integer() else cell

"""A recording of tags whose zones are known, from a CSV file (also `.xz` and `.gz`) to rows.

The first line names the columns, in any order: one for the tag, one for the zone it was in, one for the time in milliseconds;
every further column is a receiver, with the strength in dBm at which it heard the packet, or nothing. What is broken is told with
its line: half of a recording would give half of a model.
"""

from __future__ import annotations

import csv
import gzip
import lzma
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO

import msgspec

from edge.zone_fit import ZoneRow
from edge.zones import MOST_RECEIVERS, MOST_ZONES

COLUMN_NAMES = {
    "tag": ("name", "tag", "address", "beacon", "device"),
    "zone": ("locationstatus", "zone", "location", "room"),
    "time": ("timestamp", "time", "timems", "at", "atms"),
}
"""What a column may be called, without regard to case, spaces, `-` and `_`."""

MOST_ROWS = 1_000_000
"""Eleven days of a tag that speaks once a second, and some 300 MB of memory."""

WEAKEST_DBM, STRONGEST_DBM = -127, 20
"""Core Specification 5.4, Vol 4 Part E, 7.7.65.2; 127, "not known", is no strength either."""


class RowsError(Exception):
    """The recording cannot be read; the sentence names file and line."""


class ZoneRecording(msgspec.Struct, frozen=True):
    """Rows whose strengths stand in the order of `receivers`."""

    receivers: tuple[str, ...]
    rows: tuple[ZoneRow, ...]


def read_recordings(paths: Sequence[Path]) -> ZoneRecording:
    """Several recordings of the same receivers as one. Tags of two files are two tags, whatever they are called."""
    first = read_recording(paths[0])
    rows = list(first.rows)
    for number, path in enumerate(paths[1:], 2):
        more = read_recording(path)
        if set(more.receivers) != set(first.receivers):
            raise RowsError(
                f"{path.name} has receivers {', '.join(more.receivers)}, "
                f"and {paths[0].name} has {', '.join(first.receivers)}. Recordings for one model need the same."
            )
        order = [more.receivers.index(name) for name in first.receivers]
        rows += [
            ZoneRow(f"{number}/{row.tag}", row.zone, row.at, tuple(row.strengths_dbm[i] for i in order))
            for row in more.rows
        ]
    return ZoneRecording(first.receivers, tuple(rows))


def read_recording(path: Path) -> ZoneRecording:
    """All rows of a file, in its order. Raises RowsError; OSError where the file cannot be opened."""
    openers = {".xz": lzma.open, ".gz": gzip.open}
    with ExitStack() as stack:
        lines: IO[str] = stack.enter_context(
            openers.get(path.suffix, open)(path, "rt", encoding="utf-8-sig", newline="")  # type: ignore[operator]
        )
        try:
            return parse_rows(lines, path.name)
        except UnicodeDecodeError:
            raise RowsError(f"{path.name} is not text in UTF-8.") from None
        except (lzma.LZMAError, gzip.BadGzipFile, EOFError):
            raise RowsError(f"{path.name} is not whole, or not compressed as its name says.") from None


def parse_rows(lines: Iterable[str], name: str) -> ZoneRecording:
    """The rows of a file's lines; `name` is for the sentences. Raises RowsError."""
    table = csv.reader(lines, strict=True)
    try:
        columns = _columns(next(table, []), name)
        rows: list[ZoneRow] = []
        zones: set[str] = set()
        for cells in table:
            if not cells:
                continue
            where = f"{name}, line {table.line_num}"
            rows.append(_row(cells, columns, where))
            zones.add(rows[-1].zone)
            if len(rows) > MOST_ROWS or len(zones) > MOST_ZONES:
                raise RowsError(
                    f"{where}: a recording has at most {MOST_ROWS:,} rows and {MOST_ZONES} zones."
                )
    except csv.Error as wrong:
        raise RowsError(f"{name}, line {table.line_num}: {wrong}.") from None
    if not rows:
        raise RowsError(f"{name} has no rows.")
    return ZoneRecording(tuple(columns.receivers), tuple(rows))


class _Columns(msgspec.Struct, frozen=True):
    tag: int
    zone: int
    time: int
    receivers: dict[str, int]
    count: int


def _columns(header: Sequence[str], name: str) -> _Columns:
    places: dict[str, int] = {}
    receivers: dict[str, int] = {}
    for index, title in enumerate(header):
        plain = title.strip().lower().replace("_", "").replace(" ", "").replace("-", "")
        part = next((part for part, names in COLUMN_NAMES.items() if plain in names), None)
        if part is not None and part in places:
            raise RowsError(
                f"{name}, line 1: columns {header[places[part]]} and {title} both name the {part}; leave one out."
            )
        if part is not None:
            places[part] = index
        elif not plain or title.strip() in receivers:
            raise RowsError(f"{name}, line 1: column {index + 1} has no name of its own.")
        else:
            receivers[title.strip()] = index
    for part, names in COLUMN_NAMES.items():
        if part not in places:
            raise RowsError(f"{name}, line 1: no column names the {part}. Call it {names[0]} or {names[1]}.")
    if not 1 <= len(receivers) <= MOST_RECEIVERS:
        raise RowsError(
            f"{name}, line 1: there are {len(receivers)} receivers; 1 to {MOST_RECEIVERS} can be used."
        )
    return _Columns(places["tag"], places["zone"], places["time"], receivers, len(header))


def _row(cells: Sequence[str], columns: _Columns, where: str) -> ZoneRow:
    if len(cells) != columns.count:
        raise RowsError(f"{where}: there are {len(cells)} cells under {columns.count} columns.")
    tag, zone = cells[columns.tag].strip(), cells[columns.zone].strip()
    if not tag or not zone:
        raise RowsError(f"{where}: the {'zone' if tag else 'tag'} is missing.")
    return ZoneRow(
        tag,
        zone,
        _seconds(cells[columns.time], where),
        tuple(_strength(cells[index], receiver, where) for receiver, index in columns.receivers.items()),
    )


def _seconds(cell: str, where: str) -> float:
    try:
        milliseconds = float(cell)
    except ValueError:
        milliseconds = float("nan")
    if not 0 <= milliseconds < 1e15:
        raise RowsError(f"{where}: {cell.strip()!r} is no time in milliseconds.")
    return milliseconds / 1000


def _strength(cell: str, receiver: str, where: str) -> int | None:
    if not cell.strip():
        return None
    try:
        strength_dbm = float(cell)
    except ValueError:
        strength_dbm = float("nan")
    if not WEAKEST_DBM <= strength_dbm <= STRONGEST_DBM:
        raise RowsError(
            f"{where}: {cell.strip()!r} of {receiver} is no strength from {WEAKEST_DBM} to {STRONGEST_DBM} dBm; "
            "a packet that was not heard is an empty cell."
        )
    return round(strength_dbm)

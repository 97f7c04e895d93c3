"""Moves a live hub from its file to a PostgreSQL database: nodes go on meanwhile; writing stands still for a moment at the end.

1. Every row is copied while others write; keys of rows that change are noted.
2. Rounds bring over what was noted, each shorter than the one before. In one of them, every table of both sides is compared: both
   are then as the file was at one moment.
3. Under the file's lock: the last changes, those rows compared once more, and the number of rows of every table. Then the file
   lets nobody change anything, and says where the hub is.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass

from hub.store.moving import Row, Source, Table, add_up, in_parts
from hub.store.moving_there import Target, begun_before, clear
from hub.store.sqlite import SqliteStore

ROUNDS = 20
FEW = 500
"""So few changed rows are brought over in a moment."""

PAUSE_S = 0.02
"""Between two parts, so that a till's own change is not kept waiting by this program."""

Tell = Callable[[str, int, int], None]
"""What is done: a step, rows so far, rows in all."""


class NotMoved(Exception):
    """The hub is still where it was; the text says why."""


@dataclass(frozen=True, slots=True)
class Moved:
    """What was moved: rows by table, how long writing stood still, how long all of it took."""

    rows: Mapping[str, int]
    held_s: float
    took_s: float


def move(store: SqliteStore, url: str, tell: Tell, now: Callable[[], float] = time.time) -> Moved:
    """Move this file's hub there. NotMoved or StorageError leave it as it was; a later try begins anew."""
    began = time.monotonic()
    source = Source(store)
    if begun_before(url):
        if store.moved_to() == url:
            return _finish(source, url, began)
        clear(url)
    if store.moved_to():
        raise NotMoved(f"This hub was moved to {store.moved_to()} already.")
    with closing(Target(url)) as target:
        if target.store.shops():
            raise NotMoved(f"There is a hub in {url} already. Name an empty database.")
        target.mark(moving=True)
        for number in store.shops():
            own = store.of_shop(number)
            own.ledger.set_folding(own.ledger.folding())
        tables = target.tables(source)
        source.watch(tables)
        try:
            held_s, rows = _move(source, target, tables, tell, now)
        except BaseException:
            if not store.moved_to():
                source.unwatch()
            raise
        target.mark(moving=False)
    return Moved(rows, held_s, time.monotonic() - began)


def _finish(source: Source, url: str, began: float) -> Moved:
    """The file was closed, and then something kept this program from saying so there."""
    with closing(Target(url)) as target:
        rows = {table.name: target.count(table) for table in target.tables(source)}
        target.mark(moving=False)
    return Moved(rows, 0.0, time.monotonic() - began)


def _move(
    source: Source, target: Target, tables: Sequence[Table], tell: Tell, now: Callable[[], float]
) -> tuple[float, dict[str, int]]:
    by_name = {table.name: table for table in tables}
    total = sum(source.count(table) for table in tables)
    done = 0
    for table in tables:
        for rows in source.parts(table):
            # What came over in a round of changes before its part was read is not there yet: rounds begin afterwards.
            target.add(table, rows)
            done += len(rows)
            tell("copying", done, total)
            time.sleep(PAUSE_S / 10)
    target.analyse()
    _rounds(source, target, by_name, tell)
    _compare_all(source, target, tables, tell)
    _rounds(source, target, by_name, tell)
    with source.store.writing():
        began = time.monotonic()
        changed = source.changed()
        _bring(source, target, by_name, changed)
        odd = _differing(source, target, by_name, changed)
        counts = {table.name: source.count(table) for table in tables}
        odd += [table.name for table in tables if target.count(table) != counts[table.name]]
        if odd:
            raise NotMoved(
                f"These tables differ after the copy: {', '.join(sorted(set(odd)))}. Nothing was changed."
            )
        source.close_file(tables, target.url, now())
    held_s = time.monotonic() - began
    tell("moved", total, total)
    return held_s, counts


def _rounds(source: Source, target: Target, tables: Mapping[str, Table], tell: Tell) -> None:
    for _ in range(ROUNDS):
        with source.snapshot():
            changed = source.changed()
            _bring(source, target, tables, changed)
        count = sum(map(len, changed.values()))
        tell("catching up", count, count)
        if count <= FEW:
            return


def _bring(
    source: Source, target: Target, tables: Mapping[str, Table], changed: Mapping[str, set[Row]]
) -> None:
    for name, keys in sorted(changed.items()):
        for part in in_parts(keys):
            target.take_over(tables[name], source.rows(tables[name], part), part)


def _compare_all(source: Source, target: Target, tables: Sequence[Table], tell: Tell) -> None:
    """Bring over what has changed, and compare every table, all as the file is at one moment."""
    by_name = {table.name: table for table in tables}
    with source.snapshot():
        _bring(source, target, by_name, source.changed())
        odd = []
        for place, table in enumerate(tables):
            tell("comparing", place, len(tables))
            if source.sums(table) != target.sums(table):
                odd.append(table.name)
    if odd:
        raise NotMoved(f"These tables differ after the copy: {', '.join(odd)}. Nothing was changed.")


def _differing(
    source: Source, target: Target, tables: Mapping[str, Table], changed: Mapping[str, set[Row]]
) -> list[str]:
    return [
        name
        for name, keys in changed.items()
        for part in in_parts(keys)
        if add_up(tables[name], source.rows(tables[name], part)) != target.sums(tables[name], part)
    ]

"""The sides that the measurement of reports sets against each other: our hub, a plain table in SQLite, and DuckDB; with a year
of visits for all three. Nothing is measured here.

The peers get the favour that day and hour on the shop's clock stand in their table already.
"""

from __future__ import annotations

import os
import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import psycopg

from hub.app import open_database
from hub.ingest import read_batch, take
from hub.store.moving import Source
from hub.store.sqlite import FILE, SqliteStore
from hub.wire.snapshot import Shop
from hub.wire.sync import MAX_BATCH, SyncRequest

TIMEZONE = ZoneInfo("Europe/Berlin")
FIRST, DAYS = date(2026, 1, 1), 365
LAST = FIRST + timedelta(days=DAYS - 1)
ZONES = ("door", "hall", "till", "window", "garden", "books", "toys", "shoes", "cafe", "stairs")
REQUESTS = 20
OPEN_S, CLOSE_S = 8 * 3_600, 20 * 3_600
TABLE = "visit (arrived_at {real}, day INTEGER, hour INTEGER, zone {text}, dwell_ms {whole})"

Visit = tuple[float, int, int, str, int]
"""When it began, day and hour on the shop's clock, zone, how long (milliseconds)."""


def noon_after() -> float:
    """The time at which all is asked: the day after the last visit."""
    return datetime(LAST.year, LAST.month, LAST.day, 12, tzinfo=TIMEZONE).timestamp() + 86_400


def visits(count: int) -> Iterator[Visit]:
    """A year of visits, first to last, busier at noon than in the evening and in one zone than in another."""
    dice = random.Random(7)
    weights = [len(ZONES) - place for place in range(len(ZONES))]
    for number in range(DAYS):
        day = FIRST + timedelta(days=number)
        midnight = datetime(day.year, day.month, day.day, tzinfo=TIMEZONE).timestamp()
        # The clock is put forward or back before the shop opens.
        opened = datetime(day.year, day.month, day.day, 8, tzinfo=TIMEZONE).timestamp() - OPEN_S
        here = count * (number + 1) // DAYS - count * number // DAYS
        seconds = sorted(int(dice.triangular(OPEN_S, CLOSE_S - 1, 43_200)) for _ in range(here))
        zones = dice.choices(ZONES, weights, k=here)
        ordinal = day.toordinal()
        assert midnight <= opened + OPEN_S
        for second, zone in zip(seconds, zones, strict=True):
            yield opened + second, ordinal, second // 3_600, zone, 30_000 + second * 7_919 % 1_800_000


def _text(seq: int, visit: Visit) -> bytes:
    at, _, _, zone, dwell_ms = visit
    left = at + dwell_ms / 1_000
    return (
        f'{{"device":"edge-1","epoch":1,"seq":{seq},"kind":"visit.closed","at":{left},"clock":"ntp","data":{{"simulated":false,'
        f'"id":"{seq:016x}","zone":"{zone}","arrived_at":{at},"departed_at":{left},"dwell_s":{dwell_ms / 1_000},'
        '"peak_dbm":-61,"rank":"random","known":""},"boot":1}'
    ).encode()


def fill_hub(store: Any, count: int) -> None:
    """The year through the hub's own ingest, as a node's requests bring it."""
    store.shop.save(Shop(1, {"en": "Bench"}, timezone=TIMEZONE.key), noon_after())
    stream, seq = visits(count), 1
    while True:
        # Several requests to a sync of the disk: how fast facts come in is measured elsewhere.
        with store.writing():
            for _ in range(REQUESTS):
                texts = [
                    msgspec.Raw(_text(seq + place, one))
                    for place, one in zip(range(MAX_BATCH), stream, strict=False)
                ]
                if not texts:
                    return
                seq += len(texts)
                body = msgspec.json.encode(SyncRequest(events=tuple(texts)))
                apart = read_batch("edge-1", body)
                assert not isinstance(apart, str), apart
                take(store, apart[1], noon_after(), "ntp")


def fill_raw(folder: Path, count: int) -> Path:
    """The same visits as a plain table."""
    path = folder / "raw.db"
    with closing(sqlite3.connect(path)) as raw:
        raw.execute(f"CREATE TABLE {TABLE.format(real='REAL', text='TEXT', whole='INTEGER')}")
        raw.executemany("INSERT INTO visit VALUES (?, ?, ?, ?, ?)", visits(count))
        raw.commit()
    return path


def fill_duck(folder: Path, count: int) -> Path:
    """The same in DuckDB's own file."""
    import duckdb
    import pyarrow as pa  # type: ignore[import-untyped]  # it ships no types

    path = folder / "visits.duckdb"
    with closing(duckdb.connect(str(path))) as duck:
        duck.execute(f"CREATE TABLE {TABLE.format(real='DOUBLE', text='VARCHAR', whole='BIGINT')}")
        stream = visits(count)
        while part := [one for _, one in zip(range(500_000), stream, strict=False)]:
            columns = list(zip(*part, strict=True))
            table = pa.table(
                dict(zip(("arrived_at", "day", "hour", "zone", "dwell_ms"), columns, strict=True))
            )
            duck.register("part", table)
            duck.execute("INSERT INTO visit SELECT * FROM part")
            duck.unregister("part")
        duck.execute("CHECKPOINT")
    return path


def copy_tables(folder: Path, url: str) -> None:
    """Every table of the hub but its journal, into an empty database."""
    with closing(open_hub(folder)) as store, closing(open_database(folder, url)) as there:
        tables = Source(store).tables()
        with psycopg.connect(url) as conn:
            for table, (columns, _) in tables.items():
                if table == "journal":
                    continue
                names = ", ".join(columns)
                conn.execute(f"DELETE FROM {table}")
                with conn.cursor().copy(f"COPY {table} ({names}) FROM STDIN") as copy:
                    for row in store.pool.each(f"SELECT {names} FROM {table}"):
                        copy.write_row(row)
        with psycopg.connect(url, autocommit=True) as conn:
            conn.execute("ANALYZE")
        assert there.shops() == store.shops()


def open_hub(folder: Path) -> SqliteStore:
    """The hub's store in a folder."""
    return SqliteStore(folder / FILE)


def forget(folder: Path) -> None:
    """Have the kernel drop what it keeps of these files in memory, as far as it does what it is asked."""
    for path in folder.glob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)

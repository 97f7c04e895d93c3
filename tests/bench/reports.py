"""How fast figures are answered on a year of ten million visits, against a scan of the visits and against DuckDB.

Ours against a peer is what the hub reads for a question, with its totals, as Python's numbers; and by itself, within its limit,
the whole answer of `hub.figures.engine.ask` with comparison and freshness. The peers run one SELECT each over a plain table of
visits in which day and hour on the shop's clock stand already; every answer is checked against theirs. Pages are read in a
process of their own each time, after the kernel was asked to forget the file; from the request to its last byte.

`BENCH_VISITS` makes it smaller; `BENCH_FOLDER` keeps what was made for the next time. The pages on PostgreSQL are read from a
server of its own, where its programs are installed; it gets every table but the journal, which no page of figures reads.
"""

from __future__ import annotations

import json
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from hub.app import open_database
from hub.devices import hub_key
from hub.figures.answer import Answer
from hub.figures.definitions import FIGURES, Figure
from hub.figures.engine import ask
from hub.figures.question import Comparison, Days, Dimension, Filters, Question
from hub.figures.reading import Read, read
from hub.figures.settling import settle
from hub.people import add_manager
from hub.signing.login import begin_session
from hub.store.base import Store
from tests.bench import _reports_sides as sides
from tests.postgres_server import postgres_bin, postgres_server

VISITS = 10_000_000
MOST_MS, LEAST_OF_RAW, LEAST_OF_DUCK = 15.0, 350.0, 4.0
PAGE_MS, FIRST_VIEW_KB = 1_000.0, 150.0
PAGE_ROUNDS = 20
SCANS = 2
"""A scan takes seconds, and as long the second time as the first."""

PAGES = (
    ("Today", "/manage/"),
    ("Explore, a year", "/manage/explore?days=365&vs=year"),
    ("Explore, a month of one zone", "/manage/explore?days=30&vs=previous&zone=door"),
    ("how each number is made", "/manage/figures"),
)

_YEAR = Days(sides.FIRST, sides.LAST)
_DAY = sides.FIRST + timedelta(days=200)


@dataclass(frozen=True)
class Asked:
    """One question, and what the peers are asked for it: keys, conditions."""

    name: str
    question: Question
    keys: str = ""
    where: str = ""

    def sql(self) -> str:
        """The peers' SELECT."""
        keys = f"{self.keys}, " if self.keys else ""
        group = f" GROUP BY {self.keys}" if self.keys else ""
        return f"SELECT {keys}count(*), sum(dwell_ms) FROM visit {self.where}{group}"


def _of(*by: Dimension, days: Days = _YEAR, **more: Any) -> Question:
    return Question(("visits", "dwell_s"), days, by, **more)


def _within(days: Days, more: str = "") -> str:
    return f"WHERE day >= {days.first.toordinal()} AND day <= {days.last.toordinal()}{more}"


_WEEK = Days(_DAY - timedelta(days=6), _DAY)
_ONE_ZONE = Filters(zones=("hall",))
QUESTIONS = (
    Asked("visits of a year", _of(), "", _within(_YEAR)),
    Asked("by day", _of(Dimension.DAY), "day", _within(_YEAR)),
    Asked("by week", _of(Dimension.WEEK), "day - (day + 6) % 7", _within(_YEAR)),
    Asked("by month", _of(Dimension.MONTH)),
    Asked("by zone", _of(Dimension.ZONE), "zone", _within(_YEAR)),
    Asked("by hour", _of(Dimension.HOUR), "hour", _within(_YEAR)),
    Asked("by hour of the week", _of(Dimension.WEEKHOUR), "(day + 6) % 7 * 24 + hour", _within(_YEAR)),
    Asked(
        "one zone by hour of the week",
        _of(Dimension.WEEKHOUR, filters=_ONE_ZONE),
        "(day + 6) % 7 * 24 + hour",
        _within(_YEAR, " AND zone = 'hall'"),
    ),
    Asked("by zone and month", _of(Dimension.ZONE, Dimension.MONTH)),
    Asked(
        "by zone and weekday", _of(Dimension.ZONE, Dimension.WEEKDAY), "zone, (day + 6) % 7", _within(_YEAR)
    ),
    Asked("a day by hour", _of(Dimension.HOUR, days=Days(_DAY, _DAY)), "hour", _within(Days(_DAY, _DAY))),
    Asked(
        "a week by day, with the week before", _of(Dimension.DAY, days=_WEEK, comparison=Comparison.PREVIOUS)
    ),
)


def measure(rounds: int = 7) -> list[dict[str, Any]]:
    """Milliseconds, medians over the rounds; the ratios are medians of the ratios within each round."""
    count = int(os.environ.get("BENCH_VISITS", VISITS))
    with _folder() as folder:
        _fill(folder, count)
        rows = _questions(folder, count, rounds)
        rows += _pages(folder, "")
        if postgres_bin() is not None:
            with postgres_server() as server:
                url = server.fresh()
                sides.copy_tables(folder, url)
                rows += _pages(folder, url)
    return rows


@contextmanager
def _folder() -> Iterator[Path]:
    kept = os.environ.get("BENCH_FOLDER")
    if kept:
        Path(kept).mkdir(parents=True, exist_ok=True)
        yield Path(kept)
        return
    with tempfile.TemporaryDirectory(prefix="reports-") as text:
        yield Path(text)


def _fill(folder: Path, count: int) -> None:
    done = folder / f"filled-{count}"
    if done.exists():
        return
    with closing(sides.open_hub(folder)) as store:
        sides.fill_hub(store, count)
        store.checkpoint()
    sides.fill_raw(folder, count)
    sides.fill_duck(folder, count)
    done.touch()


def _questions(folder: Path, count: int, rounds: int) -> list[dict[str, Any]]:
    import duckdb

    raw = sqlite3.connect(folder / "raw.db")
    duck = duckdb.connect(str(folder / "visits.duckdb"), read_only=True)
    rows = []
    with closing(sides.open_hub(folder)) as store, closing(raw), closing(duck):
        now = sides.noon_after()
        # As the hub does it every few seconds.
        settle(store, (store.shop.number,), now)
        for one in QUESTIONS:
            sqls = _peers(one)
            figures = [FIGURES[name] for name in one.question.figures]
            periods = [one.question.days, *([before] if (before := one.question.compared()) else [])]
            whole, sums, of_raw, of_duck, scan = [], [], [], [], 0.0
            for turn in range(rounds + 1):
                took, answer = _timed(partial(ask, store, one.question, now))
                mine, _ = _timed(partial(_read, store, figures, one.question, periods))
                if turn < SCANS:
                    scan, _ = _timed(partial(_all, raw, sqls))
                theirs, found = _timed(partial(_all, duck, sqls))
                if turn == 0:
                    _check(one, answer, found, count)
                    continue
                whole.append(took)
                sums.append(mine)
                of_raw.append(scan / mine)
                of_duck.append((theirs, theirs / mine))
            name = f"reports: {one.name}"
            ms = statistics.median(sums)
            peer = statistics.median(peer for peer, _ in of_duck)
            rows.append(_limit(f"{name} <=", statistics.median(whole), MOST_MS))
            rows.append(_ratio(f"{name}, against a scan", ms, scan, of_raw, LEAST_OF_RAW))
            rows.append(
                _ratio(f"{name}, against DuckDB", ms, peer, [part for _, part in of_duck], LEAST_OF_DUCK)
            )
    return rows


def _read(store: Store, figures: list[Figure], question: Question, periods: list[Days]) -> list[Read]:
    return [read(store, figures, question, days, (store.shop.number,)) for days in periods]


def _all(peer: Any, sqls: list[str]) -> list[list[tuple[Any, ...]]]:
    return [peer.execute(sql).fetchall() for sql in sqls]


def _timed(what: Callable[[], Any]) -> tuple[float, Any]:
    begun = time.perf_counter()
    found = what()
    return (time.perf_counter() - begun) * 1_000, found


def _peers(one: Asked) -> list[str]:
    """What the peers are asked: a month needs a calendar, so it is cut by its days; a comparison is one SELECT more."""
    if Dimension.MONTH in one.question.by:
        starts = [_YEAR.first.replace(month=month).toordinal() for month in range(1, 13)]
        months = (
            "CASE "
            + " ".join(f"WHEN day >= {day} THEN {at}" for at, day in reversed(list(enumerate(starts, 1))))
            + " END"
        )
        zone = "zone, " if Dimension.ZONE in one.question.by else ""
        return [replace(one, keys=f"{zone}{months}", where=_within(_YEAR)).sql()]
    compared = one.question.compared()
    if compared is not None:
        return [replace(one, keys="day", where=_within(days)).sql() for days in (one.question.days, compared)]
    return [one.sql()]


def _check(one: Asked, answer: Any, found: list[list[tuple[Any, ...]]], count: int) -> None:
    """All have to say the same, or the race means nothing: exactly where nothing is hidden, nearly where cells of fewer than ten
    people carry noise."""
    assert isinstance(answer, Answer), answer
    counts = [int(row[-2]) for row in found[0]]
    total = answer.total.values["visits"]
    assert total.number == sum(counts) <= count, (one.name, total, sum(counts))
    shown = [row.values["visits"] for row in answer.rows if row.values["visits"].number]
    if shown:
        assert abs(sum(value.number or 0 for value in shown) - sum(counts)) <= sum(counts) / 100, one.name
        assert {int(value.number or 0) for value in shown if not value.noisy} <= set(counts), one.name


def _limit(name: str, ours: float, goal: float, unit: str = "ms") -> dict[str, Any]:
    return {
        "name": name,
        "ours": ours,
        "peer": None,
        "ratio": None,
        "goal": goal,
        "unit": unit,
        "limit": True,
    }


def _ratio(name: str, ours: float, peer: float, ratios: list[float], goal: float) -> dict[str, Any]:
    ratio = statistics.median(ratios)
    return {"name": name, "ours": ours, "peer": peer, "ratio": ratio, "goal": goal, "unit": "ms"}


def _pages(folder: Path, url: str) -> list[dict[str, Any]]:
    """Each page in a process of its own, over a file that is not in memory."""
    rows = []
    where = "PostgreSQL" if url else "SQLite"
    token = _let_in(folder, url)
    for name, path in PAGES:
        times, size = [], 0.0
        for _ in range(PAGE_ROUNDS):
            sides.forget(folder)
            done = subprocess.run(
                [sys.executable, "-m", "tests.bench._reports_page", str(folder), path, token, url],
                check=True,
                capture_output=True,
                text=True,
            )
            told = json.loads(done.stdout.splitlines()[-1])
            times.append(told["ms"])
            size = told["bytes"] / 1_024
        times.sort()
        p95 = times[min(len(times) - 1, int(len(times) * 0.95))]
        rows.append(_limit(f"reports: {name}, {where}, cold, p95 <=", p95, PAGE_MS))
        if not url:
            rows.append(_limit(f"reports: {name}, first view <=", size, FIRST_VIEW_KB, "KiB"))
    return rows


def _let_in(folder: Path, url: str) -> str:
    """The token of a manager's session."""
    now = sides.noon_after()
    with closing(open_database(folder, url)) as store:
        hub_key(folder)
        add_manager(store, "Bench", "seven green kettles", now, who="bench")
        return begin_session(store, "Bench", now).token

"""A million rows behind the counter's numbers as CSV and as Parquet: how much more memory the hub takes for them (proc(5))."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

from tests.hub_house import NOON
from tests.outside_office import OutsideOffice

ROWS = 1_000_000
MORE_MB = 50
"""A small machine has that much beside everything else."""

_PAGE = 4_096


def measure(rounds: int = 1, rows: int = ROWS) -> list[dict[str, Any]]:
    """The peak above what the process had before, and rows a second. One round: a file of a million rows is long enough."""
    del rounds
    with tempfile.TemporaryDirectory(prefix="shopbell-rows-") as folder:
        office = OutsideOffice(Path(folder))
        try:
            _furnish(office, rows)
            key = office.key("export_data")
            # What is loaded once, the library for Parquet too, is there before anything is measured.
            for kind in ("csv", "parquet"):
                _fetch(office, key, kind, "today")
            return [row for kind in ("csv", "parquet") for row in _measured(office, key, kind, rows)]
        finally:
            office.close()


def _furnish(office: OutsideOffice, rows: int) -> None:
    with office.store.writing() as conn:
        conn.executemany(  # type: ignore[attr-defined]  # a connection, as every store has one
            "INSERT INTO purchase (shop, id, position, device, at, till, staff, cents, items, member, zone, simulated) "
            "VALUES (7, ?, ?, 'kiosk-1', ?, 'Till 1', 'ann', ?, 2, '', 'door', 0)",
            (
                (f"bill-{place:07}", 10**7 + place, NOON - place * 3.0, 100 + place % 900)
                for place in range(rows)
            ),
        )


def _fetch(office: OutsideOffice, key: str, kind: str, days: str) -> tuple[int, float]:
    """How many bytes came, and the greatest resident set meanwhile in MB."""
    response = office.client.get(
        f"/api/v1/rows.{kind}?table=purchases&days={days}",
        headers={"Authorization": f"Bearer {key}"},
        buffered=False,
    )
    assert response.status_code == 200, response.get_data()
    size, most = 0, 0.0
    for piece in response.response:
        size += len(piece)
        most = max(most, _resident_mb())
    response.close()
    return size, most


def _measured(office: OutsideOffice, key: str, kind: str, rows: int) -> list[dict[str, Any]]:
    before, begun = _resident_mb(), time.perf_counter()
    size, most = _fetch(office, key, kind, "90")
    taken_s = time.perf_counter() - begun
    more = round(max(0.1, most - before), 1)
    name = {"csv": "CSV", "parquet": "Parquet"}[kind]
    common = {"peer": None, "unit": "MB"}
    return [
        {
            "name": f"more memory for {rows:,} rows of {name}",
            "ours": more,
            "ratio": round(MORE_MB / more, 1),
            "goal": MORE_MB,
            "limit": True,
            **common,
        },
        {
            "name": f"{rows:,} rows of {name}",
            "ours": round(size / 1e6, 1),
            "ratio": None,
            "goal": None,
            **common,
        },
        {
            "name": f"rows of {name} in a second",
            "ours": round(rows / taken_s),
            "peer": None,
            "ratio": None,
            "goal": None,
            "unit": "rows",
        },
    ]


def _resident_mb() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE / 1e6

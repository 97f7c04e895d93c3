"""A million rows as a CSV stream in a process of its own: how much more memory that takes than the hub has anyway.

`python -m tests.bench._reports_csv FOLDER`: prints one line of JSON. Memory is what the process has before, and the most that it
had since (proc(5), `VmRSS`, `VmHWM`, `clear_refs`).
"""

from __future__ import annotations

import json
import re
import sys
import time
from contextlib import closing
from pathlib import Path

from hub.figures.csv_out import csv_of
from hub.figures.question import Days, Filters
from hub.figures.rows_out import rows_of
from tests.bench import _reports_sides as sides


def main(folder: Path) -> None:
    """Read the stream to its end and keep nothing."""
    with closing(sides.open_hub(folder)) as store:
        days = Days(sides.FIRST, sides.LAST)
        # One short stream first: what is loaded once is no part of the million.
        for _ in csv_of(rows_of(store, "refusals", days, Filters(), sides.TIMEZONE.key), sides.TIMEZONE.key):
            pass
        Path("/proc/self/clear_refs").write_text("5")
        before = kib("VmRSS")
        begun, lines, size = time.perf_counter(), 0, 0
        for part in csv_of(
            rows_of(store, "coupons", days, Filters(), sides.TIMEZONE.key), sides.TIMEZONE.key
        ):
            lines += part.count(b"\n")
            size += len(part)
        took = time.perf_counter() - begun
        more = max(1, kib("VmHWM") - before)
    print(json.dumps({"rows": lines - 1, "bytes": size, "s": took, "more_mib": more / 1_024}))


def kib(name: str) -> int:
    """One line of this process's status."""
    found = re.search(rf"{name}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found, name
    return int(found[1])


if __name__ == "__main__":
    main(Path(sys.argv[1]))

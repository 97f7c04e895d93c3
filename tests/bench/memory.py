"""Memory of each program at rest: a whole shop of real programs that has been looked at once (proc(5), VmRSS)."""

from __future__ import annotations

import statistics
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from tests.prove._street import PROGRAMS, Street, wait_for

LIMITS_MB = {"hub": 110, "kiosk": 90, "portal": 60, "edge": 60}
PAGES = {
    "hub": ("/", "/manage", "/offer/1", "/healthz"),
    "kiosk": ("/", "/offer/1", "/till"),
    "portal": ("/", "/offer/1"),
}
SETTLE_S = 8.0
START_WITHIN_S = 30.0
BETWEEN_S = 1.0


def measure(rounds: int = 7) -> list[dict[str, Any]]:
    """The median resident set of each program, in MB, against the limit that it is to stay below."""
    with tempfile.TemporaryDirectory(prefix="shopbell-memory-") as folder:
        street = Street(Path(folder) / "shop", speed=1.0)
        try:
            for name in PAGES:
                wait_for(street.plan.ports[name])
                for path in PAGES[name]:
                    look_at(street.plan.url(name, path))
            time.sleep(SETTLE_S)
            heard: dict[str, list[int]] = {name: [] for name in PROGRAMS}
            for _ in range(max(5, rounds)):
                for name in PROGRAMS:
                    heard[name].append(street.children[name].memory_kb() or 0)
                time.sleep(BETWEEN_S)
        finally:
            street.stop()
    return [row(name, statistics.median(heard[name])) for name in PROGRAMS]


def row(name: str, median_kb: float) -> dict[str, Any]:
    """`ratio` says how often the program would fit below its limit; a program that is not there fits never."""
    ours = round(median_kb * 1024 / 1e6, 1)
    return {
        "name": f"{name} at rest",
        "ours": ours,
        "peer": None,
        "ratio": round(LIMITS_MB[name] / ours, 2) if ours else 0.0,
        "goal": LIMITS_MB[name],
        "unit": "MB",
        "limit": True,
    }


def look_at(url: str) -> None:
    """Open a page once, so that what it needs has been imported; a program that is still starting gets its time."""
    until = time.monotonic() + START_WITHIN_S
    while True:
        try:
            with urllib.request.urlopen(url, timeout=20) as answer:
                answer.read()
        except urllib.error.HTTPError as answer:
            answer.close()
        except urllib.error.URLError:
            if time.monotonic() > until:
                raise
            time.sleep(BETWEEN_S)
            continue
        return

"""The shoppers' screen runs for a working day and does not grow: a real Chromium at sixty times the pace.

Offers take turns, people come, take a coupon and leave, and the screen wipes itself, all as often as in that many minutes of a
shop. Measured after a first part, when everything has been seen once, and at the end: the heap of the page after a garbage
collection, and the memory of Chromium's largest page process (proportional set size, proc(5)); Chromium keeps others in
reserve, which come and go.
"""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path
from typing import Any

from tests.prove import Verdict

NAME = "screen"
PROMISE = "The shoppers' screen runs for hours and grows by at most 20 MB"
SIZE_NAME = "minutes"
DEFAULT_SIZE = 480
CI_SIZE = 20

PACE = 60.0
VISIT_EVERY_S = 300.0
"""One shopper in five minutes of the shop's time."""

WARM_SHARE, LEAST_WARM_S = 0.2, 16.0
MOST_GROWTH_MB = 20.0


def run(size: int, seed: int, folder: Path) -> Verdict:
    """`size`: minutes of the shop's time. Nothing here is left to chance, so the seed changes nothing."""
    from hub.up.browser import find_chromium

    if find_chromium() is None:
        return Verdict(False, "It needs Chromium: apt install chromium", {})
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    from playwright.sync_api import sync_playwright
    from screen_place import serving, until, watched
    from storefront_desk import little_shop

    from hub.storefront.context import ScreenSettings

    screen = ScreenSettings(idle_s=45 / PACE, warn_s=20 / PACE, attract_s=30 / PACE)
    figures: dict[str, Any] = {"minutes": size, "pace": PACE}
    with (
        serving(screen, little_shop("kiosk")) as server,
        watched(server.url, folder / "profile") as browser,
        sync_playwright() as playwright,
    ):
        until(lambda: browser.shows("Offers"), "the offers are on the screen")
        page = playwright.chromium.connect_over_cdp(browser.devtools).contexts[0].pages[0]
        session = page.context.new_cdp_session(page)
        session.send("HeapProfiler.enable")

        def measure() -> tuple[float, float]:
            page.wait_for_url(server.url, timeout=30_000)
            heaps, memories = [], []
            # What Chromium keeps only because there is room is no growth.
            session.send("Memory.simulatePressureNotification", {"level": "critical"})
            time.sleep(1.0)
            for _ in range(5):
                session.send("HeapProfiler.collectGarbage")
                heaps.append(session.send("Runtime.getHeapUsage")["usedSize"] / 2**20)
                memories.append(max(map(_memory_mb, browser.processes("renderer")), default=0.0))
                time.sleep(0.2)
            return statistics.median(heaps), statistics.median(memories)

        began = time.monotonic()
        whole_s = size * 60 / PACE
        warm_s = max(LEAST_WARM_S, whole_s * WARM_SHARE)
        end_s = warm_s + whole_s
        first: tuple[float, float] | None = None
        visits = counted = turned = 0
        while first is None or time.monotonic() - began < end_s:
            if first is None and visits and time.monotonic() - began >= warm_s:
                first = measure()
                counted, turned = visits, server.count("/")
            started = time.monotonic()
            page.evaluate("document.querySelector('main form button').click()")
            page.wait_for_url("**/coupon/*", timeout=30_000)
            page.wait_for_url(server.url, timeout=30_000)
            visits += 1
            time.sleep(max(0.0, VISIT_EVERY_S / PACE - (time.monotonic() - started)))
        last = measure()
        figures |= {
            "visits": visits - counted,
            "turns": server.count("/") - turned - (visits - counted),
            "restarts": browser.supervisor.starts - 1,
            "heap_mb": [round(first[0], 2), round(last[0], 2)],
            "memory_mb": [round(first[1], 1), round(last[1], 1)],
            "coupons": len(server.desk.issued),
        }
    grown = (last[0] - first[0], last[1] - first[1])
    figures["growth_mb"] = [round(each, 2) for each in grown]
    good = (
        max(grown) <= MOST_GROWTH_MB
        and figures["restarts"] == 0
        and figures["coupons"] == visits > counted
        and min(last) > 0
    )
    return Verdict(
        good,
        f"{size} minutes with {figures['visits']} visits and {figures['turns']} turns: the heap grew by {grown[0]:.1f} MB, "
        f"Chromium's page process by {grown[1]:.1f} MB (at most {MOST_GROWTH_MB:g})",
        figures,
    )


def _memory_mb(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("Pss:")), 0.0)

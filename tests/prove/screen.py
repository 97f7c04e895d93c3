"""The shoppers' screen runs for a working day and does not grow: a real Chromium at sixty times the pace.

Offers take turns as often as in that many minutes of a shop. Nobody is attached to the page: a debugger that listens makes
Chromium keep what the page loads. Measured is the largest page process (proportional set size, proc(5)): its lowest in the first
part, once everything has been seen, against its lowest in the last. Chromium lets it rise and fall by some megabytes in between.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from tests.prove import Verdict

NAME = "screen"
PROMISE = "The shoppers' screen turns its offers for hours and grows by at most 20 MB."
SIZE_NAME = "minutes"
DEFAULT_SIZE = 480
CI_SIZE = 45

PACE = 60.0
WARM_S = 12.0
LOOK_S = 0.5
MOST_GROWTH_MB = 20.0


def run(size: int, seed: int, folder: Path) -> Verdict:
    """`size`: minutes of the shop's time. Nothing here is left to chance, so the seed changes nothing."""
    from hub.up.browser import find_chromium

    if find_chromium() is None:
        return Verdict(False, "It needs Chromium: apt install chromium", {})
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    from screen_place import serving, until, watched
    from storefront_desk import little_shop

    from hub.storefront.context import ScreenSettings

    screen = ScreenSettings(attract_s=30 / PACE)
    samples: list[float] = []
    with (
        serving(screen, little_shop("kiosk")) as server,
        watched(server.url, folder / "profile") as browser,
    ):
        until(lambda: browser.shows("Offers"), "the offers are on the screen")
        time.sleep(WARM_S)
        turned, beats = server.count("/"), server.count("/screen/beat")
        end = time.monotonic() + size * 60 / PACE
        while time.monotonic() < end:
            samples.append(max(map(_memory_mb, browser.processes("renderer")), default=0.0))
            time.sleep(LOOK_S)
        turns, beats = server.count("/") - turned, server.count("/screen/beat") - beats
        restarts = browser.supervisor.starts - 1
    part = max(1, len(samples) // 3)
    first, last = min(samples[:part]), min(samples[-part:])
    figures = {
        "minutes": size,
        "pace": PACE,
        "turns": turns,
        "heartbeats": beats,
        "restarts": restarts,
        "memory_mb": [round(first, 1), round(last, 1)],
        "highest_mb": round(max(samples), 1),
        "growth_mb": round(last - first, 1),
    }
    good = last - first <= MOST_GROWTH_MB and not restarts and turns > 0 and beats > 0 and last > 0
    return Verdict(
        good,
        f"{size} minutes with {turns} turns: the page's process grew by {last - first:.1f} MB "
        f"(at most {MOST_GROWTH_MB:g}), browser started again {restarts} times",
        figures,
    )


def _memory_mb(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("Pss:")), 0.0)

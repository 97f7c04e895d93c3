"""People present: simulated days in shops that differ, each calibrated by counts of heads, against the simulation's own truth.

A day's error is |mean of the figures - mean of the truth| / mean of the truth, from opening to closing. What is promised is
promised for shops of 800 visits a day and more (`hardware.ble.shops`). How many phones a few hundred people happen to carry is
chance that no counting of phones takes away, so some shops a quarter as busy are measured too, and told, and not judged.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from pathlib import Path
from statistics import fmean, median
from typing import Any

from tests.prove import Verdict
from tests.prove._shop_day import ShopDay, shop_day

NAME = "occupancy"
PROMISE = "People present: a day is right to 5 % on average and 10 % at worst, and the band of nine in ten holds nine in ten."
DEFAULT_SIZE = 50
CI_SIZE = 8
SIZE_NAME = "days"

MEAN_ERROR, WORST_ERROR = 0.05, 0.10
HELD_LEAST, HELD_MOST = 0.85, 0.95

SMALL = 0.25
SMALL_EVERY = 5
"""One small shop for so many days."""


def run(size: int, seed: int, folder: Path) -> Verdict:
    """`size` days, each of a shop of its own."""
    seeds = [f"{seed}:{number}" for number in range(size)]
    with ProcessPoolExecutor(min(size, os.cpu_count() or 1)) as pool:
        days = list(pool.map(shop_day, seeds))
        small = list(pool.map(shop_day, seeds[::SMALL_EVERY], repeat(SMALL)))
    figures = figures_of(days) | {f"small_{name}": value for name, value in figures_of(small).items()}
    ok = (
        figures["mean_error"] <= MEAN_ERROR
        and figures["worst_error"] <= WORST_ERROR
        and HELD_LEAST <= figures["held"] <= HELD_MOST
    )
    sentence = (
        f"{size} days of {size} shops ({figures['windows']} windows): a day is off by {figures['mean_error']:.1%} on average and "
        f"{figures['worst_error']:.1%} at worst; the band held the truth in {figures['held']:.1%} of the windows. Each shop was "
        f"calibrated by {figures['counts_median']:g} counts of a quarter of an hour (the most: {figures['counts_most']}); "
        f"uncalibrated, a day would be off by {figures['usual_mean_error']:.1%} and {figures['usual_worst_error']:.1%}. "
        f"Not promised: {len(small)} shops of {figures['small_visits_a_day']:g} visits a day are off by "
        f"{figures['small_mean_error']:.1%} and {figures['small_worst_error']:.1%}, their bands hold {figures['small_held']:.1%}."
    )
    return Verdict(ok, sentence, figures)


def figures_of(days: Sequence[ShopDay]) -> dict[str, Any]:
    """Everything that somebody who doubts it would ask for."""
    errors, usual = [day.error for day in days], [day.usual_error for day in days]
    windows = [window for day in days for window in day.windows]
    off = [abs(window.people - window.truth) for window in windows]
    held_by_day = [fmean(window.held for window in day.windows) for day in days]
    by_size = sorted(days, key=lambda day: day.truth)
    thirds = [by_size[len(days) * part // 3 : len(days) * (part + 1) // 3] for part in range(3)]
    figures: dict[str, Any] = {
        "windows": len(windows),
        "mean_error": fmean(map(abs, errors)),
        "worst_error": max(map(abs, errors)),
        "bias": fmean(errors),
        "held": fmean(window.held for window in windows),
        "held_worst_day": min(held_by_day),
        "too_high": fmean(window.truth < window.low for window in windows),
        "too_low": fmean(window.truth > window.high for window in windows),
        "people_mean": fmean(day.truth for day in days),
        "people_least": by_size[0].truth,
        "people_most": by_size[-1].truth,
        "visits_a_day": median(day.visits for day in days),
        "window_error_people": fmean(off),
        "window_error": fmean(off) / fmean(window.truth for window in windows),
        "band_width": fmean(window.high - window.low for window in windows),
        "counts_median": median(day.counts for day in days),
        "counts_most": max(day.counts for day in days),
        "doubt_after": fmean(day.doubt for day in days),
        "usual_mean_error": fmean(map(abs, usual)),
        "usual_worst_error": max(map(abs, usual)),
        "usual_held": fmean(window.usual_held for window in windows),
        "mean_error_small_middle_large": [fmean(abs(day.error) for day in part) for part in thirds if part],
        "days": [
            [round(day.truth, 1), round(day.error, 4), day.counts, round(share, 3)]
            for day, share in zip(days, held_by_day, strict=True)
        ],
    }
    return {name: _rounded(value) for name, value in figures.items()}


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 4)
    return [_rounded(one) for one in value] if isinstance(value, list) else value

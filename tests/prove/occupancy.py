"""People present, as the door measures them, against the simulated street's own truth."""

from __future__ import annotations

from pathlib import Path
from random import Random

from edge.door import Door
from edge.occupancy import SLICES, WINDOW_S
from edge.replay import in_batches
from hardware.ble.street import Street
from tests.prove import Verdict

NAME = "occupancy"
PROMISE = "The band around people present holds the true number at least nine times in ten."
DEFAULT_SIZE = 400
CI_SIZE = 300

MINUTES = 20
NOMINAL = 0.9
BUSYNESS = (0.5, 1.0, 2.0)


def run(size: int, seed: int, folder: Path) -> Verdict:
    """At least `size` windows of a minute, over streets of different seeds and busyness."""
    measured = held = streets = 0
    error = truth_sum = width = 0.0
    rnd = Random(seed)
    slice_s = WINDOW_S / SLICES
    while measured < size:
        street = Street(rnd.randrange(2**31), busy=BUSYNESS[streets % len(BUSYNESS)])
        streets += 1
        door = Door("door", Random(seed + streets).randbytes)
        start = 1_790_000_000.0 + rnd.randrange(86_400)
        for batch in in_batches(street.run(start, start + MINUTES * 60 + 60)):
            for window in door.hear(batch).measured:
                moments = [window.at - slice_s / 2 - slice_s * place for place in range(SLICES)]
                truth = sum(street.people_inside(at) for at in moments) / SLICES
                measured += 1
                held += window.low <= truth <= window.high
                error += window.people - truth
                truth_sum += truth
                width += window.high - window.low
    share = held / measured
    figures = {
        "windows": measured,
        "streets": streets,
        "held": round(share, 4),
        "mean_truth": round(truth_sum / measured, 2),
        "mean_error": round(error / measured, 2),
        "mean_band_width": round(width / measured, 2),
    }
    sentence = f"{measured} windows on {streets} streets: the band held the truth in {share:.1%}"
    detail = f"mean truth {figures['mean_truth']}, mean error {figures['mean_error']}"
    return Verdict(share >= NOMINAL, f"{sentence}; {detail}.", figures)

"""Codes that nobody can make up, show twice or wear out: mutants, replays, changes of keys, and what decoders still read."""

from __future__ import annotations

import os
from ctypes.util import find_library
from pathlib import Path
from typing import Any

from tests.prove import Verdict
from tests.prove._code_mutants import run_mutants
from tests.prove._code_photos import read_photos
from tests.prove._code_replays import run_replays
from tests.prove._code_rotations import run_rotations
from tests.prove._code_shop import furnish, save_stock
from tests.prove._site import site_in

NAME = "codes"
PROMISE = (
    "No token or code that the shop did not give out is taken, no used one twice, none after its key's end, and no good one is "
    "refused while keys change; what is printed is read, worn as it may be."
)
DEFAULT_SIZE = 1_000_000
CI_SIZE = 6_000
WORKERS = 2

WHOLE = 1_000_000
REPLAYS, ROTATIONS, PICTURES, PHOTOS = 10_000, 20, 2_000, 10_000
"""At the whole size; smaller ones do their part of it, but at least `FEWEST`."""

FEWEST = {"replays": 200, "rotations": 3, "pictures": 70, "photos": 12}
ZXING_LEAST, ZBAR_LEAST = 0.995, 0.98


def run(size: int, seed: int, folder: Path) -> Verdict:
    """`size` mutants; the other parts in proportion."""
    figures: dict[str, Any] = {}
    failures: list[str] = []

    def part(whole: int, name: str) -> int:
        return min(whole, max(FEWEST[name], whole * size // WHOLE))

    _mutants(folder / "mutants", size, seed, figures, failures)
    with site_in(folder / "replays") as site:
        replayed = run_replays(site, part(REPLAYS, "replays"), seed)
    figures |= {"replays": sum(replayed.shown.values()), "replays_accepted": len(replayed.accepted)}
    figures["replays_by_kind"] = dict(sorted(replayed.shown.items()))
    failures += [f"shown again and accepted: {one}" for one in replayed.accepted]
    failures += [f"good and refused: {one}" for one in replayed.refused]
    with site_in(folder / "rotations") as site:
        rotated = run_rotations(site, part(ROTATIONS, "rotations"))
    figures |= {
        "rotations": rotated.rotations,
        "shown_under_rotation": rotated.shown,
        "shown_after_end": rotated.after_end,
        "valid_refused": len(rotated.refused),
        "accepted_after_end": len(rotated.accepted),
        "not_yet_heard": rotated.excused,
    }
    failures += [f"valid and refused: {one}" for one in rotated.refused]
    failures += [f"accepted after its key's end: {one}" for one in rotated.accepted]
    if rotated.after_end == 0 or rotated.unasked:
        failures.append("nothing was shown after the end of a key")
    _pictures(part(PICTURES, "pictures"), seed, figures, failures)
    _photos(part(PHOTOS, "photos"), figures, failures)
    sentence = (
        f"{figures['mutants']:,} mutants accepted {figures['mutants_accepted']}; "
        f"{figures['replays']:,} replays accepted {figures['replays_accepted']}; "
        f"{rotated.rotations} keys changed under {rotated.shown:,} coupons: {len(rotated.refused)} valid refused, "
        f"{len(rotated.accepted)} accepted after the end; {figures['read']}."
    )
    return Verdict(not failures, " ".join([sentence, *failures[:5]]), figures)


def _mutants(folder: Path, size: int, seed: int, figures: dict[str, Any], failures: list[str]) -> None:
    with site_in(folder) as site:
        save_stock(furnish(site, min(400, max(40, size // 100))), folder / "stock.json")
    outcome = run_mutants(folder, size, seed, min(WORKERS, os.cpu_count() or 1))
    figures |= {
        "mutants": sum(outcome.tried.values()),
        "mutants_accepted": len(outcome.accepted),
        "mutants_by_kind": dict(sorted(outcome.tried.items())),
        "whole_ones_among_them": outcome.controls,
    }
    failures += [f"accepted: {one}" for one in outcome.accepted]
    failures += [f"good and refused: {one}" for one in outcome.refused]


def _pictures(count: int, seed: int, figures: dict[str, Any], failures: list[str]) -> None:
    if find_library("zbar") is None:
        figures["read"] = "no pictures were read"
        failures.append(
            "zbar is missing (on Debian: apt install zbar-tools), and without it nothing is compared."
        )
        return
    from tests.prove._code_pictures import run_pictures

    read = run_pictures(count, seed, min(WORKERS, os.cpu_count() or 1))
    shares = {name: read.read[name] / read.pictures for name in ("zxing-cpp", "zbar")}
    figures |= {"pictures": read.pictures, **{f"read_by_{name}": read.read[name] for name in shares}}
    figures["missed"] = dict(sorted(read.missed.items()))
    figures["read"] = (
        f"of {read.pictures:,} worn pictures zxing-cpp read {shares['zxing-cpp']:.2%} and zbar {shares['zbar']:.2%}"
    )
    # A small run may miss one by chance where a large one would be within its share.
    for name, least in (("zxing-cpp", ZXING_LEAST), ("zbar", ZBAR_LEAST)):
        missed = read.pictures - read.read[name]
        if missed > max(1, (1 - least) * read.pictures):
            failures.append(f"{name} read {shares[name]:.2%}, and {least:.1%} were promised.")
    failures += [f"read as something else: {one[:60]}" for one in read.wrong]


def _photos(count: int, figures: dict[str, Any], failures: list[str]) -> None:
    seen = read_photos(count)
    if seen is None:
        figures["photos"] = "not here (../shared/data/qr-photos)"
        return
    figures |= {"photos": seen.photos, "photos_read": seen.ours, "photos_read_by_baseline": seen.baseline}
    figures["photos_lost"] = seen.lost
    if seen.ours < seen.baseline:
        failures.append(
            f"Of {seen.photos} photographs we read {seen.ours}, and the baseline {seen.baseline}: {seen.lost[:3]}."
        )

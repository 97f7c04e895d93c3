"""Lift: simulated campaigns whose effect is known, judged as the offer's report judges them (`hub.figures.lift`).

Each kind of campaign is run `size` times: equal groups and a tenth held out, counts of visits and sums with long tails, no effect
and some; and campaigns at which somebody looks each day. Whatever is judged, Welch's interval and a plain interval at each look
judge it too: they have to fail where they are known to, or the proof could not tell.
"""

from __future__ import annotations

import math
import os
import random
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from hub.figures.lift import ALPHA, Sample, interval, lift
from hub.figures.lift import Verdict as Said
from tests.prove import Verdict
from tests.prove._lift_campaigns import Scenario, campaign

NAME = "lift"
PROMISE = 'An offer\'s 95 % interval holds its effect in 93 to 97 of 100 campaigns; one without effect "worked" in 5 at most.'
DEFAULT_SIZE = 1_000
CI_SIZE = 40
SIZE_NAME = "campaigns"

COVERS_LEAST, COVERS_MOST = 0.93, 0.97
FALSE_MOST = 0.05
SURE_Z = 3.3
"""What a few campaigns show by chance in one of a thousand proofs is no failure: 2 x 0.0005 of the normal distribution."""

TELLS = 300
"""From so many campaigns on, judgements that are wrong can be told from bad luck."""

NOTHING = "no effect"
USUAL: dict[str, float] = {"often": 3, "shape": 0.8, "differ": 0.5, "scatter": 0.8}
FEW_SPEND_MOST: dict[str, float] = {"often": 2, "shape": 0.5, "differ": 0.8, "scatter": 1.0}
SCENARIOS = (
    Scenario(f"halves, {NOTHING}", 500, 50, **USUAL),
    Scenario(f"a tenth held out, {NOTHING}", 800, 10, **USUAL),
    Scenario("a tenth, 15 % more often", 800, 10, **USUAL, more_often=0.15),
    Scenario("a fifth, 20 % more each time", 700, 20, **USUAL, more_each=0.2),
    Scenario(f"a tenth, few spend most, {NOTHING}", 1_000, 10, **FEW_SPEND_MOST),
    Scenario("a tenth, few spend most, 20 % more often", 1_000, 10, **FEW_SPEND_MOST, more_often=0.2),
    Scenario(f"a tenth, most buy nothing, {NOTHING}", 1_800, 10, often=0.4, shape=0.3, scatter=1.0),
    Scenario("a tenth, visits, 10 % more often", 800, 10, often=2, shape=0.5, more_often=0.1),
)
LOOKED_AT = (
    Scenario(f"looked at each day, {NOTHING}", 500, 20, **USUAL, looks=14),
    Scenario("looked at each day, 20 % more often", 500, 20, **USUAL, more_often=0.2, looks=14),
)
TOO_SMALL = Scenario("20 held out", 200, 10, **USUAL)


def run(size: int, seed: int, folder: Path) -> Verdict:
    """`size` campaigns of each kind."""
    work = [(scenario, size, f"{seed}:{scenario.name}") for scenario in (*SCENARIOS, *LOOKED_AT, TOO_SMALL)]
    with ProcessPoolExecutor(os.cpu_count() or 1) as pool:
        counted = dict(
            zip((one[0].name for one in work), pool.map(_many, *zip(*work, strict=True)), strict=True)
        )
    figures = figures_of(counted, size)
    faults = faults_of(counted, figures, size)
    sentence = (
        f"{size} campaigns of each of {len(SCENARIOS)} kinds: the interval held the effect in {figures['covered']:.1%} of them "
        f"({figures['covered_least']:.1%} to {figures['covered_most']:.1%} by kind); of those without any effect "
        f"{figures['false_worked']:.1%} were said to have worked ({figures['false_worked_most']:.1%} at most). Looked at each "
        f"day, {figures['false_worked_ever']:.1%} ever were, and all intervals of a campaign held the effect in "
        f"{figures['covered_always']:.1%}. For comparison: Welch's interval holds {figures['welch_covered_least']:.1%} in the "
        f"worst kind and says so of {figures['welch_false_worked_most']:.1%}; a plain interval at each look "
        f"misses the effect at some time in {figures['plain_missed_ever']:.1%}. With 20 members held out nothing was said."
    )
    return Verdict(not faults, "; ".join(faults) or sentence, figures)


def _many(scenario: Scenario, size: int, seed: str) -> Counter[str]:
    rnd = random.Random(seed)
    counted: Counter[str] = Counter()
    for _ in range(size):
        one = _one(scenario, rnd)
        counted.update(one)
    return counted


def _one(scenario: Scenario, rnd: random.Random) -> set[str]:
    """What is true of one campaign."""
    found: set[str] = set()
    for look in campaign(scenario, rnd):
        judged = lift(look.treated, look.control, look.elapsed)
        plain = interval(look.treated, look.control)
        found.add(judged.verdict)
        if plain is not None and judged.interval is not None and not plain.low <= look.effect <= plain.high:
            found.add("plain ever missed")
        if judged.interval is None:
            continue
        found.add("judged")
        if not judged.interval.low <= look.effect <= judged.interval.high:
            found.add("missed while running" if not judged.is_final else "missed")
        if judged.is_final:
            low, high = _welch(look.treated, look.control)
            found |= {"welch worked"} if low > 0 else set()
            found |= {"welch held"} if low <= look.effect <= high else set()
    return found


def _welch(treated: Sample, control: Sample) -> tuple[float, float]:
    """The usual interval. Groups are large enough for the normal quantile."""
    off = 1.96 * math.sqrt(treated.variance / treated.count + control.variance / control.count)
    difference = treated.mean - control.mean
    return difference - off, difference + off


def figures_of(counted: dict[str, Counter[str]], size: int) -> dict[str, Any]:
    """Everything that somebody who doubts it would ask for."""
    covered = {one.name: 1 - _share(counted[one.name], "missed") for one in SCENARIOS}
    worked = {one.name: _share(counted[one.name], Said.WORKED) for one in SCENARIOS}
    welch = {one.name: _share(counted[one.name], "welch held") for one in SCENARIOS}
    idle = [one.name for one in SCENARIOS if not one.has_effect]
    nothing, some = (counted[one.name] for one in LOOKED_AT)
    return {
        "campaigns": size * len(SCENARIOS),
        "covered": _mean(covered.values()),
        "covered_least": min(covered.values()),
        "covered_most": max(covered.values()),
        "covered_by_kind": covered,
        "worked_by_kind": worked,
        "false_worked": _mean([worked[name] for name in idle]),
        "false_worked_most": max(worked[name] for name in idle),
        "false_worked_ever": _share(nothing, Said.WORKED),
        "covered_always": 1 - max(_share(one, "missed while running") for one in (nothing, some)),
        "plain_missed_ever": _share(nothing, "plain ever missed"),
        "welch_covered_by_kind": welch,
        "welch_covered_least": min(welch.values()),
        "welch_false_worked_most": max(_share(counted[name], "welch worked") for name in idle),
        "too_few_said": counted[TOO_SMALL.name][Said.TOO_FEW] / size,
    }


def faults_of(counted: dict[str, Counter[str]], figures: dict[str, Any], size: int) -> list[str]:
    """What was promised and did not hold, beyond what chance does to so few campaigns."""
    faults = []
    whole = _doubt(0.95, size * len(SCENARIOS))
    if not COVERS_LEAST - whole * (size < DEFAULT_SIZE) <= figures["covered"] <= COVERS_MOST:
        faults.append(f"all intervals together hold {figures['covered']:.1%}")
    for name, share in figures["covered_by_kind"].items():
        if not COVERS_LEAST - _doubt(COVERS_LEAST, size) <= share <= COVERS_MOST + _doubt(COVERS_MOST, size):
            faults.append(f"{name}: the interval holds {share:.1%}")
        if NOTHING in name and figures["worked_by_kind"][name] > FALSE_MOST + _doubt(FALSE_MOST, size):
            faults.append(f"{name}: said to have worked in {figures['worked_by_kind'][name]:.1%}")
    if figures["false_worked_ever"] > FALSE_MOST + _doubt(FALSE_MOST, size):
        faults.append(f"looked at each day, {figures['false_worked_ever']:.1%} are said to have worked")
    if figures["covered_always"] < 1 - ALPHA - _doubt(ALPHA, size):
        faults.append(f"looked at each day, only {figures['covered_always']:.1%} are held all the time")
    if figures["too_few_said"] < 1:
        faults.append("something was said of 20 members")
    if size >= TELLS and figures["plain_missed_ever"] <= ALPHA + _doubt(ALPHA, size):
        faults.append("the proof cannot tell: a plain interval at each look passes too")
    if min(one["judged"] for name, one in counted.items() if name != TOO_SMALL.name) < size * 0.9:
        faults.append("too many campaigns were not judged at all")
    return faults


def _share(counted: Counter[str], what: str) -> float:
    return counted[what] / max(1, counted["judged"])


def _mean(shares: Sequence[float] | Any) -> float:
    all_of_them = list(shares)
    return sum(all_of_them) / len(all_of_them)


def _doubt(share: float, count: int) -> float:
    return SURE_Z * math.sqrt(share * (1 - share) / count)

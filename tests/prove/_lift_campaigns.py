"""Simulated campaigns with an effect that is known: members who differ, days, purchases of a size that differs much.

How often a member buys is drawn from a gamma distribution, so that most come hardly ever and few all the time; each purchase is
lognormal around what that member usually spends. The control group is drawn as the shop draws it, by the hash of the member's id.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass

from hub.figures.lift import Sample, sample
from hub.wire.holdout import in_group


@dataclass(frozen=True, slots=True)
class Scenario:
    """Campaigns of one kind. `often`, `shape`: purchases per member in the campaign, and the shape of the gamma distribution
    behind them. `differ`, `scatter`: of what members usually spend, and of single purchases, on the logarithm; both 0: visits.
    `more_often`, `more_each`: the effect, as a share. `looks`: how often somebody looks; 1 is at the end."""

    name: str
    members: int
    percent: int
    often: float
    shape: float
    differ: float = 0.0
    scatter: float = 0.0
    more_often: float = 0.0
    more_each: float = 0.0
    looks: int = 1

    @property
    def typical(self) -> float:
        """The median purchase in hundredths; visits count as one."""
        return 2_000.0 if self.differ or self.scatter else 1.0

    @property
    def effect(self) -> float:
        """How much more a member spends on average who could have the offer."""
        plain = self.often * self.typical * math.exp((self.differ**2 + self.scatter**2) / 2)
        return plain * ((1 + self.more_often) * (1 + self.more_each) - 1)

    @property
    def has_effect(self) -> bool:
        """Whether the offer does anything."""
        return bool(self.more_often or self.more_each)


@dataclass(frozen=True, slots=True)
class Look:
    """What somebody sees who looks: which share of the days is over, both groups, and the effect until then."""

    elapsed: float
    treated: Sample
    control: Sample
    effect: float


def campaign(scenario: Scenario, rnd: random.Random) -> Iterator[Look]:
    """One campaign, look by look."""
    salt = rnd.randbytes(8).hex()
    groups: tuple[list[list[int]], list[list[int]]] = ([], [])
    for _ in range(scenario.members):
        held = in_group(salt, scenario.percent, rnd.randbytes(8).hex())
        groups[held].append(_member(scenario, rnd, held=held))
    totals = tuple([[0] * len(group) for group in groups])
    for look in range(scenario.looks):
        for group, so_far in zip(groups, totals, strict=True):
            for place, spent in enumerate(group):
                so_far[place] += spent[look]
        elapsed = (look + 1) / scenario.looks
        yield Look(elapsed, sample(totals[0]), sample(totals[1]), scenario.effect * elapsed)


def _member(scenario: Scenario, rnd: random.Random, *, held: bool) -> list[int]:
    """What a member spends from look to look."""
    spent = [0] * scenario.looks
    often = rnd.gammavariate(scenario.shape, scenario.often / scenario.shape)
    usual = scenario.typical
    if scenario.differ:
        usual *= math.exp(rnd.gauss(0, scenario.differ))
    if not held:
        often *= 1 + scenario.more_often
        usual *= 1 + scenario.more_each
    for _ in range(_poisson(often, rnd)):
        each = usual * math.exp(rnd.gauss(0, scenario.scatter)) if scenario.scatter else usual
        spent[rnd.randrange(scenario.looks)] += round(each)
    return spent


def _poisson(mean: float, rnd: random.Random) -> int:
    """Knuth's way, in pieces that do not underflow."""
    count = 0
    while mean > 0:
        part, left = min(mean, 500.0), 1.0
        least = math.exp(-part)
        while (left := left * rnd.random()) > least:
            count += 1
        mean -= part
    return count

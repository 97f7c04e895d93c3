"""What comes back for a question: rows of values, their totals, and how far each may be trusted.

Pure. `hub.figures.engine` makes it; pages, files, the digest, the board and the JSON interface show it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from hub.figures.question import Days, Question

Key = tuple[str, ...]
"""What a row stands for: one text for each dimension of `Question.by` (a campaign's or a shop's number in digits, a day as
2026-01-31, an hour as 0 to 23)."""


@dataclass(frozen=True, slots=True)
class Value:
    """One number. `number` is None where there is nothing to say (no visit has no mean length).

    `low` to `high`: the band in which the true one lies, where the figure has one. `noisy`: it carries noise, because without it
    fewer than ten people would be singled out. `provisional`: facts that belong to it are still missing here.
    `number` is in the unit of its figure: counts, hundredths of the currency, seconds, shares from 0 to 1.
    """

    number: float | None
    low: float | None = None
    high: float | None = None
    noisy: bool = False
    provisional: bool = False


NOTHING = Value(None)


@dataclass(frozen=True, slots=True)
class Row:
    """The values of one cut, by the name of their figure; `before`: the same in the days of the comparison."""

    key: Key
    values: Mapping[str, Value]
    before: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Fresh:
    """How fresh an answer is: when the nodes behind it were last heard (seconds of UTC), and the names of those that are behind
    (facts are missing, or nothing was heard for a while), with the day from which on their facts may be missing."""

    heard_at: float | None
    behind: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """A day (as 2026-01-31) that was over came to say something else: the number before and after, found at `at` (seconds
    of UTC). In the unit of the figure."""

    shop: int
    day: str
    figure: str
    earlier: float
    number: float
    at: float


@dataclass(frozen=True, slots=True)
class Answer:
    """`rows` in the order of their keys (times first to last); empty where `Question.by` is empty. `total`: of all rows."""

    question: Question
    made_at: float
    rows: tuple[Row, ...]
    total: Row
    compared: Days | None = None
    fresh: Mapping[str, Fresh] = field(default_factory=dict)
    """By family of figures (`hub.figures.definitions.Family`)."""

    not_narrowed: tuple[str, ...] = ()
    """Figures on which some filter has no hold."""

    simulated: bool = False
    changed: tuple[Change, ...] = ()
    """What of these days changed after somebody could have seen it, of the figures that were asked for, in whole shops alone (a
    question that is narrowed has none)."""

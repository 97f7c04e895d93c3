"""Whether a new version is well: each of its units runs, has pinged, was not started again, and answers as it should.

Pure. `hub.up.systemd` looks; an update waits until this says so, or its time is over.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

STEADY_S = 5.0
"""For so long everything has to be well at a stretch: what falls over falls in its first seconds."""

MOST_STARTS = 3
"""A program that was started again so often will not come to stand: going back need not wait for the end of the time."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What systemd says of a unit (org.freedesktop.systemd1(5)), and what the program itself answers.

    `restarts`: how often it was started again by itself. `pings`: None where systemd waits for none; else whether one has come
    since it runs. `answer`: the status of its /healthz, 0 for no answer; None where it answers no HTTP.
    """

    active: str
    restarts: int = 0
    pings: bool | None = None
    answer: int | None = None


def fault_of(unit: str, seen: Seen, before: int | None) -> str | None:
    """What is not well with it, as a sentence; None where nothing. `before`: the status of its /healthz before the update.

    A shop that had trouble already, such as a full disk, answers 503 before and after: that is not the new version's doing.
    """
    if seen.restarts:
        return f"{unit} fell over and was started again, {seen.restarts} times."
    if seen.active != "active":
        return f"{unit} is {seen.active}."
    if seen.answer is not None and seen.answer not in (200, before):
        return (
            f"{unit} answers /healthz with {seen.answer}."
            if seen.answer
            else f"{unit} does not answer /healthz."
        )
    if seen.pings is False:
        return f"{unit} has not pinged systemd."
    return None


def faults_of(seen: Mapping[str, Seen], before: Mapping[str, int]) -> list[str]:
    """Everything that is not well, in the order of the units."""
    faults = (fault_of(unit, one, before.get(unit)) for unit, one in seen.items())
    return [fault for fault in faults if fault is not None]


def is_hopeless(seen: Sequence[Seen]) -> bool:
    """Whether one of them will not come to stand, however long it is waited for."""
    return any(one.active == "failed" or one.restarts >= MOST_STARTS for one in seen)

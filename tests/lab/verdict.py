"""What a check found: one row of the table each, for people and as JSON."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """`check` is the check's name, `what` was looked at; `asked` and `got` are as people say them."""

    check: str
    what: str
    asked: str
    got: str
    passed: bool


def within(got: float | None, asked: float, share: float) -> bool:
    """Whether a figure is there and no further from what was asked than this share of it."""
    return got is not None and abs(got - asked) <= share * asked


def listed(names: Iterable[object]) -> str:
    """Names in a row, or a dash where there are none."""
    return ", ".join(map(str, names)) or "-"

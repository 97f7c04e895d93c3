"""The port's questions for managers' numbers: notes on the chart. Parts of `hub.store.base.Store`."""

from __future__ import annotations

from datetime import date
from typing import Protocol

from hub.store.note_records import ChartNote


class NoteQuestions(Protocol):
    """What people of the office write beside days."""

    def between(self, first: date, last: date, limit: int = 100) -> list[ChartNote]: ...
    def get(self, number: int) -> ChartNote | None: ...
    def add(self, first: date, last: date, text: str, who: str, now: float) -> int: ...
    def remove(self, number: int) -> bool: ...


class FigureParts(Protocol):
    """What stands behind managers' numbers, for one shop."""

    @property
    def notes(self) -> NoteQuestions: ...

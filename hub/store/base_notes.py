"""The port's questions for notes on the chart, and parts of `hub.store.base.Store`."""

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


class MoreParts(Protocol):
    """What more belongs to one shop; `Store` has it too."""

    @property
    def notes(self) -> NoteQuestions: ...

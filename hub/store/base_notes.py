"""The port's questions for notes on the chart, and parts of `hub.store.base.Store`."""

from __future__ import annotations

from datetime import date
from typing import Protocol

from hub.store.base_care import CareQuestions
from hub.store.base_doors import DoorQuestions
from hub.store.base_segments import SegmentParts
from hub.store.base_worth import WorthQuestions
from hub.store.note_records import ChartNote


class NoteQuestions(Protocol):
    """What people of the office write beside days."""

    def between(self, first: date, last: date, limit: int = 100) -> list[ChartNote]: ...
    def get(self, number: int) -> ChartNote | None: ...
    def add(self, first: date, last: date, text: str, who: str, now: float) -> int: ...
    def remove(self, number: int) -> bool: ...


class MoreParts(SegmentParts, Protocol):
    """What more belongs to one shop; `Store` has it too."""

    @property
    def care(self) -> CareQuestions: ...
    @property
    def doors(self) -> DoorQuestions: ...
    @property
    def notes(self) -> NoteQuestions: ...
    @property
    def worth(self) -> WorthQuestions: ...

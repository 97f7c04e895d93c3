"""The port's part about alarms."""

from __future__ import annotations

from typing import Protocol

from hub.store.alarm_records import AlarmRow


class AlarmQuestions(Protocol):
    """What people were told of, by channel."""

    def all(self) -> list[AlarmRow]: ...
    def put(self, row: AlarmRow) -> None: ...
    def remove(self, row: AlarmRow) -> None: ...

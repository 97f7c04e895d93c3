"""What a channel has told of one trouble.

Pure.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AlarmRow:
    """One trouble on one channel. Times are seconds of UTC, None where it has not been.

    `body`: what and todo, as JSON by language. `told_at`: when the channel took it last; `tries`: how often it did not, since.
    `well_at`: since when the trouble is over, while nobody was told that it is. `seen_by`: the manager who took note.
    """

    channel: str
    code: str
    subject: str
    severity: str
    body: str
    since: float
    told_at: float | None = None
    tries: int = 0
    next_at: float = 0.0
    well_at: float | None = None
    seen_at: float | None = None
    seen_by: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """Which trouble it is."""
        return self.code, self.subject

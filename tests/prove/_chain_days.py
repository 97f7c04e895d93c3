"""Days in seconds: one clock for all programs of the proof, which runs faster than the machine's own by a known factor."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path

from hub.client.clock import Clock

DAY_S = 86_400.0


@dataclass(slots=True)
class Days:
    """`place`: a file that says when the first day begins, by the machine's clock; until it is there, time stands still. `first`:
    that day, in seconds of UTC. `day_s`: what one lasts."""

    place: Path
    first: float
    day_s: float
    _began: float | None = field(default=None)

    def begin(self) -> None:
        """The first day begins, for all programs."""
        draft = self.place.with_suffix(".draft")
        draft.write_text(str(time.time()))
        draft.rename(self.place)

    def began(self) -> float | None:
        """When it began; None before."""
        if self._began is None and self.place.exists():
            self._began = float(self.place.read_text())
        return self._began

    def lasted_s(self) -> float:
        """Seconds of the machine since then."""
        began = self.began()
        return 0.0 if began is None else max(0.0, time.time() - began)

    def now(self) -> float:
        """Seconds of UTC in the days that are played."""
        return self.first + self.lasted_s() / self.day_s * DAY_S

    def clock(self) -> Clock:
        """A clock that all believe."""
        return Clock(wall=self.now, ntp=lambda: True)

    def words(self) -> list[str]:
        """For the command line of another program."""
        return [str(self.place), str(self.first), str(self.day_s)]

    @classmethod
    def read(cls, words: list[str]) -> Days:
        """From there."""
        return cls(Path(words[0]), float(words[1]), float(words[2]))

"""What is shown once: the staff PIN, the manager's and the installer's code, kept for their owner's eyes until a manager has a
password."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from hub.up.place import Place
from hub.up.plan import Plan


@dataclass(slots=True)
class FirstSteps:
    """A file with mode 0600 in the shop's folder. `lines` are what was made at this start, for the terminal."""

    place: Place
    plan: Plan
    lines: list[str] = field(default_factory=list)
    _gone: bool = False

    def kept(self) -> bool:
        """Whether the file is there."""
        return self.place.first_steps.exists()

    def learn(self, made: Mapping[str, str]) -> None:
        """Keep what was made just now, on disk before anything else happens: it cannot be asked for again."""
        new: list[str] = []
        if "setup_code" in made:
            new.append(
                f"Manager: open {self.plan.addresses['manage']} and use the set-up code {made['setup_code']}"
            )
        if "pin" in made:
            new.append(f"Staff at the till: {made['staff']}, PIN {made['pin']}")
        if "installer_code" in made:
            page = self.plan.addresses["installer"]
            new.append(f"Installer: open {page} and use the code {made['installer_code']}")
        if not new:
            return
        self.lines += new
        draft = self.place.first_steps.with_suffix(".new")
        before = self.place.first_steps.read_text() if self.kept() else ""
        try:
            with suppress(FileNotFoundError):
                draft.unlink()
            handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w") as file:
                file.write(before + "".join(f"{line}\n" for line in new))
                file.flush()
                os.fsync(file.fileno())
            draft.replace(self.place.first_steps)
        except OSError as wrong:
            raise self.place.refusal(wrong) from wrong

    def forget(self) -> None:
        """The manager has a password: remove the file."""
        if not self._gone:
            self._gone = True
            self.lines.clear()
            with suppress(OSError):
                self.place.first_steps.unlink()

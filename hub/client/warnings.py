"""What can be wrong with a program, told in one way: how bad, what, what to do, since when.

Pure. A program keeps its own list of `Warning`, finds out which of them hold, and tells a `Watch`, or asks `show` where
nothing is remembered. What comes out feeds pages, `check`, `/healthz` and `device.health`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Any

import msgspec

from hub.wire.snapshot import Text, say

_PLACE = re.compile(r"\{(subject|detail)\}")
_ENDS = (".", "!", "?", "。", "！", "？")


class Severity(StrEnum):
    """How bad: worth knowing, worth looking after, or in the way of the work."""

    NOTE = "note"
    WARNING = "warning"
    ERROR = "error"


_GRAVEST_FIRST = (Severity.ERROR, Severity.WARNING, Severity.NOTE)


class Warning(msgspec.Struct, frozen=True):  # noqa: A001 - the word of the trade, and nobody here needs the builtin
    """One thing that can be wrong. Texts may name `{subject}` and `{detail}`.

    Whatever holds in `hidden_by`, of the same subject or of none, explains it. `alarm`: people are told wherever they are, not
    only where they look; so is every error.
    """

    code: str
    severity: Severity
    what: Text
    todo: Text
    visible_after_s: float = 0.0
    hidden_by: tuple[str, ...] = ()
    alarm: bool = False


class Holding(msgspec.Struct, frozen=True):
    """That a warning holds now: of whom or what, how exactly, and since when (seconds of UTC) where somebody knows.

    `detail` is one text, or one in every language.
    """

    code: str
    detail: str | Text = ""
    subject: str | None = None
    since: float | None = None


class Shown(msgspec.Struct, frozen=True):
    """A warning that is told now, its texts filled in. `since` is seconds of UTC, None where nobody knows."""

    code: str
    severity: Severity
    what: Text
    todo: Text
    since: float | None = None
    subject: str | None = None
    detail: str = ""
    alarm: bool = False

    def sentence(self, language: str = "en") -> str:
        """What is wrong and what to do about it, on one line."""
        what, todo = say(self.what, language), say(self.todo, language)
        stop, space = ("。", "") if language.startswith("zh") else (".", " ")
        # Advice may end in a command; a full stop after that would be copied with it.
        return (what if what.endswith(_ENDS) else what + stop) + (space + todo if todo else "")

    def as_json(self) -> dict[str, Any]:
        """As `check --json` and `/healthz` of every program tell it; the detail stands in the texts."""
        return {
            "code": self.code,
            "severity": self.severity.value,
            "what": self.what,
            "todo": self.todo,
            "since": self.since,
            "subject": self.subject,
        }


def show(warnings: Sequence[Warning], holding: Iterable[Holding], now: float | None = None) -> list[Shown]:
    """What to tell, the gravest first, then in the order of the list. KeyError for a code that is not on it.

    With `now` (seconds of UTC) a warning is held back until it has lasted; without, as for a single look from a shell, not.
    """
    rank = {warning.code: place for place, warning in enumerate(warnings)}
    held = sorted(holding, key=lambda one: rank[one.code])
    hiding = {(one.code, one.subject) for one in held}
    shown = []
    for one in held:
        warning = warnings[rank[one.code]]
        lasted = now is None or one.since is None or now - one.since >= warning.visible_after_s
        explained = any(
            (code, subject) in hiding for code in warning.hidden_by for subject in (None, one.subject)
        )
        if lasted and not explained:
            what, todo = _fill(warning.what, one), _fill(warning.todo, one)
            detail = _in(one.detail, "en")
            alarm = warning.alarm or warning.severity is Severity.ERROR
            shown.append(Shown(one.code, warning.severity, what, todo, one.since, one.subject, detail, alarm))
    return sorted(shown, key=lambda one: _GRAVEST_FIRST.index(one.severity))


def _fill(text: Text, one: Holding) -> Text:
    def filled(sentence: str, language: str) -> str:
        words = {"subject": one.subject or "", "detail": _in(one.detail, language)}
        # One pass: a device may be called "{detail}".
        return _PLACE.sub(lambda place: words[place[1]], sentence).strip()

    return {language: filled(sentence, language) for language, sentence in text.items()}


def _in(detail: str | Text, language: str) -> str:
    return detail if isinstance(detail, str) else say(detail, language)


class Watch:
    """Remembers since when each warning holds. Times are seconds of UTC."""

    def __init__(self, warnings: Sequence[Warning]) -> None:
        self._warnings = warnings
        self._codes = {warning.code for warning in warnings}
        self._holding: dict[tuple[str, str | None], Holding] = {}

    def say(
        self, code: str, wrong: bool, now: float, detail: str | Text = "", subject: str | None = None
    ) -> None:
        """Whether this one is wrong now. KeyError for a code that is not on the list."""
        if code not in self._codes:
            raise KeyError(code)
        if wrong:
            self._holding[code, subject] = self._dated(Holding(code, detail, subject), now)
        else:
            self._holding.pop((code, subject), None)

    def look(self, holding: Iterable[Holding], now: float) -> list[Shown]:
        """Take this as all that is wrong now, and say what to show of it."""
        self._holding = {(one.code, one.subject): self._dated(one, now) for one in holding}
        return self.shown(now)

    def shown(self, now: float) -> list[Shown]:
        """What to tell now, the gravest first."""
        return show(self._warnings, self._holding.values(), now)

    def _dated(self, one: Holding, now: float) -> Holding:
        if one.since is not None:
            return one
        before = self._holding.get((one.code, one.subject))
        # A clock that was set back must not make a trouble begin in the future.
        since = now if before is None or before.since is None else min(before.since, now)
        return Holding(one.code, one.detail, one.subject, since)


def lasted(seconds: float) -> str:
    """How long something has stood, in its two largest units, for a shell: `2 d 3 h`, `4 h 10 min`, `5 min`."""
    minutes = max(0, int(seconds // 60))
    days, hours, rest = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {rest} min" if hours else f"{rest} min"


def worst(shown: Iterable[Shown]) -> Severity | None:
    """The gravest of them; None where nothing is wrong."""
    return min((one.severity for one in shown), key=_GRAVEST_FIRST.index, default=None)


def exit_status(shown: Iterable[Shown]) -> int:
    """0: all is well, or there are notes only; 1: warnings; 2: errors."""
    return {Severity.ERROR: 2, Severity.WARNING: 1}.get(worst(shown) or Severity.NOTE, 0)


def report(program: str, shown: Sequence[Shown]) -> dict[str, Any]:
    """How a program is, for `check --json` and `/healthz`: "status" is ok, warning or error, as in `exit_status`."""
    return {
        "program": program,
        "status": ("ok", "warning", "error")[exit_status(shown)],
        "warnings": [one.as_json() for one in shown],
    }


def outline(program: str, shown: Sequence[Shown]) -> dict[str, Any]:
    """A report for strangers: the same form, with kinds and severities alone. No text, no name, no time."""
    return report(program, []) | {
        "status": ("ok", "warning", "error")[exit_status(shown)],
        "warnings": [
            {"code": code, "severity": severity.value}
            for code, severity in dict.fromkeys((one.code, one.severity) for one in shown)
        ],
    }


def read_report(told: Any) -> list[Shown]:
    """The warnings of a report that came as JSON, or of a status file. ValueError with a sentence where it is none."""
    try:
        return msgspec.convert(told["warnings"], list[Shown])
    except (KeyError, TypeError, msgspec.ValidationError) as wrong:
        raise ValueError(f"This is no report of what is wrong: {wrong}") from wrong

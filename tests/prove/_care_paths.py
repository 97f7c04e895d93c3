"""What has to become of each member, worked out anew: from the plan's JSON and from what happened, minute by minute.

It shares no line with the product: the calendar is walked in steps of a minute by the standard library's timezones, what a plan
does is read from its JSON. It is slow, and that is all that can be said against it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

MINUTE = 60
Path = list[tuple[float, str, str]]
"""When, at which step, what came of it."""


@dataclass
class Story:
    """What one member did, and what happened to them. Times are seconds of UTC, whole minutes."""

    member: str
    bought: list[float] = field(default_factory=list)
    agreed: bool = True
    withdrew: float | None = None
    paused: list[tuple[float, float]] = field(default_factory=list)
    """When they said so, and until when."""

    got: list[float] = field(default_factory=list)
    """When a message that counts was handed over to them, of whatever plan or offer."""

    answer: int = 0
    """Which of its outcomes comes of a task for staff, done when they next buy."""


@dataclass(frozen=True)
class Rules:
    """Quiet stretches as (days, start, end) in minutes; caps as (messages, days)."""

    zone: str
    quiet: tuple[tuple[tuple[int, ...], int, int], ...]
    caps: tuple[tuple[int, int], ...]


@lru_cache(maxsize=400_000)
def wall(zone: str, moment: float) -> datetime:
    """What the clock on the wall shows."""
    return datetime.fromtimestamp(moment, ZoneInfo(zone)).replace(tzinfo=None)


def is_quiet(rules: Rules, moment: float) -> bool:
    """Whether the shop keeps quiet in this minute."""
    shows = wall(rules.zone, moment)
    minute, today = shows.hour * 60 + shows.minute, shows.weekday()
    for days, start, end in rules.quiet:
        for begun in (today, (today - 1) % 7):
            if begun not in days:
                continue
            first, last = (start, end) if start < end else (start, end + 1_440)
            here = minute if begun == today else minute + 1_440
            # One that does not go over midnight is over with its day.
            if first <= here < last and (begun == today or last > 1_440):
                return True
    return False


def open_from(rules: Rules, moment: float) -> float:
    """The first minute that is not quiet."""
    while is_quiet(rules, moment):
        moment = (moment // MINUTE + 1) * MINUTE
    return moment


def room_from(rules: Rules, got: Sequence[float], moment: float) -> float:
    """The first minute in which one more message keeps every cap."""
    days = [wall(rules.zone, one).date() for one in got]
    while True:
        today = wall(rules.zone, moment).date()
        if all(
            sum(1 for day in days if today - timedelta(days=within) < day <= today) < most
            for most, within in rules.caps
        ):
            return moment
        while wall(rules.zone, moment).date() == today:
            moment = (moment // MINUTE + 1) * MINUTE


def days_on(zone: str, moment: float, days: int) -> float:
    """The first minute, so many days on, in which the clock shows the same time or a later one."""
    if days == 0:
        return moment
    goal = wall(zone, moment) + timedelta(days=days)
    found = moment + days * 86_400 - 3 * 3_600
    while wall(zone, found) < goal:
        found += MINUTE
    return found


def shows_next(zone: str, moment: float, minute: int) -> float:
    """The first minute in which the clock shows that time of a day, or has jumped over it."""
    found, before = moment, -1
    while True:
        shows = wall(zone, found)
        now = shows.hour * 60 + shows.minute
        if now == minute or (before < minute < now != 0 and before >= 0):
            return found
        before = now if now < 1_439 else -1
        found += MINUTE


def lot(salt: str, percent: int, member: str) -> bool:
    """Whether a lot fell on a member: the first 64 bits of a hash, below so many hundredths of all."""
    drawn = int(hashlib.sha256(f"{salt}/{member}".encode()).hexdigest()[:16], 16)
    return drawn * 100 < percent * 2**64


class Walk:
    """One member's way through one plan. `plan` is its JSON."""

    def __init__(
        self, plan: dict[str, Any], salt: str, rules: Rules, story: Story, regular: int, end: float
    ) -> None:
        self.plan = plan
        self.salt = salt
        self.rules = rules
        self.story = story
        self.regular = regular
        self.end = end
        self.control = lot(salt, plan.get("control", 10), story.member)
        self.steps = {one["id"]: one for one in plan["steps"]}
        self.path: Path = []
        self.outcomes: dict[str, str] = {}

    def entered(self) -> float | None:
        """When they go in."""
        entry, days = self.plan["entry"], []
        for number, at in enumerate(self.story.bought, 1):
            day = wall(self.rules.zone, at).date()
            if day not in days:
                days.append(day)
            count = number if entry.get("deed", "visit") == "purchase" else len(days)
            if count >= entry.get("times", 2):
                return at
        return None

    def walked(self) -> Path:
        """All steps up to the end of the month."""
        now = self.entered()
        if now is None or now > self.end:
            return []
        begun, step, came = now, self.plan["first"], now
        due = self.due(step, now)
        given = False
        while True:
            left = self.story.withdrew
            if left is not None and left >= begun and left <= min(due, self.end):
                self.path.append((left, step, "consent"))
                return self.path
            if due > self.end:
                return self.path
            now = due
            if not step:
                self.path.append((now, "", "end"))
                return self.path
            what = self.steps[step]
            outcome, to, until = self.take(what, now, came, given)
            self.path.append((now, step, outcome))
            if until is not None:
                given = given or what["is"] == "task"
                due = until
                continue
            step, came, given = to, now, False
            due = self.due(step, now)

    def due(self, step: str, now: float) -> float:
        """When a step is due for whoever comes to it now."""
        what = self.steps.get(step)
        if what is None or what["is"] != "wait":
            return now
        found = days_on(self.rules.zone, now, what.get("days", 0)) + what.get("minutes", 0) * MINUTE
        return found if what.get("at") is None else shows_next(self.rules.zone, found, what["at"])

    def take(
        self, what: dict[str, Any], now: float, came: float, given: bool
    ) -> tuple[str, str, float | None]:
        """What comes of a step: the outcome, the next step, and until when to stay instead."""
        to = what.get("next", "")
        does: dict[str, Callable[[], tuple[str, str, float | None]]] = {
            "wait": lambda: ("waited", to, None),
            "coupon": lambda: ("given", to, None),
            "split": lambda: self.split(what, now),
            "message": lambda: self.message(what, now, came),
            "task": lambda: self.task(what, now, came, given),
        }
        return does[what["is"]]()

    def split(self, what: dict[str, Any], now: float) -> tuple[str, str, float | None]:
        """The first way that fits."""
        for place, branch in enumerate(what["branches"], 1):
            asks = branch["asks"]
            if asks["is"] == "segment":
                fits = sum(1 for at in self.story.bought if at <= now) >= self.regular
            else:
                fits = self.outcomes.get(asks["step"], "") == asks.get("outcome", "")
            if fits:
                return f"way{place}", branch.get("next", ""), None
        return "else", what.get("next", ""), None

    def agrees(self, now: float) -> bool:
        """Whether they want messages at all."""
        return self.story.agreed and not (self.story.withdrew is not None and self.story.withdrew <= now)

    def message(self, what: dict[str, Any], now: float, came: float) -> tuple[str, str, float | None]:
        """Sent now, later, or not at all."""
        to, last = what.get("next", ""), days_on(self.rules.zone, came, what.get("patience", 3))
        rest = [until for said, until in self.story.paused if said <= now]
        resting = rest[-1] if rest and rest[-1] > now else None
        if resting is not None:
            return self.later("paused", open_from(self.rules, resting), last, to)
        if not self.agrees(now):
            return "unreachable", what.get("missing", ""), None
        at = open_from(self.rules, now)
        if at > now:
            return self.later("quiet", at, last, to)
        got = [one for one in self.story.got if one < now]
        if self.control:
            got += [at for at, _, outcome in self.path if outcome == "sent"]
        room = room_from(self.rules, got, now)
        if room > now:
            if what.get("full", "wait") == "drop":
                return "dropped", to, None
            return self.later("full", open_from(self.rules, room), last, to)
        return "sent", to, None

    def later(self, why: str, at: float, last: float, to: str) -> tuple[str, str, float | None]:
        """Then, or never."""
        return ("dropped", to, None) if at > last else (why, "", at)

    def task(
        self, what: dict[str, Any], now: float, came: float, given: bool
    ) -> tuple[str, str, float | None]:
        """Given to staff, who do it when the member next buys; nobody is asked for the control group."""
        until = days_on(self.rules.zone, came, what.get("days", 14))
        if not given:
            done = next((at for at in self.story.bought if now < at < until), None)
            if done is None or self.control:
                return "given", "", until
            self.outcomes[what["id"]] = what["outcomes"][self.story.answer]["word"]
            return "given", "", done
        return self.outcomes.get(what["id"], "lapsed"), what.get("next", ""), None

"""What steps of care plans, ways in, questions and outcomes are called, in the reader's language."""

from __future__ import annotations

from flask_babel import ngettext  # type: ignore[import-untyped]  # ships no types

from hub.admin.wording import Wording
from hub.care import plan as steps
from hub.care.drawing import OVER, START
from hub.care.editing import kind_of
from hub.care.plan import AnyStep, Asked, Entry, Plan
from hub.storefront.languages import gettext, language
from hub.wire.snapshot import say

HOLDS = frozenset({"quiet", "full", "paused", "changed"})
"""Outcomes after which somebody still stands at the step."""


class PlanWords:
    """Says a plan. `offers`: names of offers by number."""

    def __init__(self, wording: Wording, offers: dict[int, str]) -> None:
        self._w = wording
        self._offers = offers

    def kind(self, kind: str) -> str:
        """What kind of step it is."""
        return {
            "wait": gettext("Wait"),
            "until": gettext("Wait until a date"),
            "split": gettext("Part ways"),
            "message": gettext("Message"),
            "coupon": gettext("Coupon"),
            "task": gettext("Task for staff"),
            "list": gettext("List"),
        }[kind]

    def step(self, step: AnyStep) -> str:
        """A step in one line."""
        match step:
            case steps.Wait():
                return self._wait(step)
            case steps.Until():
                return self._dated(gettext("Wait until"), step.field, step.shift, step.at)
            case steps.Split():
                return gettext("Part ways")
            case steps.Message():
                first = say(step.text, language())
                return f"{self.media(step.media)}{gettext(':')} {first}" if first else self.media(step.media)
            case steps.Gift():
                return gettext("Coupon: %(offer)s", offer=self.offer(step.campaign))
            case steps.Task():
                text = say(step.text, language())
                return gettext("Staff: %(what)s", what=text) if text else gettext("Task for staff")
            case steps.Enlist():
                name = step.segment or "…"
                return (
                    gettext("Put on the list “%(name)s”", name=name)
                    if step.add
                    else gettext("Take off the list “%(name)s”", name=name)
                )

    def offer(self, number: int) -> str:
        """The name of an offer."""
        return self._offers.get(number, str(number) if number else "…")

    def media(self, media: tuple[str, ...]) -> str:
        """Channels, in the order in which they are tried."""
        return gettext(", else ").join(self.medium(one) for one in media)

    def medium(self, medium: str) -> str:
        """One channel."""
        return {
            "sms": gettext("Text message"),
            "mail": gettext("Mail"),
            "push": gettext("Push message"),
            "screen": gettext("On the screen, next time"),
        }.get(medium, medium)

    def clock(self, minute: int) -> str:
        """A time of the day."""
        return f"{minute // 60:02}:{minute % 60:02}"

    def entry(self, entry: Entry) -> str:
        """Who goes in, in one line."""
        match entry:
            case steps.WhenSegment():
                name = entry.segment or "…"
                if not entry.entering:
                    return gettext("Whoever leaves “%(name)s”", name=name)
                if entry.already:
                    return gettext("Whoever is in “%(name)s”, or comes into it", name=name)
                return gettext("Whoever comes into “%(name)s”", name=name)
            case steps.WhenDone():
                return self._nth(entry)
            case steps.WhenJoined():
                return gettext("Whoever becomes a member")
            case steps.WhenAway():
                return gettext("Whoever was not here for %(count)s days", count=entry.days)
            case steps.WhenDue():
                return gettext("%(count)s days before they are likely to need it again", count=entry.before)
            case steps.WhenDate():
                return self._dated(gettext("On"), entry.field, entry.shift, entry.at)
            case steps.OnDay():
                who = entry.segment or gettext("all members")
                return gettext(
                    "On %(month)s-%(day)s at %(time)s: %(who)s",
                    month=f"{entry.month:02}",
                    day=f"{entry.day:02}",
                    time=self.clock(entry.at),
                    who=who,
                )

    def date_name(self, name: str) -> str:
        """What a date is called."""
        return {"birthday": gettext("their birthday"), "joined": gettext("the day they joined")}.get(
            name, name
        )

    def question(self, asks: Asked, plan: Plan) -> str:
        """What decides a way, in one line."""
        match asks:
            case steps.Within():
                return gettext("in %(names)s", names=gettext(" or ").join(asks.any_of) or "…")
            case steps.Did():
                deed = {
                    "visit": gettext("came again"),
                    "purchase": gettext("bought something"),
                    "coupon": gettext("used a coupon"),
                }[asks.deed]
                return (
                    deed
                    if asks.least == 1
                    else gettext("%(deed)s, %(count)s times", deed=deed, count=asks.least)
                )
            case steps.Came():
                task = plan.step(asks.step)
                if not asks.outcome:
                    return gettext("the task was not done")
                return self.outcome_of(task, asks.outcome)
            case steps.Reachable():
                return gettext("reached by: %(medium)s", medium=self.medium(asks.medium))
            case steps.Speaks():
                return {"en": gettext("reads English"), "zh": gettext("reads Chinese")}.get(
                    asks.language, asks.language
                )
            case steps.Share():
                return gettext("%(percent)s %% drawn by lot", percent=asks.percent)

    def outcome_of(self, step: AnyStep | None, word: str) -> str:
        """What came of a task."""
        if isinstance(step, steps.Task):
            for one in step.outcomes:
                if one.word == word:
                    return say(one.text, language())
        return self.outcome(word)

    def outcome(self, word: str) -> str:
        """What came of a step."""
        return {
            "waited": gettext("waited"),
            "missing": gettext("has no such date"),
            "changed": gettext("the date was changed"),
            "else": gettext("everybody else"),
            "sent": gettext("on its way"),
            "refused": gettext("could not be written"),
            "dropped": gettext("left out: no room in time"),
            "unreachable": gettext("cannot be reached"),
            "quiet": gettext("waits for the end of the quiet hours"),
            "full": gettext("waits: enough was sent"),
            "paused": gettext("waits: wants a rest"),
            "given": gettext("given"),
            "none": gettext("none left"),
            "listed": gettext("done"),
            "done": gettext("done"),
            "lapsed": gettext("not done in time"),
            "turned": gettext("moved to another version"),
            "end": gettext("went to the end"),
            "goal": gettext("left: reached what it was for"),
            "consent": gettext("left: took their consent back"),
            "gone": gettext("left: is no member any more"),
            "merged": gettext("left: is one with another member"),
            "stopped": gettext("left: the plan was ended"),
            "moved": gettext("left: their step is not in the new version"),
            "no_step": gettext("left: the step is not there"),
            "unreadable": gettext("left: the plan could not be read"),
        }.get(word, word)

    def way(self, step: AnyStep, way: str, plan: Plan) -> str:
        """What is written at a line that leads away from a step."""
        if isinstance(step, steps.Split):
            if way:
                return self.question(step.branches[int(way) - 1].asks, plan)
            return gettext("everybody else")
        if way == "missing":
            return {
                "until": gettext("no such date"),
                "message": gettext("cannot be reached"),
                "coupon": gettext("none left"),
            }.get(kind_of(step), "")
        return ""

    def place(self, name: str, plan: Plan) -> str:
        """A step by its name, for a list to choose from."""
        if name in ("", OVER):
            return gettext("the end")
        if name == START:
            return gettext("the beginning")
        step = plan.step(name)
        return self.step(step) if step is not None else name

    def _nth(self, entry: steps.WhenDone) -> str:
        times = entry.times
        words: dict[str, str] = {
            "visit": ngettext("After the first visit", "After visit %(num)d", times),
            "purchase": ngettext("After the first purchase", "After purchase %(num)d", times),
            "coupon": ngettext("After the first coupon used", "After %(num)d coupons used", times),
        }
        return str(words[entry.deed])

    def _wait(self, step: steps.Wait) -> str:
        days = ngettext("Wait %(num)d day", "Wait %(num)d days", step.days) if step.days else ""
        minutes = ""
        if step.minutes:
            hours, rest = divmod(step.minutes, 60)
            minutes = gettext("%(hours)s h %(minutes)s min", hours=hours, minutes=rest)
            minutes = minutes if days else gettext("Wait %(time)s", time=minutes)
        text = " + ".join(one for one in (days, minutes) if one)
        if step.at is None:
            return text or gettext("Wait")
        time = self.clock(step.at)
        if not text:
            return gettext("Wait until %(time)s", time=time)
        return gettext("%(wait)s, then until %(time)s", wait=text, time=time)

    def _dated(self, begin: str, field: str, shift: int, at: int) -> str:
        name, time = self.date_name(field), self.clock(at)
        if shift < 0:
            when = ngettext("%(num)d day before %(date)s", "%(num)d days before %(date)s", -shift, date=name)
        elif shift > 0:
            when = ngettext("%(num)d day after %(date)s", "%(num)d days after %(date)s", shift, date=name)
        else:
            when = name
        return gettext("%(begin)s %(when)s at %(time)s", begin=begin, when=when, time=time)

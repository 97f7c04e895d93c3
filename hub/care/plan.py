"""A care plan as data: who goes in, which steps follow one another, who leaves early.

Pure. A plan is a drawing without circles: every step names the one that follows, so nobody walks for ever. As JSON each step,
each way in and each question says what it `is`. `flaws` tells what has to be put right before a plan can run.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from hub.care.localtime import DAY_MINUTES
from hub.wire.fact import Medium
from hub.wire.holdout import MOST_PERCENT
from hub.wire.snapshot import Text

MOST_STEPS = 60
MOST_BRANCHES = 8
MOST_OUTCOMES = 6
LONGEST_WAIT_DAYS = 400
LONGEST_TEXT = 1_000
END = ""
"""What follows the last step."""

StepId = Annotated[str, Meta(pattern="^[a-z][a-z0-9]{0,19}$")]
Next = Annotated[str, Meta(pattern="^([a-z][a-z0-9]{0,19})?$")]
Minute = Annotated[int, Meta(ge=0, lt=DAY_MINUTES)]
Segment = Annotated[str, Meta(min_length=1, max_length=40)]
Days = Annotated[int, Meta(ge=0, le=LONGEST_WAIT_DAYS)]
DateField = Annotated[str, Meta(min_length=1, max_length=40)]
"""A date that a member may have: "birthday", "joined", or a field of the shop's own with a date in it."""

Deed = Literal["visit", "purchase", "coupon"]
"""What a member does: a day on which they were here, a purchase, a coupon redeemed."""


class Question(msgspec.Struct, frozen=True, tag_field="is"):
    """Something that is so or not of a member, at the moment when it is asked."""


class Within(Question, frozen=True, tag="segment"):
    """They are in one of these segments."""

    any_of: Annotated[tuple[Segment, ...], Meta(max_length=20)] = ()


class Did(Question, frozen=True, tag="did"):
    """They did it at least so many times since they came into this plan (on a later day), or within so many days."""

    deed: Deed = "visit"
    least: Annotated[int, Meta(ge=1, le=1_000)] = 1
    days: Days = 0
    """0: since they came into this plan."""


class Came(Question, frozen=True, tag="task"):
    """What came of a task of this plan: one of its outcomes; empty: nobody did it in time."""

    step: Next = ""
    outcome: Annotated[str, Meta(max_length=20)] = ""


class Reachable(Question, frozen=True, tag="reach"):
    """They agreed to messages on this channel and have an address there."""

    medium: Medium = "sms"


class Speaks(Question, frozen=True, tag="language"):
    """They read this language."""

    language: Annotated[str, Meta(max_length=20)] = "en"


class Share(Question, frozen=True, tag="share"):
    """A part of all members, drawn by lot once and for all."""

    percent: Annotated[int, Meta(ge=1, le=99)] = 50


Asked = Within | Did | Came | Reachable | Speaks | Share


class Step(msgspec.Struct, frozen=True, tag_field="is", kw_only=True):
    """One step. `next`: the one that follows; empty: the plan is over."""

    id: StepId
    next: Next = END


class Wait(Step, frozen=True, tag="wait", kw_only=True):
    """Wait so many days of the shop and so many minutes; then, where `at` is given, until the clock next shows that time."""

    days: Days = 0
    minutes: Annotated[int, Meta(ge=0, lt=10 * DAY_MINUTES)] = 0
    at: Minute | None = None


class Until(Step, frozen=True, tag="until", kw_only=True):
    """Wait until a date that the member has comes round (`yearly`: each year again), `shift` days after it (before it: less
    than nought), at minute `at` of that day. Who has no such date goes on at `missing` at once."""

    field: DateField = "birthday"
    shift: Annotated[int, Meta(ge=-180, le=180)] = 0
    at: Minute = 9 * 60
    yearly: bool = True
    missing: Next = END


class Branch(msgspec.Struct, frozen=True):
    """A way on for those of whom it is so."""

    asks: Asked
    next: Next = END


class Split(Step, frozen=True, tag="split", kw_only=True):
    """Part ways: the first branch that fits, else `next`."""

    branches: Annotated[tuple[Branch, ...], Meta(max_length=MOST_BRANCHES)] = ()


class Message(Step, frozen=True, tag="message", kw_only=True):
    """Write to them, on the first of these channels to which they agreed and on which they have an address. Who has none goes
    on at `missing`.

    `full`: what becomes of it where a cap leaves no room: "wait" until there is, or "drop" it and go on. Quiet hours always
    make it wait. It is dropped too after `patience` days of waiting. `{coupon}` in the text is a link to the latest coupon of
    this run.
    """

    media: Annotated[tuple[Medium, ...], Meta(min_length=1, max_length=4)] = ("sms",)
    text: Text = {}
    subject: Text = {}
    full: Literal["wait", "drop"] = "wait"
    patience: Annotated[int, Meta(ge=1, le=30)] = 3
    missing: Next = END


class Gift(Step, frozen=True, tag="coupon", kw_only=True):
    """Give them a coupon of an offer, bound to them. Where the offer has none left or does not run, they go on at `missing`."""

    campaign: Annotated[int, Meta(ge=0)] = 0
    missing: Next = END


class Outcome(msgspec.Struct, frozen=True):
    """What may come of a task, in the shop's languages."""

    word: StepId
    text: Text


class Task(Step, frozen=True, tag="task", kw_only=True):
    """Ask staff to do something when they next see them, within so many days. The plan goes on when it is done, or when the
    time is over."""

    text: Text = {}
    outcomes: Annotated[tuple[Outcome, ...], Meta(max_length=MOST_OUTCOMES)] = ()
    days: Annotated[int, Meta(ge=1, le=LONGEST_WAIT_DAYS)] = 14


class Enlist(Step, frozen=True, tag="list", kw_only=True):
    """Put them on a list of the shop (a segment that is kept by hand), or take them off it."""

    segment: Annotated[str, Meta(max_length=40)] = ""
    add: bool = True


AnyStep = Wait | Until | Split | Message | Gift | Task | Enlist


class WhenSegment(msgspec.Struct, frozen=True, tag="segment", tag_field="is"):
    """When they come into a segment, or leave it. `already`: who is in it when the plan begins goes in, too."""

    segment: Annotated[str, Meta(max_length=40)] = ""
    entering: bool = True
    already: bool = False


class WhenDone(msgspec.Struct, frozen=True, tag="done", tag_field="is"):
    """When they have done it for the n-th time, ever."""

    deed: Deed = "visit"
    times: Annotated[int, Meta(ge=1, le=1_000)] = 2


class WhenJoined(msgspec.Struct, frozen=True, tag="joined", tag_field="is"):
    """When they become a member."""


class WhenAway(msgspec.Struct, frozen=True, tag="away", tag_field="is"):
    """When they were not here for so many days, after they had been."""

    days: Annotated[int, Meta(ge=7, le=LONGEST_WAIT_DAYS)] = 60


class WhenDue(msgspec.Struct, frozen=True, tag="due", tag_field="is"):
    """So many days before they are likely to need it again: forecast from the days on which they bought."""

    before: Annotated[int, Meta(ge=0, le=60)] = 3


class WhenDate(msgspec.Struct, frozen=True, tag="date", tag_field="is"):
    """When a date that they have comes round (`yearly`: each year again), `shift` days after it."""

    field: DateField = "birthday"
    shift: Annotated[int, Meta(ge=-180, le=180)] = -7
    at: Minute = 9 * 60
    yearly: bool = True


class OnDay(msgspec.Struct, frozen=True, tag="day", tag_field="is"):
    """Everybody of a segment, on one day of the year (a holiday). `month` and `day` as on the calendar."""

    month: Annotated[int, Meta(ge=1, le=12)] = 12
    day: Annotated[int, Meta(ge=1, le=31)] = 1
    at: Minute = 9 * 60
    segment: Annotated[str, Meta(max_length=40)] = ""


Entry = WhenSegment | WhenDone | WhenJoined | WhenAway | WhenDue | WhenDate | OnDay


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """A plan. `first`: its first step. `only`: who may go in at all, by segment; empty: everybody. `again`: after so many days
    somebody may go in once more; None: never. `leave`: who leaves at once, wherever they stand ("goal"). `control`: so many in a
    hundred walk the same way and get nothing. `watch`: over so many days after they went in members are compared."""

    name: Annotated[str, Meta(max_length=80)] = ""
    entry: Entry = WhenDone()
    only: Annotated[str, Meta(max_length=40)] = ""
    again: Annotated[int, Meta(ge=1, le=3_650)] | None = None
    leave: Annotated[tuple[Asked, ...], Meta(max_length=5)] = ()
    control: Annotated[int, Meta(ge=0, le=MOST_PERCENT)] = 10
    watch: Annotated[int, Meta(ge=1, le=365)] = 28
    first: Next = END
    steps: Annotated[tuple[AnyStep, ...], Meta(max_length=MOST_STEPS)] = ()

    def step(self, name: str) -> AnyStep | None:
        """A step by its id."""
        return next((one for one in self.steps if one.id == name), None)

    @property
    def writes(self) -> bool:
        """Whether it sends anything: then it ends for whoever takes their consent to messages back."""
        return any(isinstance(one, Message) for one in self.steps)


def read_plan(body: bytes) -> Plan:
    """A plan from its JSON; msgspec.MsgspecError where it is none."""
    return msgspec.json.decode(body, type=Plan)


def write_plan(plan: Plan) -> bytes:
    """A plan as JSON."""
    return msgspec.json.encode(plan)


def segments_named(plan: Plan) -> frozenset[str]:
    """Names of the segments for which it asks, anywhere in it, lists among them."""
    entry = plan.entry
    found = {plan.only, entry.segment if isinstance(entry, WhenSegment | OnDay) else ""}
    asked = [
        *plan.leave,
        *(one.asks for step in plan.steps if isinstance(step, Split) for one in step.branches),
    ]
    for one in asked:
        found |= set(one.any_of) if isinstance(one, Within) else set()
    return frozenset((found | lists_named(plan)) - {""})


def lists_named(plan: Plan) -> frozenset[str]:
    """Names of the segments on whose list it puts members, or from which it takes them."""
    return frozenset(step.segment for step in plan.steps if isinstance(step, Enlist) and step.segment)


def ways_on(step: AnyStep) -> list[tuple[str, str]]:
    """Where a step leads: (what for, the next step), `next` last. "" is for everybody else."""
    ways: list[tuple[str, str]] = []
    if isinstance(step, Split):
        ways += [(str(place), one.next) for place, one in enumerate(step.branches, 1)]
    elif isinstance(step, Until | Message | Gift):
        ways.append(("missing", step.missing))
    return [*ways, ("", step.next)]


def order(plan: Plan) -> list[AnyStep]:
    """Steps that can be reached, each behind all that lead to it; those of a circle are left out."""
    by_id = {one.id: one for one in plan.steps}
    reached: set[str] = set()
    waiting = [plan.first]
    while waiting:
        name = waiting.pop()
        if name in by_id and name not in reached:
            reached.add(name)
            waiting += [to for _, to in ways_on(by_id[name])]
    before = dict.fromkeys(reached, 0)
    for name in reached:
        for to in {to for _, to in ways_on(by_id[name])}:
            if to in before:
                before[to] += 1
    ready = [name for name in by_id if name in reached and before[name] == 0]
    found: list[AnyStep] = []
    while ready:
        step = by_id[ready.pop(0)]
        found.append(step)
        for to in dict.fromkeys(to for _, to in ways_on(step)):
            if to in before:
                before[to] -= 1
                if before[to] == 0:
                    ready.append(to)
    return found

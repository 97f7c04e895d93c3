"""What has to be put right before a plan can run.

Pure. Whoever draws a plan may leave it half done for days; only what runs has to be whole.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from hub.care import plan as steps
from hub.care.plan import END, AnyStep, Plan, order, ways_on
from hub.sentences import Said, said


@dataclass(frozen=True, slots=True)
class Known:
    """What there is in the shop to choose from: segments by name, lists among them, offers by number; and the shop's languages,
    in which every text has to be there."""

    segments: Collection[str] = ()
    lists: Collection[str] = ()
    offers: Collection[int] = ()


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong, and at which step ("": with the plan as a whole)."""

    step: str
    what: Said


def flaws(plan: Plan, known: Known) -> list[Flaw]:
    """Everything that is wrong, in the order of the steps."""
    found = [Flaw("", one) for one in _of_plan(plan, known)]
    names = [one.id for one in plan.steps]
    twice = sorted({one for one in names if names.count(one) > 1})
    found += [Flaw(name, said("Two steps have the same name.")) for name in twice]
    reached = {one.id for one in order(plan)}
    for step in plan.steps:
        found += [Flaw(step.id, one) for one in _of_step(step, plan, known)]
        for _, to in ways_on(step):
            if to != END and to not in names:
                found.append(Flaw(step.id, said("It leads to a step that is not there.")))
        if step.id not in reached:
            found.append(
                Flaw(step.id, said("Nobody can come here: no step leads to it, or it leads back to itself."))
            )
    return found


def _of_plan(plan: Plan, known: Known) -> list[Said]:
    found = []
    if not plan.name.strip():
        found.append(said("Give the plan a name."))
    if plan.step(plan.first) is None:
        found.append(said("The plan has no first step yet."))
    entry = plan.entry
    if isinstance(entry, steps.WhenSegment) and entry.segment not in known.segments:
        found.append(said("Choose the segment by which members go in."))
    if isinstance(entry, steps.OnDay) and entry.segment and entry.segment not in known.segments:
        found.append(said("There is no segment of that name: choose who goes in."))
    if plan.only and plan.only not in known.segments:
        found.append(said("There is no segment of that name: choose who may go in."))
    found += [one for asks in plan.leave for one in _of_question(asks, plan, known)]
    return found


def _of_step(step: AnyStep, plan: Plan, known: Known) -> list[Said]:
    match step:
        case steps.Wait() if step.days == 0 and step.minutes == 0 and step.at is None:
            return [said("Say how long to wait.")]
        case steps.Split():
            found = [one for branch in step.branches for one in _of_question(branch.asks, plan, known)]
            return found or ([] if step.branches else [said("Say by what the ways part.")])
        case steps.Message() if not any(text.strip() for text in step.text.values()):
            return [said("Write the message.")]
        case steps.Gift() if step.campaign not in known.offers:
            return [said("Choose an offer that runs: its coupon is given.")]
        case steps.Task() if not any(text.strip() for text in step.text.values()):
            return [said("Say what staff are to do.")]
        case steps.Enlist() if step.segment not in known.lists:
            return [said("Choose a list of the shop.")]
        case _:
            return []


def _of_question(asks: steps.Asked, plan: Plan, known: Known) -> list[Said]:
    match asks:
        case steps.Within() if not asks.any_of or not set(asks.any_of) <= set(known.segments):
            return [said("Choose a segment for each way.")]
        case steps.Came() if not isinstance(plan.step(asks.step), steps.Task):
            return [said("Choose the task whose outcome decides.")]
        case _:
            return []

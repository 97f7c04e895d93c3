"""A plan as a manager types it: forms become steps, with every fault in a sentence.

Pure. Every choice is a word that the form offered ("segment:Regulars", "did:purchase"); what a form did not
offer is left as it was.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from hub.care import plan as steps
from hub.care.editing import may_follow
from hub.care.plan import LONGEST_TEXT, AnyStep, Asked, Branch, Entry, Plan
from hub.sentences import Said, said
from hub.wire.snapshot import Text

Form = Mapping[str, str]
Faults = dict[str, Said]
MOST_WAYS = 4
"""Ways that a form has room for, beside everybody else's."""

MOST_LEAVES = 2
_CLOCK = re.compile(r"([01]?\d|2[0-3])\s*[:.：]\s*([0-5]\d)")


class Reader:
    """Reads fields one by one and keeps what is wrong with them."""

    def __init__(self, form: Form) -> None:
        self.form = form
        self.faults: Faults = {}

    def text(self, name: str, longest: int = 80) -> str:
        typed = " ".join(self.form.get(name, "").split())
        if len(typed) > longest:
            self.faults[name] = said("At most %(count)s characters fit here.", count=longest)
        return typed[:longest]

    def number(self, name: str, least: int, most: int, default: int) -> int:
        typed = self.form.get(name, "").strip()
        if not typed:
            return default
        try:
            found = int(typed)
        except ValueError:
            found = least - 1
        if not least <= found <= most:
            self.faults[name] = said("Type a number from %(least)s to %(most)s.", least=least, most=most)
            return default
        return found

    def clock(self, name: str, default: int) -> int:
        found = self.maybe_clock(name)
        return default if found is None else found

    def maybe_clock(self, name: str) -> int | None:
        typed = self.form.get(name, "").strip()
        if not typed:
            return None
        found = _CLOCK.fullmatch(typed)
        if found is None:
            self.faults[name] = said("Type a time of the day such as 09:30.")
            return None
        return int(found[1]) * 60 + int(found[2])

    def texts(self, name: str, languages: Sequence[str], longest: int = LONGEST_TEXT) -> Text:
        found = {}
        for language in languages:
            field = f"{name}_{language}"
            typed = self.form.get(field, "").replace("\r\n", "\n").strip()
            if len(typed) > longest:
                self.faults[field] = said("At most %(count)s characters fit here.", count=longest)
            elif typed:
                found[language] = typed
        return found


def read_head(plan: Plan, form: Form) -> Plan | Faults:
    """Who goes in, who leaves, the control group."""
    reader = Reader(form)
    again = reader.number("again", 1, 3_650, 0)
    asked = [_leave(plan, form, place) for place in range(MOST_LEAVES)]
    changed = msgspec.structs.replace(
        plan,
        name=reader.text("plan_name"),
        entry=_entry(reader, plan.entry),
        only=form.get("only", "")[:40],
        again=again or None,
        leave=tuple(one for one in asked if one is not None),
        control=reader.number("control", 0, 50, 0),
        watch=reader.number("watch", 1, 365, 28),
    )
    return reader.faults or changed


def _leave(plan: Plan, form: Form, place: int) -> Asked | None:
    typed = form.get(f"leave{place + 1}", "")
    if typed == "same":
        return plan.leave[place] if place < len(plan.leave) else None
    return read_question(typed)


def _entry(reader: Reader, before: Entry) -> Entry:
    form = reader.form
    match form.get("entry", ""):
        case "segment":
            return steps.WhenSegment(
                form.get("entry_segment", "")[:40],
                form.get("entering", "in") != "out",
                form.get("already", "") == "yes",
            )
        case "done":
            deeds: dict[str, steps.Deed] = {"purchase": "purchase", "coupon": "coupon"}
            deed = deeds.get(form.get("deed", ""), "visit")
            return steps.WhenDone(deed, reader.number("times", 1, 1_000, 1))
        case "joined":
            return steps.WhenJoined()
        case "away":
            return steps.WhenAway(reader.number("away", 7, 400, 60))
        case "due":
            return steps.WhenDue(reader.number("before", 0, 60, 3))
        case "date":
            return steps.WhenDate(
                reader.text("date_field", 40) or "birthday",
                reader.number("date_shift", -180, 180, 0),
                reader.clock("date_at", 9 * 60),
                form.get("date_once", "") != "yes",
            )
        case "day":
            return steps.OnDay(
                reader.number("month", 1, 12, 12),
                reader.number("day", 1, 31, 1),
                reader.clock("day_at", 9 * 60),
                form.get("day_segment", "")[:40],
            )
        case _:
            return before


def read_step(plan: Plan, step: AnyStep, form: Form, languages: Sequence[str]) -> AnyStep | Faults:
    """A step as it was typed, with where each of its ways leads."""
    reader = Reader(form)
    may = ["", *may_follow(plan, step.id)]

    def leads(name: str, before: str) -> str:
        typed = form.get(name, before)
        return typed if typed in may else before

    changes: dict[str, Any] = {"next": leads("next", step.next)}
    match step:
        case steps.Wait():
            minutes = reader.number("hours", 0, 239, 0) * 60 + reader.number("minutes", 0, 59, 0)
            changes |= {
                "days": reader.number("days", 0, 400, 0),
                "minutes": minutes,
                "at": reader.maybe_clock("at"),
            }
        case steps.Until():
            changes |= {
                "field": reader.text("field", 40) or "birthday",
                "shift": reader.number("shift", -180, 180, 0),
                "at": reader.clock("at", 9 * 60),
                "yearly": form.get("once", "") != "yes",
                "missing": leads("missing", step.missing),
            }
        case steps.Split():
            changes["branches"] = _branches(reader, step, leads)
        case steps.Message():
            first, second = form.get("medium1", "sms"), form.get("medium2", "")
            media = [
                one for one in dict.fromkeys((first, second)) if one in ("sms", "mail", "push", "screen")
            ]
            changes |= {
                "media": tuple(media) or ("sms",),
                "text": reader.texts("text", languages),
                "subject": reader.texts("subject", languages, 120),
                "full": "drop" if form.get("full") == "drop" else "wait",
                "patience": reader.number("patience", 1, 30, 3),
                "missing": leads("missing", step.missing),
            }
        case steps.Gift():
            changes |= {
                "campaign": reader.number("campaign", 0, 2**31, 0),
                "missing": leads("missing", step.missing),
            }
        case steps.Task():
            changes |= {
                "text": reader.texts("text", languages, 300),
                "outcomes": _outcomes(reader, step, languages),
                "days": reader.number("days", 1, 400, 14),
            }
        case steps.Enlist():
            changes |= {"segment": form.get("segment", "")[:40], "add": form.get("add", "yes") == "yes"}
    if reader.faults:
        return reader.faults
    changed: AnyStep = msgspec.structs.replace(step, **changes)
    return changed


def _branches(reader: Reader, step: steps.Split, leads: Any) -> tuple[Branch, ...]:
    found = []
    for place in range(1, MOST_WAYS + 1):
        typed = reader.form.get(f"asks{place}", "")
        before = step.branches[place - 1] if place <= len(step.branches) else None
        percent = reader.number(f"share{place}", 1, 99, 50)
        asks = before.asks if typed == "same" and before is not None else read_question(typed, percent)
        if asks is not None:
            to = before.next if before is not None else step.next
            found.append(Branch(asks, leads(f"next{place}", to)))
    return (*found, *step.branches[MOST_WAYS:])


def _outcomes(reader: Reader, step: steps.Task, languages: Sequence[str]) -> tuple[steps.Outcome, ...]:
    words = [one.word for one in step.outcomes]
    free = (f"o{number}" for number in range(1, 100) if f"o{number}" not in words)
    found = []
    for place in range(1, steps.MOST_OUTCOMES + 1):
        text = reader.texts(f"outcome{place}", languages, 60)
        if text:
            found.append(steps.Outcome(words[place - 1] if place <= len(words) else next(free), text))
    return tuple(found)


def read_question(typed: str, percent: int = 50) -> Asked | None:
    """A question by the word that a form offered for it; None where none was chosen."""
    kind, _, rest = typed.partition(":")
    match kind:
        case "segment" if rest:
            return steps.Within((rest[:40],))
        case "did" if rest in ("visit", "purchase", "coupon"):
            return steps.Did(rest)  # type: ignore[arg-type]  # one of these three
        case "task":
            step, _, outcome = rest.partition(":")
            return steps.Came(step[:20], outcome[:20])
        case "reach" if rest in ("sms", "mail", "push", "screen"):
            return steps.Reachable(rest)  # type: ignore[arg-type]  # one of these four
        case "language" if rest:
            return steps.Speaks(rest[:20])
        case "share":
            return steps.Share(percent)
        case _:
            return None


def question_word(asks: Asked) -> str:
    """The word under which a form offers a question; "same": it offers none such, and leaves it as it is."""
    match asks:
        case steps.Within() if len(asks.any_of) == 1:
            return f"segment:{asks.any_of[0]}"
        case steps.Did() if asks.least == 1 and asks.days == 0:
            return f"did:{asks.deed}"
        case steps.Came():
            return f"task:{asks.step}:{asks.outcome}"
        case steps.Reachable():
            return f"reach:{asks.medium}"
        case steps.Speaks():
            return f"language:{asks.language}"
        case steps.Share():
            return "share"
        case steps.Within() if not asks.any_of:
            return ""
        case _:
            return "same"

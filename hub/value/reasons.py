"""Why somebody is on the warning list, in words, and what might be done.

Pure. The first sentence is always how they used to come and for how long they have been away; then whatever else weighs
most in their chance. Words are English and Chinese, and say nothing but days and numbers of visits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from hub.value.choosing import Words
from hub.value.habits import MONTH, QUARTER, Habit
from hub.value.loss import LEARNT_FROM, LossModel

Level = Literal["urgent", "watch", "fine"]

URGENT_TIMES, URGENT_ANYWAY = 5.0, 0.75
WATCH_TIMES, WATCH_ANYWAY = 2.0, 0.5
"""How many times as likely to be lost as members are on the whole; and the chance that is enough by itself."""

WEIGHS = 0.15
"""In log odds: what adds less is no reason."""

MOST_REASONS = 3
NEWCOMER_DAYS = 60


@dataclass(frozen=True, slots=True)
class Warned:
    """One member with their chance of staying away for 90 days, the reasons and the suggested next step."""

    member: str
    chance: float
    level: Level
    reasons: tuple[Words, ...]
    step: Words


STEPS: dict[Level, Words] = {
    "urgent": {
        "en": "Do not wait for a visit: write, where they allow it, with an offer that is worth the way.",
        "zh": "不要等其到店：在会员允许的前提下发送消息，附上值得专程前来的优惠。",
    },
    "watch": {
        "en": "Greet them at the next visit, ask what was missing, and give something for the visit after it.",
        "zh": "下次到店时主动问候，询问有何不便，并赠送下次可用的优惠。",
    },
    "fine": {"en": "Nothing to do.", "zh": "无需处理。"},
}


def warned(member: str, habit: Habit, model: LossModel) -> Warned:
    """Everything that is told of one member."""
    chance = model.chance(habit)
    level = level_of(chance, model.base)
    return Warned(member, chance, level, reasons(habit, model), STEPS[level])


def level_of(chance: float, base: float) -> Level:
    """How loud the warning is. `base`: what part of all members is lost."""
    if chance >= min(URGENT_TIMES * base, URGENT_ANYWAY):
        return "urgent"
    return "watch" if chance >= min(WATCH_TIMES * base, WATCH_ANYWAY) else "fine"


def reasons(habit: Habit, model: LossModel) -> tuple[Words, ...]:
    """The habit, then what weighs most towards loss; what speaks against it is left out."""
    found = [pace(habit)]
    parts = dict(zip(LEARNT_FROM, model.parts(habit), strict=False))
    for name in sorted(parts, key=lambda one: -parts[one]):
        if parts[name] < WEIGHS or len(found) == MOST_REASONS:
            break
        words = _words(name, habit)
        if words and words not in found:
            found.append(words)
    return tuple(found)


def pace(habit: Habit) -> Words:
    """How they used to come, and for how long they have been away."""
    away, away_zh = _days(habit.away), f"{habit.away} 天"
    if habit.visits == 1:
        return {"en": f"Came once, {away} ago.", "zh": f"仅到店一次，距今 {away_zh}。"}
    every = max(1, round(habit.every))
    pause, pause_zh = ("day", "每天") if every == 1 else (_days(every), f"每 {every} 天")
    return {
        "en": f"Came every {pause}, has been away for {away}.",
        "zh": f"过去平均{pause_zh}到店一次，已有 {away_zh}未光临。",
    }


def _words(feature: str, habit: Habit) -> Words | None:
    """What a feature says of this member that the habit does not say already."""
    usual = round(habit.usual_month)
    # Nothing in four weeks, or in thirteen, is said already by how long they have been away.
    if feature == "month" and usual > habit.month > 0:
        return {
            "en": f"Came on {_days(habit.month)} of the last {MONTH}, usually {usual}.",
            "zh": f"最近 {MONTH} 天到店 {habit.month} 天，以往为 {usual} 天。",
        }
    if feature in ("quarter", "pace") and habit.quarter and habit.known >= QUARTER:
        return {
            "en": f"Comes seldom: {_days(habit.quarter)} in the last {QUARTER}.",
            "zh": f"到店不频繁：最近 {QUARTER} 天仅 {habit.quarter} 天。",
        }
    if feature == "spread" and habit.visits > 2 and habit.longest > 2 * habit.every:
        return {
            "en": f"Comes irregularly: stayed away for up to {_days(habit.longest)} before.",
            "zh": f"到店不规律：此前最长间隔 {habit.longest} 天。",
        }
    if feature == "known" and habit.known <= NEWCOMER_DAYS and habit.visits > 1:
        return {
            "en": f"Is new: first came {_days(habit.known)} ago.",
            "zh": f"新会员：首次到店距今 {habit.known} 天。",
        }
    return None


def _days(number: int) -> str:
    return "1 day" if number == 1 else f"{number} days"

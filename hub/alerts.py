"""Habits at the counter that a manager should look at: what, who, when, and what to do about it.

The tills hold hard limits (`hub.wire.rules`: five redemptions a day by one person for one member, nobody their own coupons);
these look beneath and beside them. An alert is a reason to ask, not a verdict: it says so, and names nobody outside the office.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from hub.client.warnings import Holding, Severity, Shown, Warning, show  # noqa: A004 - nothing here raises Python's warnings
from hub.purse.alerts import WARNINGS as PURSE_WARNINGS
from hub.purse.alerts import purse_habits
from hub.store.base import Store
from hub.store.habits import Habit, StaffQuarter
from hub.wire.conditions import Hours, within
from hub.wire.refusals import Refusal
from hub.wire.snapshot import Shop

DAY_S = 86_400.0
WEEK_S = 7 * DAY_S
MANY_FOR_ONE_DAY, MANY_FOR_ONE_WEEK = 3, 8
MANY_REVERSALS_DAY, MANY_REVERSALS_WEEK = 3, 8
MANY_WRONG_CODES = 6
"""Typed codes in one day that were none of ours: beyond it somebody tries, or needs glasses."""

AFTER_CLOSING = timedelta(minutes=30)
BEFORE_OPENING = timedelta(minutes=15)
"""The last customer is still served, and the first may come early."""

OWN_TRIES = 2
_WRONG = (Refusal.UNKNOWN_COUPON.value, Refusal.BAD_CODE.value, Refusal.BAD_SIGNATURE.value)

WARNINGS = (
    Warning(
        "own-account",
        Severity.WARNING,
        {
            "en": "{subject} redeemed for their own membership: {detail}",
            "zh": "{subject}为自己的会员账户核销：{detail}",
        },
        {
            "en": "Nobody redeems their own coupons. Ask them, and take the redemption back if it was not right.",
            "zh": "不能核销自己的优惠券。请询问本人，如有不当请撤销。",
        },
    ),
    Warning(
        "one-member",
        Severity.WARNING,
        {
            "en": "{subject} redeemed often for one and the same member: {detail}",
            "zh": "{subject}多次为同一位会员核销：{detail}",
        },
        {
            "en": "A regular, or a friend? Look at the redemptions, and ask.",
            "zh": "是常客还是熟人？请查看核销记录并询问。",
        },
    ),
    Warning(
        "many-reversals",
        Severity.WARNING,
        {
            "en": "{subject} took many redemptions back: {detail}",
            "zh": "{subject}多次撤销核销：{detail}",
        },
        {
            "en": "A coupon that is taken back can be used again. See the reasons in the list of reversals, and ask.",
            "zh": "撤销后优惠券可再次使用。请查看撤销列表中的原因并询问。",
        },
    ),
    Warning(
        "after-hours",
        Severity.WARNING,
        {
            "en": "{subject} redeemed while the shop was closed: {detail}",
            "zh": "{subject}在打烊时间核销：{detail}",
        },
        {
            "en": "Ask who was there. If the shop is open longer, say so on the page Shop.",
            "zh": "请询问当时谁在店内。如营业时间有变，请在“店铺”页面修改。",
        },
    ),
    Warning(
        "wrong-hours",
        Severity.NOTE,
        {
            "en": "{subject} accepted coupons at hours at which they are not good: {detail}",
            "zh": "{subject}在优惠不可用的时段核销：{detail}",
        },
        {
            "en": "A till that was cut off decided alone, perhaps by a wrong clock. Look at that till.",
            "zh": "收银台断线时自行核销，可能是时钟有误。请检查该收银台。",
        },
    ),
    Warning(
        "own-tries",
        Severity.NOTE,
        {
            "en": "{subject} tried to redeem for their own membership: {detail}",
            "zh": "{subject}试图为自己的会员账户核销：{detail}",
        },
        {
            "en": "The till said no. Tell them to ask a colleague.",
            "zh": "收银台已拒绝。请告知应由同事办理。",
        },
    ),
    Warning(
        "wrong-codes",
        Severity.NOTE,
        {
            "en": "{subject} entered many codes that are none of ours: {detail}",
            "zh": "{subject}多次输入无效编码：{detail}",
        },
        {
            "en": "Somebody may be guessing, or hands out coupons that are not yours. Let one be shown to you.",
            "zh": "可能有人在猜编码，或有人散发假券。请查看一张原券。",
        },
    ),
)


@dataclass(frozen=True, slots=True)
class Alert:
    """One habit: in words (`shown.since` is when it happened last, in seconds of UTC), and whose, for the list of redemptions.

    `staff` is an id; `member` the opaque id of a membership where the alert is about one, else "".
    """

    shown: Shown
    staff: str
    member: str = ""


def look_at_counter(store: Store, now: float) -> list[Alert]:
    """What a manager should look at now, the gravest first."""
    found = []
    for holding, habit in _holding(store, now):
        (shown,) = show((*WARNINGS, *PURSE_WARNINGS), [holding])
        found.append(Alert(shown, habit.staff, habit.member))
    return sorted(found, key=lambda alert: alert.shown.severity != Severity.WARNING)


Held = tuple[Holding, Habit]


def _holding(store: Store, now: float) -> Iterator[Held]:
    shop = store.shop.get() or Shop(0, {})
    names = {member.id: member.name for member in store.people.staff()}
    day, week, end = now - DAY_S, now - WEEK_S, now + DAY_S
    watch = store.watch

    def held(code: str, habit: Habit, span: str) -> Held:
        who = names.get(habit.staff, habit.staff)
        return Holding(code, _detail(habit, span, shop.currency), who, habit.latest_at), habit

    for habit in watch.own_account(week, end):
        yield held("own-account", habit, "week")
    yield from _twice(
        (watch.for_one_member(day, end, MANY_FOR_ONE_DAY), watch.for_one_member(week, end, MANY_FOR_ONE_WEEK)),
        "one-member", held,
    )  # fmt: skip
    yield from _twice(
        (watch.reversals(day, end, MANY_REVERSALS_DAY), watch.reversals(week, end, MANY_REVERSALS_WEEK)),
        "many-reversals", held,
    )  # fmt: skip
    for habit in after_hours(watch.quarters(week, end), shop):
        yield held("after-hours", habit, "week")
    for habit in watch.flagged(Refusal.NOT_AT_THIS_HOUR.value, week, end):
        yield held("wrong-hours", habit, "week")
    for habit in watch.refused((Refusal.OWN_COUPON.value,), week, end, OWN_TRIES):
        yield held("own-tries", habit, "week")
    for habit in watch.refused(_WRONG, day, end, MANY_WRONG_CODES):
        yield held("wrong-codes", habit, "day")
    yield from purse_habits(store, now)


def _twice(
    found: tuple[list[Habit], list[Habit]], code: str, held: Callable[[str, Habit, str], Held]
) -> Iterator[Held]:
    """What was much for a day; and what was much for a week, where the day does not say it already."""
    of_day, of_week = found
    told = {(habit.staff, habit.member) for habit in of_day}
    for habit in of_day:
        yield held(code, habit, "day")
    for habit in of_week:
        if (habit.staff, habit.member) not in told:
            yield held(code, habit, "week")


def after_hours(quarters: list[StaffQuarter], shop: Shop) -> list[Habit]:
    """Who redeemed while the shop was closed, as far as its hours say; nobody where it has none."""
    if not shop.hours:
        return []
    zone = ZoneInfo(shop.timezone)
    found: dict[str, Habit] = {}
    for quarter in quarters:
        there = datetime.fromtimestamp(quarter.latest_at, zone)
        moments = (there, there - AFTER_CLOSING, there + BEFORE_OPENING)
        if any(is_open(shop.hours, moment) for moment in moments):
            continue
        before = found.get(quarter.staff, Habit(quarter.staff, 0, 0.0))
        found[quarter.staff] = Habit(
            quarter.staff, before.count + quarter.count, max(before.latest_at, quarter.latest_at)
        )
    return sorted(found.values(), key=lambda habit: (-habit.count, habit.staff))


def is_open(hours: tuple[Hours, ...], there: datetime) -> bool:
    """Whether the shop is open at this moment of its own clock."""
    return any(within(one, there.weekday(), there.hour * 60 + there.minute) for one in hours)


def _detail(habit: Habit, span: str, currency: str) -> dict[str, str]:
    worth = f"{habit.value_cents / 100:.2f} {currency}" if habit.value_cents else ""
    times = "once" if habit.count == 1 else f"{habit.count} times"
    english = f"{times} in {'24 hours' if span == 'day' else '7 days'}"
    chinese = f"{'24 小时' if span == 'day' else '7 天'}内 {habit.count} 次"
    return {
        "en": f"{english}, {worth}" if worth else english,
        "zh": f"{chinese}，共 {worth}" if worth else chinese,
    }

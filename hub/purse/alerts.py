"""Habits with purses that a manager should look at: what, who, and what to do about it.

Hard limits hold beneath these (`hub.wire.purse_rules`: nobody their own purse, five payments a day by one person from one
purse, what one person may take in). An alert is a reason to ask, not a verdict.
"""

from __future__ import annotations

from collections.abc import Iterator

from hub.client.warnings import Holding, Severity, Warning  # noqa: A004 - nothing here raises Python's warnings
from hub.purse.balances import rules_now
from hub.store.base import Store
from hub.store.habits import Habit

DAY_S = 86_400.0
MANY_BACK = 3
MANY_FROM_ONE = 4
MUCH_TAKEN_IN = 0.8
"""Of what one person may take in for purses in a day."""

WARNINGS = (
    Warning(
        "purse-own",
        Severity.WARNING,
        {
            "en": "{subject} used their own purse at the till: {detail}",
            "zh": "{subject}在收银台操作了自己的会员账户：{detail}",
        },
        {
            "en": "Nobody pays from or into their own purse. Ask them, and take it back if it was not right.",
            "zh": "收银员不能操作自己的账户。请询问本人，如有不当请撤销。",
        },
    ),
    Warning(
        "purse-back",
        Severity.WARNING,
        {
            "en": "{subject} took many payments from purses back: {detail}",
            "zh": "{subject}多次撤销账户支付：{detail}",
        },
        {
            "en": "What is taken back can be spent again. See the reasons on the page Points and value, and ask.",
            "zh": "撤销后余额可再次使用。请在“积分与储值”页面查看原因并询问。",
        },
    ),
    Warning(
        "purse-one",
        Severity.WARNING,
        {
            "en": "{subject} took payments often from one and the same purse: {detail}",
            "zh": "{subject}多次从同一会员账户收款：{detail}",
        },
        {
            "en": "A regular, or a friend? Look at the payments, and ask.",
            "zh": "是常客还是熟人？请查看支付记录并询问。",
        },
    ),
    Warning(
        "purse-topup",
        Severity.WARNING,
        {
            "en": "{subject} took in a lot for purses: {detail}",
            "zh": "{subject}收取的充值金额较大：{detail}",
        },
        {
            "en": "Count the drawer against it: what was paid in stands on the page Points and value.",
            "zh": "请与钱箱核对：充值金额见“积分与储值”页面。",
        },
    ),
    Warning(
        "purse-beyond",
        Severity.NOTE,
        {
            "en": "{subject} took payments at a till that was cut off, for which there was not enough: {detail}",
            "zh": "{subject}在断线的收银台收取了超出余额的支付：{detail}",
        },
        {
            "en": "The member owes it; what they earn next pays it. How much a till may accept alone is yours to set.",
            "zh": "差额记在会员账上，由之后的积分或充值抵扣。可在页面中调整断线时的额度。",
        },
    ),
)

_CODES = {
    "own": "purse-own",
    "reversed": "purse-back",
    "one": "purse-one",
    "topup": "purse-topup",
    "beyond": "purse-beyond",
}


def purse_habits(store: Store, now: float) -> Iterator[tuple[Holding, Habit]]:
    """What holds now, in the last 24 hours."""

    rules = rules_now(store, now)
    if rules is None:
        return
    shop = store.shop.get()
    currency = shop.currency if shop is not None else ""
    names = {member.id: member.name for member in store.people.staff()}
    for what, staff, member, count, cents in store.purse.habits(now - DAY_S, now + DAY_S):
        much = rules.staff_day_cents and cents >= MUCH_TAKEN_IN * rules.staff_day_cents
        if not {"reversed": count >= MANY_BACK, "one": count >= MANY_FROM_ONE, "topup": much}.get(what, True):
            continue
        habit = Habit(staff, count, now, cents, member)
        detail = {
            "en": f"{'once' if count == 1 else f'{count} times'} in 24 hours, {cents / 100:.2f} {currency}",
            "zh": f"24 小时内 {count} 次，共 {cents / 100:.2f} {currency}",
        }
        yield Holding(_CODES[what], detail, names.get(staff, staff), now), habit

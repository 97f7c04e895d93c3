"""The shop's decisions about purses as they are typed in the office's form, and what is wrong with them.

Pure. A line of tiers or cards that is empty is none. A card keeps its id as long as it stands in the form, and so its punches.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from hub.sentences import Said, said
from hub.typed import Reading, Typed, show_cents
from hub.wire.purse_rules import PunchCard, PurseRules, Tier, smallest
from hub.wire.snapshot import Shop

TIERS, CARDS = 3, 3
LANGUAGES = ("en", "zh")
NAME_LONGEST = 60

WHOLE = {
    "points_each": (0, 10_000),
    "pending_days": (0, 365),
    "expiry_days": (0, 3_650),
    "worth_points": (1, 1_000_000),
    "least_points": (0, 1_000_000),
    "most_percent": (1, 100),
}
MONEY = (
    "earn_cents", "worth_cents", "least_topup_cents", "most_topup_cents", "most_stored_cents", "staff_day_cents",
    "day_spend_cents", "offline_cents", "offline_act_cents",
)  # fmt: skip


def as_typed(rules: PurseRules) -> dict[str, str]:
    """Rules as the form shows them."""
    fields = {name: str(getattr(rules, name)) for name in WHOLE}
    fields |= {name: show_cents(getattr(rules, name)) for name in MONEY}
    fields["stored"] = "yes" if rules.stored else ""
    for row in range(1, TIERS + 1):
        tier = rules.tiers[row - 1] if row <= len(rules.tiers) else None
        for code in LANGUAGES:
            fields[f"tier{row}_name_{code}"] = tier.name.get(code, "") if tier else ""
        fields[f"tier{row}_from"] = show_cents(tier.from_cents) if tier else ""
        fields[f"tier{row}_factor"] = str(tier.factor_percent) if tier else ""
    for row in range(1, CARDS + 1):
        card = rules.cards[row - 1] if row <= len(rules.cards) else None
        for code in LANGUAGES:
            fields[f"card{row}_title_{code}"] = card.title.get(code, "") if card else ""
            fields[f"card{row}_reward_{code}"] = card.reward.get(code, "") if card else ""
        fields[f"card{row}_id"] = card.id if card else ""
        fields[f"card{row}_needs"] = str(card.needs) if card else ""
        fields[f"card{row}_cost"] = show_cents(card.reward_cents) if card else ""
        fields[f"card{row}_least"] = show_cents(card.least_cents) if card else ""
        fields[f"card{row}_per_day"] = str(card.per_day) if card else ""
    return fields


def read_rules(
    typed: Typed, before: PurseRules, shop: Shop, new_id: Callable[[], str]
) -> PurseRules | dict[str, Said]:
    """The rules that were typed, or every fault by field. `new_id` makes the id of a card that is new."""
    reading = Reading(typed, shop)
    coin = smallest(shop.currency)
    values: dict[str, object] = {}
    for name, (least, most) in WHOLE.items():
        values[name] = _whole(reading, name, least, most)
    for name in MONEY:
        values[name] = _money(reading, name, coin, needed=name == "earn_cents")
    tiers = tuple(tier for row in range(1, TIERS + 1) if (tier := _tier(reading, row, coin)) is not None)
    cards = tuple(
        card for row in range(1, CARDS + 1) if (card := _card(reading, row, coin, before, new_id)) is not None
    )
    if len({tier.from_cents for tier in tiers}) < len(tiers):
        reading.fault("tier1_from", said("Two tiers begin at the same sum."))
    least_in, most_in = values["least_topup_cents"], values["most_topup_cents"]
    if isinstance(least_in, int) and isinstance(most_in, int) and 0 < most_in < least_in:
        reading.fault("most_topup_cents", said("The most is less than the least."))
    act, all_ = values["offline_act_cents"], values["offline_cents"]
    if isinstance(act, int) and isinstance(all_, int) and act > all_:
        reading.fault("offline_act_cents", said("One payment cannot be more than all of them."))
    if reading.faults:
        return reading.faults
    return msgspec.convert(
        {
            **values,
            "stored": typed.ticked("stored"),
            "tiers": [msgspec.to_builtins(tier) for tier in sorted(tiers, key=lambda tier: tier.from_cents)],
            "cards": [msgspec.to_builtins(card) for card in cards],
            "currency": shop.currency,
            "timezone": shop.timezone,
        },
        PurseRules,
    )


def _whole(reading: Reading, name: str, least: int, most: int) -> int:
    text = reading.typed.plain(name)
    if not text.isascii() or not text.isdigit() or len(text) > 9 or not least <= int(text) <= most:
        reading.fault(name, said("Give a whole number from %(least)s to %(most)s.", least=least, most=most))
        return least
    return int(text)


def _money(reading: Reading, name: str, coin: int, *, needed: bool = False) -> int:
    cents = reading.cents(name, needed=needed) or 0
    if cents % coin:
        reading.fault(name, said("This currency has no smaller coins than 1."))
    return cents


def _texts(reading: Reading, name: str) -> dict[str, str]:
    found = {}
    for code in LANGUAGES:
        text = " ".join(reading.typed.get(f"{name}_{code}").split())
        if len(text) > NAME_LONGEST:
            reading.fault(f"{name}_{code}", said("At most %(count)s characters.", count=NAME_LONGEST))
        elif text:
            found[code] = text
    return found


def _tier(reading: Reading, row: int, coin: int) -> Tier | None:
    name = _texts(reading, f"tier{row}_name")
    sum_, factor = f"tier{row}_from", f"tier{row}_factor"
    if not name and not reading.typed.get(sum_) and not reading.typed.get(factor):
        return None
    if not name:
        reading.fault(f"tier{row}_name_en", said("A tier needs a name."))
        return None
    cents = _money(reading, sum_, coin, needed=True)
    return Tier(name, cents, _whole(reading, factor, 100, 1_000))


def _card(
    reading: Reading, row: int, coin: int, before: PurseRules, new_id: Callable[[], str]
) -> PunchCard | None:
    prefix = f"card{row}"
    title, reward = _texts(reading, f"{prefix}_title"), _texts(reading, f"{prefix}_reward")
    filled: Mapping[str, str] = {
        name: reading.typed.get(f"{prefix}_{name}") for name in ("needs", "cost", "least", "per_day")
    }
    if not title and not reward and not any(filled.values()):
        return None
    if not title:
        reading.fault(f"{prefix}_title_en", said("A card needs a name."))
    if not reward:
        reading.fault(f"{prefix}_reward_en", said("Say what they get for a full card."))
    needs = _whole(reading, f"{prefix}_needs", 2, 100)
    per_day = _whole(reading, f"{prefix}_per_day", 1, 100) if filled["per_day"] else 1
    cost, least = _money(reading, f"{prefix}_cost", coin), _money(reading, f"{prefix}_least", coin)
    if not title or not reward:
        return None
    id_ = reading.typed.get(f"{prefix}_id")
    known = id_ if any(card.id == id_ for card in before.cards) else new_id()
    return PunchCard(known, title, needs, reward, cost, least, per_day)

"""What an offer promises: where it stands, whether its terms can hold together, and what a change takes from people.

Pure. `hub.admin.offers` and the command line ask; a coupon that is out follows its offer, so whoever holds one would feel it.
"""

from __future__ import annotations

from collections.abc import Container
from typing import Literal, cast

from hub.condition_text import flaw_of
from hub.sentences import Said, said
from hub.typed import CHANNELS
from hub.typed_hours import minutes_of
from hub.wire.digital_link import GTIN_LENGTHS, read_gtin
from hub.wire.snapshot import Campaign

Standing = Literal["draft", "planned", "running", "paused", "ended"]
Action = Literal["publish", "pause", "end"]

_DAY_S = 86_400
_FROM: dict[Action, tuple[str, ...]] = {
    "publish": ("draft", "paused"),
    "pause": ("published",),
    "end": ("published", "paused"),
}
NEEDS_HUB = said(
    "A voucher and a limit per person need the hub: only it knows what was spent elsewhere. A till that is cut off has to refuse."
)
_TEXTS = ("title", "text", "small_print", "keywords", "picture_alt", "picture")
_TERMS = (
    "starts_at", "ends_at", "coupon_lasts_s", "issue_limit", "redemption_limit", "basket_min_cents", "offline", "channels",
    "air", "hours", "condition", "per_day_limit", "per_person_limit", "rotating", "group_size", "next_visit", "good_from", "gtin",
    "holdout_percent", "audience",
)  # fmt: skip


def standing(state: str, campaign: Campaign, now: float) -> Standing:
    """Where an offer stands for a reader: its state, and where it is published, the time."""
    if state == "published":
        if now < campaign.starts_at:
            return "planned"
        return "running" if now < campaign.ends_at else "ended"
    if state == "paused" and now >= campaign.ends_at:
        return "ended"
    return cast("Standing", state)


def may(action: Action, state: str) -> bool:
    """Whether an offer in this state can be published, paused or ended."""
    return state in _FROM[action]


def hub_only(campaign: Campaign) -> bool:
    """Whether only the hub can decide: what was spent elsewhere, or by the same person, no till knows alone."""
    return campaign.offer.value.kind == "voucher" or campaign.per_person_limit is not None


def gtin_fault(gtin: str) -> Said | None:
    """What is wrong with a product's number (GTIN-8, -12, -13 or -14)."""
    if len(gtin) not in GTIN_LENGTHS or not (gtin.isascii() and gtin.isdigit()):
        return said("A GTIN has 8, 12, 13 or 14 digits: it stands beneath the product's bar code.")
    if read_gtin(gtin) is None:
        return said("The last digit does not fit: one digit of this GTIN is wrong.")
    return None


def faults_of(campaign: Campaign, numbers: Container[int]) -> dict[str, Said]:
    """What in an offer cannot hold together, by the name of the form's field. `numbers`: the offers that there are."""
    found: dict[str, Said] = {}
    if campaign.ends_at <= campaign.starts_at:
        found["ends"] = said("The end must be after the start.")
    if hub_only(campaign) and campaign.offline != "refuse":
        found["offline"] = NEEDS_HUB
    if campaign.condition is not None and (wrong := flaw_of(campaign.condition)) is not None:
        found["condition_text"] = wrong
    if campaign.good_from == "next_day" and campaign.coupon_lasts_s <= _DAY_S:
        found["lasts_days"] = said("A coupon that is good from the next day has to last longer than one day.")
    size = campaign.group_size
    if size is not None and campaign.issue_limit is not None and size > campaign.issue_limit:
        found["group_size"] = said(
            "Only %(count)s may be taken, so the group could never be complete.", count=campaign.issue_limit
        )
    if campaign.next_visit is not None:
        if campaign.next_visit == campaign.number:
            found["next_visit"] = said("An offer cannot hand out itself.")
        elif campaign.next_visit not in numbers:
            found["next_visit"] = said("There is no offer %(number)s.", number=campaign.next_visit)
    if campaign.gtin and (wrong := gtin_fault(campaign.gtin)) is not None:
        found["gtin"] = wrong
    return found


def worse(before: Campaign, after: Campaign) -> list[Said]:
    """What a change takes away from people who hold a coupon already."""
    old, new = before.offer.value, after.offer.value
    found: list[Said] = []
    if old.kind != new.kind:
        found.append(said("What the coupon is worth is of another kind."))
    elif new.cents < old.cents or new.percent < old.percent:
        found.append(said("The coupon is worth less."))
    if after.basket_min_cents > before.basket_min_cents:
        found.append(said("The purchase has to be larger."))
    if _below(after.redemption_limit, before.redemption_limit):
        found.append(said("Fewer coupons can be redeemed in all."))
    if _below(after.per_day_limit, before.per_day_limit):
        found.append(said("Fewer coupons can be redeemed in one day."))
    if _below(after.per_person_limit, before.per_person_limit):
        found.append(said("One person can redeem fewer of them, and has to be a member."))
    if after.starts_at > before.starts_at:
        found.append(said("Coupons are good only from a later time."))
    if before.offline == "rights" and after.offline == "refuse":
        found.append(said("A till that is cut off no longer takes the coupon."))
    return [*found, *_worse_terms(before, after)]


def _worse_terms(before: Campaign, after: Campaign) -> list[Said]:
    found: list[Said] = []
    if after.hours != before.hours and not minutes_of(before.hours) <= minutes_of(after.hours):
        found.append(said("There are hours at which the coupon is no longer good."))
    if after.condition is not None and after.condition != before.condition:
        found.append(said("The conditions are others: some purchases may no longer meet them."))
    if after.good_from == "next_day" and before.good_from == "at_once":
        found.append(said("Coupons are good only from the day after they were taken."))
    if after.group_size is not None and after.group_size > (before.group_size or 0):
        found.append(said("More people have to join before the coupon is good."))
    if after.rotating and not before.rotating:
        found.append(said("Coupons that were printed or saved as a picture are no longer accepted."))
    if before.next_visit is not None and after.next_visit != before.next_visit:
        found.append(said("The coupon for the next visit is another one, or none."))
    return found


def changes(before: Campaign | None, after: Campaign) -> dict[str, dict[str, object]]:
    """What differs, field by field, for the record of who changed what."""
    found: dict[str, dict[str, object]] = {}
    for part in _TERMS:
        _differ(found, part, before, after, part)
    for part in _TEXTS:
        _differ(found, part, before and before.offer, after.offer, part)
    for part in ("kind", "cents", "percent"):
        _differ(found, f"value_{part}", before and before.offer.value, after.offer.value, part)
    return found


def unknown_channels(campaign: Campaign | None) -> tuple[str, ...]:
    """Channels of an offer that this release does not know; a change keeps them."""
    return tuple(name for name in campaign.channels if name not in CHANNELS) if campaign else ()


def _differ(found: dict[str, dict[str, object]], name: str, before: object, after: object, part: str) -> None:
    old = getattr(before, part) if before is not None else None
    new = getattr(after, part)
    if old != new:
        found[name] = {"before": old, "after": new}


def _below(new: int | None, old: int | None) -> bool:
    return new is not None and (old is None or new < old)

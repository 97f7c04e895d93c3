"""What differs between two versions of an offer, thing by thing, in the reader's words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hub.admin.office import Office
from hub.air import LINK
from hub.promises import changes
from hub.storefront.languages import NAMES, gettext, language, locale
from hub.storefront.terms import condition_words
from hub.storefront.terms import terms as in_words
from hub.wire.snapshot import Air, Campaign, say

TEXTS = ("title", "text", "small_print", "keywords", "picture_alt")


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that differs; the hashes of pictures where it is the picture. An empty side: nothing was said there."""

    name: str
    before: str
    after: str
    pictures: tuple[str | None, str | None] | None = None
    tag: str = ""


def differences(office: Office, before: Campaign, after: Campaign) -> list[Difference]:
    """Everything in which `after` is not as `before`."""
    names = changes(before, after)
    found = [one for name in TEXTS if name in names for one in _texts(name, before, after)]
    if "picture" in names:
        found.append(Difference(gettext("Picture"), "", "", (before.offer.picture, after.offer.picture)))
    if any(name.startswith("value_") for name in names):
        worth = office.wording().worth
        found.append(Difference(gettext("What the coupon is worth"), worth(before), worth(after)))
    tell = _tellers(office)
    found += [
        Difference(tell[name][0](), tell[name][1](before), tell[name][1](after))
        for name in names
        if name in tell
    ]
    return found


def channel_names() -> dict[str, str]:
    """Where an offer can be shown, in the reader's words."""
    return {
        "portal": gettext("On phones that join the shop's Wi-Fi"),
        "kiosk": gettext("On the kiosk screen"),
        "link": gettext("On the shop's web page, by link or printed code"),
    }


def _texts(name: str, before: Campaign, after: Campaign) -> list[Difference]:
    titles = {
        "title": gettext("What it is, in one line"),
        "text": gettext("A few words more"),
        "small_print": gettext("Small print"),
        "keywords": gettext("Words by which people look for it"),
        "picture_alt": gettext("What it shows, for those who cannot see it"),
    }
    old, new = getattr(before.offer, name), getattr(after.offer, name)
    return [
        Difference(
            f"{titles[name]} ({NAMES.get(code, code)})", old.get(code, ""), new.get(code, ""), tag=code
        )
        for code in dict.fromkeys((*old, *new))
        if old.get(code, "") != new.get(code, "")
    ]


_Tell = dict[str, tuple[Callable[[], str], Callable[[Campaign], str]]]


def _tellers(office: Office) -> _Tell:
    wording, shop = office.wording(), office.shop()

    def limit(name: str) -> Callable[[Campaign], str]:
        def told(campaign: Campaign) -> str:
            number = getattr(campaign, name)
            return gettext("no limit") if number is None else wording.count(number)

        return told

    def hours(campaign: Campaign) -> str:
        return in_words(campaign, shop, language(), locale())[0] if campaign.hours else gettext("at any time")

    def condition(campaign: Campaign) -> str:
        return condition_words(campaign.condition, shop, language(), locale()) if campaign.condition else ""

    def channels(campaign: Campaign) -> str:
        names = channel_names()
        return "\n".join(names.get(name, name) for name in campaign.channels) or gettext("nowhere")

    def following(campaign: Campaign) -> str:
        if campaign.next_visit is None:
            return gettext("nothing")
        other = office.store.campaigns.get(campaign.next_visit)
        return say(other.campaign.offer.title, language()) if other else str(campaign.next_visit)

    def yes(name: str) -> Callable[[Campaign], str]:
        return lambda campaign: gettext("yes") if getattr(campaign, name) else gettext("no")

    return {
        "starts_at": (lambda: gettext("From"), lambda one: wording.full(one.starts_at)),
        "ends_at": (lambda: gettext("Until"), lambda one: wording.full(one.ends_at)),
        "coupon_lasts_s": (
            lambda: gettext("A coupon is good for, in days"),
            lambda one: wording.decimal(one.coupon_lasts_s / 86_400),
        ),
        "issue_limit": (lambda: gettext("How many may be taken"), limit("issue_limit")),
        "redemption_limit": (lambda: gettext("How many may be redeemed"), limit("redemption_limit")),
        "per_day_limit": (lambda: gettext("How many may be redeemed in one day"), limit("per_day_limit")),
        "per_person_limit": (lambda: gettext("How often by one member"), limit("per_person_limit")),
        "group_size": (lambda: gettext("Good once so many have taken it"), limit("group_size")),
        "basket_min_cents": (
            lambda: gettext("Only on purchases of at least"),
            lambda one: wording.money(one.basket_min_cents) if one.basket_min_cents else "",
        ),
        "hours": (lambda: gettext("At which hours it is good"), hours),
        "condition": (lambda: gettext("What else it depends on"), condition),
        "channels": (lambda: gettext("Where it is shown"), channels),
        "offline": (
            lambda: gettext("When a till is cut off from the hub"),
            lambda one: (
                gettext("it accepts some on its own")
                if one.offline == "rights"
                else gettext("it refuses until the hub is back")
            ),
        ),
        "good_from": (
            lambda: gettext("From when a coupon is good"),
            lambda one: (
                gettext("from the day after it was taken")
                if one.good_from == "next_day"
                else gettext("at once")
            ),
        ),
        "rotating": (lambda: gettext("The QR changes every half minute"), yes("rotating")),
        "next_visit": (lambda: gettext("With the receipt comes a coupon of"), following),
        "holdout_percent": (
            lambda: gettext("Control group, in per cent of the members"),
            lambda one: str(one.holdout_percent) if one.holdout_percent else "",
        ),
        "audience": (
            lambda: gettext("Who sees it"),
            lambda one: "\n".join(one.audience) if one.audience else gettext("Everybody"),
        ),
        "gtin": (lambda: gettext("Product number (GTIN) of what it is for"), lambda one: one.gtin),
        "air": (lambda: gettext("On Bluetooth"), lambda one: _air(one.air)),
    }


def _air(air: Air | None) -> str:
    if air is None or not air.frames:
        return gettext("nothing")
    link = f" ({air.url})" if LINK in air.frames and air.url else ""
    return f"{', '.join(air.frames)}{link}, {air.interval_ms} ms"

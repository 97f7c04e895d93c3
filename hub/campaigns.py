"""An offer as a manager types it: from fields to a campaign, with every fault next to its field, and back.

Pure. `hub.admin.offers` feeds it. Fields are texts by name; what was typed is never lost, whatever is wrong with it. Hours and
conditions have modules of their own (`hub.typed_hours`, `hub.typed_condition`); `hub.promises` knows what cannot hold together.
"""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Literal, cast
from zoneinfo import ZoneInfo

from hub.air import read_air
from hub.holdout import read_holdout
from hub.promises import NEEDS_HUB, faults_of, gtin_fault, unknown_channels
from hub.sentences import Said, said
from hub.typed import CHANNELS, LOCAL, Reading, Typed, local_text, show_cents
from hub.typed_audience import read_audience
from hub.typed_condition import as_fields, read_typed_condition
from hub.typed_hours import read_hours, show_hours
from hub.wire.conditions import Hours
from hub.wire.snapshot import Air, Campaign, Offer, Shop, Text, Value

TITLE_LONGEST, TEXT_LONGEST, SMALL_PRINT_LONGEST, WORDS_LONGEST = 60, 400, 600, 200
TEXTS = {
    "title": TITLE_LONGEST,
    "text": TEXT_LONGEST,
    "small_print": SMALL_PRINT_LONGEST,
    "keywords": WORDS_LONGEST,
    "picture_alt": WORDS_LONGEST,
}
MAX_DAYS = 730
VALUE_FIELDS = {"amount": "amount", "gift": "gift_cost", "voucher": "voucher_value"}
LIMITS = ("issue_limit", "redemption_limit", "per_day_limit", "per_person_limit", "group_size")
SMALLEST_GROUP = 2


def blank(shop: Shop, now: float) -> Typed:
    """A form to begin with: from today for two weeks."""
    today = datetime.fromtimestamp(now, ZoneInfo(shop.timezone)).replace(minute=0, second=0, microsecond=0)
    last = (today + timedelta(days=13)).replace(hour=23, minute=59)
    fields, days = as_fields(None)
    return Typed(
        {
            "value_kind": "amount",
            "starts": today.strftime(LOCAL),
            "ends": last.strftime(LOCAL),
            "lasts_days": "14",
            "offline": "rights",
            "good_from": "at_once",
            "air_interval": str(Air(()).interval_ms),
            **fields,
        },
        days=days,
    )


def as_typed(campaign: Campaign, shop: Shop) -> Typed:
    """A campaign as the form shows it."""
    offer, value = campaign.offer, campaign.offer.value
    condition, days = as_fields(campaign.condition)
    fields = {
        "value_kind": value.kind,
        "percent": str(value.percent) if value.kind == "percent" else "",
        "starts": local_text(campaign.starts_at, shop.timezone),
        "ends": local_text(campaign.ends_at, shop.timezone),
        "lasts_days": _plain_number(campaign.coupon_lasts_s / 86_400),
        "basket_min": show_cents(campaign.basket_min_cents) if campaign.basket_min_cents else "",
        "offline": campaign.offline,
        "good_from": campaign.good_from,
        "rotating": "yes" if campaign.rotating else "",
        "next_visit": "" if campaign.next_visit is None else str(campaign.next_visit),
        "no_channels": "" if campaign.channels else "yes",
        "gtin": campaign.gtin,
        "holdout": str(campaign.holdout_percent) if campaign.holdout_percent else "",
        "audience": "segment" if campaign.audience else "everybody",
        "audience_segments": "\n".join(campaign.audience),
        "air_link": campaign.air.url if campaign.air else "",
        "air_interval": str((campaign.air or Air(())).interval_ms),
        **show_hours(campaign.hours),
        **condition,
    }
    for kind, name in VALUE_FIELDS.items():
        fields[name] = show_cents(value.cents) if value.kind == kind else ""
    for name in LIMITS:
        limit = getattr(campaign, name)
        fields[name] = "" if limit is None else str(limit)
    for name in TEXTS:
        text: Text = getattr(offer, name)
        for language in shop.languages:
            fields[f"{name}_{language}"] = text.get(language, "")
    return Typed(fields, campaign.channels, campaign.air.frames if campaign.air else (), days)


def copied(campaign: Campaign, shop: Shop, now: float) -> Typed:
    """The form of a new offer like another one. Dates that are over are moved: from today, for as long by the shop's own clock.

    The time of day stays, also over a change to or from summer time; an offer of a few hours that would be over today as well
    begins with this minute instead. Dates that are not over stay as they are. `now` is in seconds.
    """
    typed = as_typed(campaign, shop)
    if campaign.ends_at > now:
        return typed
    zone = ZoneInfo(shop.timezone)
    # Without a zone on purpose: the shop's clock on the wall, so that a day is a day whether it has 23 hours or 25.
    starts, ends, here = (
        datetime.fromtimestamp(at, zone).replace(tzinfo=None, second=0, microsecond=0)
        for at in (campaign.starts_at, campaign.ends_at, now)
    )
    moved = datetime.combine(here, starts.time())
    if moved + (ends - starts) <= here:
        moved = here
    fresh = {"starts": moved.strftime(LOCAL), "ends": (moved + (ends - starts)).strftime(LOCAL)}
    return replace(typed, fields={**typed.fields, **fresh})


def settled(typed: Typed) -> Typed:
    """The form with what follows from the rest of it: a voucher and a limit per person are never redeemed without the hub."""
    alone = typed.get("value_kind") != "voucher" and not typed.get("per_person_limit")
    if alone or typed.get("offline") == "refuse":
        return typed
    return replace(typed, fields={**typed.fields, "offline": "refuse"})


def read_typed(
    typed: Typed,
    shop: Shop,
    number: int,
    *,
    picture: str | None,
    before: Campaign | None = None,
    others: Container[int] = (),
) -> Campaign | dict[str, Said]:
    """The campaign that was typed; or all that is wrong, by field.

    `before`: the campaign that is being changed. What it says in languages that the shop no longer shows, and on channels
    that this release does not know, is kept. `others`: the numbers of all offers that there are.
    """
    reading = Reading(typed, shop)
    old = before.offer if before else None
    texts = {name: _texts(reading, name, getattr(old, name) if old else {}) for name in TEXTS}
    value = _value(reading)
    starts_at, ends_at = reading.time("starts"), reading.time("ends")
    if typed.get("offline") not in ("refuse", "rights"):
        reading.fault("offline", said("Say what a till may do that is cut off."))
    if settled(typed) is not typed:
        reading.fault("offline", NEEDS_HUB)
    terms: dict[str, Any] = _limits(reading) | {
        "coupon_lasts_s": _lasts_s(reading),
        "basket_min_cents": reading.cents("basket_min", needed=False) or 0,
        "offline": cast("Literal['refuse', 'rights']", typed.get("offline")),
        "channels": _channels(reading, before),
        "air": _air(reading, before),
        "hours": _hours(reading, before.hours if before else ()),
        "condition": read_typed_condition(reading, before.condition if before else None),
        "rotating": typed.ticked("rotating"),
        "next_visit": _next_visit(reading),
        "good_from": _good_from(reading),
        "gtin": _gtin(reading),
        "holdout_percent": read_holdout(reading),
        "audience": read_audience(reading),
        "holdout_salt": before.holdout_salt if before and before.number == number else "",
    }
    if reading.faults or value is None or starts_at is None or ends_at is None:
        return reading.faults
    offer = Offer(value=value, picture=picture, **texts)
    campaign = Campaign(number, offer, starts_at, ends_at, **terms)
    return faults_of(campaign, others) or campaign


def sketch(typed: Typed, shop: Shop, *, picture: str | None, now: float) -> Campaign:
    """The campaign as far as it can be made out, for the preview; what is missing or wrong is left open."""
    reading = Reading(typed, shop)
    texts = {name: _texts(reading, name, {}) for name in TEXTS}
    value = _value(reading) or Value("gift")
    ends_at = reading.time("ends") or int(now) + 14 * 86_400
    return Campaign(
        1,
        Offer(value=value, picture=picture, **texts),
        reading.time("starts") or int(now),
        ends_at,
        basket_min_cents=reading.cents("basket_min", needed=False) or 0,
        hours=_hours(reading, ()),
        condition=read_typed_condition(reading, None),
        rotating=typed.ticked("rotating"),
        good_from=_good_from(reading),
        **_limits(reading),
    )


def _limits(reading: Reading) -> dict[str, Any]:
    return {name: reading.limit(name, SMALLEST_GROUP if name == "group_size" else 1) for name in LIMITS}


def _texts(reading: Reading, name: str, before: Text) -> Text:
    texts = {language: text for language, text in before.items() if language not in reading.shop.languages}
    for language in reading.shop.languages:
        text = reading.typed.get(f"{name}_{language}")
        if name == "title":
            text = " ".join(text.split())
        if len(text) > TEXTS[name]:
            reading.fault(
                f"{name}_{language}",
                said(
                    "This text has %(length)s characters; at most %(count)s fit.",
                    length=len(text),
                    count=TEXTS[name],
                ),
            )
        if text:
            texts[language] = text
    if name == "title" and not any(texts.get(language) for language in reading.shop.languages):
        reading.fault(f"title_{reading.shop.languages[0]}", said("Say in one line what the offer is."))
    return texts


def _value(reading: Reading) -> Value | None:
    kind = reading.typed.get("value_kind")
    if kind in VALUE_FIELDS:
        cents = reading.cents(VALUE_FIELDS[kind], needed=kind != "gift")
        made = cast("Literal['amount', 'gift', 'voucher']", kind)
        return None if cents is None else Value(made, cents=cents)
    if kind == "percent":
        text = reading.typed.plain("percent").removesuffix("%").strip()
        if not re.fullmatch(r"[0-9]{1,3}", text) or not 1 <= int(text) <= 100:
            reading.fault("percent", said("Give a whole number from 1 to 100."))
            return None
        return Value("percent", percent=int(text))
    reading.fault("value_kind", said("Choose what the coupon is worth."))
    return None


def _lasts_s(reading: Reading) -> int:
    text = reading.typed.plain("lasts_days").replace(",", ".")
    if not re.fullmatch(r"[0-9]{1,3}([.][0-9]{1,6})?", text) or not 0 < float(text) <= MAX_DAYS:
        reading.fault("lasts_days", said("Give a number of days, at most %(count)s.", count=MAX_DAYS))
        return 0
    return max(60, round(float(text) * 86_400))


def _channels(reading: Reading, before: Campaign | None) -> tuple[str, ...]:
    typed = reading.typed
    channels = tuple(name for name in CHANNELS if name in typed.channels)
    if channels and typed.ticked("no_channels"):
        reading.fault(
            "channels", said("Either it is shown somewhere, or it only comes with a receipt. Untick one.")
        )
    if not channels and not typed.ticked("no_channels"):
        reading.fault("channels", said("Tick at least one place where the offer is shown."))
    return channels + unknown_channels(before)


def _air(reading: Reading, before: Campaign | None) -> Air | None:
    typed = reading.typed
    air = read_air(
        typed.air, typed.get("air_link"), typed.get("air_interval"), before.air if before else None
    )
    if isinstance(air, dict):
        reading.faults |= air
        return None
    return air


def _hours(reading: Reading, before: tuple[Hours, ...]) -> tuple[Hours, ...]:
    hours = read_hours(reading.typed, before)
    if isinstance(hours, dict):
        reading.faults |= hours
        return ()
    return hours


def _next_visit(reading: Reading) -> int | None:
    text = reading.typed.plain("next_visit")
    if not text:
        return None
    if not re.fullmatch(r"[0-9]{1,10}", text) or not 1 <= int(text) < 2**32:
        reading.fault("next_visit", said("Choose an offer from the list."))
        return None
    return int(text)


def _good_from(reading: Reading) -> Literal["at_once", "next_day"]:
    choice = reading.typed.get("good_from") or "at_once"
    if choice not in ("at_once", "next_day"):
        reading.fault("good_from", said("Say from when a coupon is good."))
    return "next_day" if choice == "next_day" else "at_once"


def _gtin(reading: Reading) -> str:
    gtin = re.sub(r"[\s-]", "", reading.typed.plain("gtin"))
    if gtin and (wrong := gtin_fault(gtin)) is not None:
        reading.fault("gtin", wrong)
    return gtin


def _plain_number(number: float) -> str:
    return f"{number:.6f}".rstrip("0").rstrip(".")

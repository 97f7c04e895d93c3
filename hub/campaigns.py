"""An offer as a manager types it: from fields to a campaign, with every fault next to its field, and back.

Pure. `hub.admin.offers` feeds it. Fields are texts by name; what was typed is never lost, whatever is wrong with it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal, cast
from zoneinfo import ZoneInfo

from hub.air import read_air
from hub.sentences import Said, said
from hub.wire.snapshot import Air, Campaign, Offer, Shop, Text, Value

Standing = Literal["draft", "planned", "running", "paused", "ended"]
Action = Literal["publish", "pause", "end"]

CHANNELS = ("portal", "kiosk", "link")
TITLE_LONGEST, TEXT_LONGEST, SMALL_PRINT_LONGEST, WORDS_LONGEST = 60, 400, 600, 200
TEXTS = {
    "title": TITLE_LONGEST,
    "text": TEXT_LONGEST,
    "small_print": SMALL_PRINT_LONGEST,
    "keywords": WORDS_LONGEST,
    "picture_alt": WORDS_LONGEST,
}
MAX_CENTS = 10_000_000
MAX_LIMIT = 10_000_000
MAX_DAYS = 730

_LOCAL = "%Y-%m-%dT%H:%M"
_FROM: dict[Action, tuple[str, ...]] = {
    "publish": ("draft", "paused"),
    "pause": ("published",),
    "end": ("published", "paused"),
}

# C0 and C1 controls, and the marks with which one text could rearrange the page around it (Unicode UAX 9).
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")


@dataclass(frozen=True, slots=True)
class Typed:
    """What stands in the form: single fields by name, and the channels and signs on the air that are ticked."""

    fields: Mapping[str, str]
    channels: tuple[str, ...] = CHANNELS
    air: tuple[str, ...] = ()

    def get(self, name: str) -> str:
        """One field, tidied: no controls, no space at its ends, line ends as in Unix."""
        return _CONTROLS.sub("", self.fields.get(name, "").replace("\r\n", "\n")).strip()


@dataclass(slots=True)
class _Reading:
    """The faults found so far, by field."""

    typed: Typed
    shop: Shop
    faults: dict[str, Said] = field(default_factory=dict)

    def fault(self, name: str, sentence: Said) -> None:
        self.faults.setdefault(name, sentence)


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


def blank(shop: Shop, now: float) -> Typed:
    """A form to begin with: from today for two weeks."""
    today = datetime.fromtimestamp(now, ZoneInfo(shop.timezone)).replace(minute=0, second=0, microsecond=0)
    last = (today + timedelta(days=13)).replace(hour=23, minute=59)
    return Typed(
        {
            "value_kind": "amount",
            "starts": today.strftime(_LOCAL),
            "ends": last.strftime(_LOCAL),
            "lasts_days": "14",
            "offline": "rights",
            "air_interval": str(Air(()).interval_ms),
        }
    )


def as_typed(campaign: Campaign, shop: Shop) -> Typed:
    """A campaign as the form shows it."""
    offer, value = campaign.offer, campaign.offer.value
    fields = {
        "value_kind": value.kind,
        "amount": show_cents(value.cents) if value.kind == "amount" else "",
        "percent": str(value.percent) if value.kind == "percent" else "",
        "gift_cost": show_cents(value.cents) if value.kind == "gift" else "",
        "starts": local_text(campaign.starts_at, shop.timezone),
        "ends": local_text(campaign.ends_at, shop.timezone),
        "lasts_days": _plain_number(campaign.coupon_lasts_s / 86_400),
        "issue_limit": "" if campaign.issue_limit is None else str(campaign.issue_limit),
        "redemption_limit": "" if campaign.redemption_limit is None else str(campaign.redemption_limit),
        "basket_min": show_cents(campaign.basket_min_cents) if campaign.basket_min_cents else "",
        "offline": campaign.offline,
        "air_link": campaign.air.url if campaign.air else "",
        "air_interval": str((campaign.air or Air(())).interval_ms),
    }
    for name in TEXTS:
        text: Text = getattr(offer, name)
        for language in shop.languages:
            fields[f"{name}_{language}"] = text.get(language, "")
    return Typed(fields, campaign.channels, campaign.air.frames if campaign.air else ())


def read_typed(
    typed: Typed, shop: Shop, number: int, *, picture: str | None, before: Campaign | None = None
) -> Campaign | dict[str, Said]:
    """The campaign that was typed; or all that is wrong, by field.

    `before`: the campaign that is being changed. What it says in languages that the shop no longer shows, and on channels
    that this release does not know, is kept.
    """
    reading = _Reading(typed, shop)
    old = before.offer if before else None
    texts = {name: _texts(reading, name, getattr(old, name) if old else {}) for name in TEXTS}
    value = _value(reading)
    starts_at, ends_at = _time(reading, "starts"), _time(reading, "ends")
    if starts_at is not None and ends_at is not None and ends_at <= starts_at:
        reading.fault("ends", said("The end must be after the start."))
    lasts_s = _lasts_s(reading)
    issue_limit, redemption_limit = _limit(reading, "issue_limit"), _limit(reading, "redemption_limit")
    basket_min = _cents(reading, "basket_min", needed=False)
    if typed.get("offline") not in ("refuse", "rights"):
        reading.fault("offline", said("Say what a till may do that is cut off."))
    channels = tuple(name for name in CHANNELS if name in typed.channels)
    if not channels:
        reading.fault("channels", said("Tick at least one place where the offer is shown."))
    if before:
        channels += tuple(name for name in before.channels if name not in CHANNELS)
    air = read_air(
        typed.air, typed.get("air_link"), typed.get("air_interval"), before.air if before else None
    )
    if isinstance(air, dict):
        reading.faults |= air
        air = None
    if reading.faults or value is None or starts_at is None or ends_at is None:
        return reading.faults
    return Campaign(
        number=number,
        offer=Offer(value=value, picture=picture, **texts),
        starts_at=starts_at,
        ends_at=ends_at,
        coupon_lasts_s=lasts_s,
        issue_limit=issue_limit,
        redemption_limit=redemption_limit,
        basket_min_cents=basket_min or 0,
        offline=cast("Literal['refuse', 'rights']", typed.get("offline")),
        channels=channels,
        air=air,
    )


def sketch(typed: Typed, shop: Shop, *, picture: str | None, now: float) -> Campaign:
    """The campaign as far as it can be made out, for the preview; what is missing or wrong is left open."""
    read = read_typed(typed, shop, 1, picture=picture)
    if isinstance(read, Campaign):
        return read
    reading = _Reading(typed, shop)
    texts = {name: _texts(reading, name, {}) for name in TEXTS}
    value = _value(reading) or Value("gift")
    ends_at = _time(reading, "ends") or int(now) + 14 * 86_400
    return Campaign(1, Offer(value=value, picture=picture, **texts), int(now), ends_at)


def worse(before: Campaign, after: Campaign) -> list[Said]:
    """What a change takes away from people who hold a coupon already. A coupon follows its offer, so they would feel it."""
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
    if after.starts_at > before.starts_at:
        found.append(said("Coupons are good only from a later time."))
    if before.offline == "rights" and after.offline == "refuse":
        found.append(said("A till that is cut off no longer takes the coupon."))
    return found


def changes(before: Campaign | None, after: Campaign) -> dict[str, dict[str, object]]:
    """What differs, field by field, for the record of who changed what."""
    found: dict[str, dict[str, object]] = {}
    for part in (
        "starts_at",
        "ends_at",
        "coupon_lasts_s",
        "issue_limit",
        "redemption_limit",
        "basket_min_cents",
    ):
        _differ(found, part, before, after)
    for part in ("offline", "channels", "air"):
        _differ(found, part, before, after)
    for part in (*TEXTS, "picture"):
        _differ(found, part, before and before.offer, after.offer)
    for part in ("kind", "cents", "percent"):
        _differ(found, f"value_{part}", before and before.offer.value, after.offer.value, part)
    return found


def _differ(
    found: dict[str, dict[str, object]], name: str, before: object, after: object, part: str | None = None
) -> None:
    old = getattr(before, part or name) if before is not None else None
    new = getattr(after, part or name)
    if old != new:
        found[name] = {"before": old, "after": new}


def _below(new: int | None, old: int | None) -> bool:
    return new is not None and (old is None or new < old)


def read_cents(text: str) -> int | None:
    """Cents from an amount of money as people type it: `4`, `4.5`, `4,50`, `1 200.00`; None where it is none."""
    plain = re.sub(r"[\s\u00a0\u202f']", "", text).translate(_WIDE)
    if not re.fullmatch(r"[0-9]{1,9}([.,][0-9]{1,2})?", plain):
        return None
    whole, _, part = plain.replace(",", ".").partition(".")
    return int(whole) * 100 + int(part.ljust(2, "0") or 0)


def show_cents(cents: int) -> str:
    """An amount as a field shows it."""
    return f"{cents // 100}.{cents % 100:02d}" if cents % 100 else str(cents // 100)


def local_text(at: float, timezone: str) -> str:
    """A time as a field of the kind `datetime-local` shows it, on the shop's clock."""
    return datetime.fromtimestamp(at, ZoneInfo(timezone)).strftime(_LOCAL)


def read_local(text: str, timezone: str) -> int | Said | None:
    """Seconds of UTC from a time on the shop's clock; None where it is no time; a sentence where the clocks skip it."""
    try:
        naive = datetime.strptime(text[:16].replace(" ", "T"), _LOCAL)  # noqa: DTZ007 - its zone comes next
    except ValueError:
        return None
    if not 2000 <= naive.year <= 2100:
        return None
    there = naive.replace(tzinfo=ZoneInfo(timezone))
    if there.astimezone(UTC).astimezone(ZoneInfo(timezone)).replace(tzinfo=None) != naive:
        return said("On that day the clocks are put forward and skip this time.")
    return int(there.timestamp())


# Digits and marks as a Chinese keyboard types them.
_WIDE = str.maketrans("０１２３４５６７８９．，。", "0123456789.,.")


def _texts(reading: _Reading, name: str, before: Text) -> Text:
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


def _value(reading: _Reading) -> Value | None:
    kind = reading.typed.get("value_kind")
    if kind == "amount":
        cents = _cents(reading, "amount", needed=True)
        return None if cents is None else Value("amount", cents=cents)
    if kind == "gift":
        cents = _cents(reading, "gift_cost", needed=False)
        return None if cents is None else Value("gift", cents=cents)
    if kind == "percent":
        text = reading.typed.get("percent").translate(_WIDE).removesuffix("%").strip()
        if not re.fullmatch(r"[0-9]{1,3}", text) or not 1 <= int(text) <= 100:
            reading.fault("percent", said("Give a whole number from 1 to 100."))
            return None
        return Value("percent", percent=int(text))
    reading.fault("value_kind", said("Choose what the coupon is worth."))
    return None


def _cents(reading: _Reading, name: str, *, needed: bool) -> int | None:
    text = reading.typed.get(name)
    if not text and not needed:
        return 0
    cents = read_cents(text)
    if cents is None or (needed and cents == 0):
        reading.fault(name, said("Give an amount of money, such as 2.50."))
        return None
    if cents > MAX_CENTS:
        reading.fault(name, said("That is more than %(amount)s.", amount=show_cents(MAX_CENTS)))
        return None
    return cents


def _time(reading: _Reading, name: str) -> int | None:
    read = read_local(reading.typed.get(name), reading.shop.timezone)
    if isinstance(read, int):
        return read
    reading.fault(name, read or said("Give a day and a time."))
    return None


def _lasts_s(reading: _Reading) -> int:
    text = reading.typed.get("lasts_days").translate(_WIDE).replace(",", ".")
    if not re.fullmatch(r"[0-9]{1,3}([.][0-9]{1,6})?", text) or not 0 < float(text) <= MAX_DAYS:
        reading.fault("lasts_days", said("Give a number of days, at most %(count)s.", count=MAX_DAYS))
        return 0
    return max(60, round(float(text) * 86_400))


def _limit(reading: _Reading, name: str) -> int | None:
    text = re.sub(r"\s", "", reading.typed.get(name)).translate(_WIDE)
    if not text:
        return None
    if not re.fullmatch(r"[0-9]{1,8}", text) or not 1 <= int(text) <= MAX_LIMIT:
        reading.fault(name, said("Give a whole number from 1 on, or leave it empty for no limit."))
        return None
    return int(text)


def _plain_number(number: float) -> str:
    return f"{number:.6f}".rstrip("0").rstrip(".")

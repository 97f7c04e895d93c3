"""What a member is asked for on their own page: each purpose and channel with its words, its state, one button."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, cast

from babel import Locale
from babel.dates import format_date

from hub.members.book import Profile
from hub.members.consent import Consents, give, withdraw
from hub.members.consent_rules import Purpose
from hub.members.doors import SITE
from hub.store.base import Store
from hub.storefront.consent_words import MESSAGES, VERSION, consent_text
from hub.storefront.languages import gettext as _
from hub.storefront.when import local_time
from hub.wire.events import ClockState
from hub.wire.fact import Medium
from hub.wire.snapshot import Shop
from hub.wire.sync_members import Fields

PAUSES: Sequence[int] = (30, 90)
"""Days for which a member can hear nothing."""

ASKED: tuple[tuple[Purpose, Medium | Literal[""]], ...] = (
    ("recognise", ""),
    ("messages", "sms"),
    ("messages", "mail"),
    ("messages", "screen"),
)
"""In the order in which they stand on the page. Notifications are asked for where the browser can show them."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One of them. `since`: the day of the yes, empty where it is no. `wants`: which field is missing for a yes to make sense."""

    purpose: Purpose
    medium: Medium | Literal[""]
    words: str
    since: str = ""
    place: str = ""
    wants: Literal["", "phone", "mail"] = ""


def asked_of(consents: Consents, fields: Fields, language: str, shop: Shop, locale: Locale) -> list[Asked]:
    """Everything that this member is asked for. A channel that has no address is asked for once there is one."""
    found = []
    for purpose, medium in ASKED:
        yes = consents.given.get((purpose, medium))
        wants: Literal["", "phone", "mail"] = ""
        if medium == "sms" and not fields.phone:
            wants = "phone"
        elif medium == "mail" and not fields.mail:
            wants = "mail"
        found.append(
            Asked(
                purpose,
                medium,
                consent_text(purpose, medium, language),
                day_of(yes.at, shop, locale) if yes is not None else "",
                "" if yes is None else _("on this site") if yes.place == SITE else yes.place,
                wants,
            )
        )
    return found


def change_consent(
    store: Store,
    profile: Profile,
    purpose: str,
    medium: str,
    *,
    yes: bool,
    language: str,
    proof: str,
    now: float,
    clock: ClockState,
) -> str:
    """Record a yes or a no; which of the page's lines says what was done, empty where nothing was asked for."""
    if purpose not in ("recognise", "messages") or (purpose == "messages") != (medium in MESSAGES):
        return ""
    known = cast("Purpose", purpose)
    channel = cast('Medium | Literal[""]', medium)
    if not yes:
        withdraw(store, profile.member, known, channel, place=SITE, proof=proof, now=now, clock=clock)
        return "taken-back"
    missing = (medium == "sms" and not profile.fields.phone) or (medium == "mail" and not profile.fields.mail)
    if missing:
        return "no-address"
    given = give(
        store,
        profile.member,
        known,
        channel,
        words=consent_text(known, channel, language),
        version=VERSION,
        language=language,
        place=SITE,
        proof=proof,
        now=now,
        clock=clock,
    )
    return "agreed" if given else ""


def day_of(at: float, shop: Shop, locale: Locale) -> str:
    """A day as the reader writes it, in the shop's time."""
    return str(format_date(local_time(at, shop).date(), "long", locale=locale))

"""The shop itself: its name, colour, clock, currency and languages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

import msgspec
from babel.dates import get_day_names
from flask import request
from werkzeug.wrappers import Response

from hub import offering
from hub.admin.office import Office, Route, back_to
from hub.sentences import Said, said
from hub.storefront.colour import read_colour
from hub.storefront.languages import NAMES, locale
from hub.typed import Typed
from hub.typed_hours import read_hours, show_hours
from hub.wire.snapshot import Shop

NAME_LONGEST, GREETING_LONGEST = 60, 80
CURRENCIES = (
    "EUR",
    "USD",
    "GBP",
    "CNY",
    "HKD",
    "TWD",
    "SGD",
    "CHF",
    "AUD",
    "CAD",
    "NZD",
    "MYR",
    "PLN",
    "SEK",
    "DKK",
    "NOK",
)


@cache
def _zones() -> tuple[str, ...]:
    return tuple(
        sorted(name for name in available_timezones() if "/" in name and not name.startswith("Etc/"))
    )


def show(office: Office) -> Response:
    """The form with what holds now."""
    return _page(office, as_typed(office.shop()), {})


def save(office: Office) -> Response:
    """Take in what was changed."""
    shop = office.shop()
    typed = {name: request.form.get(name, "").strip() for name in as_typed(shop)}
    languages = tuple(code for code in NAMES if code in request.form.getlist("languages"))
    read = read_shop(typed, languages, shop)
    if isinstance(read, dict):
        return _page(office, typed, read, languages)
    changed = {
        name: {"before": getattr(shop, name), "after": getattr(read, name)}
        for name in shop.__struct_fields__
        if getattr(shop, name) != getattr(read, name)
    }
    if changed:
        with office.store.writing():
            office.store.shop.save(read, office.now())
            office.note("shop.changed", str(shop.number), msgspec.json.encode(changed).decode(), changed)
    offering.want_two(office.store, request.form.get("four_eyes") == "yes", office.who(), office.now())
    return back_to("shop", "saved")


def as_typed(shop: Shop) -> dict[str, str]:
    """A shop as the form shows it."""
    fields = {"timezone": shop.timezone, "currency": shop.currency, "colour": shop.colour or ""}
    fields |= show_hours(shop.hours)
    for code in NAMES:
        fields[f"name_{code}"] = shop.name.get(code, "")
        fields[f"greeting_{code}"] = shop.greeting.get(code, "")
    return fields


def read_shop(typed: Mapping[str, str], languages: tuple[str, ...], shop: Shop) -> Shop | dict[str, Said]:
    """The shop that was typed, or every fault by field."""
    faults: dict[str, Said] = {}
    name, greeting = dict(shop.name), dict(shop.greeting)
    for texts, field, longest in ((name, "name", NAME_LONGEST), (greeting, "greeting", GREETING_LONGEST)):
        for code in NAMES:
            text = " ".join(typed[f"{field}_{code}"].split())
            texts.pop(code, None)
            if len(text) > longest:
                faults[f"{field}_{code}"] = said("At most %(count)s characters.", count=longest)
            elif text:
                texts[code] = text
    if not any(name.values()):
        faults["name_en"] = said("The shop needs a name.")
    if not languages:
        faults["languages"] = said("Tick at least one language.")
    try:
        ZoneInfo(typed["timezone"])
    except (ZoneInfoNotFoundError, ValueError, OSError):
        faults["timezone"] = said("This time zone is not known. Choose one from the list.")
    if not re.fullmatch("[A-Z]{3}", typed["currency"].upper()):
        faults["currency"] = said("A currency is three letters, such as EUR.")
    hours = read_hours(Typed(typed), shop.hours)
    if isinstance(hours, dict):
        faults |= hours
        hours = shop.hours
    colour = read_colour(typed["colour"])
    if typed["colour"] and colour is None:
        faults["colour"] = said("A colour is # and six digits, such as #B4541A.")
    if faults:
        return faults
    return msgspec.structs.replace(
        shop,
        name=name,
        greeting=greeting,
        languages=languages,
        timezone=typed["timezone"],
        currency=typed["currency"].upper(),
        colour=colour,
        hours=hours,
    )


def _page(
    office: Office, typed: Mapping[str, str], faults: dict[str, Said], ticked: tuple[str, ...] | None = None
) -> Response:
    return office.page(
        "shop.html",
        422 if faults else 200,
        typed=typed,
        faults=faults,
        ticked=office.shop().languages if ticked is None else ticked,
        names=NAMES,
        two=offering.wants_two(office.store),
        zones=_zones(),
        weekdays=get_day_names("wide", locale=locale()),
        currencies=sorted({*CURRENCIES, office.shop().currency}),
    )


ROUTES = (Route("/shop", "shop", show), Route("/shop", "shop_save", save, ("POST",)))

"""How a hub is reached from outside and reaches others: its public address, whether it can send text messages, whose numbers are
typed without a country's code."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hub.config import Config
from hub.up.whereabouts import country_of


def _never() -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Outward:
    """`url`: of the public site, without a slash at its end; empty where nobody said. `sends`: a text message can be sent now.
    `country`: two letters (ISO 3166-1). `site`: the public pages are shown. `hears`: text messages to the shop come in here, and
    `sender` is from which number or name its own go out."""

    url: str = ""
    sends: Callable[[], bool] = _never
    country: str = "DE"
    site: bool = True
    hears: bool = False
    sender: str = ""


NOWHERE = Outward()
"""For a hub without settings, as tests make one."""


def outward_of(config: Config, timezone: str) -> Outward:
    """As it was set; the country of a shop whose settings name none is that of its timezone."""
    sends = bool(config.modem or config.smpp_host or config.sms_url)
    country = config.country or country_of(timezone) or NOWHERE.country
    hears = bool(config.modem or config.smpp_host or config.sms_secret)
    return Outward(config.url.rstrip("/"), lambda: sends, country, config.site, hears, config.sms_sender)

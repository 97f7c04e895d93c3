"""The shopper's screen at the counter: the storefront, at arm's reach."""

from __future__ import annotations

from flask import Blueprint

from hub.storefront import create_storefront
from hub.storefront.context import ScreenSettings
from kiosk.counter import Counter
from kiosk.joining import KioskJoiner


def create_screen(counter: Counter) -> Blueprint:
    """The storefront's pages on this kiosk's desk, to be mounted at `/`."""
    config = counter.config
    settings = ScreenSettings(config.idle_s, config.warn_s, config.attract_s, config.screen_diagonal)
    return create_storefront(
        counter.desk,
        surface="kiosk",
        now=counter.clock.now,
        random=counter.random,
        name="screen",
        screen=settings,
        joiner=KioskJoiner(counter, counter.asking),
    )

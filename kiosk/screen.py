"""The shopper's screen at the counter: the storefront, at arm's reach."""

from __future__ import annotations

from flask import Blueprint

from hub.storefront import create_storefront
from kiosk.counter import Counter


def create_screen(counter: Counter) -> Blueprint:
    """The storefront's pages on this kiosk's desk, to be mounted at `/`."""
    return create_storefront(
        counter.desk, surface="kiosk", now=counter.clock.now, random=counter.random, name="screen"
    )

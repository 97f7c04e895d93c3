"""By which way somebody came to these pages: a printed code, a link on the air, a text message. It says nothing about who.

The address itself says it: `?c=poster`, `?c=beacon`, `?c=sms`, or the first letter alone where each octet counts, as in an
Eddystone-URL. It is carried from page to page, so that an offer that is opened and taken counts for that way; whoever takes it
out of the address counts as coming by link, and gets the same offer.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, has_request_context, request

from hub.storefront.languages import BARE_ENDPOINTS
from hub.wire.events import Channel

WAY = "c"
_WAYS: dict[str, Channel] = {"poster": "poster", "beacon": "beacon", "sms": "sms"}
WAYS: dict[str, Channel] = {**_WAYS, **{name[0]: way for name, way in _WAYS.items()}}
"""What may stand in the address."""


def with_way(address: str, way: Channel) -> str:
    """An address without a query, with the way by which whoever opens it comes; short, for paper, air and text messages."""
    return f"{address}?{WAY}={way[0]}"


def asked_way() -> Channel | None:
    """The way that this request's address names; None for none that is known."""
    return WAYS.get(request.args.get(WAY, "")) if has_request_context() else None


def carry_way(blueprint: Blueprint) -> None:
    """Keep the way in every link and form of a blueprint."""

    @blueprint.url_defaults
    def keep(endpoint: str, values: dict[str, Any]) -> None:
        if endpoint.rpartition(".")[2] not in BARE_ENDPOINTS and asked_way() is not None:
            values.setdefault(WAY, request.args[WAY])

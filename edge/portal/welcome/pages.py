"""The pop-up and what comes after it: in, again, out, forget; and the sign for the door."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field

from flask import Blueprint

from edge.portal.keeper import Keeper
from edge.portal.ways.entry import Ways
from edge.portal.welcome.fast import FrontPage
from hub.storefront.desk import Desk


@dataclass(frozen=True, slots=True)
class Welcome:
    """What the pages work with. `now` is seconds of UTC.

    `portal` is the name by which phones call this portal, `ssid` the network's name, both for the sign on the door;
    `venue_url` a page of the shop's own and `contact` whom to ask about privacy, both may be empty. `front` is shared with
    the server, which asks it first.
    """

    desk: Desk
    keeper: Keeper
    ways: Ways
    now: Callable[[], float]
    random: Callable[[int], bytes] = os.urandom
    portal: str = "portal.internal"
    ssid: str = ""
    venue_url: str = ""
    contact: str = ""
    front: FrontPage = field(default_factory=FrontPage)


def create_welcome(welcome: Welcome) -> Blueprint:  # noqa: ARG001
    """The portal's own pages, to be mounted at `/`, in one application with `create_storefront(..., home="/offers")`."""
    return Blueprint("welcome", __name__, template_folder="templates")

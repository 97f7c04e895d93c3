"""What all views of the storefront share: the desk, the way to an address of ours, a page that says sorry."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Response, make_response, render_template, url_for

from hub.storefront.context import PageContext
from hub.storefront.desk import Desk
from hub.storefront.headers import guard
from hub.storefront.languages import gettext as _
from hub.storefront.offers import OfferView, show_offer
from hub.wire.holdout import is_held_out, not_held_out
from hub.wire.snapshot import Campaign

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Views:
    """The base of the views of one storefront, around the node's desk."""

    context: PageContext
    random: Callable[[int], bytes]

    @property
    def desk(self) -> Desk:
        """The node's desk."""
        return self.context.desk

    def campaigns(self, now: float) -> list[Campaign]:
        """What runs now for whoever asks: without what they are to do without, for its effect to be told."""
        running = self.desk.campaigns(now)
        # Who asks is looked up only where it makes a difference: at a door it is a question to the gate.
        if not any(one.holdout_percent for one in running):
            return running
        return not_held_out(running, self.context.whose())

    def campaign(self, number: int, now: float) -> Campaign | None:
        """One of those; None where it does not run for whoever asks."""
        found = self.desk.campaign(number, now)
        if found is None or not found.holdout_percent:
            return found
        return None if is_held_out(found, self.context.whose()) else found

    def whose(self, number: int, now: float) -> str:
        """The opaque id of the member who asks for an offer, where it has a control group and they are known."""
        found = self.desk.campaign(number, now)
        return self.context.whose() if found is not None and found.holdout_percent else ""

    def url(self, endpoint: str, **values: Any) -> str:
        """An address of this storefront."""
        return url_for(f"{self.context.blueprint}.{endpoint}", **values)

    def show(self, campaign: Campaign) -> OfferView:
        """An offer for a template, with a mark that makes its button one act."""
        return show_offer(
            campaign,
            self.context.shop,
            self.context.reader,
            picture_url=lambda digest: self.url("picture", digest=digest),
            request_id=self.random(16).hex(),
            joined=self.joined(campaign),
        )

    def joined(self, campaign: Campaign) -> int | None:
        """How many have joined a group offer; None for every other offer."""
        return None if campaign.group_size is None else self.desk.joined(campaign.number) or 0

    def sorry(self, status: int, title: str, text: str) -> Response:
        """A page that says what was wrong, with a way on."""
        page = render_template("storefront/sorry.html", sorry_title=title, sorry_text=text)
        return make_response(page, status)

    def not_running(self) -> Response:
        """The page of an offer that has ended."""
        return self.sorry(
            410,
            _("This offer is over"),
            _("It is no longer running here. Perhaps one of the others is for you."),
        )

    def finish(self, response: Response) -> Response:
        """The protecting headers."""
        context = self.context
        inline = context.inline_style and response.mimetype == "text/html"
        # The screen's own script; nobody else's pages have any.
        return guard(
            response,
            style_hash=context.style.csp_hash if inline else None,
            scripts=context.surface == "kiosk",
        )

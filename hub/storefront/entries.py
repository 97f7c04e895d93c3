"""How what stands on paper leads to an offer: a short number (`/n/NUMBER`, or in the search), a GS1 Digital Link (`/01/GTIN`)."""

from __future__ import annotations

from flask import redirect, request
from flask.typing import ResponseReturnValue

from hub.storefront.languages import gettext as _
from hub.storefront.views import Views
from hub.wire.digital_link import parse, read_gtin
from hub.wire.short_number import read_short_number


def offer_of_number(views: Views, text: str) -> int | None:
    """The offer that runs here under this short number; None for any other text."""
    number = read_short_number(text[:40])
    return number if number is not None and views.campaign(number, views.context.now()) else None


class Entries:
    """The views of both."""

    def __init__(self, views: Views) -> None:
        self.views = views

    def short(self, text: str) -> ResponseReturnValue:
        """The offer with this short number."""
        number = read_short_number(text[:40])
        if number is None:
            return self.views.sorry(
                404,
                _("There is no such number"),
                _("One of its digits may be wrong. Look at it once more, or find the offer in the list."),
            )
        return self._lead_to(number)

    def digital_link(self, rest: str) -> ResponseReturnValue:  # noqa: ARG002 - the whole address is read
        """The offer for the product that this address names."""
        link = parse(request.url)
        campaigns = self.views.campaigns(self.views.context.now())
        found = next((each.number for each in campaigns if link and read_gtin(each.gtin) == link.gtin), None)
        if found is None:
            return self.views.sorry(
                404,
                _("No offer for this product"),
                _("There is none here at the moment. Perhaps one of the others is for you."),
            )
        return self._lead_to(found)

    def _lead_to(self, number: int) -> ResponseReturnValue:
        if self.views.campaign(number, self.views.context.now()) is None:
            return self.views.not_running()
        return redirect(self.views.url("offer", number=number), 303)

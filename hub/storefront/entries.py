"""How a number on paper leads to an offer: `/n/NUMBER`, and the same number in the search field."""

from __future__ import annotations

from flask import redirect
from flask.typing import ResponseReturnValue

from hub.storefront.languages import gettext as _
from hub.storefront.views import Views
from hub.wire.short_number import read_short_number

LONGEST = 300


def offer_of_number(views: Views, text: str) -> int | None:
    """The offer that runs here under this short number; None for any other text."""
    number = read_short_number(text[:40])
    return number if number is not None and views.desk.campaign(number, views.context.now()) else None


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

    def _lead_to(self, number: int) -> ResponseReturnValue:
        if self.views.desk.campaign(number, self.views.context.now()) is None:
            return self.views.not_running()
        return redirect(self.views.url("offer", number=number), 303)

"""How each number is made: every figure of `hub.figures.definitions`, one after the other, with a place to link to."""

from __future__ import annotations

from werkzeug.wrappers import Response

from hub.admin.naming import dimension_name
from hub.admin.office import Office, Route
from hub.figures.definitions import FIGURES, Family, Figure
from hub.storefront.languages import gettext


def made(office: Office) -> Response:
    """The list, by the facts that figures are summed from."""
    families = {family: [one for one in FIGURES.values() if one.family is family] for family in Family}
    return office.page(
        "figures.html",
        families=[(family_name(family), found) for family, found in families.items() if found],
        cuts_of=_cuts,
    )


def _cuts(figure: Figure) -> list[str]:
    """By what it may be cut, in the order in which dimensions are named."""
    return [dimension_name(one) for one in sorted(figure.cuts)]


def family_name(family: Family) -> str:
    """What figures of one kind of facts are called together."""
    return {
        Family.FOOTFALL: gettext("Visits to the shop"),
        Family.PRESENT: gettext("People present"),
        Family.STREET: gettext("In front of the shop"),
        Family.GUESTS: gettext("Guests of the Wi-Fi"),
        Family.OFFERS: gettext("Offers and coupons"),
        Family.PURCHASES: gettext("Purchases"),
        Family.MEMBERS: gettext("Members"),
    }[family]


ROUTES = (Route("/figures", "figures", made),)

"""The chain: how this shop stands with head office; at head office, how its shops stand, and the offers for all of them."""

from __future__ import annotations

from flask import abort, request
from werkzeug.wrappers import Response

from hub.admin.guard import needs
from hub.admin.office import Office, Route, back_to
from hub.changing import turned
from hub.client.enrolling import EnrolError
from hub.devices import PAIRING_S, open_pairing
from hub.health import SILENT_AFTER_S
from hub.roles import Right
from hub.store.records import CampaignRecord
from hub.storefront.languages import gettext
from hub.upstream.joining import join, leave
from hub.upstream.offering import cannot_be_of_chain, chain_offers, for_the_chain
from hub.upstream.standing import shops_below, standing_with_head_office

LONGEST_URL = 300


def chain(office: Office) -> Response:
    """Both ends, as far as this hub has them."""
    return _page(office)


@needs(Right.DEVICE)
def pair(office: Office) -> Response:
    """A code with which the hub of one shop joins here; shown once, and kept nowhere."""
    until = office.now() + PAIRING_S
    code = open_pairing(office.store, office.key, "hub", office.now())
    office.note("device.pairing_opened", "hub", changes=turned("until", None, until))
    return _page(office, pairing=str(code), until=until)


@needs(Right.SHOP)
def join_above(office: Office) -> Response:
    """Join head office, or say why not."""
    if office.folder is None:
        return abort(404)
    typed = {name: request.form.get(name, "").strip()[:LONGEST_URL] for name in ("url", "code")}
    try:
        join(office.store, office.folder, typed["url"], typed["code"], office.now(), office.who())
    except EnrolError as wrong:
        return _page(office, typed=typed, against=str(wrong))
    return back_to("chain", "chain-joined")


@needs(Right.SHOP)
def leave_above(office: Office) -> Response:
    """Stand alone again."""
    if office.folder is None:
        return abort(404)
    leave(office.store, office.folder, office.now(), office.who())
    return back_to("chain", "chain-left")


@needs(Right.CAMPAIGN_EDIT)
def offer(office: Office) -> Response:
    """A draft for all shops, like one of head office's own offers."""
    record = office.store.campaigns.get(request.form.get("number", 0, type=int))
    if record is None:
        return abort(404)
    made = for_the_chain(office.store, record, office.now(), office.who())
    if isinstance(made, CampaignRecord):
        return back_to("edit", "chain-offer", number=made.number)
    return _page(office, against=_why_not(made))


def _page(office: Office, **values: object) -> Response:
    store = office.store
    shops = shops_below(store)
    offers = chain_offers(store)
    of_chain = {one.campaign.number for one in offers}
    own = [
        one
        for one in store.campaigns.all()
        if one.campaign.number not in of_chain
        and one.state != "ended"
        and cannot_be_of_chain(one.campaign) is None
    ]
    above = standing_with_head_office(store, office.folder) if office.folder is not None else None
    shown: dict[str, object] = {
        "above": above,
        "can_join": office.folder is not None and above is None and not shops,
        "shops": shops,
        "offers": offers,
        "own": own,
        "silent_after_s": SILENT_AFTER_S,
        "now": office.now(),
        "pairing": None,
        "typed": {},
        "against": "",
    }
    status = 422 if values.get("against") else 200
    return office.page("chain.html", status, **{**shown, **values})


def _why_not(code: str) -> str:
    sentences = {
        "rotating": gettext(
            "A coupon whose QR changes works only where head office is reached. Make it one that stays."
        ),
        "group": gettext("An offer that needs enough people works in one shop only, which counts them."),
        "next_visit": gettext("An offer that gives another one with the receipt works in one shop only."),
    }
    return sentences.get(code, gettext("Somebody else changed it just now. Open the page again."))


ROUTES = (
    Route("/chain", "chain", chain),
    Route("/chain/code", "chain_pair", pair, ("POST",)),
    Route("/chain/join", "chain_join", join_above, ("POST",)),
    Route("/chain/leave", "chain_leave", leave_above, ("POST",)),
    Route("/chain/offer", "chain_offer", offer, ("POST",)),
)

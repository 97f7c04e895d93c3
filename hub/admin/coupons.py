"""Coupons: look one up, the list of redemptions, and coupons that were accepted twice with what that cost."""

from __future__ import annotations

from flask import request
from werkzeug.wrappers import Response

from hub.admin.office import Office, Route
from hub.admin.period import read_period
from hub.store.records import LedgerCoupon
from hub.storefront.languages import language
from hub.wire.coupon import BadToken, read_code, read_token, show_code
from hub.wire.refusals import sentence
from hub.wire.snapshot import say

PAGE = 50
LONGEST_QUERY = 400


def coupons(office: Office) -> Response:
    """Redemptions of a period, or what became of the one coupon that is asked for."""
    query = request.args.get("q", "").strip()[:LONGEST_QUERY]
    if query:
        serial = find(office, query)
        return _one(office, query, serial)
    period = read_period(request.args, office.shop(), office.now())
    campaign = request.args.get("offer", type=int)
    skip = max(0, request.args.get("skip", 0, type=int))
    acts = office.store.counter.acts(
        period.first_at, period.end_at, campaign=campaign, limit=PAGE + 1, skip=skip
    )
    return office.page(
        "coupons.html",
        query="",
        period=period,
        offer=campaign,
        acts=acts[:PAGE],
        skip=skip,
        more=len(acts) > PAGE,
        page_size=PAGE,
        titles=titles(office),
        staff=staff_names(office),
        tills=till_names(office),
        conflicts=office.store.counter.conflicts(),
    )


def find(office: Office, query: str) -> str | None:
    """The serial that a code, a scanned token or a serial stands for; None where it stands for none that is known."""
    try:
        token = read_token(query)
    except BadToken:
        return None
    if token is not None:
        return token.coupon.serial
    plain = "".join(query.split()).lower()
    if len(plain) == 16 and set(plain) <= set("0123456789abcdef"):
        known: LedgerCoupon | None = office.store.ledger.coupon(plain)
        return plain if known or office.store.counter.acts_of(plain) else None
    code = read_code(query)
    coupon = office.store.ledger.coupon_by_code(code) if code else None
    return coupon.serial if coupon else None


def titles(office: Office) -> dict[int, str]:
    """What each offer is called, for this reader."""
    return {
        record.number: say(record.campaign.offer.title, language()) for record in office.store.campaigns.all()
    }


def staff_names(office: Office) -> dict[str, str]:
    """Who stands behind each id."""
    return {member.id: member.name for member in office.store.people.staff()}


def till_names(office: Office) -> dict[str, str]:
    """What each till is called by people, where it goes by the name of its device."""
    return {device.device: device.name for device in office.store.devices.all()}


def _one(office: Office, query: str, serial: str | None) -> Response:
    coupon = office.store.ledger.coupon(serial) if serial else None
    acts = office.store.counter.acts_of(serial) if serial else []
    refused = office.store.counter.refusals_of(serial) if serial else []
    found = bool(coupon or acts or refused)
    spoken = language()
    return office.page(
        "coupon.html",
        200 if found else 404,
        query=query,
        serial=serial,
        coupon=coupon,
        code=show_code(coupon.code) if coupon else None,
        acts=acts,
        refused=[(one, sentence(one.refusal, spoken)) for one in refused],
        flags={act.nonce: sentence(act.flag, spoken) for act in acts if act.flag},
        revoked=bool(serial and office.store.ledger.is_revoked(serial)),
        found=found,
        titles=titles(office),
        staff=staff_names(office),
        tills=till_names(office),
    )


ROUTES = (Route("/coupons", "coupons", coupons),)

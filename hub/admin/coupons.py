"""Coupons: redemptions of a period, what was taken back, what is held, and what was accepted twice with what that cost."""

from __future__ import annotations

from dataclasses import dataclass

from flask import request
from werkzeug.wrappers import Response

from hub.admin.coupon import one_coupon
from hub.admin.names import staff_names, till_names, titles
from hub.admin.office import Office, Route
from hub.admin.period import read_period
from hub.store.records import Conflict

PAGE = 50
LONGEST_QUERY = 2_000
"""A GS1 Digital Link with a whole token in it is long."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What the conflicts of one offer cost, those that were settled by a reversal left out."""

    campaign: int
    count: int
    cents: int


def coupons(office: Office) -> Response:
    """Redemptions of a period, or what became of the one coupon that is asked for."""
    query = request.args.get("q", "").strip()[:LONGEST_QUERY]
    if query:
        return one_coupon(office, query)
    period = read_period(request.args, office.shop(), office.now())
    campaign = request.args.get("offer", type=int)
    skip = max(0, request.args.get("skip", 0, type=int))
    who, member = request.args.get("staff", "")[:40], request.args.get("member", "")[:40]
    if who:
        acts = office.store.watch.acts_by(
            who, member, period.first_at, period.end_at, limit=PAGE + 1, skip=skip
        )
    else:
        acts = office.store.counter.acts(
            period.first_at, period.end_at, campaign=campaign, limit=PAGE + 1, skip=skip
        )
    keep = {name: value for name, value in (("offer", campaign), ("staff", who), ("member", member)) if value}
    conflicts = office.store.counter.conflicts()
    return office.page(
        "coupons.html",
        query="",
        period=period,
        offer=None if who else campaign,
        who=who,
        member=member,
        keep=keep,
        acts=acts[:PAGE],
        skip=skip,
        more=len(acts) > PAGE,
        page_size=PAGE,
        titles=titles(office),
        staff=staff_names(office),
        tills=till_names(office),
        conflicts=conflicts,
        costs=costs(conflicts),
        reversals=office.store.counter.reversals(period.first_at, period.end_at, limit=PAGE),
        held=office.store.counter.held(office.now()),
    )


def costs(conflicts: list[Conflict]) -> list[Cost]:
    """What is still to be paid for, by offer, the dearest first."""
    by_campaign: dict[int, list[int]] = {}
    for one in conflicts:
        if one.settled_at is None:
            by_campaign.setdefault(one.campaign, []).append(one.cost_cents)
    found = [Cost(campaign, len(cents), sum(cents)) for campaign, cents in by_campaign.items()]
    return sorted(found, key=lambda cost: (-cost.cents, cost.campaign))


ROUTES = (Route("/coupons", "coupons", coupons),)

"""What other programs ask about offers and coupons."""

from __future__ import annotations

import secrets
from typing import Any

from hub import offering
from hub.histories import history
from hub.outside.asking import Call, Refused, missing, page_from, told
from hub.outside.shapes import (
    CampaignPage,
    CampaignShown,
    ChangedTerms,
    CouponMoment,
    CouponShown,
    CouponTaken,
    CouponWanted,
    Paging,
    Terms,
    Turn,
    Why,
)
from hub.promises import faults_of
from hub.roles import Right
from hub.store.records import CampaignRecord
from hub.upstream.offering import cannot_be_of_chain
from hub.wire.refusals import sentence
from hub.wire.rules import Refused as NotGood
from hub.wire.snapshot import Campaign, Offer

_TEXTS = ("title", "text", "small_print", "keywords")
_TERMS = tuple(name for name in Terms.__struct_fields__ if name not in (*_TEXTS, "value", "for_chain"))


def campaigns(call: Call) -> CampaignPage:
    """Offers by their numbers."""
    query: Paging = call.query
    after = page_from(query.cursor)
    rest = [record for record in call.store.campaigns.all() if record.number > after]
    rest.sort(key=lambda record: record.number)
    some = rest[: query.limit]
    return CampaignPage(
        [_shown(one) for one in some], str(some[-1].number) if len(rest) > len(some) else None
    )


def campaign(call: Call) -> CampaignShown:
    """One offer."""
    return _shown(_record(call))


def draft(call: Call) -> CampaignShown:
    """A new offer as a draft."""
    terms: Terms = call.body
    with call.store.writing():
        free = call.store.chain.free_offer if terms.for_chain else call.store.campaigns.free_number
        made = _campaign(call, terms, free(), None)
        against = cannot_be_of_chain(made) if terms.for_chain else None
        if against is not None:
            raise Refused(409, against, "An offer for all shops cannot need what only one place can know.")
        kept = told(offering.keep(call.store, None, made, "draft", call.who, call.now))
    assert isinstance(kept, CampaignRecord)  # noqa: S101 - `told` has let nothing else through
    return _shown(kept)


def change(call: Call) -> CampaignShown:
    """Other terms of an offer."""
    asked: ChangedTerms = call.body
    with call.store.writing():
        before = _record(call)
        if before.state == "ended":
            raise Refused(409, "cannot", str(offering.OVER))
        publisher = Right.CAMPAIGN_PUBLISH in call.rights
        told(offering.not_alone(call.store, before, publisher=publisher, publish=False))
        if before.version != asked.version:
            raise Refused(409, "changed_since", str(offering.SOMEBODY_FASTER))
        made = _campaign(call, asked.terms, before.number, before.campaign)
        kept = told(
            offering.keep(call.store, before, made, before.state, call.who, call.now, expect=asked.version)
        )
    assert isinstance(kept, CampaignRecord)  # noqa: S101 - `told` has let nothing else through
    return _shown(kept)


def turn(call: Call) -> CampaignShown:
    """Publish an offer, pause it, end it."""
    asked: Turn = call.body
    record = _record(call)
    told(offering.turn(call.store, record.number, asked.action, call.who, call.now))
    return _shown(_record(call))


def take(call: Call) -> CouponTaken:
    """A coupon, as a shopper takes one."""
    asked: CouponWanted = call.body
    record = call.store.campaigns.get(asked.campaign)
    if record is None:
        raise missing(f"offer {asked.campaign}")
    if call.hub.issue is None or call.store.shop.number != call.hub.store.shop.number:
        raise Refused(409, "not_at_this_hub", "Coupons of this shop are handed out by its own hub.")
    request = f"api-{call.key.id}-{call.request or secrets.token_hex(12)}"
    issued = call.hub.issue(asked.campaign, request, call.now, asked.member)
    if isinstance(issued, NotGood):
        raise Refused(409, issued.refusal.value, sentence(issued.refusal, "en"))
    coupon = issued.coupon
    return CouponTaken(coupon.serial, coupon.campaign, issued.token, issued.code, coupon.expires_at)


def coupon(call: Call) -> CouponShown:
    """What became of a coupon."""
    serial = str(call.path["serial"])
    found = history(call.store, serial, call.now)
    if found is None:
        raise missing("coupon of that number")
    known = found.coupon
    return CouponShown(
        serial,
        found.state,
        known.campaign if known else None,
        known.issued_at if known else None,
        known.expires_at if known else None,
        known.member if known else "",
        found.balance_cents,
        [
            CouponMoment(one.at, one.kind, one.till, one.who, one.value_cents, one.reason, one.offline)
            for one in found.moments
        ],
    )


def call_back(call: Call) -> CouponShown:
    """Let a coupon be good no more."""
    asked: Why = call.body
    serial = str(call.path["serial"])
    coupon(call)
    with call.store.writing():
        if call.store.campaigns.revoke(serial, call.now, call.who, asked.reason):
            call.note("coupon.called_back", serial)
    return coupon(call)


def _record(call: Call) -> CampaignRecord:
    record = call.store.campaigns.get(int(call.path["number"]))
    if record is None:
        raise missing(f"offer {call.path['number']}")
    return record


def _campaign(call: Call, terms: Terms, number: int, before: Campaign | None) -> Campaign:
    """The offer that these terms make. A picture and words on the air are the office's: they stay as they are."""
    offer = Offer(
        **{name: getattr(terms, name) for name in _TEXTS},
        value=terms.value,
        picture=before.offer.picture if before else None,
        picture_alt=before.offer.picture_alt if before else {},
    )
    made = Campaign(
        number,
        offer,
        air=before.air if before else None,
        **_terms(terms, before),
    )
    faults = faults_of(made, {record.number for record in call.store.campaigns.all()})
    if not terms.title:
        raise Refused(
            422, "faults", "The offer needs a title.", {"title": "Give a title in one language at least."}
        )
    if faults:
        raise Refused(422, "faults", str(next(iter(faults.values()))), faults)
    return made


def _terms(terms: Terms, before: Campaign | None) -> dict[str, Any]:
    """The terms by name. A program that does not name the control group leaves it as it is."""
    found = {name: getattr(terms, name) for name in _TERMS}
    if terms.holdout_percent is None:
        found["holdout_percent"] = before.holdout_percent if before else 0
    if terms.audience is None:
        found["audience"] = before.audience if before else ()
    else:
        found["audience"] = tuple(dict.fromkeys(terms.audience))
    found["holdout_salt"] = before.holdout_salt if before else ""
    return found


def _shown(record: CampaignRecord) -> CampaignShown:
    made = record.campaign
    return CampaignShown(
        record.number,
        record.state,
        record.version,
        record.made_at,
        record.changed_at,
        record.published_at,
        **{name: getattr(made.offer, name) for name in (*_TEXTS, "value")},
        **{name: getattr(made, name) for name in _TERMS},
    )

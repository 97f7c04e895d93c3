"""Writes down what was decided about a scan: verdict, use, fact, right and picture, in the caller's one transaction."""

from __future__ import annotations

import sqlite3
from typing import Literal

from hub.client.issued import mark_balance, mark_used
from hub.client.rights import spend
from hub.wire.coupon import Coupon
from hub.wire.events import CouponRedeemed, CouponRefused
from hub.wire.refusals import Refusal
from hub.wire.rules import Accepted, Decision, FirstUse, Refused
from hub.wire.sync import RedeemReply
from kiosk.buying import purchase_of
from kiosk.facts import Claim, is_limited, judge_picture, keep_picture
from kiosk.means import Means
from kiosk.store import keep_verdict
from kiosk.store_acts import OwnAct, Use, act_of, drop_hold, keep_act, keep_use, use_of
from kiosk.store_open import Question
from kiosk.verdicts import Scan, Verdict

WORTH_ANOTHER_TRY = frozenset(
    {
        Refusal.BASKET_NEEDED,
        Refusal.BASKET_TOO_SMALL,
        Refusal.PRODUCTS_NEEDED,
        Refusal.PRODUCT_MISSING,
        Refusal.MEMBER_NEEDED,
        Refusal.NOT_FOR_THIS_MEMBER,
        Refusal.CODE_TOO_OLD,
        Refusal.CONDITION_UNMET,
        Refusal.AMOUNT_NEEDED,
        Refusal.BALANCE_TOO_SMALL,
        Refusal.RESERVED,
        Refusal.HUB_UNREACHABLE,
        Refusal.CODE_NEEDS_HUB,
        Refusal.NO_RIGHTS_LEFT,
        Refusal.CLOCK_UNSET,
        Refusal.UNKNOWN_CAMPAIGN,
    }
)
"""Refusals after which the same coupon may be good in a moment: the till keeps what was scanned, so that nobody scans twice."""


def record_hubs(
    conn: sqlite3.Connection, means: Means, scan: Scan, asked: Question, reply: RedeemReply, claim: Claim
) -> Verdict:
    """Keep what the hub decided. Its own journal has the fact, so none is written here."""
    now = means.clock.now()
    first: FirstUse | None = None
    refusal: str | None = None
    if not reply.accepted:
        refusal = reply.refusal or Refusal.UNKNOWN_COUPON
        if reply.at is not None:
            first = FirstUse(reply.at, reply.till or "", reply.staff or "", "")
            if refusal == Refusal.ALREADY_REDEEMED and reply.serial and reply.campaign:
                use = Use(reply.serial, reply.campaign, first, "learnt")
                keep_use(conn, use, 0, None)
                mark_used(conn, reply.serial, first.at)
    else:
        first = keep_hubs_yes(conn, means, scan.nonce, asked, reply)
        refusal = Refusal.ALREADY_REDEEMED if first is not None else None
        drop_hold(conn, asked.request.reservation)
    judged = judge_picture(conn, means, claim)
    keep_picture(conn, claim, judged, now, accepted=refusal is None)
    verdict = make_verdict(
        scan,
        now,
        coupon=(reply.serial, reply.campaign),
        refusal=refusal,
        first_use=first,
        value_cents=reply.value_cents if refusal is None else 0,
        balance_cents=reply.balance_cents,
        act=asked.nonce if refusal is None else "",
    )
    keep_verdict(conn, verdict)
    return verdict


def keep_hubs_yes(
    conn: sqlite3.Connection, means: Means, verdict: str, asked: Question, reply: RedeemReply
) -> FirstUse | None:
    """Keep an acceptance by the hub; None, or the use that stands in its way.

    That is so where two scans met in one question, or one was decided here meanwhile: the first that was recorded has it.
    """
    serial, campaign = reply.serial or "", reply.campaign or 0
    staff = asked.request.staff or reply.staff or ""
    at = reply.at or means.clock.now()
    use = use_of(conn, serial)
    if use is not None and use.decided_by == "till":
        return use.first
    act = OwnAct(
        asked.nonce,
        verdict,
        serial,
        campaign,
        at,
        staff,
        asked.request.member,
        reply.value_cents,
        asked.request.basket_cents,
        reply.balance_cents,
        "hub",
    )
    if not keep_act(conn, act):
        before = act_of(conn, asked.nonce)
        return FirstUse(before.at if before else at, means.node.name, staff, asked.nonce)
    if reply.right_spent:
        spend(conn, campaign, "accept", at_least=means.shelf.right(campaign).accepted)
    if reply.balance_cents is not None:
        mark_balance(conn, serial, reply.balance_cents)
        return None
    here = Use(serial, campaign, FirstUse(at, means.node.name, staff, asked.nonce), "hub")
    keep_use(conn, here, reply.value_cents, asked.request.basket_cents)
    mark_used(conn, serial, at)
    return None


def record_here(
    conn: sqlite3.Connection,
    means: Means,
    scan: Scan,
    act: str,
    decision: Decision,
    coupon: Coupon | None,
    *,
    offline: bool,
    sent: bool = False,
) -> Verdict:
    """Write what was decided here, the fact that reports it, and the right that it spends.

    `act` is the nonce under which the hub may have been asked; `sent`: whether it may have heard that.
    """
    value_cents, balance, first, refusal = 0, None, None, None
    if isinstance(decision, Accepted) and coupon is not None:
        value_cents, balance = decision.value_cents, decision.balance_cents
        at = _accept(conn, means, scan, act, coupon, decision, sent=sent)
    else:
        refused = decision if isinstance(decision, Refused) else Refused(Refusal.UNKNOWN_COUPON)
        refusal, first = refused.refusal, refused.first_use
        at = _refuse(conn, means, scan, refusal, coupon, offline=offline)
    verdict = make_verdict(
        scan,
        at,
        coupon=(coupon.serial, coupon.campaign) if coupon else (None, None),
        refusal=refusal,
        first_use=first,
        value_cents=value_cents,
        balance_cents=balance,
        decided_by="till",
        offline=offline,
        act=act if refusal is None else "",
    )
    keep_verdict(conn, verdict)
    return verdict


def _accept(
    conn: sqlite3.Connection,
    means: Means,
    scan: Scan,
    act: str,
    coupon: Coupon,
    accepted: Accepted,
    *,
    sent: bool,
) -> float:
    till, campaign = means.node.name, coupon.campaign
    fact = CouponRedeemed(
        serial=coupon.serial,
        campaign=campaign,
        nonce=act,
        till=till,
        staff=scan.staff,
        value_cents=accepted.value_cents,
        basket_cents=scan.basket_cents,
        offline=True,
        member=scan.member,
        balance_cents=accepted.balance_cents,
        purchase=purchase_of(means.node.device, act),
    )
    at = means.outbox.put(conn, fact, means.clock.now()).at
    # The hub may have said yes and used up a right for it, and counts this one as well.
    count = 2 if sent and is_limited(means.shelf.campaign(campaign)) else 1
    spend(conn, campaign, "accept", count=count, at_least=means.shelf.right(campaign).accepted)
    own = OwnAct(
        act,
        scan.nonce,
        coupon.serial,
        campaign,
        at,
        scan.staff,
        scan.member,
        accepted.value_cents,
        scan.basket_cents,
        accepted.balance_cents,
        "till",
    )
    keep_act(conn, own)
    use = Use(coupon.serial, campaign, FirstUse(at, till, scan.staff, act), "till")
    keep_use(conn, use, accepted.value_cents, scan.basket_cents)
    mark_used(conn, coupon.serial, at)
    return at


def _refuse(
    conn: sqlite3.Connection,
    means: Means,
    scan: Scan,
    refusal: Refusal,
    coupon: Coupon | None,
    *,
    offline: bool,
) -> float:
    fact = CouponRefused(
        refusal=refusal,
        nonce=scan.nonce,
        till=means.node.name,
        staff=scan.staff,
        serial=coupon.serial if coupon else None,
        campaign=coupon.campaign if coupon else None,
        offline=offline,
    )
    return means.outbox.put(conn, fact, means.clock.now()).at


def make_verdict(
    scan: Scan,
    at: float,
    *,
    coupon: tuple[str | None, int | None] = (None, None),
    refusal: str | None,
    first_use: FirstUse | None = None,
    value_cents: int = 0,
    balance_cents: int | None = None,
    decided_by: Literal["hub", "till"] = "hub",
    offline: bool = False,
    sentence: str | None = None,
    act: str = "",
) -> Verdict:
    """What is said to this scan."""
    serial, campaign = coupon
    return Verdict(
        nonce=scan.nonce,
        at=at,
        accepted=refusal is None,
        decided_by=decided_by,
        staff=scan.staff,
        refusal=refusal,
        serial=serial,
        campaign=campaign,
        value_cents=value_cents,
        basket_cents=scan.basket_cents,
        offline=offline,
        first_use=first_use,
        sentence=sentence,
        text=scan.text if refusal in WORTH_ANOTHER_TRY else None,
        act=act,
        member=scan.member,
        balance_cents=balance_cents,
        training=scan.training,
    )

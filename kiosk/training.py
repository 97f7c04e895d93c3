"""Training: the same rule is asked and a verdict is shown, marked so, and nothing comes of it.

No use, no fact, no right, no question to the hub under the scan's nonce: the hub is only asked how the coupon stands.
"""

from __future__ import annotations

import sqlite3
from dataclasses import replace

from hub.client.db import writing
from hub.wire.coupon import Coupon
from hub.wire.refusals import Refusal
from hub.wire.rules import Accepted, Decision, Facts, FirstUse, Refused, decide
from hub.wire.sync import Found, LookReply, LookRequest, Problem
from kiosk.facts import Claim, claim_of, facts_here, judge_picture
from kiosk.means import Means
from kiosk.recording import make_verdict
from kiosk.scans import ScannedCode, ScannedToken, Unreadable, read_scan
from kiosk.store import keep_verdict, verdict_of
from kiosk.verdicts import Scan, Verdict


def rehearse(means: Means, scan: Scan) -> Verdict:
    """What would be said to this scan now. Raises only StorageError."""
    scanned = read_scan(scan.text)
    answer: LookReply | Problem | None = None
    if not isinstance(scanned, Unreadable):
        answer = means.line.look(LookRequest(scanned.text))
    with writing(means.store.pool.here()) as conn:
        before = verdict_of(conn, scan.nonce)
        if before is not None:
            return before
        verdict = _say(conn, means, scan, scanned, answer)
        keep_verdict(conn, verdict)
        return verdict


def _say(
    conn: sqlite3.Connection,
    means: Means,
    scan: Scan,
    scanned: ScannedToken | ScannedCode | Unreadable,
    answer: LookReply | Problem | None,
) -> Verdict:
    now = means.clock.now()
    if isinstance(scanned, Unreadable):
        return make_verdict(scan, now, refusal=scanned.refusal, decided_by="till")
    if isinstance(answer, Problem):
        return make_verdict(scan, now, refusal=answer.code, sentence=answer.sentence)
    claim = claim_of(means, scanned)
    found = answer.found[0] if answer is not None and answer.found else None
    coupon = claim.coupon or (_coupon_of(means, found) if found is not None else None)
    refusal = answer.refusal if answer is not None else None
    if refusal is not None and not claim.known:
        return make_verdict(scan, now, refusal=refusal)
    offline = answer is None
    decision = _decide(conn, means, scan, claim, coupon, found, offline=offline)
    value, balance, refused, first = 0, None, None, None
    if isinstance(decision, Accepted):
        value, balance = decision.value_cents, decision.balance_cents
    else:
        refused, first = decision.refusal, decision.first_use
    return make_verdict(
        scan,
        now,
        coupon=(coupon.serial, coupon.campaign) if coupon is not None else (None, None),
        refusal=refused,
        first_use=first,
        value_cents=value,
        balance_cents=balance,
        decided_by="till",
        offline=offline,
    )


def _coupon_of(means: Means, found: Found) -> Coupon:
    return Coupon(0, means.node.shop, found.campaign, found.serial, found.expires_at)


def _decide(
    conn: sqlite3.Connection,
    means: Means,
    scan: Scan,
    claim: Claim,
    coupon: Coupon | None,
    found: Found | None,
    *,
    offline: bool,
) -> Decision:
    if coupon is None:
        return Refused(Refusal.CODE_NEEDS_HUB)
    if means.shelf.made_at() is None:
        return Refused(Refusal.HUB_UNREACHABLE)
    facts = facts_here(conn, means, claim, coupon, scan, judge_picture(conn, means, claim))
    return decide(coupon, facts if offline else _with_hubs(facts, found))


def _with_hubs(facts: Facts, found: Found | None) -> Facts:
    """The facts as the hub would have them, as far as it tells when it is only asked how a coupon stands."""
    in_doubt = replace(facts.cut_off, rights_left=1) if facts.cut_off is not None else None
    known = in_doubt is None or in_doubt.clock_known
    facts = replace(facts, cut_off=None if known else in_doubt, segments=frozenset())
    if found is None:
        return facts
    facts = replace(facts, known=True, revoked=found.state == "revoked", reserved=found.state == "reserved")
    if found.issued_at:
        facts = replace(facts, issued_at=found.issued_at)
    campaign = facts.campaign
    if campaign is not None and campaign.offer.value.kind == "voucher":
        spent = campaign.offer.value.cents - found.balance_cents if found.balance_cents is not None else 0
        return replace(facts, first_use=None, spent_cents=max(0, spent))
    if found.state != "redeemed" or found.at is None:
        return replace(facts, first_use=None) if found.state != "redeemed" else facts
    return replace(facts, first_use=FirstUse(found.at, found.till or "", found.staff or "", ""))

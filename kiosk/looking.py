"""Looks coupons and members up, holds coupons for a purchase: the hub knows, the till knows some of it and says so."""

from __future__ import annotations

from hub.client.db import writing
from hub.client.issued import by_code, by_serial
from hub.wire.coupon import Issued
from hub.wire.refusals import Refusal
from hub.wire.sync import Found, LookRequest, Problem, Released, ReleaseRequest, ReserveRequest
from kiosk.facts import claim_of
from kiosk.means import Means
from kiosk.scans import LONGEST, ScannedToken, Unreadable, read_scan
from kiosk.store_acts import OwnAct, acts_of_coupon, acts_of_member, drop_hold, keep_hold, use_of
from kiosk.verdicts import Hold, Looked, Scan

MOST_FOUND = 20


def look(means: Means, text: str) -> Looked:
    """What became of a coupon, or what a member used last. The hub first; else what this till knows."""
    text = text.strip()[:LONGEST]
    if not text:
        return Looked(refusal=Refusal.BAD_CODE.value)
    scanned = read_scan(text)
    # A link on a printed QR is looked up by what it ends in; whatever is neither token nor code may be a member's id.
    asked = text if isinstance(scanned, Unreadable) else scanned.text
    answer = means.line.look(LookRequest(asked))
    if isinstance(answer, Problem):
        return Looked(refusal=answer.code, sentence=answer.sentence)
    if answer is not None:
        return Looked(answer.found, answer.refusal)
    conn = means.store.pool.here().conn
    if isinstance(scanned, Unreadable):
        acts = acts_of_member(conn, asked, MOST_FOUND)
        found = tuple(_of_act(means, act) for act in acts)
        return Looked(found, None if found else Refusal.HUB_UNREACHABLE.value, from_hub=False)
    known = _known_here(means, scanned.text, scanned if isinstance(scanned, ScannedToken) else None)
    if known is None:
        refusal = Refusal.HUB_UNREACHABLE if isinstance(scanned, ScannedToken) else Refusal.CODE_NEEDS_HUB
        return Looked((), refusal.value, from_hub=False)
    return Looked((known,), from_hub=False)


def _known_here(means: Means, text: str, token: ScannedToken | None) -> Found | None:
    """One coupon, as far as this till knows it; None where it never met it."""
    conn = means.store.pool.here().conn
    if token is not None:
        coupon, issued = token.token.coupon, by_serial(conn, token.token.coupon.serial)
        if not claim_of(means, token).vouched:
            return None
    else:
        issued = by_code(conn, text)
        if issued is None:
            return None
        coupon = issued.coupon
    state: str = "open"
    if means.shelf.is_revoked(coupon, issued.issued_at if issued else None):
        state = "revoked"
    elif means.clock.now() >= coupon.expires_at:
        state = "expired"
    found = Found(
        serial=coupon.serial,
        campaign=coupon.campaign,
        code=issued.code if issued else "",
        issued_at=issued.issued_at if issued else 0.0,
        expires_at=coupon.expires_at,
        state=state,  # type: ignore[arg-type]  # one of the words just above
    )
    use, acts = use_of(conn, coupon.serial), acts_of_coupon(conn, coupon.serial)
    if use is not None:
        value = next((act.value_cents for act in acts if act.nonce == use.first.nonce), 0)
        return _with(found, "redeemed", use.first.at, use.first.till, use.first.staff, value)
    if acts:
        act = acts[0]
        word = "reversed" if act.reversed_at is not None else "open" if act.balance_cents else "redeemed"
        at = act.reversed_at or act.at
        return _with(found, word, at, means.node.name, act.staff, act.value_cents, act.balance_cents)
    return found if issued is not None or state != "open" else None


def _of_act(means: Means, act: OwnAct) -> Found:
    issued: Issued | None = by_serial(means.store.pool.here().conn, act.serial)
    found = Found(
        serial=act.serial,
        campaign=act.campaign,
        code=issued.code if issued else "",
        issued_at=issued.issued_at if issued else 0.0,
        expires_at=issued.coupon.expires_at if issued else 0,
        state="open",
    )
    state = "reversed" if act.reversed_at is not None else "redeemed"
    at = act.reversed_at or act.at
    return _with(found, state, at, means.node.name, act.staff, act.value_cents, act.balance_cents)


def _with(
    found: Found,
    state: str,
    at: float,
    till: str,
    staff: str,
    value_cents: int,
    balance_cents: int | None = None,
) -> Found:
    return Found(
        found.serial,
        found.campaign,
        found.code,
        found.issued_at,
        found.expires_at,
        state,  # type: ignore[arg-type]  # the callers' words are those of Found
        at,
        till,
        staff,
        value_cents,
        balance_cents,
    )


def reserve(means: Means, scan: Scan, lasts_s: int) -> Hold:
    """Hold a coupon for one purchase. Only the hub can: a till that is cut off says so."""
    scanned = read_scan(scan.text)
    if isinstance(scanned, Unreadable):
        return Hold(scan.nonce, held=False, refusal=scanned.refusal.value)
    claim = claim_of(means, scanned)
    request = ReserveRequest(
        nonce=scan.nonce,
        text=claim.text,
        till=means.node.name,
        staff=scan.staff,
        lasts_s=max(5, min(lasts_s, 900)),
        basket_cents=scan.basket_cents,
        amount_cents=scan.amount_cents,
        products=scan.products,
        member=scan.member,
    )
    answer = means.line.reserve(request)
    if answer is None:
        return Hold(scan.nonce, held=False, refusal=Refusal.HUB_UNREACHABLE.value)
    if isinstance(answer, Problem):
        return Hold(scan.nonce, held=False, refusal=answer.code, sentence=answer.sentence)
    if answer.held and answer.serial is not None and answer.until is not None:
        with writing(means.store.pool.here()) as conn:
            keep_hold(conn, scan.nonce, answer.serial, answer.until)
    return Hold(
        scan.nonce,
        answer.held,
        answer.refusal,
        answer.serial,
        answer.campaign,
        answer.value_cents,
        answer.until,
    )


def release(means: Means, nonce: str) -> bool:
    """Give a hold up. Where the hub does not answer it ends by itself, a few minutes later."""
    answer = means.line.release(ReleaseRequest(nonce))
    with writing(means.store.pool.here()) as conn:
        drop_hold(conn, nonce)
    return isinstance(answer, Released)

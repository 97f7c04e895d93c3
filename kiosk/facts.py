"""Gathers what a till knows of a coupon, for the one rule: from what was scanned, its own disk and the last snapshot."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from hub.client.issued import bound_to, by_code, by_serial, taken_since
from hub.client.rights import left
from hub.wire.coupon import Coupon
from hub.wire.identity import read_public
from hub.wire.rotating import Judged, judge
from hub.wire.rules import CutOff, Facts, day_span, shop_day
from hub.wire.snapshot import Campaign, Key
from hub.wire.sync import Spare
from kiosk.means import Means
from kiosk.scans import ScannedCode, ScannedToken
from kiosk.store_acts import (
    count_acts,
    count_for_member,
    is_held,
    keep_seen,
    seen_of,
    use_of,
    uses_of_campaign,
)
from kiosk.store_open import count_asked
from kiosk.verdicts import Scan

MOST_SPARE = 500
"""As `hub.wire.sync.RedeemRequest.spare` takes; a shop runs a handful of limited offers."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What is known of a coupon before the lock is taken: None where only the hub can know it.

    `name`: under which a question about it is kept. `text` is what the hub is asked with. For a code of this very node it is the
    coupon's token: the hub may not have heard of its issue yet, and can believe the signature. `picture`: what stood behind it.
    """

    name: str
    text: str
    coupon: Coupon | None
    key: Key | None
    known: bool
    key_may_be_newer: bool = False
    issued_at: float | None = None
    picture: str = ""

    @property
    def vouched(self) -> bool:
        """Whether it is certain that the shop made it."""
        return self.known or self.key is not None


def claim_of(means: Means, scanned: ScannedToken | ScannedCode) -> Claim:
    """What this till can tell of it by itself."""
    conn = means.store.pool.here().conn
    if isinstance(scanned, ScannedCode):
        issued = by_code(conn, scanned.text)
        if issued is None:
            return Claim(scanned.text, scanned.asked, None, None, known=False, picture=scanned.picture)
        campaign = means.shelf.campaign(issued.coupon.campaign)
        # What was typed behind the code speaks for a coupon that changes; the token alone would say less.
        changes = campaign is not None and campaign.rotating
        text = scanned.asked if changes else issued.token
        key = means.shelf.key(issued.coupon.key_number)
        coupon, at = issued.coupon, issued.issued_at
        return Claim(coupon.serial, text, coupon, key, known=True, issued_at=at, picture=scanned.picture)
    token = scanned.token
    coupon = token.coupon
    key = means.shelf.key(coupon.key_number)
    if key is not None and not token.is_signed_by(read_public(key.public)):
        # Another shop of the chain has a key with the same number: only the hub, or head office, can tell.
        return Claim(
            coupon.serial,
            scanned.asked,
            coupon,
            None,
            known=False,
            key_may_be_newer=coupon.shop != means.node.shop,
        )
    own = by_serial(conn, coupon.serial)
    known = own is not None and own.coupon == coupon and own.token == scanned.text
    return Claim(
        coupon.serial,
        scanned.asked,
        coupon,
        key,
        known,
        key_may_be_newer=key is None,
        issued_at=own.issued_at if own is not None and known else None,
        picture=token.picture,
    )


def is_limited(campaign: Campaign | None) -> bool:
    """Whether redemptions of it are limited for all tills together: then each right counts (`hub.escrow`)."""
    return campaign is not None and (
        campaign.redemption_limit is not None or campaign.per_day_limit is not None
    )


def judge_picture(conn: sqlite3.Connection, means: Means, claim: Claim) -> Judged | None:
    """Whether what was shown of a rotating coupon is of now; None where nothing was shown that changes."""
    coupon = claim.coupon
    if coupon is None or not claim.picture or not claim.vouched:
        return None
    seen = seen_of(conn, coupon.serial, coupon.key_number)
    keys = means.shelf.rotating_keys(means.node)
    now = means.clock.now()
    return judge(claim.picture, coupon.serial, keys, seen, now, clock_known=means.clock_set)


def keep_picture(
    conn: sqlite3.Connection, claim: Claim, judged: Judged | None, now: float, *, accepted: bool
) -> None:
    """Remember what was shown, in the transaction of the act."""
    if claim.coupon is not None and judged is not None:
        seen = judged.after_use() if accepted else judged.seen
        keep_seen(conn, claim.coupon.serial, claim.coupon.key_number, seen, now)


def facts_here(
    conn: sqlite3.Connection, means: Means, claim: Claim, coupon: Coupon, scan: Scan, picture: Judged | None
) -> Facts:
    """The facts for a decision that this till makes alone, as far as it knows them."""
    now, shelf, zone = means.clock.now(), means.shelf, means.timezone()
    campaign = shelf.campaign(coupon.campaign)
    use = use_of(conn, coupon.serial) if claim.vouched else None
    issued_at = claim.issued_at
    day_began, _ = day_span(now, zone)
    redeemed, today = _redeemed(conn, means, coupon.campaign, now)
    since = shelf.made_at() or 0.0
    return Facts(
        now=now,
        shop=means.node.shop if campaign is None or campaign.of_shop is None else campaign.of_shop,
        campaign=campaign,
        key=claim.key,
        known=claim.known,
        revoked=shelf.is_revoked(coupon, issued_at),
        first_use=use.first if use else None,
        redeemed=redeemed,
        basket_cents=scan.basket_cents,
        cut_off=CutOff(
            rights_left=rights_left(conn, means, coupon, campaign),
            clock_known=means.clock_set,
            not_before=max(shelf.made_at() or 0.0, means.outbox.heard_at()),
        ),
        timezone=zone,
        products=scan.products,
        amount_cents=scan.amount_cents,
        member=scan.member,
        bound_to=bound_to(conn, coupon.serial) if claim.known else "",
        staff_member=next((one.member for one in shelf.staff() if one.id == scan.staff), ""),
        redeemed_today=today,
        redeemed_by_member=count_acts(conn, coupon.campaign, 0.0, scan.member) if scan.member else 0,
        by_staff_for_member=count_for_member(conn, scan.staff, scan.member, day_began),
        taken=shelf.progress(coupon.campaign).taken + taken_since(conn, coupon.campaign, since),
        issued_at=issued_at,
        reserved=is_held(conn, coupon.serial, scan.reservation, now),
        picture=picture.picture if picture is not None else "stale",
    )


def spare_rights(conn: sqlite3.Connection, means: Means, name: str) -> tuple[Spare, ...]:
    """What this till could still accept alone of each limited offer, not counting the coupon that is asked about as `name`."""
    found = []
    for right in means.shelf.rights():
        if right.accept and is_limited(means.shelf.campaign(right.campaign)):
            count = left(conn, right, "accept") - count_asked(conn, right.campaign, name)
            found.append(Spare(right.campaign, max(0, count)))
    return tuple(found[:MOST_SPARE])


def rights_left(conn: sqlite3.Connection, means: Means, coupon: Coupon, campaign: Campaign | None) -> int:
    """How many redemptions this till may still make alone. Under a limit, a question that the hub may have answered with yes
    counts as if it had: it may have used up a right (`RedeemReply.right_spent`)."""
    spare = left(conn, means.shelf.right(coupon.campaign), "accept")
    return spare - count_asked(conn, coupon.campaign, coupon.serial) if is_limited(campaign) else spare


def _redeemed(conn: sqlite3.Connection, means: Means, campaign: int, now: float) -> tuple[int, int]:
    """Redemptions in all and on this day of the shop: what the hub said, and what was accepted here since."""
    told, made_at, zone = means.shelf.progress(campaign), means.shelf.made_at() or 0.0, means.timezone()
    day_began, _ = day_span(now, zone)
    since = count_acts(conn, campaign, made_at)
    same_day = told.day == shop_day(now, zone).isoformat()
    own_today = count_acts(conn, campaign, max(made_at, day_began))
    in_all = max(told.redeemed + since, uses_of_campaign(conn, campaign))
    today = max((told.today if same_day else 0) + own_today, count_acts(conn, campaign, day_began))
    return in_all, today

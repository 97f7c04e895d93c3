"""Which coupons a shop has called back: single ones by their serials, whole heaps of them by a rule.

Pure. The office writes rules, the snapshot carries them (`revoked_rules`), the hub and the tills ask `covers`.

A rule names a campaign, a key, or both, and a stretch of time in which the coupon was taken: "of campaign 7, taken before noon"
needs a hundred bytes, where the serials of its 100,000 coupons would need two megabytes. When a coupon was taken stands in the
ledger. A till knows it only of its own coupons; of others the token tells it: it lasts a known time, and ends with its campaign
where that is sooner. Where the token leaves two answers open, the coupon is called back: the hub, which knows, is asked first.
"""

from __future__ import annotations

from hub.wire.coupon import Coupon
from hub.wire.snapshot import Campaign, RevocationRule

_WITHIN_A_SECOND = 0.999
"""A token tells the time to the second below."""


def taken_between(coupon: Coupon, campaign: Campaign | None, taken_at: float | None) -> tuple[float, float]:
    """The earliest and the latest moment at which this coupon can have been taken, as far as is known."""
    if taken_at is not None:
        return taken_at, taken_at
    if campaign is None:
        return 0.0, float(coupon.expires_at)
    earliest = float(max(0, coupon.expires_at - campaign.coupon_lasts_s))
    cut_short = coupon.expires_at >= campaign.ends_at
    return earliest, float(coupon.expires_at) if cut_short else earliest + _WITHIN_A_SECOND


def covers(rule: RevocationRule, coupon: Coupon, campaign: Campaign | None, taken_at: float | None) -> bool:
    """Whether a rule calls this coupon back. `campaign` is the coupon's own; `taken_at` None: only the token tells."""
    if rule.campaign is None and rule.key_number is None:
        return False
    if rule.campaign is not None and coupon.campaign != rule.campaign:
        return False
    if rule.key_number is not None and coupon.key_number != rule.key_number:
        return False
    earliest, latest = taken_between(coupon, campaign, taken_at)
    if rule.taken_from is not None and latest < rule.taken_from:
        return False
    return rule.taken_before is None or earliest < rule.taken_before

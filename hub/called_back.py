"""Calling coupons back: one by its serial, a whole heap of them by a rule, and whether one is."""

from __future__ import annotations

import msgspec

from hub.store.base import Store
from hub.store.key_records import RuleRecord
from hub.store.records import AuditEntry
from hub.wire.coupon import Coupon
from hub.wire.revoking import covers
from hub.wire.snapshot import RevocationRule

MOST_RULES = 200
"""Each is asked at every scan, and carried to every node."""


def call_back(
    store: Store,
    now: float,
    who: str,
    reason: str,
    *,
    campaign: int | None = None,
    key_number: int | None = None,
    taken_from: int | None = None,
    taken_before: int | None = None,
) -> RevocationRule | str:
    """Call back all coupons of a campaign, or of a key, that were taken within a stretch of time; a sentence where it cannot be.

    Without `taken_before`, those that are taken from now on are called back, too.
    """
    if campaign is None and key_number is None:
        return "Say of which campaign, or by which key, the coupons are to be called back."
    if campaign is not None and store.campaigns.get(campaign) is None:
        return f"There is no campaign {campaign}."
    if key_number is not None and store.keys.get(key_number) is None:
        return f"There is no key {key_number}."
    if taken_from is not None and taken_before is not None and taken_from >= taken_before:
        return "The stretch of time ends before it begins."
    with store.writing():
        rules = store.keys.rules()
        if len(rules) >= MOST_RULES:
            return f"There are {MOST_RULES} rules already. Remove those that are no longer needed."
        number = max((one.rule.number for one in rules), default=0) + 1
        rule = RevocationRule(number, campaign, key_number, taken_from, taken_before, int(now))
        store.keys.put_rule(RuleRecord(rule, who, reason))
        detail = msgspec.json.encode(rule).decode()
        store.people.note(AuditEntry(now, who, "coupons.called_back", str(number), detail, after=detail))
    return rule


def let_be_good(store: Store, number: int, now: float, who: str) -> bool:
    """Take a rule away again; False where there is none of that number."""
    with store.writing():
        if not store.keys.remove_rule(number):
            return False
        store.people.note(AuditEntry(now, who, "coupons.good_again", str(number), "{}"))
    return True


def is_called_back(store: Store, coupon: Coupon, taken_at: float | None) -> bool:
    """Whether the shop has called this coupon back. `taken_at`: when it was taken, where the ledger knows."""
    if store.ledger.is_revoked(coupon.serial):
        return True
    rules = store.keys.rules()
    if not rules:
        return False
    record = store.campaigns.get(coupon.campaign)
    campaign = record.campaign if record is not None else None
    return any(covers(one.rule, coupon, campaign, taken_at) for one in rules)

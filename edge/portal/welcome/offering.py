"""Which offer stands on the first page, and whether its coupon may stand there unasked.

Pure.
"""

from __future__ import annotations

from collections.abc import Sequence

from hub.wire.snapshot import Campaign


def is_limited(campaign: Campaign) -> bool:
    """Whether there are only so many: then everybody who looked in would take one away from somebody who wants it."""
    return campaign.issue_limit is not None or campaign.redemption_limit is not None


def front_offer(campaigns: Sequence[Campaign]) -> Campaign | None:
    """The offer for the first page, of those that run: the first whose coupon can be shown at once, else the first."""
    return next((each for each in campaigns if not is_limited(each)), campaigns[0] if campaigns else None)

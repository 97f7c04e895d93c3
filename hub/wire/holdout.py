"""Who is in the control group of a campaign: a share of the members who get nothing of it, so that its effect can be told.

Pure. Every node holds it alone, offline: the share and the salt travel with the campaign, and the same member is in the same
group everywhere and always. The group is drawn by a hash of the member's opaque id under the campaign's own salt, so it depends
on nothing that a member does or is (Kohavi, Tang and Xu, "Trustworthy Online Controlled Experiments", 2020, chapter 14), and the
groups of two campaigns have nothing to do with each other. Whoever is no member is in no group: nobody can tell who they are.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from hub.wire.snapshot import Campaign

MOST_PERCENT = 50
"""More than half without an offer is no control group any more."""

SALT_BYTES = 8
_WHOLE = 1 << 64


def is_held_out(campaign: Campaign, member: str) -> bool:
    """Whether this member is in the campaign's control group: it is not shown, given or sent to them. `member` is opaque; empty
    for whoever is none. A campaign whose salt has not been drawn yet has no group."""
    return bool(campaign.holdout_percent and member) and in_group(
        campaign.holdout_salt, campaign.holdout_percent, member
    )


def in_group(salt: str, percent: int, member: str) -> bool:
    """Whether the hash of this member lies in the first so many hundredths. A larger share holds everybody of a smaller one."""
    if not salt:
        return False
    digest = hashlib.sha256(f"{salt}/{member}".encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big") * 100 < percent * _WHOLE


def not_held_out(campaigns: Iterable[Campaign], member: str) -> list[Campaign]:
    """Those of these campaigns that this member may see, in their order."""
    return [one for one in campaigns if not is_held_out(one, member)]

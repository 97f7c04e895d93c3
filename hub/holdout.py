"""The control group of an offer as managers set it: how large, drawn once, and not touched after the offer has begun.

Pure. `hub.wire.holdout` says who is in it; `hub.offering` asks here before it keeps an offer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

import msgspec

from hub.sentences import Said, said
from hub.typed import Reading
from hub.wire.holdout import MOST_PERCENT, SALT_BYTES
from hub.wire.snapshot import Campaign

STAYS = said(
    "The control group stays as it was when the offer began: whoever was not in it has seen the offer by now. To change it, make "
    "a copy of the offer."
)
START_STAYS = said(
    "An offer with a control group keeps its beginning once it has begun: from then on the groups are compared."
)


def read_holdout(reading: Reading) -> int:
    """What stands in the form's field; empty is none."""
    text = reading.typed.plain("holdout").removesuffix("%").strip()
    if not text:
        return 0
    if not re.fullmatch(r"[0-9]{1,2}", text) or int(text) > MOST_PERCENT:
        reading.fault("holdout", said("Give a whole number from 0 to %(most)s.", most=MOST_PERCENT))
        return 0
    return int(text)


def begun_fault(before: Campaign, after: Campaign, now: float) -> Said | None:
    """Why a published offer cannot become another one in this; None where it can."""
    if now < before.starts_at:
        return None
    if after.holdout_percent != before.holdout_percent:
        return STAYS
    if before.holdout_percent and after.starts_at != before.starts_at:
        return START_STAYS
    return None


def drawn(campaign: Campaign, earlier: Iterable[Campaign], random: Callable[[int], bytes]) -> Campaign:
    """The offer with the salt by which its group is drawn: that of its earlier versions, else a new one."""
    salt = next((one.holdout_salt for one in earlier if one.holdout_salt), campaign.holdout_salt)
    if not salt and campaign.holdout_percent:
        salt = random(SALT_BYTES).hex()
    return campaign if salt == campaign.holdout_salt else msgspec.structs.replace(campaign, holdout_salt=salt)

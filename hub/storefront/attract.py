"""Which offers stand on a screen that nobody touches, in which order, at which turn.

Pure. `hub.storefront.pages` asks it for the kiosk's first page. Offers whose hours hold now come first, then those that are good
at any hour, then those of other hours. Within each of the three they take turns, so that the offer in front changes and
the order of the day stays.
"""

from __future__ import annotations

from collections.abc import Sequence

from hub.wire.conditions import within
from hub.wire.snapshot import Campaign


def daypart(campaign: Campaign, weekday: int, minute: int) -> int:
    """0: its hours are now; 1: it has none; 2: they are not now. `weekday` 0 is Monday, `minute` of the shop's day."""
    if not campaign.hours:
        return 1
    return 0 if any(within(hours, weekday, minute) for hours in campaign.hours) else 2


def in_order(campaigns: Sequence[Campaign], weekday: int, minute: int, turn: int) -> list[Campaign]:
    """The offers as they stand at this turn; equals keep the shop's own order, and go round by one each turn."""
    groups: list[list[Campaign]] = [[], [], []]
    for campaign in campaigns:
        groups[daypart(campaign, weekday, minute)].append(campaign)
    return [campaign for group in groups for campaign in _round(group, turn)]


def _round(group: list[Campaign], turn: int) -> list[Campaign]:
    front = turn % len(group) if group else 0
    return group[front:] + group[:front]

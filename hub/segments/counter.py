"""A member at the counter, judged on the spot: few reads by index, and as fresh as the journal.

What counts is the definition that stands: one that is being changed counts from when it is counted (`hub.segments.counting`).
"""

from __future__ import annotations

from collections.abc import Collection

from hub.segments.definition import needs
from hub.segments.judging import judge
from hub.segments.loading import portraits, wanted
from hub.segments.refreshing import definitions_of, today_of
from hub.store.base import Store
from hub.wire.conditions import segments_in
from hub.wire.snapshot import Campaign

NO_SEGMENTS: frozenset[str] = frozenset()


def segments_now(store: Store, member: str, names: Collection[str], now: float) -> frozenset[str]:
    """Those of these segments in which a member is. Call inside or outside a transaction.

    Birthdays need a key that is not here: segments that ask for one answer as of the last time that somebody looked.
    """
    asked = [
        record for record in store.segments.all() if record.name in names and record.counted_at is not None
    ]
    if not member or not asked:
        return NO_SEGMENTS
    root = store.register.into(member)
    standing, _ = definitions_of(asked)
    known = {number for number, definition in standing.items() if "birthday" in needs(definition)}
    today = today_of(store, now)
    live = {number: one for number, one in standing.items() if number not in known}
    found: set[str] = set()
    if live:
        portrait = portraits(store, [root], wanted(live.values(), today))[root]
        found |= {
            one.name
            for one in asked
            if one.number in live and judge(live[one.number], one.number, portrait, today).holds
        }
    if known:
        found |= set(store.segments.of_member(root)) & {one.name for one in asked if one.number in known}
    return frozenset(found)


def segments_for(
    store: Store, campaign: Campaign | None, member: str, now: float, *, bound: bool = False
) -> frozenset[str]:
    """What the rule has to know of a member; nothing is read where the campaign asks for no segment. `bound`: its coupon is made
    out to a member, who was asked for the audience's segments when it was given."""
    names = _asked(campaign, bound=bound)
    return segments_now(store, member, names, now) if names and member else NO_SEGMENTS


def segments_at(
    store: Store, campaign: Campaign | None, member: str, at: float, *, bound: bool = False
) -> frozenset[str]:
    """The same for what a till did before, `at` (seconds of UTC): what changed since is taken back, as far as it is kept."""
    names = _asked(campaign, bound=bound)
    if not names or not member:
        return NO_SEGMENTS
    root = store.register.into(member)
    found = set(store.segments.of_member(root)) & names
    for change in store.segments.changes_of(root, at):
        if change.segment in names:
            (found.discard if change.entered else found.add)(change.segment)
    return frozenset(found)


def _asked(campaign: Campaign | None, *, bound: bool) -> frozenset[str]:
    if campaign is None:
        return NO_SEGMENTS
    named = segments_in(campaign.condition) if campaign.condition is not None else NO_SEGMENTS
    return named if bound else named | frozenset(campaign.audience)

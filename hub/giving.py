"""Gives nodes their rights: what the store and the nodes themselves say, the rule of `hub.escrow`, and the grant in the store."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence

from hub.escrow import (
    Demand,
    Hand,
    accept_more,
    hands,
    is_limited,
    issue_more,
    may_accept,
    may_hand_out,
)
from hub.fleet.gone import with_gone
from hub.setback import WAIT_S, standing
from hub.store.base import Store
from hub.store.records import Device, Grant
from hub.wire.rules import day_span, shop_day
from hub.wire.snapshot import Campaign, Progress, Right
from hub.wire.sync import Held


class Giver:
    """One for a whole hub, for as long as it runs: it remembers which nodes were heard since the start, and what they told.

    Safe to use from several threads.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._heard: set[str] = set()
        self._told: dict[int, dict[str, Held]] = {}
        self._tellers: set[str] = set()
        self._taken = Demand()
        self._used = Demand()
        self._began_at: float | None = None

    def met(self, device: str) -> None:
        """A node has just been enrolled: it holds nothing."""
        with self._lock:
            self._heard.add(device)

    def hear(self, device: str, told: Sequence[Held] | None) -> None:
        """A node says what it holds and has spent; None from a release that does not tell: it is taken at what the store says."""
        with self._lock:
            self._heard.add(device)
            if told is None:
                return
            self._tellers.add(device)
            for of_campaign in self._told.values():
                # What it does not name any more it has forgotten: its disk was lost, or it is other hardware.
                of_campaign.pop(device, None)
            for held in told:
                self._told.setdefault(held.campaign, {})[device] = held

    def told(self, campaign: int) -> dict[str, Held]:
        """What nodes said of a campaign, by device."""
        with self._lock:
            return dict(self._told.get(campaign, {}))

    def unheard(self, nodes: Sequence[Device]) -> list[str]:
        """Nodes that may hold more than the store remembers, as they have not been heard since the start."""
        with self._lock:
            return [
                node.device for node in nodes if node.withdrawn_at is None and node.device not in self._heard
            ]

    def _waits(self, store: Store, nodes: Sequence[Device], now: float) -> bool:
        """Whether nobody is given more of a limited lot yet.

        A store that is known to be a copy waits for every node, or until it is withdrawn. Any other waits for as long as nodes
        need to give a copy away that does not say so (`hub.setback`): a till that is never switched on again must not keep the
        others from their lots after each start.
        """
        unheard = self.unheard(nodes)
        if not unheard:
            return False
        if self._began_at is None:
            self._began_at = now
        after = standing(store)
        missing = set(after.missing).intersection(unheard) if after is not None else set()
        return bool(missing) or 0 <= now - self._began_at < WAIT_S

    def rights(self, store: Store, device: Device, campaigns: Sequence[Campaign], now: float) -> list[Right]:
        """The node's rights, raised where they run low. Call inside `store.writing()`."""
        program = device.program
        asked = [one for one in campaigns if may_hand_out(one, program) or may_accept(one, program)]
        nodes = store.devices.all()
        tallies, grants = with_gone(store, store.ledger.tallies()), store.ledger.grants()
        waiting = self._waits(store, nodes, now)
        given = {grant.campaign: grant for grant in grants if grant.device == device.device}
        rights = []
        for campaign in self._told_or(asked, campaigns, given, device.device):
            told = self.told(campaign.number)
            of_all = hands(campaign, nodes, tallies, grants, told)
            hand = of_all[device.device]
            issue, accept = hand.issue, hand.accept
            if campaign in asked:
                more, more_alone = self._more(store, campaign, hand, of_all, now, waiting=waiting)
                issue = hand.from_issue + more if more > 0 else issue
                accept = hand.from_accept + more_alone if more_alone > 0 else accept
            before = given.get(campaign.number, Grant(campaign.number, device.device, 0, 0))
            after = Grant(
                campaign.number, device.device, max(issue, before.issue), max(accept, before.accept)
            )
            if after != before:
                store.ledger.grant(after)
            if after.issue or after.accept:
                nothing = Held(campaign.number) if device.device in self._tellers else None
                said = told.get(device.device, nothing)
                rights.append(_right(after, hand, said))
        return rights

    def _told_or(
        self,
        asked: Sequence[Campaign],
        campaigns: Sequence[Campaign],
        given: Mapping[int, Grant],
        device: str,
    ) -> Iterator[Campaign]:
        """Campaigns that the node may be given rights of, and those of which it holds some from before."""
        for campaign in campaigns:
            held = self.told(campaign.number).get(device)
            if campaign in asked or campaign.number in given or (held and (held.issue or held.accept)):
                yield campaign

    def _more(
        self,
        store: Store,
        campaign: Campaign,
        hand: Hand,
        of_all: Mapping[str, Hand],
        now: float,
        *,
        waiting: bool,
    ) -> tuple[int, int]:
        number = campaign.number
        issuing = [
            name for name, one in of_all.items() if not one.gone and may_hand_out(campaign, one.program)
        ]
        tills = [name for name, one in of_all.items() if not one.gone and may_accept(campaign, one.program)]
        with self._lock:
            for name in issuing:
                self._taken.note(number, name, of_all[name].issued, now)
            for name in tills:
                self._used.note(number, name, of_all[name].redeemed, now)
            taking = self._taken.weights(number, issuing, now)
            using = self._used.weights(number, tills, now)
            lately = self._taken.lately(number, hand.device, now)
        more = 0 if waiting else issue_more(campaign, hand.device, of_all, taking, lately)
        if not is_limited(campaign):
            return more, accept_more(campaign, hand.device, of_all, using)
        if waiting or not may_accept(campaign, hand.program):
            return more, 0
        redeemed, today = used(store, campaign, now)
        alone = accept_more(campaign, hand.device, of_all, using, redeemed=redeemed, today=today)
        return more, alone


def _right(grant: Grant, hand: Hand, said: Held | None) -> Right:
    """What it holds; and what it has spent, where it has forgotten that."""
    issued = hand.known_issued if said is not None and hand.known_issued > said.issued else 0
    accepted = hand.known_accepted if said is not None and hand.known_accepted > said.accepted else 0
    return Right(grant.campaign, grant.issue, grant.accept, issued, accepted)


def used(store: Store, campaign: Campaign, now: float) -> tuple[int, int]:
    """Redemptions of a campaign that count, in all and on this day of the shop; those with them for which a coupon is held."""
    shop = store.shop.get()
    first, end = day_span(now, shop.timezone if shop else "UTC")
    held = store.ledger.count_held(campaign.number, now)
    in_all = store.ledger.redeemed(campaign.number)
    return in_all + held, store.ledger.redeemed_between(campaign.number, first, end) + held


def how_far(store: Store, campaigns: Sequence[Campaign], now: float) -> list[Progress]:
    """How far the campaigns have come for which a node needs to know: group offers, and limits on redemptions."""
    shop = store.shop.get()
    timezone = shop.timezone if shop else "UTC"
    found = []
    for campaign in campaigns:
        if campaign.group_size is None and not is_limited(campaign):
            continue
        in_all, today = used(store, campaign, now)
        taken = store.ledger.taken(campaign.number)
        found.append(Progress(campaign.number, taken, in_all, today, shop_day(now, timezone).isoformat()))
    return found

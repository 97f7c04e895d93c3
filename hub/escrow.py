"""Escrow: rights of a limited lot move to a node before it may spend them, so that a lot is never oversold.

Pure. `hub.snapshots` gathers what the store says and what nodes told of themselves; `hub.redeeming` asks `room_for`.

A right is a total that only rises: how much a node may have handed out (`issue`) or accepted alone (`accept`) since its
beginning. An answer that is lost or comes twice changes nothing, and a node that is cut off can go on with what it has.

**A lot** (`issue_limit`). What all nodes hold together is never more than the lot. A node that was withdrawn counts with what
it is known to have handed out: coupons that it may still mint are not honoured, so the rest of its rights returns. A node is
given its share of a part of what is left, by its demand (coupons handed out, older ones counting half as much each hour), once
it has less than half of such a share in hand. Shares shrink with what is left, so that little is stranded in the end.

**A limit on redemptions** (`redemption_limit`, `per_day_limit`). Redemptions that count, and those that tills may still make
alone, are together never more than the limit. The hub refuses what would go beyond; a till that holds rights of its own uses
one up when the hub accepts for it, so what it holds is not lost to it while the hub answers.

**A hub whose disk was set back** remembers less than it gave away, and cannot know it. So each node tells in each exchange what
it holds and has spent, and the hub takes the higher number of the two. A hub that knows itself to be a copy (`hub.setback`)
gives no more of a limited lot to anybody before it has heard every node that is not withdrawn, or has enrolled it itself since
then: one that is gone for good has to be withdrawn, or it could hold any part of the lot. Any other start waits for them as well,
but for ten minutes at most: within seconds of being heard a node gives a copy away that does not say so. A node that was enrolled
after the backup is unknown to the hub: it is refused, and its coupons are not honoured.
**A node whose disk was set back** is told what it is known to have spent (`Right.issued`, `Right.accepted`). As long as it is
cut off, only it could know; what it hands out twice in that time is beyond anybody's knowledge, and is found when it is back.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from hub.store.records import Device, Grant, Tally
from hub.wire.chain import is_of_chain
from hub.wire.snapshot import Campaign
from hub.wire.sync import Held

ACCEPT_AHEAD = 20
"""What a cut-off till may accept of one offer before it has to be heard: a busy hour, and all that a double use can cost."""

SHARE_OF_LOT = 4
"""All nodes together are given at most this fraction of what is left: the rest is for whoever turns out to need it."""

FIRST_PART_OF_LOT = 400
"""What a node is given before it has shown any need: this fraction of the lot, one at least. It may have as much more in hand as
it has handed out lately, so that a few early coupons at a quiet door do not look like a rush, and an idle one keeps little."""

LEAST_WEIGHT = 0.05
"""Of an even share: what a node without any demand is given, so that its first shopper is not sent away."""

HALF_LIFE_S = 3_600.0
"""Demand an hour ago counts half. Shorter, and a quiet quarter of an hour takes a busy door's rights; longer, and lunch is
still expected in the evening."""


@dataclass(frozen=True, slots=True)
class Hand:
    """What one node holds of a campaign, and what of it is spent, as far as the hub knows.

    `known_issued`, `known_accepted`: by the facts that have arrived; `issued`, `accepted`: by those and by what the node said.
    """

    device: str
    program: str
    gone: bool
    issue: int
    accept: int
    issued: int
    accepted: int
    known_issued: int
    known_accepted: int
    redeemed: int

    @property
    def moved(self) -> int:
        """What of a lot is with this node, or was."""
        return min(self.issue, self.known_issued) if self.gone else self.from_issue

    @property
    def from_issue(self) -> int:
        """The total that a new right to hand out is counted from."""
        return max(self.issue, self.issued)

    @property
    def from_accept(self) -> int:
        """The same of a right to accept."""
        return max(self.accept, self.accepted)

    @property
    def unspent(self) -> int:
        """Coupons of a lot that it may still hand out."""
        return 0 if self.gone else max(0, self.issue - self.issued)

    @property
    def may_accept(self) -> int:
        """Redemptions that it may still make alone."""
        return 0 if self.gone else max(0, self.accept - self.accepted)


def hands(
    campaign: Campaign,
    nodes: Sequence[Device],
    tallies: Sequence[Tally],
    grants: Sequence[Grant],
    told: Mapping[str, Held] | None = None,
) -> dict[str, Hand]:
    """One hand for each node. Tallies and grants of other campaigns do no harm; `told` is of this campaign, by device."""
    tally = {one.device: one for one in tallies if one.campaign == campaign.number}
    grant = {one.device: one for one in grants if one.campaign == campaign.number}
    found = {}
    for node in nodes:
        name = node.device
        counted = tally.get(name, Tally(campaign.number, name, 0, 0, 0))
        given = grant.get(name, Grant(campaign.number, name, 0, 0))
        said = (told or {}).get(name, Held(campaign.number))
        found[name] = Hand(
            device=name,
            program=node.program,
            gone=node.withdrawn_at is not None,
            issue=max(given.issue, said.issue),
            accept=max(given.accept, said.accept),
            issued=max(counted.issued, said.issued),
            accepted=max(counted.accepted_alone, said.accepted),
            known_issued=counted.issued,
            known_accepted=counted.accepted_alone,
            redeemed=counted.redeemed,
        )
    return found


@dataclass(slots=True)
class Demand:
    """How much each node needs: what it used, older use counting half as much each hour. Times are seconds of any steady
    clock; one that runs back counts as standing still."""

    _seen: dict[tuple[int, str], tuple[float, int, float]] = field(default_factory=dict)

    def note(self, campaign: int, device: str, total: int, now: float) -> None:
        """The node has used so many in all by now. What it used before the first note counts in full."""
        at, before, worth = self._seen.get((campaign, device), (now, 0, 0.0))
        faded = worth * 0.5 ** (max(0.0, now - at) / HALF_LIFE_S)
        self._seen[campaign, device] = (max(at, now), max(before, total), faded + max(0, total - before))

    def lately(self, campaign: int, device: str, now: float) -> float:
        """What one node has used, older use counting less."""
        at, _, noted = self._seen.get((campaign, device), (now, 0, 0.0))
        return noted * math.exp2(-max(0.0, now - at) / HALF_LIFE_S)

    def weights(self, campaign: int, devices: Sequence[str], now: float) -> dict[str, float]:
        """Each of these nodes' part of the whole; the sum is 1."""
        worth = {device: self.lately(campaign, device, now) for device in devices}
        whole = sum(worth.values())
        even = 1.0 / max(1, len(devices))
        if whole <= 0:
            return dict.fromkeys(devices, even)
        least = LEAST_WEIGHT * even
        raised = {device: max(least, one / whole) for device, one in worth.items()}
        return {device: one / sum(raised.values()) for device, one in raised.items()}


def left_of_lot(campaign: Campaign, of_all: Mapping[str, Hand]) -> int:
    """What of a limited lot is with nobody yet."""
    if campaign.issue_limit is None:
        return 0
    return max(0, campaign.issue_limit - sum(hand.moved for hand in of_all.values()))


def issue_more(
    campaign: Campaign,
    device: str,
    of_all: Mapping[str, Hand],
    weights: Mapping[str, float],
    lately: float = 0.0,
) -> int:
    """How many more coupons of a limited lot this node may hand out; 0 while it has enough or nothing is left.

    `lately`: what it has handed out, older use counting less (`Demand.lately`).
    """
    hand = of_all.get(device)
    if hand is None or hand.gone or not may_hand_out(campaign, hand.program):
        return 0
    left = left_of_lot(campaign, of_all)
    if left <= 0:
        return 0
    shown = max(1, (campaign.issue_limit or 0) // FIRST_PART_OF_LOT) + int(lately)
    share = max(1, min(shown, int(left * weights.get(device, 0.0) / SHARE_OF_LOT)))
    if 2 * hand.unspent >= share:
        return 0
    return min(share - hand.unspent, left)


_CHANNEL_OF = {"edge": "portal", "kiosk": "kiosk", "site": "link"}


def may_hand_out(campaign: Campaign, program: str) -> bool:
    """Whether nodes of this program hand a limited lot out at all: rights at any other would only be stranded there.

    An offer without a channel comes with a receipt, at a till. The hub's own site hands out from the shell, too.
    """
    if campaign.issue_limit is None or campaign.stopped:
        return False
    if not campaign.channels:
        return program == "kiosk"
    if program == "hub":
        return is_of_chain(campaign.number)
    return program == "site" or _CHANNEL_OF.get(program) in campaign.channels


def may_accept(campaign: Campaign, program: str) -> bool:
    """Whether nodes of this program accept the offer alone; of the chain's offers that is a shop's hub."""
    here = program == "kiosk" or (program == "hub" and is_of_chain(campaign.number))
    return here and campaign.offline == "rights"


@dataclass(frozen=True, slots=True)
class Room:
    """How a campaign's limits on redemptions stand for one till that asks the hub.

    `with_others`: redemptions that other tills may still make on their own: they count as if they had been made. `own`: those
    that the asking till may still make on its own. An acceptance by the hub uses up one of `own` where there is one
    (`RedeemReply.right_spent`) where nothing else is left, so that the sum never grows beyond the limit. The till tells with the
    question whether it has one (`RedeemRequest.spare`): what it accepted alone a moment ago the hub has not heard of.
    """

    with_others: int
    own: int


def room_for(campaign: Campaign, device: str, of_all: Mapping[str, Hand]) -> Room:
    """Room under the limits of a campaign; all zero where it has none."""
    if not is_limited(campaign):
        return Room(0, 0)
    others = sum(hand.may_accept for name, hand in of_all.items() if name != device)
    own = of_all[device].may_accept if device in of_all else 0
    return Room(others, own)


def is_limited(campaign: Campaign) -> bool:
    """Whether redemptions of it are limited for all tills together."""
    return campaign.redemption_limit is not None or campaign.per_day_limit is not None


def accept_more(
    campaign: Campaign,
    device: str,
    of_all: Mapping[str, Hand],
    weights: Mapping[str, float],
    *,
    redeemed: int = 0,
    today: int = 0,
) -> int:
    """How many more redemptions this till may make alone. `redeemed`, `today`: those that count so far, and on this day of the
    shop."""
    hand = of_all.get(device)
    if hand is None or hand.gone or not may_accept(campaign, hand.program):
        return 0
    if not is_limited(campaign):
        return ACCEPT_AHEAD - hand.may_accept
    outstanding = sum(one.may_accept for one in of_all.values())
    left = min(
        limit - count - outstanding
        for limit, count in ((campaign.redemption_limit, redeemed), (campaign.per_day_limit, today))
        if limit is not None
    )
    share = min(ACCEPT_AHEAD, int(max(0, left) * weights.get(device, 0.0) / SHARE_OF_LOT))
    return 0 if 2 * hand.may_accept >= share else share - hand.may_accept


@dataclass(frozen=True, slots=True)
class Stranded:
    """How a limited lot stands. `left`: with nobody yet. `in_hands`: nodes may still hand it out, by device."""

    lot: int
    left: int
    in_hands: dict[str, int]

    @property
    def share(self) -> float:
        """What part of the lot is in nodes' hands: stranded, where nothing is left and others ask in vain."""
        return sum(self.in_hands.values()) / self.lot if self.lot else 0.0


def stranded(campaign: Campaign, of_all: Mapping[str, Hand]) -> Stranded:
    """The measure for a limited lot."""
    return Stranded(
        campaign.issue_limit or 0,
        left_of_lot(campaign, of_all),
        {name: hand.unspent for name, hand in of_all.items() if hand.unspent},
    )

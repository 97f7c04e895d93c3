"""What a shopper can do at this node: see the offers that run here, take one, look at the coupon again.

Implements `hub.storefront.desk.Desk` for the portal, the kiosk and the hub's public site, with what is on this node's disk.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable

from hub.client.clock import Clock
from hub.client.db import Pool
from hub.client.issued import balance_of, by_request, by_serial, keep, taken_since
from hub.client.node import Node
from hub.client.outbox import Outbox
from hub.client.rights import left, spend
from hub.client.shelf import Shelf
from hub.client.together import Together
from hub.wire.coupon import CODE_RANDOM_BYTES, SERIAL_BYTES, Coupon, Issued, make_code, mint_token
from hub.wire.events import Channel, CouponIssued, OfferSeen, OfferShown
from hub.wire.holdout import is_held_out
from hub.wire.refusals import Refusal
from hub.wire.rotating import show
from hub.wire.rules import Refused
from hub.wire.snapshot import Campaign, Picture, Shop, Text, say

LOW = 3
"""Rights left of a lot with which a node asks its hub for more at once, and not at the next exchange."""


Meant = Callable[[Campaign, str, float], bool]
"""Whether an offer with an audience is for this member, now."""


def meant_for_nobody(_campaign: Campaign, _member: str, _now: float) -> bool:
    """A node knows nobody's segments."""
    return False


class NodeDesk:
    """One node's counter for shoppers. `notice` is a line that every page shows, such as that the street is simulated.

    `low` is called when the rights to a limited lot run low: the node then asks its hub at once. `meant`: who an offer with an
    audience is for; the hub knows, and shows it on a member's own page.
    """

    def __init__(
        self,
        pool: Pool,
        node: Node,
        outbox: Outbox,
        shelf: Shelf,
        channel: Channel,
        *,
        notice: Callable[[], Text] = dict,
        clock: Clock | None = None,
        random: Callable[[int], bytes] = os.urandom,
        low: Callable[[], None] = lambda: None,
        meant: Meant = meant_for_nobody,
    ) -> None:
        self._meant = meant
        self._low = low
        self.channel: Channel = channel
        self._pool = pool
        self._together = Together(pool)
        self._node = node
        self._outbox = outbox
        self._shelf = shelf
        self._notice = notice
        self._random = random
        self._clock = clock or Clock()

    def notice(self, language: str) -> str | None:
        """One line for every page, or none."""
        return say(self._notice(), language) or None

    def shop(self) -> Shop:
        """The shop; a nameless one before the first snapshot."""
        return self._shelf.shop() or Shop(self._node.shop, {})

    def campaigns(self, now: float) -> list[Campaign]:
        """What runs now and is meant for this channel, and for everybody."""
        return [
            campaign
            for campaign in self._shelf.campaigns()
            if self._runs(campaign, now) and not campaign.audience
        ]

    def campaigns_for(self, member: str, now: float) -> list[Campaign]:
        """What runs now and is meant for this member, because of what they are: offers with an audience."""
        return [
            campaign
            for campaign in self._shelf.campaigns()
            if campaign.audience
            and self._runs(campaign, now)
            and self._meant(campaign, member, now)
            and not is_held_out(campaign, member)
        ]

    def campaign(self, number: int, now: float) -> Campaign | None:
        """One of those."""
        campaign = self._shelf.campaign(number)
        shown = campaign is not None and self._runs(campaign, now) and not campaign.audience
        return campaign if shown else None

    def picture(self, digest: str) -> Picture | None:
        """A picture of an offer."""
        return self._shelf.picture(digest)

    def seen(self, campaign: int, now: float, *, way: Channel | None = None) -> None:
        """An offer's own page was opened; `way`: how the shopper came, where that is not this node's channel."""
        self._outbox.record(OfferSeen(campaign=campaign, channel=way or self.channel), now)

    def shown(self, campaign: int, times: int, shown_s: float, now: float) -> None:
        """An offer stood in front on this screen: so often, for so many seconds in all, since this was last told."""
        fact = OfferShown(campaign=campaign, channel=self.channel, times=times, shown_s=shown_s)
        self._outbox.record(fact, now)

    def joined(self, campaign: int) -> int | None:
        """How many have taken a group offer's coupon, as far as this node knows; None where it knows nothing."""
        campaign_ = self._shelf.campaign(campaign)
        if campaign_ is None or campaign_.group_size is None:
            return None
        conn = self._pool.here().conn
        return self._shelf.progress(campaign).taken + taken_since(
            conn, campaign, self._shelf.made_at() or 0.0
        )

    def rotated(self, serial: str, now: float) -> tuple[str, str] | None:
        """What a rotating coupon shows at this moment, QR and digits; None where this node has no key for it."""
        issued = by_serial(self._pool.here().conn, serial)
        if issued is None:
            return None
        keys = self._shelf.rotating_keys(self._node)
        known = self._clock.state() in ("lan", "ntp")
        shown = show(issued.token, serial, keys, now, clock_known=known)
        return (shown.text, shown.digits) if shown else None

    def balance(self, serial: str) -> int | None:
        """Cents left on a voucher that was taken here, as far as this node knows; None where it knows nothing."""
        return balance_of(self._pool.here().conn, serial)

    def coupon(self, serial: str) -> tuple[Issued, Campaign | None] | None:
        """A coupon that was taken here; its campaign is None once the shop has ended it."""
        issued = by_serial(self._pool.here().conn, serial)
        return (issued, self._shelf.campaign(issued.coupon.campaign)) if issued else None

    def taken(self, request_id: str) -> Issued | None:
        """The coupon that this request took before."""
        return by_request(self._pool.here().conn, request_id)

    def take(
        self,
        campaign: int,
        request_id: str,
        now: float,
        *,
        unasked: bool = False,
        member: str = "",
        way: Channel | None = None,
        whose: str = "",
    ) -> Issued | Refused:
        """Hand out a coupon within this node's rights. The same request is the same coupon, however often it comes.

        `member`: the opaque id of the member to whom alone it is given. `whose`: of the one who stands there, where anybody may
        use it. Neither gets one of a campaign in whose control group they are. `way` as in `seen`. Of an offer with an audience
        only a member of it gets one, and it is theirs alone.
        """
        channel = way or self.channel
        running = self._shelf.campaign(campaign)
        if running is not None and running.audience:
            member = member or whose
        in_hand: list[int] = []

        def hand_out(conn: sqlite3.Connection) -> Issued | Refused:
            before = by_request(conn, request_id)
            if before is not None:
                return before
            self._pool.must_have_room()
            if running is None or not self._runs(running, now) or is_held_out(running, member or whose):
                return Refused(Refusal.NOT_OFFERED)
            if running.audience and not (member and self._meant(running, member, now)):
                return Refused(Refusal.NOT_OFFERED)
            right = self._shelf.right(campaign)
            if running.issue_limit is not None:
                in_hand[:] = [left(conn, right, "issue")]
                if in_hand[0] <= 0:
                    return Refused(Refusal.SOLD_OUT)
            spend(conn, campaign, "issue", at_least=right.issued)
            issued = self._mint(running, now)
            keep(conn, issued, channel, request_id, member)
            seen = [OfferSeen(campaign=campaign, channel=channel)] if unasked else []
            self._outbox.put_all(conn, [*seen, _fact(issued, member, channel)], now)
            return issued

        answer = self._together.write(hand_out)
        if in_hand and in_hand[0] <= LOW:
            self._low()
        return answer

    def _runs(self, campaign: Campaign, now: float) -> bool:
        # A node that does not know the time shows what the hub published; the till judges the time.
        in_time = self._clock.state() == "unset" or campaign.starts_at <= now < campaign.ends_at
        here = self.channel in campaign.channels or self.channel in ("shell", "till")
        return in_time and here and not campaign.stopped

    def _mint(self, campaign: Campaign, now: float) -> Issued:
        expires_at = min(int(now) + campaign.coupon_lasts_s, campaign.ends_at)
        key_number, key = self._node.signer(now)
        coupon = Coupon(
            key_number,
            campaign.of_shop or self._node.shop,
            campaign.number,
            self._random(SERIAL_BYTES).hex(),
            expires_at,
        )
        return Issued(coupon, mint_token(key, coupon), make_code(self._random(CODE_RANDOM_BYTES)), now)


def _fact(issued: Issued, member: str, channel: Channel) -> CouponIssued:
    coupon = issued.coupon
    return CouponIssued(
        serial=coupon.serial,
        campaign=coupon.campaign,
        code=issued.code,
        key_number=coupon.key_number,
        expires_at=coupon.expires_at,
        channel=channel,
        member=member,
    )

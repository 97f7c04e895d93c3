"""What the shopper's pages ask of the node on which they are shown.

`hub.client.desk.NodeDesk` answers from a node's own disk; the tests answer from memory. The pages know neither.
"""

from __future__ import annotations

from typing import Protocol

from hub.wire.coupon import Issued
from hub.wire.events import Channel
from hub.wire.rules import Refused
from hub.wire.snapshot import Campaign, Picture, Shop


class Desk(Protocol):
    """One node's counter for shoppers. Times are seconds of UTC."""

    channel: Channel

    def notice(self, language: str) -> str | None:
        """One line for every page, such as "Simulated street: no real radio on this machine."; None for none."""

    def shop(self) -> Shop:
        """The shop; nameless before the first snapshot came."""

    def campaigns(self, now: float) -> list[Campaign]:
        """What runs now and is meant for this channel."""

    def campaign(self, number: int, now: float) -> Campaign | None:
        """One of those; None where it does not run."""

    def picture(self, digest: str) -> Picture | None:
        """A picture of an offer, by its content hash."""

    def take(
        self,
        campaign: int,
        request_id: str,
        now: float,
        *,
        unasked: bool = False,
        way: Channel | None = None,
        whose: str = "",
    ) -> Issued | Refused:
        """Hand out a coupon. The same request is the same coupon: a double tap or a reload takes no second one.

        `unasked`: it is shown together with its offer, so that the offer counts as seen in the same moment. `way`: how the
        shopper came, where that is not this node's own channel. `whose`: the opaque id of the member who stands there, where
        that is known; nobody in the campaign's control group gets one.
        """

    def taken(self, request_id: str) -> Issued | None:
        """The coupon that this request took before."""

    def coupon(self, serial: str) -> tuple[Issued, Campaign | None] | None:
        """A coupon taken here; its campaign is None once the shop no longer says what it was."""

    def seen(self, campaign: int, now: float, *, way: Channel | None = None) -> None:
        """An offer's own page was opened; `way` as above."""

    def shown(self, campaign: int, times: int, shown_s: float, now: float) -> None:
        """An offer stood in front on this screen: so often, for so many seconds in all, since this was last told."""

    def joined(self, campaign: int) -> int | None:
        """How many have taken a group offer's coupon, as far as this node knows; None where it knows nothing."""

    def rotated(self, serial: str, now: float) -> tuple[str, str] | None:
        """What a rotating coupon shows at this moment: the text of its QR, and the digits to type after its code.

        None where this node cannot make them: it has no key for them yet.
        """

    def balance(self, serial: str) -> int | None:
        """Cents left on a voucher that was taken here, as far as this node knows; None where it knows nothing."""

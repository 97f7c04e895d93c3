"""The counter behind a preview (`hub.previews`): it has one offer to show, saved or not, and hands nothing out."""
# ruff: noqa: ARG002 - the names of the arguments are those of `hub.storefront.desk.Desk`

from __future__ import annotations

import base64
from contextvars import ContextVar
from dataclasses import dataclass

from hub.store.base import Store
from hub.wire.coupon import Issued
from hub.wire.events import Channel
from hub.wire.refusals import Refusal
from hub.wire.rules import Refused
from hub.wire.snapshot import Campaign, Picture, Shop


@dataclass(frozen=True, slots=True)
class Scene:
    """What is shown: one offer, in its shop, beside others that run."""

    campaign: Campaign
    shop: Shop
    others: tuple[Campaign, ...] = ()


SHOWN: ContextVar[Scene] = ContextVar("shopbell_shown")
"""What is shown while one preview is made, on the thread that makes it."""


@dataclass(slots=True)
class SceneDesk:
    """The counter of a stage: it has one offer to show, and hands nothing out."""

    channel: Channel
    store: Store

    def notice(self, language: str) -> str | None:
        """None: the page says itself that it is a preview."""
        return None

    def shop(self) -> Shop:
        """The shop."""
        return SHOWN.get().shop

    def campaigns(self, now: float) -> list[Campaign]:
        """The offer, whenever it runs, and the others."""
        scene = SHOWN.get()
        return [scene.campaign, *scene.others]

    def campaign(self, number: int, now: float) -> Campaign | None:
        """The offer by its number."""
        return next((one for one in self.campaigns(now) if one.number == number), None)

    def picture(self, digest: str) -> Picture | None:
        """A picture of the office."""
        found = self.store.campaigns.picture(digest)
        if found is None:
            return None
        return Picture(found.type, base64.b64encode(found.body).decode(), found.width, found.height)

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
        """Nothing is handed out."""
        return Refused(Refusal.NOT_STARTED)

    def taken(self, request_id: str) -> Issued | None:
        """None."""
        return None

    def coupon(self, serial: str) -> tuple[Issued, Campaign | None] | None:
        """None."""
        return None

    def seen(self, campaign: int, now: float, *, way: Channel | None = None) -> None:
        """A preview is not counted."""

    def shown(self, campaign: int, times: int, shown_s: float, now: float) -> None:
        """A preview is not counted."""

    def joined(self, campaign: int) -> int | None:
        """Nobody has joined yet."""
        return 0

    def rotated(self, serial: str, now: float) -> tuple[str, str] | None:
        """None."""
        return None

    def balance(self, serial: str) -> int | None:
        """None."""
        return None

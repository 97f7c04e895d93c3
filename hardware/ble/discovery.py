"""BlueZ's scan of one adapter, begun and ended over D-Bus, and watched: whether BlueZ, the bus and the adapter are still there.

Takes no reports from D-Bus: nothing is asked for but what happens to the adapter itself, so a crowd costs nothing here.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

from dbus_fast import BusType, Message, MessageType, Variant
from dbus_fast.aio import MessageBus

from hardware.ble.adapter import dbus_error, device_error
from hardware.ble.repeats import Repeats
from hardware.device import DeviceError, Reason

BLUEZ = "org.bluez"
_BUS = "org.freedesktop.DBus"
ANSWER_S = 10.0
"""BlueZ answers in milliseconds; an adapter that is being powered takes some seconds. Longer, and it hangs."""


class Discovery:
    """One adapter of BlueZ. `on_lost` is told, once, why it can hear no more."""

    def __init__(self, adapter: str, on_lost: Callable[[DeviceError], None]) -> None:
        self.adapter = adapter
        self._path = f"/org/bluez/{adapter}"
        self._on_lost = on_lost
        self._bus: MessageBus | None = None
        self._end: asyncio.Task[None] | None = None
        self._scanning = False
        self.repeats = Repeats(adapter, self._on_adapter)

    async def open(self) -> None:
        """Reach the bus and watch; raises DeviceError."""
        try:
            bus = self._bus = MessageBus(bus_type=BusType.SYSTEM)
            await bus.connect()
        except Exception as problem:
            raise device_error(self.adapter, problem) from problem
        bus.add_message_handler(self._on_message)
        self.repeats.serve(bus)
        self._end = asyncio.create_task(self._hung_up(bus))
        for rule in (
            f"sender='{_BUS}',interface='{_BUS}',member='NameOwnerChanged',arg0='{BLUEZ}'",
            f"sender='{BLUEZ}',interface='{_BUS}.ObjectManager',member='InterfacesRemoved',arg0='{self._path}'",
            f"sender='{BLUEZ}',interface='{_BUS}.Properties',member='PropertiesChanged',path='{self._path}'",
        ):
            await self._call(_BUS, "/org/freedesktop/DBus", _BUS, "AddMatch", "s", f"type='signal',{rule}")

    async def begin(self) -> None:
        """Let BlueZ scan actively, every packet counted; raises DeviceError."""
        await self.repeats.keep()
        wishes = {"Transport": Variant("s", "le"), "DuplicateData": Variant("b", True)}
        await self._adapter("SetDiscoveryFilter", "a{sv}", wishes)
        await self._adapter("StartDiscovery")
        self._scanning = True

    async def end(self) -> None:
        """Let BlueZ stop, as far as we are concerned; what cannot be stopped has stopped."""
        if self._scanning:
            self._scanning = False
            with contextlib.suppress(DeviceError):
                await self._adapter("StopDiscovery")
            await self.repeats.let_go()

    async def close(self) -> None:
        """Stop and hang up; may be called twice."""
        await self.end()
        await self.repeats.let_go()
        if self._end is not None:
            self._end.cancel()
            await asyncio.gather(self._end, return_exceptions=True)
            self._end = None
        if self._bus is not None:
            self._bus.disconnect()
            self._bus = None

    async def _adapter(self, member: str, signature: str = "", *body: Any) -> None:
        await self._on_adapter("org.bluez.Adapter1", member, signature, *body)

    async def _on_adapter(self, interface: str, member: str, signature: str = "", *body: Any) -> None:
        await self._call(BLUEZ, self._path, interface, member, signature, *body)

    async def _call(
        self, to: str, path: str, interface: str, member: str, signature: str, *body: Any
    ) -> None:
        if self._bus is None:
            raise DeviceError(Reason.NO_SERVICE, f"{self.adapter} cannot be reached: the bus is closed.")
        message = Message(to, path, interface, member, signature=signature, body=list(body))
        try:
            async with asyncio.timeout(ANSWER_S):
                reply = await self._bus.call(message)
        except TimeoutError:
            raise DeviceError(
                Reason.BROKEN,
                f"{self.adapter}: BlueZ does not answer. Restart it: systemctl restart bluetooth.",
            ) from None
        except Exception as problem:
            raise device_error(self.adapter, problem) from problem
        if reply.message_type is MessageType.ERROR:
            said = str(reply.body[0]) if reply.body else ""
            raise dbus_error(self.adapter, reply.error_name or "", said)

    def _on_message(self, message: Message) -> None:
        if message.message_type is not MessageType.SIGNAL:
            return
        match message.member, message.body:
            case "NameOwnerChanged", [str(name), _, ""] if name == BLUEZ:
                self._on_lost(dbus_error(self.adapter, "org.freedesktop.DBus.Error.ServiceUnknown", ""))
            case "InterfacesRemoved", [str(path), list(gone)] if path == self._path:
                if "org.bluez.Adapter1" in gone:
                    self._on_lost(dbus_error(self.adapter, "org.freedesktop.DBus.Error.UnknownObject", ""))
            case "PropertiesChanged", ["org.bluez.Adapter1", dict(changed), *_]:
                powered = changed.get("Powered")
                if message.path == self._path and powered is not None and not powered.value:
                    self._on_lost(dbus_error(self.adapter, "org.bluez.Error.NotReady", ""))

    async def _hung_up(self, bus: MessageBus) -> None:
        with contextlib.suppress(Exception):
            await bus.wait_for_disconnect()  # type: ignore[no-untyped-call]
        self._on_lost(device_error(self.adapter, ConnectionError()))

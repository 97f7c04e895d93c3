"""Keeps the kernel from asking the controller to leave repeats out.

While it scans actively, the kernel lets the controller report each sender only once until the scan begins anew, every 10.24 s; a
chip that obeys makes presence deaf, however loudly a phone speaks. It does not ask while any advertisement monitor is registered
(net/bluetooth/hci_sync.c, hci_active_scan_sync: a monitor has to see every packet). So one is registered that matches nothing:
with BlueZ, where that offers it (org.bluez.AdvertisementMonitorManager1; before 5.77 only with --experimental), else with the
kernel, where this process may (CAP_NET_ADMIN). Where neither goes the scan goes on, and `kept` says so.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

from dbus_fast import Message, MessageType, Variant
from dbus_fast.aio import MessageBus

from hardware.ble.mgmt import Management
from hardware.device import DeviceError

ROOT = "/org/shopbell/repeats"
_MONITOR = f"{ROOT}/monitor0"
_INTERFACE = "org.bluez.AdvertisementMonitor1"
_MANAGER = "org.bluez.AdvertisementMonitorManager1"

NOBODY_SAYS = b"\xff\xffshopbell: nobody"
"""The start of a manufacturer's data under the company number that is kept for tests: nothing matches it, nothing is told."""

_MANUFACTURER = 0xFF

Call = Callable[..., Awaitable[None]]
"""Calls a method of the adapter's object: interface, member, signature, body; raises DeviceError."""


class Repeats:
    """One adapter's monitor. `kept` says where it is: "bluez", "kernel", or "" for nowhere; `why_not` why it could not be had."""

    def __init__(self, adapter: str, call: Call, management: Callable[[], Management] = Management) -> None:
        self.kept = ""
        self.why_not = ""
        self._adapter = adapter
        self._call = call
        self._management = management
        self._handle: int | None = None

    def serve(self, bus: MessageBus) -> None:
        """Answer what BlueZ asks of the monitor on this connection."""
        bus.add_message_handler(self._answer)

    async def keep(self) -> None:
        """From now on every packet is reported, as far as that can be had. Never raises for a device."""
        if self.kept:
            return
        self.why_not = ""
        try:
            await self._call(_MANAGER, "RegisterMonitor", "o", ROOT)
            self.kept = "bluez"
        except DeviceError as wrong:
            await self._keep_in_kernel(wrong.sentence)

    async def _keep_in_kernel(self, before: str) -> None:
        try:
            self._handle = await asyncio.to_thread(self._add)
            self.kept = "kernel"
        except OSError as problem:
            # A TimeoutError has no number, but a sentence.
            self.why_not = f"{before} {problem.strerror or problem}"

    async def let_go(self) -> None:
        """Take the monitor away: while it is there, the kernel goes on listening when nobody scans."""
        kept, self.kept = self.kept, ""
        if kept == "bluez":
            with contextlib.suppress(DeviceError):
                await self._call(_MANAGER, "UnregisterMonitor", "o", ROOT)
        elif kept == "kernel" and self._handle is not None:
            handle, self._handle = self._handle, None
            with contextlib.suppress(OSError):
                await asyncio.to_thread(self._remove, handle)

    def _add(self) -> int | None:
        """The number of our monitor in the kernel; None where there is one already, a dead process's or somebody else's."""
        with self._management() as kernel:
            if kernel.monitors(self._adapter):
                return None
            return kernel.add_monitor(self._adapter, _MANUFACTURER, NOBODY_SAYS)

    def _remove(self, handle: int) -> None:
        with self._management() as kernel:
            kernel.remove_monitor(self._adapter, handle)

    def _answer(self, message: Message) -> Message | None:
        if message.message_type is not MessageType.METHOD_CALL or message.path not in (ROOT, _MONITOR):
            return None
        match message.interface, message.member:
            case _, "GetManagedObjects" if message.path == ROOT:
                objects = {_MONITOR: {_INTERFACE: _PROPERTIES}}
                return Message.new_method_return(message, "a{oa{sa{sv}}}", [objects])
            case _, "GetAll":
                return Message.new_method_return(message, "a{sv}", [_PROPERTIES])
            case (_, "Release") if message.interface == _INTERFACE:
                # BlueZ lets go of it: it stops, or does not take the pattern.
                self.kept, self.why_not = "", "BlueZ let go of the monitor."
        return Message.new_method_return(message)


_PROPERTIES: dict[str, Any] = {
    "Type": Variant("s", "or_patterns"),
    "Patterns": Variant("a(yyay)", [[0, _MANUFACTURER, NOBODY_SAYS]]),
}

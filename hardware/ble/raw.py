"""Advertising reports as the controller gives them: `ble:raw:hci0`, `ble:raw:hci0:user`, each also with `duty=0.5`.

`ble:raw:hci0` listens to the kernel's monitor, which sees what the controller tells whoever scans: BlueZ goes on scanning and
advertising, and is asked over D-Bus only to begin and to end. `ble:raw:hci0:user` takes the controller alone: passive and
complete, but nobody else may use it, so nothing can be advertised with it.

A crowd must cost little, so nobody is woken by each packet: the first one after a pause begins a wait of GATHER_S, then all that
has come is read at once. `at` is wall time of that reading.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import struct
import time
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Protocol

from hardware.ble.adapter import check_adapter
from hardware.ble.advertisement import Advertisement
from hardware.ble.discovery import Discovery
from hardware.ble.duty import Wishes, read_wishes
from hardware.ble.hci import HciReports
from hardware.ble.hci_frames import (
    LE_READ_FEATURES,
    MONITOR_HEADER,
    Answer,
    MonitorFrame,
    answer,
    has_extended_scanning,
    monitor_filter,
    monitor_frame,
    preparing,
    scanning,
    stopping,
)
from hardware.ble.hci_socket import Channel, Receiver, attach_filter, open_channel, socket_error
from hardware.ble.radio import Clock
from hardware.ble.recovery import power_off
from hardware.device import DeviceError, Reason

GATHER_S = 0.12
"""Packets of so long are read together: at 2,660 a second 319 in 8 wakings, not in 2,660. Half of it costs twice the wakings,
each as much as 50 packets; twice of it, and the kernel's buffer of the usual size runs over."""

LARGEST_BATCH = 256
"""Handed over together at most: more, and nothing else gets a turn for milliseconds."""

LONGEST_PACKET = 264
"""The monitor's header, and an event of 257 octets."""

RECEIVE_BUFFER_OCTETS = 1 << 20
"""Half a second of the densest street at the kernel's 1,280 octets a packet. The usual limit (net.core.rmem_max, 208 kB, which
the kernel doubles) holds 330 packets: 0.12 s."""

SILENCE_S = 10.0
"""An adapter that is pulled out may just fall silent: after this much silence we look whether it is still there."""

ANSWER_S = 3.0
"""A controller answers a command within 1 s (Core Specification 5.4, Vol 4 Part E, 4.4); reset takes some longer."""

OPENING_ATTEMPTS, OPENING_PAUSE_S = 4, 0.5
"""BlueZ may be switching the adapter on at this very moment, which takes a second or two; somebody who insists keeps it."""

# getsockopt: memory of a socket as nine numbers of 32 bits, the last of which counts what was thrown away (linux/sock_diag.h).
_SO_MEMINFO, _MEMINFO = 55, struct.Struct("=9I")


class Source(Protocol):
    """Where packets come from: opened, begun, ended. `before` octets stand in front of each event."""

    before: int
    name: str

    async def open(self) -> socket.socket:
        """The socket; raises DeviceError."""
        ...

    async def begin(self, opened: socket.socket, lost: Callable[[DeviceError], None]) -> None:
        """Have the controller scan; raises DeviceError. `lost` is called, then or later, when it can hear no more."""
        ...

    def trouble(self, packets: Sequence[bytes]) -> DeviceError | None:
        """What the packets say of the adapter's end, if anything."""
        ...

    def look(self) -> None:
        """Called after silence: raises DeviceError when the adapter is gone."""
        ...

    async def end(self, opened: socket.socket) -> None:
        """Have the controller stop."""
        ...

    @property
    def may_miss_repeats(self) -> bool:
        """Whether repeats may be left out."""
        ...


class RawRadio:
    """Hears raw reports until closed."""

    simulated = False
    clock: Clock = "wall"
    speed = 1.0

    def __init__(self, adapter: str, source: Source, now: Callable[[], float] = time.time) -> None:
        self.adapter = adapter
        self._source = source
        self._now = now
        self._socket: socket.socket | None = None
        self._dropped_before = 0
        self._receiver = Receiver(LARGEST_BATCH, LONGEST_PACKET)
        self._wake = asyncio.Event()
        self._lost: DeviceError | None = None
        self._closed = False

    @property
    def may_miss_repeats(self) -> bool:
        """Whether a chip that obeys may report each sender only once in ten seconds (`hardware.ble.repeats`)."""
        return self._source.may_miss_repeats

    @property
    def dropped(self) -> int:
        """Packets that the kernel threw away because nobody read them in time."""
        return self._dropped_before + _thrown_away(self._socket)

    async def scan(self) -> AsyncIterator[Sequence[Advertisement]]:
        """Listen until closed; raises DeviceError when the adapter cannot be used or goes away."""
        opened = self._socket = await self._source.open()
        loop, reports = asyncio.get_running_loop(), HciReports()
        try:
            await self._source.begin(opened, self._on_lost)
            while not self._closed:
                packets = self._read(opened)
                if packets:
                    heard = reports.feed_all(packets, self._now(), self._source.before)
                    if heard:
                        yield heard
                    self._lost = self._lost or self._source.trouble(packets)
                elif self._lost is not None:
                    raise self._lost
                else:
                    await self._something(loop, opened, reports)
                # In a flood the next batch waits already; others get their turn in between.
                await asyncio.sleep(0 if len(packets) == LARGEST_BATCH else GATHER_S)
        finally:
            loop.remove_reader(opened)
            await self._source.end(opened)
            self._dropped_before += _thrown_away(opened)
            self._socket = None
            opened.close()

    async def close(self) -> None:
        """Stop listening; may be called twice."""
        self._closed = True
        self._wake.set()
        await asyncio.sleep(0)

    def describe(self) -> str:
        """One line for screens."""
        return f"Bluetooth adapter {self.adapter}, {self._source.name}"

    async def _something(
        self, loop: asyncio.AbstractEventLoop, opened: socket.socket, reports: HciReports
    ) -> None:
        """Wait until there is something to read or to tell; after a long silence look whether the adapter is there."""
        self._wake.clear()
        loop.add_reader(opened, self._wake.set)
        try:
            if self._lost is None and not self._closed:
                async with asyncio.timeout(SILENCE_S):
                    await self._wake.wait()
        except TimeoutError:
            reports.forget()
            self._source.look()
        finally:
            loop.remove_reader(opened)

    def _read(self, opened: socket.socket) -> list[bytes]:
        """What has come, a batch at most."""
        try:
            packets = self._receiver.read(opened)
        except OSError as problem:
            self._on_lost(socket_error(self.adapter, _as_gone(problem), "CAP_NET_RAW"))
            return []
        if packets and not packets[-1]:
            # The end of a socket is an empty packet, again and again.
            self._on_lost(socket_error(self.adapter, OSError(errno.ENODEV, "gone"), "CAP_NET_RAW"))
            return [one for one in packets if one]
        return packets

    def _on_lost(self, problem: DeviceError) -> None:
        self._lost = self._lost or problem
        self._wake.set()


class Monitor:
    """The kernel's monitor, while BlueZ scans."""

    before = MONITOR_HEADER.size

    def __init__(self, adapter: str, wishes: Wishes) -> None:
        self.adapter = adapter
        self.name = "raw reports beside BlueZ" + _share(wishes)
        self._index = int(adapter.removeprefix("hci"))
        self._wishes = wishes
        self._discovery: Discovery | None = None
        self._slices: asyncio.Task[None] | None = None

    @property
    def may_miss_repeats(self) -> bool:
        """Whether BlueZ's scan may leave repeats out."""
        return self._discovery is not None and bool(self._discovery.repeats.why_not)

    async def open(self) -> socket.socket:
        """The monitor's socket, filtered in the kernel down to this adapter's reports; needs CAP_NET_RAW."""
        try:
            opened = open_channel(Channel.MONITOR)
        except OSError as problem:
            raise socket_error(self.adapter, problem, "CAP_NET_RAW") from problem
        # Where the kernel takes no filter we are woken for nothing more often, and read the same.
        with contextlib.suppress(OSError):
            attach_filter(opened, monitor_filter(self._index))
        _widen(opened)
        return opened

    async def begin(self, _opened: socket.socket, lost: Callable[[DeviceError], None]) -> None:
        """Ask BlueZ to scan; raises DeviceError."""
        self._discovery = Discovery(self.adapter, lost)
        await self._discovery.open()
        await self._discovery.begin()
        if self._wishes.duty < 1:
            self._slices = asyncio.create_task(self._in_slices(self._discovery, lost))

    def trouble(self, packets: Sequence[bytes]) -> DeviceError | None:
        """Whether one of the frames says that the adapter was switched off or is gone: those are a header and nothing else."""
        if MONITOR_HEADER.size not in map(len, packets):
            return None
        for kind, index in map(monitor_frame, packets):
            if index == self._index and kind == MonitorFrame.INDEX_GONE:
                return DeviceError(Reason.NOT_FOUND, f"{self.adapter} is gone. Is the adapter plugged in?")
            if index == self._index and kind == MonitorFrame.INDEX_CLOSED:
                return DeviceError(
                    Reason.SWITCHED_OFF,
                    f"{self.adapter} was switched off. Switch it on: bluetoothctl power on.",
                )
        return None

    def look(self) -> None:
        """Whether the kernel still has the adapter."""
        check_adapter(self.adapter)

    async def end(self, _opened: socket.socket) -> None:
        """Let BlueZ stop."""
        if self._slices is not None:
            self._slices.cancel()
            await asyncio.gather(self._slices, return_exceptions=True)
        if self._discovery is not None:
            await self._discovery.close()

    async def _in_slices(self, discovery: Discovery, lost: Callable[[DeviceError], None]) -> None:
        on_s, off_s = self._wishes.slices
        try:
            while True:
                await asyncio.sleep(on_s)
                await discovery.end()
                await asyncio.sleep(off_s)
                await discovery.begin()
        except DeviceError as problem:
            lost(problem)


class Alone:
    """A controller that is ours alone, scanning passively by its own duty cycle."""

    before = 1
    may_miss_repeats = False

    def __init__(self, adapter: str, wishes: Wishes) -> None:
        self.adapter = adapter
        self.name = "taken alone" + _share(wishes)
        self._index = int(adapter.removeprefix("hci"))
        self._duty = wishes.duty
        self._extended = False

    async def open(self) -> socket.socket:
        """The controller's own socket; needs CAP_NET_ADMIN. BlueZ switches on what it finds: it is switched off for us."""
        for attempt in range(OPENING_ATTEMPTS):
            try:
                opened = open_channel(Channel.USER, self._index)
            except OSError as problem:
                if problem.errno != errno.EBUSY or attempt == OPENING_ATTEMPTS - 1:
                    raise socket_error(self.adapter, problem, "CAP_NET_ADMIN") from problem
                await asyncio.to_thread(power_off, self.adapter)
                await asyncio.sleep(OPENING_PAUSE_S)
            else:
                _widen(opened)
                return opened
        raise AssertionError("the last attempt returns or raises")

    async def begin(self, opened: socket.socket, _lost: Callable[[DeviceError], None]) -> None:
        """Reset the controller and let it scan; raises DeviceError."""
        for one in preparing():
            said = await self._ask(opened, one)
            if said.opcode == LE_READ_FEATURES:
                self._extended = has_extended_scanning(said.returned)
        for one in scanning(extended=self._extended, active=False, duty=self._duty):
            await self._ask(opened, one)

    def trouble(self, _packets: Sequence[bytes]) -> DeviceError | None:
        """A controller that is gone closes its socket: its packets say nothing of it."""
        return None

    def look(self) -> None:
        """A controller that is gone closes its socket: nothing to look for."""

    async def end(self, opened: socket.socket) -> None:
        """Stop scanning; a controller that is gone has stopped."""
        with contextlib.suppress(OSError):
            opened.send(stopping(extended=self._extended))

    async def _ask(self, opened: socket.socket, packet: bytes) -> Answer:
        """The controller's answer to a command; DeviceError where it refuses or says nothing."""
        loop, opcode = asyncio.get_running_loop(), packet[1] | packet[2] << 8
        try:
            opened.send(packet)
            async with asyncio.timeout(ANSWER_S):
                while (said := answer(await loop.sock_recv(opened, LONGEST_PACKET))) is None or (
                    said.opcode != opcode
                ):
                    continue
        except TimeoutError:
            raise DeviceError(
                Reason.BROKEN, f"{self.adapter} does not answer. Unplug it, wait ten seconds, plug it in."
            ) from None
        except OSError as problem:
            raise socket_error(self.adapter, _as_gone(problem), "CAP_NET_ADMIN") from problem
        if said.status:
            raise DeviceError(
                Reason.BROKEN,
                f"{self.adapter} refuses command {opcode:#06x} (error {said.status:#04x}). Use ble:{self.adapter}.",
            )
        return said


def open_radio(argument: str, speed: float = 1.0) -> RawRadio:
    """The radio of `ble:raw:hciN[:user][,duty=SHARE]`; that the kernel has the adapter is found out now."""
    adapter, _, rest = argument.partition(":")
    if not adapter.startswith("hci") or not adapter[3:].isdecimal():
        raise DeviceError(Reason.BAD_NAME, "ble:raw needs an adapter: ble:raw:hci0, or ble:raw:hci0:user.")
    if speed != 1:
        raise DeviceError(
            Reason.BAD_NAME, f"ble:raw:{adapter} hears the real air, which has no speed but its own."
        )
    wishes = read_wishes(f"ble:raw:{adapter}", rest, may_be_alone=True)
    if wishes.alone:
        return RawRadio(adapter, Alone(adapter, wishes))
    check_adapter(adapter)
    return RawRadio(adapter, Monitor(adapter, wishes))


def _share(wishes: Wishes) -> str:
    return "" if wishes.duty == 1 else f", listening {wishes.duty:.0%} of the time"


def _widen(opened: socket.socket) -> None:
    # The kernel gives at most what its administrator allows (net.core.rmem_max) and says nothing.
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_OCTETS)


def _thrown_away(opened: socket.socket | None) -> int:
    if opened is None:
        return 0
    try:
        told = opened.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, _MEMINFO.size)
    except OSError:
        return 0
    return int(_MEMINFO.unpack(told)[8]) if len(told) == _MEMINFO.size else 0


def _as_gone(problem: OSError) -> OSError:
    """A broken pipe to a controller means that it is not there any more."""
    return OSError(errno.ENODEV, "gone") if problem.errno in (errno.EPIPE, errno.EBADFD) else problem

"""The lab put together: the air, the adapters in the guest's kernel, bluetoothd on top of them, and the bus to reach it over.

All that can go wrong with a radio is a method here: bluetoothd is killed, an adapter is pulled out, a chip stops hearing.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from dbus_fast import BusType, Message, MessageType, Variant
from dbus_fast.aio import MessageBus

from tests.lab.air import Air
from tests.lab.bus import Bus
from tests.lab.kernel import LabError, bring_kernel, bring_packages
from tests.lab.machine import ROOT, Machine, Started, in_guest, tell

BLUETOOTHD = "/usr/libexec/bluetooth/bluetoothd"
GUEST_BUS = "/run/dbus/system_bus_socket"
READY_WITHIN_S = 90.0
_SET = "org.freedesktop.DBus.Properties.Set"


class Lab:
    """A running lab with `adapters`: "new" is a chip of Bluetooth 5, "old" one like a Raspberry Pi's before the 4."""

    def __init__(self, machine: Machine, bus: Bus, air: Air, adapters: Sequence[str], folder: Path) -> None:
        self.machine = machine
        self.bus = bus
        self.air = air
        self.folder = folder
        self.keep_logs = False
        self._adapters = adapters
        self._attached: dict[int, Started] = {}
        self._bluetoothd: Started | None = None
        self._watching: asyncio.Task[None] | None = None

    async def plug(self, number: int) -> None:
        """Put an adapter in: a chip on its line, and the kernel told that there is one."""
        line = self.machine.line(f"hvc{number}")
        await self.air.plug(number, line, extended=self._adapters[number] == "new")
        self._attached[number] = self.machine.start(f"exec btattach -B /dev/hvc{number} -P h4")
        done = await self.machine.run(
            f"for i in $(seq 200); do [ -d /sys/class/bluetooth/hci{number} ] && exit 0; sleep 0.05; done; exit 1"
        )
        if done.status:
            raise LabError(f"The kernel does not take adapter hci{number}.")

    async def unplug(self, number: int) -> None:
        """Pull an adapter out: the kernel loses it at once."""
        self.air.unplug(number)
        await self.machine.end(self._attached.pop(number), "KILL")

    async def start_bluetoothd(self, *, experimental: bool = True) -> None:
        """Start bluetoothd and wait until it is on the bus."""
        options = "-n --experimental" if experimental else "-n"
        await self.bus.connect(self.machine.line("bus"))
        self._bluetoothd = self.machine.start(
            f"socat UNIX-LISTEN:{GUEST_BUS},unlink-early OPEN:/dev/port-bus & "
            f"until [ -S {GUEST_BUS} ]; do sleep 0.05; done; {BLUETOOTHD} {options}; kill $!"
        )
        self._watching = asyncio.create_task(self._hang_up_after(self._bluetoothd))
        await self._until(lambda: self.powered(None), "bluetoothd does not come to the bus")

    @asynccontextmanager
    async def all_in_guest(self, *, experimental: bool = True) -> AsyncIterator[None]:
        """bluetoothd on the guest's own bus, as on a real machine, for programs in the guest; at the end back on ours."""
        await self.kill_bluetoothd()
        inside = self.machine.start(
            f"rm -f {GUEST_BUS}; dbus-daemon --system --nofork --nopidfile & "
            f"until [ -S {GUEST_BUS} ]; do sleep 0.05; done; {BLUETOOTHD} -n {'--experimental' if experimental else ''}"
        )
        try:
            for number in range(len(self._adapters)):
                power = f"/org/bluez/hci{number} {_SET} string:org.bluez.Adapter1 string:Powered variant:boolean:true"
                done = await self.machine.run(
                    f"for i in $(seq 100); do dbus-send --system --print-reply --dest=org.bluez {power} && exit; "
                    "sleep 0.3; done; exit 1"
                )
                if done.status:
                    raise LabError(f"hci{number} cannot be switched on inside the guest: {done.said[-200:]}")
            yield
        finally:
            await self.machine.end(inside)
            await self.start_bluetoothd()
            for number in range(len(self._adapters)):
                await self.power_on(number)

    async def kill_bluetoothd(self) -> None:
        """As a crash does it: no goodbye."""
        assert self._bluetoothd is not None
        await self.machine.run("kill -KILL $(pidof bluetoothd)")
        await self._bluetoothd.ended
        if self._watching is not None:
            await self._watching

    async def power_on(self, number: int, within_s: float = READY_WITHIN_S) -> None:
        """Switch an adapter on through BlueZ, as a desktop or a boot script does."""

        async def try_it() -> bool:
            return await self._set_powered(number)

        await self._until(try_it, f"hci{number} cannot be switched on", within_s)

    async def powered(self, number: int | None) -> bool:
        """Whether this adapter is on; of None, whether BlueZ answers at all."""
        path = "/" if number is None else f"/org/bluez/hci{number}"
        if number is None:
            answer = await self._call(path, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects")
            return answer is not None
        body = ("org.bluez.Adapter1", "Powered")
        answer = await self._call(path, "org.freedesktop.DBus.Properties", "Get", "ss", *body)
        return bool(answer and answer[0].value)

    def environment(self) -> dict[str, str]:
        """What a program needs to meet this BlueZ: its bus, and our packages."""
        return {
            **os.environ,
            "DBUS_SYSTEM_BUS_ADDRESS": self.bus.address,
            "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH")))),
            "PYTHONUNBUFFERED": "1",
        }

    @asynccontextmanager
    async def program(
        self, *arguments: str, log: str = "program.log"
    ) -> AsyncIterator[asyncio.subprocess.Process]:
        """A Python program of ours against this BlueZ, ended when the block ends. What it says beside goes to a log."""
        with (self.folder / log).open("ab") as errors:
            process = await asyncio.create_subprocess_exec(
                *("setpriv", "--pdeathsig", "KILL", "--", sys.executable, *arguments),
                cwd=ROOT,
                env=self.environment(),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=errors,
                limit=1 << 20,
            )
        try:
            yield process
        finally:
            if process.returncode is None:
                tell(process, signal.SIGTERM)
                try:
                    await asyncio.wait_for(process.wait(), 15)
                except TimeoutError:
                    tell(process, signal.SIGKILL)
                    await process.wait()

    def in_guest(self, *arguments: str) -> str:
        """The command line that runs a Python program of ours inside the guest."""
        return in_guest(*arguments)

    async def _hang_up_after(self, bluetoothd: Started) -> None:
        with contextlib.suppress(LabError):
            await bluetoothd.ended
        await self.bus.disconnect()

    async def _set_powered(self, number: int) -> bool:
        body = ("org.bluez.Adapter1", "Powered", Variant("b", True))
        path = f"/org/bluez/hci{number}"
        return await self._call(path, "org.freedesktop.DBus.Properties", "Set", "ssv", *body) is not None

    async def _call(
        self, path: str, interface: str, member: str, signature: str = "", *body: object
    ) -> list[object] | None:
        """One call to BlueZ; None where it refuses or is not there."""
        bus = await MessageBus(self.bus.address, BusType.SYSTEM).connect()
        try:
            async with asyncio.timeout(30):
                reply = await bus.call(
                    Message("org.bluez", path, interface, member, signature=signature, body=list(body))
                )
        except TimeoutError:
            return None
        finally:
            bus.disconnect()
        return None if reply is None or reply.message_type is MessageType.ERROR else reply.body

    async def _until(self, asked: object, problem: str, within_s: float = READY_WITHIN_S) -> None:
        assert callable(asked)
        try:
            async with asyncio.timeout(within_s):
                while not await asked():
                    if not self.machine.alive:
                        raise LabError("The virtual machine has ended by itself.")
                    await asyncio.sleep(0.2)
        except TimeoutError:
            raise LabError(f"{problem} within {within_s:g} s; the logs are in {self.folder}") from None


@asynccontextmanager
async def open_lab(
    adapters: Sequence[str] = ("new", "old"), *, experimental: bool = True
) -> AsyncIterator[Lab]:
    """A lab with its adapters powered; the folder of this run is removed when all went well, and named when not."""
    bring_packages()
    kernel = bring_kernel()
    folder = Path(tempfile.mkdtemp(prefix="lab-"))
    try:
        async with Machine(kernel, folder, len(adapters)) as machine, Bus(folder) as bus:
            lab = Lab(machine, bus, Air(), adapters, folder)
            # One by one: the kernel numbers them in the order in which it meets them.
            for number in range(len(adapters)):
                await lab.plug(number)
            await lab.start_bluetoothd(experimental=experimental)
            for number in range(len(adapters)):
                await lab.power_on(number)
            yield lab
    except BaseException:
        print(f"lab: the logs of this run are in {folder}", file=sys.stderr)
        raise
    if lab.keep_logs:
        print(f"lab: the logs of this run are in {folder}", file=sys.stderr)
    else:
        shutil.rmtree(folder, ignore_errors=True)

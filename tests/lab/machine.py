"""The virtual machine as a process: qemu without KVM, its lines to this machine, and the agent inside that runs our commands.

The guest has no network card: nothing in it reaches anything but itself, the shared folder and the lines below.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shlex
import signal
import sys
from dataclasses import dataclass, field
from pathlib import Path

from tests.lab.kernel import HERE, Kernel, LabError

ROOT = HERE.parents[1]
MEMORY_MB = 768
"""BlueZ, a Python with our drivers and the layer over the root fit; half of it does not hold the Python."""

BOOT_WITHIN_S = 180.0
"""It takes 8 s on a quiet machine; this much where everything else runs too."""

WHOLE_RUN_S = 3_600
"""Whatever happens, a machine that nobody ends is gone after an hour."""

COMMAND_WITHIN_S = 60.0


@dataclass(slots=True)
class Done:
    """A command in the guest that has ended."""

    status: int
    said: str


@dataclass(slots=True)
class Started:
    """A command in the guest that may still run."""

    number: int
    ended: asyncio.Future[int] = field(repr=False)


def in_guest(*arguments: str) -> str:
    """The command line that runs a Python program of ours inside the guest."""
    here = shlex.quote(str(ROOT))
    return (
        f"cd {here} && PYTHONPATH={here} PYTHONUNBUFFERED=1 exec {shlex.join((sys.executable, *arguments))}"
    )


def tell(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    """Send a signal. asyncio's own way would look first whether the process has ended, and so take its end from whoever waits."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, number)


class Machine:
    """One virtual machine. Use it as `async with Machine(...)`; leaving takes everything down."""

    def __init__(self, kernel: Kernel, folder: Path, adapters: int, *, steady: bool = False) -> None:
        """`steady`: its clock goes by what its CPU has done, so that nothing in it is late because this machine is busy."""
        self._kernel = kernel
        self._steady = steady
        self.folder = folder
        self._adapters = adapters
        self._process: asyncio.subprocess.Process | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task[None] | None = None
        self._waiting: dict[int, asyncio.Future[int]] = {}
        self._last = 0

    async def __aenter__(self) -> Machine:
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "boot.sh").write_bytes((HERE / "boot.sh").read_bytes())
        (self.folder / "modules").write_text(str(self._kernel.modules), encoding="utf-8")
        with (self.folder / "machine.log").open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self._command(), stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log
            )
        try:
            async with asyncio.timeout(BOOT_WITHIN_S):
                await self._meet_agent()
        except (TimeoutError, LabError):
            await self.__aexit__()
            raise LabError(
                f"The virtual machine does not start; what it said is in {self.folder}/machine.log"
            ) from None
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._writer is not None:
            self._writer.write(b"0 poweroff\n")
            with contextlib.suppress(OSError):
                await self._writer.drain()
        if self._process is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._process.wait(), 5 if self._writer else 0.1)
            if self._process.returncode is None:
                tell(self._process, signal.SIGKILL)
                await self._process.wait()
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)
        if self._writer is not None:
            self._writer.close()

    def line(self, name: str) -> Path:
        """The socket of a line: `hvc0`.. are the adapters' serial lines, `bus` is bluetoothd's D-Bus connection."""
        return self.folder / f"{name}.sock"

    @property
    def alive(self) -> bool:
        """Whether the machine runs."""
        return self._process is not None and self._process.returncode is None

    def start(self, command: str) -> Started:
        """Run a command (one line of bash) in the guest, beside whatever runs there."""
        assert self._writer is not None
        self._last += 1
        ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._waiting[self._last] = ended
        self._writer.write(f"{self._last} {command}\n".encode())
        return Started(self._last, ended)

    def said(self, started: Started) -> str:
        """What a command has printed so far."""
        try:
            return (self.folder / f"{started.number}.log").read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return ""

    async def run(self, command: str, within_s: float = COMMAND_WITHIN_S) -> Done:
        """Run a command in the guest and wait for its end; LabError where it takes longer than `within_s`."""
        started = self.start(command)
        try:
            async with asyncio.timeout(within_s):
                status = await started.ended
        except TimeoutError:
            await self.end(started)
            raise LabError(f"In the virtual machine this took more than {within_s:g} s: {command}") from None
        return Done(status, self.said(started))

    async def end(self, started: Started, name: str = "TERM") -> None:
        """End a command by its process, and wait until it has ended."""
        if started.ended.done():
            return
        self.start(f"kill -{name} -- -$(cat /mnt/out/{started.number}.pid)")
        try:
            async with asyncio.timeout(10):
                await started.ended
        except TimeoutError:
            if name != "KILL":
                await self.end(started, "KILL")

    async def _meet_agent(self) -> None:
        path = self.line("agent")
        while True:
            if not self.alive:
                raise LabError("qemu has ended")
            try:
                reader, self._writer = await asyncio.open_unix_connection(str(path))
                break
            except (FileNotFoundError, ConnectionRefusedError):
                # It is there a moment before anybody listens on it.
                await asyncio.sleep(0.1)
        hello: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._waiting[0] = hello
        self._reading = asyncio.create_task(self._read(reader))
        await hello

    async def _read(self, reader: asyncio.StreamReader) -> None:
        """Answers of the agent; when the line breaks, everybody who waits hears that the machine is gone."""
        while line := await reader.readline():
            number, _, status = line.decode("ascii", "replace").partition(" ")
            waiting = self._waiting.pop(int(number), None) if number.isdigit() else None
            if waiting is not None and not waiting.done():
                waiting.set_result(int(status))
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(LabError("The virtual machine has ended by itself."))
                # Looked at once, so that nobody complains where nobody waits any more.
                waiting.exception()

    def _command(self) -> list[str]:
        def virtio(kind: str, name: str, extra: str = "") -> list[str]:
            socket = f"socket,id={name},path={self.line(name)},server=on,wait=off"
            return ["-chardev", socket, "-device", f"{kind},chardev={name}{extra}"]

        lines: list[str] = ["-device", "virtio-serial-pci,max_ports=16"]
        for number in range(self._adapters):
            lines += virtio("virtconsole", f"hvc{number}")
        for name in ("bus", "agent"):
            lines += virtio("virtserialport", name, f",name={name}")
        # Two nanoseconds for each instruction while it works, this machine's time while it waits.
        clock = ("-icount", "shift=1,sleep=on") if self._steady else ()
        thread = "single" if self._steady else "multi"
        # It ends with us however we end, and after an hour in any case.
        with_parent = ("setpriv", "--pdeathsig", "KILL", "--")
        return [
            *(*with_parent, "timeout", "-k", "5", str(WHOLE_RUN_S), *with_parent),
            *("qemu-system-x86_64", "-accel", f"tcg,thread={thread},tb-size=512", "-cpu", "max", "-smp", "1"),
            *clock,
            *("-m", str(MEMORY_MB), "-nodefaults", "-no-user-config", "-display", "none", "-monitor", "none"),
            *("-serial", "stdio", "-no-reboot", "-kernel", str(self._kernel.image)),
            *("-initrd", str(self._kernel.first_disk), "-append"),
            "console=ttyS0 quiet loglevel=4 panic=-1 edd=off mitigations=off random.trust_cpu=on nokaslr",
            *("-fsdev", "local,id=root,path=/,security_model=none,readonly=on,multidevs=remap"),
            *("-device", "virtio-9p-pci,fsdev=root,mount_tag=hostroot"),
            *("-fsdev", f"local,id=out,path={self.folder},security_model=none"),
            *("-device", "virtio-9p-pci,fsdev=out,mount_tag=out"),
            *("-object", "rng-random,id=rng0,filename=/dev/urandom", "-device", "virtio-rng-pci,rng=rng0"),
            *lines,
        ]

"""A private D-Bus on this machine, and bluetoothd's connection to it, carried out of the virtual machine.

bluetoothd runs in the guest, our drivers run here: both meet on this bus. When bluetoothd ends, its connection has to end here,
too, or the bus would go on saying that org.bluez is there.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from pathlib import Path

from tests.lab.kernel import LabError
from tests.lab.machine import tell

UP_WITHIN_S = 10.0

_CONFIGURATION = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <listen>unix:path={socket}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/><allow user="*"/>
  </policy>
  <limit name="auth_timeout">600000</limit>
</busconfig>
"""


class Bus:
    """The bus. Its `address` goes into DBUS_SYSTEM_BUS_ADDRESS of whatever is to meet BlueZ."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._socket = folder / "system-bus"
        self._process: asyncio.subprocess.Process | None = None
        self._relay: asyncio.Task[None] | None = None

    @property
    def address(self) -> str:
        """Where it listens, as D-Bus writes it."""
        return f"unix:path={self._socket}"

    async def __aenter__(self) -> Bus:
        configuration = self._folder / "bus.conf"
        configuration.write_text(_CONFIGURATION.format(socket=self._socket), encoding="utf-8")
        with (self._folder / "bus.log").open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                *("setpriv", "--pdeathsig", "KILL", "--"),
                *("dbus-daemon", f"--config-file={configuration}", "--nofork", "--nopidfile"),
                stdout=log,
                stderr=log,
            )
        async with asyncio.timeout(UP_WITHIN_S):
            while not self._socket.exists():
                if self._process.returncode is not None:
                    raise LabError(f"dbus-daemon does not start; see {self._folder}/bus.log")
                await asyncio.sleep(0.05)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.disconnect()
        if self._process is not None and self._process.returncode is None:
            tell(self._process, signal.SIGTERM)
            await self._process.wait()

    async def connect(self, line: Path) -> None:
        """Carry what comes over this line of the guest to the bus and back, until `disconnect`."""
        await self.disconnect()
        guest = await asyncio.open_unix_connection(str(line))
        bus = await asyncio.open_unix_connection(str(self._socket))
        self._relay = asyncio.create_task(_carry(guest, bus))

    async def disconnect(self) -> None:
        """End the connection: for the bus, whoever was behind it has gone."""
        if self._relay is not None:
            self._relay.cancel()
            await asyncio.gather(self._relay, return_exceptions=True)
            self._relay = None


_Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def _carry(guest: _Ends, bus: _Ends) -> None:
    try:
        # The first words of bluetoothd say who it is.
        bus[1].write(_as_this_user(await guest[0].readuntil(b"\r\n")))
        await asyncio.gather(_copy(guest[0], bus[1]), _copy(bus[0], guest[1]))
    finally:
        for _, writer in (guest, bus):
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(65_536):
        writer.write(chunk)
        await writer.drain()


def _as_this_user(hello: bytes) -> bytes:
    """root in the guest is whoever runs the lab here: the bus looks at whose process the connection really is.

    Source: D-Bus Specification, Authentication Protocol, EXTERNAL: the user's number in decimal, each digit in hex.
    """
    return hello.replace(
        b"AUTH EXTERNAL 30\r\n", f"AUTH EXTERNAL {str(os.getuid()).encode().hex()}\r\n".encode()
    )

"""One daemon, kept running: started again whenever it has died, at once the first time, then ever more slowly."""

from __future__ import annotations

import asyncio
import collections
import contextlib
import re
import signal
import time
from collections.abc import Callable, Sequence

from hardware.wifi.daemons import Known, known

AGAIN_S = 0.1
"""So soon a daemon that died is started again; twice as long each time after, until one has lived for STEADY_S."""

LONGEST_PAUSE_S = 30.0
STEADY_S = 10.0
END_WITHIN_S = 3.0
KEPT_LINES = 12
LONGEST_LINE = 4_096
_MAC = re.compile(r"\b[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}\b")

_ALWAYS_SAID = re.compile(
    r"started, version|compile time options|DHCP, |using (only )?locally-known|no upstream servers configured|reading |"
    r"using nameserver|interface state|AP-(EN|DIS)ABLED|CTRL-EVENT-TERMINATING|wasn't started"
)
"""What dnsmasq and hostapd say whenever they begin and end, also when all is well."""


class Daemon:
    """A daemon by its command. `keep` runs until it is cancelled; `end` afterwards."""

    def __init__(self, name: str, command: Sequence[str]) -> None:
        self.name = name
        self.deaths = 0
        self._command = command
        self._process: asyncio.subprocess.Process | None = None
        self._said: collections.deque[str] = collections.deque(maxlen=KEPT_LINES)

    @property
    def pid(self) -> int | None:
        """Its process while it runs."""
        return self._process.pid if self._process is not None and self._process.returncode is None else None

    def known(self) -> Known | None:
        """How it is known again after a crash of ours."""
        return None if self.pid is None else known(self.name, self.pid)

    def last_words(self) -> str:
        """What it said last, without the address of any phone."""
        said = [line for line in self._said if not _ALWAYS_SAID.search(line)]
        return _MAC.sub("(address)", " / ".join(said)) or "it said nothing"

    async def keep(self, started: Callable[[], None], died: Callable[[Daemon, int, float], None]) -> None:
        """Run it for ever. `died` is told its status and the pause in seconds before the next start."""
        pause_s = AGAIN_S
        while True:
            began = time.monotonic()
            status = await self._once(started)
            self.deaths += 1
            if time.monotonic() - began >= STEADY_S:
                pause_s = AGAIN_S
            died(self, status, pause_s)
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    async def end(self) -> None:
        """End its process, gently first."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(number)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), END_WITHIN_S)
                return

    async def _once(self, started: Callable[[], None]) -> int:
        process = self._process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            # Should we be killed, it goes on, and must not die of having nobody who listens: SIGPIPE stays ignored.
            restore_signals=False,
            # Ctrl-C is for us; we end it in its turn.
            start_new_session=True,
        )
        started()
        if process.stdout is not None:
            while said := await process.stdout.read(LONGEST_LINE):
                self._said.extend(
                    line for line in said.decode("utf-8", "replace").splitlines() if line.strip()
                )
        return await process.wait()

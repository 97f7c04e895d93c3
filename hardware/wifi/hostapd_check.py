"""Whether hostapd takes a file. It has no mode for that, but a driver that touches no radio: with it every line is read.

hostapd tells what it does not understand and ends, or says that it goes on, and is ended by us.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import time
from pathlib import Path
from select import select

from hardware.device import DeviceError, Reason
from hardware.wifi.daemons import hostapd_command
from hardware.wifi.programs import WITHIN_S

_READ = re.compile(rb"interface state UNINITIALIZED->|ctrl_iface not configured|AP-ENABLED|AP-DISABLED")
_LINE = re.compile(r"Line (\d+): (.+)")


def check_hostapd(text: str, folder: Path) -> None:
    """DeviceError with the lines that hostapd does not take, without what stands in them. `text` names the driver "none"."""
    with tempfile.TemporaryDirectory(dir=folder) as made:
        file = Path(made) / "hostapd.conf"
        file.touch(0o600)
        # No control socket: a running hostapd's would be taken over.
        file.write_text(
            "".join(line + "\n" for line in text.splitlines() if not line.startswith("ctrl_interface=")),
            "utf-8",
        )
        said = _said(hostapd_command(file))
    wrong = [f"line {match[1]}" for match in map(_LINE.match, said.splitlines()) if match]
    if wrong or "errors found" in said:
        raise DeviceError(
            Reason.BROKEN,
            f"hostapd does not take its file: {', '.join(wrong) or 'it does not say why'}. It may be older than 2.10, or built "
            "without a part that is needed; Debian's has all.",
        )


def _said(command: list[str]) -> str:
    """What hostapd says until it has read its file."""
    ours, its = os.pipe()
    with open(ours, "rb", buffering=0) as reading:  # noqa: PTH123 - a pipe, no path
        try:
            process = subprocess.Popen(command, stdout=its, stderr=its)  # noqa: S603 - a fixed program, a file of ours
        finally:
            os.close(its)
        said, until = b"", time.monotonic() + WITHIN_S
        try:
            while not _READ.search(said) and select([reading], [], [], max(0.0, until - time.monotonic()))[0]:
                more = reading.read(65_536)
                if not more:
                    break
                said += more
        finally:
            process.kill()
            process.wait()
    return said.decode("utf-8", "replace")

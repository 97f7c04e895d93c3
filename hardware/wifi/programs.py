"""System programs: where they are, and one of them run to its end.

Every command is a fixed program of Debian's with words that `network.check` or the kernel has let through; no shell reads them.
"""

from __future__ import annotations

import shutil
import subprocess

from hardware.device import DeviceError, Reason

PLACES = "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin"
"""Where system programs are; an ordinary user's own PATH leaves half of them out."""

PACKAGES = {"ip": "iproute2", "iw": "iw", "dnsmasq": "dnsmasq-base", "hostapd": "hostapd"}
"""Debian's package of each."""

WITHIN_S = 10.0


def program(name: str) -> str:
    """The path of a program; DeviceError with the package to install."""
    found = shutil.which(name, path=PLACES)
    if found is None:
        package = PACKAGES[name]
        raise DeviceError(
            Reason.NO_SERVICE, f"{name} is not installed. Install it as root: apt install {package}"
        )
    return found


def is_there(name: str) -> bool:
    """Whether a program is installed."""
    return shutil.which(name, path=PLACES) is not None


def ran(name: str, *words: str) -> tuple[int, bytes, str]:
    """Run a program to its end: its status, what it printed, what it complained of."""
    try:
        done = subprocess.run(  # noqa: S603 - see above
            [program(name), *words], capture_output=True, timeout=WITHIN_S, check=False
        )
    except subprocess.TimeoutExpired:
        raise DeviceError(Reason.BROKEN, f"`{name} {' '.join(words)}` does not come to an end.") from None
    return done.returncode, done.stdout, done.stderr.decode("utf-8", "replace").strip()

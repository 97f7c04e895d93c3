"""Daemons that we start: how they are known again after a crash of ours, ended, and asked whether they take a file.

A process is known by its id and its start time, never by its name: an id comes round again, a name is anybody's.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import signal
import time
from pathlib import Path

import msgspec

from hardware.device import DeviceError, Reason
from hardware.wifi.programs import program, ran

END_WITHIN_S = 3.0


class Known(msgspec.Struct, frozen=True):
    """A process of ours: `started` in ticks after this machine's boot, as the kernel counts them."""

    name: str
    pid: int
    started: int


def known(name: str, pid: int) -> Known | None:
    """A process as it can be known again; None where it has ended."""
    started = _started(pid)
    return None if started is None else Known(name, pid, started)


def is_alive(one: Known) -> bool:
    """Whether that very process still runs."""
    return _started(one.pid) == one.started


def end(one: Known) -> bool:
    """End a process of ours that may not be our child; whether there was one."""
    if not is_alive(one):
        return False
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.kill(one.pid, number)
        until = time.monotonic() + END_WITHIN_S
        while time.monotonic() < until:
            if not is_alive(one):
                return True
            time.sleep(0.02)
    raise DeviceError(Reason.BUSY, f"{one.name} (process {one.pid}) does not end. Restart the machine.")


def _started(pid: int) -> int | None:
    """Field 22 of proc_pid_stat(5); a dead child that nobody has waited for counts as ended."""
    try:
        stat = Path("/proc", str(pid), "stat").read_bytes()
    except OSError:
        return None
    fields = stat[stat.rindex(b")") + 2 :].split()
    return None if fields[0] in (b"Z", b"X") else int(fields[19])


def daemon_user() -> str | None:
    """Whom dnsmasq becomes when it is started as root; None where it must stay, or is nobody special anyhow."""
    if os.geteuid() != 0 or not _may_become():
        return None
    for name in ("dnsmasq", "nobody"):
        with contextlib.suppress(KeyError):
            if _is_mapped(pwd.getpwnam(name).pw_uid):
                return name
    return None


def dnsmasq_command(configuration: Path) -> list[str]:
    """In the foreground. In a user namespace without further users nothing but its debug mode leaves it who it is."""
    stays = os.geteuid() == 0 and daemon_user() is None
    return [program("dnsmasq"), "-d" if stays else "-k", "-C", str(configuration)]


def hostapd_command(configuration: Path) -> list[str]:
    """In the foreground."""
    return [program("hostapd"), str(configuration)]


def check_dnsmasq(configuration: Path) -> None:
    """dnsmasq's own check of a file; DeviceError with what it does not take."""
    status, _, said = ran("dnsmasq", "--test", "-C", str(configuration))
    if status:
        raise DeviceError(Reason.BROKEN, f"dnsmasq does not take {configuration}: {said}")


def _may_become() -> bool:
    """Whether groups may be set here: not in a user namespace that an ordinary user has made (user_namespaces(7))."""
    try:
        return Path("/proc/self/setgroups").read_text(encoding="ascii").strip() == "allow"
    except OSError:
        return True


def _is_mapped(uid: int) -> bool:
    try:
        lines = Path("/proc/self/uid_map").read_text(encoding="ascii").splitlines()
    except OSError:
        return True
    ranges = [[int(word) for word in line.split()] for line in lines]
    return any(inside <= uid < inside + count for inside, _, count in ranges)

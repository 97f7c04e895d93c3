"""Brings an adapter back that has stopped hearing: power, USB reset, reload. Blocks; not for a loop's own thread.

Each function says what it did, or why it could not: rights are missing, or the adapter is not on USB. Nothing is raised. When
to do which is the edge's business. After each of them the adapter may be away for some seconds and comes back by itself.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal, NamedTuple

from hardware.ble.adapter import SYSFS
from hardware.ble.mgmt import Management

USB_DEVICES = Path("/dev/bus/usb")
_USBDEVFS_RESET = 0x5514
"""_IO('U', 20) of linux/usbdevice_fs.h."""

SETTLE_S = 2.0
"""Between off and on: a chip needs a moment without power to forget; half of it is not enough for some, more mutes beacons."""

SERVICE_S = 30.0
"""systemd's own patience with a service is 90 s; one that takes longer than this does not help now."""


class Outcome(NamedTuple):
    """Whether it was done, and a sentence: what was done, or why not."""

    done: bool
    said: str


class Place(NamedTuple):
    """Where an adapter sits: in a USB port, or on the board itself."""

    kind: Literal["usb", "board", "unknown"]
    port: str = ""


UNKNOWN_PLACE = Place("unknown")


def place_of(adapter: str, sysfs: Path = SYSFS) -> Place:
    """Where an adapter sits, as the kernel tells; "unknown" when it is gone."""
    device = sysfs / adapter / "device"
    if not device.exists():
        return Place("unknown")
    usb = _usb_device(device)
    return Place("board") if usb is None else Place("usb", usb.name)


def power_off(adapter: str, management: Callable[[], Management] = Management) -> Outcome:
    """Off through the management socket, and it stays off; needs CAP_NET_ADMIN."""
    try:
        with management() as kernel:
            off = kernel.set_powered(adapter, on=False)
    except TimeoutError as problem:
        return Outcome(False, str(problem))
    except OSError as problem:
        return Outcome(False, f"The kernel's Bluetooth management cannot be used: {problem.strerror}.")
    if off.status:
        return Outcome(False, f"{adapter} cannot be switched off: {off.why_not}.")
    return Outcome(True, f"{adapter} was switched off.")


def power_cycle(
    adapter: str,
    management: Callable[[], Management] = Management,
    sleep: Callable[[float], None] = time.sleep,
) -> Outcome:
    """Off and on again through the management socket; needs CAP_NET_ADMIN."""
    try:
        with management() as kernel:
            if adapter not in kernel.adapters():
                return Outcome(False, f"The kernel does not manage {adapter}: it is gone, or taken alone.")
            off = kernel.set_powered(adapter, on=False)
            if off.status:
                return Outcome(False, f"{adapter} cannot be switched off: {off.why_not}.")
            sleep(SETTLE_S)
            on = kernel.set_powered(adapter, on=True)
            if on.status:
                return Outcome(False, f"{adapter} cannot be switched on again: {on.why_not}.")
    except TimeoutError as problem:
        return Outcome(False, str(problem))
    except OSError as problem:
        return Outcome(False, f"The kernel's Bluetooth management cannot be used: {problem.strerror}.")
    return Outcome(True, f"{adapter} was switched off and on.")


def usb_reset(adapter: str, sysfs: Path = SYSFS, devices: Path = USB_DEVICES) -> Outcome:
    """Reset the USB port's device; needs the right to write to it."""
    usb = _usb_device(sysfs / adapter / "device")
    if usb is None:
        return Outcome(False, f"{adapter} is not on USB.")
    try:
        numbers = [int((usb / name).read_text()) for name in ("busnum", "devnum")]
        node = devices / f"{numbers[0]:03}" / f"{numbers[1]:03}"
        opened = os.open(node, os.O_WRONLY | os.O_CLOEXEC)
    except (OSError, ValueError) as problem:
        return Outcome(False, f"USB port {usb.name} cannot be reset: {_why(problem)}.")
    try:
        fcntl.ioctl(opened, _USBDEVFS_RESET, 0)
    except OSError as problem:
        return Outcome(False, f"USB port {usb.name} cannot be reset: {_why(problem)}.")
    finally:
        os.close(opened)
    return Outcome(True, f"USB port {usb.name} was reset.")


def reload(
    adapter: str,
    sysfs: Path = SYSFS,
    restart: Callable[[str], Outcome] | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> Outcome:
    """Take the adapter from its driver and give it back; where no driver can be asked, restart the service that attaches it."""
    device = (sysfs / adapter / "device").resolve()
    driver = (device / "driver").resolve()
    if driver.name == "driver":
        restart = restart or restart_service
        attached = restart("hciuart")
        return attached if attached.done else restart("bluetooth")
    try:
        (driver / "unbind").write_text(device.name)
        sleep(SETTLE_S)
        (driver / "bind").write_text(device.name)
    except OSError as problem:
        return Outcome(False, f"The driver of {adapter} cannot be reloaded: {_why(problem)}.")
    return Outcome(True, f"The driver of {adapter} was reloaded.")


def restart_service(name: str) -> Outcome:
    """Restart a systemd service; needs the right to."""
    systemctl = shutil.which("systemctl")
    if systemctl is None:
        return Outcome(False, f"{name} cannot be restarted: this machine has no systemd.")
    try:
        ran = subprocess.run(  # noqa: S603 - a fixed command
            [systemctl, "--no-ask-password", "restart", name],
            capture_output=True,
            text=True,
            timeout=SERVICE_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as problem:
        return Outcome(False, f"{name} cannot be restarted: {_why(problem)}.")
    if ran.returncode:
        said = ran.stderr.strip().splitlines()[:1]
        return Outcome(False, f"{name} cannot be restarted: {said[0] if said else 'systemd refuses'}")
    return Outcome(True, f"The service {name} was restarted.")


def _usb_device(device: Path) -> Path | None:
    """The USB device that an adapter is a part of: the nearest folder above that has a bus and a number."""
    if not device.exists():
        return None
    place = device.resolve()
    return next((up for up in (place, *place.parents) if (up / "devnum").exists()), None)


def _why(problem: Exception) -> str:
    return getattr(problem, "strerror", None) or str(problem)

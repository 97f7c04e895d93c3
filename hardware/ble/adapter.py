"""A Bluetooth adapter of this machine: whether it can work, and what BlueZ, D-Bus, bleak or the system refuse, in sentences."""

from __future__ import annotations

import os
from pathlib import Path

from hardware.device import DeviceError, Reason

SYSFS = Path("/sys/class/bluetooth")
SYSTEM_BUS = Path("/run/dbus/system_bus_socket")

# What BlueZ and D-Bus answer -> the reason and what a person can do.
_DBUS_ERRORS: dict[str, tuple[Reason, str]] = {
    "org.bluez.Error.NotReady": (
        Reason.SWITCHED_OFF,
        "is switched off. Switch it on: bluetoothctl power on.",
    ),
    "org.bluez.Error.InProgress": (
        Reason.BUSY,
        "is busy with another scan. Stop the other program, then try again.",
    ),
    "org.bluez.Error.NotAuthorized": (
        Reason.NO_PERMISSION,
        "may not be used by this user. Add the user to the group bluetooth.",
    ),
    "org.freedesktop.DBus.Error.AccessDenied": (
        Reason.NO_PERMISSION,
        "may not be used by this user. Add the user to the group bluetooth.",
    ),
    "org.freedesktop.DBus.Error.ServiceUnknown": (
        Reason.NO_SERVICE,
        "cannot be reached: BlueZ is not running. Start it: systemctl start bluetooth.",
    ),
    "org.freedesktop.DBus.Error.NameHasNoOwner": (
        Reason.NO_SERVICE,
        "cannot be reached: BlueZ is not running. Start it: systemctl start bluetooth.",
    ),
    "org.freedesktop.DBus.Error.NoReply": (
        Reason.NO_SERVICE,
        "cannot be reached: BlueZ has just ended. Start it: systemctl start bluetooth.",
    ),
    "org.freedesktop.DBus.Error.UnknownObject": (
        Reason.NOT_FOUND,
        "is not there. Is the adapter plugged in?",
    ),
    # What a bus without a handler at this path says: BlueZ is there, the adapter is not.
    "org.freedesktop.DBus.Error.UnknownMethod": (
        Reason.NOT_FOUND,
        "is not there. Is the adapter plugged in?",
    ),
}
_DBUS_AWAY = "cannot be reached: D-Bus is not running. Start it: systemctl start dbus."


def check_adapter(adapter: str, sysfs: Path = SYSFS, bus: Path = SYSTEM_BUS) -> None:
    """Raise DeviceError when the kernel or the system says that this adapter cannot work."""
    if os.environ.get("DBUS_SYSTEM_BUS_ADDRESS"):
        # BlueZ is somewhere else (a test bench, a container): this kernel knows nothing of its adapters.
        return
    place = sysfs / adapter
    if not place.exists():
        there = (
            ", ".join(sorted(p.name for p in sysfs.glob("hci*") if ":" not in p.name))
            if sysfs.exists()
            else ""
        )
        raise DeviceError(
            Reason.NOT_FOUND,
            f"There is no Bluetooth adapter {adapter} ({f'there is {there}' if there else 'there is none at all'}). "
            "Is it plugged in? Without one, ble:sim gives a simulated street.",
        )
    for switch in place.glob("rfkill*"):
        if _reads(switch / "hard") == "1":
            raise DeviceError(
                Reason.SWITCHED_OFF, f"{adapter} is switched off by a switch or key on the machine."
            )
        if _reads(switch / "soft") == "1":
            raise DeviceError(
                Reason.SWITCHED_OFF, f"{adapter} is blocked. Unblock it: rfkill unblock bluetooth."
            )
    if not bus.exists():
        raise DeviceError(
            Reason.NO_SERVICE,
            f"{adapter} cannot be reached: D-Bus is not running. Start it: systemctl start dbus.",
        )


def dbus_error(adapter: str, name: str, said: str) -> DeviceError:
    """What an error of D-Bus means; `said` is its own text, for those that nobody foresaw."""
    if name in _DBUS_ERRORS:
        reason, what = _DBUS_ERRORS[name]
        return DeviceError(reason, f"{adapter} {what}")
    return DeviceError(
        Reason.BROKEN, f"{adapter} failed: {said or name}. Unplug it, wait ten seconds, plug it in."
    )


def device_error(adapter: str, problem: Exception) -> DeviceError:
    """What bleak, D-Bus or the system said, as a reason and a sentence with a remedy."""
    name = str(getattr(problem, "dbus_error", "") or getattr(problem, "type", ""))
    if name in _DBUS_ERRORS:
        return dbus_error(adapter, name, "")
    if isinstance(problem, DeviceError):
        return problem
    if isinstance(problem, PermissionError) or "AuthError" in type(problem).__name__:
        return DeviceError(Reason.NO_PERMISSION, f"{adapter}: this user may not speak to the system's D-Bus.")
    if isinstance(problem, FileNotFoundError | ConnectionError | EOFError):
        return DeviceError(Reason.NO_SERVICE, f"{adapter} {_DBUS_AWAY}")
    if "not found" in str(problem):
        return DeviceError(Reason.NOT_FOUND, f"{adapter} is not there. Is the adapter plugged in?")
    unavailable = getattr(getattr(problem, "reason", None), "name", "")
    if unavailable == "DENIED_BY_SYSTEM":
        return DeviceError(
            Reason.NO_SERVICE, f"{adapter} cannot be reached: BlueZ is not running or not allowed."
        )
    if unavailable == "POWERED_OFF":
        return DeviceError(
            Reason.SWITCHED_OFF, f"{adapter} is switched off. Switch it on: bluetoothctl power on."
        )
    return dbus_error(adapter, name, str(problem) or type(problem).__name__)


def _reads(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except OSError:
        return ""

"""Opens a device by its name; a wrong name is an error, never a guess.

A name is ``family:driver[:rest]``, for example ``ble:hci0``, ``ble:sim:seed=7`` or ``ble:replay:saturday.btsnoop.xz``.
Drivers are imported when they are opened, so a simulated radio costs nothing of the real one.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from hardware.reasons import DeviceError as DeviceError
from hardware.reasons import Reason as Reason

# (family, driver): "module:function", called with what follows the driver in the name ("" if nothing).
# A driver called "/PORT" is called with any path of a device: modem:/dev/ttyUSB2, colons and all.
# A driver that ends in a star takes its number with it: "hci*" is called with "hci0" for ble:hci0, "hci0:x" for ble:hci0:x.
DRIVERS: dict[tuple[str, str], str] = {
    ("beacon", "hci*"): "hardware.ble.bluez_broadcast:open_broadcaster",
    ("beacon", "sim"): "hardware.ble.sim_broadcast:open_broadcaster",
    ("ble", "hci*"): "hardware.ble.bluez:open_radio",
    ("ble", "raw"): "hardware.ble.raw:open_radio",
    ("ble", "replay"): "hardware.ble.replay:open_radio",
    ("ble", "sim"): "hardware.ble.sim:open_radio",
    ("camera", "sim"): "hardware.camera.sim:open_camera",
    ("camera", "v4l"): "hardware.camera.v4l:open_camera",
    ("light", "gpio"): "hardware.light.gpio:open_light",
    ("light", "sim"): "hardware.light.sim:open_light",
    ("modem", "/PORT"): "hardware.modem.driver:open_modem",
    ("modem", "sim"): "hardware.modem.sim:open_modem",
    ("printer", "file"): "hardware.printer.reaching:open_file",
    ("printer", "net"): "hardware.printer.reaching:open_net",
    ("printer", "serial"): "hardware.printer.reaching:open_serial",
    ("printer", "sim"): "hardware.printer.sim:open_printer",
    ("printer", "usb"): "hardware.printer.reaching:open_file",
    ("scanner", "evdev"): "hardware.scanner.evdev:open_scanner",
    ("scanner", "serial"): "hardware.scanner.serial_line:open_scanner",
    ("scanner", "sim"): "hardware.scanner.sim:open_scanner",
}


def known_devices() -> list[str]:
    """The names that can be opened, as a person would type them."""
    return [f"{family}:{driver.replace('*', 'N')}" for family, driver in sorted(DRIVERS)]


def find_driver(name: str) -> tuple[str, str]:
    """Where the driver of a device is ("module:function"), and what it is called with; DeviceError where there is none."""
    family, _, rest = name.partition(":")
    driver, _, argument = rest.partition(":")
    target = DRIVERS.get((family, driver))
    if rest.startswith("/"):
        target, argument = DRIVERS.get((family, "/PORT")), rest
    if target is None:
        stem = driver.rstrip("0123456789")
        target = DRIVERS.get((family, f"{stem}*")) if stem != driver else None
        argument = f"{driver}:{argument}" if argument else driver
    if target is None:
        known = ", ".join(known_devices())
        # Without its wishes: a modem's PIN is among them.
        called = name.partition(",")[0]
        raise DeviceError(Reason.BAD_NAME, f"There is no device called {called!r}. Known are: {known}.")
    return target, argument


def open_device(name: str, **wishes: Any) -> Any:
    """Open the device of this name; raises DeviceError when the name is unknown or the device is not there.

    `wishes` go to the driver as they are: radios take `speed` (of a replay or the simulated street).
    """
    target, argument = find_driver(name)
    module, _, attribute = target.partition(":")
    opener: Callable[..., Any] = getattr(import_module(module), attribute)
    return opener(argument, **wishes)

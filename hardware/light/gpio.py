"""`light:gpio:17,27,22,23`: red, green, blue and buzzer on GPIO pins (BCM numbers), through gpiozero.

A pin that is not there is written as `-`: `gpio:17,27,-,23`. `active=low` for a light that is lit by a low level.
gpiozero takes lgpio on a Pi; `GPIOZERO_PIN_FACTORY=mock` gives pins that are none. Both: .venv/bin/pip install gpiozero lgpio
"""

from __future__ import annotations

import contextlib
import warnings
from importlib import import_module
from typing import Any

from hardware.light.light import OFF, Step
from hardware.reasons import DeviceError, Reason
from hardware.wishes import one_of

HIGHEST_PIN = 53
NAMES = ("red", "green", "blue", "buzzer")


class GpioLight:
    """A light on pins; they are taken when it is first set."""

    simulated = False

    def __init__(self, pins: tuple[int | None, ...], active_high: bool) -> None:
        self._pins = pins
        self._active_high = active_high
        self._outputs: dict[str, Any] | None = None
        self._closed = False

    def set(self, step: Step) -> None:
        """Be so from now on."""
        if self._closed:
            return
        if self._outputs is None:
            self._outputs = self._open()
        try:
            for name, output in self._outputs.items():
                output.value = getattr(step, name)
        except Exception as wrong:
            raise _explained(wrong) from wrong

    def describe(self) -> str:
        """One line for screens."""
        wired = ", ".join(
            f"{name} {pin}" for name, pin in zip(NAMES, self._pins, strict=True) if pin is not None
        )
        return f"Light on GPIO {wired}"

    def close(self) -> None:
        """Put it out and let go of the pins."""
        if not self._closed and self._outputs is not None:
            with contextlib.suppress(DeviceError):
                self.set(OFF)
            for output in self._outputs.values():
                output.close()
        self._closed = True

    def _open(self) -> dict[str, Any]:
        try:
            gpiozero = import_module("gpiozero")
        except ImportError as wrong:
            raise DeviceError(
                Reason.NO_SERVICE, "The light needs gpiozero and lgpio: .venv/bin/pip install gpiozero lgpio."
            ) from wrong
        taken: dict[str, Any] = {}
        try:
            with warnings.catch_warnings():
                # gpiozero says which of its libraries are missing, one after the other; what matters is whether one was left.
                warnings.simplefilter("ignore")
                for name, pin in zip(NAMES, self._pins, strict=True):
                    if pin is not None:
                        taken[name] = gpiozero.DigitalOutputDevice(pin, active_high=self._active_high)
        except Exception as wrong:
            for output in taken.values():
                output.close()
            raise _explained(wrong) from wrong
        return taken


def _explained(wrong: Exception) -> DeviceError:
    """gpiozero raises its own errors, those of lgpio and the kernel's; each means one of these."""
    kind, text = type(wrong).__name__, str(wrong)
    if kind in ("GPIOPinInUse", "PinPWMUnsupported") or "busy" in text.lower():
        return DeviceError(Reason.BUSY, f"Another program holds the light's pins: {text}")
    if isinstance(wrong, PermissionError) or "permission" in text.lower():
        return DeviceError(
            Reason.NO_PERMISSION, "This program may not set GPIO pins. Add its user to the group gpio."
        )
    return DeviceError(Reason.NOT_FOUND, f"This machine has no GPIO pins that can be used ({kind}: {text}).")


def open_light(argument: str) -> GpioLight:
    """The light of `light:gpio:R,G,B,BUZZER[,active=low]`. The pins are taken when it is first set."""
    *pins, last = argument.split(",")
    active = "high"
    try:
        if last.startswith("active="):
            active = one_of("high", "low")(last.removeprefix("active="))
        else:
            pins.append(last)
        numbers = tuple(None if pin.strip() == "-" else int(pin) for pin in pins)
    except ValueError:
        numbers = ()
    used = [number for number in numbers if number is not None]
    if (
        len(numbers) != len(NAMES)
        or not used
        or len(set(used)) != len(used)
        or not all(0 <= number <= HIGHEST_PIN for number in used)
    ):
        raise DeviceError(
            Reason.BAD_NAME,
            "A light is named by its four pins, for red, green, blue and buzzer: light:gpio:17,27,22,23 "
            "(BCM numbers; - for one that is not there; ,active=low where a low level lights it).",
        )
    return GpioLight(numbers, active == "high")

"""The counter's devices: opened as the settings name them, watched, told to staff when something is wrong, closed in order.

A device that is not there keeps nothing from running: it is a warning, and it is looked for again. A name that is no device is
a mistake in the settings, and the kiosk does not start. Nothing is ever put in another's place.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from hub.client.warnings import Holding
from kiosk.config import Config

Kind = Literal["scanner", "camera", "printer", "light"]


@dataclass(frozen=True, slots=True)
class DeviceScan:
    """One text that a device read, once. `at` is seconds of `time.monotonic()`, when its last octet or its frame came."""

    text: str
    device: str
    at: float


@dataclass(frozen=True, slots=True)
class DeviceState:
    """How one device is. `device` is its name in the settings; `sentence` is empty while all is well."""

    kind: Kind
    device: str
    ready: bool
    simulated: bool
    description: str
    sentence: str = ""


class Devices:
    """What the settings name. All methods may be called from any thread."""

    def __init__(self, config: Config) -> None:
        self._config = config

    def on_scan(self, callback: Callable[[DeviceScan], None]) -> None:
        """Call this for every text that is scanned, one after the other, in a thread of the devices. It may take its time: at
        most 16 scans wait for it, more are dropped and told. One callback; a later one takes its place."""
        raise NotImplementedError

    def states(self) -> list[DeviceState]:
        """How each device is, in the order of the settings. Empty where none is named."""
        raise NotImplementedError

    def holding(self) -> list[Holding]:
        """What is wrong with them, for the counter's list of warnings (`kiosk.device_health`)."""
        raise NotImplementedError

    def show(self, tone: str) -> None:
        """Show a verdict's tone (good, look, no, note) by light and buzzer. Returns at once; a later one takes its place."""
        raise NotImplementedError

    def start(self) -> None:
        """Open them and begin to read."""
        raise NotImplementedError

    def stop(self) -> None:
        """Close them: the scanners first, so that nothing new begins. May be called twice."""
        raise NotImplementedError

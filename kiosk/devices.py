"""The counter's devices: opened as the settings name them, watched, told to staff when something is wrong, closed in order.

A device that is not there keeps nothing from running: it is a warning, and it is looked for again. A name that is no device is
a mistake in the settings, and the kiosk does not start. Nothing is ever put in another's place.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Literal

from hardware.camera.camera import Camera
from hardware.device import open_device
from hardware.light.light import OFF, Light
from hardware.light.player import Player
from hardware.printer.printer import Printer
from hardware.reasons import DeviceError, Found, Lost
from hardware.scanner.scanner import Heard, Scan, Scanner, Unread
from hub.client.warnings import Holding
from hub.wire.snapshot import Text
from kiosk.camera import CameraReader
from kiosk.config import Config
from kiosk.device_health import LOST, ODD

logger = logging.getLogger(__name__)

Kind = Literal["scanner", "camera", "printer", "light"]

WAITING = 16
READ_S = 0.5
FAILED_S = 2.0
ODD_FOR_S = 20.0
"""How long staff are told of something that could not be read: until they have looked up, and not until tomorrow."""


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

    def as_json(self) -> dict[str, object]:
        """For `check --json` and `/healthz`."""
        return asdict(self)


class _Source:
    """A device that reads, and how it is."""

    def __init__(self, kind: Kind, name: str, device: Scanner | CameraReader) -> None:
        self.kind, self.name, self.device = kind, name, device
        self.lost: Lost | None = None
        self.ready = False
        self.odd: tuple[Unread, float] | None = None

    def take(self, heard: Heard, now: float) -> None:
        match heard:
            case Found():
                self.ready, self.lost = True, None
                logger.info("%s %s: ready", self.kind, self.name)
            case Lost():
                self.ready, self.lost = False, heard
                logger.warning("%s %s: %s", self.kind, self.name, heard.sentence)
            case Unread():
                self.odd = (heard, now)
                logger.warning("%s %s: %s", self.kind, self.name, heard.reason)
            case Scan():
                self.odd = None

    def holding(self, now: float) -> list[Holding]:
        found = []
        if self.lost:
            found.append(Holding(f"{self.kind}-lost", _told(LOST, self.lost.reason.value), self.name))
        if self.odd and now - self.odd[1] < ODD_FOR_S:
            found.append(Holding("scanner-odd", _told(ODD, self.odd[0].reason), self.name))
        return found


class Devices:
    """What the settings name. All methods may be called from any thread. `clock` is a steady one."""

    def __init__(self, config: Config, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._callback: Callable[[DeviceScan], None] | None = None
        self._scans: queue.Queue[DeviceScan] = queue.Queue(WAITING)
        self._dropped_at = float("-inf")
        self._stopping = threading.Event()
        self._sources = [_Source("scanner", name, open_device(f"scanner:{name}")) for name in config.scanners]
        if config.camera:
            camera: Camera = open_device(f"camera:{config.camera}")
            self._sources.append(_Source("camera", config.camera, CameraReader(camera)))
        self._printer_name, self._light_name = config.printer, config.light
        self.printer: Printer | None = (
            open_device(f"printer:{config.printer}", paper_mm=config.printer_paper)
            if config.printer
            else None
        )
        self._light: Light | None = open_device(f"light:{config.light}") if config.light else None
        self._light_lost = ""
        self._player = Player(self._light, self._light_told) if self._light else None
        self.printer_sentence: Callable[[], str] = str
        """Set by the print queue, which alone talks to the printer: what is wrong with it."""
        self._threads = [
            threading.Thread(target=self._read, args=(source,), name=f"{source.kind} {place}", daemon=True)
            for place, source in enumerate(self._sources)
        ]
        self._threads.append(threading.Thread(target=self._hand_on, name="scans", daemon=True))
        self._started = self._stopped = False

    @property
    def scanners(self) -> list[Scanner | CameraReader]:
        """What reads, in the order of the settings: for whoever holds a simulated one."""
        return [source.device for source in self._sources]

    @property
    def light(self) -> Light | None:
        """The light, where there is one."""
        return self._light

    def on_scan(self, callback: Callable[[DeviceScan], None]) -> None:
        """Call this for every text that is scanned, one after the other, in a thread of the devices. It may take its time: at
        most 16 scans wait for it, more are dropped and told. One callback; a later one takes its place."""
        self._callback = callback

    def states(self) -> list[DeviceState]:
        """How each device is, in the order of the settings. Empty where none is named."""
        found = [
            DeviceState(
                source.kind,
                source.name,
                source.ready,
                source.device.simulated,
                source.device.describe(),
                source.lost.sentence if source.lost else "",
            )
            for source in self._sources
        ]
        if self.printer:
            sentence = self.printer_sentence()
            found.append(_state("printer", self._printer_name, self.printer, sentence))
        if self._light:
            found.append(_state("light", self._light_name, self._light, self._light_lost))
        return found

    def holding(self) -> list[Holding]:
        """What is wrong with them, for the counter's list of warnings (`kiosk.device_health`)."""
        now = self._clock()
        found = [one for source in self._sources for one in source.holding(now)]
        if now - self._dropped_at < ODD_FOR_S:
            found.append(Holding("scans-dropped"))
        if self._light_lost:
            found.append(Holding("light-lost", self._light_lost, self._light_name))
        return found

    def show(self, tone: str) -> None:
        """Show a verdict's tone (good, look, no, note) by light and buzzer. Returns at once; a later one takes its place."""
        if self._player:
            self._player.show(tone)

    def try_out(self, within_s: float = 1.0) -> None:
        """Open each once, for a look from a shell while nothing runs. Not between `start` and `stop`."""
        for source in self._sources:
            heard = source.device.read(within_s)
            if heard is not None:
                source.take(heard, self._clock())
        if self._light:
            try:
                self._light.set(OFF)
            except (OSError, DeviceError) as wrong:
                self._light_lost = str(wrong)

    def start(self) -> None:
        """Open them and begin to read."""
        self._started = True
        for thread in self._threads:
            thread.start()
        if self._player:
            self._player.start()

    def stop(self) -> None:
        """Close what reads, so that nothing new begins, then the light; the printer is the print queue's. May be called twice."""
        if self._stopped:
            return
        self._stopped = True
        self._stopping.set()
        for source in self._sources:
            source.device.close()
        if self._started:
            for thread in self._threads:
                thread.join(5)
        if self._player:
            self._player.stop()

    def _read(self, source: _Source) -> None:
        while not self._stopping.is_set():
            try:
                heard = source.device.read(READ_S)
            except Exception:
                # A driver raises nothing; where one does all the same, the others and the next look must not suffer for it.
                logger.exception("%s %s failed", source.kind, source.name)
                self._stopping.wait(FAILED_S)
                continue
            if heard is None:
                continue
            source.take(heard, self._clock())
            if isinstance(heard, Scan):
                try:
                    self._scans.put_nowait(DeviceScan(heard.text, source.name, heard.at))
                except queue.Full:
                    self._dropped_at = self._clock()
                    logger.warning("%s: a scan was dropped, %s are waiting", source.name, WAITING)

    def _hand_on(self) -> None:
        while not self._stopping.is_set():
            try:
                scan = self._scans.get(timeout=READ_S)
            except queue.Empty:
                continue
            callback = self._callback
            if callback is None:
                continue
            try:
                callback(scan)
            except Exception:
                # One scan that cannot be handled must not end the reading of all others.
                logger.exception("a scan of %s was not handled", scan.device)

    def _light_told(self, sentence: str) -> None:
        self._light_lost = sentence


def _state(kind: Kind, name: str, device: Printer | Light, sentence: str) -> DeviceState:
    return DeviceState(kind, name, not sentence, device.simulated, device.describe(), sentence)


def _told(table: dict[str, Text], reason: str) -> Text:
    text = table.get(reason, {})
    return text or {"en": reason, "zh": reason}

"""Bermuda's own update, by itself: what `tests.bench.presence` runs as a child, with Bermuda's checkout in `BERMUDA`.

Bermuda is a custom component of Home Assistant. Home Assistant itself is not needed for its arithmetic, so everything that
Bermuda imports from there is a stand-in that does nothing; the two classes that it inherits real behaviour from (scanners) are
those of habluetooth, as in Home Assistant. Its update runs once a cycle over everything that its scanners have heard since the
last; the time of one cycle over the number of packets in it is what a packet costs. Each device is tracked (`create_sensor`), or
it would get no area.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
import types
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

STAND_INS = ("homeassistant", "aiofiles", "voluptuous", "yaml")
IRK_MODULE = "bermuda.bermuda_irk"
"""Left out, too: it needs Python 3.12, and no phone here has a key that anybody knows. Bermuda is quicker without it, not
slower."""


class _StandIn(MagicMock):
    def __mro_entries__(self, bases: tuple[Any, ...]) -> tuple[type, ...]:
        return (object,)


class _Stage(MetaPathFinder, Loader):
    """Makes a module for whatever is imported from Home Assistant."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        left_out = name.partition(".")[0] in STAND_INS or name == IRK_MODULE
        return ModuleSpec(name, self, is_package=True) if left_out else None

    def create_module(self, spec: ModuleSpec) -> types.ModuleType:
        module = types.ModuleType(spec.name)
        module.__getattr__ = lambda name: _StandIn(name=f"{spec.name}.{name}")  # type: ignore[method-assign]
        return module

    def exec_module(self, module: types.ModuleType) -> None:
        """Nothing is in it."""


class _Registry:
    """Areas and floors, quick: Bermuda asks for them with each update, and they are no part of its arithmetic."""

    def async_list_areas(self) -> list[Any]:
        return []

    def async_get_area(self, area_id: str) -> Any:
        return types.SimpleNamespace(id=area_id, name=area_id, icon=None, floor_id=None)

    def async_get_floor(self, _floor_id: str) -> None:
        return None


class _Base:
    def __init__(self, hass: Any, *_: Any, **__: Any) -> None:
        self.hass = hass


def _prepare(checkout: Path) -> Any:
    """Bermuda's coordinator, imported from its checkout."""
    import habluetooth

    sys.meta_path.insert(0, _Stage())
    import homeassistant.components.bluetooth
    import homeassistant.const
    import homeassistant.core
    import homeassistant.helpers.update_coordinator
    import homeassistant.util

    for registry in ("area", "floor"):
        made = _Registry()
        importlib.import_module(f"homeassistant.helpers.{registry}_registry").async_get = (
            lambda _hass, made=made: made
        )
    homeassistant.const.MAJOR_VERSION, homeassistant.const.MINOR_VERSION = 2025, 12
    homeassistant.const.STATE_HOME, homeassistant.const.STATE_NOT_HOME = "home", "not_home"
    homeassistant.core.callback = lambda function: function
    homeassistant.helpers.update_coordinator.DataUpdateCoordinator = _Base
    homeassistant.util.slugify = lambda text: text.replace(":", "_")
    homeassistant.components.bluetooth.BaseHaRemoteScanner = habluetooth.BaseHaRemoteScanner
    homeassistant.components.bluetooth.BaseHaScanner = habluetooth.BaseHaScanner
    package = types.ModuleType("bermuda")
    package.__path__ = [str(checkout / "custom_components" / "bermuda")]
    sys.modules["bermuda"] = package
    from bermuda.coordinator import BermudaDataUpdateCoordinator

    return BermudaDataUpdateCoordinator


class _Scanner:
    """A scanner as Bermuda sees one: what it heard last of each device, and when."""

    def __init__(self) -> None:
        from habluetooth import BaseHaRemoteScanner

        self.real = MagicMock(spec=BaseHaRemoteScanner)
        self.real.source = "AA:BB:CC:DD:EE:FF"
        self.real.name = "radio"
        self.real.time_since_last_detection.return_value = 0.0
        self.real.discovered_devices_and_advertisement_data = {}
        self.real.discovered_device_timestamps = {}

    def hear(self, address: str, strength: int) -> None:
        from bleak.backends.scanner import AdvertisementData

        known = self.real.discovered_devices_and_advertisement_data
        device = known[address][0] if address in known else types.SimpleNamespace(address=address)
        said = (
            known[address][1]
            if address in known
            else AdvertisementData(None, {0x0157: address.encode()}, {}, [], None, 0, ())
        )
        known[address] = (device, said._replace(rssi=strength))
        self.real.discovered_device_timestamps[address] = time.monotonic()


def _new(coordinator_type: Any, scanner: _Scanner) -> Any:
    entry, hass = MagicMock(), MagicMock()
    entry.options = {}
    entry.async_create_background_task = lambda _hass, coroutine, *_, **__: coroutine.close()
    coordinator = coordinator_type(hass, entry)
    coordinator._waitingfor_load_manufacturer_ids = False
    # It would throw away all but a thousand devices, and is no part of a packet's way.
    coordinator.stamp_last_prune = float("inf")
    coordinator._manager.async_current_scanners.return_value = [scanner.real]
    hass.config_entries.async_entries.return_value = []
    return coordinator


def main() -> int:
    """Answers each line on standard input with the nanoseconds that one packet took, in processor time."""
    import random

    devices = int(sys.argv[1])
    coordinator_type = _prepare(Path(os.environ["BERMUDA"]))
    rnd = random.Random(7)
    scanner = _Scanner()
    coordinator = _new(coordinator_type, scanner)
    addresses = [rnd.randbytes(6).hex(":").upper() for _ in range(devices)]
    levels = [rnd.uniform(-78, -50) for _ in addresses]

    def cycle() -> float:
        for address, level in zip(addresses, levels, strict=True):
            scanner.hear(address, min(-30, round(rnd.gauss(level, 3))))
        begin = time.thread_time_ns()
        coordinator._async_update_data_internal()
        return (time.thread_time_ns() - begin) / devices

    cycle()
    for device in coordinator.devices.values():
        device.create_sensor = device.create_all_done = True
    for scanning in coordinator.get_scanners:
        scanning.area_id = scanning.area_name = "door"
        for device in coordinator.devices.values():
            for advert in device.adverts.values():
                advert.area_id = advert.area_name = "door"
    for _ in range(15):
        cycle()
    print(json.dumps({"devices": len(coordinator.devices)}), flush=True)
    for _ in sys.stdin:
        print(json.dumps({"ns": cycle()}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())

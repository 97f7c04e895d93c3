"""The edge's settings."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from edge.occupancy import Correction
from edge.subjects import tag_identity
from hub.client.settings import (
    Setting,
    SettingsError,
    device,
    name,
    number,
    read_settings,
    show_settings,
    url,
)


def _tags(text: str) -> tuple[str, ...]:
    return tuple(tag_identity(part) for part in text.split(",") if part.strip())


def _radios(text: str) -> str:
    for part in text.split(";"):
        device(part.strip())
    return text


def _zones(text: str) -> str:
    for part in text.split(";"):
        name(part.strip())
    return text


_USUAL = Correction()

SETTINGS = (
    Setting("EDGE_DIR", Path, "shop/edge", "Folder of this node: identity, journal, status"),
    Setting(
        "EDGE_HUB",
        url,
        "",
        "Address of the shop's hub, where it has moved since this node joined; empty: as joined",
    ),
    Setting(
        "EDGE_RADIO",
        _radios,
        "ble:hci0",
        "Radio to open, or several with semicolons between; ble:sim needs no hardware, ble:replay:FILE plays a recording",
    ),
    Setting(
        "EDGE_ZONE",
        _zones,
        "door",
        "What people call the place that this radio hears; of several radios, one for all or one for each",
    ),
    Setting(
        "EDGE_SPEED",
        number(0, 10_000),
        "1",
        "Pace of the simulated street or a recording; 0: as fast as it goes",
    ),
    Setting(
        "EDGE_TAGS", _tags, "", "Enrolled tags, with commas between: ibeacon:UUID/MAJOR/MINOR and the like"
    ),
    Setting(
        "EDGE_PHONES_PER_PERSON",
        number(0.05, 20),
        str(_USUAL.phones_per_person),
        "Devices that speak, per person, by a count of heads in this shop",
    ),
    Setting(
        "EDGE_COUNT_DOUBT",
        number(0, 0.5),
        str(_USUAL.doubt),
        "How far that figure may be wrong, as a share; sets the band around people present",
    ),
)


class Config(msgspec.Struct, frozen=True):
    """The settings in force."""

    dir: Path
    hub: str
    radio: str
    zone: str
    speed: float
    tags: tuple[str, ...]
    phones_per_person: float
    count_doubt: float

    @property
    def radios(self) -> tuple[str, ...]:
        """The radios by their names: the receivers, in the order of their numbers."""
        return tuple(part.strip() for part in self.radio.split(";"))

    @property
    def zones(self) -> tuple[str, ...]:
        """The zone of each receiver."""
        zones = tuple(part.strip() for part in self.zone.split(";"))
        return zones if len(zones) > 1 else zones * len(self.radios)

    @property
    def correction(self) -> Correction:
        """How names heard become people here."""
        return Correction(phones_per_person=self.phones_per_person, doubt=self.count_doubt)


def read_config(environ: Mapping[str, str], flags: Mapping[str, str | None] | None = None) -> Config:
    """The settings; SettingsError has every mistake."""
    config = Config(**read_settings(SETTINGS, environ, flags))
    mistakes = _mistakes(config)
    if mistakes:
        raise SettingsError(mistakes)
    return config


def _mistakes(config: Config) -> list[str]:
    """What is wrong with settings that are each right by themselves."""
    radios, zones = config.radios, config.zones
    found = []
    if len(zones) != len(radios):
        found.append(
            f"EDGE_ZONE names {len(zones)} zones, but EDGE_RADIO names {len(radios)} radios: name one for all or one for each."
        )
    if len(set(radios)) != len(radios):
        found.append("EDGE_RADIO names a radio twice.")
    if len(radios) > 1 and (config.speed != 1 or any(radio.startswith("ble:replay") for radio in radios)):
        found.append("Several radios must all hear the present: no recording among them, and EDGE_SPEED 1.")
    return found


def show_config(config: Config) -> str:
    """The table with the values in force."""
    return show_settings(SETTINGS, {setting.field: getattr(config, setting.field) for setting in SETTINGS})

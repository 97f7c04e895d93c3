"""The edge's settings."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from edge.occupancy import Correction
from edge.subjects import tag_identity
from hub.client.configured import read_node_settings
from hub.client.settings import (
    Setting,
    SettingsError,
    device,
    host,
    name,
    number,
    port,
    show_settings,
    url,
)


def _tags(text: str) -> tuple[str, ...]:
    return tuple(tag_identity(part) for part in text.split(",") if part.strip())


def _radios(text: str) -> str:
    for part in text.split(";"):
        device(part.strip())
    return text


def _neighbours(text: str) -> tuple[str, ...]:
    return tuple(name(part.strip()) for part in text.split(";") if part.strip())


def _main_door(text: str) -> str:
    if not text.strip():
        return ""
    where, _, number = text.strip().rpartition(":")
    if not where or not number.isdecimal() or not 1 <= int(number) <= 65_535:
        raise ValueError(f"{text!r} is no address of a door; write it as door.local:8084.")
    return f"{host(where)}:{number}"


def _beacon(text: str) -> str:
    if text not in ("", "off") and not text.startswith("beacon:"):
        raise ValueError("must be beacon:hci0 and the like, beacon:sim, off, or empty")
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
        "EDGE_BEACON",
        _beacon,
        "",
        "What speaks on the air for campaigns: beacon:hci0, beacon:sim or off; empty: with the first radio",
    ),
    Setting(
        "EDGE_ZONE",
        _zones,
        "door",
        "What people call the place that this radio hears; of several radios, one for all or one for each",
        remote=True,
    ),
    Setting(
        "EDGE_SPEED",
        number(0, 10_000),
        "1",
        "Pace of the simulated street or a recording; 0: as fast as it goes",
    ),
    Setting(
        "EDGE_TAGS",
        _tags,
        "",
        "Enrolled tags, with commas between: ibeacon:UUID/MAJOR/MINOR and the like",
        remote=True,
    ),
    Setting(
        "EDGE_NEIGHBOURS",
        _neighbours,
        "",
        "Zones of other doors that hand to this one what they hear, with semicolons between; empty: this door counts alone",
    ),
    Setting("EDGE_NEIGHBOURS_HOST", host, "0.0.0.0", "Address of this machine at which other doors find it"),  # noqa: S104
    Setting("EDGE_NEIGHBOURS_PORT", port, "8084", "Port at which other doors find it"),
    Setting(
        "EDGE_HANDS_TO",
        _main_door,
        "",
        "The main door, as host:port, that counts for this one; empty: this door counts itself",
    ),
    Setting(
        "EDGE_PHONES_PER_PERSON",
        number(0.05, 20),
        str(_USUAL.phones_per_person),
        "Devices that speak, per person, by a count of heads in this shop",
        remote=True,
    ),
    Setting(
        "EDGE_COUNT_DOUBT",
        number(0, 0.5),
        str(_USUAL.doubt),
        "How far that figure may be wrong, as a share; sets the band around people present",
        remote=True,
    ),
)


class Config(msgspec.Struct, frozen=True):
    """The settings in force."""

    dir: Path
    hub: str
    radio: str
    beacon: str
    zone: str
    speed: float
    tags: tuple[str, ...]
    neighbours: tuple[str, ...]
    neighbours_host: str
    neighbours_port: int
    hands_to: str
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
    def main_door(self) -> tuple[str, int] | None:
        """Host and port of the door that counts for this one; None where this one counts itself."""
        where, _, number = self.hands_to.rpartition(":")
        return (where, int(number)) if where else None

    @property
    def correction(self) -> Correction:
        """How names heard become people here."""
        return Correction(phones_per_person=self.phones_per_person, doubt=self.count_doubt)


def read_config(environ: Mapping[str, str], flags: Mapping[str, str | None] | None = None) -> Config:
    """The settings; SettingsError has every mistake."""
    config = Config(**read_node_settings(SETTINGS, environ, flags))
    if _mistakes(config):
        # What the hub gave does not fit to what stands on this machine: the machine goes on as it was set here.
        config = Config(**read_node_settings(SETTINGS, environ, flags, use_hub=False))
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
    if config.hands_to and (config.neighbours or len(radios) > 1 or config.speed != 1):
        found.append(
            "EDGE_HANDS_TO makes this door an ear: it has one radio, EDGE_SPEED 1, and no EDGE_NEIGHBOURS of its own."
        )
    return found


def show_config(config: Config) -> str:
    """The table with the values in force."""
    return show_settings(SETTINGS, {setting.field: getattr(config, setting.field) for setting in SETTINGS})

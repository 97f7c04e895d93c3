"""The edge's settings: one table, read strictly, every mistake reported at once.

Pure: the environment and the command line are handed in by `edge.__main__`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from edge.occupancy import Correction
from edge.subjects import tag_identity


class ConfigError(Exception):
    """The settings cannot be used; `mistakes` has a sentence for each reason."""

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


class Setting(msgspec.Struct, frozen=True):
    """One row of the table. `read` turns text into the value, or raises ValueError with the rest of a sentence."""

    name: str
    read: Callable[[str], Any]
    default: str
    meaning: str
    secret: bool = False

    @property
    def field(self) -> str:
        """The name in `Config` and, with dashes, on the command line."""
        return self.name.removeprefix("EDGE_").lower()


def _name(text: str) -> str:
    if not text or len(text) > 40 or not all(sign.isalnum() or sign in "-_ ." for sign in text):
        raise ValueError("must be a short name of letters, digits, spaces, dots, dashes")
    return text


def _device(text: str) -> str:
    if ":" not in text:
        raise ValueError("must name a device, such as ble:hci0, ble:sim or ble:replay:FILE")
    return text


def _url(text: str) -> str:
    parts = urlsplit(text)
    if text and (
        parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query
    ):
        raise ValueError("must be an address like http://hub.local:8080, with nothing secret in it")
    return text


def _number(low: float, high: float) -> Callable[[str], float]:
    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not low <= value <= high:
            raise ValueError(f"must be a number from {low:g} to {high:g}")
        return value

    return read


def _tags(text: str) -> tuple[str, ...]:
    return tuple(tag_identity(part) for part in text.split(",") if part.strip())


_USUAL = Correction()

SETTINGS = (
    Setting("EDGE_DIR", Path, "shop/edge", "Folder of this node: identity, journal, status"),
    Setting(
        "EDGE_HUB",
        _url,
        "",
        "Address of the shop's hub, where it has moved since this node joined; empty: as joined",
    ),
    Setting(
        "EDGE_RADIO",
        _device,
        "ble:hci0",
        "Radio to open; ble:sim needs no hardware, ble:replay:FILE plays a recording",
    ),
    Setting("EDGE_ZONE", _name, "door", "What people call the place that this radio hears"),
    Setting(
        "EDGE_SPEED",
        _number(0, 10_000),
        "1",
        "Pace of the simulated street or a recording; 0: as fast as it goes",
    ),
    Setting(
        "EDGE_TAGS", _tags, "", "Enrolled tags, with commas between: ibeacon:UUID/MAJOR/MINOR and the like"
    ),
    Setting(
        "EDGE_PHONES_PER_PERSON",
        _number(0.05, 20),
        str(_USUAL.phones_per_person),
        "Devices that speak, per person, by a count of heads in this shop",
    ),
    Setting(
        "EDGE_COUNT_DOUBT",
        _number(0, 0.5),
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
    def correction(self) -> Correction:
        """How names heard become people here."""
        return Correction(phones_per_person=self.phones_per_person, doubt=self.count_doubt)


PORTAL_PREFIX = "EDGE_PORTAL_"
"""Settings of the Wi-Fi portal, which is a process of its own with a table of its own."""


def read_config(environment: Mapping[str, str], flags: Mapping[str, str | None] | None = None) -> Config:
    """The settings from the environment, with the command line's flags above it; ConfigError has all mistakes."""
    known = {setting.name for setting in SETTINGS}
    mistakes = [
        f"{name} is no setting of the edge. There are: {', '.join(sorted(known))}."
        for name in environment
        if name.startswith("EDGE_") and not name.startswith(PORTAL_PREFIX) and name not in known
    ]
    values: dict[str, Any] = {}
    for setting in SETTINGS:
        given = (flags or {}).get(setting.field)
        text = environment.get(setting.name, setting.default) if given is None else given
        try:
            values[setting.field] = setting.read(text.strip())
        except ValueError as wrong:
            shown = "(hidden)" if setting.secret else repr(text)
            mistakes.append(f"{setting.name} = {shown}: {wrong}.")
    if mistakes:
        raise ConfigError(mistakes)
    return Config(**values)


def show_config(config: Config) -> list[str]:
    """A line for each setting with its value in force and its meaning; secrets stay hidden."""
    lines = []
    for setting in SETTINGS:
        value = getattr(config, setting.field)
        text = (
            ",".join(value)
            if isinstance(value, tuple)
            else f"{value:g}"
            if isinstance(value, float)
            else str(value)
        )
        shown = ("(set)" if text else "(not set)") if setting.secret else text
        lines.append(f"{setting.name}={shown}  # {setting.meaning}")
    return lines

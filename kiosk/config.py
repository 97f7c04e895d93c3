"""The kiosk's settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from hardware.device import find_driver
from hardware.reasons import DeviceError
from hub.client.configured import read_node_settings
from hub.client.settings import (
    Setting,
    folder,
    host,
    hub_fingerprint,
    name,
    notice,
    number,
    port,
    show_settings,
    url,
    whole,
)
from hub.wire.snapshot import Text


def one_device(family: str) -> Callable[[str], str]:
    """One device by its name without the family, or none."""

    def read(text: str) -> str:
        text = text.strip()
        if text:
            try:
                find_driver(f"{family}:{text}")
            except DeviceError as wrong:
                raise ValueError(f"is no {family}: {wrong.sentence.rstrip('.')}") from None
        return text

    return read


def several_devices(family: str) -> Callable[[str], tuple[str, ...]]:
    """Devices behind commas; a wish such as baud=115200 behind a comma belongs to the device before it."""
    one = one_device(family)

    def read(text: str) -> tuple[str, ...]:
        names: list[str] = []
        for part in filter(None, (piece.strip() for piece in text.split(","))):
            if names and "=" in part and ":" not in part.partition("=")[0]:
                names[-1] += f",{part}"
            else:
                names.append(part)
        return tuple(one(name) for name in names)

    return read


def words(text: str) -> tuple[str, ...]:
    """Words with spaces between them."""
    return tuple(text.split())


def paper(text: str) -> Literal[58, 80]:
    """How wide receipt paper is, in mm."""
    if text == "58":
        return 58
    if text == "80":
        return 80
    raise ValueError("must be 58 or 80")


def drawer(text: str) -> Literal["no", "redeem"]:
    """When the cash drawer opens."""
    if text == "redeem":
        return "redeem"
    if text == "no":
        return "no"
    raise ValueError("must be no or redeem")


SETTINGS = (
    Setting(
        "KIOSK_DIR", folder, "shop/kiosk", "Folder of this kiosk: its identity, its journal, its snapshot"
    ),
    Setting("KIOSK_HOST", host, "127.0.0.1", "Address to listen on"),
    Setting("KIOSK_PORT", port, "8081", "Port to listen on; 0 takes a free one"),
    Setting(
        "KIOSK_HUB", url, "", "Address of the shop's hub, where it is not the one of the enrolment any more"
    ),
    Setting("KIOSK_NAME", name, "Till", "What people call this till, until the hub says otherwise"),
    Setting(
        "KIOSK_HUB_KEY",
        hub_fingerprint,
        "",
        "Fingerprint of the only hub that this till may join (python -m hub node hub-key)",
    ),
    Setting("KIOSK_NOTICE", notice, "", "A line for every page, as text or as JSON by language", remote=True),
    Setting("KIOSK_THREADS", whole(2, 64), "6", "Requests that are answered at the same time"),
    Setting(
        "KIOSK_SIGNED_IN_S",
        whole(60, 86_400),
        "900",
        "Seconds without a touch after which the till signs out",
        remote=True,
    ),
    Setting(
        "KIOSK_SCANNERS",
        several_devices("scanner"),
        "",
        "Scanners, such as serial:/dev/ttyACM0 or evdev:/dev/input/by-id/...-event-kbd, several behind commas",
        remote=True,
    ),
    Setting(
        "KIOSK_CAMERA",
        one_device("camera"),
        "",
        "A camera that reads codes, such as v4l:/dev/video0",
        remote=True,
    ),
    Setting(
        "KIOSK_PRINTER",
        one_device("printer"),
        "",
        "The receipt printer: net:ADDRESS, usb:/dev/usb/lp0 or serial:/dev/ttyUSB0",
        remote=True,
    ),
    Setting("KIOSK_PRINTER_PAPER", paper, "80", "Width of its paper in mm: 58 or 80", remote=True),
    Setting(
        "KIOSK_DRAWER", drawer, "no", "Whether a redemption opens the cash drawer: no or redeem", remote=True
    ),
    Setting(
        "KIOSK_LIGHT",
        one_device("light"),
        "",
        "Status light and buzzer, such as gpio:17,27,22,23",
        remote=True,
    ),
    Setting(
        "KIOSK_IDLE_S",
        whole(1, 600),
        "45",
        "Seconds without a touch after which the shoppers' screen asks whether somebody is there",
        remote=True,
    ),
    Setting(
        "KIOSK_WARN_S", whole(1, 120), "20", "Seconds for which it asks before it wipes itself", remote=True
    ),
    Setting(
        "KIOSK_ATTRACT_S", whole(1, 3_600), "30", "Seconds for which one offer stands in front", remote=True
    ),
    Setting(
        "KIOSK_SCREEN_DIAGONAL",
        number(0, 120),
        "0",
        "Size of the shoppers' screen in inches, so that a QR has its 40 mm; 0 where it is not known",
        remote=True,
    ),
    Setting(
        "KIOSK_BROWSER", str, "", "The browser of the shoppers' screen; without it the machine's Chromium"
    ),
    Setting("KIOSK_BROWSER_FLAGS", words, "", "More words for the browser's command line"),
)


@dataclass(frozen=True, slots=True)
class Config:
    """The settings in force."""

    dir: Path
    host: str = "127.0.0.1"
    port: int = 8081
    hub: str = ""
    name: str = "Till"
    hub_key: str = ""
    notice: Text = field(default_factory=dict)
    threads: int = 6
    signed_in_s: int = 900
    scanners: tuple[str, ...] = ()
    camera: str = ""
    printer: str = ""
    printer_paper: Literal[58, 80] = 80
    drawer: Literal["no", "redeem"] = "no"
    light: str = ""
    idle_s: int = 45
    warn_s: int = 20
    attract_s: int = 30
    screen_diagonal: float = 0.0
    browser: str = ""
    browser_flags: Sequence[str] = ()


def read_config(environ: Mapping[str, str], flags: Mapping[str, str | None] | None = None) -> Config:
    """The settings; SettingsError has every mistake."""
    return Config(**read_node_settings(SETTINGS, environ, flags))


def show_config(config: Config) -> str:
    """The table with the values in force."""
    return show_settings(SETTINGS, {setting.field: getattr(config, setting.field) for setting in SETTINGS})

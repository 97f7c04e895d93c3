"""The settings of `python -m hardware wifi`: one table, read strictly, every mistake told at once.

A flag goes before the environment, that before the default. The passphrase is in neither: a file is named that holds it, so that
no list of processes shows it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path
from typing import Any

from hardware.wifi.network import USUAL_ADDRESS, Network, check

USUAL_FOLDER = "/run/shopbell-wifi"
LONGEST_KEY_FILE = 4_096


class WrongSettings(Exception):
    """The settings cannot be used; `mistakes` has a sentence for each reason."""

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


@dataclass(frozen=True, slots=True)
class Setting:
    """One row: `field` is the field of `Network` that it fills; `read` raises ValueError with the rest of a sentence."""

    name: str
    field: str
    read: Callable[[str], Any]
    default: str
    meaning: str

    @property
    def flag(self) -> str:
        """How it stands on the command line: WIFI_UPSTREAM_DNS is --upstream-dns."""
        return "--" + self.name.partition("_")[2].lower().replace("_", "-")


def _text(text: str) -> str:
    return text


def _some(text: str) -> str | None:
    return text or None


def _whole(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise ValueError("must be a whole number")
    return int(text)


def _some_whole(text: str) -> int | None:
    return _whole(text) if text else None


def _interface(text: str) -> IPv4Interface:
    try:
        return IPv4Interface(text)
    except ValueError:
        raise ValueError(
            f"must be an address with the size of its network, such as {USUAL_ADDRESS}"
        ) from None


def _servers(text: str) -> tuple[IPv4Address, ...]:
    try:
        return tuple(IPv4Address(one.strip()) for one in text.split(",") if one.strip())
    except ValueError:
        raise ValueError(
            "must be IPv4 addresses with commas between them, such as 9.9.9.9,192.168.1.1"
        ) from None


def _passphrase(text: str) -> str | None:
    """What the file holds, without the end of its line."""
    if not text:
        return None
    try:
        with Path(text).open("rb") as file:
            held = file.read(LONGEST_KEY_FILE + 1)
        return held.removesuffix(b"\n").removesuffix(b"\r").decode("utf-8")
    except OSError as wrong:
        raise ValueError(f"names a file that cannot be read: {wrong.strerror}") from None
    except UnicodeDecodeError:
        raise ValueError("names a file that is no text") from None


SETTINGS = (
    Setting("WIFI_INTERFACE", "interface", _text, "", "the guests' interface: radio, wired port, or bridge"),
    Setting(
        "WIFI_RADIO", "radio", _some, "", "the radio in the bridge WIFI_INTERFACE; else that itself, if one"
    ),
    Setting("WIFI_SSID", "ssid", _text, "Shop", "the network's name on the air"),
    Setting("WIFI_COUNTRY", "country", _text, "DE", "two letters: whose rules of the air hold"),
    Setting("WIFI_CHANNEL", "channel", _whole, "6", "the channel; 36 and more are 5 GHz"),
    Setting("WIFI_SECURITY", "security", _text, "open", "open, owe, wpa2 or wpa3"),
    Setting(
        "WIFI_PASSPHRASE_FILE", "passphrase", _passphrase, "", "a file with the passphrase; wpa2 and wpa3"
    ),
    Setting(
        "WIFI_STATIONS", "station_limit", _some_whole, "", "phones at once; empty: as tested for the chip"
    ),
    Setting("WIFI_ADDRESS", "address", _interface, str(USUAL_ADDRESS), "our address, size of the network"),
    Setting("WIFI_NAME", "portal_name", _text, "portal.internal", "the portal's name for phones"),
    Setting("WIFI_LEASE_S", "lease_s", _whole, "1800", "how long a phone has its address, seconds"),
    Setting("WIFI_UPSTREAM", "upstream", _some, "", "the interface to the internet; empty: none"),
    Setting("WIFI_UPSTREAM_DNS", "upstream_dns", _servers, "", "DNS servers; empty: those of this machine"),
    Setting("WIFI_API_URL", "api_url", _some, "", "RFC 8908 address for option 114; with a certificate"),
)
FOLDER = Setting("WIFI_DIR", "folder", _text, USUAL_FOLDER, "files of the running access point; in memory")


def read(environ: Mapping[str, str], flags: Mapping[str, str | None]) -> tuple[Network, Path]:
    """The network and the folder of its files; WrongSettings with all mistakes together."""
    mistakes: list[str] = []
    values: dict[str, Any] = {}
    for setting in (*SETTINGS, FOLDER):
        given = flags.get(setting.field)
        text = given if given is not None else environ.get(setting.name, setting.default)
        try:
            values[setting.field] = setting.read(text)
        except ValueError as wrong:
            mistakes.append(f"{setting.name} ({text!r}) {wrong}.")
    known = {setting.name for setting in (*SETTINGS, FOLDER)}
    mistakes += [
        f"{name} is no setting; there are {', '.join(sorted(known))}."
        for name in sorted(environ)
        if name.startswith("WIFI_") and name not in known
    ]
    if mistakes:
        raise WrongSettings(mistakes)
    folder = Path(values.pop("folder")).absolute()
    if not values["interface"]:
        raise WrongSettings(
            [
                "WIFI_INTERFACE is empty. Name the guests' interface: wlan0, eth1, or a bridge. `ip link` lists them."
            ]
        )
    network = Network(**values)
    if mistakes := check(network):
        raise WrongSettings(mistakes)
    return network, folder

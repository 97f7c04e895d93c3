"""The kiosk's settings: one table, read strictly, complete at start, every mistake told at once."""

from __future__ import annotations

import os
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from hub.wire.snapshot import Text


class ConfigError(Exception):
    """Settings that cannot be used; the text names every one of them."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: its name in the environment, how it is read, what it is when nobody says."""

    name: str
    read: Callable[[str], Any]
    default: str
    meaning: str


def _folder(text: str) -> Path:
    if not text.strip():
        raise ValueError("it is empty; give a folder")
    return Path(text).expanduser()


def _host(text: str) -> str:
    if not text or set(text) - set(string.ascii_letters + string.digits + ".-:_"):
        raise ValueError("give a name or an address to listen on, such as 127.0.0.1")
    return text


def _whole(low: int, high: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            raise ValueError(f"give a whole number from {low} to {high}") from None
        if not low <= number <= high:
            raise ValueError(f"it is {number}; give a whole number from {low} to {high}")
        return number

    return read


def _url(text: str) -> str | None:
    if not text:
        return None
    try:
        parts = urlsplit(text)
        well_formed = parts.scheme in ("http", "https") and parts.hostname and (parts.port or 1)
    except ValueError:
        well_formed = None
    if not well_formed:
        raise ValueError("give the hub's address, such as http://hub.local:8080")
    if "@" in parts.netloc:
        raise ValueError("an address must not carry a name or a password")
    return text.rstrip("/")


def _notice(text: str) -> Text:
    """Plain text is for every language; a JSON object has one text for each."""
    if not text.startswith("{"):
        return {"en": text} if text else {}
    try:
        return msgspec.json.decode(text, type=Text)
    except msgspec.MsgspecError:
        raise ValueError('give a line of text, or JSON such as {"en": "...", "zh": "..."}') from None


SETTINGS = (
    Setting(
        "KIOSK_DIR", _folder, "shop/kiosk", "Folder of this kiosk: its identity, its journal, its snapshot"
    ),
    Setting("KIOSK_HOST", _host, "127.0.0.1", "Address to listen on"),
    Setting("KIOSK_PORT", _whole(0, 65_535), "8082", "Port to listen on; 0 takes a free one"),
    Setting(
        "KIOSK_HUB", _url, "", "Address of the shop's hub, where it is not the one of the enrolment any more"
    ),
    Setting("KIOSK_NOTICE", _notice, "", "A line for every page, as text or as JSON by language"),
    Setting("KIOSK_THREADS", _whole(2, 64), "6", "Requests that are answered at the same time"),
    Setting(
        "KIOSK_SIGNED_IN_S",
        _whole(60, 86_400),
        "900",
        "Seconds without a touch after which the till signs out",
    ),
)


@dataclass(frozen=True, slots=True)
class Config:
    """The settings in force."""

    folder: Path
    host: str = "127.0.0.1"
    port: int = 8082
    hub: str | None = None
    notice: Text = field(default_factory=dict)
    threads: int = 6
    signed_in_s: int = 900


_FIELDS = ("folder", "host", "port", "hub", "notice", "threads", "signed_in_s")


def read_config(environ: Mapping[str, str] | None = None, flags: Mapping[str, str] | None = None) -> Config:
    """The settings from the environment, flags first. ConfigError lists all that is wrong, also names that nobody reads."""
    environ = os.environ if environ is None else environ
    given = {**environ, **(flags or {})}
    names = {setting.name for setting in SETTINGS}
    wrong = [
        f"{name}: there is no such setting. Known: {', '.join(sorted(names))}."
        for name in sorted(given)
        if name.startswith("KIOSK_") and name not in names
    ]
    values = []
    for setting in SETTINGS:
        try:
            values.append(setting.read(given.get(setting.name, setting.default)))
        except ValueError as mistake:
            wrong.append(f"{setting.name}: {mistake}.")
    if wrong:
        raise ConfigError("\n".join(wrong))
    return Config(**dict(zip(_FIELDS, values, strict=True)))


def show_config(config: Config) -> list[tuple[str, str, str]]:
    """Each setting with its value in force and what it means. None of them is secret."""
    rows = []
    for setting, name in zip(SETTINGS, _FIELDS, strict=True):
        value = getattr(config, name)
        text = msgspec.json.encode(value).decode() if isinstance(value, dict) else str(value or "")
        rows.append((setting.name, "" if value == {} else text, setting.meaning))
    return rows

"""The hub's settings: one table, read strictly, complete at start, every mistake told at once."""

from __future__ import annotations

import os
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass
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
    field: str
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
        good = parts.scheme in ("http", "https") and parts.hostname and (parts.port or 1)
    except ValueError:
        good = None
    if not good:
        raise ValueError("give the address at which shoppers reach the hub, such as http://hub.local:8080")
    if "@" in parts.netloc:
        raise ValueError("an address must not carry a name or a password")
    return text.rstrip("/")


def _yes_no(text: str) -> bool:
    if text not in ("yes", "no"):
        raise ValueError("say yes or no")
    return text == "yes"


def _notice(text: str) -> Text:
    """Plain text is for every language; a JSON object has one text for each."""
    if not text.startswith("{"):
        return {"en": text} if text else {}
    try:
        return msgspec.json.decode(text, type=Text)
    except msgspec.MsgspecError:
        raise ValueError('give a line of text, or JSON such as {"en": "...", "zh": "..."}') from None


SETTINGS = (
    Setting("HUB_DIR", "folder", _folder, "shop/hub", "Folder of this hub: its key, its database"),
    Setting("HUB_HOST", "host", _host, "127.0.0.1", "Address to listen on"),
    Setting("HUB_PORT", "port", _whole(0, 65_535), "8080", "Port to listen on; 0 takes a free one"),
    Setting("HUB_URL", "url", _url, "", "Address at which others reach the hub, where it is another one"),
    Setting("HUB_THREADS", "threads", _whole(2, 64), "8", "Requests that are answered at the same time"),
    Setting("HUB_NOTICE", "notice", _notice, "", "A line for every page, as text or as JSON by language"),
    Setting(
        "HUB_BACKUP_DAYS",
        "backup_days",
        _whole(0, 365),
        "7",
        "Days without a backup before a warning; 0: never warn",
    ),
    Setting("HUB_SITE", "site", _yes_no, "yes", "Show the public site with the offers at /"),
)


@dataclass(frozen=True, slots=True)
class Config:
    """The settings in force."""

    folder: Path
    host: str = "127.0.0.1"
    port: int = 8080
    url: str | None = None
    threads: int = 8
    notice: Text | None = None
    backup_days: int = 7
    site: bool = True


def read_config(environ: Mapping[str, str] | None = None, flags: Mapping[str, str] | None = None) -> Config:
    """The settings from the environment, flags first. ConfigError lists all that is wrong, also names that nobody reads."""
    environ = os.environ if environ is None else environ
    given = {**environ, **(flags or {})}
    names = {setting.name for setting in SETTINGS}
    wrong = [
        f"{name}: there is no such setting. Known: {', '.join(sorted(names))}."
        for name in sorted(given)
        if name.startswith("HUB_") and name not in names
    ]
    values: dict[str, Any] = {}
    for setting in SETTINGS:
        try:
            values[setting.field] = setting.read(given.get(setting.name, setting.default))
        except ValueError as mistake:
            wrong.append(f"{setting.name}: {mistake}.")
    if wrong:
        raise ConfigError("\n".join(wrong))
    return Config(**values)


def show_config(config: Config) -> list[tuple[str, str, str]]:
    """Each setting with its value in force and what it means. None of them is secret."""
    rows = []
    for setting in SETTINGS:
        value = getattr(config, setting.field)
        if isinstance(value, bool):
            text = "yes" if value else "no"
        elif isinstance(value, dict):
            text = msgspec.json.encode(value).decode() if value else ""
        else:
            text = "" if value is None else str(value)
        rows.append((setting.name, text, setting.meaning))
    return rows

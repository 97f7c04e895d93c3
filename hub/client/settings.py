"""A program's settings: one table, read strictly, every mistake reported at once.

Each program's `__main__` hands in the environment and what stood on its command line. A command line goes before the
environment, the environment before the default. A secret may stand in a file: NAME_FILE instead of NAME.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from hub.wire.identity import CROCKFORD, FINGERPRINT_CHARACTERS, fold_typed
from hub.wire.snapshot import Text


class SettingsError(Exception):
    """The settings cannot be used; `mistakes` has a sentence for each reason."""

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


class BadValue(ValueError):
    """A text that is no value, with a code for who says it in another language; `limits` where it lies outside of them."""

    def __init__(self, code: str, sentence: str, limits: tuple[float, float] | None = None) -> None:
        super().__init__(sentence)
        self.code = code
        self.limits = limits


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of a table. `read` turns text into the value, or raises ValueError with the rest of a sentence."""

    name: str
    read: Callable[[str], Any]
    default: str
    meaning: str
    secret: bool = False
    remote: bool = False
    """May also be set by the shop's hub (`hub.client.configured`): nothing secret, and nothing without which the node could
    not be reached any more."""

    @property
    def field(self) -> str:
        """The name without its program: EDGE_RADIO is `radio` in the result and `--radio` on the command line."""
        return self.name.partition("_")[2].lower()

    @property
    def flag(self) -> str:
        """How it stands on the command line."""
        return "--" + self.field.replace("_", "-")


def read_settings(
    table: Sequence[Setting], environ: Mapping[str, str], flags: Mapping[str, str | None] | None = None
) -> dict[str, Any]:
    """Every setting's value by its field; SettingsError with all mistakes together.

    A name in the environment that begins as the table's names do and is not in it is a mistake too: it is a misspelt setting.
    """
    given = {field: text for field, text in (flags or {}).items() if text is not None}
    mistakes: list[str] = []
    values: dict[str, Any] = {}
    for setting in table:
        try:
            text = given.get(setting.field, environ.get(setting.name))
            if text is None and setting.secret and setting.name + "_FILE" in environ:
                text = _from_file(environ[setting.name + "_FILE"])
            values[setting.field] = setting.read(setting.default if text is None else text)
        except ValueError as wrong:
            shown = "" if setting.secret else f" ({text!r})"
            mistakes.append(f"{setting.name}{shown} {wrong}.")
    prefix = table[0].name.partition("_")[0] + "_"
    known = {setting.name for setting in table} | {s.name + "_FILE" for s in table if s.secret}
    mistakes += [
        f"{name} is no setting; there are {', '.join(sorted(known))}."
        for name in sorted(environ)
        if name.startswith(prefix) and name not in known
    ]
    if mistakes:
        raise SettingsError(mistakes)
    return values


def show_settings(table: Sequence[Setting], values: Mapping[str, Any]) -> str:
    """The table with the values in force, a line for each setting; secrets are hidden."""
    return "\n".join(
        f"{setting.name:<24} {shown(setting, values[setting.field]):<32} {setting.meaning}"
        for setting in table
    )


def shown(setting: Setting, value: Any) -> str:
    """A value as text; secrets are hidden."""
    if setting.secret:
        return "(set)" if value else "(not set)"
    match value:
        case bool():
            return "yes" if value else "no"
        case tuple():
            return ",".join(value)
        case dict():
            return msgspec.json.encode(value).decode() if value else ""
        case _:
            return "" if value is None else str(value)


def _from_file(path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError as wrong:
        raise ValueError(f"names a file that cannot be read: {wrong.strerror} ({path})") from wrong


def name(text: str) -> str:
    """A short name for people."""
    if not text or len(text) > 40 or not all(sign.isalnum() or sign in "-_ ." for sign in text):
        raise ValueError("must be a short name of letters, digits, spaces, dots, dashes")
    return text


def hub_fingerprint(text: str) -> str:
    """The fingerprint of a hub's key as `python -m hub node hub-key` prints it, or nothing."""
    folded = fold_typed(text)
    if folded and (len(folded) != FINGERPRINT_CHARACTERS or set(folded) - set(CROCKFORD)):
        raise ValueError("must be three groups of four letters and digits, or empty")
    return folded


def folder(text: str) -> Path:
    """A folder; it need not be there yet."""
    if not text.strip():
        raise ValueError("is empty; it must be a folder")
    return Path(text).expanduser()


def device(text: str) -> str:
    """A device by its name."""
    if ":" not in text:
        raise ValueError("must name a device, such as ble:hci0, ble:sim or ble:replay:FILE")
    return text


def url(text: str) -> str:
    """An address, or nothing. It must hold no secret: addresses are shown and logged."""
    try:
        parts = urlsplit(text)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        good = False
    if text and not good:
        raise BadValue("address", "must be an address like http://hub.local:8080")
    if text and ("@" in parts.netloc or parts.query):
        raise ValueError("must be an address without a name, a password or a question in it")
    return text.rstrip("/")


def host(text: str) -> str:
    """An address of this machine to listen on."""
    if not text or any(sign.isspace() or sign in "/@?" for sign in text):
        raise ValueError("must be an address of this machine, such as 127.0.0.1 or 0.0.0.0")
    return text


def whole(low: int, high: int) -> Callable[[str], int]:
    """A whole number within limits."""

    def read(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
            raise BadValue("whole", f"must be a whole number from {low} to {high}", (low, high))
        return int(text)

    return read


port = whole(0, 65_535)
"""A TCP port to listen on; 0 takes a free one."""


def notice(text: str) -> Text:
    """A line for every page: plain text for every language, or a JSON object with one text for each."""
    if not text.startswith("{"):
        return {"en": text} if text else {}
    try:
        return msgspec.json.decode(text, type=Text)
    except msgspec.MsgspecError:
        raise BadValue(
            "notice", 'must be a line of text, or JSON such as {"en": "...", "zh": "..."}'
        ) from None


def yes_no(text: str) -> bool:
    """`yes` or `no`, and nothing else."""
    if text not in ("yes", "no"):
        raise BadValue("yes-no", "must be yes or no")
    return text == "yes"


def number(low: float, high: float) -> Callable[[str], float]:
    """A number within limits."""

    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not low <= value <= high:
            raise BadValue("number", f"must be a number from {low:g} to {high:g}", (low, high))
        return value

    return read

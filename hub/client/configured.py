"""Settings of a node that its hub gives, and what the node tells of those in force.

What came with the snapshot (section `settings`) stands in a file of the node's folder, where each program of the node finds it
at its next start: the environment and the command line go before it, and what it cannot use changes nothing. Each program writes
down which settings it started with, and who set them; the exchange tells the hub.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from hub.client.files import write_whole
from hub.client.settings import BadValue, Setting, read_settings, shown
from hub.wire.sync import SettingTold

logger = logging.getLogger(__name__)

FROM_HUB = "settings.json"
TOLD = "told-*.json"
MOST_OCTETS = 1 << 18
_LONGEST = 500

HERE = "set-here"
UNKNOWN = "unknown"
VALUE = "value"
"""Why what the hub gave is not in force, as a code: the machine goes first, it is no such setting, the value cannot be read. A
setting's own reader may say more exactly what is wrong with a value (`hub.client.settings.BadValue`)."""

Flags = Mapping[str, str | None]


def keep_settings(folder: Path, texts: Mapping[str, str]) -> bool:
    """Keep what the hub gave; whether that is something else than before. OSError where it cannot be kept."""
    if from_hub(folder) == dict(texts):
        return False
    write_whole(folder / FROM_HUB, msgspec.json.encode(dict(texts)), mode=0o600)
    return True


def from_hub(folder: Path) -> dict[str, str]:
    """What the hub gave last; nothing where it gave nothing, or the file cannot be read."""
    try:
        with (folder / FROM_HUB).open("rb") as file:
            return msgspec.json.decode(file.read(MOST_OCTETS), type=dict[str, str])
    except (OSError, msgspec.MsgspecError):
        return {}


def read_node_settings(
    table: Sequence[Setting], environ: Mapping[str, str], flags: Flags | None = None, *, use_hub: bool = True
) -> dict[str, Any]:
    """As `read_settings`, with what the hub gave where nobody here said anything. What it gave wrongly is not used and logged."""
    values = read_settings(table, environ, flags)
    texts = from_hub(values["dir"]) if use_hub else {}
    for told in _wanted(table, environ, flags or {}, texts):
        setting, text, fault = told
        if fault is not None:
            logger.warning("%s from the hub is not used: it %s", setting.name, fault)
        elif text is not None:
            values[setting.field] = setting.read(text)
    for name in sorted(_unknown(table, texts)):
        logger.warning("%s from the hub is not used: it is no setting that the hub may give", name)
    return values


def _wanted(
    table: Sequence[Setting], environ: Mapping[str, str], flags: Flags, texts: Mapping[str, str]
) -> list[tuple[Setting, str | None, ValueError | None]]:
    """Settings that the hub gave: the text to use, or None where somebody here said otherwise; why it cannot be used."""
    found: list[tuple[Setting, str | None, ValueError | None]] = []
    for setting in table:
        if setting.name not in texts or not setting.remote:
            continue
        text = texts[setting.name]
        if _said_here(setting, environ, flags):
            found.append((setting, None, None))
            continue
        try:
            setting.read(text)
        except ValueError as wrong:
            found.append((setting, None, wrong))
        else:
            found.append((setting, text, None))
    return found


def _said_here(setting: Setting, environ: Mapping[str, str], flags: Flags) -> str:
    if flags.get(setting.field) is not None:
        return "command line"
    return "environment" if setting.name in environ else ""


def _unknown(table: Sequence[Setting], texts: Mapping[str, str]) -> set[str]:
    """Names of this program that it does not know, or does not let the hub set. Other programs' names are theirs."""
    prefix = table[0].name.partition("_")[0] + "_"
    return {name for name in texts if name.startswith(prefix)} - {one.name for one in table if one.remote}


def told_settings(
    table: Sequence[Setting], environ: Mapping[str, str], flags: Flags | None, values: Mapping[str, Any]
) -> list[SettingTold]:
    """Every setting that is no secret, as it is in force, with who set it and what the hub wanted in vain."""
    flags = flags or {}
    texts = from_hub(values["dir"])
    faults = {setting.name: fault for setting, _, fault in _wanted(table, environ, flags, texts) if fault}
    told = []
    for setting in table:
        if setting.secret:
            continue
        here = _said_here(setting, environ, flags)
        given = setting.remote and setting.name in texts and setting.name not in faults
        wrong = faults.get(setting.name)
        fault, reason = str(wrong or ""), "" if wrong is None else VALUE
        limits = None
        if isinstance(wrong, BadValue):
            reason, limits = wrong.code, wrong.limits
        if here and given and setting.name in texts:
            reason = HERE
            fault = f"is set by the {here} of this machine, which goes before the hub"
        told.append(
            SettingTold(
                setting.name,
                shown(setting, values[setting.field])[:_LONGEST],
                here or ("hub" if given else "usual"),  # type: ignore[arg-type]  # one of the words of its type
                setting.meaning[:300],
                fault[:300],
                setting.remote,
                reason,
                limits,
            )
        )
    unknown = sorted(_unknown(table, texts))
    return told + [
        SettingTold(name[:60], "", fault="is no setting that the hub may give here", reason=UNKNOWN)
        for name in unknown
    ]


def write_down(
    program: str,
    table: Sequence[Setting],
    environ: Mapping[str, str],
    flags: Flags | None,
    values: Mapping[str, Any],
) -> None:
    """Say for the exchange with which settings this program has started. A disk that does not take it stops no start."""
    told = told_settings(table, environ, flags, values)
    try:
        write_whole(values["dir"] / TOLD.replace("*", program), msgspec.json.encode(told), mode=0o600)
    except OSError as wrong:
        logger.warning("settings in force could not be written down: %s", wrong)


def values_of(table: Sequence[Setting], config: object) -> dict[str, Any]:
    """The values of a program's settings, by their fields."""
    return {setting.field: getattr(config, setting.field) for setting in table}


class Telling:
    """What the programs of a node have written down, for the exchange: once after each change."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._done: tuple[object, ...] | None = None
        self._now: tuple[object, ...] = ()

    def take(self) -> tuple[SettingTold, ...] | None:
        """All of it, where the hub has not heard it yet; None otherwise."""
        files = sorted(self._folder.glob(TOLD))
        self._now = tuple((file.name, _mark(file)) for file in files)
        if self._now == self._done or not files:
            return None
        told: list[SettingTold] = []
        for file in files:
            try:
                told += msgspec.json.decode(file.read_bytes()[:MOST_OCTETS], type=list[SettingTold])
            except (OSError, msgspec.MsgspecError):
                continue
        return tuple(told[:200])

    def done(self) -> None:
        """The hub has taken what was taken last."""
        self._done = self._now


def _mark(file: Path) -> tuple[int, int]:
    try:
        found = file.stat()
    except OSError:
        return (0, 0)
    return found.st_mtime_ns, found.st_ino

"""`python -m hardware ble allow-intervals`: lets BlueZ take the interval and the power that are asked for.

BlueZ before 5.77 passes MinInterval, MaxInterval and TxPower on only when it runs with `--experimental`. This writes one file
beside systemd's unit, which starts what the unit starts, with that option more. The unit itself is left alone, and nothing is
guessed: what it starts is read from it, and from files beside it that say something else.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TextIO

UNIT = "bluetooth.service"
UNIT_FOLDERS = (
    "etc/systemd/system",
    "run/systemd/system",
    "usr/local/lib/systemd/system",
    "usr/lib/systemd/system",
    "lib/systemd/system",
)
"""systemd.unit(5), "Unit File Search Path", the strongest first; the last is where Debian before its merged /usr has it."""

DROP_IN = Path("etc/systemd/system") / f"{UNIT}.d" / "zz-shopbell-intervals.conf"
"""Files beside a unit are read in the order of their names, so that this one comes last."""

OPTION = "--experimental"
AFTER = "Then run:\n  systemctl daemon-reload\n  systemctl restart bluetooth"


class SetupError(Exception):
    """The setting cannot be installed; the text is a sentence with what to do."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command line of `allow-intervals`."""
    parser.add_argument("--remove", action="store_true", help="take the setting away again")
    parser.add_argument("--dry-run", action="store_true", help="say what would be done, and do nothing")
    parser.add_argument(
        "--root", type=Path, default=Path("/"), metavar="DIR", help="of another system, such as an image"
    )
    parser.set_defaults(run=lambda wanted: allow_intervals(wanted, sys.stdout, sys.stderr))


def allow_intervals(wanted: argparse.Namespace, to: TextIO, errors: TextIO) -> int:
    """Install the setting or take it away; the exit status."""
    target = wanted.root / DROP_IN
    try:
        if wanted.remove:
            to.write(_remove(target, dry=wanted.dry_run) + "\n")
        else:
            to.write(_install(wanted.root, target, dry=wanted.dry_run) + "\n")
    except SetupError as wrong:
        errors.write(f"{wrong}\n")
        return 1
    except PermissionError:
        errors.write(f"{target} can be written by root only. Run it again with sudo before it.\n")
        return 1
    except OSError as wrong:
        errors.write(f"{target} cannot be written: {wrong.strerror}.\n")
        return 1
    return 0


def _install(root: Path, target: Path, *, dry: bool) -> str:
    command = started_by(root)
    if OPTION in command.split() or "-E" in command.split():
        return f"BlueZ is started with {OPTION} already: {command}"
    body = (
        f"# Lets BlueZ take the interval and power of a beacon. Written by: python -m hardware ble allow-intervals\n"
        f"[Service]\nExecStart=\nExecStart={command} {OPTION}\n"
    )
    if dry:
        return f"Would write {target}:\n{body}{AFTER}"
    if target.exists() and target.read_text(encoding="utf-8") == body:
        return f"{target} is there already. {AFTER}"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(body, encoding="utf-8")
    return f"Wrote {target}. {AFTER}"


def _remove(target: Path, *, dry: bool) -> str:
    if not target.exists():
        return f"{target} is not there; nothing to take away."
    if dry:
        return f"Would remove {target}. {AFTER}"
    target.unlink()
    return f"Removed {target}. {AFTER}"


def started_by(root: Path) -> str:
    """What systemd starts for BlueZ in the system at `root`, our own file left out; SetupError where that cannot be told."""
    folders = [root / folder for folder in UNIT_FOLDERS if (root / folder).is_dir()]
    if not folders:
        raise SetupError(
            f"There is no systemd in {root}. Start BlueZ with {OPTION} in the way that this system starts it."
        )
    unit = next((folder / UNIT for folder in folders if (folder / UNIT).is_file()), None)
    if unit is None:
        raise SetupError(f"There is no {UNIT} in {root}. Install BlueZ first; on Debian: apt install bluez")
    # Of two files with one name the stronger folder's is read; then they are read in the order of their names.
    beside: dict[str, Path] = {}
    for folder in reversed(folders):
        beside |= {path.name: path for path in (folder / f"{UNIT}.d").glob("*.conf")}
    beside.pop(DROP_IN.name, None)
    commands: list[str] = []
    for path in [unit, *(beside[name] for name in sorted(beside))]:
        commands = _commands(path.read_text(encoding="utf-8", errors="replace"), commands)
    if len(commands) != 1:
        raise SetupError(
            f"{unit} starts {len(commands)} programs, and it is not clear which is BlueZ. "
            f"Add {OPTION} by hand: systemctl edit bluetooth"
        )
    return commands[0]


def _commands(text: str, before: list[str]) -> list[str]:
    """The commands after a file has been read; an empty ExecStart= begins anew (systemd.service(5))."""
    commands = list(before)
    section = ""
    for line in text.replace("\\\n", " ").splitlines():
        line = line.strip()
        if line.startswith("["):
            section = line
        name, sign, value = line.partition("=")
        if section == "[Service]" and sign and name.strip() == "ExecStart":
            commands = [*commands, " ".join(value.split())] if value.strip() else []
    return commands

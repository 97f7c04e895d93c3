"""A machine's databases at an update: tried on a copy before, copied where the new version changes them, put back after.

Runs as the shop's user, in a process of its own: root does not touch files in a folder that somebody else may change. Each
command prints one line of JSON, or a sentence on standard error with status 1.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub.store.marks import copy, marks
from hub.up.sentences import UpError

WITHIN_S = 1800.0
KEY_BYTES = 2**20
"""What is larger is no key and no record of a node."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What a role keeps, and how its program is made to open that and look, without answering anybody."""

    file: str
    look: tuple[str, ...]
    env: Mapping[str, str]


KEPT: Mapping[str, Kept] = {
    "office": Kept("hub.db", ("hub", "check", "--json"), {"HUB_DIR": "{}", "HUB_BACKUP_DAYS": "0"}),
    # Nothing answers at port 1, so it looks for itself.
    "counter": Kept("kiosk.db", ("kiosk", "check", "--json"), {"KIOSK_DIR": "{}", "KIOSK_PORT": "1"}),
    "door": Kept("edge.db", ("edge.portal", "check", "--json"), {"PORTAL_DIR": "{}"}),
}


def rehearse(role: str, folder: Path, work: Path, new: str, old: str) -> dict[str, Any]:
    """Let the new version open a copy, and then the old one what the new one left of it. UpError where one of them cannot.

    "changes": whether the new version brings the database to another form.
    """
    kept = KEPT[role]
    stage = work / f"rehearsal-{role}"
    shutil.rmtree(stage, ignore_errors=True)
    if not (folder / kept.file).exists():
        return {"changes": False}
    stage.mkdir(parents=True, mode=0o700)
    try:
        _room_for(folder / kept.file, work)
        for path in folder.iterdir():
            if path.is_file() and ".db" not in path.name and path.stat().st_size < KEY_BYTES:
                shutil.copy(path, stage / path.name)
        copy(folder / kept.file, stage / kept.file)
        before = marks(stage / kept.file)
        fault = _look(new, kept, stage)
        if fault is not None:
            raise UpError(f"The new version cannot use what this machine keeps: {fault}")
        changes = marks(stage / kept.file) != before
        if changes and role != "office" and (fault := _look(old, kept, stage)) is not None:
            raise UpError(f"There would be no way back from the new version: {fault}")
    finally:
        shutil.rmtree(stage, ignore_errors=True)
    return {"changes": changes}


def keep(folder: Path, work: Path, old: str) -> dict[str, Any]:
    """Copy the hub's database while it stands still. The copy says of itself that it is one (`hub.setback`)."""
    target = work / "before.db"
    target.unlink(missing_ok=True)
    _room_for(folder / "hub.db", work)
    _run(old, "hub", "--dir", str(folder), "backup", str(target))
    return {"at": time.time()}


def put_back(folder: Path, work: Path, new: str, since: float) -> dict[str, Any]:
    """Put the copy in the place of what the new version has changed, which is kept aside with a report of what is only in it."""
    live, target = folder / "hub.db", work / "before.db"
    if not target.exists():
        return {"put_back": False}
    if marks(live) == marks(target):
        forget(work)
        return {"put_back": False}
    aside = work / f"after-{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}"
    aside.mkdir(mode=0o700)
    told = _left(new, folder, since)
    (aside / "only-here.json").write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n")
    for path in sorted(folder.glob("hub.db*"), reverse=True):
        path.replace(aside / path.name)
    # A log that has something in it belongs to its file; its index is made anew.
    for name in ("-wal", ""):
        if (path := target.with_name(target.name + name)).exists():
            path.replace(live.with_name(live.name + name))
    target.with_name(target.name + "-shm").unlink(missing_ok=True)
    os.sync()
    return {"put_back": True, "aside": str(aside), "changes": [], "facts": 0, **told}


def forget(work: Path) -> dict[str, Any]:
    """The new version stays: nothing of the copy is kept."""
    for path in work.glob("before.db*"):
        path.unlink()
    return {}


def _left(new: str, folder: Path, since: float) -> dict[str, Any]:
    """What was changed in the office, and how many facts were taken, since the copy, as the new version reads it."""
    try:
        done = _run(new, "hub.up.left", str(folder), str(since))
        return dict(json.loads(done))
    except (UpError, ValueError) as wrong:
        # The new version cannot even read it; the file is kept, and says it itself to whoever looks.
        return {"unread": str(wrong)}


def _look(python: str, kept: Kept, folder: Path) -> str | None:
    """What keeps this version from opening it; None where nothing does. Warnings are the shop's own and keep nobody."""
    module, *words = kept.look
    env = {name: value.format(folder) for name, value in kept.env.items()}
    done = _ask(python, module, *words, env=env)
    try:
        told = json.loads(done.stdout)
    except ValueError:
        said = (done.stderr or done.stdout).strip().splitlines()
        return said[-1] if said else f"status {done.returncode}"
    names = {
        one.get("code", one.get("name", "")) for one in told.get("warnings", ()) if isinstance(one, dict)
    }
    return "its database cannot be used" if "storage" in names else None


def _run(python: str, module: str, *words: str) -> str:
    done = _ask(python, module, *words, env={})
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise UpError(f"{module} did not go through: {said[-1] if said else done.returncode}")
    return done.stdout


def _ask(python: str, module: str, *words: str, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a program of that version with no setting of this machine: nothing may reach its other database, or its hub."""
    clean = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", **env}
    try:
        return subprocess.run(
            [python, "-P", "-m", module, *words],
            capture_output=True,
            text=True,
            timeout=WITHIN_S,
            check=False,
            env=clean,
        )
    except (OSError, subprocess.TimeoutExpired) as wrong:
        raise UpError(f"{module} did not come to an end: {wrong}") from wrong


def _room_for(file: Path, work: Path) -> None:
    need = file.stat().st_size * 2 + 50 * 2**20
    if shutil.disk_usage(work).free < need:
        raise UpError(
            f"The disk has too little room to try the update on a copy of {file.name}: {need // 2**20} MB are needed."
        )


def main() -> int:
    """`python -m hub.up.backing COMMAND …`, for `shopbell update`."""
    parser = argparse.ArgumentParser(prog="python -m hub.up.backing")
    parser.add_argument("command", choices=("rehearse", "keep", "back", "forget"))
    parser.add_argument("--role", choices=tuple(KEPT), default="office")
    parser.add_argument("--folder", type=Path, default=Path())
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--new", default="")
    parser.add_argument("--old", default="")
    parser.add_argument("--since", type=float, default=0.0)
    args = parser.parse_args()
    try:
        args.work.mkdir(mode=0o700, exist_ok=True)
        match args.command:
            case "rehearse":
                told = rehearse(args.role, args.folder, args.work, args.new, args.old)
            case "keep":
                told = keep(args.folder, args.work, args.old)
            case "back":
                told = put_back(args.folder, args.work, args.new, args.since)
            case _:
                told = forget(args.work)
    except (UpError, OSError) as wrong:
        print(wrong, file=sys.stderr)
        return 1
    print(json.dumps(told))
    return 0


if __name__ == "__main__":
    sys.exit(main())

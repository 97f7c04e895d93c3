"""`shopbell update`: to the version of a signed bundle, and back to the one before where the new one is not well in time.

What happens in which order, and what becomes of facts that were taken in between, stands in `docs/update.md`. What is begun is
written down first: where the power goes in the middle, the next start of the machine goes back before anything else runs.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from hub.up.bundle import fits, open_bundle, version_key
from hub.up.bundling import trusted_keys
from hub.up.hands import Hands, tell
from hub.up.installing import insist_on_machine
from hub.up.packages import SYSTEMD_RUNS
from hub.up.sentences import UpError
from hub.up.services import MODULES, SETTINGS_FILE, SETTLE_UNIT, STATE, Machine, units_of
from hub.up.systemd import Systemd, setting
from hub.up.tree import find_home
from hub.up.versions import Versions, quietly, sync_folder

KEYS_FILE = "/etc/shopbell/update.pub"
TRIAL_FILE = "update.json"
WORK = f"{STATE}/update"
BACK_WITHIN_S = 120.0
"""How long the version before is waited for, so that somebody can be told whether it is well."""

UNTOUCHED = "what this machine keeps is as it was left: the new version had not changed its form, and nothing of it is lost"


class Trial(msgspec.Struct, frozen=True):
    """An update that is not decided. `copied_at` 0: the hub's database was not copied, the new version does not change it."""

    old: str
    new: str
    units: tuple[str, ...]
    answers: dict[str, int]
    copied_at: float = 0.0


def run(args: argparse.Namespace) -> int:
    """0 where the new version is in force, or was already; 1 where this machine has the version before."""
    home = find_home()
    if not home.is_packaged:
        raise UpError(
            f"This machine runs from a clone: in {home.folder} run `git pull`, then sudo ./shopbell install again."
        )
    versions = Versions(home.folder)
    if args.bundle is None and not args.settle:
        return show(versions)
    insist_on_machine(os.geteuid(), SYSTEMD_RUNS)
    # Whoever began it over a line that breaks must not leave the shop between two versions.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with versions.alone():
        update = Update(versions, Hands(None), args.within)
        if args.settle:
            return update.settle()
        return update.to(args.bundle, older=args.older, database_kept=args.database_kept)


def show(versions: Versions) -> int:
    """Which versions are here."""
    for version in versions.all():
        tell(f"{version}{'  (in force)' if version == versions.current() else ''}")
    return 0


@dataclass(frozen=True, slots=True)
class Schemas:
    """What the new version does to what is kept: whether it brings the hub's database file to another form."""

    changes_hub: bool


class Update:
    """One update of this machine."""

    def __init__(self, versions: Versions, hands: Hands, within_s: float) -> None:
        self._versions = versions
        self._hands = hands
        self._systemd = Systemd(hands)
        self._within_s = within_s
        self._trial_file = versions.top / TRIAL_FILE

    def to(self, bundle: Path, *, older: bool, database_kept: bool) -> int:
        """Go to the version of that bundle."""
        if self._trial_file.exists():
            raise UpError(
                "The update before was cut off. First go back from it: sudo shopbell update --settle"
            )
        machine = self._machine()
        old = self._versions.current()
        if old is None:
            raise UpError(
                f"{self._versions.top}/current leads nowhere. Install again from an unpacked bundle: sudo ./setup"
            )
        with tempfile.TemporaryDirectory(prefix=".incoming-", dir=self._versions.top) as folder:
            opened = open_bundle(bundle, trusted_keys(self._hands.at(KEYS_FILE)), Path(folder))
            fits(opened.manifest, f"{sys.version_info[0]}.{sys.version_info[1]}", platform.machine())
            if opened.manifest.version == old:
                tell(f"Version {old} is in force already: nothing to do.")
                return 0
            insist_on_newer(opened.manifest.version, old, older=older)
            tell(f"putting version {opened.manifest.version} into place beside {old}")
            new = self._versions.build(opened, Path(sys.executable).resolve())
        try:
            schemas = self._rehearse(machine, new, old, database_kept=database_kept)
        except UpError:
            self._versions.prune([old, *self._others(new)])
            raise
        units = self._systemd.running([unit for unit in units_of(machine) if unit != SETTLE_UNIT])
        trial = Trial(old, new, tuple(units), self._systemd.answers(units))
        return self._try(trial, schemas)

    def settle(self) -> int:
        """Go back from an update that was cut off. Starts nothing: at a start of the machine systemd does that next."""
        trial = self._read()
        if trial is None:
            tell("No update was cut off: nothing to do.")
            return 0
        tell(f"the update from {trial.old} to {trial.new} was cut off; going back to {trial.old}")
        self._systemd.stop(self._systemd.running(trial.units))
        self._go_back(trial)
        return 0

    def _machine(self) -> Machine:
        record = self._hands.record()
        if record is None:
            raise UpError(
                "Nothing is installed on this machine. First say what it is: sudo shopbell install office"
            )
        return record.machine

    def _try(self, trial: Trial, schemas: Schemas) -> int:
        self._versions.keep(trial.old)
        self._write(trial)
        began = time.monotonic()
        try:
            self._systemd.stop(trial.units)
            if schemas.changes_hub:
                tell("copying the hub's database, which the new version brings to another form")
                kept = self._as_shop(
                    "keep", "--folder", f"{STATE}/hub", "--old", str(self._versions.python(trial.old))
                )
                trial = msgspec.structs.replace(trial, copied_at=float(kept["at"]))
                self._write(trial)
            self._versions.switch(trial.new)
            self._install(trial.new)
            self._systemd.start(trial.units)
            faults = self._systemd.wait(trial.units, trial.answers, self._within_s)
        except UpError as wrong:
            faults = [str(wrong)]
        if not faults:
            return self._decide(trial, time.monotonic() - began)
        for fault in faults:
            tell(f"not well: {fault}")
        tell(f"version {trial.new} is not well within {self._within_s:g} s; going back to {trial.old}")
        self._systemd.stop(trial.units)
        self._go_back(trial)
        self._systemd.start(trial.units)
        left = self._systemd.wait(trial.units, trial.answers, BACK_WITHIN_S)
        for fault in left:
            tell(f"not well: {fault}")
        well = "" if left else ", and well"
        tell(
            f"Version {trial.old} is in force again{well}. What the new one said: journalctl -u 'shopbell-*'"
        )
        return 1

    def _decide(self, trial: Trial, took_s: float) -> int:
        # From here on there is no way back by itself; the version before stays on the disk.
        self._forget_trial()
        if trial.copied_at:
            self._as_shop("forget")
        gone = self._versions.prune([trial.old, trial.new])
        if gone:
            tell(f"removed {', '.join(gone)}")
        tell(f"Version {trial.new} is in force, and well. The shop stood still for less than {took_s:.0f} s.")
        return 0

    def _go_back(self, trial: Trial) -> None:
        """To the version before, and to its database where the new one has changed it. Nothing runs meanwhile."""
        if trial.copied_at:
            new = str(self._versions.python(trial.new))
            folder = f"{STATE}/hub"
            tell_back(
                self._as_shop("back", "--folder", folder, "--new", new, "--since", str(trial.copied_at))
            )
        else:
            tell(UNTOUCHED)
        self._versions.switch(trial.old)
        self._install(trial.old)
        self._forget_trial()
        self._versions.prune([trial.old, *self._others(trial.new)])

    def _others(self, failed: str) -> list[str]:
        return [version for version in self._versions.all() if version != failed]

    def _rehearse(self, machine: Machine, new: str, old: str, *, database_kept: bool) -> Schemas:
        """Let the new version open copies of what is kept here. UpError where it cannot: nothing was touched then."""
        pythons = ("--new", str(self._versions.python(new)), "--old", str(self._versions.python(old)))
        changes_hub = False
        for role in machine.roles:
            if role == "office" and setting(self._hands.at(SETTINGS_FILE), "HUB_DATABASE"):
                if not database_kept:
                    raise UpError(
                        "The hub's database is PostgreSQL, which an update does not copy. Copy it (pg_dump), then say "
                        "--database-kept: going back leaves it as the new version left it."
                    )
                continue
            tell(f"trying version {new} on a copy of what the {role} keeps")
            told = self._as_shop("rehearse", "--role", role, "--folder", f"{STATE}/{MODULES[role]}", *pythons)
            changes_hub = changes_hub or (role == "office" and bool(told["changes"]))
        return Schemas(changes_hub)

    def _install(self, version: str) -> None:
        """That version's own files for what this machine is; written by itself."""
        quietly([str(self._versions.python(version)), "-P", "-m", "hub.up.cli", "install", "--again"])

    def _as_shop(self, command: str, *words: str) -> dict[str, Any]:
        """Something about databases, by this very version, as the shop's user."""
        as_shop = ("setpriv", "--reuid=shopbell", "--regid=shopbell", "--init-groups", "--")
        return dict(
            json.loads(
                self._hands.ask(
                    *as_shop, sys.executable, "-P", "-m", "hub.up.backing", command, "--work", WORK, *words
                )
            )
        )

    def _write(self, trial: Trial) -> None:
        draft = self._trial_file.with_suffix(".new")
        with draft.open("wb") as out:
            out.write(msgspec.json.encode(trial))
            out.flush()
            os.fsync(out.fileno())
        draft.replace(self._trial_file)
        sync_folder(self._versions.top)

    def _read(self) -> Trial | None:
        try:
            return msgspec.json.decode(self._trial_file.read_bytes(), type=Trial)
        except OSError:
            return None
        except (msgspec.DecodeError, msgspec.ValidationError) as wrong:
            raise UpError(f"{self._trial_file} cannot be read: {wrong}.") from wrong

    def _forget_trial(self) -> None:
        self._trial_file.unlink(missing_ok=True)
        sync_folder(self._versions.top)
        self._versions.keep(None)


def insist_on_newer(new: str, old: str, *, older: bool) -> None:
    """No way back to what was mended since, unless somebody wants that."""
    if version_key(new) < version_key(old) and not older:
        raise UpError(
            f"The bundle has version {new}, which is older than {old}. Where that is what you want, say --older."
        )


def tell_back(told: Mapping[str, Any]) -> None:
    """What became of the database, and of what was in it only."""
    if not told.get("put_back"):
        tell(UNTOUCHED)
        return
    tell(
        f"the hub's database is the copy from before the update; {told['facts']} facts were taken since, which the doors and "
        f"tills tell again by themselves (/manage says so until all have). The other file is kept for 30 days: {told['aside']}"
    )
    if "unread" in told:
        tell(f"what people changed meanwhile could not be read ({told['unread']}); it is in the other file")
    changes: Sequence[Mapping[str, Any]] = told["changes"]
    for change in changes:
        tell(f"to be done again: {change['what']} {change['subject']}, which {change['who']} did meanwhile")

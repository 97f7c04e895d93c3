"""`shopbell uninstall`: takes away what was installed, and says what it left. What a shop has kept goes with `--purge` only."""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
from pathlib import Path

from hub.up.hands import UNIT_FOLDER, Hands, tell
from hub.up.installing import Work, insist_on_machine, read_templates
from hub.up.packages import SYSTEMD_RUNS
from hub.up.sentences import UpError
from hub.up.services import KEY_FILE, RADIO_UNIT, RECORD_FILE, SETTINGS_FILE, STATE, Record, without
from hub.up.tree import CURRENT, VERSIONS, Home, find_home
from hub.up.updating import KEYS_FILE, TRIAL_FILE
from hub.up.versions import KEEPER

COMMAND = "/usr/local/bin/shopbell"
USERS = ("shopbell-gate", "shopbell-wifi", "shopbell-screen", "shopbell")


def run(args: argparse.Namespace) -> int:
    """0 where it went through, also where there was nothing to take away."""
    root: Path | None = args.root
    home = find_home()
    if root is None:
        insist_on_machine(os.geteuid(), SYSTEMD_RUNS)
    work = Work(root)
    before = work.record()
    if before is None:
        if args.purge and not args.roles:
            _purge(work)
            return 0
        tell("Nothing is installed on this machine: nothing to do.")
        return 0
    strange = [role for role in args.roles if role not in before.machine.roles]
    if strange:
        raise UpError(f"This machine is no {strange[0]}: it is {', '.join(before.machine.roles)}.")
    left = without(before.machine, args.roles) if args.roles else None
    if left is not None:
        if args.purge:
            raise UpError(
                "--purge takes everything of the shop away. Without roles: sudo shopbell uninstall --purge"
            )
        work.write(left, read_templates(home.units), before)
        if root is None:
            work.run("systemctl", "daemon-reload")
        tell(f"This machine is {', '.join(left.roles)} from now on. What the others kept is in {STATE}.")
        return 0
    _take_away(work, before)
    if args.purge:
        _purge(work)
    if home.is_packaged and root is None:
        _take_programs(work, home)
    _tell_what_is_left(work, before, home, purged=args.purge)
    return 0


def _take_away(work: Work, before: Record) -> None:
    """The services and every file that was written for them."""
    if before.machine.is_radio and work.root is None:
        work.run("systemctl", "-q", "disable", "--now", RADIO_UNIT, may_fail=True)
    work.disable(before.files)
    work.remove(before.files)
    if work.root is None:
        work.run("systemctl", "daemon-reload")
        units = [Path(path).name for path in before.files if path.startswith(UNIT_FOLDER)]
        work.run("systemctl", "reset-failed", *units, may_fail=True)
        if before.machine.is_radio:
            # As Debian leaves it until somebody configures it.
            work.run("systemctl", "-q", "mask", RADIO_UNIT, may_fail=True)
        if any("/udev/" in path for path in before.files) and shutil.which("udevadm"):
            work.run("udevadm", "control", "--reload", may_fail=True)
    work.remove([RECORD_FILE])


def _purge(work: Hands) -> None:
    """What was kept: settings, keys, databases, users."""
    work.remove([SETTINGS_FILE, KEY_FILE, KEYS_FILE])
    for folder in (STATE, "/etc/shopbell"):
        target = work.at(folder)
        if target.is_dir() and not target.is_symlink():
            shutil.rmtree(target)
            tell(f"removed {target} and all that was in it")
    if work.root is None:
        for user in USERS:
            work.run("userdel", user, may_fail=True)


def _take_programs(work: Hands, home: Home) -> None:
    """The versions, this one among them: it is in memory, and comes to its end."""
    command = work.at(COMMAND)
    if command.is_symlink() and command.readlink().is_relative_to(home.folder):
        work.remove([COMMAND])
    shutil.rmtree(home.folder / VERSIONS, ignore_errors=True)
    for name in (CURRENT, KEEPER, TRIAL_FILE, ".lock"):
        (home.folder / name).unlink(missing_ok=True)
    # Whatever else somebody put there is theirs.
    with contextlib.suppress(OSError):
        home.folder.rmdir()
    tell(f"removed {home.folder / VERSIONS} with every version in it")


def _tell_what_is_left(work: Hands, before: Record, home: Home, *, purged: bool) -> None:
    tell("The services are gone.")
    if not purged and work.at(STATE).exists():
        tell(
            f"Left: {STATE} (databases and keys), /etc/shopbell (settings) and the users that they belong to. "
            "Installed again, the shop goes on with them; sudo shopbell uninstall --purge takes them away before."
        )
    if not home.is_packaged:
        tell(f"Left: the clone in {home.folder}.")
    if before.machine.interface:
        tell("Left until the next start: the kernel goes on forwarding (sysctl net.ipv4.ip_forward).")
    tell("Left: Debian's packages that were installed for it, since others may use them.")

"""What an installation does to the machine: files written whole, commands run, each told. Below `root` it runs nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

from hub.up.sentences import UpError
from hub.up.services import RECORD_FILE, Record, read_record

WITHIN_S = 300.0
ASK_WITHIN_S = 3600.0
UNIT_FOLDER = "/etc/systemd/system/"


def tell(sentence: str) -> None:
    """One line."""
    print(f"shopbell: {sentence}", flush=True)


class Hands:
    """`root`: a folder that stands for the machine's own root; None for this machine."""

    def __init__(self, root: Path | None) -> None:
        self.root = root

    def at(self, path: str) -> Path:
        """Where a file of the machine is."""
        return Path(path) if self.root is None else self.root / path.lstrip("/")

    def record(self) -> Record | None:
        """What this machine is already."""
        try:
            return read_record(self.at(RECORD_FILE).read_text())
        except OSError:
            return None

    def put(self, path: str, text: str, mode: int = 0o644, *, secret: bool = False) -> bool:
        """Whole or not at all; whether it was different."""
        target = self.at(path)
        try:
            if target.exists() and target.read_text() == text:
                return False
            was_there = target.exists()
            target.parent.mkdir(parents=True, exist_ok=True)
            draft = target.with_name(f".{target.name}.new")
            draft.unlink(missing_ok=True)
            draft.touch(mode=0o600)
            draft.write_text(text)
            draft.chmod(mode)
            if was_there and secret:
                shutil.copystat(target, draft)
            with draft.open("rb") as written:
                os.fsync(written.fileno())
            draft.replace(target)
        except OSError as wrong:
            raise UpError(f"{target} cannot be written: {wrong.strerror}.") from wrong
        tell(f"{'changed' if was_there else 'wrote'} {target}")
        return True

    def disable(self, files: Iterable[str]) -> None:
        """Stop the units whose files are about to go, so that nothing of them is left running or linked."""
        units = [
            Path(path).name
            for path in files
            if path.startswith(UNIT_FOLDER) and path.count("/") == UNIT_FOLDER.count("/")
        ]
        if units and self.root is None:
            self.run("systemctl", "-q", "disable", "--now", *units, may_fail=True)

    def remove(self, paths: Iterable[str]) -> int:
        """Files, and the folders for drop-ins that are empty then; how many went."""
        gone = 0
        for path in paths:
            target = self.at(path)
            try:
                if not target.exists() and not target.is_symlink():
                    continue
                target.unlink()
                if target.parent.suffix == ".d" and not any(target.parent.iterdir()):
                    target.parent.rmdir()
            except OSError as wrong:
                raise UpError(f"{target} cannot be removed: {wrong.strerror}.") from wrong
            tell(f"removed {target}")
            gone += 1
        return gone

    def run(
        self, *command: str, may_fail: bool = False, hidden: str = "", within_s: float = WITHIN_S
    ) -> bool:
        """Run it on this machine; whether it went through. `hidden` is a word that is not shown. UpError unless it `may_fail`."""
        shown = " ".join(word for word in command if word != hidden)
        tell(f"$ {shown}")
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=within_s, check=False)
        except subprocess.TimeoutExpired:
            if may_fail:
                return False
            raise UpError(
                f"`{shown}` takes longer than {within_s:g} s; see what it waits for: journalctl -xe"
            ) from None
        except OSError as wrong:
            if may_fail:
                return False
            raise UpError(f"{command[0]} could not be run: {wrong.strerror}.") from wrong
        if done.returncode and not may_fail:
            said = (done.stderr or done.stdout).strip().splitlines()
            raise UpError(f"`{shown}` did not go through. {said[-1] if said else ''}".rstrip())
        return done.returncode == 0

    def ask(self, *command: str, within_s: float = ASK_WITHIN_S) -> str:
        """What a command prints; UpError with what it says was wrong. The command itself is not told."""
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=within_s, check=False)
        except (OSError, subprocess.TimeoutExpired) as wrong:
            raise UpError(f"{command[0]} did not come to an end: {wrong}.") from wrong
        if done.returncode:
            said = (done.stderr or done.stdout).strip().splitlines()
            raise UpError(said[-1] if said else f"{command[0]} ended with {done.returncode}.")
        return done.stdout

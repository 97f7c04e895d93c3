"""Versions side by side: /opt/shopbell/versions/X, each whole, and `current`, a link to the one in force, changed in one step."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from hub.up.bundle import Opened, version_key
from hub.up.sentences import UpError
from hub.up.tree import CURRENT, VERSIONS

WHOLE = ".whole"
"""Written last: a version without it was cut off while it was put into place."""

KEEPER = "keeper"
"""A link to the version that an update goes back to, there for as long as the update is not decided."""

WITHIN_S = 900.0
LEAST_ROOM_BYTES = 400 * 2**20
"""A version unpacked is about 150 MB, and its wheels come to it for a while."""


class Versions:
    """The versions of one machine. `top` is /opt/shopbell."""

    def __init__(self, top: Path) -> None:
        self.top = top

    def folder(self, version: str) -> Path:
        """Where a version is, or would be."""
        return self.top / VERSIONS / version

    def python(self, version: str) -> Path:
        """The Python that has this version's programs."""
        return self.folder(version) / "bin" / "python"

    def all(self) -> list[str]:
        """Every version that is whole, the oldest first."""
        found = [path.parent.name for path in (self.top / VERSIONS).glob(f"*/{WHOLE}")]
        return sorted(filter(_is_version, found), key=version_key)

    def current(self) -> str | None:
        """The version in force."""
        return self._link(CURRENT)

    def keeper(self) -> str | None:
        """The version that an undecided update goes back to."""
        return self._link(KEEPER)

    def _link(self, name: str) -> str | None:
        try:
            return (self.top / name).readlink().name
        except OSError:
            return None

    def switch(self, version: str) -> None:
        """Let this version be the one in force: whoever starts a program gets the old one or the new one, never neither."""
        if not (self.folder(version) / WHOLE).exists():
            raise UpError(f"Version {version} is not here, or not whole.")
        self._point(CURRENT, version)

    def keep(self, version: str | None) -> None:
        """Name the version to go back to; None: the update is decided."""
        if version is not None:
            self._point(KEEPER, version)
            return
        (self.top / KEEPER).unlink(missing_ok=True)
        sync_folder(self.top)

    def _point(self, name: str, version: str) -> None:
        draft = self.top / f".{name}.new"
        draft.unlink(missing_ok=True)
        draft.symlink_to(Path(VERSIONS) / version)
        draft.replace(self.top / name)
        sync_folder(self.top)

    def build(self, opened: Opened, base_python: Path) -> str:
        """Put an opened bundle into place beside the others; its version. UpError where it does not go in."""
        version = opened.manifest.version
        folder = self.folder(version)
        if (folder / WHOLE).exists():
            return version
        if shutil.disk_usage(self.top).free < LEAST_ROOM_BYTES:
            raise UpError(
                f"{self.top} has too little room: a version needs 400 MB. Free some, and update again."
            )
        shutil.rmtree(folder, ignore_errors=True)
        folder.parent.mkdir(parents=True, exist_ok=True)
        (pip,) = (wheel for wheel in opened.wheels if wheel.name.startswith("pip-"))
        quietly([str(base_python), "-m", "venv", "--without-pip", str(folder)])
        arguments = (
            "--disable-pip-version-check",
            "-q",
            "install",
            "--no-index",
            "--no-deps",
            "--root-user-action=ignore",
        )
        quietly([str(self.python(version)), f"{pip}/pip", *arguments, *map(str, opened.wheels)])
        # Everything is on the disk before the mark is: the power may go at any moment.
        os.sync()
        (folder / WHOLE).touch()
        sync_folder(folder)
        return version

    def prune(self, keep: Sequence[str]) -> list[str]:
        """Remove every other version, and what was never whole; those that went."""
        gone = []
        for folder in sorted((self.top / VERSIONS).iterdir()):
            if folder.name not in keep:
                shutil.rmtree(folder, ignore_errors=True)
                gone.append(folder.name)
        return gone

    @contextmanager
    def alone(self) -> Iterator[None]:
        """One update at a time. UpError where another is under way."""
        self.top.mkdir(parents=True, exist_ok=True)
        with (self.top / ".lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise UpError("Another update is under way on this machine. Wait for it to end.") from None
            yield


def _is_version(name: str) -> bool:
    try:
        version_key(name)
    except ValueError:
        return False
    return True


def sync_folder(folder: Path) -> None:
    """A name that was made, changed or removed in a folder is on the disk."""
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def quietly(command: Sequence[str]) -> None:
    """Run it, in English and with nothing of the caller's Python settings; UpError with its last line where it fails."""
    env = {
        "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
        "LC_ALL": "C.UTF-8",
        "PIP_CONFIG_FILE": os.devnull,
    }
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=WITHIN_S, check=False, env=env)
    except (subprocess.TimeoutExpired, OSError) as wrong:
        raise UpError(f"{Path(command[0]).name} did not come to an end: {wrong}.") from wrong
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise UpError(f"The new version could not be put into place: {said[-1] if said else command[0]}")

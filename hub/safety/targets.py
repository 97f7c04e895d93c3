"""Where a backup is kept: a folder, storage that speaks S3, head office. A target has pieces by name, knowing nothing of them."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from hub.client.files import write_whole

NEEDS_PASSPHRASE = {
    "en": "A backup at head office needs a passphrase, so that only the shop can read it: set HUB_BACKUP_SECRET_FILE.",
    "zh": "备份到总部须有口令，这样只有本店能读取：请设置 HUB_BACKUP_SECRET_FILE。",
}


class TargetError(Exception):
    """The target did not take it or give it; the text is a sentence that names no secret."""


class Missing(TargetError):
    """There is nothing of that name."""


class Target(Protocol):
    """Pieces by name. Everything may raise TargetError."""

    @property
    def shown(self) -> str:
        """Where it is, for people."""

    def put(self, name: str, body: bytes) -> None:
        """Keep a piece; it is safe there when this returns, as far as the target says so."""

    def get(self, name: str) -> bytes:
        """A piece; Missing where there is none."""

    def names(self, prefix: str) -> list[str]:
        """Every name that begins so, in order."""

    def delete(self, name: str) -> None:
        """Forget a piece; nothing happens where there is none."""


class FolderTarget:
    """A folder: another disk, a stick, a mounted share."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def shown(self) -> str:
        """Where it is, for people."""
        return f"file:{self.folder}"

    def put(self, name: str, body: bytes) -> None:
        """Keep a piece, whole and on disk, or not at all."""
        path = self.folder / name
        try:
            if not path.parent.is_dir():
                # A share that is not mounted leaves an empty folder behind: the one above it must be there already.
                self.folder.mkdir(mode=0o700, exist_ok=True)
                path.parent.mkdir(mode=0o700, exist_ok=True)
            write_whole(path, body, mode=0o600)
        except OSError as wrong:
            raise TargetError(f"{self.shown} does not take it: {wrong.strerror or wrong}.") from wrong

    def get(self, name: str) -> bytes:
        """A piece; Missing where there is none."""
        try:
            return (self.folder / name).read_bytes()
        except FileNotFoundError as wrong:
            raise Missing(f"{self.shown} does not have {name}.") from wrong
        except OSError as wrong:
            raise TargetError(f"{self.shown} cannot be read: {wrong.strerror or wrong}.") from wrong

    def names(self, prefix: str) -> list[str]:
        """Every name that begins so, in order."""
        folder, _, start = prefix.rpartition("/")
        try:
            places = [self.folder / folder] if folder else self._lines()
            found = [
                str(path.relative_to(self.folder))
                for place in places
                if place.is_dir()
                for path in place.iterdir()
                if not path.name.endswith(".new")
            ]
        except OSError as wrong:
            raise TargetError(f"{self.shown} cannot be read: {wrong.strerror or wrong}.") from wrong
        whole = f"{folder}/{start}" if folder else start
        return sorted(name for name in found if name.startswith(whole))

    def _lines(self) -> list[Path]:
        return [path for path in self.folder.iterdir() if path.is_dir()] if self.folder.is_dir() else []

    def delete(self, name: str) -> None:
        """Forget a piece."""
        try:
            path = self.folder / name
            path.unlink(missing_ok=True)
            if path.parent != self.folder and path.parent.is_dir() and not any(path.parent.iterdir()):
                path.parent.rmdir()
        except OSError as wrong:
            raise TargetError(f"{self.shown} does not forget {name}: {wrong.strerror or wrong}.") from wrong


def open_target(
    place: str,
    *,
    s3_url: str = "",
    s3_region: str = "",
    s3_key_id: str = "",
    s3_secret: str = "",
    identity: Path | None = None,
    sealed: bool = False,
) -> Target:
    """The target at this address; TargetError where it cannot be used at all. `identity`: the folder that says who this hub is at
    head office; `sealed`: whether there is a passphrase."""
    parts = urlsplit(place)
    if parts.scheme == "upstream":
        from hub.safety.head_office import ALONE, HeadOfficeTarget

        if not sealed:
            raise TargetError(NEEDS_PASSPHRASE["en"])
        if identity is None:
            raise TargetError(ALONE)
        return HeadOfficeTarget(identity)
    if parts.scheme == "s3":
        from hub.safety.s3 import S3Target

        return S3Target(parts.netloc, parts.path.strip("/"), s3_url, s3_region, s3_key_id, s3_secret)
    return FolderTarget(Path(unquote(parts.path) if parts.scheme else place).expanduser())

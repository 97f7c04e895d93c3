"""The pepper beneath the PINs of staff: 32 random bytes in a file beside the database, so that neither alone is enough.

Whoever gets hold of a copy of the database, a backup for one, cannot try PINs without it; `hub.wire.pins` says how. It is
made once, when it is first asked for, and never changes: a PIN that was made under another one cannot be right any more.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable
from pathlib import Path

from hub.client.db import StorageError, explain
from hub.client.files import write_whole
from hub.wire.pins import PEPPER_BYTES, pepper_name, read_pin

PEPPER_FILE = "pins.pepper"


def hub_pepper(folder: Path) -> bytes:
    """The hub's pepper, made where there is none; its file can be read by its owner alone. StorageError where it cannot."""
    pepper = secret_file(folder / PEPPER_FILE, PEPPER_BYTES)
    if pepper is None:
        raise StorageError(
            f"{folder / PEPPER_FILE} does not hold the pepper any more. Restore it from a backup."
        )
    return pepper


def secret_file(path: Path, octets: int) -> bytes | None:
    """A secret of so many random octets in a file of its own, made where there is none; its file can be read by its owner alone.

    None where the file holds something else. StorageError where it cannot be read or made.
    """
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            _make(path, octets)
        secret = bytes.fromhex(path.read_text(encoding="ascii", errors="replace").strip())
    except ValueError:
        return None
    except OSError as wrong:
        raise explain(wrong, path) from wrong
    return secret if len(secret) == octets else None


class KeptPepper:
    """The pepper of one folder for whoever asks at every exchange: its file is read again only where it is another one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / PEPPER_FILE
        self._kept: tuple[tuple[int, ...], bytes] | None = None

    def __call__(self) -> bytes:
        """As `hub_pepper`. Several threads may ask."""
        try:
            now = self._path.stat()
        except OSError:
            return hub_pepper(self._folder)
        mark = (now.st_dev, now.st_ino, now.st_mtime_ns, now.st_size)
        kept = self._kept
        if kept is None or kept[0] != mark:
            kept = self._kept = (mark, hub_pepper(self._folder))
        return kept[1]


def under_another(pins: Iterable[str], pepper: bytes) -> int:
    """How many kept PINs were made under a pepper that is not this one: nobody can sign in with them."""
    own = pepper_name(pepper)
    return sum(read_pin(kept).pepper not in ("", own) for kept in pins)


def _make(path: Path, octets: int) -> None:
    """Put a whole, durable file at `path`, unless somebody else was faster: theirs is then the one."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    write_whole(draft, secrets.token_bytes(octets).hex().encode(), mode=0o600)
    try:
        # Two programs may begin at once; a link is made by exactly one of them, and never to half a file.
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)

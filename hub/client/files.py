"""Small files that are replaced as a whole: keys, who a node is, a pepper."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def write_whole(path: Path, body: bytes, mode: int = 0o644) -> None:
    """Replace a file so that a power cut leaves the old one or the new one, whole, and on disk. OSError where it cannot.

    After a failure the old file is there: a new one takes its place only once it is on disk (rename(2)).
    """
    draft = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        _write(draft, body, mode)
        draft.replace(path)
        sync_folder(path.parent)
    except OSError:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)
        raise


def settle_whole(draft: Path, path: Path) -> None:
    """Put a file that was written bit by bit in the place of another, as `write_whole` does. OSError where it cannot; the draft
    stays then."""
    handle = os.open(draft, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
    draft.replace(path)
    sync_folder(path.parent)
    # The folder's own name, where it is as new as the file.
    sync_folder(path.parent.parent)


def _write(draft: Path, body: bytes, mode: int) -> None:
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    try:
        left = memoryview(body)
        while left:
            # A disk that runs full takes a part and says how much (write(2)).
            left = left[os.write(handle, left) :]
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_folder(folder: Path) -> None:
    """The names in a folder are on disk (fsync(2)). OSError where that fails."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

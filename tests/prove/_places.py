"""Where proofs let many days of a shop pass: each in a copy of one template, in memory where there is some."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.prove._coupon_world import copy_of


@contextmanager
def copied(place: Path) -> Iterator[Path]:
    """A shop of its own, as the template in `place` has it; gone afterwards."""
    folder = Path(tempfile.mkdtemp(dir=place)) / "shop"
    try:
        yield copy_of(place / "template", folder)
    finally:
        shutil.rmtree(folder.parent, ignore_errors=True)


@contextmanager
def quick_place(folder: Path) -> Iterator[Path]:
    """Memory where there is some: what a power cut loses is worked out here, not left to the disk."""
    memory = Path("/dev/shm")
    if not os.access(memory, os.W_OK):
        yield folder
        return
    place = Path(tempfile.mkdtemp(prefix="shopbell-prove-", dir=memory))
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)

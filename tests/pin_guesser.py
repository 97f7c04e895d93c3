"""A program that guesses PINs until it is killed; a module of its own, so that it can be started quickly."""

from __future__ import annotations

import os
from multiprocessing.connection import Connection
from pathlib import Path

from argon2 import PasswordHasher

from hub.client.db import Pool
from hub.client.pins import PinCheck, Uptime, Wrong
from hub.client.staff_rows import StaffRows
from hub.wire.snapshot import Staff
from kiosk.store import MIGRATIONS_KIOSK


def guess_for_ever(path: Path, start: int, tell: Connection) -> None:
    """`b` before each guess, `a` after its answer; an hour passes between guesses, so that none has to wait."""
    person = Staff("s1", "Ada", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("4711"))
    turn = start
    check = PinCheck(StaffRows(Pool(path, [MIGRATIONS_KIOSK])), steady=lambda: Uptime("b", turn * 4_000.0))
    while True:
        turn += 1
        os.write(tell.fileno(), b"b")
        os.write(tell.fileno(), b"a" if isinstance(check.check(person, "0000"), Wrong) else b"?")

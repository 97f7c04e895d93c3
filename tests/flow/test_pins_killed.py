"""A program that guesses PINs is killed a hundred times at any moment: no guess is ever free."""

from __future__ import annotations

import multiprocessing
import os
import random
import sys
from pathlib import Path

import pytest
from pin_guesser import guess_for_ever

from hub.client.db import Pool, writing
from hub.client.staff_rows import StaffRows
from kiosk.store import MIGRATIONS_KIOSK

KILLS = 100


def test_the_count_on_disk_is_exact_over_a_hundred_kills(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Never less than the guesses that were answered, never more than those that were begun."""
    # The server that forks the programs reads its modules once; it is told where they are by the environment alone.
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    path = tmp_path / "kiosk.db"
    pool = Pool(path, [MIGRATIONS_KIOSK])
    rows = StaffRows(pool)
    rnd = random.Random(5)
    programs = multiprocessing.get_context("forkserver")
    programs.set_forkserver_preload(["pin_guesser"])
    begun = answered = 0
    cut_short = 0
    for _ in range(KILLS):
        hear, tell = programs.Pipe(duplex=False)
        guesser = programs.Process(target=guess_for_ever, args=(path, begun, tell), daemon=True)
        guesser.start()
        tell.close()
        # Let it give so many signs of life: it is killed within the next guess, or just before or after it.
        wanted, seen = rnd.randrange(1, 8), b""
        while len(seen) < wanted:
            sign = os.read(hear.fileno(), 1)
            assert sign in (b"a", b"b"), (seen, sign)
            seen += sign
        guesser.kill()
        guesser.join(30)
        while more := os.read(hear.fileno(), 100):
            seen += more
        hear.close()
        assert b"?" not in seen
        begun += seen.count(b"b")
        answered += seen.count(b"a")
        cut_short += seen.endswith(b"b")
        with writing(pool.here()) as conn:
            total, _ = rows.wrong_pins(conn, "staff s1")
        assert answered <= total <= begun
    assert begun - answered == cut_short > 0
    pool.close()

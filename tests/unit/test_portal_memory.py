"""Memory for a PIN goes back to the system, whichever thread looked at it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

LOOK = """
import threading
from pathlib import Path
from argon2.low_level import Type, hash_secret
from hub.client.memory import return_large_blocks

def resident_kb():
    return next(int(line.split()[1]) for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmRSS"))

def look():
    hash_secret(b"1234", bytes(16), 2, 19_456, 1, 32, Type.ID)

done, ended = threading.Semaphore(0), threading.Event()

def work():
    # The thread goes on, as one of a server does: its memory is not given up with it.
    look()
    done.release()
    ended.wait()

{set}
look()
before = resident_kb()
for _ in range(4):
    threading.Thread(target=work, daemon=True).start()
    done.acquire()
print(resident_kb() - before)
ended.set()
"""


@pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="needs Linux's /proc to see its own memory"
)
def test_threads_that_looked_at_a_pin_keep_nothing_of_it() -> None:
    assert kept_kb("return_large_blocks()") < 8_000


def kept_kb(first: str) -> int:
    done = subprocess.run(
        [sys.executable, "-c", LOOK.replace("{set}", first)],
        cwd=Path(__file__).resolve().parents[2],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return int(done.stdout)

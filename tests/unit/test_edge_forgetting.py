"""What is forgotten is gone from memory; what is not, nobody else can read."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from edge.forgetting import OVERWRITING, PATTERN

GIVEN_OUT_AGAIN = 0xCD
"""What a block is filled with that was freed and is in somebody's hands again, but not written to (PYMEM_CLEANBYTE)."""

ROOT = Path(__file__).resolve().parents[2]

FREED = """
import ctypes, sys
from edge.forgetting import begin_again
begin_again()
for size in (60, 400, 100_000):
    there = b"address" * (size // 7)
    # The head of an object is used by the allocator.
    at, length = id(there) + 32, len(there)
    del there
    print(ctypes.string_at(at, min(length, 200)).hex())
# As many as will not be given out again at once, each as long as an address; the last octets count.
many = [bytes((1, 2, 3, 4, 5, number % 256)) for number in range(1_000)]
places = [id(one) + 32 for one in many]
del many
print(b"".join(ctypes.string_at(place, 6) for place in places[200:230]).hex())
"""

SHUT = """
import ctypes, resource
from edge.forgetting import keep_to_ourselves
keep_to_ourselves()
print(resource.getrlimit(resource.RLIMIT_CORE), ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))
"""


def said_by(program: str) -> list[str]:
    usual = {name: value for name, value in os.environ.items() if name not in OVERWRITING}
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=usual,
        capture_output=True,
        text=True,
        check=True,
        timeout=20,
    )
    return done.stdout.splitlines()


def test_the_process_begins_again_and_overwrites_what_it_frees() -> None:
    rows = said_by(FREED)
    assert len(rows) == 4
    for row in rows:
        filled = max(bytes.fromhex(row).count(octet) for octet in (PATTERN, GIVEN_OUT_AGAIN))
        assert filled > 0.7 * len(row) / 2
        assert b"addr" not in bytes.fromhex(row)


def test_without_beginning_again_what_was_freed_is_still_there() -> None:
    # The test above sees what it says it sees.
    rows = said_by(FREED.replace("begin_again()\n", "\n").replace("import begin_again", "import PATTERN"))
    assert any(b"addr" in bytes.fromhex(row) for row in rows)


def test_a_process_that_has_begun_again_does_not_do_so_for_ever() -> None:
    twice = "from edge.forgetting import begin_again\nbegin_again()\nprint('begun')\nbegin_again()\nprint('still')\n"
    assert said_by(twice) == ["begun", "still"]


def test_no_core_is_written_and_others_may_not_look_in() -> None:
    assert said_by(SHUT) == ["(0, 0) 0"]

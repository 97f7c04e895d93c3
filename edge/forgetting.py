"""What this process has forgotten is gone from its memory too, and nobody gets at what it still knows.

Python gives a freed object's octets to whoever asks next, and until then they stay where they are: an address that was forgotten
an hour ago could be read from a core of the process. So the edge runs with the hooks of Python's memory turned on that fill what
is freed (PYTHONMALLOC, made to find mistakes in extensions), over an allocator of the system that fills, too (mallopt(3),
M_PERTURB, without the cache of small blocks, which is not filled). Neither alone would do: glibc leaves the last eight octets of
a block, and six are an address; Python leaves what was copied when a block grew. All this has to be said before the process
begins, so it begins itself again. It costs 24 octets an object, and about half as much time again for a packet (`shopbell
bench`).

The second wall: no core is written (setrlimit(2)), and no other process of the same user may look into this one (prctl(2),
PR_SET_DUMPABLE).
"""

from __future__ import annotations

import ctypes
import os
import resource
import sys

PATTERN = 0xDD
"""What Python fills freed memory with (Include/internal/pycore_pymem.h, PYMEM_DEADBYTE); glibc is told to use the same."""

MARK = "SHOPBELL_FREED_IS_OVERWRITTEN"
"""Says to the process that has begun again that it has. The others cannot: glibc may change its own on the way."""

OVERWRITING = {
    "PYTHONMALLOC": "malloc_debug",
    "GLIBC_TUNABLES": f"glibc.malloc.perturb={PATTERN}:glibc.malloc.tcache_count=0",
    MARK: "1",
}
"""PYTHONMALLOC: Python's documentation, 1.2. GLIBC_TUNABLES: the GNU C Library's manual, 39.2."""

_PR_SET_DUMPABLE = 4


def begin_again() -> None:
    """Replace this process by the same one with an allocator that fills what is freed; returns where it is that one already."""
    if MARK not in os.environ:
        sys.stdout.flush()
        sys.stderr.flush()
        os.execve(  # noqa: S606 - the same program with the same arguments
            sys.executable, [sys.executable, *sys.orig_argv[1:]], {**os.environ, **OVERWRITING}
        )


def keep_to_ourselves() -> None:
    """No core file, and no look into this process by others of the same user. What the system does not allow stays as it is."""
    try:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (OSError, ValueError):
        return
    ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)

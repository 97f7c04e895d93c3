"""Large pieces of memory go back to the system when they are done with, as on a machine that has little."""

from __future__ import annotations

import contextlib
import ctypes

LARGE_OCTETS = 1 << 20
_M_MMAP_THRESHOLD = -3


def return_large_blocks() -> None:
    """Have the C library map each block from 1 MiB on by itself, and unmap it when it is freed (M_MMAP_THRESHOLD, mallopt(3)).

    Left to itself glibc takes the first such block for the usual size and keeps later ones: looking at one PIN takes 19 MiB,
    and every thread that has done so once would hold them for ever. Other C libraries have no such habit and no such switch.
    """
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, LARGE_OCTETS)

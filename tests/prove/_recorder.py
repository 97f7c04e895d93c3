"""Builds and uses the recorder: what a program writes to the files of one folder, in order, and calls that fail on purpose."""

from __future__ import annotations

import ctypes
import os
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

SOURCE = Path(__file__).with_name("_recorder.c")
HEAD = struct.Struct("=IiQIiQ")


class NoCompiler(Exception):
    """There is nothing here to build the recorder with; the text says how to get it."""


class Op(IntEnum):
    """What was done, as in `_recorder.c`."""

    OPEN = 1
    CLOSE = 2
    WRITE = 3
    TRUNCATE = 4
    SYNC = 5
    RENAME = 6
    UNLINK = 7
    MARK = 8
    MKDIR = 9
    LINK = 10


@dataclass(frozen=True, slots=True)
class Entry:
    """One call that the kernel took. `at`: the offset of a write, the new size, or the flags of an open."""

    op: Op
    fd: int
    at: int
    data: bytes
    failed: bool
    only_data: bool


def build(folder: Path) -> Path:
    """The recorder as a shared library in this folder. NoCompiler where there is no C compiler or no C library to build with."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise NoCompiler("There is no C compiler here, which the recorder needs: apt install gcc libc6-dev")
    folder.mkdir(parents=True, exist_ok=True)
    library = folder / "recorder.so"
    command = [compiler, "-O2", "-Wall", "-shared", "-fPIC", "-o", library, SOURCE, "-ldl", "-lpthread"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode:
        raise NoCompiler(
            f"The recorder cannot be built (apt install gcc libc6-dev): {done.stderr.strip()[:300]}"
        )
    return library


def start(
    library: Path, module: str, arguments: Sequence[str], watched: Path, trace: Path | None = None
) -> subprocess.Popen[str]:
    """Run `python -m module` with the recorder beneath it; what it prints comes through a pipe."""
    env = {**os.environ, "LD_PRELOAD": str(library), "RECORDER_FOLDER": str(watched.resolve())}
    env.pop("RECORDER_TRACE", None)
    if trace is not None:
        env["RECORDER_TRACE"] = str(trace)
    command = [sys.executable, "-m", module, *arguments]
    root = Path(__file__).parents[2]
    return subprocess.Popen(
        command, env=env, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def read_trace(path: Path) -> Iterator[Entry]:
    """Every call, in order."""
    with path.open("rb") as file:
        while head := file.read(HEAD.size):
            op, fd, at, size, result, only_data = HEAD.unpack(head)
            data = file.read(size)
            if len(data) != size:
                raise ValueError("the trace ends in the middle of a record")
            yield Entry(Op(op), fd, at, data, bool(result), bool(only_data))


class Inside:
    """The recorder from inside the program that it stands beneath. RuntimeError where there is none."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL(None)
        try:
            self._library.recorder_count.restype = ctypes.c_long
            self._library.recorder_fail.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_int]
            self._library.recorder_mark.argtypes = [ctypes.c_char_p]
        except AttributeError as wrong:
            raise RuntimeError("this program runs without a recorder") from wrong

    def mark(self, text: str) -> None:
        """Put a word of the program's own between the calls."""
        self._library.recorder_mark(text.encode())

    def count(self) -> int:
        """How many calls could have failed since counting began anew."""
        return int(self._library.recorder_count())

    def fail(self, first: int, last: int, error: int) -> None:
        """Count anew, and let these calls fail with an errno."""
        self._library.recorder_fail(first, last, error)

    def fail_none(self) -> None:
        """Count anew, and let every call through."""
        self._library.recorder_fail(0, 0, 0)

"""`camera:sim`: a camera that sees what it is shown; `camera:sim:FOLDER` shows the pictures of a folder, one after the other.

`show(picture)` holds a picture before it until another one is shown; frames come as often as from a real one.
"""

from __future__ import annotations

import errno
import threading
import time
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from hardware.camera.camera import Frame, Seen
from hardware.finding import Finder, Place
from hardware.reasons import DeviceError, Reason
from hardware.wishes import read_wishes, whole

SIZE = (1280, 720)
TURN_S = 3.0
_ENDINGS = frozenset({".png", ".jpg", ".jpeg", ".webp"})


class SimCamera:
    """A camera in memory."""

    simulated = True

    def __init__(
        self, pictures: tuple[Path, ...] = (), fps: int = 15, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._clock = clock
        self._pause_s = 1 / fps
        self._pictures = pictures
        self._began = clock()
        self._shown: bytes = _grey(None)
        self._plugged = True
        self._next_at = 0.0
        self._read: dict[Path, bytes] = {}
        self._finder = Finder(Place("camera", "the simulator"), self._open, clock)
        self._changed = threading.Condition()

    def show(self, picture: Image.Image | None) -> None:
        """Hold this before it, as large as fits; None: an empty counter."""
        grey = _grey(picture)
        with self._changed:
            self._shown = grey

    def unplug(self) -> None:
        """Pull the cable out."""
        self._plugged = False

    def plug(self) -> None:
        """Put it in again."""
        self._plugged = True

    def read(self, timeout_s: float) -> Seen | None:
        """The next frame."""
        until = self._clock() + timeout_s
        while not self._finder.closing.is_set():
            left_s = until - self._clock()
            if left_s <= 0:
                return None
            if self._finder.line is None:
                told = self._finder.look(left_s)
                if told is not None:
                    return told
                continue
            if not self._plugged:
                return self._finder.lose(OSError(errno.ENODEV, "unplugged"))
            wait_s = self._next_at - self._clock()
            if wait_s > 0:
                self._finder.closing.wait(min(wait_s, left_s))
                continue
            now = self._clock()
            self._next_at = max(self._next_at + self._pause_s, now)
            return Frame(*SIZE, self._sight(now), now)
        return None

    def describe(self) -> str:
        """One line for screens."""
        return "Simulated camera"

    def close(self) -> None:
        """See nothing more."""
        self._finder.closing.set()

    def _open(self) -> _Plug:
        if not self._plugged:
            raise OSError(errno.ENOENT, "unplugged")
        return _Plug()

    def _sight(self, now: float) -> bytes:
        if not self._pictures:
            with self._changed:
                return self._shown
        path = self._pictures[int((now - self._began) / TURN_S) % len(self._pictures)]
        if path not in self._read:
            with Image.open(path) as picture:
                self._read = {path: _grey(picture)}
        return self._read[path]


class _Plug:
    def close(self) -> None:
        pass


def _grey(picture: Image.Image | None) -> bytes:
    counter = Image.new("L", SIZE, 96)
    if picture is not None:
        held = picture.convert("L")
        held.thumbnail(SIZE)
        counter.paste(held, ((SIZE[0] - held.width) // 2, (SIZE[1] - held.height) // 2))
    return counter.tobytes()


def open_camera(argument: str, clock: Callable[[], float] = time.monotonic) -> SimCamera:
    """The camera of `camera:sim[:FOLDER][,fps=15]`."""
    place, wishes = read_wishes("camera:sim", argument, {"fps": whole(1, 60)})
    pictures: tuple[Path, ...] = ()
    if place:
        folder = Path(place)
        if folder.is_dir():
            pictures = tuple(sorted(path for path in folder.iterdir() if path.suffix.lower() in _ENDINGS))
        if not pictures:
            raise DeviceError(Reason.BAD_NAME, f"{place} is no folder with pictures (PNG, JPEG, WebP).")
    return SimCamera(pictures, wishes.get("fps", 15), clock)

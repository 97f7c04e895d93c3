"""`camera:v4l:/dev/video0[,size=1280x720]`: a camera through the kernel's Video for Linux, without a library.

Takes what the camera offers of Motion JPEG, YUYV and GREY, in this order: USB cameras give large pictures quickly as JPEG only.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import io
import mmap
import os
import re
import select
import time
from collections.abc import Callable

from hardware.camera import uapi
from hardware.camera.camera import Frame, Seen
from hardware.finding import Finder, Place
from hardware.reasons import DeviceError, Reason
from hardware.wishes import read_wishes

BUFFERS = 3
FORMATS = ("MJPG", "YUYV", "GREY")
SILENT_S = 5.0
"""A camera that streams and gives no frame for so long has hung: it is opened anew."""

Ioctl = Callable[[int, int, bytearray], object]


class Stream:
    """An open camera that streams. `ioctl` asks the kernel."""

    def __init__(self, path: str, width: int, height: int, ioctl: Ioctl = fcntl.ioctl) -> None:
        self._ioctl = ioctl
        self._maps: list[mmap.mmap] = []
        self._descriptor = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            self.card = self._insist_on_camera(path)
            self.width, self.height, self.pixels, self._stride = self._choose(path, width, height)
            self._begin()
        except BaseException:
            self.close()
            raise

    def wait(self, timeout_s: float) -> bool:
        """Whether a frame is ready within the time."""
        ready, _, _ = select.select([self._descriptor], [], [], timeout_s)
        return bool(ready)

    def newest(self) -> bytes | None:
        """The newest frame as the camera gives it, older ones passed over; None where none is whole."""
        taken: bytes | None = None
        for _ in range(BUFFERS):
            answer = uapi.buffer()
            try:
                self._ioctl(self._descriptor, uapi.DQBUF, answer)
            except BlockingIOError:
                break
            index, used, flags, _, _ = uapi.buffer_told(answer)
            if not flags & uapi.FLAG_ERROR and used:
                taken = self._maps[index][:used]
            self._ioctl(self._descriptor, uapi.QBUF, uapi.buffer(index))
        return taken

    def grey(self, raw: bytes) -> bytes | None:
        """A frame's brightness, octet by octet; None where it is not whole."""
        if self.pixels == "MJPG":
            return _grey_of_jpeg(raw, self.width, self.height)
        step = 2 if self.pixels == "YUYV" else 1
        line, stride = self.width * step, self._stride or self.width * step
        if len(raw) < stride * (self.height - 1) + line:
            return None
        if stride == line:
            return raw[: line * self.height : step]
        return b"".join(raw[row * stride : row * stride + line : step] for row in range(self.height))

    def close(self) -> None:
        """Stop the stream and let go of the camera."""
        # Where it has gone already there is nothing left to stop.
        with contextlib.suppress(OSError):
            self._ioctl(self._descriptor, uapi.STREAMOFF, bytearray(uapi.STREAM_TYPE.pack(uapi.CAPTURE)))
        for one in self._maps:
            one.close()
        self._maps.clear()
        os.close(self._descriptor)

    def _insist_on_camera(self, path: str) -> str:
        answer = bytearray(uapi.CAPABILITY.size)
        try:
            self._ioctl(self._descriptor, uapi.QUERYCAP, answer)
        except OSError as wrong:
            if wrong.errno in (errno.ENOTTY, errno.EINVAL):
                raise DeviceError(Reason.BAD_NAME, f"{path} is no camera.") from wrong
            raise
        _, card, _, _, all_of_it, here, *_ = uapi.CAPABILITY.unpack(answer)
        able = here if all_of_it & uapi.HAS_DEVICE_CAPS else all_of_it
        if not able & uapi.CAN_CAPTURE or not able & uapi.CAN_STREAM:
            raise DeviceError(
                Reason.BAD_NAME, f"{path} gives no pictures; a camera often has several names: try the next."
            )
        return bytes(card).split(b"\0")[0].decode("utf-8", "replace")

    def _choose(self, path: str, width: int, height: int) -> tuple[int, int, str, int]:
        for pixels in FORMATS:
            wish = uapi.format_wish(width, height, pixels)
            try:
                self._ioctl(self._descriptor, uapi.S_FMT, wish)
            except OSError as wrong:
                if wrong.errno != errno.EINVAL:
                    raise
                continue
            given = uapi.format_given(wish)
            if given[2] == pixels:
                return given
        raise DeviceError(
            Reason.BROKEN, f"The camera at {path} gives neither {', '.join(FORMATS[:-1])} nor {FORMATS[-1]}."
        )

    def _begin(self) -> None:
        asked = uapi.request(BUFFERS)
        self._ioctl(self._descriptor, uapi.REQBUFS, asked)
        for index in range(min(uapi.requested(asked), BUFFERS)):
            answer = uapi.buffer(index)
            self._ioctl(self._descriptor, uapi.QUERYBUF, answer)
            _, _, _, offset, length = uapi.buffer_told(answer)
            self._maps.append(
                mmap.mmap(
                    self._descriptor, length, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE, offset=offset
                )
            )
            self._ioctl(self._descriptor, uapi.QBUF, uapi.buffer(index))
        self._ioctl(self._descriptor, uapi.STREAMON, bytearray(uapi.STREAM_TYPE.pack(uapi.CAPTURE)))


class V4lCamera:
    """A camera of the kernel's, kept open."""

    simulated = False

    def __init__(
        self, path: str, width: int, height: int, clock: Callable[[], float], ioctl: Ioctl = fcntl.ioctl
    ) -> None:
        self._path = path
        self._clock = clock
        self._finder = Finder(Place("camera", path), lambda: Stream(path, width, height, ioctl), clock)
        self._seen_at = 0.0
        self._card = ""

    def read(self, timeout_s: float) -> Seen | None:
        """The newest frame; None where none came in time or the camera was closed."""
        until = self._clock() + timeout_s
        while not self._finder.closing.is_set():
            left_s = until - self._clock()
            if left_s <= 0:
                return None
            stream = self._finder.line
            if stream is None:
                told = self._finder.look(left_s)
                if told is not None:
                    self._seen_at = self._clock()
                    return told
                continue
            try:
                frame = self._look(stream, min(left_s, 0.2))
            except OSError as wrong:
                return self._finder.lose(wrong)
            if frame is not None:
                return frame
        self._finder.let_go()
        return None

    def describe(self) -> str:
        """One line for screens."""
        return " ".join(filter(None, (self._card or "Camera", f"at {self._path}")))

    def close(self) -> None:
        """Let go of the device, at the latest when the look under way is over."""
        self._finder.closing.set()

    def _look(self, stream: Stream, timeout_s: float) -> Frame | None:
        self._card = stream.card
        now = self._clock()
        if not stream.wait(timeout_s):
            if now - self._seen_at > SILENT_S:
                raise OSError(errno.EIO, "no frames")
            return None
        raw = stream.newest()
        grey = stream.grey(raw) if raw is not None else None
        if grey is None:
            return None
        self._seen_at = now
        return Frame(stream.width, stream.height, grey, now)


def _grey_of_jpeg(raw: bytes, width: int, height: int) -> bytes | None:
    """A frame of Motion JPEG. A damaged one is none: the next one comes soon."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(raw), formats=("JPEG",)) as opened:
            if opened.size != (width, height):
                return None
            opened.draft("L", opened.size)
            return opened.convert("L").tobytes()
    except (OSError, ValueError, SyntaxError):
        return None


def _size(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"(\d{2,4})x(\d{2,4})", text)
    if found is None:
        raise ValueError("must be a size such as 1280x720")
    return int(found[1]), int(found[2])


def open_camera(argument: str, clock: Callable[[], float] = time.monotonic) -> V4lCamera:
    """The camera of `camera:v4l:PATH[,size=1280x720]`. It need not be there yet."""
    path, wishes = read_wishes("camera:v4l", argument, {"size": _size})
    if not path.startswith("/"):
        raise DeviceError(Reason.BAD_NAME, "Say which camera: camera:v4l:/dev/video0, for example.")
    width, height = wishes.get("size", (1280, 720))
    return V4lCamera(path, width, height, clock)

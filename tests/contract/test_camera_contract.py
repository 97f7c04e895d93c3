"""One suite for every camera: the simulated one, and the kernel's interface with a kernel that the test plays."""

from __future__ import annotations

import errno
import io
import json
import mmap
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import qrcode
from PIL import Image

from hardware.camera import uapi
from hardware.camera.camera import Camera, Frame
from hardware.camera.sim import SimCamera
from hardware.camera.v4l import V4lCamera
from hardware.device import DeviceError, Reason, open_device
from hardware.reasons import Found, Lost
from hardware.scanner.framing import AGAIN_S
from hardware.scanner.scanner import Scan
from kiosk.camera import CameraReader
from kiosk.pictures import Unseen, texts_in

TOKEN = "SB1" + "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567" * 4
PHOTOS = Path(__file__).resolve().parents[3] / "shared" / "data" / "qr-photos"


def coupon(text: str = TOKEN) -> Image.Image:
    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M, box_size=8)
    code.add_data(text)
    return code.make_image().get_image().convert("L")


class Time:
    """A steady clock that a test may move on."""

    def __init__(self) -> None:
        self.moved_s = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.moved_s


class Bench:
    camera: Camera

    def show(self, picture: Image.Image | None) -> None:
        raise NotImplementedError

    def unplug(self) -> None:
        raise NotImplementedError

    def plug(self) -> None:
        raise NotImplementedError

    def close(self) -> None:
        self.camera.close()


class SimBench(Bench):
    def __init__(self, folder: Path, clock: Time) -> None:
        camera = open_device("camera:sim", clock=clock)
        assert isinstance(camera, SimCamera)
        self.camera = self.sim = camera

    def show(self, picture: Image.Image | None) -> None:
        self.sim.show(picture)

    def unplug(self) -> None:
        self.sim.unplug()

    def plug(self) -> None:
        self.sim.plug()


class KernelBench(Bench):
    """Answers the camera's questions (ioctl) as the kernel does. The device file is one of our own, whose octets are the buffers,
    since this kernel may have no camera; what the numbers and layouts have to be, a test below asks the kernel's own header."""

    pixels = "MJPG"
    size = (1280, 720)

    def __init__(self, folder: Path, clock: Time) -> None:
        self.file = folder / "video0"
        self.length = -(-self.size[0] * self.size[1] * 2 // mmap.PAGESIZE) * mmap.PAGESIZE
        self.queued: list[int] = []
        self.streams = False
        self.held: Image.Image | None = None
        self.plug()
        self.camera = V4lCamera(str(self.file), *self.size, clock, self.ioctl)

    def show(self, picture: Image.Image | None) -> None:
        self.held = picture

    def unplug(self) -> None:
        self.file.unlink()

    def plug(self) -> None:
        self.file.write_bytes(bytes(self.length * 3))

    def ioctl(self, descriptor: int, number: int, argument: bytearray) -> object:
        if not self.file.exists():
            raise OSError(errno.ENODEV, "gone")
        match number:
            case uapi.QUERYCAP:
                able = uapi.CAN_CAPTURE | uapi.CAN_STREAM
                argument[:] = uapi.CAPABILITY.pack(
                    b"uvc", b"Test Camera", b"usb-1", 0x60000, able | uapi.HAS_DEVICE_CAPS, able, 0, 0, 0
                )
            case uapi.S_FMT:
                argument[:] = uapi.format_wish(*self.size, self.pixels)
            case uapi.REQBUFS:
                argument[:] = uapi.request(3)
            case uapi.QUERYBUF:
                index = uapi.buffer_told(argument)[0]
                argument[:] = self.told(index, 0)
            case uapi.QBUF:
                self.queued.append(uapi.buffer_told(argument)[0])
            case uapi.DQBUF:
                if not self.queued or not self.streams:
                    raise BlockingIOError
                index = self.queued.pop(0)
                argument[:] = self.told(index, self.fill(index))
            case uapi.STREAMON | uapi.STREAMOFF:
                self.streams = number == uapi.STREAMON
                self.queued = self.queued if self.streams else []
            case _:
                raise OSError(errno.ENOTTY, "no such question")
        return 0

    def told(self, index: int, used: int) -> bytes:
        fields = list(uapi.BUFFER.unpack(uapi.buffer(index)))
        fields[2], fields[10], fields[11] = used, index * self.length, self.length
        return uapi.BUFFER.pack(*fields)

    def fill(self, index: int) -> int:
        scene = Image.new("L", self.size, 96)
        if self.held is not None:
            scene.paste(self.held, (200, 100))
        octets = self.encoded(scene)
        with self.file.open("r+b") as file:
            file.seek(index * self.length)
            file.write(octets)
        return len(octets)

    def encoded(self, scene: Image.Image) -> bytes:
        out = io.BytesIO()
        scene.convert("RGB").save(out, "JPEG", quality=80)
        return out.getvalue()


class YuyvBench(KernelBench):
    pixels = "YUYV"
    size = (640, 480)

    def encoded(self, scene: Image.Image) -> bytes:
        octets = bytearray(b"\x80" * (self.size[0] * self.size[1] * 2))
        octets[::2] = scene.tobytes()
        return bytes(octets)


BENCHES: dict[str, Callable[[Path, Time], Bench]] = {"sim": SimBench, "mjpg": KernelBench, "yuyv": YuyvBench}


@pytest.fixture
def clock() -> Time:
    return Time()


@pytest.fixture(params=BENCHES)
def bench(request: pytest.FixtureRequest, tmp_path: Path, clock: Time) -> Iterator[Bench]:
    made = BENCHES[request.param](tmp_path, clock)
    try:
        yield made
    finally:
        made.close()


def test_a_code_that_is_held_before_the_camera_is_read_once_however_long_it_stays(
    bench: Bench, clock: Time
) -> None:
    reader = CameraReader(bench.camera, clock)
    assert reader.read(10) == Found()
    assert reader.read(0.3) is None
    bench.show(coupon())
    scan = reader.read(20)
    assert isinstance(scan, Scan)
    assert scan.text == TOKEN
    for _ in range(2):
        clock.moved_s += AGAIN_S / 5
        assert reader.read(0.5) is None
    bench.show(None)
    assert reader.read(0.3) is None
    clock.moved_s += AGAIN_S
    bench.show(coupon())
    again = reader.read(20)
    assert isinstance(again, Scan)
    bench.show(coupon("SECOND CODE"))
    other = reader.read(20)
    assert isinstance(other, Scan)
    assert other.text == "SECOND CODE"


def test_a_camera_that_is_pulled_out_is_told_once_and_sees_again_when_it_is_back(bench: Bench) -> None:
    assert bench.camera.read(10) == Found()
    assert isinstance(bench.camera.read(10), Frame)
    bench.unplug()
    told = bench.camera.read(10)
    assert isinstance(told, Lost)
    assert told.reason == Reason.NOT_FOUND
    assert bench.camera.read(0.3) is None
    bench.plug()
    assert bench.camera.read(10) == Found()
    frame = bench.camera.read(10)
    assert isinstance(frame, Frame)
    assert len(frame.grey) == frame.width * frame.height


def test_a_closed_camera_gives_nothing(bench: Bench) -> None:
    assert bench.camera.read(10) == Found()
    bench.camera.close()
    bench.camera.close()
    assert bench.camera.read(0.2) is None
    assert bench.camera.describe()


@pytest.mark.parametrize(
    "name", ["camera:v4l", "camera:v4l:/dev/video0,size=big", "camera:sim:/nowhere", "camera:usb:0"]
)
def test_a_name_that_makes_no_sense_is_a_mistake_and_no_camera(name: str) -> None:
    with pytest.raises(DeviceError) as caught:
        open_device(name)
    assert caught.value.reason == Reason.BAD_NAME


def test_a_device_that_is_no_camera_is_not_taken_for_one() -> None:
    camera = open_device("camera:v4l:/dev/null")
    told = camera.read(10)
    assert isinstance(told, Lost)
    assert told.reason == Reason.BAD_NAME
    camera.close()


def test_the_numbers_and_layouts_are_those_of_the_kernels_own_header(tmp_path: Path) -> None:
    compiler = shutil.which("cc")
    if compiler is None or not Path("/usr/include/linux/videodev2.h").exists():
        pytest.skip("needs a C compiler and the kernel's headers: apt install gcc linux-libc-dev")
    names = ["QUERYCAP", "S_FMT", "REQBUFS", "QUERYBUF", "QBUF", "DQBUF", "STREAMON", "STREAMOFF"]
    asked = [f"VIDIOC_{name}" for name in names]
    asked += [f"offsetof(struct v4l2_buffer, {field})" for field in ("bytesused", "flags", "m", "length")]
    asked += [
        f"offsetof(struct v4l2_format, fmt.pix.{field})" for field in ("width", "pixelformat", "bytesperline")
    ]
    asked += [
        "V4L2_PIX_FMT_MJPEG",
        "V4L2_PIX_FMT_YUYV",
        "V4L2_PIX_FMT_GREY",
        "V4L2_CAP_STREAMING",
        "V4L2_BUF_FLAG_ERROR",
    ]
    lines = "".join(f'printf("%lu\\n", (unsigned long)({one}));' for one in asked)
    source = tmp_path / "ask.c"
    source.write_text(
        f"#include <linux/videodev2.h>\n#include <stddef.h>\n#include <stdio.h>\nint main(void) {{ {lines} return 0; }}\n"
    )
    subprocess.run([compiler, "-o", tmp_path / "ask", source], check=True, timeout=60)
    said = subprocess.run([tmp_path / "ask"], check=True, capture_output=True, text=True, timeout=20).stdout
    theirs = [int(line) for line in said.split()]
    ours = [getattr(uapi, name) for name in names]
    marked = uapi.BUFFER.pack(1, 1, 0xAAAA, 0xBBBB, 0, 0, 0, b"", 0, 1, 0xCCCC, 0xDDDD, 0, 0)
    ours += [marked.index(mark.to_bytes(4, "little")) for mark in (0xAAAA, 0xBBBB, 0xCCCC, 0xDDDD)]
    wish = uapi.format_wish(0x1234, 0x5678, "MJPG")
    width_at = wish.index(b"\x34\x12\0\0")
    ours += [width_at, bytes(wish).index(b"MJPG"), width_at + 16]
    ours += [uapi.fourcc(four) for four in ("MJPG", "YUYV", "GREY")] + [uapi.CAN_STREAM, uapi.FLAG_ERROR]
    assert ours == theirs


def test_the_frames_of_a_folder_are_shown_one_after_the_other(tmp_path: Path, clock: Time) -> None:
    coupon().save(tmp_path / "a.png")
    coupon("SECOND CODE").save(tmp_path / "b.png")
    reader = CameraReader(open_device(f"camera:sim:{tmp_path}", clock=clock), clock)
    assert reader.read(10) == Found()
    seen = []
    for _ in range(2):
        scan = reader.read(20)
        assert isinstance(scan, Scan)
        seen.append(scan.text)
        clock.moved_s += 3.0
    assert sorted(seen) == sorted([TOKEN, "SECOND CODE"])
    reader.close()


@pytest.mark.data
def test_photographs_of_codes_are_read_at_least_as_well_as_the_baseline_reads_them() -> None:
    if not PHOTOS.exists():
        pytest.skip("needs the photographs in ../shared/data/qr-photos")
    rows = json.loads((PHOTOS / "expected_and_baseline.json").read_text())
    worse, read = [], 0
    for row in rows:
        texts = texts_in((PHOTOS / row["set"] / row["file"]).read_bytes())
        found = [] if isinstance(texts, Unseen) else [text.replace("\r\n", "\n") for text in texts]
        right = row["expected"].replace("\r\n", "\n") in found
        read += right
        if row["zxingcpp_right"] and not right:
            worse.append(f"{row['set']}/{row['file']}")
    assert not worse
    assert read >= sum(row["zxingcpp_right"] for row in rows)

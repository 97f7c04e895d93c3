"""The parts of Video for Linux (version 2) that are needed to take frames out of a camera, as numbers and layouts.

Pure. From the kernel's include/uapi/linux/videodev2.h; layouts are the machine's own, 32 or 64 bits wide.
"""

from __future__ import annotations

import struct

CAPTURE = 1
"""V4L2_BUF_TYPE_VIDEO_CAPTURE."""
MMAP = 1
"""V4L2_MEMORY_MMAP."""
ANY_FIELD = 0
CAN_CAPTURE, CAN_STREAM, HAS_DEVICE_CAPS = 0x1, 0x0400_0000, 0x8000_0000
FLAG_ERROR = 0x40


def fourcc(four: str) -> int:
    """A pixel format's number."""
    return int.from_bytes(four.encode(), "little")


def name_of(number: int) -> str:
    """A pixel format's four letters."""
    return number.to_bytes(4, "little").decode("latin-1")


# struct v4l2_capability: driver, card, bus, version, capabilities, device_caps, reserved
CAPABILITY = struct.Struct("@16s32s32sIII3I")

# struct v4l2_format: type, then a union of 200 octets that is aligned as a pointer is; of it v4l2_pix_format: width, height,
# pixelformat, field, bytesperline, sizeimage, colorspace, priv, flags, ycbcr_enc, quantization, xfer_func
_PIX = struct.Struct("@12I")
_UNION_AT = struct.calcsize("@I0P")
FORMAT_SIZE = _UNION_AT + 200

# struct v4l2_requestbuffers: count, type, memory, capabilities, flags and 3 octets reserved
REQUEST = struct.Struct("@IIIIB3s")

# struct v4l2_buffer: index, type, bytesused, flags, field; timeval; timecode (4 I, 4 octets of userbits: 16 octets in all);
# sequence, memory; union m (offset); length, reserved2, request_fd
BUFFER = struct.Struct("@IIIIIll16sIILIII0P")

# What starts and stops a stream: its type.
STREAM_TYPE = struct.Struct("@i")


def _ioc(direction: int, number: int, size: int) -> int:
    """_IOC('V', ...) of include/uapi/asm-generic/ioctl.h."""
    return direction << 30 | size << 16 | ord("V") << 8 | number


_WRITE, _READ = 1, 2
QUERYCAP = _ioc(_READ, 0, CAPABILITY.size)
S_FMT = _ioc(_READ | _WRITE, 5, FORMAT_SIZE)
REQBUFS = _ioc(_READ | _WRITE, 8, REQUEST.size)
QUERYBUF = _ioc(_READ | _WRITE, 9, BUFFER.size)
QBUF = _ioc(_READ | _WRITE, 15, BUFFER.size)
DQBUF = _ioc(_READ | _WRITE, 17, BUFFER.size)
STREAMON = _ioc(_WRITE, 18, STREAM_TYPE.size)
STREAMOFF = _ioc(_WRITE, 19, STREAM_TYPE.size)


def format_wish(width: int, height: int, pixels: str) -> bytearray:
    """A v4l2_format that asks for this size and pixel format."""
    wish = bytearray(FORMAT_SIZE)
    struct.pack_into("@I", wish, 0, CAPTURE)
    _PIX.pack_into(wish, _UNION_AT, width, height, fourcc(pixels), ANY_FIELD, *(0,) * 8)
    return wish


def format_given(answer: bytes | bytearray) -> tuple[int, int, str, int]:
    """What the driver gives instead: width, height, pixel format, octets of one line."""
    width, height, pixels, _, stride, *_ = _PIX.unpack_from(answer, _UNION_AT)
    return width, height, name_of(pixels), stride


def request(count: int) -> bytearray:
    """A v4l2_requestbuffers."""
    return bytearray(REQUEST.pack(count, CAPTURE, MMAP, 0, 0, b""))


def requested(answer: bytes | bytearray) -> int:
    """How many buffers the driver gives."""
    return int(REQUEST.unpack_from(answer)[0])


def buffer(index: int = 0) -> bytearray:
    """A v4l2_buffer that names one of them."""
    return bytearray(BUFFER.pack(index, CAPTURE, 0, 0, ANY_FIELD, 0, 0, b"", 0, MMAP, 0, 0, 0, 0))


def buffer_told(answer: bytes | bytearray) -> tuple[int, int, int, int, int]:
    """Of a v4l2_buffer: index, octets used, flags, where to map it, its length."""
    fields = BUFFER.unpack_from(answer)
    return fields[0], fields[2], fields[3], fields[10], fields[11]

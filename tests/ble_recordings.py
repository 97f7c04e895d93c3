"""Writes recordings of the air in every container and link type that we read, by the formats' own documents."""

from __future__ import annotations

import struct

from hardware.ble.advertisement import Advertisement
from hardware.ble.linklayer import crc24

ADDRESS = bytes.fromhex("40375be4e25d")
PAYLOAD = bytes.fromhex("02011a020a0c0aff4c0010050a1c811616")
AT_US = 1_588_705_548_615_401
HEARD = Advertisement("5d:e2:e4:5b:37:40", "random", -74, PAYLOAD, AT_US / 1e6)
BTSNOOP_EPOCH_US = 0x00DCDDB30F2F8000


def report(payload: bytes = PAYLOAD, rssi: int = -74, who: int = 1) -> bytes:
    body = bytes((2, 1, 0, who)) + ADDRESS + bytes((len(payload),)) + payload + bytes((rssi & 0xFF,))
    return bytes((0x3E, len(body))) + body


def extended(payload: bytes, status: int = 0, who: int = 1, rssi: int = -74) -> bytes:
    head = struct.pack("<HB6s3xbb2x7xB", 0x10 | status << 5, who, ADDRESS, 127, rssi, len(payload))
    body = bytes((0x0D, 1)) + head + payload
    return bytes((0x3E, len(body))) + body


def pdu(payload: bytes = PAYLOAD, header: int = 0x40) -> bytes:
    body = ADDRESS + payload
    return bytes((header, len(body))) + body


def air(one: bytes) -> bytes:
    return bytes.fromhex("d6be898e") + one + crc24(one)


def nrf(one: bytes, flags: int = 1, version: int = 2, kind: int = 6) -> bytes:
    packet = air(one)
    return (
        struct.pack("<BHBHBBBBBHI", 11, 10 + len(packet), version, 7, kind, 10, flags, 37, 74, 0, 0) + packet
    )


def phdr(one: bytes, flags: int = 0x0C02) -> bytes:
    return struct.pack("<BbbB4sH", 0, -74, -100, 0, bytes.fromhex("d6be898e"), flags) + air(one)


def btsnoop(packets: list[bytes], datalink: int = 1002, flags: int = 3) -> bytes:
    rows = [struct.pack(">IIIIq", len(p), len(p), flags, 0, AT_US + BTSNOOP_EPOCH_US) + p for p in packets]
    return b"btsnoop\0" + struct.pack(">II", 1, datalink) + b"".join(rows)


def pcap(packets: list[bytes], link: int, order: str = "<", nano: bool = False) -> bytes:
    magic = 0xA1B23C4D if nano else 0xA1B2C3D4
    seconds, parts = divmod(AT_US, 1_000_000)
    rows = [
        struct.pack(f"{order}IIII", seconds, parts * (1000 if nano else 1), len(p), len(p)) + p
        for p in packets
    ]
    return struct.pack(f"{order}IHHiIII", magic, 2, 4, 0, 0, 65535, link) + b"".join(rows)


def block(kind: int, body: bytes, order: str = "<") -> bytes:
    body += bytes(-len(body) % 4)
    size = struct.pack(f"{order}I", len(body) + 12)
    return struct.pack(f"{order}I", kind) + size + body + size


def pcapng(packets: list[bytes], link: int, order: str = "<", resolution: int = 6) -> bytes:
    section = block(0x0A0D0D0A, struct.pack(f"{order}IHHq", 0x1A2B3C4D, 1, 0, -1), order)
    options = struct.pack(f"{order}HHB3xHH", 9, 1, resolution, 0, 0)
    interface = block(1, struct.pack(f"{order}HHI", link, 0, 65535) + options, order)
    ticks = AT_US * 10 ** (resolution - 6)
    rows = [
        block(6, struct.pack(f"{order}IIIII", 0, ticks >> 32, ticks & 0xFFFFFFFF, len(p), len(p)) + p, order)
        for p in packets
    ]
    return section + interface + block(0x0BAD, b"?", order) + b"".join(rows)

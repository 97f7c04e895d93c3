"""Whatever is on the air, or in a recording: no exception, no value outside its range, and the same fields as read plainly."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

from edge.door import Door
from edge.replay import replay
from hardware.ble.advertisement import Advertisement, AdvertisementData
from hardware.ble.beacon import (
    AltBeacon,
    Beacon,
    EddystoneEid,
    EddystoneTlm,
    EddystoneUid,
    EddystoneUrl,
    IBeacon,
    decode_beacon,
)
from hardware.ble.codec import BadPayload, parse
from hardware.ble.hci import HciReports
from hardware.ble.linklayer import from_bare, from_nrf, from_phdr
from hardware.ble.street import Street
from tests.ble_plainly import spelled_out
from tests.ble_recordings import btsnoop, extended, nrf, pcap, pcapng, pdu, phdr, report
from tests.prove import Verdict

NAME = "payloads"
PROMISE = "No payload and no recording, random, mutated or cut off, raises anything or gives a value outside its range."
DEFAULT_SIZE = 1_000_000
CI_SIZE = 60_000
SIZE_NAME = "count"

PAYLOADS_A_RECORDING = 2_000
"""One broken recording for so many payloads: reading one costs as much as some hundred of them."""

PLAINLY_EVERY = 10
"""So many payloads for one that is also read plainly, which costs as much as all of them together."""

NOON = 1_790_000_000.0
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_ADDRESS = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}")
_URL = re.compile(r"https?://[\x21-\x7e]*")


class OutOfRange(AssertionError):
    """A value that no specification allows came out."""


def run(size: int, seed: int, folder: Path) -> Verdict:
    """`size` payloads through the codec, the reports and the door; broken recordings through the whole way."""
    rnd = Random(seed)
    seeds = _seeds()
    told: Counter[str] = Counter()
    wrong: list[str] = []
    door = Door("door", Random(seed).randbytes)
    reports = HciReports()
    heard: list[Advertisement] = []
    for number, payload in enumerate(_payloads(rnd, seeds, size)):
        try:
            fields = _checked(payload, told, plainly=number % PLAINLY_EVERY == 0)
            heard += _through_reports(rnd, reports, payload, told)
            if len(heard) >= 200:
                _through_the_door(door, heard, NOON + number / 2_000)
                heard.clear()
            if fields is not None and number % 7 == 0:
                _through_the_sniffer(rnd, payload, told)
        except Exception as problem:
            wrong.append(f"{payload.hex()}: {type(problem).__name__}: {problem}")
            if len(wrong) >= 20:
                break
    recordings = max(12, size // PAYLOADS_A_RECORDING)
    for number in range(recordings):
        problem = _broken_recording(rnd, seeds, folder / f"recording-{number % 4}", told)
        if problem:
            wrong.append(problem)
    figures = {"payloads": size, "recordings": recordings, **dict(sorted(told.items())), "wrong": wrong[:20]}
    counted = f"{size:,} payloads ({told['beacon']:,} beacons, {told['bad']:,} broken) and {recordings:,} broken recordings"
    if wrong:
        return Verdict(False, f"{counted}: {len(wrong)} went wrong, the first: {wrong[0]}", figures)
    return Verdict(True, f"{counted}: nothing was raised, every value in its range.", figures)


def _seeds() -> list[bytes]:
    """Good payloads to mutate: those of the simulated street, and one of each beacon."""
    street = {one.payload for one in Street(seed=1, busy=3).run(NOON, NOON + 120)}
    uuid = "2f234454-cf6d-4a0f-adf2-f4911ba9ffa6"
    beacons: list[Beacon] = [
        IBeacon(uuid, 1, 65_535, -59),
        AltBeacon(uuid, 0, 7, -61, 0x0118, 255),
        EddystoneUid("00" * 10, "ff" * 6, -20),
        EddystoneUrl("https://example.com/w", -18),
        EddystoneTlm(2_960, -0.5, 2**32 - 1, 429_496_729.5),
        EddystoneEid("0123456789abcdef", 127),
    ]
    return sorted(street) + [b"\x02\x01\x06" + beacon.encode() for beacon in beacons] * 20


def _payloads(rnd: Random, seeds: list[bytes], count: int) -> Iterator[bytes]:
    for _ in range(count):
        kind = rnd.random()
        if kind < 0.15:
            yield rnd.randbytes(rnd.randrange(0, 64))
        elif kind < 0.3:
            yield _structures(rnd)
        elif kind < 0.4:
            yield rnd.choice(seeds)
        else:
            yield _mutated(rnd, rnd.choice(seeds))


def _structures(rnd: Random) -> bytes:
    """Structures of plausible types with anything in them, the last one perhaps cut off."""
    parts = []
    for _ in range(rnd.randrange(1, 6)):
        kind = rnd.choice((1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0x16, 0x20, 0x21, 0xFF, rnd.randrange(256)))
        value = rnd.randbytes(rnd.choice((0, 1, 2, 3, 4, 15, 16, 17, 22, 25, 26, 27, rnd.randrange(40))))
        if kind == 0x16 and rnd.random() < 0.5:
            value = b"\xaa\xfe" + bytes((rnd.choice((0, 0x10, 0x20, 0x30, 0x40)),)) + value
        if kind == 0xFF and rnd.random() < 0.5:
            value = rnd.choice((b"\x4c\x00\x02\x15", b"\x18\x01\xbe\xac", b"\x4c\x00\x10")) + value
        parts.append(bytes((len(value) + 1, kind)) + value)
    whole = b"".join(parts)
    return whole[: rnd.randrange(len(whole) + 1)] if rnd.random() < 0.3 else whole


def _mutated(rnd: Random, payload: bytes) -> bytes:
    octets = bytearray(payload)
    for _ in range(rnd.randrange(1, 4)):
        place = rnd.randrange(len(octets) + 1)
        match rnd.randrange(5):
            case 0 if place < len(octets):
                octets[place] ^= 1 << rnd.randrange(8)
            case 1 if place < len(octets):
                octets[place] = rnd.choice((0, 1, 0x7F, 0x80, 0xFF, rnd.randrange(256)))
            case 2:
                del octets[place:]
            case 3:
                octets[place:place] = rnd.randbytes(rnd.randrange(1, 5))
            case _:
                del octets[place : place + rnd.randrange(1, 5)]
    return bytes(octets)


def _checked(payload: bytes, told: Counter[str], *, plainly: bool) -> AdvertisementData | None:
    """The fields of a payload, each looked at; None for one that the codec calls bad."""
    try:
        fields = parse(payload)
    except BadPayload:
        told["bad"] += 1
        if plainly:
            _wants_to_be_bad(payload)
        return None
    told["whole"] += 1
    _look_at_fields(fields)
    if plainly and fields != spelled_out(payload):
        raise OutOfRange(f"{fields} is not what a plain reading gives")
    try:
        beacon = decode_beacon(payload)
    except BadPayload:
        told["broken_beacon"] += 1
        return fields
    if beacon is not None:
        told["beacon"] += 1
        _look_at_beacon(beacon)
    return fields


def _wants_to_be_bad(payload: bytes) -> None:
    try:
        spelled_out(payload)
    except BadPayload:
        return
    raise OutOfRange("called bad, but a plain reading finds nothing wrong")


def _want(holds: bool, value: object) -> None:
    if not holds:
        raise OutOfRange(repr(value))


def _look_at_fields(fields: AdvertisementData) -> None:
    if fields.local_name is not None:
        _want(isinstance(fields.local_name.encode(), bytes), fields.local_name)
    _want(fields.tx_power is None or -128 <= fields.tx_power <= 127, fields.tx_power)
    _want(fields.flags is None or 0 <= fields.flags <= 255, fields.flags)
    for uuid in (*fields.service_uuids, *fields.service_data):
        _want(_UUID.fullmatch(uuid) is not None, uuid)
    for company, value in fields.manufacturer_data.items():
        _want(0 <= company <= 0xFFFF and type(value) is bytes, (company, value))
    for value in fields.service_data.values():
        _want(type(value) is bytes, value)


def _look_at_beacon(beacon: Beacon) -> None:
    power: Any = getattr(beacon, "tx_power", 0)
    _want(-128 <= power <= 127, beacon)
    match beacon:
        case IBeacon():
            holds = (
                _UUID.fullmatch(beacon.uuid) and 0 <= beacon.major <= 0xFFFF and 0 <= beacon.minor <= 0xFFFF
            )
        case AltBeacon():
            ids = 0 <= beacon.id2 <= 0xFFFF and 0 <= beacon.id3 <= 0xFFFF and 0 <= beacon.mfg_reserved <= 255
            holds = _UUID.fullmatch(beacon.id1) and ids and 0 <= beacon.company_id <= 0xFFFF
        case EddystoneUid():
            holds = len(bytes.fromhex(beacon.namespace)) == 10 and len(bytes.fromhex(beacon.instance)) == 6
        case EddystoneUrl():
            holds = _URL.fullmatch(beacon.url)
        case EddystoneTlm():
            warm = beacon.temperature_c is None or -128 <= beacon.temperature_c < 128
            charged = beacon.battery_mv is None or 1 <= beacon.battery_mv <= 0xFFFF
            holds = warm and charged and 0 <= beacon.adv_count < 2**32 and 0 <= beacon.uptime_s < 2**32 / 10
        case EddystoneEid():
            holds = len(bytes.fromhex(beacon.eid)) == 8
    _want(bool(holds), beacon)


def _through_reports(
    rnd: Random, reports: HciReports, payload: bytes, told: Counter[str]
) -> list[Advertisement]:
    """The payload in an HCI report, whole or mutated, legacy or extended, in pieces or not."""
    inside = payload[:31] if rnd.random() < 0.7 else payload[:200]
    rssi = rnd.randrange(-128, 128)
    if len(inside) <= 31 and rnd.random() < 0.6:
        event = report(inside, rssi, rnd.randrange(256) if rnd.random() < 0.1 else 1)
    else:
        event = extended(inside, rnd.randrange(4), rnd.choice((0, 1, 2, 3, 0xFF)), rssi)
    if rnd.random() < 0.4:
        event = _mutated(rnd, event)
    try:
        found = reports.feed(event, NOON)
    except BadPayload:
        told["bad_report"] += 1
        return []
    for one in found:
        told["heard"] += 1
        _want(_ADDRESS.fullmatch(one.address) is not None, one)
        _want(one.address_type in ("public", "random") and -128 <= one.rssi_dbm <= 127, one)
        _want(type(one.payload) is bytes and one.at == NOON, one)
    return found


def _through_the_door(door: Door, heard: list[Advertisement], at: float) -> None:
    from msgspec.structs import replace

    noticed = door.hear([replace(one, at=at) for one in heard])
    for visit in (*noticed.opened, *noticed.closed):
        _want(-128 <= visit.peak_dbm <= 20 and visit.dwell_s >= 0, visit)
    for window in noticed.measured:
        _want(0 <= window.low <= window.people <= window.high < 1e6, window)


def _through_the_sniffer(rnd: Random, payload: bytes, told: Counter[str]) -> None:
    one = pdu(payload[:249], rnd.choice((0x40, 0x42, 0x44, 0x46, 0x47, 0x07, 0x00)))
    for wrap, read in ((nrf, from_nrf), (phdr, from_phdr)):
        found = read(_mutated(rnd, wrap(one)) if rnd.random() < 0.7 else wrap(one), NOON)
        told["sniffed" if isinstance(found, Advertisement) else f"sniffed_{found}"] += 1
    found = from_bare(rnd.randbytes(rnd.randrange(60)), NOON)
    _want(isinstance(found, str | Advertisement), found)


def _broken_recording(rnd: Random, seeds: list[bytes], path: Path, told: Counter[str]) -> str | None:
    """A recording that is cut off or damaged somewhere, through the whole door; what is wrong with the answer, if anything."""
    strong = [rnd.choice(seeds) for _ in range(40)]
    events = [report(payload[:31], -50) for payload in strong]
    whole = rnd.choice(
        (
            btsnoop([b"\x04" + event for event in events]),
            btsnoop(events, 1001),
            pcap([b"\x04" + event for event in events], 187),
            pcap([nrf(pdu(payload[:31])) for payload in strong], 272),
            pcapng([phdr(pdu(payload[:31])) for payload in strong], 256),
        )
    )
    if rnd.random() < 0.5:
        damaged = whole[: rnd.randrange(len(whole))]
    else:
        octets = bytearray(whole)
        for _ in range(rnd.randrange(1, 12)):
            octets[rnd.randrange(len(octets))] = rnd.randrange(256)
        damaged = bytes(octets)
    path.write_bytes(damaged)
    try:
        played = replay(path, "door")
    except Exception as problem:
        return f"a recording of {len(damaged)} octets: {type(problem).__name__}: {problem}"
    told["recording_ended_early" if played.error else "recording_read"] += 1
    if played.error is not None and (not played.error.endswith(".") or "Traceback" in played.error):
        return f"a broken recording ends without a sentence: {played.error!r}"
    if played.packets > len(strong) + 8:
        return f"{played.packets} packets came out of a recording of {len(strong)}"
    for visit in played.visits:
        if visit.dwell_s < 0 or not -128 <= visit.peak_dbm <= 20:
            return f"a broken recording gave the visit {visit}"
    return None

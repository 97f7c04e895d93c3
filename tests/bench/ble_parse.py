"""Taking advertisements apart: our parse with beacon decode, against two peers.

- bluetooth-data-tools (compiled) with a beacon decode written here in the plainest Python, giving tuples;
- beacontools (pure Python, construct), which only answers for beacons.

Ours is measured twice. `decode_beacon` is what the door asks of a packet: is it whole, and what does the beacon in it say; fields
are built when somebody asks for them, which the door does for none. `read` builds every field, as the peers always do: name,
UUIDs, service and manufacturer data, power, flags. It has no goal where nothing repeats: pure Python builds fields slower than
a compiled peer, and the rows say by how much. Before anything is measured, both sides are compared payload by payload.

Each round is given to both sides one after the other; what is counted is CPU time, so that a neighbour on the machine
does not decide the matter. Both remember payloads that they have heard; so there are three
kinds of round: "as heard" (a real recording in its order, where remembering is the point), "each once" (the different
payloads of the recordings with both memories emptied before), and "never the same" (new contents in every packet, so
that nothing can be remembered; three in ten are beacons).
"""

from __future__ import annotations

import gc
import json
import struct
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

from hardware.ble import beacon
from hardware.ble.beacon import (
    AltBeacon,
    EddystoneEid,
    EddystoneTlm,
    EddystoneUid,
    EddystoneUrl,
    IBeacon,
    decode_beacon,
    read,
)
from hardware.ble.captures import Capture
from hardware.ble.street import Street

CAPTURES = Path(__file__).resolve().parents[3] / "shared" / "data" / "ble-captures"
EDDYSTONE = "0000feaa-0000-1000-8000-00805f9b34fb"
PAYLOADS_A_ROUND = 5000
NOON = 1_790_000_000.0
_SCHEMES = ("http://www.", "https://www.", "http://", "https://")
_ENDS = (".com", ".org", ".edu", ".net", ".info", ".biz", ".gov")
_ENDINGS = (*(end + "/" for end in _ENDS), *_ENDS)


def measure(rounds: int = 7) -> list[dict[str, Any]]:
    """Nanoseconds for one payload, medians of the rounds."""
    from bluetooth_data_tools.gap import parse_advertisement_data_bytes as theirs

    def peer(payload: bytes) -> tuple[Any, Any]:
        fields = theirs(payload)
        return fields, plain_beacon(fields[3], fields[2])

    def forget() -> None:
        beacon.forget()
        theirs.cache_clear()

    heard, distinct = _heard(), _distinct()
    for payload in [*distinct, *_fresh(Random(0), distinct, 2000)]:
        _same(payload, peer)
    rows = []
    for name, given, goal, goal_of_all in (
        ("as heard", lambda _: heard, 3.0, 3.0),
        ("each once", lambda _: distinct, 1.0, None),
        ("never the same", lambda n: _fresh(Random(n), distinct, PAYLOADS_A_ROUND), 1.0, None),
    ):
        lean_ns, all_ns, peer_ns = [], [], []
        for number in range(rounds):
            payloads = given(number + 1)
            for function, results in ((decode_beacon, lean_ns), (peer, peer_ns), (read, all_ns)):
                forget()
                results.append(_timed(function, payloads))
        against = f"{name}, against bluetooth-data-tools"
        rows.append(_row(f"parse + beacon decode, fields when asked, {against}", lean_ns, peer_ns, goal))
        rows.append(
            _row(f"parse + beacon decode, every field built, {against}", all_ns, peer_ns, goal_of_all)
        )
    return rows + _against_beacontools(rounds, forget)


def _against_beacontools(rounds: int, forget: Callable[[], None]) -> list[dict[str, Any]]:
    """Only beacons: for anything else beacontools has no answer. Never the same, and as a street repeats them."""
    from beacontools import parse_packet

    rows = []
    for name, times in (("never the same", 1), ("each heard 20 times", 20)):
        ours_ns, peer_ns = [], []
        for number in range(rounds):
            payloads = [_beacon(Random(number * 1000 + n)) for n in range(400 // times)] * times
            forget()
            ours_ns.append(_timed(read, payloads))
            peer_ns.append(_timed(parse_packet, payloads))
        rows.append(
            _row(
                f"advertisement parse + beacon decode, beacons {name}, against beacontools",
                ours_ns,
                peer_ns,
                100,
            )
        )
    return rows


def plain_beacon(manufacturer: dict[int, bytes], service: dict[str, bytes]) -> tuple[Any, ...] | None:
    """The beacon in a peer's fields, as anybody would write it down."""
    body = manufacturer.get(0x4C)
    if body is not None and body[:2] == b"\x02\x15" and len(body) >= 23:
        return ("ibeacon", _uuid(body[2:18]), *struct.unpack_from(">HHb", body, 18))
    for company, body in manufacturer.items():
        if body[:2] == b"\xbe\xac" and len(body) >= 24:
            return ("altbeacon", _uuid(body[2:18]), *struct.unpack_from(">HHb", body, 18), company, body[23])
    body = service.get(EDDYSTONE)
    return None if not body else _plain_eddystone(body)


def _plain_eddystone(body: bytes) -> tuple[Any, ...] | None:
    kind = body[0]
    if kind == 0x00:
        return "uid", body[2:12].hex(), body[12:18].hex(), struct.unpack_from("b", body, 1)[0]
    if kind == 0x10:
        parts = [_SCHEMES[body[2]]]
        parts += [_ENDINGS[octet] if octet < 14 else chr(octet) for octet in body[3:]]
        return "url", "".join(parts), struct.unpack_from("b", body, 1)[0]
    if kind == 0x20 and body[1] == 0:
        battery, warmth, count, tenths = struct.unpack_from(">HhII", body, 2)
        return "tlm", battery or None, None if warmth == -0x8000 else warmth / 256, count, tenths / 10
    if kind == 0x30:
        return "eid", body[2:10].hex(), struct.unpack_from("b", body, 1)[0]
    return None


def _uuid(octets: bytes) -> str:
    h = octets.hex()
    return f"{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:]}"


def _same(payload: bytes, peer: Callable[[bytes], tuple[Any, Any]]) -> None:
    fields, found = read(payload)
    assert decode_beacon(payload) == found, payload.hex()
    (name, uuids, service, manufacturer, power), theirs = peer(payload)
    assert fields.local_name == name, payload.hex()
    assert list(fields.service_uuids) == uuids, payload.hex()
    assert fields.service_data == service, payload.hex()
    assert fields.manufacturer_data == manufacturer, payload.hex()
    assert fields.tx_power == power, payload.hex()
    assert (found is None) == (theirs is None), payload.hex()
    if found is not None and theirs is not None:
        assert tuple(getattr(found, part) for part in found.__struct_fields__) == theirs[1:], payload.hex()


def _timed(function: Callable[[bytes], object], payloads: Sequence[bytes]) -> float:
    gc.collect()
    begin = time.thread_time_ns()
    for payload in payloads:
        function(payload)
    return (time.thread_time_ns() - begin) / len(payloads)


def _row(name: str, ours: list[float], peer: list[float], goal: float | None) -> dict[str, Any]:
    # Pair by pair: a machine whose speed drifts slows both sides of a round.
    ratio = median(theirs / mine for mine, theirs in zip(ours, peer, strict=True))
    return {
        "name": name,
        "ours": median(ours),
        "peer": median(peer),
        "ratio": ratio,
        "goal": goal,
        "unit": "ns",
    }


def _heard() -> list[bytes]:
    """Payloads in the order of the air, each its own object as from a radio: the recording, or ten simulated minutes."""
    recording = CAPTURES / "conference_room_45.btsnoop.xz"
    source = Capture(recording) if recording.exists() else Street(busy=2).run(NOON, NOON + 600)
    return [one.payload for one in source]


def _distinct() -> list[bytes]:
    expected = CAPTURES / "unique_payloads_expected.jsonl"
    if expected.exists():
        return [bytes.fromhex(json.loads(line)["adv_data"]) for line in expected.read_text().splitlines()]
    return sorted(set(_heard()))[:164]


def _fresh(rng: Random, shapes: list[bytes], count: int) -> list[bytes]:
    """Payloads that nobody has heard before: recorded ones with new data in them, and beacons. Names stay as recorded:
    a name belongs to a device, whose data change.
    """
    return [_beacon(rng) if rng.random() < 0.3 else _renewed(rng, rng.choice(shapes)) for _ in range(count)]


def _renewed(rng: Random, shape: bytes) -> bytes:
    parts = []
    at = 0
    while at < len(shape):
        end = at + 1 + shape[at]
        fixed = at + 4 if shape[at + 1] in (0xFF, 0x16) else end
        # No two octets of new data look like a beacon's mark by chance: those would be broken beacons.
        parts.append(shape[at:fixed] + rng.randbytes(end - fixed).replace(b"\x02\x15", b"\x02\x16"))
        at = end
    return b"".join(parts)


def _beacon(rng: Random) -> bytes:
    uuid = _uuid(rng.randbytes(16))
    numbers = rng.randrange(1 << 16), rng.randrange(1 << 16), -rng.randrange(40, 90)
    made = (
        lambda: IBeacon(uuid, *numbers),
        lambda: AltBeacon(uuid, *numbers, 0x0118, rng.randrange(256)),
        lambda: EddystoneUid(rng.randbytes(10).hex(), rng.randbytes(6).hex(), -20),
        lambda: EddystoneUrl(f"https://{rng.randrange(10**9)}.com/", -20),
        lambda: EddystoneTlm(rng.randrange(2000, 3300), 21.5, rng.randrange(1 << 32), 60.0),
        lambda: EddystoneEid(rng.randbytes(8).hex(), -20),
    )
    return b"\x02\x01\x06" + rng.choices(made, (4, 2, 1, 1, 1, 1))[0]().encode()


if __name__ == "__main__":
    for row in measure():
        print(f"{row['ratio']:8.2f}x  ours {row['ours']:8.0f} ns  peer {row['peer']:8.0f} ns  {row['name']}")

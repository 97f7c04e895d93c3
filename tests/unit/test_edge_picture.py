"""What the installer's page is told: counts by class, strengths, beacons, and nothing that leads to anybody."""

from __future__ import annotations

import random
from collections.abc import Callable

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.picture import BINS, BUCKET_S, BUCKETS, KINDS, MOST_BEACONS, RadioPicture, bin_of
from edge.questions import Strip
from hardware.ble.advertisement import AddressType, Advertisement
from hardware.ble.beacon import EddystoneEid, EddystoneTlm, IBeacon
from hardware.ble.street import Street

SHOP = "7f3c1b5e-2d84-4a6f-9c10-5e1ab0de11ed"
PHONE, LAMP, STATIC, BEACON = (
    "5a:00:00:00:00:01",
    "24:00:00:00:00:02",
    "c4:00:00:00:00:03",
    "d0:00:00:00:00:04",
)
FLAGS = b"\x02\x01\x06"


def chance(seed: int = 1) -> Callable[[int], bytes]:
    return random.Random(seed).randbytes


def packet(
    at: float, rssi_dbm: int = -60, address: str = PHONE, kind: AddressType = "random", payload: bytes = b""
) -> Advertisement:
    return Advertisement(address, kind, rssi_dbm, payload, at)


def strip_of(picture: RadioPicture, kind: str) -> Strip:
    return next(strip for strip in picture.strips() if strip.kind == kind)


def test_each_sender_is_counted_once_in_ten_seconds_and_the_strengths_are_the_strongest_and_the_middle_one() -> (
    None
):
    picture = RadioPicture(chance())
    picture.feed(
        [packet(100.0, -70), packet(101.0, -50), packet(102.0, -72), packet(103.0, -71, "5b:00:00:00:00:09")]
    )
    picture.tick(110.0)
    (cell,) = strip_of(picture, "changing").cells
    assert (cell.heard, cell.packets, cell.strongest_dbm, cell.median_dbm) == (2, 4, -50, -71)
    assert picture.packets_per_s() == 0.4
    assert strip_of(picture, "changing").under_way.heard == 0


def test_senders_are_told_apart_by_their_addresses_and_by_what_they_say() -> None:
    identity = f"ibeacon:{SHOP}/100/1"
    picture = RadioPicture(chance(), [identity])
    tag = FLAGS + IBeacon(SHOP, 100, 1, -59).encode()
    beacon = FLAGS + IBeacon(SHOP, 1, 1, -59).encode()
    picture.feed(
        [
            packet(0.1),
            packet(0.2, address=LAMP, kind="public"),
            packet(0.3, address=STATIC),
            packet(0.4, address=BEACON, payload=beacon),
            packet(0.5, address="d0:00:00:00:00:05", payload=tag),
        ]
    )
    picture.tick(BUCKET_S + 0.1)
    heard = {strip.kind: strip.cells[0].heard for strip in picture.strips()}
    assert heard == {"changing": 1, "fixed": 2, "beacon": 1, "tag": 1}
    assert tuple(heard) == KINDS


def test_a_beacon_is_listed_by_what_it_says_and_changing_identities_are_one_row() -> None:
    picture = RadioPicture(chance())
    said = [
        IBeacon(SHOP, 1, 7, -59).encode(),
        EddystoneEid("00112233445566ff", -18).encode(),
        EddystoneEid("ffeeddccbbaa9988", -18).encode(),
        EddystoneTlm(2960, 21.5, 12, 7200.0).encode(),
    ]
    picture.feed(
        [
            packet(number, -60 - number, f"d0:00:00:00:00:0{number}", payload=FLAGS + body)
            for number, body in enumerate(said)
        ]
    )
    beacons = picture.beacons()
    assert [(one.type, one.says) for one in beacons] == [
        ("ibeacon", f"{SHOP}/1/7"),
        ("eddystone-eid", ""),
        ("eddystone-tlm", "2.96 V · 21.5 °C"),
    ]
    assert beacons[1].packets == 2
    picture.tick(BUCKETS * BUCKET_S + 2.5)
    assert {one.type for one in picture.beacons()} == {"eddystone-tlm"}


def test_ever_new_beacons_take_no_more_than_a_list_of_them_and_that_is_told() -> None:
    picture = RadioPicture(chance())
    flood = [
        packet(
            number / 100,
            address=f"d0:00:00:00:{number >> 8:02x}:{number & 255:02x}",
            payload=FLAGS + IBeacon(SHOP, number, 1, -59).encode(),
        )
        for number in range(MOST_BEACONS + 20)
    ]
    picture.feed(flood)
    assert len(picture.beacons()) == MOST_BEACONS
    assert picture.beacons_untold == 20


def test_five_minutes_are_kept_and_no_more() -> None:
    picture = RadioPicture(chance())
    for second in range(600):
        picture.feed([packet(float(second), -80 if second < 300 else -50)])
    assert len(strip_of(picture, "changing").cells) == BUCKETS
    assert sum(picture.histogram()) <= 300 + BUCKET_S
    assert picture.histogram()[bin_of(-80)] <= BUCKET_S


def test_a_clock_that_was_set_back_or_has_leapt_begins_the_picture_anew() -> None:
    for then in (-3600.0, 7200.0):
        picture = RadioPicture(chance())
        picture.feed([packet(float(second)) for second in range(60)])
        picture.feed([packet(60 + then)])
        assert picture.began_at == 60 + then
        assert strip_of(picture, "changing").cells == ()


def test_a_picture_of_a_street_holds_no_address_and_no_pseudonym() -> None:
    heard = list(Street(seed=5, busy=3).run(1_790_000_000.0, 1_790_000_060.0))
    picture = RadioPicture(chance())
    picture.feed(heard)
    told = msgspec.json.encode((picture.strips(), picture.beacons(), picture.histogram())).decode()
    for one in {one.address for one in heard}:
        assert one not in told
        assert one.replace(":", "") not in told
    numbers = msgspec.json.encode(
        (picture.strips(), picture.histogram(), [one.age_s for one in picture.beacons()])
    ).decode()
    longest = max(len(word) for word in "".join(sign if sign.isdigit() else " " for sign in numbers).split())
    assert longest < 10, "a number of 64 bits would be a pseudonym"


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0, 400), st.integers(-127, 20), st.integers(0, 5), st.binary(max_size=31)))
)
def test_whatever_is_heard_every_packet_is_counted_once(heard: list[tuple[float, int, int, bytes]]) -> None:
    picture = RadioPicture(chance())
    batch = [
        packet(at, level, f"{who}a:00:00:00:00:01", payload=body)
        for at, level, who, body in sorted(heard, key=lambda one: one[0])
    ]
    packets = 0
    for one in batch:
        before = picture.began_at
        picture.feed([one])
        packets = 1 if picture.began_at != before else packets + 1
    kept = sum(cell.packets for strip in picture.strips() for cell in (*strip.cells, strip.under_way))
    lost = packets - kept
    assert lost >= 0
    assert lost == 0 or (
        picture.began_at is not None and picture.now - picture.began_at > BUCKETS * BUCKET_S - BUCKET_S
    )
    assert len(picture.histogram()) == BINS

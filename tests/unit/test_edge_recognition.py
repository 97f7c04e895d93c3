"""Who gave a key is recognised, and nobody else."""

from __future__ import annotations

from random import Random

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.door import Door, Noticed
from edge.enrolled import enrolled_of
from edge.facts import facts_of
from edge.recognition import TRIES_A_TURN, Enrolled, Keys, address_hash
from edge.replay import in_batches
from edge.stamps import Stamps
from edge.subjects import GENERATION_S, AddressBook, Rank
from hardware.ble.advertisement import Advertisement
from hardware.ble.beacon import EddystoneEid, IBeacon
from hardware.ble.eid import EidKey, eid
from hub.wire.events import VisitClosed
from hub.wire.sealing import seal
from hub.wire.snapshot import Tag, section_body

# Core Specification 5.4, Vol 3 Part H, Appendix D.7 (ah random address hash functions).
SAMPLE_IRK = bytes.fromhex("ec0234a357c8ad05341010a60a397d9b")
SAMPLE_PRAND, SAMPLE_HASH = bytes.fromhex("708194"), bytes.fromhex("0dfbaa")
SAMPLE_ADDRESS = "70:81:94:0d:fb:aa"

UUID = "7f3c1b5e-2d84-4a6f-9c10-5e1ab0de11ed"
TAG = IBeacon(UUID, 100, 7, -59)
TAG_IDENTITY = f"ibeacon:{UUID}/100/7"
START = 1_790_000_000.0


def resolvable(irk: bytes, number: int) -> str:
    """An address that a phone with this key may take."""
    prand = (0x400000 | number).to_bytes(3, "big")
    return (prand + address_hash(irk, prand)).hex(":")


def steady(address: str, start: float, seconds: int, payload: bytes = b"") -> list[Advertisement]:
    return [Advertisement(address, "random", -60, payload, start + second) for second in range(seconds)]


def through(door: Door, heard: list[Advertisement]) -> Noticed:
    noticed = Noticed()
    for batch in in_batches(sorted(heard, key=lambda packet: packet.at)):
        noticed += door.hear(batch)
    return noticed


def new_door(*enrolled: Enrolled) -> Door:
    door = Door("door", Random(1).randbytes)
    door.enrol(enrolled)
    return door


def test_the_hash_of_an_address_is_that_of_the_specifications_sample_data() -> None:
    assert address_hash(SAMPLE_IRK, SAMPLE_PRAND) == SAMPLE_HASH
    assert (
        Keys([Enrolled("m1", irk=bytes(16)), Enrolled("m2", irk=SAMPLE_IRK)]).whose_address(SAMPLE_ADDRESS)
        == "m2"
    )


def test_a_member_who_changes_the_address_keeps_one_visit() -> None:
    door = new_door(Enrolled("member-1", irk=SAMPLE_IRK))
    heard = [
        packet
        for number in range(5)
        for packet in steady(resolvable(SAMPLE_IRK, number), START + 900.0 * number, 900)
    ]
    noticed = through(door, heard) + door.stop()
    (visit,) = noticed.closed
    assert (visit.known, visit.subject.rank, visit.dwell_s) == ("member-1", Rank.MEMBER, 4499.0)
    (fact,) = [
        fact
        for fact in facts_of(noticed, Stamps("wall"), START + 5000.0, simulated=True)
        if isinstance(fact, VisitClosed)
    ]
    assert (fact.known, fact.rank) == ("member-1", "member")
    assert all(window.addresses == 1 for window in noticed.measured)


def test_nobody_else_is_recognised() -> None:
    door = new_door(Enrolled("member-1", irk=SAMPLE_IRK), Enrolled("tag-1", identity=TAG_IDENTITY))
    others = [Random(number).randbytes(16) for number in range(50)]
    heard = [
        packet for number, irk in enumerate(others) for packet in steady(resolvable(irk, number), START, 60)
    ]
    # The right hash in an address that is no resolvable one.
    fixed = bytes.fromhex("f08194")
    heard += steady((fixed + address_hash(SAMPLE_IRK, fixed)).hex(":"), START, 60)
    heard += steady("c0:00:00:00:00:01", START, 60, IBeacon(UUID, 100, 8, -59).encode())
    visits = (through(door, heard) + door.stop()).closed
    assert len(visits) == len(others) + 1
    assert {visit.known for visit in visits} == {""}
    assert {visit.subject.rank for visit in visits} <= {Rank.RANDOM, Rank.STATIC}


def test_somebody_with_a_phone_and_a_tag_is_one_visit() -> None:
    door = new_door(Enrolled("staff-1", identity=TAG_IDENTITY), Enrolled("staff-1", irk=SAMPLE_IRK))
    heard = steady(resolvable(SAMPLE_IRK, 1), START, 300)
    heard += steady("c0:00:00:00:00:01", START + 50, 400, b"\x02\x01\x06" + TAG.encode())
    noticed = through(door, heard)
    assert door.followed == 1
    (visit,) = (noticed + door.stop()).closed
    assert (visit.known, visit.arrived_at, visit.departed_at) == ("staff-1", START, START + 449)


def test_a_beacon_with_changing_identities_is_recognised_and_others_are_part_of_the_shop() -> None:
    key, exponent, zero = bytes(range(16)), 6, START - 100_000
    door = new_door(Enrolled("tag-2", eid=EidKey(key, exponent, zero)))
    heard: list[Advertisement] = []
    for period in range(5):
        at = START + (1 << exponent) * period
        for whose, which in ((key, 1), (bytes(16), 2)):
            says = EddystoneEid(eid(whose, exponent, int(at - zero)).hex(), -20).encode()
            heard += steady(f"40:00:00:00:{which:02x}:{period:02x}", at, 1 << exponent, says)
    (visit,) = (through(door, heard) + door.stop()).closed
    assert (visit.known, visit.subject.rank) == ("tag-2", Rank.TAG)
    assert visit.dwell_s > 4 * (1 << exponent)


def test_who_is_enrolled_while_present_is_recognised_and_who_is_withdrawn_is_nobody_again() -> None:
    door = new_door()
    says = TAG.encode()
    through(door, steady("c0:00:00:00:00:01", START, 60, says) + steady(resolvable(SAMPLE_IRK, 1), START, 60))
    assert [visit.known for visit in door.present()] == [""]
    door.enrol([Enrolled("tag-1", identity=TAG_IDENTITY), Enrolled("member-1", irk=SAMPLE_IRK)])
    through(
        door,
        steady("c0:00:00:00:00:01", START + 60, 60, says) + steady(resolvable(SAMPLE_IRK, 1), START + 60, 60),
    )
    assert sorted(visit.known for visit in door.present()) == ["member-1", "tag-1"]
    door.enrol([Enrolled("member-1", irk=SAMPLE_IRK)])
    noticed = through(
        door,
        steady("c0:00:00:00:00:01", START + 120, 200, says)
        + steady(resolvable(SAMPLE_IRK, 2), START + 120, 200),
    )
    assert [(visit.known, visit.arrived_at) for visit in door.present()] == [("member-1", START)]
    assert [visit.known for visit in noticed.closed] == [""]


def test_old_addresses_of_a_member_are_forgotten_while_the_visit_goes_on() -> None:
    door = new_door(Enrolled("member-1", irk=SAMPLE_IRK))
    for number in range(10):
        through(door, steady(resolvable(SAMPLE_IRK, number), START + 60.0 * number, 60))
    through(door, steady(resolvable(SAMPLE_IRK, 9), START + 600.0, GENERATION_S + 5))
    assert (door.visitors, door.addresses) == (1, 1)


def test_many_keys_cost_a_bounded_time_a_turn_and_nobody_is_passed_over() -> None:
    members = [Enrolled(f"m{number}", irk=number.to_bytes(16, "big")) for number in range(TRIES_A_TURN // 4)]
    book = AddressBook(b"salt")
    book.enrol(members)
    crowd = [
        Advertisement(resolvable((number + 1).to_bytes(16, "big"), number), "random", -60, b"", 0.0)
        for number in range(40)
    ]
    known: list[int] = []
    for turn in range(12):
        book.tick(float(turn))
        for row, packet in zip(book.rows_of(crowd), crowd, strict=True):
            if book.curious(row):
                book.look(row, packet)
        known.append(sum(1 for row in book.rows_of(crowd) if book.known(row)))
    # Four addresses a turn can be tried under so many keys.
    assert known == [min(4 * (turn + 1), 40) for turn in range(12)]


def test_keys_are_opened_by_the_node_that_they_were_sealed_to() -> None:
    mine, other = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()

    def sealed(content: object, key: Ed25519PrivateKey = mine) -> str:
        return seal(key.public_key().public_bytes_raw(), section_body(content), Random(1).randbytes(32))

    irk = {"kind": "irk", "key": SAMPLE_IRK.hex()}
    changing = {"kind": "eid", "key": "00" * 16, "exponent": 10, "offset": 5}
    tags = [
        Tag("a", identity=TAG_IDENTITY),
        Tag("b", "member", sealed=sealed(irk)),
        Tag("c", sealed=sealed(changing)),
        Tag("d", sealed=sealed(irk, other)),
        Tag("e", sealed="SBS1nonsense"),
        Tag("f", sealed=sealed({"kind": "later", "key": "00" * 16})),
        Tag("g", sealed=sealed({"kind": "eid", "key": "00" * 16})),
    ]
    enrolled, unreadable = enrolled_of(tags, mine)
    assert enrolled == [
        Enrolled("a", identity=TAG_IDENTITY),
        Enrolled("b", irk=SAMPLE_IRK),
        Enrolled("c", eid=EidKey(bytes(16), 10, 5)),
    ]
    assert unreadable == 4


@pytest.mark.parametrize("address", ["3f:00:00:00:00:00", "80:00:00:00:00:00", "ff:ff:ff:ff:ff:ff"])
def test_addresses_of_other_kinds_are_not_tried(address: str) -> None:
    keys = Keys([Enrolled("m", irk=SAMPLE_IRK)])
    assert not keys.may_fit(Advertisement(address, "random", -60, b"", 0.0))
    assert not keys.may_fit(Advertisement(SAMPLE_ADDRESS, "public", -60, b"", 0.0))
    assert keys.may_fit(Advertisement(SAMPLE_ADDRESS, "random", -60, b"", 0.0))
    assert not Keys(()).may_fit(Advertisement(SAMPLE_ADDRESS, "random", -60, b"", 0.0))

"""The pseudonyms of the door."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.presence import DEPART_AFTER_S
from edge.subjects import (
    EXAMINED_PACKETS,
    GENERATION_S,
    MOST_ALIASES,
    MOST_DEVICES,
    SALT_LIFE_S,
    Rank,
    Subject,
    SubjectBook,
    may_shop,
    tag_identity,
)
from hardware.ble.advertisement import AddressType, Advertisement
from hardware.ble.beacon import AltBeacon, EddystoneTlm, EddystoneUid, IBeacon

PHONE = "5a:11:22:33:44:55"
UUID = "7f3c1b5e-2d84-4a6f-9c10-5e1ab0de11ed"
TAG = IBeacon(UUID, 100, 7, -59)


def packet(
    address: str = PHONE, payload: bytes = b"\x02\x01\x1a", kind: AddressType = "random", at: float = 0.0
) -> Advertisement:
    return Advertisement(address, kind, -60, payload, at)


def who(book: SubjectBook, **packet_of: object) -> Subject:
    return book.subjects_of([packet(**packet_of)])[0]  # type: ignore[arg-type]


def test_the_same_address_is_the_same_subject_while_the_salt_lives() -> None:
    book = SubjectBook(b"salt")
    first = who(book)
    assert {who(book).id for _ in range(3 * EXAMINED_PACKETS)} == {first.id}
    assert first.rank is Rank.RANDOM
    assert may_shop(first)


def test_a_pseudonym_cannot_be_made_without_the_salt() -> None:
    assert who(SubjectBook(b"one salt")).id != who(SubjectBook(b"another")).id


def test_a_public_address_ranks_above_a_random_one() -> None:
    assert who(SubjectBook(b"salt"), kind="public").rank is Rank.PUBLIC > Rank.RANDOM


@pytest.mark.parametrize(
    "beacon",
    [
        TAG,
        AltBeacon(UUID, 1, 2, -60, 0x0118, 0),
        EddystoneUid("00" * 10, "11" * 6, -20),
        EddystoneTlm(3000, 20.0, 5, 9.0),
    ],
    ids=lambda beacon: type(beacon).__name__,
)
def test_a_beacon_is_part_of_the_shop_and_no_shopper(beacon: IBeacon) -> None:
    subject = who(SubjectBook(b"salt"), payload=b"\x02\x01\x06" + beacon.encode())
    assert subject.rank is Rank.BEACON
    assert not may_shop(subject)


def test_an_enrolled_tag_is_known_by_what_it_says_and_not_by_its_address() -> None:
    book = SubjectBook(b"salt", [tag_identity(f"iBeacon:{UUID.upper()}/100/7")])
    here, there = (who(book, address=a, payload=TAG.encode()) for a in (PHONE, "66:66:66:66:66:66"))
    assert here == there
    assert here.rank is Rank.TAG
    assert may_shop(here)


def test_a_tag_is_found_also_when_its_identity_is_only_in_every_eighth_packet() -> None:
    book = SubjectBook(b"salt", [f"ibeacon:{UUID}/100/7"])
    for number in range(EXAMINED_PACKETS):
        who(book, payload=TAG.encode() if number == 7 else b"\x02\x01\x06")
    assert who(book).rank is Rank.TAG


def test_a_broken_beacon_is_only_an_address() -> None:
    assert who(SubjectBook(b"salt"), payload=TAG.encode()[:-5]).rank is Rank.RANDOM


def test_a_new_salt_gives_everybody_a_new_name_that_only_the_new_salt_can_make() -> None:
    book = SubjectBook(b"salt", [f"ibeacon:{UUID}/100/7"])
    phone, tag = who(book), who(book, address="01:02:03:04:05:06", payload=TAG.encode())
    book.renew(b"pepper")
    assert who(book).id != phone.id
    assert who(book, address="01:02:03:04:05:06").id != tag.id
    assert who(book).id == who(SubjectBook(b"pepper")).id


def test_an_address_that_is_silent_is_forgotten_but_not_before_its_visit_has_ended() -> None:
    assert GENERATION_S > DEPART_AFTER_S
    book = SubjectBook(b"salt")
    who(book)
    book.tick(0.0)
    book.tick(GENERATION_S)
    assert len(book) == 1
    who(book)
    book.tick(2 * GENERATION_S)
    assert len(book) == 1
    book.tick(3 * GENERATION_S)
    book.tick(4 * GENERATION_S)
    assert len(book) == 0


def test_a_flood_of_addresses_does_not_fill_the_memory() -> None:
    book = SubjectBook(b"salt")
    for number in range(MOST_DEVICES + 1_000):
        who(book, address=f"{number:012x}")
    assert len(book) == MOST_DEVICES
    assert book.turned_away == 1_000


def test_a_tag_that_is_said_under_ever_new_addresses_does_not_fill_the_memory() -> None:
    book = SubjectBook(b"salt", [f"ibeacon:{UUID}/100/7"])
    seen = {who(book, address=f"{number:012x}", payload=TAG.encode()) for number in range(5 * MOST_ALIASES)}
    assert len(seen) == 1
    assert len(book) <= 2 * MOST_ALIASES


def test_the_salt_dies_before_a_phone_changes_its_address_by_itself() -> None:
    assert SALT_LIFE_S < 900


@given(st.binary(max_size=40))
def test_any_payload_gives_a_subject(payload: bytes) -> None:
    assert 0 <= who(SubjectBook(b"salt"), payload=payload).id < 2**64


@pytest.mark.parametrize("text", ["", "ibeacon:1/2/3", "phone:12", f"ibeacon:{UUID}/1"])
def test_a_tag_written_wrongly_is_refused_with_how_to_write_it(text: str) -> None:
    with pytest.raises(ValueError, match="ibeacon:UUID/MAJOR/MINOR"):
        tag_identity(text)

"""One phone that two doors hear is one person; what one door calls it, the other can find, under one salt after another."""

from __future__ import annotations

from random import Random

from edge.recognition import Enrolled, address_hash
from edge.sharing import MARK, EarBook, SharedBook
from edge.subjects import NOBODY, Rank
from hardware.ble.advertisement import Advertisement
from hardware.ble.beacon import IBeacon

SALT, NEXT = b"s" * 16, b"n" * 16
TAG = IBeacon("2f234454-cf6d-4a0f-adf2-f4911ba9ffa6", 1, 7, -59)
TAG_NAME = "ibeacon:2f234454-cf6d-4a0f-adf2-f4911ba9ffa6/1/7"
IRK = bytes(range(16))


def packet(address: str = "5a:00:00:00:00:01", payload: bytes = b"", at: float = 0.0) -> Advertisement:
    return Advertisement(address, "random", -60, payload, at)


def through(ear: EarBook, main: SharedBook, *heard: Advertisement) -> list[int]:
    """The rows at the main door of what an ear heard."""
    told = [
        Advertisement(name, one.address_type, one.rssi_dbm, b"", one.at) for name, one in ear.named(heard)
    ]
    return main.rows_of(told)


def member_address(number: int) -> str:
    prand = bytes((0x40, 0, number))
    return (prand + address_hash(IRK, prand)).hex(":")


def test_a_phone_that_both_hear_has_one_row_whoever_hears_it_first() -> None:
    main, ear = SharedBook(SALT), EarBook(SALT)
    first = main.rows_of([packet()])
    assert through(ear, main, packet()) == first
    other = packet("5a:00:00:00:00:02")
    assert through(ear, main, other) == main.rows_of([other])
    assert main.rows_of([other]) != first


def test_no_address_is_in_what_an_ear_tells() -> None:
    ((name, _heard),) = EarBook(SALT).named([packet()])
    assert name.startswith(MARK)
    assert "5a" not in name[:3]
    assert "000000000001" not in name


def test_two_doors_with_different_salts_cannot_find_each_others_phones() -> None:
    main, ear = SharedBook(SALT), EarBook(NEXT)
    first = main.rows_of([packet()])
    assert through(ear, main, packet()) != first


def test_a_phone_that_only_the_ear_hears_keeps_its_row_when_the_salt_is_renewed() -> None:
    main, ear = SharedBook(SALT), EarBook(SALT)
    before = through(ear, main, packet())
    pseudonym = main.ids[before[0]]
    main.renew(NEXT)
    main.renamed(ear.renewed(NEXT))
    assert through(ear, main, packet()) == before
    assert main.ids[before[0]] != pseudonym


def test_a_phone_that_both_hear_keeps_its_row_when_the_salt_is_renewed() -> None:
    main, ear = SharedBook(SALT), EarBook(SALT)
    before = main.rows_of([packet()])
    through(ear, main, packet())
    main.renew(NEXT)
    main.renamed(ear.renewed(NEXT))
    assert through(ear, main, packet()) == before == main.rows_of([packet()])


def test_a_lie_about_a_new_name_cannot_take_somebody_elses_row() -> None:
    main, ear = SharedBook(SALT), EarBook(SALT)
    mine = main.rows_of([packet()])[0]
    theirs = through(ear, main, packet("5a:00:00:00:00:02"))[0]
    old = main.ids[theirs]
    main.renew(NEXT)
    main.renamed([(old, main.ids[mine]), (12345, main.ids[mine])])
    assert main.rows_of([packet()]) == [mine]
    assert main.ids[theirs] != main.ids[mine]


def test_a_member_whom_the_ear_recognises_is_the_same_person_at_the_main_door() -> None:
    enrolled = [Enrolled("m-7", irk=IRK)]
    main, ear = SharedBook(SALT), EarBook(SALT)
    main.enrol(enrolled)
    ear.enrol(enrolled)
    row = through(ear, main, packet(member_address(1)))[0]
    assert main.known(row) == "m-7"
    assert main.ranks[row] == Rank.MEMBER
    here = main.rows_of([packet(member_address(2))])[0]
    assert main.look(here, packet(member_address(2))) == row


def test_whoever_is_not_enrolled_here_is_nobody_whatever_an_ear_says() -> None:
    main, ear = SharedBook(SALT), EarBook(SALT)
    ear.enrol([Enrolled("m-7", irk=IRK)])
    assert through(ear, main, packet(member_address(1))) == [NOBODY]


def test_a_tag_of_the_shops_own_is_a_tag_and_a_beacon_is_not_told_of() -> None:
    main, ear = SharedBook(SALT, [TAG_NAME]), EarBook(SALT, [TAG_NAME])
    payload = b"\x02\x01\x06" + TAG.encode()
    row = through(ear, main, packet("c0:00:00:00:00:01", payload))[0]
    assert main.ranks[row] == Rank.TAG
    stranger = IBeacon("00000000-0000-0000-0000-000000000001", 1, 1, -59)
    assert not ear.named([packet("c0:00:00:00:00:02", b"\x02\x01\x06" + stranger.encode())])


def test_who_has_gone_is_gone_under_every_name_and_the_row_is_used_again() -> None:
    main, ear = SharedBook(SALT), EarBook(SALT)
    row = through(ear, main, packet())[0]
    main.rows_of([packet()])
    main.forget({row})
    assert len(main) == 0
    assert through(ear, main, packet("5a:00:00:00:00:02")) == [row]
    assert through(ear, main, packet()) != [row]


def test_a_day_of_comings_and_goings_leaves_both_books_of_one_mind() -> None:
    rnd = Random(5)
    main, ear = SharedBook(SALT), EarBook(SALT)
    truth: dict[str, int] = {}
    for _ in range(2_000):
        address = f"5a:00:00:00:00:{rnd.randrange(60):02x}"
        row = (
            through(ear, main, packet(address))[0]
            if rnd.random() < 0.5
            else main.rows_of([packet(address)])[0]
        )
        assert truth.setdefault(address, row) == row
        if rnd.random() < 0.02:
            gone = rnd.choice(sorted(truth))
            main.forget({truth.pop(gone)})
        if rnd.random() < 0.01:
            salt = rnd.randbytes(16)
            main.renew(salt)
            main.renamed(ear.renewed(salt))
    assert len(truth) > 30

"""The gate's memory of who is in, and what it asks the kernel to change."""

from __future__ import annotations

import random

from edge.gate.rules import STAY_MASK, class_of
from edge.gate.stays import GRACE_S, Book, Change, Found, restore

MAC, OTHER = bytes([2, 0, 0, 0, 0, 1]), bytes([2, 0, 0, 0, 0, 2])
IP, IP_2 = bytes([10, 77, 0, 9]), bytes([10, 77, 0, 10])


def done(book: Book, change: Change) -> Change:
    book.keep(change)
    return change


def test_a_new_guest_is_added_and_nothing_deleted() -> None:
    book = Book()
    change = done(book, book.let_in([(MAC, IP, 60, 3)], 100.0))
    assert (change.delete_up, change.delete_down, change.delete_known, change.carry) == ([], [], [], [])
    [(mac, ip, mark, seconds)] = change.add
    assert (mac, ip, seconds, class_of(mark)) == (MAC, IP, 60, 3)
    assert (book.inside(159.0), book.inside(161.0)) == (1, 0)


def test_who_is_in_keeps_number_and_use_when_only_the_end_is_new() -> None:
    book = Book()
    first = done(book, book.let_in([(MAC, IP, 60, 3)], 100.0)).add[0][2]
    change = done(book, book.let_in([(MAC, IP, 90, 3)], 110.0))
    assert change.add == [(MAC, IP, first, 90)]
    assert (change.delete_up, change.delete_down, change.delete_known) == ([(MAC, IP)], [IP], [(MAC, IP)])
    assert change.carry == []


def test_other_limits_are_another_number_that_carries_what_was_used() -> None:
    book = Book()
    first = done(book, book.let_in([(MAC, IP, 60, 3)], 100.0)).add[0][2]
    for change in (book.let_in([(MAC, IP, 60, 4)], 110.0), book.limit((MAC, IP), 4, 110.0)):
        [(_, _, mark, seconds)] = change.add
        assert class_of(mark) == 4
        assert mark & STAY_MASK != first & STAY_MASK
        assert change.carry == [(first, mark)]
        assert seconds in (60, 50)
    assert book.limit((OTHER, IP), 4, 110.0).count == 0
    assert book.limit((MAC, IP), 4, 161.0).count == 0


def test_a_stay_that_has_ended_begins_with_nothing_used() -> None:
    book = Book()
    first = done(book, book.let_in([(MAC, IP, 60, 3)], 100.0)).add[0][2]
    change = book.let_in([(MAC, IP, 60, 3)], 161.0)
    assert change.add[0][2] != first
    assert (change.delete_up, change.delete_down, change.delete_known) == ([], [], [(MAC, IP)])
    assert change.carry == []


def test_an_address_belongs_to_the_phone_that_came_last() -> None:
    book = Book()
    done(book, book.let_in([(MAC, IP, 60, 0)], 100.0))
    change = done(book, book.let_in([(OTHER, IP, 60, 0)], 110.0))
    assert change.delete_up == [(MAC, IP)]
    assert change.carry == []
    assert not book.is_in((MAC, IP), 111.0)
    assert book.is_in((OTHER, IP), 111.0)


def test_of_two_stays_for_one_address_in_a_message_the_later_counts() -> None:
    book = Book()
    change = done(book, book.let_in([(MAC, IP, 60, 0), (MAC, IP_2, 60, 0), (OTHER, IP, 70, 1)], 100.0))
    assert change.count == 2
    assert {(mac, ip, seconds) for mac, ip, _, seconds in change.add} == {(OTHER, IP, 70), (MAC, IP_2, 60)}


def test_an_end_needs_both_mac_and_address_and_forgets() -> None:
    book = Book()
    done(book, book.let_in([(MAC, IP, 60, 0)], 100.0))
    assert book.end([(OTHER, IP), (MAC, IP_2)], 101.0).count == 0
    change = done(book, book.end([(MAC, IP), (MAC, IP)], 101.0))
    assert (change.count, change.delete_up, change.delete_known) == (1, [(MAC, IP)], [(MAC, IP)])
    assert book.by_ip == {}
    done(book, book.let_in([(MAC, IP, 60, 0)], 100.0))
    late = book.end([(MAC, IP)], 161.0)
    assert (late.delete_up, late.delete_down, late.delete_known) == ([], [], [(MAC, IP)])


def test_who_has_used_up_the_volume_is_out_and_remembered() -> None:
    book = Book()
    done(book, book.let_in([(MAC, IP, 600, 0)], 100.0))
    change = done(book, book.use_up([IP, IP_2], 200.0))
    assert (change.delete_up, change.delete_down, change.delete_known) == ([(MAC, IP)], [IP], [])
    assert book.inside(200.0) == 0
    book.forget(200.0 + 600 + GRACE_S - 101)
    assert IP in book.by_ip
    book.forget(200.0 + 600 + GRACE_S)
    assert book.by_ip == {}


def test_what_the_kernel_has_only_half_is_taken_away_or_made_whole() -> None:
    book = Book()
    found = Found(
        up={(MAC, IP): (7, 60.0), (OTHER, IP): (8, 60.0), (MAC, IP_2): (9, 60.0)},
        down={IP: (7, 60.0), bytes(4): (1, 5.0)},
        known={(OTHER, IP): 100.0, (OTHER, IP_2): 100.0},
        numbers=(40,),
    )
    change = restore(book, found, 1_000.0)
    assert sorted(change.delete_up) == sorted([(OTHER, IP), (MAC, IP_2)])
    assert change.delete_down == [bytes(4)]
    assert change.delete_known == [(OTHER, IP)]
    assert change.remember == [(MAC, IP, 60.0 + GRACE_S)]
    assert book.is_in((MAC, IP), 1_000.0)
    assert not book.is_in((OTHER, IP_2), 1_000.0)
    # What is in the kernel is not given out again.
    assert book.let_in([(MAC, bytes([10, 77, 0, 77]), 60, 0)], 1_000.0).add[0][2] == 41


def test_deletions_are_always_of_what_is_there_and_additions_of_what_is_not() -> None:
    rnd = random.Random(4)
    book, now = Book(), 0.0
    up: dict[tuple[bytes, bytes], float] = {}
    down: dict[bytes, float] = {}
    known: dict[tuple[bytes, bytes], float] = {}
    for _ in range(5_000):
        now += rnd.choice((0.0, 1.0, 40.0, 500.0))
        for sets in (up, down, known):
            for key in [key for key, ends in sets.items() if ends <= now]:  # type: ignore[attr-defined]  # three kinds of key
                del sets[key]  # type: ignore[attr-defined]  # as above
        pairs = [
            (rnd.choice((MAC, OTHER)), bytes([10, 77, 0, rnd.randrange(4)]))
            for _ in range(rnd.randrange(1, 4))
        ]
        match rnd.randrange(4):
            case 0 | 1:
                change = book.let_in(
                    [(mac, ip, rnd.choice((10, 100, 1_000)), rnd.randrange(3)) for mac, ip in pairs], now
                )
            case 2:
                change = book.end(pairs, now)
            case _:
                change = book.limit(pairs[0], rnd.randrange(3), now)
        for pair in change.delete_up:
            del up[pair]
        for ip in change.delete_down:
            del down[ip]
        for pair in change.delete_known:
            del known[pair]
        for mac, ip, _, seconds in change.add:
            assert (mac, ip) not in up
            assert ip not in down
            assert (mac, ip) not in known
            up[mac, ip] = down[ip] = now + seconds
            known[mac, ip] = now + seconds + GRACE_S
        book.keep(change)
        assert book.inside(now) == len(up) == len(down)


def test_an_end_that_is_read_again_and_again_does_not_wander() -> None:
    book = Book()
    mark = done(book, book.let_in([(MAC, IP, 600, 0)], 100.0)).add[0][2]
    for turn in range(100):
        now = 100.0 + turn
        # What was left when the kernel was asked, which is a moment ago now.
        left = 600.0 - turn
        found = Found({(MAC, IP): (mark, left)}, {IP: (mark, left)}, {(MAC, IP): left + GRACE_S})
        assert restore(book, found, now + 0.2).count == 0
    assert book.by_ip[IP].ends == 700.0
    assert book.by_ip[IP].kept == 700.0 + GRACE_S
    # Another end is another end: somebody has changed it.
    restore(book, Found({(MAC, IP): (mark, 60.0)}, {IP: (mark, 60.0)}, {(MAC, IP): 960.0}), 200.0)
    assert book.by_ip[IP].ends == 260.0

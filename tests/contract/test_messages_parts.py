"""Parts of long messages: kept sealed until all are there, heard once and whole; what never comes is waited for a day."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from hardware.modem.alphabet import cut
from hardware.modem.fields import Coding, Piece
from hardware.modem.joining import GAP, WAIT_S
from hub.client.db import StorageError, open_db, writing
from hub.members.consent import withdraw
from hub.members.erasing import forget_asked
from hub.messages.channel import Heard, HeardPart
from hub.messages.heard import Ears, heard, mark_of, read_line, stopped_at
from hub.messages.listening import Listening
from hub.messages.parts import MOST_OF_SENDER, MOST_PARTS, SAME_S, hear_late, hear_part, too_much
from hub.store.connection import MIGRATIONS
from hub.store.inbox_records import Line, OpenMessage
from hub.store.inbox_schema import MIGRATIONS_INBOX
from hub.store.sqlite import FILE, SqliteStore
from tests.hearing_house import STRANGER, HearingHouse
from tests.postgres_server import PostgresServer, postgres_server

QUESTION = "请问贵店周日有没有全麦面包？我想预订两个，下午五点左右来取，谢谢😀。" * 6


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with postgres_server() as running:
        yield running


@pytest.fixture
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[HearingHouse]:
    wanted = getattr(request, "param", "sqlite")
    made = HearingHouse(tmp_path, request.getfixturevalue("server").fresh() if wanted == "postgres" else "")
    yield made
    made.close()


on_both = pytest.mark.parametrize("house", ["sqlite", "postgres"], indirect=True)


def parts_of(
    text: str | Iterable[str], reference: int = 42, sender: str = STRANGER, to: str = "4930"
) -> list[HeardPart]:
    """A message as a centre gives it; `text`: whole, or as it is cut."""
    texts = cut(text)[1] if isinstance(text, str) else list(text)
    coding: Coding = "gsm-7" if "".join(texts).isascii() else "ucs-2"
    return [
        HeardPart(
            f"{sender} {to} {reference} {len(texts)} {number} {one!r}",
            "smpp",
            sender,
            one,
            Piece(reference, len(texts), number),
            coding,
            to,
        )
        for number, one in enumerate(texts, 1)
    ]


def give(house: HearingHouse, *parts: HeardPart) -> list[bool]:
    """Give these parts; of each whether something was heard."""
    return [hear_part(house.ears, part, house.now) for part in parts]


def lines_of(house: HearingHouse) -> list[Line]:
    found = [line for talk in range(1, 9) for line in house.store.inbox.lines(talk, 50) if line.way == "in"]
    return sorted(found, key=lambda line: line.number)


def said(house: HearingHouse) -> list[str]:
    return [read_line(house.secret, line) for line in lines_of(house)]


@on_both
def test_a_long_message_is_heard_once_and_whole_when_its_last_part_comes(house: HearingHouse) -> None:
    parts = parts_of(QUESTION)
    assert len(parts) > 2
    assert give(house, *reversed(parts[1:]), parts[1]) == [False] * len(parts)
    assert said(house) == []
    assert [one.parts for one in house.store.inbox.open_messages()] == [len(parts) - 1]
    assert give(house, parts[0]) == [True]
    assert said(house) == [QUESTION]
    assert house.store.inbox.open_messages() == []
    talk = house.store.inbox.talk(1)
    assert talk is not None
    assert (talk.channel, talk.sender_hash, talk.waiting) == ("smpp", mark_of(house.secret, STRANGER), 1)


@on_both
def test_the_same_parts_again_change_nothing_also_when_the_message_is_whole(house: HearingHouse) -> None:
    parts = parts_of(QUESTION)
    give(house, *parts)
    house.now += 3_600
    assert give(house, parts[-1], *parts, parts[0]) == [False] * (len(parts) + 2)
    house.now += 2 * WAIT_S
    hear_late(house.ears, house.now)
    assert said(house) == [QUESTION]
    assert house.store.inbox.open_messages() == []


@on_both
def test_what_waits_is_sealed_and_says_neither_who_wrote_nor_what(house: HearingHouse) -> None:
    part = parts_of(["My name is Ann Lee and ", "I live at the corner"])[0]
    give(house, part)
    (waiting,) = house.store.inbox.open_messages()
    (row,) = house.store.inbox.parts(waiting.message)
    told = repr(row).encode() + row.closed
    for secret in ("Ann Lee", STRANGER, STRANGER[1:], "Ann Lee".encode("utf-16-be").hex()):
        assert secret.encode() not in told


@on_both
def test_a_message_that_cannot_be_heard_now_leaves_all_its_parts(
    house: HearingHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = parts_of(QUESTION)
    give(house, *parts[:-1])
    before = house.store.inbox.open_messages()

    def full(_line: Line) -> None:
        raise StorageError("no space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(house.store.inbox, "add_line", full)
        with pytest.raises(StorageError):
            give(house, parts[-1])
    assert house.store.inbox.open_messages() == before
    assert give(house, parts[-1]) == [True]
    assert said(house) == [QUESTION]


@on_both
def test_what_waited_for_a_day_is_heard_as_far_as_it_came_also_by_a_program_that_began_since(
    house: HearingHouse,
) -> None:
    first, second, third = parts_of(["Do you have ", "rye bread ", "on Sundays?"])
    give(house, third, first)
    house.now += WAIT_S - 1
    assert not hear_late(house.ears, house.now)
    house.now += 1
    again = Ears(house.store.of_shop(7), house.book, house.secret, lambda: "ntp", "DE")
    assert hear_late(again, house.now)
    assert not hear_late(again, house.now)
    (line,) = lines_of(house)
    assert (read_line(house.secret, line), line.meaning, line.due) == (
        f"Do you have {GAP}on Sundays?",
        "incomplete",
        False,
    )
    talk = house.store.inbox.talk(line.talk)
    assert talk is not None
    assert (talk.state, talk.waiting) == ("open", 1)
    # What was missing comes late: it is not lost.
    give(house, second, first)
    house.now += WAIT_S
    hear_late(house.ears, house.now)
    assert said(house)[1:] == [f"Do you have rye bread {GAP}"]


def test_half_a_message_can_stop_messages_and_do_nothing_else(house: HearingHouse) -> None:
    house.keyword("coffee")
    for reference, text in enumerate(("START", "YES", "coffee")):
        give(house, parts_of([f"{text}\n", "no, I did not mean that"], reference)[0])
    member = house.member(phone=STRANGER)
    stops = parts_of(["\n", "stop\n", "\n"], 9)
    give(house, stops[1])
    house.now += WAIT_S
    assert hear_late(house.ears, house.now)
    assert sorted(line.meaning for line in lines_of(house)) == ["incomplete"] * 3 + ["stop"]
    assert not house.agrees(member)
    assert len(house.answers()) == 1, "the stop is confirmed, and nothing else is answered"


@on_both
@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_first_part_that_is_a_stop_is_obeyed_at_once_and_told_once(
    house: HearingHouse, order: tuple[int, int]
) -> None:
    member = house.member(phone=STRANGER)
    parts = parts_of(["退订" + " " * 60, " " * 10])
    if order[0] == 0:
        assert give(house, parts[0]) == [True]
        assert not house.agrees(member)
        assert stopped_at(house.store, house.secret, STRANGER) == house.now
        assert len(house.answers()) == 1
        assert give(house, parts[0], parts[1]) == [False, False]
        assert house.answers() == []
    else:
        assert give(house, parts[1], parts[0]) == [False, True]
        assert len(house.answers()) == 1
    assert not house.agrees(member)
    assert [line.meaning for line in lines_of(house)] == ["stop"]
    assert house.store.inbox.open_messages() == []


def test_what_follows_a_stop_in_the_same_message_is_not_lost_and_confirms_nothing_twice(
    house: HearingHouse,
) -> None:
    parts = parts_of(["STOP", "\nThank you, the bread was good."])
    give(house, *parts)
    assert [line.meaning for line in lines_of(house)] == ["stop", "stop"]
    assert said(house)[1] == "STOP\nThank you, the bread was good."
    assert len(house.answers()) == 1


def test_a_message_that_only_begins_like_a_stop_is_read_by_people_too(house: HearingHouse) -> None:
    parts = parts_of(["STOP", " is what I told my son, and do you have rye bread?"])
    give(house, *parts)
    assert [line.meaning for line in lines_of(house)] == ["stop", ""]
    assert said(house)[1] == "STOP is what I told my son, and do you have rye bread?"


@on_both
def test_a_reference_that_comes_round_begins_another_message(house: HearingHouse) -> None:
    old, new = parts_of(["An old first part, ", "lost"]), parts_of(["A new first part, ", "and its end"])
    assert give(house, old[0], new[0], new[1]) == [False, True, True]
    assert said(house) == [f"An old first part, {GAP}", "A new first part, and its end"]


@on_both
def test_a_message_that_begins_as_one_before_is_heard_for_what_is_new_in_it(house: HearingHouse) -> None:
    one, other = parts_of(["Dear shop, ", "two loaves"]), parts_of(["Dear shop, ", "no, three"])
    give(house, *one)
    assert give(house, *other) == [False, True]
    assert said(house) == ["Dear shop, two loaves", "Dear shop, no, three"]
    house.now += SAME_S + 1
    give(house, *one)
    assert said(house)[2:] == ["Dear shop, two loaves"], "two days later it is said again"


@on_both
def test_messages_of_two_senders_to_two_numbers_are_not_mixed_up(house: HearingHouse) -> None:
    made = [
        parts_of([f"{number} first ", f"{number} second"], 1, sender, to)
        for number, (sender, to) in enumerate(
            [(STRANGER, "4930"), (STRANGER, "4931"), ("+4915112345679", "4930")]
        )
    ]
    give(house, *(parts[0] for parts in made), *(parts[1] for parts in made))
    assert sorted(said(house)) == [f"{number} first {number} second" for number in range(3)]


@on_both
def test_a_sender_of_first_parts_alone_fills_nothing_and_says_so(
    house: HearingHouse, caplog: pytest.LogCaptureFixture
) -> None:
    for reference in range(MOST_OF_SENDER + 3):
        house.now += 1
        give(house, parts_of([f"Message {reference} ", "that never ends"], reference)[0])
    assert len(house.store.inbox.open_messages()) == MOST_OF_SENDER
    assert said(house) == [f"Message {reference} {GAP}" for reference in range(3)], (
        "what is given up is heard"
    )
    assert "1 of 2 parts came: its sender has begun" in caplog.text
    assert STRANGER[1:] not in caplog.text


def test_what_is_too_much_in_all_is_given_up_from_the_oldest_on() -> None:
    waiting = [OpenMessage(f"m{at}", f"s{at}", 10, float(at)) for at in range(MOST_PARTS // 10 + 2)]
    assert list(too_much(waiting, 1_000.0)) == ["m0", "m1"]
    assert too_much(waiting[2:], 1_000.0) == {}
    assert list(too_much(waiting[2:], 2.0 + WAIT_S)) == ["m2"]


@on_both
def test_parts_are_forgotten_with_whoever_sent_them_and_nobody_elses(house: HearingHouse) -> None:
    member = house.member(phone=STRANGER)
    give(house, parts_of(QUESTION)[0], parts_of(QUESTION, sender="+4915112345679")[0])
    withdraw(house.store, member, "all", place="page", proof="link", now=house.now, clock="ntp")
    forget_asked(house.store, house.folder, house.now)
    (left,) = house.store.inbox.open_messages()
    assert left.sender_hash == mark_of(house.secret, "+4915112345679")


@on_both
def test_parts_that_no_program_hears_any_more_are_pruned(house: HearingHouse) -> None:
    give(house, parts_of(QUESTION)[0])
    house.store.inbox.prune(house.now, house.now)
    assert len(house.store.inbox.open_messages()) == 1
    house.store.inbox.prune(house.now + 1, house.now + 1)
    assert house.store.inbox.open_messages() == []


def test_parts_sealed_under_a_key_that_is_lost_keep_no_message_from_being_heard(house: HearingHouse) -> None:
    part = parts_of(QUESTION)[0]
    give(house, part)
    other = replace(house.ears, key=bytes(32))
    house.now += WAIT_S
    assert not hear_late(other, house.now)
    assert house.store.inbox.open_messages() == []


@on_both
def test_words_whose_arrival_the_other_side_knows_of_are_said_again(house: HearingHouse) -> None:
    listening = Listening(house.ears, lambda: house.now)
    for text in ("STOP", "START", "STOP"):
        listening.heard(Heard(text, "smpp", STRANGER, text, None, "", WAIT_S))
        # Sent again, as no answer was seen.
        listening.heard(Heard(text, "smpp", STRANGER, text, None, "", WAIT_S))
        listening.acknowledged("smpp", text)
    assert said(house) == ["STOP", "START", "STOP"]
    assert stopped_at(house.store, house.secret, STRANGER) == house.now


@on_both
def test_the_same_words_under_a_key_that_does_not_last_are_said_again_later(house: HearingHouse) -> None:
    one = Heard("content-1", "smpp", STRANGER, "COFFEE", None, "", 3_600.0)
    assert not heard(house.ears, one, house.now).again
    assert heard(house.ears, one, house.now + 3_599).again
    assert not heard(house.ears, one, house.now + 3_601).again
    assert heard(house.ears, one, house.now + 3_602).again


def test_a_hub_of_the_release_before_learns_to_keep_parts(tmp_path: Path) -> None:
    db = open_db(tmp_path / FILE)
    with writing(db):
        for one in MIGRATIONS:
            if one is MIGRATIONS_INBOX:
                one.apply(db, stop_before="i002_parts_of_long_messages")
            else:
                one.apply(db)
    assert "heard_part" not in db.table_names()
    db.execute("INSERT INTO heard_key VALUES (7, 'mark', 5.0)")
    db.close()
    store = SqliteStore(tmp_path / FILE)
    assert store.inbox.open_messages() == []
    assert store.pool.read("SELECT mark, at FROM heard_key") == [("mark", 5.0)]
    store.close()

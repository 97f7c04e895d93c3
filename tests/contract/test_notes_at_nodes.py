"""What the shop wants a member to know when they come next: on their phone at the door, beside their card at the till, once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from edge_line import answering
from flask.testing import FlaskClient
from hub_house import House, read
from welcome_door import HERE, MEMBER, Door

from edge.notes import Notes as DoorNotes
from edge.portal.installer.asking import ask
from edge.portal.welcome.notes import Notes
from edge.questions import MemberNotes
from hub.client.link import Reply
from hub.messages.screen import notes_for
from hub.store.base import Store
from hub.store.mailing_records import ScreenNote
from hub.wire.sync_notes import Note, NotesReply, NotesRequest

OTHER = "6b" * 16


class Asked:
    """A door beside the portal, with words for one member."""

    def __init__(self, *notes: Note) -> None:
        self.notes = notes
        self.told: list[tuple[int, ...]] = []
        self.asked = threading.Semaphore(0)

    def __call__(self, member: str, told: tuple[int, ...]) -> tuple[Note, ...]:
        assert member == MEMBER
        if told:
            self.told.append(told)
        self.asked.release()
        return tuple(note for note in self.notes if not any(note.number in one for one in self.told))

    def times(self, count: int) -> None:
        """Wait until it was asked so often."""
        for _ in range(count):
            assert self.asked.acquire(timeout=10)


def phone(door: Door, ip: str = HERE) -> FlaskClient:
    client = door.app.test_client(use_cookies=False)
    client.environ_base["REMOTE_ADDR"] = ip
    return client


def come_in(door: Door, ip: str = HERE) -> FlaskClient:
    """Somebody comes in with a member's code."""
    door.ways.members.add("MEMBERSCODE")
    client = phone(door, ip)
    done = client.post("/enter", data={"way": "member", "typed": "MEMBERSCODE"})
    assert done.status_code == 303, done.text
    return client


# At the door, on the phone


def test_a_member_reads_on_their_phone_what_the_shop_kept_for_them_and_it_counts_as_told_once() -> None:
    asked = Asked(Note(4, "Your <shoes> are ready"), Note(7, "今天全场九折"))
    with closing(Notes(asked)) as notes:
        door = Door(notes=notes)
        client = come_in(door)
        asked.times(1)
        page = client.get("/in")
        assert "Your &lt;shoes&gt; are ready" in page.text
        assert "今天全场九折" in page.text
        assert page.text.count("For you") == 1
        asked.times(1)
        assert asked.told == [(4, 7)]
        # Pop-ups are loaded twice, and people look again.
        assert "今天全场九折" in client.get("/in?lang=zh").text
        assert asked.told == [(4, 7)]
        # The next visit has nothing new.
        come_in(door)
        assert "shoes" not in client.get("/in").text


def test_what_a_machine_fetched_ahead_was_told_to_nobody() -> None:
    asked = Asked(Note(4, "Your shoes are ready"))
    with closing(Notes(asked)) as notes:
        client = come_in(Door(notes=notes))
        asked.times(1)
        client.get("/in", headers={"Sec-Purpose": "prefetch"})
        client.head("/in")
        assert asked.told == []
        client.get("/in")
        asked.times(1)
        assert asked.told == [(4,)]


def test_whoever_comes_in_by_a_tap_is_not_asked_about_and_another_phone_sees_nothing() -> None:
    asked = Asked(Note(4, "Your shoes are ready"))
    with closing(Notes(asked)) as notes:
        door = Door(notes=notes)
        client = phone(door)
        client.post("/enter", data={"way": "click"})
        assert "shoes" not in client.get("/in").text
        assert not asked.asked.acquire(blocking=False)
        come_in(door, "10.77.0.8")
        assert "shoes" not in client.get("/in").text


def test_who_leaves_takes_the_words_along() -> None:
    with closing(Notes(Asked(Note(4, "Your shoes are ready")))) as notes:
        door = Door(notes=notes)
        client = come_in(door)
        assert "shoes" in client.get("/in").text
        client.post("/leave")
        client.post("/enter", data={"way": "click"})
        assert "shoes" not in client.get("/in").text


def test_a_hub_that_is_slow_keeps_nobody_from_the_page_for_long() -> None:
    go = threading.Event()

    def slow(_member: str, _told: tuple[int, ...]) -> tuple[Note, ...]:
        go.wait(30)
        return (Note(4, "Your shoes are ready"),)

    with closing(Notes(slow)) as notes:
        client = come_in(Door(notes=notes))
        assert "You are in" in client.get("/in").text
        assert "shoes" not in client.get("/in").text
        go.set()
        # Whoever looks again finds it there.
        assert any("shoes" in client.get("/in").text for _ in range(1_000))


def test_the_longest_words_leave_the_page_within_one_answer_and_the_rest_for_next_time() -> None:
    longest = [Note(number, "一<" * 1_000) for number in range(1, 6)]
    asked = Asked(*longest)
    with closing(Notes(asked)) as notes:
        client = come_in(Door(notes=notes))
        page = client.get("/in")
        assert len(page.data) <= 29_000
        asked.times(2)
        assert asked.told == [(1,)]


# At the hub, asked by a door


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path / "hub")
    yield made
    made.close()


def put(store: Store, number: int, member: str, text: str, now: float) -> None:
    store.mailings.put_note(ScreenNote(number, member, text, 0, now, now + 86_400.0, None))


def test_a_door_hears_what_its_guest_is_to_be_told_and_nothing_that_was_told(house: House) -> None:
    door = house.node("edge", "Front door")
    put(house.store, 1, MEMBER, "Your shoes are ready", house.now)
    put(house.store, 2, MEMBER, "x" * 5_000, house.now)
    put(house.store, 3, OTHER, "For somebody else", house.now)
    first = door.told("notes", NotesRequest(MEMBER), NotesReply)
    assert [note.number for note in first.notes] == [1, 2]
    assert len(first.notes[1].text) == 2_000
    assert first.notes[1].text.endswith("…")
    # A number that is another's is not told by whoever names it.
    left = door.told("notes", NotesRequest(MEMBER, (1, 3)), NotesReply)
    assert [note.number for note in left.notes] == [2]
    assert [note.message for note in notes_for(house.store, OTHER, house.now)] == [3]


def test_who_asked_to_be_forgotten_is_told_nothing(house: House) -> None:
    put(house.store, 1, MEMBER, "Your shoes are ready", house.now)
    house.store.forgetting.ask(MEMBER, house.now)
    asked = house.node("edge", "Front door").told("notes", NotesRequest(MEMBER), NotesReply)
    assert asked.notes == ()


def test_the_portal_hears_it_through_the_door_beside_it_which_says_so_where_no_hub_answers(
    house: House, tmp_path: Path
) -> None:
    node = house.node("edge", "Front door")
    put(house.store, 1, MEMBER, "Your shoes are ready", house.now)
    reached = [True]

    def post(path: str, body: bytes, _timeout_s: float) -> Reply:
        return node.post(path, body)

    with closing(DoorNotes(post, lambda: reached[0])) as notes, answering(tmp_path, notes.answer):
        (note,) = ask(tmp_path, MemberNotes(MEMBER)).notes
        assert note.text == "Your shoes are ready"
        assert ask(tmp_path, MemberNotes(MEMBER, (note.number,))).notes == ()
        reached[0] = False
        silent = ask(tmp_path, MemberNotes(MEMBER))
        assert (silent.refused, silent.notes) == ("hub", ())
    assert read(node.post("/v1/notes", b'{"member":"' + MEMBER.encode() + b'"}'), NotesReply).notes == ()

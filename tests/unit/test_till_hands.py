"""Whose a device's scan is, and how pages hear of it: one page waits for each session, few at once, and nothing is missed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from hub.client.sessions import SignedIn
from hub.wire.snapshot import Staff
from kiosk.tillpage.hands import AGAIN_S, KEPT, Hands, Heard

ADA = SignedIn(Staff("s1", "Ada", ""), "a" * 64)
BO = SignedIn(Staff("s2", "Bo", ""), "b" * 64)


def hands_of(*people: SignedIn, places: int = 2) -> Hands:
    return Hands({who.token: who for who in people}.get, places)


def in_thread(act: Callable[[], Heard]) -> tuple[threading.Thread, list[Heard]]:
    said: list[Heard] = []
    thread = threading.Thread(target=lambda: said.append(act()))
    thread.start()
    return thread, said


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_a_scan_belongs_to_whoever_touched_a_page_last() -> None:
    hands = hands_of(ADA, BO)
    assert hands.now() is None
    hands.touch(ADA, training=False)
    hands.touch(BO, training=True)
    at_the_till = hands.now()
    assert at_the_till is not None
    assert (at_the_till[0], at_the_till[1].training) == (BO, True)


def test_after_a_restart_an_open_page_takes_the_till_but_never_from_somebody() -> None:
    hands = hands_of(ADA, BO)
    hands.return_to(ADA, training=False)
    hands.return_to(BO, training=False)
    at_the_till = hands.now()
    assert at_the_till is not None
    assert at_the_till[0] is ADA


def test_nobody_is_at_the_till_once_the_session_ended_or_was_left() -> None:
    sessions = {ADA.token: ADA}
    hands = Hands(sessions.get, 2)
    hands.touch(ADA, training=False)
    sessions.clear()
    assert hands.now() is None
    hands = hands_of(ADA)
    hands.touch(ADA, training=False)
    hands.leave(BO)
    assert hands.now() is not None
    hands.leave(ADA)
    assert hands.now() is None


def test_what_a_page_asks_for_is_forgotten_when_somebody_else_takes_the_till() -> None:
    hands = hands_of(ADA, BO)
    hands.touch(ADA, training=False)
    hands.ask(ADA, "product", "n1")
    hands.touch(ADA, training=False)
    first = hands.now()
    assert first is not None
    assert (first[1].asked, first[1].asked_for) == ("product", "n1")
    hands.touch(BO, training=False)
    second = hands.now()
    assert second is not None
    assert second[1].asked is None


def test_a_page_that_waits_is_told_at_once_and_only_of_its_own() -> None:
    hands = hands_of(ADA, BO)
    thread, said = in_thread(lambda: hands.wait(ADA.mark, 0, 30.0))
    hands.tell(BO.mark, "n1")
    hands.tell(ADA.mark, "n2")
    thread.join(10)
    assert said == [Heard(2, "n2")]
    assert hands.wait(ADA.mark, 2, 0.0) == Heard(2, None)
    assert hands.wait(BO.mark, 0, 0.0) == Heard(2, "n1")


def test_a_page_that_waits_in_vain_asks_again_at_once() -> None:
    hands = hands_of(ADA)
    assert hands.wait(ADA.mark, 0, 0.05) == Heard(0, None)


def test_a_second_page_of_the_same_person_takes_the_place_of_the_first() -> None:
    hands = hands_of(ADA)
    first, said = in_thread(lambda: hands.wait(ADA.mark, 0, 30.0))
    until(lambda: hands.waiting() == 1)
    second, also = in_thread(lambda: hands.wait(ADA.mark, 0, 30.0))
    first.join(10)
    assert said == [Heard(0, None, AGAIN_S)]
    hands.tell(ADA.mark, "n1")
    second.join(10)
    assert also == [Heard(1, "n1")]


def test_no_more_pages_wait_than_there_are_places() -> None:
    hands = hands_of(ADA, BO, places=1)
    thread, _ = in_thread(lambda: hands.wait(ADA.mark, 0, 30.0))
    until(lambda: hands.waiting() == 1)
    assert hands.wait(BO.mark, 0, 30.0) == Heard(0, None, AGAIN_S)
    hands.close()
    thread.join(10)
    assert not thread.is_alive()
    assert hands.wait(ADA.mark, 0, 30.0) == Heard(0, None, AGAIN_S)


def test_a_page_that_is_older_than_the_program_is_told_what_happened_since() -> None:
    hands = hands_of(ADA)
    hands.tell(ADA.mark, "n1")
    assert hands.wait(ADA.mark, 57, 0.0) == Heard(1, "n1")


def test_what_stood_on_no_screen_is_unseen_until_it_did() -> None:
    hands = hands_of(ADA)
    for nonce in ("n1", "n2", "n3"):
        hands.tell(ADA.mark, nonce)
    hands.tell(BO.mark, "other")
    hands.show("n3")
    assert hands.unseen(ADA.mark) == ["n2", "n1"]
    hands.show_all(ADA.mark)
    assert hands.unseen(ADA.mark) == []
    assert hands.unseen(BO.mark) == ["other"]


def test_what_happened_does_not_fill_the_memory() -> None:
    hands = hands_of(ADA)
    for number in range(3 * KEPT):
        hands.tell(ADA.mark, f"n{number}")
        hands.show(f"n{number}")
    assert hands.unseen(ADA.mark) == []
    assert hands.remembered() <= 2 * KEPT

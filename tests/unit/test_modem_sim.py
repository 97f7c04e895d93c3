"""The simulated modem keeps the rules of a real one."""

from __future__ import annotations

import threading
from itertools import pairwise

import pytest

from hardware.device import DeviceError, known_devices, open_device
from hardware.modem.modem import Modem, NotSent, Sent
from hardware.modem.sim import KEPT, SimModem

NUMBER = "+4366012345678"


def ready(**wishes: object) -> SimModem:
    return SimModem(**{"delay_s": 0.0, "now": lambda: 7.0, **wishes})  # type: ignore[arg-type]


def reason(answer: Sent | NotSent) -> str:
    assert isinstance(answer, NotSent)
    assert answer.sentence.endswith((".", ")"))
    return answer.reason


def test_it_is_opened_by_name_and_keeps_what_it_was_given() -> None:
    assert "modem:sim" in known_devices()
    modem: Modem = open_device("modem:sim:delay=0,seed=3")
    assert modem.simulated
    assert isinstance(modem, SimModem)
    assert isinstance(modem.send(NUMBER, "Hello"), Sent)
    assert [(one.number, one.text, one.parts) for one in modem.sent] == [(NUMBER, "Hello", 1)]


@pytest.mark.parametrize("argument", ["speed=1", "delay", "delay=soon", "delay=-1", "credit=nan"])
def test_a_wish_that_makes_no_sense_is_an_error(argument: str) -> None:
    with pytest.raises(DeviceError, match="modem:sim does not understand"):
        open_device(f"modem:sim:{argument}")


@pytest.mark.parametrize(
    "number", ["", "066012345678", "+0123456789", "+43 660", "+4366012345678901", "+43\n660123456"]
)
def test_only_numbers_in_international_form_are_taken(number: str) -> None:
    modem = ready()
    assert reason(modem.send(number, "x")) == "bad-number"
    assert modem.sent == ()


def test_each_part_takes_its_seconds_and_is_counted() -> None:
    slept: list[float] = []
    modem = ready(delay_s=2.0, sleep=slept.append)
    assert modem.send(NUMBER, "a" * 161) == Sent(2, 1)
    assert slept == [4.0]
    assert reason(modem.send(NUMBER, "中" * 671)) == "too-long"
    assert slept == [4.0]


def test_a_second_message_at_the_same_time_finds_it_busy() -> None:
    on_the_air, go_on = threading.Event(), threading.Event()

    def air(_: float) -> None:
        on_the_air.set()
        assert go_on.wait(10)

    modem = ready(sleep=air)
    first: list[Sent | NotSent] = []
    thread = threading.Thread(target=lambda: first.append(modem.send(NUMBER, "first")))
    thread.start()
    assert on_the_air.wait(10)
    assert reason(modem.send(NUMBER, "second")) == "busy"
    go_on.set()
    thread.join()
    assert first == [Sent(1, 1)]
    assert [one.text for one in modem.sent] == ["first"]


def test_no_network_no_credit_and_refusals_are_answers() -> None:
    modem = open_device("modem:sim:delay=0,network=0,credit=3")
    assert reason(modem.send(NUMBER, "x")) == "no-network"
    modem.network = True
    assert modem.send(NUMBER, "中" * 71) == Sent(2, 1)
    assert reason(modem.send(NUMBER, "中" * 71)) == "no-credit"
    assert modem.send(NUMBER, "x") == Sent(1, 2)
    assert reason(modem.send(NUMBER, "x")) == "no-credit"
    refusing = [open_device("modem:sim:delay=0,refuse=0.5,seed=4") for _ in range(2)]
    told = [[isinstance(one.send(NUMBER, "x"), Sent) for _ in range(40)] for one in refusing]
    assert told[0] == told[1]
    assert 5 < sum(told[0]) < 35


def test_the_network_may_go_while_it_sends_and_a_closed_modem_sends_nothing() -> None:
    modem = ready()
    losing = ready(sleep=lambda _: lose())

    def lose() -> None:
        losing.network = False

    assert reason(losing.send(NUMBER, "x")) == "no-network"
    modem.close()
    modem.close()
    assert reason(modem.send(NUMBER, "x")) == "closed"
    assert modem.sent == losing.sent == ()


def test_closing_does_not_wait_for_the_air() -> None:
    modem = SimModem(delay_s=3_600.0)
    told: list[Sent | NotSent] = []
    thread = threading.Thread(target=lambda: told.append(modem.send(NUMBER, "x")))
    thread.start()
    modem.close()
    thread.join(30)
    assert not thread.is_alive()
    assert reason(told[0]) == "closed"


def test_references_go_round_and_only_the_last_messages_are_kept() -> None:
    modem = ready()
    answers = [modem.send(NUMBER, str(n)) for n in range(300)]
    references = [one.reference for one in answers if isinstance(one, Sent)]
    assert len(references) == 300
    assert all((after - before) % 256 == 1 for before, after in pairwise(references))
    assert [one.text for one in modem.sent] == [str(n) for n in range(300 - KEPT, 300)]

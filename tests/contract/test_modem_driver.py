"""The driver of a modem, with one at the far end of a pseudo terminal that hangs, restarts, refuses and is pulled out."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hardware.device import DeviceError, Reason, find_driver, known_devices, open_device
from hardware.modem.far_side import Faults
from hardware.modem.fields import Piece
from hardware.modem.modem import NotSent, Sent
from hardware.modem.pdu import Deliver, write_deliver
from hardware.reasons import Found, Lost
from tests.modem_bench import NUMBER, QUICK, FarBench, until

Make = Callable[..., FarBench]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    benches: list[FarBench] = []

    def made(faults: Faults | None = None, **how: object) -> FarBench:
        benches.append(FarBench(tmp_path, faults, **how))  # type: ignore[arg-type]
        return benches[-1]

    yield made
    for bench in benches:
        bench.close()


def not_sent(answer: Sent | NotSent) -> NotSent:
    assert isinstance(answer, NotSent)
    assert answer.sentence.endswith(".")
    return answer


# Names


def test_a_modem_is_named_by_the_path_of_its_line_with_or_without_colons() -> None:
    assert "modem:/PORT" in known_devices()
    for path in ("/dev/ttyUSB2", "/dev/shopbell-modem", "/dev/serial/by-path/pci-0:1:1.2-port0,pin=1234"):
        assert find_driver(f"modem:{path}") == ("hardware.modem.driver:open_modem", path)
    with pytest.raises(DeviceError, match="no device called"):
        find_driver("scanner:/dev/ttyUSB2")


def test_a_wrong_wish_is_an_error_that_does_not_repeat_the_pin() -> None:
    with pytest.raises(DeviceError, match="baud"):
        open_device("modem:/dev/ttyUSB2,baud=fast")
    for pin in ("12", "12a4", "123456789"):
        with pytest.raises(DeviceError) as caught:
            open_device(f"modem:/dev/ttyUSB2,pin={pin}")
        assert caught.value.reason == Reason.BAD_NAME
        assert pin not in caught.value.sentence
    with pytest.raises(DeviceError) as caught:
        open_device("modem:dev/ttyUSB2,pin=4711")
    assert "4711" not in caught.value.sentence


def test_it_need_not_be_there_yet_and_is_used_as_soon_as_it_is(make: Make) -> None:
    bench = make(plugged=False)
    assert not_sent(bench.modem.send(NUMBER, "x")).reason == "gone"
    bench.plug()
    until(lambda: bench.modem.status().ready)
    assert isinstance(bench.modem.send(NUMBER, "x"), Sent)
    assert bench.modem.describe().endswith("(SHOPBELL FAR SIDE)")
    assert bench.modem.status().signal_dbm == -79


# The SIM card


def test_the_pin_opens_the_card_and_stands_in_no_description_and_no_log(
    make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    bench = make(Faults(sim="SIM PIN", pin="4711"), pin="4711")
    until(lambda: bench.modem.status().ready)
    assert isinstance(bench.modem.send(NUMBER, "x"), Sent)
    assert "4711" not in bench.modem.describe() + bench.modem.status().sentence + caplog.text


def test_a_wrong_pin_is_tried_once_and_never_again(make: Make) -> None:
    bench = make(Faults(sim="SIM PIN", pin="4711"), pin="1111")
    until(lambda: "does not take this PIN" in bench.modem.status().sentence)
    bench.unplug()
    bench.plug()
    until(lambda: sum("CPIN?" in one for one in bench.far.modem.commands) >= 4)
    assert bench.far.modem.faults.pin_left == 2
    # Another program that is started with the same name does not lock the card either.
    bench.modem.close()
    bench.modem = bench.open_modem()
    until(lambda: "wrong PIN before" in bench.modem.status().sentence)
    assert bench.far.modem.faults.pin_left == 2
    assert not_sent(bench.modem.send(NUMBER, "x")).reason == "no-sim"


@pytest.mark.parametrize(
    ("sim", "says"), [("", "no SIM card"), ("SIM PIN", "wants its PIN"), ("SIM PUK", "PUK")]
)
def test_a_card_that_does_not_open_is_told_with_what_to_do(make: Make, sim: str, says: str) -> None:
    bench = make(Faults(sim=sim))
    bench.modem.listen(bench.keeper)
    until(lambda: bench.keeper.news)
    (lost,) = bench.keeper.news
    assert isinstance(lost, Lost)
    assert says in lost.sentence
    until(lambda: bench.modem.status().sentence == lost.sentence)
    assert not_sent(bench.modem.send(NUMBER, "x")) == NotSent("no-sim", lost.sentence)
    bench.far.modem.faults.sim = "READY"
    until(lambda: bench.keeper.news[-1] == Found())
    assert isinstance(bench.modem.send(NUMBER, "x"), Sent)


# What the network says


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("+CMS ERROR: 50", "no-credit"),
        ("+CMS ERROR: 38", "refused"),
        ("+CMS ERROR: 331", "no-network"),
        ("+CMS ERROR: 28", "bad-number"),
        ("+CMS ERROR: 9999", "refused"),
        ("ERROR", "refused"),
    ],
)
def test_what_the_network_refuses_is_an_answer_and_is_not_tried_again(
    make: Make, said: str, reason: str
) -> None:
    bench = make(Faults(send_errors=[said]))
    assert not_sent(bench.modem.send(NUMBER, "x")).reason == reason
    assert bench.taken() == []
    assert isinstance(bench.modem.send(NUMBER, "y"), Sent)


def test_a_passing_failure_of_the_network_is_tried_again_and_the_part_goes_once(make: Make) -> None:
    bench = make(Faults(send_errors=["", "+CMS ERROR: 42", "+CMS ERROR: 332"]))
    assert isinstance(bench.modem.send(NUMBER, "中" * 140), Sent)
    assert bench.taken() == [(NUMBER, "中" * 140)]


def test_a_long_message_that_breaks_off_says_how_far_it_was(make: Make) -> None:
    bench = make(Faults(send_errors=["", "", "+CMS ERROR: 50"]))
    answer = not_sent(bench.modem.send(NUMBER, "中" * 200))
    assert answer.reason == "no-credit"
    assert answer.sentence.endswith("2 of 3 parts had gone out.")


# What hangs


@pytest.mark.parametrize("stage", ["escape", "ATZ", "reopen", "restart"])
def test_a_modem_that_hangs_is_brought_back_and_the_message_goes_once(make: Make, stage: str) -> None:
    bench = make(times=replace(QUICK, answer=0.2))
    bench.far.modem.faults.deaf_until = stage
    assert isinstance(bench.modem.send(NUMBER, "x"), Sent)
    assert bench.taken() == [(NUMBER, "x")]


def test_silence_with_the_message_in_its_hands_is_unsure_and_it_is_not_sent_again(make: Make) -> None:
    bench = make(Faults(silent_with_text=True))
    answer = not_sent(bench.modem.send(NUMBER, "x"))
    assert answer.reason == "unsure"
    assert isinstance(bench.modem.send(NUMBER, "y"), Sent)
    assert bench.taken() == [(NUMBER, "y")]


def test_a_modem_that_hangs_after_a_first_part_is_unsure_and_no_part_goes_twice(make: Make) -> None:
    bench = make(Faults(hangs_after=2))
    assert not_sent(bench.modem.send(NUMBER, "中" * 200)).reason == "unsure"
    assert [one.piece.number for one in bench.far.modem.sent if one.piece] == [1, 2]
    assert isinstance(bench.modem.send(NUMBER, "y"), Sent)


def test_a_modem_that_never_answers_is_told_as_broken_and_used_again_when_it_does(make: Make) -> None:
    bench = make(times=replace(QUICK, answer=0.15, restart=0.5))
    bench.modem.listen(bench.keeper)
    bench.far.modem.faults.deaf_until = "never"
    assert not_sent(bench.modem.send(NUMBER, "x")).reason == "gone"
    until(lambda: any(isinstance(one, Lost) and one.reason == Reason.BROKEN for one in bench.keeper.news))
    bench.far.modem.faults.deaf_until = ""
    until(lambda: bench.modem.status().ready)
    assert isinstance(bench.modem.send(NUMBER, "x"), Sent)


def test_a_modem_that_restarts_by_itself_is_told_anew_what_to_do(make: Make) -> None:
    bench = make()
    bench.modem.listen(bench.keeper)
    until(lambda: any("CNMI" in one for one in bench.far.modem.commands))
    before = len(bench.far.modem.commands)
    bench.far.modem.restart()
    until(lambda: any("CNMI" in one for one in bench.far.modem.commands[before:]))
    bench.arrive(NUMBER, "after it")
    until(lambda: bench.keeper.texts())


def test_what_is_said_in_the_middle_of_every_answer_does_no_harm(make: Make) -> None:
    chatter = b'\r\nRING\r\n\r\n+CREG: 1\r\n\r\n^RSSI: 12\r\n\x00\xff\r\n+CLIP: "+43660",145\r\n'
    bench = make(Faults(chatter=chatter))
    bench.modem.listen(bench.keeper)
    bench.arrive(NUMBER, "中" * 100)
    until(lambda: bench.keeper.texts())
    assert isinstance(bench.modem.send(NUMBER, "中" * 100), Sent)
    assert bench.taken() == bench.keeper.texts() == [(NUMBER, "中" * 100)]


# What comes


def test_a_message_stays_on_the_card_until_the_owner_has_it(make: Make) -> None:
    bench = make()
    bench.keeper.full = True
    bench.modem.listen(bench.keeper)
    bench.arrive(NUMBER, "中" * 100)
    assert bench.keeper.refused.wait(20)
    assert len(bench.far.modem.store) == 2
    bench.keeper.full = False
    until(lambda: not bench.far.modem.store)
    assert bench.keeper.texts() == [(NUMBER, "中" * 100)]


def test_pulled_out_between_keeping_and_taking_away_it_comes_again_under_the_same_key(make: Make) -> None:
    bench = make()
    # As the owner keeps it, the plug is pulled: it cannot be taken off the card any more.
    bench.keeper.kept = bench.unplug
    bench.modem.listen(bench.keeper)
    bench.arrive(NUMBER, "中" * 100)
    until(lambda: bench.keeper.texts())
    until(lambda: not bench.modem.status().ready)
    bench.keeper.kept = lambda: None
    assert len(bench.far.modem.store) == 2
    bench.plug()
    # The same program gives it no second time, and takes it away.
    until(lambda: not bench.far.modem.store)
    assert len(bench.keeper.messages) == 1


def test_after_a_crash_it_comes_again_under_the_same_key(make: Make) -> None:
    bench = make()
    bench.keeper.kept = bench.unplug
    bench.modem.listen(bench.keeper)
    bench.arrive(NUMBER, "中" * 100)
    until(lambda: bench.keeper.texts())
    bench.modem.close()
    bench.keeper.kept = lambda: None
    bench.plug()
    bench.modem = bench.open_modem()
    bench.modem.listen(bench.keeper)
    until(lambda: not bench.far.modem.store)
    first, again = bench.keeper.messages
    assert first == again


def test_parts_on_the_card_outlast_the_program_and_are_joined_by_the_next(make: Make) -> None:
    bench = make()
    bench.modem.listen(bench.keeper)
    texts = ["a" * 153, "b" * 153, "c"]
    at = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
    parts = [
        write_deliver(Deliver(NUMBER, at, text, piece=Piece(9, 3, n))) for n, text in enumerate(texts, 1)
    ]
    for part in (parts[2], parts[0]):
        bench.far.modem.bring(part)
    bench.arrive(NUMBER, "other")
    until(lambda: len(bench.far.modem.store) == 2 and bench.keeper.texts())
    bench.modem.close()
    bench.modem = bench.open_modem()
    bench.modem.listen(bench.keeper)
    bench.far.modem.bring(parts[1])
    until(lambda: not bench.far.modem.store)
    assert bench.keeper.texts() == [(NUMBER, "other"), (NUMBER, "".join(texts))]


def test_parts_in_any_order_doubled_and_with_wide_references_come_once(make: Make) -> None:
    bench = make()
    bench.modem.listen(bench.keeper)
    text = "".join(chr(0x4E00 + n) for n in range(200))
    bench.far.modem.arrive(NUMBER, text, wide=True, order=[3, 1, 1, 0, 2])
    until(lambda: bench.keeper.texts())
    until(lambda: not bench.far.modem.store)
    assert bench.keeper.texts() == [(NUMBER, text)]


def test_a_card_full_of_messages_is_read_and_emptied(make: Make) -> None:
    bench = make()
    for n in range(30):
        bench.arrive(NUMBER, f"中文 {n}")
    assert len(bench.far.modem.store) == 30
    bench.modem.listen(bench.keeper)
    until(lambda: not bench.far.modem.store)
    assert bench.keeper.texts() == [(NUMBER, f"中文 {n}") for n in range(30)]


def test_what_is_no_message_is_dropped_and_holds_up_nothing(make: Make) -> None:
    bench = make()
    for rubbish in ("00", "0004", "0001000b916407281553f8000000"):
        bench.far.modem.bring(bytes.fromhex(rubbish))
    bench.arrive(NUMBER, "behind it")
    bench.modem.listen(bench.keeper)
    until(lambda: bench.keeper.texts())
    until(lambda: not bench.far.modem.store)


@pytest.mark.parametrize("full", [False, True])
def test_what_comes_directly_is_acknowledged_when_the_owner_has_it(make: Make, full: bool) -> None:
    bench = make(Faults(keeps_nothing=True))
    bench.keeper.full = full
    bench.modem.listen(bench.keeper)
    until(lambda: any("CNMI" in one for one in bench.far.modem.commands))
    until(lambda: sum("CMGL" in one for one in bench.far.modem.commands) >= 1)
    bench.arrive(NUMBER, "directly")
    if full:
        assert bench.keeper.refused.wait(20)
        assert bench.far.modem.acknowledged == 0
        bench.keeper.full = False
    until(lambda: bench.keeper.texts())
    until(lambda: full or bench.far.modem.acknowledged == 1)
    assert bench.keeper.texts() == [(NUMBER, "directly")]


def test_a_modem_that_stores_no_reports_gives_them_directly(make: Make) -> None:
    bench = make(Faults(no_reports_stored=True))
    bench.modem.listen(bench.keeper)
    until(lambda: any("CNMI=2,1,0,1" in one for one in bench.far.modem.commands))
    sent = bench.modem.send(NUMBER, "x", ticket="T")
    assert isinstance(sent, Sent)
    # The network writes the number its own way.
    bench.far.modem.report(number="066012345678")
    until(lambda: bench.keeper.reports)
    assert [(one.ticket, one.outcome) for one in bench.keeper.reports] == [("T", "delivered")]
    until(lambda: bench.far.modem.acknowledged == 1)


def test_pulled_out_while_it_sends_the_message_is_unsure_or_gone_but_never_twice(make: Make) -> None:
    bench = make()
    started = time.monotonic()
    for _ in range(2):
        before = len(bench.far.modem.sent)

        def pull(before: int = before) -> None:
            until(lambda: len(bench.far.modem.sent) > before + 1)
            bench.unplug()

        thread = threading.Thread(target=pull)
        thread.start()
        answer = bench.modem.send(NUMBER, "中" * 600)
        thread.join(30)
        assert isinstance(answer, Sent) or answer.reason == "unsure"
        parts = [one.piece.number for one in bench.far.modem.sent[before:] if one.piece]
        assert len(parts) == len(set(parts))
        bench.plug()
        until(lambda: bench.modem.status().ready)
    assert time.monotonic() - started < 60


@pytest.mark.parametrize("seed", range(2))
def test_whenever_the_plug_is_pulled_each_message_is_kept_once_and_the_card_is_emptied(
    make: Make, seed: int
) -> None:
    bench, chance = make(), random.Random(seed)
    kept: dict[str, str] = {}
    keeper = bench.keeper

    def keep() -> None:
        # An owner's unique column. Sometimes the plug is pulled at the very moment.
        kept.setdefault(keeper.messages[-1].key, keeper.messages[-1].text)
        if chance.random() < 0.3:
            bench.unplug()

    keeper.kept = keep
    bench.modem.listen(keeper)
    texts = [f"{n} {'退订' * chance.choice([1, 50])}" for n in range(8)]
    for text in texts:
        bench.arrive(NUMBER, text)
        time.sleep(chance.random() * 0.05)
        if chance.random() < 0.4:
            bench.unplug()
        if not bench.far.place.is_symlink():
            bench.plug()

    def over() -> bool:
        if not bench.far.place.is_symlink():
            bench.plug()
        return not bench.far.modem.store

    until(over, 40.0)
    assert sorted(kept.values()) == sorted(texts)

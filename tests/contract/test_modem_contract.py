"""One suite for every modem: the simulated one, and the driver with a modem at the far end of a serial line."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from hardware.modem.modem import NotSent, Sent
from hardware.reasons import Found, Lost, Reason
from tests.modem_bench import NUMBER, FarBench, SimBench, until

LONG = "Ihr Gutschein 优惠券 😀 liegt bereit. " * 12


@pytest.fixture(params=[SimBench, FarBench], ids=["sim", "driver"])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SimBench]:
    made: SimBench = request.param(tmp_path)
    yield made
    made.close()


def reason(answer: Sent | NotSent) -> str:
    assert isinstance(answer, NotSent)
    assert answer.sentence.endswith(".")
    return answer.reason


@pytest.mark.parametrize(
    "text", ["", "Hello {€}", "中文短信 退订", "x" * 161, LONG], ids=["none", "gsm", "zh", "161", "long"]
)
def test_what_is_sent_is_what_the_network_takes(bench: SimBench, text: str) -> None:
    answer = bench.modem.send(NUMBER, text)
    assert isinstance(answer, Sent)
    assert len(answer.references) == answer.parts
    assert bench.taken() == [(NUMBER, text)]


def test_a_number_that_is_none_and_a_text_that_is_too_long_are_answers(bench: SimBench) -> None:
    assert reason(bench.modem.send("0660 12345678", "x")) == "bad-number"
    assert reason(bench.modem.send(NUMBER, "中" * 671)) == "too-long"
    assert bench.taken() == []


def test_without_a_network_nothing_is_sent_and_with_it_again_it_is(bench: SimBench) -> None:
    bench.network(False)
    assert reason(bench.modem.send(NUMBER, "x")) == "no-network"
    bench.network(True)
    assert isinstance(bench.modem.send(NUMBER, "x"), Sent)
    assert bench.taken() == [(NUMBER, "x")]


@pytest.mark.parametrize("number", [NUMBER, "12345", "Bakery"])
def test_what_comes_is_given_to_the_owner_once(bench: SimBench, number: str) -> None:
    bench.arrive(number, "before anybody listens")
    bench.modem.listen(bench.keeper)
    until(lambda: bench.keeper.texts())
    bench.arrive(number, LONG)
    bench.arrive(number, "ja 退订")
    until(lambda: len(bench.keeper.texts()) >= 3)
    assert bench.keeper.texts() == [(number, text) for text in ("before anybody listens", LONG, "ja 退订")]
    assert len({one.key for one in bench.keeper.messages}) == 3
    assert all(one.at is not None and one.at.tzinfo is not None for one in bench.keeper.messages)


def test_what_the_owner_cannot_keep_comes_again_until_it_can(bench: SimBench) -> None:
    bench.keeper.full = True
    bench.modem.listen(bench.keeper)
    bench.arrive(NUMBER, LONG)
    assert bench.keeper.refused.wait(20)
    bench.keeper.full = False
    until(lambda: bench.keeper.texts())
    assert bench.keeper.texts() == [(NUMBER, LONG)]


def test_reports_say_whose_they_are_and_what_became_of_it(bench: SimBench) -> None:
    bench.modem.listen(bench.keeper)
    until(lambda: bench.keeper.news)
    first = bench.modem.send(NUMBER, LONG, ticket="first")
    second = bench.modem.send(NUMBER, "x", ticket="second")
    assert isinstance(first, Sent)
    assert isinstance(second, Sent)
    bench.report(second.references[0], 0x45)
    for reference in first.references:
        bench.report(reference)
    until(lambda: len(bench.keeper.reports) == 1 + first.parts)
    told = [(one.ticket, one.reference, one.outcome) for one in bench.keeper.reports]
    assert sorted(told) == sorted(
        [("second", second.references[0], "failed")] + [("first", n, "delivered") for n in first.references]
    )
    assert {one.number for one in bench.keeper.reports} == {NUMBER}


def test_unplugged_is_told_once_and_plugged_in_again_all_goes_on(bench: SimBench) -> None:
    bench.modem.listen(bench.keeper)
    until(lambda: Found() in bench.keeper.news)
    assert bench.modem.status().ready
    bench.unplug()
    until(lambda: isinstance(bench.keeper.news[-1], Lost))
    assert not bench.modem.status().ready
    assert reason(bench.modem.send(NUMBER, "x")) == "gone"
    bench.arrive(NUMBER, "meanwhile")
    bench.plug()
    until(lambda: bench.keeper.texts())
    assert isinstance(bench.modem.send(NUMBER, "y"), Sent)
    assert bench.keeper.texts() == [(NUMBER, "meanwhile")]
    assert bench.taken() == [(NUMBER, "y")]
    lost = [one for one in bench.keeper.news if isinstance(one, Lost)]
    assert [one.reason for one in lost] == [Reason.NOT_FOUND]
    assert "Plug it in" in lost[0].sentence


def test_threads_that_send_at_once_are_each_answered_and_nothing_is_mixed(bench: SimBench) -> None:
    answers: list[tuple[str, Sent | NotSent]] = []

    def send(n: int) -> None:
        text = f"{n} " * 60
        answers.append((text, bench.modem.send(NUMBER, text)))

    threads = [threading.Thread(target=send, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(answers) == 6
    sent = sorted(text for text, answer in answers if isinstance(answer, Sent))
    assert sent
    assert sorted(text for _, text in bench.taken()) == sent
    assert {reason(answer) for _, answer in answers if isinstance(answer, NotSent)} <= {"busy"}


def test_a_closed_modem_sends_nothing_and_may_be_closed_again(bench: SimBench) -> None:
    assert bench.modem.describe()
    bench.modem.close()
    bench.modem.close()
    assert reason(bench.modem.send(NUMBER, "x")) == "closed"
    assert bench.taken() == []

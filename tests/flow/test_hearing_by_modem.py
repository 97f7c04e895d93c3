"""Text messages between gammu, a phone of others' make, and a hub with a modem: each once, whatever happens to the plug."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from hardware.modem.alphabet import cut
from hardware.modem.far_side_line import FarSideLine
from hardware.modem.pdu import write_deliver
from hub.messages.channel import Heard
from hub.messages.heard import Ears, heard, read_line
from hub.messages.inbox import lines, reply
from hub.messages.modem import ModemChannel
from hub.up.packages import find_program
from tests.gammu_phone import CENTRE, Gammu, delivered
from tests.hearing_house import HearingHouse, Station, link_in, open_page
from tests.modem_bench import FarBench, until

SHOP, PHONE = "+4366012345678", "+4915112345678"
QUESTION = "您好！请问贵店周日有没有全麦面包？我想预订两个，下午五点左右来取，谢谢😀。" * 3
ANSWER = "您好，周日有全麦面包，我们为您留两个。请在下午五点前到店，报手机尾号即可，店员会交给您。" * 3
WITHIN_S = 40.0


class Air:
    """The network between two modems: what one was given since the last time comes to the other."""

    def __init__(self) -> None:
        self._brought: dict[int, int] = {}

    def carry(self, sender: FarSideLine, to: FarSideLine, number: str) -> int:
        sent = list(sender.modem.sent)
        new = sent[self._brought.get(id(sender), 0) :]
        self._brought[id(sender)] = len(sent)
        for one in new:
            to.modem.bring(write_deliver(delivered(number, one), CENTRE))
        return len(new)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[HearingHouse]:
    made = HearingHouse(tmp_path / "hub")
    made.keyword("coffee", "咖啡")
    yield made
    made.close()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[FarBench]:
    made = FarBench(tmp_path)
    yield made
    made.close()


def texts_of(house: HearingHouse) -> list[str]:
    """What people wrote, in its order."""
    found = [line for talk in range(1, 20) for line in house.store.inbox.lines(talk, 50) if line.way == "in"]
    return [read_line(house.secret, line) for line in sorted(found, key=lambda line: line.number)]


@pytest.mark.timeout(180)
def test_gammu_writes_a_keyword_and_gets_a_coupon_and_a_long_talk_in_chinese_goes_both_ways(
    house: HearingHouse, bench: FarBench, tmp_path: Path
) -> None:
    program = find_program("gammu")
    if program is None:
        pytest.skip("needs gammu: apt install gammu")
    phone, air = Gammu(program, tmp_path), Air()
    station = Station(house, ModemChannel(bench.modem))
    try:
        phone(
            f'sendsms TEXT {SHOP} -unicode -text "咖 啡，谢谢！"',
            f'sendsms TEXT {SHOP} -report -autolen 600 -unicode -text "{QUESTION}"',
        )
        assert air.carry(phone.line, bench.line, PHONE) == 1 + len(cut(QUESTION)[1])
        until(lambda: QUESTION in texts_of(house) and bench.line.modem.sent, WITHIN_S)
        assert texts_of(house) == ["咖 啡，谢谢！", QUESTION]
        talk = house.store.inbox.talk(1)
        assert talk is not None
        assert reply(house.ears, 1, ANSWER, "a" * 32, "Ines", house.now) == "sent"
        until(lambda: bench.taken() and bench.taken()[-1][1] == ANSWER, WITHIN_S)
        # Each part is told to have arrived, then the message is.
        for one in bench.line.modem.sent:
            bench.report(one.reference)
        until(lambda: [house.kept(n).outcome for n in (1, 2)] == ["delivered", "delivered"], WITHIN_S)
        shown_here = [line.state for line in lines(house.ears, talk) if line.line.way == "out"]
        assert shown_here == ["delivered", "delivered"]
        air.carry(bench.line, phone.line, SHOP)
        shown = phone("getallsms")
    finally:
        station.close()
        phone.line.close()
    # Gammu shows each part beneath its head; put together, in the order of the parts, they are what was written.
    assert ANSWER in "".join(line for line in shown.splitlines() if line and ord(line[0]) > 0x2FFF)
    link = re.search(r"https://shop\.example/coupon/[0-9a-f]{16}\?c=s", shown.replace("\n", ""))
    assert link, shown
    page = open_page(house, link_in(link[0]))
    found = house.desks[0].coupon(link_in(link[0])[-16:])
    assert found is not None
    assert found[0].code[:4] in page
    assert house.node().redeem(found[0].token).accepted
    # Once each: an answer by itself, an answer by a person, nothing more.
    assert [text for _, text in bench.taken()].count(ANSWER) == 1
    assert len(bench.taken()) == 2


class Pulls:
    """A listener that pulls the plug the first time that something is kept: the modem cannot take it off its card."""

    def __init__(self, station_ears: Ears, bench: FarBench, house: HearingHouse) -> None:
        self._ears, self._bench, self._house = station_ears, bench, house
        self.given: list[str] = []

    def heard(self, message: Heard) -> None:
        heard(self._ears, message, self._house.now)
        self.given.append(message.key)
        if len(self.given) == 1:
            self._bench.unplug()

    def reported(self, _reported: object) -> None:
        """None come."""


@pytest.mark.timeout(120)
def test_a_message_that_comes_while_the_plug_is_pulled_is_there_once(
    house: HearingHouse, bench: FarBench
) -> None:
    pulls = Pulls(house.ears, bench, house)
    ModemChannel(bench.modem).listen(pulls)
    bench.arrive(PHONE, QUESTION)
    until(lambda: pulls.given, WITHIN_S)
    # It comes to the card while the modem is out, beside the one that could not be taken off; the hub is started anew meanwhile.
    bench.arrive(PHONE, "Still there?")
    bench.modem.close()
    bench.modem = bench.open_modem()
    bench.plug()
    ModemChannel(bench.modem).listen(pulls)
    until(lambda: len(set(pulls.given)) == 2 and not bench.line.modem.store, WITHIN_S)
    assert len(pulls.given) > len(set(pulls.given)), "the first one came again"
    assert texts_of(house) == [QUESTION, "Still there?"]


@pytest.mark.timeout(120)
def test_half_a_message_waits_for_its_other_half_while_the_modem_is_out(
    house: HearingHouse, bench: FarBench
) -> None:
    station = Station(house, ModemChannel(bench.modem))
    try:
        parts = len(cut(QUESTION)[1])
        bench.line.modem.arrive(PHONE, QUESTION, order=range(1))
        until(lambda: bench.line.modem.store, WITHIN_S)
        bench.unplug()
        # The network counts a long message by its reference; the rest of this very one comes later.
        bench.line.modem._long -= 1
        bench.line.modem.arrive(PHONE, QUESTION, order=range(1, parts))
        assert texts_of(house) == []
        bench.plug()
        until(lambda: texts_of(house), WITHIN_S)
        until(lambda: not bench.line.modem.store, WITHIN_S)
        assert texts_of(house) == [QUESTION]
    finally:
        station.close()


@pytest.mark.timeout(120)
def test_an_answer_waits_for_the_modem_and_goes_once_when_it_is_back(
    house: HearingHouse, bench: FarBench
) -> None:
    station = Station(house, ModemChannel(bench.modem))
    try:
        bench.unplug()
        until(lambda: bench.modem.status().ready is False, WITHIN_S)
        house.hear("coffee", PHONE)
        until(lambda: house.store.messages.highest() == 1, WITHIN_S)
        assert house.kept(1).state == "waiting"
        bench.plug()
        until(lambda: house.kept(1).state == "sent", WITHIN_S)
        assert len(bench.taken()) == 1
    finally:
        station.close()


@pytest.mark.timeout(120)
def test_an_answer_in_whose_middle_the_plug_was_pulled_is_told_as_unsure_and_never_repeated(
    house: HearingHouse, bench: FarBench
) -> None:
    station = Station(house, ModemChannel(bench.modem))
    try:
        # The modem falls silent with the text in its hands; then it is pulled out.
        bench.line.modem.faults.silent_with_text = True
        house.hear("coffee", PHONE)
        until(lambda: house.store.messages.highest() == 1 and house.kept(1).state == "handing", WITHIN_S)
        bench.unplug()
        until(lambda: house.kept(1).state == "unsure", WITHIN_S)
        bench.plug()
        until(lambda: bench.modem.status().ready, WITHIN_S)
        house.hear("help", PHONE)
        until(lambda: house.store.messages.highest() == 2 and house.kept(2).state == "sent", WITHIN_S)
        assert house.kept(1).state == "unsure"
        assert sum("/coupon/" in text for _, text in bench.taken()) <= 1
    finally:
        station.close()

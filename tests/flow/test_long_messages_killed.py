"""A program that is killed between two parts of a long message, again and again: each message is heard once, whole."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from hardware.modem.joining import WAIT_S
from hub.messages.heard import read_line
from hub.messages.parts import hear_late
from hub.messages.smpp_text import write_parts
from tests.hearing_house import HearingHouse
from tests.message_centre import Centre, message_centre
from tests.modem_bench import until
from tests.postgres_server import PostgresServer, postgres_server

ROOT = Path(__file__).resolve().parents[2]
QUESTION = "您好！请问贵店周日有没有全麦面包？我想预订两个，下午五点左右来取，谢谢😀。" * 6
MESSAGES, KILLS = 6, 6
WITHIN_S = 60.0


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with postgres_server() as running:
        yield running


class Hub(HearingHouse):
    """The hub's database, whose program is another process."""

    def __init__(self, folder: Path, url: str) -> None:
        super().__init__(folder, url)
        self.url = url


@pytest.fixture(params=["sqlite", "postgres"])
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Hub]:
    url = request.getfixturevalue("server").fresh() if request.param == "postgres" else ""
    made = Hub(tmp_path, url)
    yield made
    made.close()


class Program:
    """The hub's program, that is killed and started again."""

    def __init__(self, house: Hub, centre: Centre) -> None:
        self.house, self.centre = house, centre
        self.process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        binds = self.centre.binds
        command = [sys.executable, "-m", "tests.hearing_worker", str(self.house.folder), self.house.url]
        started = subprocess.Popen(
            [*command, str(self.centre.port), self.centre.password], cwd=ROOT, stderr=subprocess.DEVNULL
        )
        self.centre.wait_for(lambda: self.centre.binds > binds, WITHIN_S)
        return started

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def again(self) -> None:
        self.process = self._start()


@contextmanager
def program(house: Hub) -> Iterator[Program]:
    with message_centre() as centre:
        running = Program(house, centre)
        try:
            yield running
        finally:
            running.kill()


def give(centre: Centre, text: str, number: int, reference: int, sender: str) -> int:
    part = write_parts(text, reference)[number]
    return centre.deliver(sender, part.octets, esm_class=part.esm_class, coding=part.data_coding)


def taken(centre: Centre, sequence: int) -> bool:
    return (sequence, 0) in centre.acknowledged


def texts_of(house: Hub) -> list[str]:
    lines = [line for talk in range(1, 20) for line in house.store.inbox.lines(talk, 50)]
    return [read_line(house.secret, line) for line in lines if line.way == "in"]


@pytest.mark.timeout(240)
def test_a_program_that_is_killed_between_two_parts_hears_the_message_once_and_whole(
    house: Hub,
) -> None:
    count = len(write_parts(QUESTION, 1))
    assert count > 2
    with program(house) as running:
        centre = running.centre
        first = give(centre, QUESTION, 0, 1, "4915112345678")
        centre.wait_for(lambda: taken(centre, first))
        running.kill()
        assert texts_of(house) == []
        running.again()
        # The centre has not seen the answer to the first part, and neither to the last one.
        told = [give(centre, QUESTION, at, 1, "4915112345678") for at in (*range(count), count - 1)]
        centre.wait_for(lambda: all(taken(centre, one) for one in told))
        assert texts_of(house) == [QUESTION]
        running.kill()
        running.again()
        last = give(centre, QUESTION, count - 1, 1, "4915112345678")
        centre.wait_for(lambda: taken(centre, last))
    assert texts_of(house) == [QUESTION]


@pytest.mark.timeout(240)
def test_a_program_that_began_anew_hears_the_same_short_words_again(house: Hub) -> None:
    with program(house) as running:
        centre = running.centre
        for _ in range(2):
            for text in ("STOP", "START"):
                one = give(centre, text, 0, 1, "4915112345678")
                centre.wait_for(partial(taken, centre, one))
                until(lambda: house.store.export.count("heard_key") == 0)
            running.kill()
            running.again()
    assert texts_of(house) == ["START", "STOP", "START", "STOP"]


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_every_long_message_is_heard_once_at_whatever_moment_the_program_is_killed(
    house: Hub,
) -> None:
    chance = random.Random(11)
    texts = {f"49151123456{at:02}": f"第{at}条：{QUESTION}" for at in range(MESSAGES)}
    todo = [(sender, at) for sender, text in texts.items() for at in range(len(write_parts(text, 1)))]
    chance.shuffle(todo)
    victims = set(chance.sample(range(len(todo)), KILLS))
    with program(house) as running:
        centre = running.centre
        for place, (sender, at) in enumerate(todo):
            sequence = give(centre, texts[sender], at, 5, sender)
            if place in victims:
                # Before it is read, while it is written, or behind the answer: what the centre saw decides.
                time.sleep(chance.random() * 0.03)
                running.kill()
                running.again()
                if taken(centre, sequence) and chance.random() < 0.5:
                    continue
                sequence = give(centre, texts[sender], at, 5, sender)
            centre.wait_for(partial(taken, centre, sequence))
    assert sorted(texts_of(house)) == sorted(texts.values())
    # Parts that came again behind their message are no message of their own, however long one waits.
    assert not hear_late(house.ears, time.time() + WAIT_S)
    assert house.store.inbox.open_messages() == []
    assert len(texts_of(house)) == MESSAGES

"""The line between the door and its pages: who may open it, how much may be said, and what happens when nobody answers."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest
from edge_line import answering
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.live import MOST_LINES, SOCKET, at
from edge.portal.installer.asking import DoorSilent, ask
from edge.questions import (
    LINE_OCTETS,
    Answer,
    HeadsBegin,
    HeadsSet,
    Look,
    Question,
    WalkStand,
    read_answer,
    read_question,
    write,
)


def raw(folder: Path, sent: bytes, *, then_end: bool = True) -> bytes:
    with at(folder) as path, socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        line.settimeout(5)
        line.connect(str(path))
        try:
            line.sendall(sent)
            if then_end:
                line.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: line.recv(65_536), b""))
        except ConnectionError:
            return b""


def test_a_question_is_answered_and_the_socket_is_its_owners_alone(tmp_path: Path) -> None:
    with answering(tmp_path):
        assert (tmp_path / SOCKET).stat().st_mode & 0o777 == 0o600
        for question in (Look(), WalkStand("door"), HeadsBegin(4), HeadsSet(5, paused=True)):
            assert ask(tmp_path, question).detail == type(question).__name__
    assert not (tmp_path / SOCKET).exists()


def test_a_folder_with_a_long_name_has_its_line_too(tmp_path: Path) -> None:
    deep = tmp_path / ("a" * 120) / ("b" * 120)
    deep.mkdir(parents=True)
    with answering(deep):
        assert ask(deep, Look()).detail == "Look"


def test_without_a_door_it_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(DoorSilent) as silent:
        ask(tmp_path, Look())
    assert silent.value.why == "not-running"
    with pytest.raises(DoorSilent) as silent:
        ask(tmp_path / "nowhere", Look())
    assert silent.value.why == "not-running"


def test_what_a_killed_door_left_behind_is_no_door_and_does_not_stop_the_next_one(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(tmp_path / SOCKET))
    with pytest.raises(DoorSilent) as silent:
        ask(tmp_path, Look())
    assert silent.value.why == "not-running"
    with answering(tmp_path):
        assert ask(tmp_path, Look()).detail == "Look"


def test_a_door_that_hangs_is_not_waited_for(tmp_path: Path) -> None:
    async def hang(_: Question) -> Answer:
        await asyncio.sleep(30)
        return Answer()

    with answering(tmp_path, hang):
        with pytest.raises(DoorSilent) as silent:
            ask(tmp_path, Look(), within_s=0.2)
        assert silent.value.why == "no-answer"


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"\n",
        b"{}\n",
        b"[1]\n",
        b'{"ask":"rm"}\n',
        b'{"ask":"heads.begin","heads":-1}\n',
        b"\xff\x00\n",
        b'{"ask":"look"',
    ],
)
def test_what_is_no_question_gets_a_refusal(tmp_path: Path, sent: bytes) -> None:
    with answering(tmp_path):
        assert read_answer(raw(tmp_path, sent)).refused == "no-question"
        assert ask(tmp_path, Look()).detail == "Look"


def test_a_line_without_an_end_is_cut_off_and_so_are_more_lines_than_there_are_places(tmp_path: Path) -> None:
    with answering(tmp_path):
        assert raw(tmp_path, b"x" * (3 * LINE_OCTETS)) == b""
        with at(tmp_path) as path:
            crowd = [socket.socket(socket.AF_UNIX) for _ in range(MOST_LINES)]
            for one in crowd:
                one.connect(str(path))
        with pytest.raises(DoorSilent):
            ask(tmp_path, Look(), within_s=1.0)
        for one in crowd:
            one.close()
        for _ in range(50):
            try:
                assert ask(tmp_path, Look()).detail == "Look"
                break
            except DoorSilent:
                continue
        else:
            pytest.fail("the places were not given back")


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_any_octets_are_a_question_or_a_sentence(line: bytes) -> None:
    try:
        question = read_question(line)
    except ValueError:
        return
    assert read_question(write(question)) == question

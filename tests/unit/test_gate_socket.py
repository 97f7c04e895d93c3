"""The gate's socket and its client: real sockets, with a gate behind them that only counts."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.gate.client import GateClient, GateError
from edge.gate.helper import (
    MOST_CONNECTIONS,
    MOST_STRANGERS,
    Helper,
    SocketError,
    open_socket,
    user_numbers,
)
from edge.gate.protocol import (
    MESSAGE_OCTETS,
    Answer,
    Ask,
    AskHealth,
    Done,
    End,
    Guests,
    Health,
    Inside,
    LetIn,
    Limits,
    ListGuests,
    Phone,
    Refused,
    SetLimits,
    Stay,
    read_answer,
    write,
)
from edge.gate.uplink import choose, read_routes

PHONES = tuple(
    Phone(f"02:00:00:00:{n >> 8:02x}:{n & 255:02x}", f"10.77.{n >> 8}.{n & 255}") for n in range(1_024)
)


def answer(ask: Ask) -> Answer:
    """Tells how many phones were named, so that answers can be told apart."""
    match ask:
        case LetIn(stays=stays):
            return Done(len(stays))
        case End(phones=phones):
            return Done(len(phones))
        case SetLimits():
            raise ZeroDivisionError
        case ListGuests():
            return Guests(tuple(Inside(phone, 3_599.5, 1_000_000, Limits()) for phone in PHONES * 4))
        case _:
            return Health(True, True, "honest", 0, "")


class Served:
    """A helper in a thread."""

    def __init__(self, path: Path, users: frozenset[int] | None = None) -> None:
        self.path = path
        self.later = self.ticks = 0
        self._stopping = threading.Event()
        listening = open_socket(path, {})
        allowed = user_numbers(()) if users is None else users
        self._helper = Helper(listening, allowed, answer, self._count, self._tick, tick_s=0.02)
        self._thread = threading.Thread(target=self._helper.run, args=(self._stopping.is_set,))
        self._thread.start()

    def _count(self) -> None:
        self.later += 1

    def _tick(self) -> None:
        self.ticks += 1

    def stop(self) -> None:
        if not self._stopping.is_set():
            self._stopping.set()
            self._thread.join(10)
            self._helper.close()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    served = Served(tmp_path / "gate.sock")
    yield served
    served.stop()


@contextlib.contextmanager
def connected(path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as line:
        line.settimeout(5)
        line.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        line.connect(str(path))
        yield line


def end(count: int) -> End:
    return End(PHONES[:count])


def test_the_largest_question_and_the_largest_answer_arrive_whole(served: Served) -> None:
    client = GateClient(served.path)
    assert client.ask(LetIn(tuple(Stay(phone, 60, Limits(1, 2, 3)) for phone in PHONES))) == Done(1_024)
    guests = client.ask(ListGuests())
    assert isinstance(guests, Guests)
    assert len(guests.guests) == 4_096
    client.close()
    served.stop()
    assert served.later == 2


def test_threads_that_share_a_client_each_get_their_own_answer(served: Served) -> None:
    client = GateClient(served.path)
    wrong: list[object] = []

    def work(count: int) -> None:
        wrong.extend(got for _ in range(40) if (got := client.ask(end(count))) != Done(count))

    threads = [threading.Thread(target=work, args=(count,)) for count in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    client.close()
    assert wrong == []


def test_a_client_finds_a_helper_that_was_started_again(tmp_path: Path) -> None:
    client = GateClient(tmp_path / "gate.sock", timeout_s=1)
    with pytest.raises(GateError, match="cannot be asked"):
        client.ask(AskHealth())
    for count in (1, 2):
        served = Served(tmp_path / "gate.sock")
        assert client.ask(end(count)) == Done(count)
        served.stop()
    with pytest.raises(GateError):
        client.ask(end(3))
    client.close()


def test_a_helper_that_is_silent_is_an_error_and_its_late_answer_is_nobodys(tmp_path: Path) -> None:
    path = tmp_path / "gate.sock"
    listening = open_socket(path, {})
    client = GateClient(path, timeout_s=0.5)
    with pytest.raises(GateError, match="within") as silent:
        client.ask(end(1))
    assert silent.value.sentence
    first, _ = listening.accept()
    with contextlib.suppress(OSError):
        first.send(write(Done(1)))
    second_answer: list[Answer] = []
    asking = threading.Thread(target=lambda: second_answer.append(client.ask(end(2))))
    asking.start()
    second, _ = listening.accept()
    second.recv(1_000)
    second.send(write(Done(2)))
    asking.join()
    assert second_answer == [Done(2)]
    for each in (client, first, second, listening):
        each.close()


@pytest.mark.parametrize("text", [b"{", b"\xff" * 300, b'{"type":"open"}', b" " * (MESSAGE_OCTETS + 1)])
def test_what_is_no_message_is_answered_so_and_the_next_one_is_heard(served: Served, text: bytes) -> None:
    with connected(served.path) as line:
        line.send(text)
        refused = read_answer(line.recv(10_000))
        assert isinstance(refused, Refused)
        assert refused.code == "bad-message"
        line.send(write(end(3)))
        assert read_answer(line.recv(10_000)) == Done(3)


def test_a_mistake_in_one_answer_is_said_and_the_next_question_is_heard(served: Served) -> None:
    client = GateClient(served.path)
    broken = client.ask(SetLimits(PHONES[0], Limits()))
    assert isinstance(broken, Refused)
    assert broken.code == "broken"
    assert client.ask(end(3)) == Done(3)
    client.close()


def test_answers_come_in_the_order_of_the_questions(served: Served) -> None:
    with connected(served.path) as line:
        asked = 0
        for count in range(1, 200):
            line.send(write(end(count)))
            if count > 5:
                asked += 1
                assert read_answer(line.recv(10_000)) == Done(asked)


def test_who_does_not_read_its_answers_keeps_nobody_waiting(served: Served) -> None:
    with connected(served.path) as deaf:
        deaf.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            for _ in range(2_000):
                deaf.send(write(ListGuests()))
        client = GateClient(served.path)
        assert client.ask(end(7)) == Done(7)
        client.close()
        # What it asked is answered once it listens.
        deaf.settimeout(5)
        assert isinstance(read_answer(deaf.recv(4 << 20)), Guests)
        assert isinstance(read_answer(deaf.recv(4 << 20)), Guests)


def test_connections_are_bounded_and_the_one_silent_for_longest_makes_room(served: Served) -> None:
    with contextlib.ExitStack() as opened:
        lines = [opened.enter_context(connected(served.path)) for _ in range(MOST_CONNECTIONS)]
        for count, line in enumerate(lines, 1):
            line.send(write(end(count)))
            assert read_answer(line.recv(1_000)) == Done(count)
        one_more = opened.enter_context(connected(served.path))
        one_more.send(write(end(9)))
        assert read_answer(one_more.recv(1_000)) == Done(9)
        assert lines[0].recv(1_000) == b""
        lines[1].send(write(end(2)))
        assert read_answer(lines[1].recv(1_000)) == Done(2)


def test_a_user_who_may_not_ask_is_told_so_and_takes_no_place_of_others(tmp_path: Path) -> None:
    served = Served(tmp_path / "gate.sock", frozenset({os.geteuid() + 1}))
    with contextlib.ExitStack() as opened:
        lines = [opened.enter_context(connected(served.path)) for _ in range(MOST_STRANGERS)]
        for line in lines:
            line.send(write(end(1)))
            refused = read_answer(line.recv(1_000))
            assert isinstance(refused, Refused)
            assert refused.code == "not-allowed"
            assert line.recv(1_000) == b""
    served.stop()


def test_the_socket_is_for_owner_and_group_and_one_that_was_left_over_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "gate.sock"
    open_socket(path, {}).close()
    assert path.exists()
    served = Served(path)
    assert path.stat().st_mode & 0o777 == 0o660
    with pytest.raises(SocketError, match="Another gate"):
        open_socket(path, {})
    served.stop()
    path.unlink()
    path.write_text("a file of somebody")
    with pytest.raises(SocketError, match="no socket"):
        open_socket(path, {})
    assert path.read_text() == "a file of somebody"


def test_users_are_named_or_numbered_and_must_exist() -> None:
    assert user_numbers(()) == {0, os.geteuid()}
    assert user_numbers(("root", "4711")) == {0, os.geteuid(), 4711}
    with pytest.raises(SocketError, match="nobody_of_this_name"):
        user_numbers(("nobody_of_this_name",))


def test_the_loop_ticks_also_while_it_is_asked(served: Served) -> None:
    client = GateClient(served.path)
    before, until = served.ticks, time.monotonic() + 5
    while served.ticks < before + 3 and time.monotonic() < until:
        client.ask(AskHealth())
    client.close()
    assert served.ticks >= before + 3


ROUTES = """\
Iface	Destination	Gateway 	Flags	RefCnt	Use	Metric	Mask		MTU	Window	IRTT
eth0	00000000	0107A8C0	0003	0	0	100	00000000	0	0	0
wwan0	00000000	00000000	0001	0	0	700	00000000	0	0	0
guests	00000000	014D0A0A	0003	0	0	1	00000000	0	0	0
eth0	0007A8C0	00000000	0001	0	0	100	00FFFFFF	0	0	0
tun0	000010AC	0107A8C0	0003	0	0	0	0000F0FF	0	0	0
guests	004D0A0A	00000000	0001	0	0	0	00FFFFFF	0	0	0
lo	0000007F	00000000	0201	0	0	0	000000FF	0	0	0
"""


def test_the_way_out_is_the_best_default_route_that_carries_and_never_the_guests() -> None:
    routes = read_routes(ROUTES)
    up = {"eth0", "wwan0", "guests"}
    uplink = choose(routes, "guests", "", up.__contains__)
    assert uplink.interface == "eth0"
    assert [str(network) for network in uplink.networks] == [
        "10.10.77.1/32",
        "172.16.0.0/12",
        "192.168.7.0/24",
        "192.168.7.1/32",
    ]
    assert choose(routes, "guests", "", {"wwan0"}.__contains__).interface == "wwan0"
    assert choose(routes, "guests", "wwan0", up.__contains__).interface == "wwan0"
    assert choose(routes, "guests", "eth1", up.__contains__).interface is None
    assert choose(routes, "guests", "", {"guests"}.__contains__).interface is None
    hostile = read_routes(ROUTES.replace("eth0", 'e"th0'))
    assert choose(hostile, "guests", "", {'e"th0', "wwan0"}.__contains__).interface == "wwan0"
    assert choose([], "guests", "", up.__contains__).interface is None

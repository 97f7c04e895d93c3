"""A server with a front: who is answered at its door, who waits outside, who gets a channel, and when it is enough."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from portal_shop import rest_of

from hub.client.fronted import MOST_CHANNELS, Front, FrontedServer, is_last
from hub.client.waiting import HEAD_OCTETS, MOST_WAITING, MOST_WAITING_FROM_ONE, is_partial

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"
HEAD = b"\r\nHost: a\r\n\r\n"
LARGE = b"x" * 8_000_000


def app(environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
    body = environ["wsgi.input"].read() or b"app:" + environ["PATH_INFO"].encode()
    start("200 OK", [("Content-Length", str(len(body)))])
    return [body]


def front(head: bytes, peer: str) -> bytes | None:
    if head.startswith(b"GET /front "):
        return OK + b"\r\nfront"
    if head.startswith(b"GET /last "):
        return OK + b"Connection: close\r\n\r\nlast!"
    if head.startswith(b"GET /large "):
        return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(LARGE), LARGE)
    if head.startswith(b"GET /broken "):
        raise RuntimeError("the front is broken")
    if head.startswith(b"GET /who "):
        return b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + peer.encode()
    return None


@contextlib.contextmanager
def server(asked: Front = front, **more: Any) -> Iterator[int]:
    listening = socket.create_server(("127.0.0.1", 0), backlog=1_024)
    made = FrontedServer(
        app,
        listening,
        asked,
        threads=2,
        ident=None,
        asyncore_use_poll=True,
        max_request_body_size=32_768,
        **more,
    )

    def answer() -> None:
        # Closing the server from outside takes the socket away under its loop.
        with contextlib.suppress(OSError, ValueError):
            made.run()

    thread = threading.Thread(target=answer, daemon=True)
    thread.start()
    try:
        yield int(listening.getsockname()[1])
    finally:
        made.close()
        made.task_dispatcher.shutdown(timeout=5)
        thread.join(5)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with server() as number:
        yield number


def line_to(port: int, source: str = "127.0.0.1") -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), 10, (source, 0))


def say(port: int, octets: bytes, source: str = "127.0.0.1") -> bytes:
    with line_to(port, source) as line:
        line.sendall(octets)
        return rest_of(line)


def test_a_plain_request_is_answered_at_the_door_and_others_by_the_application(port: int) -> None:
    assert say(port, b"GET /last HTTP/1.1" + HEAD).endswith(b"\r\n\r\nlast!")
    assert say(port, b"GET /app HTTP/1.0" + HEAD).endswith(b"\r\n\r\napp:/app")
    assert say(port, b"POST /last HTTP/1.0\r\nContent-Length: 4\r\n\r\nbody").endswith(b"\r\n\r\nbody")
    assert say(port, b"GET /who HTTP/1.1" + HEAD, "127.0.0.5").endswith(b"127.0.0.5")


def until(line: socket.socket, end: bytes) -> bytes:
    """What comes until it ends so; it may come in pieces."""
    got = b""
    while not got.endswith(end):
        part = line.recv(65_536)
        assert part, got
        got += part
    return got


def test_a_line_that_the_application_has_had_is_answered_at_the_door_again(port: int) -> None:
    with line_to(port) as line:
        for _ in range(3):
            line.sendall(b"GET /app HTTP/1.1" + HEAD)
            until(line, b"app:/app")
            line.sendall(b"GET /front HTTP/1.1" + HEAD)
            assert until(line, b"front") == OK + b"\r\nfront"
        line.sendall(b"GET /large HTTP/1.1" + HEAD)
        assert rest_of(line).endswith(LARGE)


def said_until(line: socket.socket, end: bytes) -> bool:
    """Whether an answer comes that ends so, in however many pieces."""
    said = b""
    while not said.endswith(end):
        part = line.recv(1_000)
        if not part:
            return False
        said += part
    return True


def test_a_line_goes_on_until_an_answer_says_that_it_ends(port: int) -> None:
    with line_to(port) as line:
        for _ in range(3):
            line.sendall(b"GET /front HTTP/1.1" + HEAD)
            assert said_until(line, b"front")
        line.sendall(b"GET /app HTTP/1.1" + HEAD)
        assert said_until(line, b"app:/app")
        line.sendall(b"GET /last HTTP/1.0" + HEAD)
        assert rest_of(line)


def test_what_comes_with_more_behind_it_is_the_applications(port: int) -> None:
    both = b"GET /one HTTP/1.1" + HEAD + b"GET /two HTTP/1.1\r\nConnection: close" + HEAD
    answered = say(port, both)
    assert answered.index(b"app:/one") < answered.index(b"app:/two")


def test_a_front_that_breaks_leaves_it_to_the_application(port: int) -> None:
    assert say(port, b"GET /broken HTTP/1.0" + HEAD).endswith(b"app:/broken")


def test_a_large_answer_reaches_a_reader_that_takes_its_time(port: int) -> None:
    with line_to(port) as line:
        line.sendall(b"GET /large HTTP/1.1" + HEAD)
        time.sleep(0.3)
        assert say(port, b"GET /last HTTP/1.1" + HEAD).endswith(b"last!")
        assert rest_of(line).partition(b"\r\n\r\n")[2] == LARGE


def test_a_head_that_does_not_end_is_sent_away_and_no_other() -> None:
    with server(head_within_s=0.5) as port:
        with line_to(port) as silent, line_to(port) as slow:
            slow.sendall(b"GET /last HTTP/1.1\r\nHost:")
            assert rest_of(slow) == b""
            assert rest_of(silent) == b""
        assert say(port, b"GET /last HTTP/1.1" + HEAD).endswith(b"last!")


def test_a_body_that_does_not_end_is_cut_however_steadily_it_drips() -> None:
    with server(request_within_s=1.0) as port, line_to(port) as line:
        line.sendall(b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n")
        line.settimeout(0.2)
        for _ in range(100):
            try:
                line.sendall(b"x")
                if line.recv(100) == b"":
                    return
            except TimeoutError:
                continue
            except OSError:
                return
    raise AssertionError("it was never cut")


def test_one_address_takes_its_own_places_only(port: int) -> None:
    with contextlib.ExitStack() as stack:
        patient = stack.enter_context(line_to(port, "127.0.0.9"))
        patient.sendall(b"GET /la")
        for _ in range(MOST_WAITING_FROM_ONE + 80):
            greedy = stack.enter_context(line_to(port, "127.0.0.8"))
            greedy.sendall(b"GET /")
        assert say(port, b"GET /last HTTP/1.1" + HEAD).endswith(b"last!")
        patient.sendall(b"st HTTP/1.1" + HEAD)
        assert rest_of(patient).endswith(b"last!")


def test_more_channels_than_there_are_leave_room_for_whoever_comes() -> None:
    with server() as port, contextlib.ExitStack() as stack:
        for _ in range(MOST_CHANNELS + 50):
            line = stack.enter_context(line_to(port))
            line.sendall(b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n")
        for _ in range(20):
            assert say(port, b"GET /app HTTP/1.0" + HEAD).endswith(b"app:/app")


def test_places_fit_into_the_usual_number_of_open_files() -> None:
    assert MOST_WAITING + MOST_CHANNELS < 1_024 - 64
    assert MOST_WAITING_FROM_ONE * 2 < MOST_WAITING


@pytest.mark.parametrize(
    ("octets", "partial"),
    [
        (b"", True),
        (b"G", True),
        (b"GET ", True),
        (b"GET / HTTP/1.1\r\nHo", True),
        (b"HEAD", True),
        (b"HEAD /", True),
        (b"HEA7", False),
        (b"POST", False),
        (b"\x16\x03\x01", False),
        (b"GET / HTTP/1.1\r\n\r\n", False),
        (b"GET /" + b"a" * HEAD_OCTETS, False),
    ],
)
def test_what_may_still_become_a_plain_request_waits(octets: bytes, partial: bool) -> None:
    assert is_partial(octets) == partial


def test_an_answer_that_ends_the_line_says_so_in_its_head() -> None:
    assert is_last(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
    assert not is_last(b"HTTP/1.1 200 OK\r\n\r\n\r\nConnection: close\r\n\r\n")
    assert not is_last(OK + b"\r\nhello")

"""A message centre for tests: SMPP 3.4 on loopback, read and written by hand, so that it shares nothing with the library that we
use."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

BIND, BIND_ANSWER = 0x00000009, 0x80000009
SUBMIT, SUBMIT_ANSWER = 0x00000004, 0x80000004
DELIVER, DELIVER_ANSWER = 0x00000005, 0x80000005
ENQUIRE, ENQUIRE_ANSWER = 0x00000015, 0x80000015
UNBIND, UNBIND_ANSWER = 0x00000006, 0x80000006


@dataclass(frozen=True, slots=True)
class Submitted:
    """One short message that was given to the centre."""

    source: str
    to: str
    esm_class: int
    coding: int
    octets: bytes
    report: int


def split(body: bytes) -> tuple[str, bytes]:
    """A C-octet string, and what follows it."""
    text, _, rest = body.partition(b"\x00")
    return text.decode("latin-1"), rest


@dataclass
class Centre:
    """`answer(number)`: the status of the submission of that number, from 1; None: no answer."""

    answer: Callable[[int], int | None] = lambda _: 0
    password: str = "secret"
    got: list[Submitted] = field(default_factory=list)
    enquired: int = 0
    silent: bool = False
    port: int = 0
    binds: int = 0
    acknowledged: list[tuple[int, int]] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)
    session: socket.socket | None = None
    _sequence: int = 1_000

    def wait_for(self, what: Callable[[], object], within_s: float = 20.0) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: bool(what()), within_s), "it did not happen in time"

    def deliver(
        self,
        source: str,
        text: bytes,
        *,
        esm_class: int = 0,
        coding: int = 0,
        to: str = "4930",
        place: tuple[int, int, int] | None = None,
    ) -> int:
        """Send a message to the shop; its sequence number. `acknowledged` has it with a status when it was taken. `place`: of a
        part by its reference, how many there are, which it is, told beside the text (5.3.2.22 to 5.3.2.24)."""
        self._sequence += 1
        beside = b""
        if place is not None:
            reference, of, number = place
            beside = b"\x02\x0c\x00\x02" + reference.to_bytes(2, "big")
            beside += bytes([2, 0x0E, 0, 1, of, 2, 0x0F, 0, 1, number])
        body = (
            b"\x00"
             b"\x01\x01" + source.encode() + b"\x00"
            + b"\x01\x01" + to.encode() + b"\x00"
            + bytes([esm_class, 0, 0]) + b"\x00\x00" + bytes([0, 0, coding, 0, len(text)]) + text + beside
        )  # fmt: skip
        assert self.session is not None
        self.session.sendall(pdu(DELIVER, 0, self._sequence, body))
        return self._sequence

    def receipt(self, reference: str, state: str = "DELIVRD", source: str = "4930111") -> int:
        """Tell what became of a message."""
        text = f"id:{reference} sub:001 dlvrd:001 submit date:2601010000 done date:2601010001 stat:{state} err:000 text:"
        return self.deliver(source, text.encode(), esm_class=0x04)

    def drop(self) -> None:
        """Break the connection."""
        if self.session is not None:
            with contextlib.suppress(OSError):
                self.session.shutdown(socket.SHUT_RDWR)

    def serve(self, session: socket.socket) -> None:
        """One session, until it breaks."""
        while True:
            head = exactly(session, 16)
            if head is None:
                return
            length, command, status, sequence = (
                int.from_bytes(head[at : at + 4], "big") for at in (0, 4, 8, 12)
            )
            body = exactly(session, length - 16) or b""
            with self.changed:
                reply = self.reply(command, status, sequence, body)
                if reply:
                    try:
                        session.sendall(reply)
                    except OSError:
                        # It broke, or the test is over.
                        return
                if command == BIND:
                    self.session = session
                    self.binds += 1
                self.changed.notify_all()

    def reply(self, command: int, status: int, sequence: int, body: bytes) -> bytes:
        if command == BIND:
            _user, rest = split(body)
            word, _ = split(rest)
            return pdu(BIND_ANSWER, 0 if word == self.password else 0x0E, sequence, b"centre\x00")
        if command == SUBMIT:
            self.got.append(read_submit(body))
            said = self.answer(len(self.got))
            name = f"m{len(self.got)}".encode() + b"\x00"
            return b"" if said is None else pdu(SUBMIT_ANSWER, said, sequence, b"" if said else name)
        if command == ENQUIRE:
            self.enquired += 1
            return b"" if self.silent else pdu(ENQUIRE_ANSWER, 0, sequence, b"")
        if command == UNBIND:
            return pdu(UNBIND_ANSWER, 0, sequence, b"")
        if command == DELIVER_ANSWER:
            self.acknowledged.append((sequence, status))
        return b""


def pdu(command: int, status: int, sequence: int, body: bytes) -> bytes:
    """One PDU (SMPP 3.4, 3.2)."""
    return b"".join(one.to_bytes(4, "big") for one in (16 + len(body), command, status, sequence)) + body


def read_submit(body: bytes) -> Submitted:
    """A submit_sm (4.4.1)."""
    _service, rest = split(body)
    source, rest = split(rest[2:])
    to, rest = split(rest[2:])
    esm_class, rest = rest[0], rest[3:]
    _schedule, rest = split(rest)
    _validity, rest = split(rest)
    report, _replace, coding, _default, length = rest[:5]
    return Submitted(source, to, esm_class, coding, rest[5 : 5 + length], report)


def exactly(session: socket.socket, count: int) -> bytes | None:
    octets = b""
    while len(octets) < count:
        try:
            more = session.recv(count - len(octets))
        except OSError:
            return None
        if not more:
            return None
        octets += more
    return octets


@contextmanager
def message_centre(answer: Callable[[int], int | None] = lambda _: 0) -> Iterator[Centre]:
    """A centre that runs."""
    centre = Centre(answer)
    server = socket.create_server(("127.0.0.1", 0))
    centre.port = server.getsockname()[1]
    sessions: list[socket.socket] = []

    def accept() -> None:
        while True:
            try:
                session, _ = server.accept()
            except OSError:
                return
            sessions.append(session)
            threading.Thread(target=centre.serve, args=(session,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield centre
    finally:
        # A listening socket is woken by shutdown alone; closing it leaves accept() waiting.
        with contextlib.suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)
        server.close()
        for session in sessions:
            with contextlib.suppress(OSError):
                session.shutdown(socket.SHUT_RDWR)
            session.close()
        thread.join(5)

"""The gate's socket: who may ask, one datagram for each question, one for each answer.

Whoever connects is looked at by the kernel's word for who it is (SO_PEERCRED), not by its own. A message can end nothing here:
what is no message is answered with `bad-message`, and whoever does not read its answers is not read either.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import pwd
import selectors
import socket
import stat
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from edge.gate.protocol import MESSAGE_OCTETS, Answer, Ask, BadMessage, Refused, read_ask, write

MOST_CONNECTIONS = 8
MOST_STRANGERS = 4
"""Connections of users who may not ask; they get that as their answer, and take no place of others."""

AT_A_TURN = 64
"""Messages of one connection before the others have their turn."""

ANSWER_BUFFER = 4 << 20
BACKLOG = 16
NOT_ALLOWED = Refused("not-allowed", "This user may not ask the gate; GATE_USERS says who may.")
BROKEN = Refused("broken", "The gate has made a mistake; its log says more.")

_PEER = struct.Struct("=iII")
_ACTIVATED = 3
"""The first descriptor that systemd hands over (sd_listen_fds(3))."""

_log = logging.getLogger(__name__)


class SocketError(Exception):
    """The socket cannot be made; the sentence says why."""


def open_socket(path: Path, environ: dict[str, str]) -> socket.socket:
    """Where to listen: the socket that systemd hands over, else our own at `path`, for its owner and group only."""
    if environ.get("LISTEN_PID") == str(os.getpid()) and environ.get("LISTEN_FDS", "0") != "0":
        listening = socket.socket(fileno=_ACTIVATED)
        if (listening.family, listening.type) != (socket.AF_UNIX, socket.SOCK_SEQPACKET):
            raise SocketError("The socket that systemd handed over is none of ListenSequentialPacket=.")
        return listening
    _take_away_left_over(path)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_CLOEXEC)
    before = os.umask(0o117)
    try:
        listening.bind(str(path))
    except OSError as wrong:
        listening.close()
        raise SocketError(f"GATE_SOCKET ({path}) cannot be made: {wrong.strerror}.") from wrong
    finally:
        os.umask(before)
    listening.listen(BACKLOG)
    return listening


def _take_away_left_over(path: Path) -> None:
    """A socket that a killed helper left; SocketError where one is alive behind it, or where it is no socket."""
    try:
        if not stat.S_ISSOCK(path.lstat().st_mode):
            raise SocketError(f"GATE_SOCKET ({path}) is there and is no socket.")
    except FileNotFoundError:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as line:
        try:
            line.settimeout(1)
            line.connect(str(path))
        except OSError as wrong:
            if wrong.errno != errno.ECONNREFUSED:
                raise SocketError(f"GATE_SOCKET ({path}) cannot be used: {wrong}.") from wrong
        else:
            raise SocketError(f"Another gate answers at {path} already.")
    with contextlib.suppress(FileNotFoundError):
        path.unlink()


def user_numbers(users: tuple[str, ...]) -> frozenset[int]:
    """Who may ask: root, the helper's own user, and these; SocketError for a name that nobody has."""
    numbers = {0, os.geteuid()}
    for user in users:
        try:
            numbers.add(int(user) if user.isdigit() else pwd.getpwnam(user).pw_uid)
        except KeyError:
            raise SocketError(f"GATE_USERS names {user}, and there is no such user.") from None
    return frozenset(numbers)


@dataclass(slots=True, eq=False)
class _Connection:
    line: socket.socket
    allowed: bool
    heard_at: float
    answer: bytes | None = None
    """One that has not been taken yet."""


class Helper:
    """Listens and answers. `later` is called after each answer, `tick` once every `tick_s`."""

    def __init__(
        self,
        listening: socket.socket,
        users: frozenset[int],
        answer: Callable[[Ask], Answer],
        later: Callable[[], None],
        tick: Callable[[], None],
        tick_s: float = 1.0,
    ) -> None:
        self._listening = listening
        self._users = users
        self._answer = answer
        self._later = later
        self._tick = tick
        self._tick_s = tick_s
        self._connections: list[_Connection] = []
        self._buffer = bytearray(MESSAGE_OCTETS + 1)
        self._selector = selectors.DefaultSelector()
        listening.setblocking(False)
        self._selector.register(listening, selectors.EVENT_READ)

    def run(self, stopping: Callable[[], bool]) -> None:
        """Until `stopping` says so."""
        next_tick = time.monotonic() + self._tick_s
        while not stopping():
            ready = self._selector.select(max(0.0, next_tick - time.monotonic()))
            for key, _ in ready:
                if key.data is None:
                    self._accept()
                elif key.data in self._connections:
                    self._turn(key.data)
            if time.monotonic() >= next_tick:
                self._tick()
                next_tick = time.monotonic() + self._tick_s

    def close(self) -> None:
        """Hang up."""
        for connection in list(self._connections):
            self._drop(connection)
        self._selector.close()
        self._listening.close()

    def _accept(self) -> None:
        try:
            line, _ = self._listening.accept()
        except OSError as wrong:
            # The other side has gone, or we have no descriptor left; neither may end us.
            if wrong.errno not in (errno.EAGAIN, errno.ECONNABORTED, errno.EINTR):
                _log.warning("Nobody can be heard: %s", wrong)
                time.sleep(0.05)
            return
        line.setblocking(False)
        _, uid, _ = _PEER.unpack(line.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size))
        with contextlib.suppress(OSError):
            line.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, ANSWER_BUFFER)
        connection = _Connection(line, uid in self._users, time.monotonic())
        same = [one for one in self._connections if one.allowed == connection.allowed]
        if len(same) >= (MOST_CONNECTIONS if connection.allowed else MOST_STRANGERS):
            # Whoever has been silent for longest: a good client connects again.
            self._drop(min(same, key=lambda one: one.heard_at))
        self._connections.append(connection)
        self._selector.register(line, selectors.EVENT_READ, connection)

    def _turn(self, connection: _Connection) -> None:
        """Read and answer as long as there is something to read and the answers are taken, but not for ever."""
        if connection.answer is not None and not self._send(connection, connection.answer):
            return
        for _ in range(AT_A_TURN):
            try:
                length = connection.line.recv_into(self._buffer)
            except BlockingIOError:
                return
            except OSError:
                length = 0
            if not length:
                self._drop(connection)
                return
            connection.heard_at = time.monotonic()
            answer = self._reply(connection, length)
            sent = self._send(connection, answer)
            self._later()
            if not connection.allowed:
                self._drop(connection)
                return
            if not sent:
                return

    def _reply(self, connection: _Connection, length: int) -> bytes:
        if not connection.allowed:
            return write(NOT_ALLOWED)
        try:
            ask = read_ask(bytes(memoryview(self._buffer)[:length]))
        except BadMessage as wrong:
            return write(Refused("bad-message", str(wrong)))
        try:
            return write(self._answer(ask))
        except Exception:  # noqa: BLE001 - see below; it is logged whole
            # A mistake of ours in one answer must not take the gate from everybody else.
            _log.exception("A question was not answered")
            return write(BROKEN)

    def _send(self, connection: _Connection, answer: bytes) -> bool:
        """False where it is not taken yet, or the other side has gone."""
        try:
            connection.line.send(answer)
        except BlockingIOError:
            connection.answer = answer
            self._selector.modify(connection.line, selectors.EVENT_WRITE, connection)
            return False
        except OSError:
            self._drop(connection)
            return False
        if connection.answer is not None:
            connection.answer = None
            self._selector.modify(connection.line, selectors.EVENT_READ, connection)
        return True

    def _drop(self, connection: _Connection) -> None:
        if connection in self._connections:
            self._connections.remove(connection)
            self._selector.unregister(connection.line)
            connection.line.close()

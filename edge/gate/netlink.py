"""Speaks with the kernel's nf_tables over a netlink socket: transactions, dumps, the generation of the ruleset.

Messages as in linux/netfilter/nfnetlink.h and nf_tables.h. What they hold is made by `edge.gate.elements`.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import struct
from collections.abc import Sequence

NETLINK_NETFILTER = 12
SUBSYS_NFTABLES = 10
BATCH_BEGIN, BATCH_END = 16, 17
NEWSETELEM, GETSETELEM, DELSETELEM = ((SUBSYS_NFTABLES << 8) | kind for kind in (12, 13, 14))
GETGEN = (SUBSYS_NFTABLES << 8) | 16
REQUEST, ACK, EXCL, CREATE, DUMP = 0x001, 0x004, 0x200, 0x400, 0x300
DUMP_INTERRUPTED = 0x010
ERROR, DONE = 2, 3
SO_SNDBUFFORCE, SO_RCVBUFFORCE = 32, 33
BUFFER = 4 << 20
DUMP_TRIES = 5

_HEADER = struct.Struct("=IHHIIBBH")
"""nlmsghdr (length, type, flags, sequence, port) and nfgenmsg (family, version, resource)."""

_NLMSG = struct.Struct("=IHHII")
_ERRNO = struct.Struct("=i")
_ATTRIBUTE = struct.Struct("=HH")
_GENERATION = struct.Struct("=HH4s")


class NetlinkError(OSError):
    """The kernel refuses, and has changed nothing; `errno` says why."""


def attribute(kind: int, value: bytes) -> bytes:
    """One attribute: length, kind, value, filled up to four octets."""
    return _ATTRIBUTE.pack(4 + len(value), kind) + value + bytes(-len(value) % 4)


def message(
    kind: int, flags: int, body: bytes, family: int = 0, resource: int = 0, sequence: int = 0
) -> bytes:
    """One message with its two headers."""
    return (
        _HEADER.pack(20 + len(body), kind, flags | REQUEST, sequence, 0, family, 0, socket.htons(resource))
        + body
    )


class Netfilter:
    """A netlink socket. One caller at a time; each call is one question, answered before it returns."""

    def __init__(self) -> None:
        self._socket = socket.socket(
            socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, NETLINK_NETFILTER
        )
        self._socket.bind((0, 0))
        for forced, plain in ((SO_SNDBUFFORCE, socket.SO_SNDBUF), (SO_RCVBUFFORCE, socket.SO_RCVBUF)):
            # Beyond the system's limit only where we are privileged outside of a user namespace, too.
            try:
                self._socket.setsockopt(socket.SOL_SOCKET, forced, BUFFER)
            except PermissionError:
                self._socket.setsockopt(socket.SOL_SOCKET, plain, BUFFER)
        self._sequence = 1
        self._begin = message(BATCH_BEGIN, 0, b"", resource=SUBSYS_NFTABLES)
        self._end = message(BATCH_END, 0, b"", resource=SUBSYS_NFTABLES)

    def close(self) -> None:
        """Let the socket go."""
        self._socket.close()

    def transact(self, messages: Sequence[bytes], generation: int | None = None) -> None:
        """Do all or nothing; NetlinkError otherwise.

        With `generation` only where nobody has changed the ruleset since: ERESTART else. The messages are made without
        sequence; the last one gets it, and is acknowledged when all is committed.
        """
        self._sequence += 1
        begin = self._begin
        if generation is not None:
            begin = message(
                BATCH_BEGIN,
                0,
                _GENERATION.pack(8, 1, generation.to_bytes(4, "big")),
                resource=SUBSYS_NFTABLES,
                sequence=self._sequence,
            )
        length, kind, flags, _, port = _NLMSG.unpack_from(messages[-1])
        last = _NLMSG.pack(length, kind, flags | ACK, self._sequence, port) + messages[-1][16:]
        self._drain()
        try:
            self._socket.send(b"".join((begin, *messages[:-1], last, self._end)))
        except OSError as wrong:
            raise NetlinkError(wrong.errno, os.strerror(wrong.errno or 0)) from wrong
        self._expect_done()

    def _expect_done(self) -> None:
        """The kernel has answered within `send`: either the last message is acknowledged, or something is wrong."""
        wrong: int | None = None
        acknowledged = False
        while answer := self._receive():
            for kind, _, sequence, body in split(answer):
                if kind == ERROR:
                    code = -_ERRNO.unpack_from(body)[0]
                    if code:
                        wrong = code if wrong is None else wrong
                    elif sequence == self._sequence:
                        acknowledged = True
        if wrong is not None:
            raise NetlinkError(wrong, os.strerror(wrong))
        if not acknowledged:
            raise NetlinkError(errno.EPROTO, "the kernel did not acknowledge")

    def _receive(self) -> bytes:
        try:
            return self._socket.recv(BUFFER, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return b""
        except OSError as wrong:
            # More answers than there was room for: they are lost, and so is the acknowledgement.
            raise NetlinkError(wrong.errno, os.strerror(wrong.errno or 0)) from wrong

    def _drain(self) -> None:
        """Whatever an earlier question left."""
        with contextlib.suppress(NetlinkError):
            while self._receive():
                pass

    def generation(self) -> int:
        """A number that every change of the ruleset, by anybody, raises; elements that packets add or that expire do not."""
        for kind, body in self._ask(GETGEN, b"", 0, 0):
            if kind != ERROR:
                return int.from_bytes(_value(body[4:], 1), "big")
        raise NetlinkError(errno.EPROTO, "the kernel has no generation")

    def dump(self, family: int, body: bytes) -> list[bytes]:
        """Every answer's attributes to a dump of a set's elements; ENOENT where the set is not there."""
        for _ in range(DUMP_TRIES):
            try:
                return [answer[4:] for _, answer in self._ask(GETSETELEM, body, DUMP, family)]
            except InterruptedError:
                continue
        raise NetlinkError(errno.EINTR, "the sets change faster than they can be read")

    def _ask(self, kind: int, body: bytes, flags: int, family: int) -> list[tuple[int, bytes]]:
        self._drain()
        self._sequence += 1
        self._socket.send(message(kind, flags, body, family, sequence=self._sequence))
        answers: list[tuple[int, bytes]] = []
        interrupted = False
        while True:
            # A question is answered within `send`, and a dump goes on with each `recv`: nothing here can wait.
            answer = self._receive()
            if not answer:
                raise NetlinkError(errno.EPROTO, "the kernel does not answer")
            for kind_, flags_, sequence, content in split(answer):
                if sequence != self._sequence:
                    continue
                interrupted |= bool(flags_ & DUMP_INTERRUPTED)
                if kind_ == ERROR:
                    code = -_ERRNO.unpack_from(content)[0]
                    raise NetlinkError(code, os.strerror(code))
                if kind_ == DONE:
                    if interrupted:
                        raise InterruptedError
                    return answers
                answers.append((kind_, content))
            if not flags & DUMP and answers:
                return answers


def split(text: bytes) -> list[tuple[int, int, int, bytes]]:
    """The messages of one datagram: kind, flags, sequence and what follows the netlink header."""
    found = []
    at = 0
    while at + 16 <= len(text):
        length, kind, flags, sequence, _ = _NLMSG.unpack_from(text, at)
        if length < 16:
            break
        found.append((kind, flags, sequence, text[at + 16 : at + length]))
        at += (length + 3) & ~3
    return found


def attributes(text: bytes) -> dict[int, bytes]:
    """Attributes by their kind, of each the last one."""
    return dict(each_attribute(text))


def each_attribute(text: bytes) -> list[tuple[int, bytes]]:
    """Attributes in their order, the flags of their kind taken away."""
    found = []
    at = 0
    while at + 4 <= len(text):
        length, kind = _ATTRIBUTE.unpack_from(text, at)
        if length < 4:
            break
        found.append((kind & 0x3FFF, text[at + 4 : at + length]))
        at += (length + 3) & ~3
    return found


def _value(text: bytes, kind: int) -> bytes:
    return attributes(text).get(kind, b"")

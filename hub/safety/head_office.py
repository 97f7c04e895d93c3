"""Head office as a target: the sealed pieces travel over requests that this hub signs with its key there (`hub.wire.backup`)."""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from hub.client.counters import Counters
from hub.client.link import HttpLink, Link, Reply, SignedLink
from hub.client.node import Node
from hub.client.trouble import StorageError
from hub.safety.targets import Missing, TargetError
from hub.wire.backup import PART_BYTES, BackupReply, BackupRequest, read_names
from hub.wire.sync import Problem

logger = logging.getLogger(__name__)

PATH = "/v1/backup"
TIMEOUT_S = 20.0
TRIES = 3
"""Of one part: a line that dropped in the middle of a piece does not begin it again."""

ALONE = "This shop has joined no head office: python -m hub upstream join URL CODE"


class ClockCounters(Counters):
    """Numbers from the clock, in microseconds since 1970. Nothing of the hub's database changes for them: each change would have
    to be shipped. They are far above those of the exchange, so no answer of that fits one of these."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._last = 0

    def take(self, above: int = 0) -> int:
        """The next number, higher than any before it and than `above`."""
        self._last = max(int(self._now() * 1_000_000), self._last + 1, above + 1)
        return self._last


class HeadOfficeTarget:
    """Pieces in the books of this shop at head office. Safe from several threads.

    `identity`: the folder that says who this hub is there; `link`: another way there than the address in it; `now`: seconds.
    """

    def __init__(
        self, identity: Path, link: Link | None = None, now: Callable[[], float] = time.time
    ) -> None:
        self._identity = identity
        self._way = link
        self._counters = ClockCounters(now)
        # One request at a time: head office takes changes in the order of their numbers.
        self._turn = threading.Lock()
        self._url = ""

    @property
    def shown(self) -> str:
        """Where it is, for people."""
        return f"upstream:{self._url}"

    def put(self, name: str, body: bytes) -> None:
        """Keep a piece; it is on head office's disk when this returns."""
        digest = hashlib.sha256(body).hexdigest()
        reply = BackupReply()
        for offset in range(0, max(len(body), 1), PART_BYTES):
            data = body[offset : offset + PART_BYTES]
            reply = self._ask(BackupRequest("put", name, offset, len(body), digest, data), "does not take it")
        if not reply.there:
            raise TargetError(f"{self.shown} does not say that it has {name}.")

    def get(self, name: str) -> bytes:
        """A piece; Missing where there is none."""
        found = bytearray()
        while True:
            reply = self._ask(BackupRequest("get", name, len(found)), "does not give it")
            found += reply.data
            if len(found) == reply.size:
                return bytes(found)
            if not reply.data or len(found) > reply.size:
                raise TargetError(f"{self.shown} gives {name} in parts that do not fit.")

    def names(self, prefix: str) -> list[str]:
        """Every name that begins so, in order."""
        found: list[str] = []
        while True:
            after = found[-1] if found else ""
            reply = self._ask(BackupRequest("list", prefix, after=after), "does not say what it has")
            try:
                names = read_names(reply.data)
            except ValueError as wrong:
                raise TargetError(f"{self.shown} gives a list that cannot be read.") from wrong
            found += names
            if not (reply.more and names):
                return found

    def delete(self, name: str) -> None:
        """Forget a piece."""
        self._ask(BackupRequest("delete", name), "does not forget it")

    def _ask(self, asked: BackupRequest, what: str) -> BackupReply:
        body = msgspec.json.encode(asked)
        with self._turn:
            reply = self._post(body)
        if reply.status == 0:
            logger.warning("head office: %s", reply.body.decode(errors="replace"))
            raise TargetError(f"{self.shown} does not answer.")
        try:
            if reply.status == 200:
                return msgspec.json.decode(reply.body, type=BackupReply)
            problem = msgspec.json.decode(reply.body, type=Problem)
        except (msgspec.MsgspecError, UnicodeDecodeError) as wrong:
            raise TargetError(f"{self.shown} gives an answer that cannot be read.") from wrong
        if problem.code == "no_piece":
            raise Missing(f"{self.shown} does not have {asked.name}.")
        if problem.code == "not_here":
            raise TargetError(f"{self.shown} keeps no backups of shops. Bring its hub to this release.")
        raise TargetError(f"{self.shown} {what}: {problem.sentence}")

    def _post(self, body: bytes) -> Reply:
        link = self._link()
        reply = Reply(0, b"")
        for _ in range(TRIES):
            reply = link.post(PATH, body, TIMEOUT_S)
            highest = _highest(reply)
            if highest is not None:
                link.count_above(highest)
            elif reply.status:
                break
        return reply

    def _link(self) -> SignedLink:
        """The line as it is now: the shop may have joined, moved or left since."""
        try:
            node = Node.load(self._identity)
        except StorageError as wrong:
            raise TargetError(str(wrong)) from wrong
        if node is None:
            raise TargetError(ALONE)
        self._url = node.hub_url
        try:
            return SignedLink(self._way or HttpLink(node.hub_url), node, self._counters)
        except ValueError as wrong:
            raise TargetError(str(wrong)) from wrong


def _highest(reply: Reply) -> int | None:
    """The highest number that head office has seen, where it refuses a request for its number."""
    if reply.status != 409:
        return None
    try:
        return msgspec.json.decode(reply.body, type=Problem).highest
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None

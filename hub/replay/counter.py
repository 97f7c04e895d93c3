"""The two ways to the hub that everybody has: `/api/v1` with a key, and `/v1` as a device that joined with a pairing code."""

from __future__ import annotations

import http.client
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec

from hub.client.enrolling import EnrolError, enrol
from hub.client.link import HttpLink
from hub.client.node import Node
from hub.replay.shops import CannotPlay
from hub.wire.events import Event, Fact, make_event, write_event
from hub.wire.identity import sign_request
from hub.wire.snapshot import Manifest
from hub.wire.sync import MAX_BATCH, Problem, RedeemReply, RedeemRequest, SyncReply, SyncRequest

WAIT_S = 60.0
TRIES = 5

T = TypeVar("T")


class Programs:
    """Asks `/api/v1` as another program does."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "", parts.port

    def ask(self, method: str, path: str, key: str, body: object = None, once: str = "") -> Any:
        """The answer; CannotPlay with what the hub said. `once`: an Idempotency-Key."""
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        if once:
            headers["Idempotency-Key"] = once
        connection = http.client.HTTPConnection(self._host, self._port, timeout=WAIT_S)
        try:
            connection.request(
                method, f"/api/v1{path}", None if body is None else msgspec.json.encode(body), headers
            )
            response = connection.getresponse()
            text = response.read()
        except (OSError, http.client.HTTPException) as wrong:
            raise CannotPlay(f"The hub does not answer {method} {path}: {wrong}") from wrong
        finally:
            connection.close()
        if response.status >= 300:
            raise Unanswered(method, path, response.status, text)
        return msgspec.json.decode(text)


class Unanswered(CannotPlay):
    """The hub says no. `code` is its word for programs."""

    def __init__(self, method: str, path: str, status: int, text: bytes) -> None:
        try:
            told = msgspec.json.decode(text)
            self.code, sentence = str(told["code"]), str(told.get("detail") or told.get("sentence"))
        except (msgspec.MsgspecError, KeyError, TypeError, AttributeError):
            self.code, sentence = "", f"an answer that cannot be read, status {status}"
        super().__init__(f"{method} {path}: {sentence}")


class Device:
    """A door or a till of one shop, known by the key that it made when it joined."""

    def __init__(self, url: str, node: Node) -> None:
        self.node = node
        self._link = HttpLink(url, node.record.hub)
        # Rises from one run to the next; a request takes longer than a microsecond.
        self._counter = time.time_ns() // 1_000
        self._have: dict[str, str] = {}

    @classmethod
    def joined(cls, url: str, folder: Path, code: str, program: str, name: str) -> Device:
        """One that joins with this code."""
        try:
            return cls(url, enrol(folder, url, code, program, name, HttpLink(url)))
        except EnrolError as wrong:
            raise CannotPlay(str(wrong)) from wrong

    @classmethod
    def known(cls, url: str, folder: Path) -> Device | None:
        """The one that joined before; None where none did."""
        node = Node.load(folder)
        return None if node is None else cls(url, node)

    def event(self, seq: int, at: float, fact: Fact) -> Event:
        """A fact of its journal."""
        return make_event(self.node.device, self.node.epoch + 1, seq, fact, at=at, clock="ntp")

    def tell(self, events: Sequence[Event]) -> int:
        """One exchange, of at most `MAX_BATCH` events; how many of them were new."""
        assert len(events) <= MAX_BATCH  # noqa: S101 - whoever calls cuts them
        texts = tuple(msgspec.Raw(write_event(event)) for event in events)
        reply = self._post("/v1/sync", SyncRequest(events=texts, have=self._have, clock="ntp"), SyncReply)
        bad = next((one for one in reply.verdicts if one.outcome not in ("taken", "known")), None)
        if bad is not None:
            raise CannotPlay(f"The hub cannot use a fact of {self.node.device}: {bad}")
        if reply.snapshot is not None:
            self._have = msgspec.json.decode(reply.snapshot.manifest, type=Manifest).sections
        return sum(one.outcome == "taken" for one in reply.verdicts)

    def redeem(self, asked: RedeemRequest) -> RedeemReply:
        """What the hub decides."""
        return self._post("/v1/redeem", asked, RedeemReply)

    def _post(self, path: str, asked: msgspec.Struct, kind: type[T]) -> T:
        body = msgspec.json.encode(asked)
        said = ""
        for _ in range(TRIES):
            self._counter += 1
            headers = sign_request(self.node.key, self.node.device, self._counter, "POST", path, body)
            reply = self._link.post(path, body, headers, WAIT_S)
            if reply.status == 200:
                return msgspec.json.decode(reply.body, type=kind)
            said = _sentence(reply.status, reply.body)
            if reply.status:
                break
            time.sleep(1.0)
        raise CannotPlay(f"{self.node.device} {path}: {said}")


def _sentence(status: int, body: bytes) -> str:
    try:
        return msgspec.json.decode(body, type=Problem).sentence
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return f"status {status}, {body[:200].decode(errors='replace')}"

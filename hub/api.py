"""What nodes ask of the hub, over HTTP: `/v1/sync`, `/v1/redeem`, `/v1/enrol`, and the document that describes them.

Every answer is JSON; every refusal a `Problem` with a sentence. An answer to a request that names its device and counter is
signed over them, also a refusal, so that a node can believe it. No input makes this side fail: 400 a body that cannot be
read, 401 not signed, 403 withdrawn, 409 counted wrongly, 413 too long, 429 too many wrong codes, 507 the disk is full.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask import Blueprint, Response, request
from werkzeug.exceptions import ClientDisconnected, HTTPException, RequestEntityTooLarge

from hub.client.clock import Clock
from hub.client.db import StorageError
from hub.code_keys import SECTION as CODE_KEYS
from hub.code_keys import CodeKeys
from hub.devices import enrol
from hub.ingest import read_batch, take
from hub.keys import heard, renewed, wants_new_key
from hub.redeeming import redeem
from hub.sealed import Secret
from hub.snapshots import SnapshotMaker
from hub.store.base import Store
from hub.store.records import Device
from hub.wire.identity import (
    COUNTER_HEADER,
    DEVICE_HEADER,
    SIGNATURE_HEADER,
    read_public,
    request_is_signed,
    sign_reply,
)
from hub.wire.sync import (
    MAX_BODY_BYTES,
    WIRE_VERSION,
    EnrolRequest,
    Problem,
    RedeemRequest,
    RenewRequest,
    SyncReply,
    SyncRequest,
)

logger = logging.getLogger(__name__)

MAX_COUNTER = 2**53
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_COUNTER = re.compile(r"[0-9]{1,16}")
_sync = msgspec.json.Decoder(SyncRequest)
_redeem = msgspec.json.Decoder(RedeemRequest)
_enrol = msgspec.json.Decoder(EnrolRequest)
_renew = msgspec.json.Decoder(RenewRequest)

T = TypeVar("T")


class Refusing(Exception):
    """The request ends here, with this status and problem."""

    def __init__(self, status: int, code: str, sentence: str, highest: int | None = None) -> None:
        super().__init__(sentence)
        self.status = status
        self.problem = Problem(code, sentence, highest)


@dataclass(frozen=True, slots=True)
class Api:
    """The hub as nodes see it. `changed` is called after facts came in, with the device's name."""

    store: Store
    key: Ed25519PrivateKey
    snapshots: SnapshotMaker
    clock: Clock
    codes: CodeKeys

    def sync(self, body: bytes) -> msgspec.Struct:
        """One exchange: facts up with a verdict for each, the snapshot down."""
        device, counter = self._who(body)
        asked = _decode(_sync, body)
        batch = read_batch(device.device, body, asked)
        now = self.clock.now()
        with self.store.writing():
            device = self._count(device, counter, now)
            verdicts = take(self.store, batch, now, self.clock.state())
            heard(self.store, device, asked.signs_with, now)
            self.codes.tend(now)
            device = self.store.devices.get(device.device) or device
            snapshot = self.snapshots.for_device(device, asked.have, now)
            renew = asked.signs_with is not None and wants_new_key(self.store, device, now)
        return SyncReply(WIRE_VERSION, now, verdicts, snapshot, renew=renew)

    def renew(self, body: bytes) -> msgspec.Struct:
        """A node has a new key for its coupons."""
        device, counter = self._who(body)
        asked = _decode(_renew, body)
        now = self.clock.now()
        with self.store.writing():
            device = self._count(device, counter, now)
            answer = renewed(self.store, device, asked, now)
        if isinstance(answer, tuple):
            status, problem = answer
            raise Refusing(status, problem.code, problem.sentence)
        return answer

    def redeem(self, body: bytes) -> msgspec.Struct:
        """A till asks; the decision is on disk before it is answered."""
        device, counter = self._who(body)
        asked = _decode(_redeem, body)
        if device.program != "kiosk":
            raise Refusing(403, "not_a_till", f"{device.name} is no till, so it cannot redeem.")
        now = self.clock.now()
        with self.store.writing():
            device = self._count(device, counter, now)
            answer = redeem(self.store, device, asked, now, self.clock.state())
        if isinstance(answer, tuple):
            status, problem = answer
            raise Refusing(status, problem.code, problem.sentence)
        return answer

    def enrol(self, body: bytes) -> msgspec.Struct:
        """A new node with the installer's code."""
        asked = _decode(_enrol, body)
        answer = enrol(self.store, self.key, asked, self.clock.now())
        if isinstance(answer, tuple):
            status, problem = answer
            raise Refusing(status, problem.code, problem.sentence)
        logger.info("enrolled device=%s program=%s", answer.device, asked.program)
        return answer

    def _who(self, body: bytes) -> tuple[Device, int]:
        """The device that signed this request, and the number that it put on it."""
        named = _named()
        if named is None:
            raise Refusing(401, "unsigned", "This request is not signed by a device of the shop.")
        name, counter = named
        device = self.store.devices.get(name)
        if device is None:
            raise Refusing(401, "unknown_device", f"This hub knows no device called {name}. Enrol it again.")
        signature = request.headers.get(SIGNATURE_HEADER, "")
        public = read_public(device.public)
        if not request_is_signed(public, name, counter, request.method, request.path, body, signature):
            raise Refusing(
                401, "bad_signature", f"The signature on this request is not the one of {device.name}."
            )
        if device.withdrawn_at is not None:
            raise Refusing(
                403, "withdrawn", f"{device.name} was withdrawn from this shop. Enrol it again to use it."
            )
        return device, counter

    def _count(self, device: Device, counter: int, now: float) -> Device:
        """Use the number up, in the transaction of what was asked. Looks again: the device may just have been withdrawn."""
        fresh = self.store.devices.get(device.device)
        if fresh is None or fresh.withdrawn_at is not None:
            raise Refusing(403, "withdrawn", f"{device.name} was withdrawn from this shop.")
        window = fresh.window.admit(counter)
        if window is None:
            sentence = "This request was seen before, or its number is too old. The device counts on from the highest."
            raise Refusing(409, "counter_used", sentence, fresh.window.highest)
        self.store.devices.admit(device.device, window, now)
        return fresh


def _named() -> tuple[str, int] | None:
    """The device and counter that a request claims, where they are well formed."""
    name = request.headers.get(DEVICE_HEADER, "")
    counter = request.headers.get(COUNTER_HEADER, "")
    if not _NAME.fullmatch(name) or not _COUNTER.fullmatch(counter) or int(counter) > MAX_COUNTER:
        return None
    return name, int(counter)


def _decode(decoder: msgspec.json.Decoder[T], body: bytes) -> T:
    try:
        return decoder.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ValueError) as wrong:
        raise Refusing(400, "bad_request", f"The hub cannot read this request: {wrong}.") from None


def _body() -> bytes:
    request.max_content_length = MAX_BODY_BYTES
    try:
        return request.get_data(cache=False)
    except RequestEntityTooLarge:
        sentence = f"This request is longer than {MAX_BODY_BYTES} bytes. Send fewer facts at once."
        raise Refusing(413, "too_long", sentence) from None
    except (ClientDisconnected, OSError):
        raise Refusing(400, "cut_off", "The request ended before it was complete.") from None


def _reply(key: Ed25519PrivateKey, status: int, content: msgspec.Struct) -> Response:
    body = msgspec.json.encode(content)
    response = Response(body, status, mimetype="application/json")
    named = _named()
    if named is not None:
        response.headers[SIGNATURE_HEADER] = sign_reply(key, *named, status, body)
    response.headers["Cache-Control"] = "no-store"
    return response


def create_api(store: Store, key: Ed25519PrivateKey, clock: Clock) -> Blueprint:
    """The blueprint for `/v1`."""
    codes = CodeKeys(store, key)
    api = Api(store, key, SnapshotMaker(store, key, [Secret(CODE_KEYS, codes.content)]), clock, codes)
    blueprint = Blueprint("api", __name__, url_prefix="/v1")

    def answering(ask: Callable[[bytes], msgspec.Struct]) -> Callable[[], Response]:
        def view() -> Response:
            try:
                return _reply(key, 200, ask(_body()))
            except Refusing as refusing:
                return _reply(key, refusing.status, refusing.problem)
            except StorageError as wrong:
                logger.warning("storage: %s", wrong)
                return _reply(key, 507, Problem("storage", str(wrong)))

        return view

    for name, ask in (("sync", api.sync), ("redeem", api.redeem), ("enrol", api.enrol), ("renew", api.renew)):
        blueprint.add_url_rule(f"/{name}", name, answering(ask), methods=["POST"])

    @blueprint.get("/openapi.json")
    def openapi() -> Response:
        from hub.openapi import document

        return Response(msgspec.json.encode(document()), mimetype="application/json")

    @blueprint.route("/<path:rest>", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
    def not_here(rest: str) -> Response:
        sentence = f"The hub has no {request.method} /v1/{rest[:100]}. See /v1/openapi.json."
        return _reply(key, 404, Problem("not_here", sentence))

    @blueprint.errorhandler(HTTPException)
    def http_problem(wrong: HTTPException) -> Response:
        return _reply(key, wrong.code or 400, Problem("http", wrong.description or wrong.name))

    @blueprint.errorhandler(Exception)
    def broken(wrong: Exception) -> Response:
        logger.critical("a request could not be answered", exc_info=wrong)
        return _reply(
            key,
            500,
            Problem("broken", "Something went wrong in the hub. It is in its log. Nothing was lost."),
        )

    return blueprint

"""`/api/v1`: what other programs ask of the hub, with a key that speaks for one shop and has only the rights that it was given.

    Authorization: Bearer sbk_…
    Idempotency-Key: any text of the program's own      at a change: the same one again gets the same answer, and changes nothing

Answers are JSON, refusals application/problem+json (RFC 9457). 401 no key, or none that is good; 403 it may not; 404 not in
this shop; 409 as things stand; 422 what was sent cannot hold. No input makes this side fail; 507 is a full or failing disk.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import msgspec
from flask import Blueprint, Response, request
from werkzeug.exceptions import ClientDisconnected, HTTPException, RequestEntityTooLarge

from hub.client.db import StorageError
from hub.outside.asking import Answer, Call, Hub, Operation, Refused, note_refused, who_of
from hub.outside.keys import find_key, key_named, note_use, rights_of
from hub.outside.operations import OPERATIONS, PREFIX, SECRET
from hub.outside.shapes import ImportWanted, ProblemDetails
from hub.store.base import Store
from hub.wire.sealing import BadSeal, seal, unseal

logger = logging.getLogger(__name__)

MOST_BYTES, MOST_IMPORT_BYTES = 2**20, 24 * 2**20
MOST_NUMBER = 2**32 - 1
REQUEST_KEY = re.compile(r"[!-~]{1,100}")
NAMELESS_AN_HOUR = 60
"""Refused changes without a good key stand in the record one by one up to so many in an hour: anybody can send more."""

_PATH = re.compile(r"\{(\w+)\}")
_NAMED = {
    "serial": re.compile("[0-9a-f]{16}"),
    "device": re.compile("[a-z0-9][a-z0-9-]{0,39}"),
    "member": re.compile("[0-9a-f]{32}"),
}


def create_outside(hub: Hub) -> Blueprint:
    """The blueprint for `/api/v1`."""
    blueprint = Blueprint("outside", __name__, url_prefix=PREFIX)
    for operation in OPERATIONS:
        blueprint.add_url_rule(
            _PATH.sub(r"<\1>", operation.path),
            operation.name,
            _view(hub, operation),
            methods=[operation.method],
        )

    @blueprint.get("/openapi.json")
    def openapi() -> Response:
        from hub.openapi import document

        return Response(msgspec.json.encode(document()), mimetype="application/json")

    @blueprint.route("/", defaults={"rest": ""}, methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
    @blueprint.route("/<path:rest>", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
    def nowhere(rest: str) -> Response:
        allowed = [one.method for one in OPERATIONS if _fits(one.path, f"/{rest}")]
        if allowed:
            sentence = f"{PREFIX}/{rest[:100]} takes {', '.join(allowed)}."
            response = _problem(Refused(405, "not_this_way", sentence))
            response.headers["Allow"] = ", ".join(allowed)
            return response
        return _problem(
            Refused(404, "not_here", f"There is no {PREFIX}/{rest[:100]}. See {PREFIX}/openapi.json.")
        )

    @blueprint.errorhandler(HTTPException)
    def http_problem(wrong: HTTPException) -> Response:
        return _problem(Refused(wrong.code or 400, "http", wrong.description or wrong.name))

    @blueprint.errorhandler(Exception)
    def broken(wrong: Exception) -> Response:
        logger.critical("a question of another program could not be answered", exc_info=wrong)
        return _problem(Refused(500, "broken", "Something went wrong in the hub. It is in its log."))

    return blueprint


def _view(hub: Hub, operation: Operation) -> Any:
    def view(**path: str) -> Response:
        try:
            return _answered(hub, operation, path)
        except Refused as refused:
            return _problem(refused)
        except StorageError as wrong:
            logger.warning("storage: %s", wrong)
            return _problem(Refused(507, "storage", str(wrong)))

    return view


def _answered(hub: Hub, operation: Operation, path: Mapping[str, str]) -> Response:
    store, call = _call(hub, operation, path)
    if not operation.writes or not call.request or operation.name == "takeCoupon":
        # A coupon that is taken has the key of its request itself: the same one again is the same coupon.
        return _response(operation, operation.do(call))
    asked = hashlib.sha256(
        b"\n".join((operation.name.encode(), request.path.encode(), call_bytes(call)))
    ).hexdigest()
    # In one transaction with what is done, so that it is done once however often it is asked.
    with store.writing():
        before = store.outside.answer(call.key.id, call.request)
        if before is not None:
            if before[0] != asked:
                raise Refused(
                    422, "key_used", "This Idempotency-Key was used for something else. Take another one."
                )
            return _again(hub, operation, before[1], before[2])
        response = _response(operation, operation.do(call))
        body = response.get_data()
        if operation.answer in SECRET:
            body = seal(hub.key.public_key().public_bytes_raw(), body, os.urandom(32)).encode()
        store.outside.keep_answer(call.key.id, call.request, asked, response.status_code, body, call.now)
    return response


def call_bytes(call: Call) -> bytes:
    """What was asked, as text that is the same for the same content."""
    return msgspec.json.encode(call.body)


def _again(hub: Hub, operation: Operation, status: int, body: bytes) -> Response:
    if operation.answer in SECRET:
        try:
            body = unseal(hub.key, body.decode())
        except BadSeal:
            raise Refused(
                409, "key_used", "This was done before, and its answer cannot be read any more."
            ) from None
    response = Response(body, status, mimetype="application/json")
    response.headers["Idempotency-Replayed"] = "true"
    response.headers["Cache-Control"] = "no-store"
    return response


def _call(hub: Hub, operation: Operation, path: Mapping[str, str]) -> tuple[Store, Call]:
    """Who asks for what, where they may."""
    now = hub.now()
    found = find_key(hub.store, _bearer())
    if found is None:
        _note_nameless(hub, operation, now)
        raise Refused(
            401, "no_key", "Send a key of this hub: Authorization: Bearer sbk_… It is made in the office."
        )
    store, key = found
    rights = rights_of(key)
    note_use(store, key, now)
    if operation.right not in rights:
        if operation.writes:
            note_refused(store, now, who_of(key), operation.name, operation.right, key.scopes)
        raise Refused(403, "not_allowed", f"This key has no right to {operation.right.value}.")
    request_key = request.headers.get("Idempotency-Key", "")
    if request_key and not REQUEST_KEY.fullmatch(request_key):
        raise Refused(
            400, "bad_request", "An Idempotency-Key has 1 to 100 letters, digits and signs, no spaces."
        )
    return store, Call(
        hub, store, key, rights, now, _path(path), _query(operation), _body(operation), request_key
    )


def _bearer() -> str:
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    return text.strip() if scheme.lower() == "bearer" else ""


def _note_nameless(hub: Hub, operation: Operation, now: float) -> None:
    """A change that somebody without a good key tried: in the record of the shop whose key it looks like, else of this hub's."""
    if not operation.writes:
        return
    named = key_named(_bearer())
    number = hub.store.outside.shop_of_key(named[0]) if named else None
    store = hub.store if number is None or number == hub.store.shop.number else hub.store.of_shop(number)
    hour = str(int(now // 3_600))
    if store.entry.knocks("api", hour).count >= NAMELESS_AN_HOUR:
        return
    with store.writing():
        store.entry.knock("api", hour, now, forget_after_s=3_600.0)
        who = f"nobody (key {named[0]})" if named and number else "nobody"
        note_refused(store, now, who, operation.name, operation.right, "")


def _path(path: Mapping[str, str]) -> dict[str, Any]:
    """The parts of the address; 404 where one cannot be of anything here."""
    values: dict[str, Any] = {}
    for name, text in path.items():
        pattern = _NAMED.get(name)
        if pattern is not None:
            if not pattern.fullmatch(text):
                raise Refused(404, "not_here", f"There is no {name} {text[:60]!r} here.")
            values[name] = text
        elif text.isascii() and text.isdecimal() and len(text) <= 10 and 1 <= int(text) <= MOST_NUMBER:
            values[name] = int(text)
        else:
            raise Refused(404, "not_here", f"There is no {name} {text[:60]!r} here.")
    return values


def _query(operation: Operation) -> Any:
    if operation.query is None:
        return None
    try:
        return msgspec.convert(_arguments(operation.query), operation.query, strict=False)
    except (msgspec.ValidationError, ValueError) as wrong:
        raise Refused(400, "bad_request", f"The hub cannot read this question: {wrong}.") from None


def _arguments(kind: type[msgspec.Struct]) -> dict[str, str | list[str]]:
    """What stands behind the question mark; what may come several times is a list."""
    several = {one.encode_name for one in msgspec.structs.fields(kind) if one.default_factory is list}
    return {
        name: values if name in several else values[0]
        for name, values in request.args.to_dict(flat=False).items()
    }


def _body(operation: Operation) -> Any:
    if operation.asked is None:
        return None
    request.max_content_length = MOST_IMPORT_BYTES if operation.asked is ImportWanted else MOST_BYTES
    if request.mimetype != "application/json":
        raise Refused(415, "not_json", "Send JSON, with Content-Type: application/json.")
    try:
        text = request.get_data(cache=False)
    except RequestEntityTooLarge:
        raise Refused(413, "too_long", f"At most {request.max_content_length} bytes.") from None
    except (ClientDisconnected, OSError):
        raise Refused(400, "cut_off", "The request ended before it was complete.") from None
    try:
        return msgspec.json.decode(text, type=operation.asked)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ValueError) as wrong:
        raise Refused(400, "bad_request", f"The hub cannot read this request: {wrong}.") from None


def _response(operation: Operation, answer: Answer) -> Response:
    if isinstance(answer, Response):
        return answer
    response = Response(msgspec.json.encode(answer), operation.status, mimetype="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response


def _problem(refused: Refused) -> Response:
    status = refused.status
    title = HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else "Problem"
    content = ProblemDetails("about:blank", title, status, refused.code, refused.sentence, refused.faults)
    response = Response(msgspec.json.encode(content), status, mimetype="application/problem+json")
    if status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="Shopbell"'
    response.headers["Cache-Control"] = "no-store"
    return response


def _fits(pattern: str, path: str) -> bool:
    return re.fullmatch(_PATH.sub("[^/]+", pattern), path) is not None

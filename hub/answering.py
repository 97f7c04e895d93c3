"""A question of a node over HTTP and the answer to it: who claims to ask, what was sent, the hub's signature over the answer."""

from __future__ import annotations

import re

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask import Response, request
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge

from hub.refusing import Refusing
from hub.wire.identity import COUNTER_HEADER, DEVICE_HEADER, SIGNATURE_HEADER, sign_reply
from hub.wire.sync import MAX_BODY_BYTES

MAX_COUNTER = 2**53
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_COUNTER = re.compile(r"[0-9]{1,16}")


def claims() -> tuple[str, int] | None:
    """The device and counter that a request claims, where they are well formed."""
    name = request.headers.get(DEVICE_HEADER, "")
    counter = request.headers.get(COUNTER_HEADER, "")
    if not _NAME.fullmatch(name) or not _COUNTER.fullmatch(counter) or int(counter) > MAX_COUNTER:
        return None
    return name, int(counter)


def whole_body() -> bytes:
    """What was sent. Refusing where it is too long, or was cut off."""
    try:
        return _read_all(request.content_length)
    except RequestEntityTooLarge:
        sentence = f"This request is longer than {MAX_BODY_BYTES} bytes. Send fewer facts at once."
        raise Refusing(413, "too_long", sentence) from None
    except (ClientDisconnected, OSError):
        raise Refusing(400, "cut_off", "The request ended before it was complete.") from None


def _read_all(length: int | None) -> bytes:
    if length is None or length > MAX_BODY_BYTES:
        request.max_content_length = MAX_BODY_BYTES
        return request.get_data(cache=False)
    # At once, and not copied piece by piece: the server has all of it already.
    body: bytes = request.environ["wsgi.input"].read(length)
    if len(body) < length:
        raise ClientDisconnected
    return body


def signed_answer(key: Ed25519PrivateKey, status: int, content: msgspec.Struct) -> Response:
    """An answer that the node can believe: signed over its own number, also where it is a refusal."""
    body = msgspec.json.encode(content)
    response = Response(body, status, mimetype="application/json")
    claimed = claims()
    if claimed is not None:
        response.headers[SIGNATURE_HEADER] = sign_reply(key, *claimed, status, body)
    response.headers["Cache-Control"] = "no-store"
    return response

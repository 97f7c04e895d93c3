"""The OpenAPI 3.1 document of `/v1` for nodes and of `/api/v1` for other programs, made from the types that go in and come out,
so that it cannot say anything else."""

from __future__ import annotations

from typing import Any

import msgspec

from hub.every_question import EVERY
from hub.outside.described import KEY_SCHEME, paths, types
from hub.wire.backup import BackupReply, BackupRequest
from hub.wire.identity import COUNTER_HEADER, DEVICE_HEADER, SIGNATURE_HEADER
from hub.wire.joining import AskReply, AskRequest, HelloReply, HelloRequest
from hub.wire.sync import (
    WIRE_VERSION,
    EnrolReply,
    EnrolRequest,
    Problem,
    RedeemReply,
    RedeemRequest,
    RenewReply,
    RenewRequest,
    SyncReply,
    SyncRequest,
)

_PLACE = "#/components/schemas/{name}"

PROBLEMS = {
    400: "The body cannot be read.",
    401: "Not signed by a device of this shop.",
    403: "The device was withdrawn, or may not do this.",
    404: "The hub has decided no such act.",
    409: "The counter or nonce was used before.",
    413: "The body is too long.",
    415: "The body is not JSON.",
    429: "Too many wrong codes.",
    503: "The hub was set back to a backup and is hearing what it forgot; try again in a moment.",
    507: "The hub's disk does not take it; nothing was lost.",
}

OPERATIONS = (
    ("sync", "Facts up with a verdict for each, the snapshot down.", SyncRequest, SyncReply, True),
    (
        "redeem",
        "A till asks whether a coupon is good; yes is a redemption.",
        RedeemRequest,
        RedeemReply,
        True,
    ),
    ("renew", "A device has a new key for its coupons.", RenewRequest, RenewReply, True),
    ("backup", "A shop's hub keeps its backup at head office.", BackupRequest, BackupReply, True),
    ("enrol", "A new device with the installer's pairing code.", EnrolRequest, EnrolReply, False),
    ("hello", "A new device asks which hub this is.", HelloRequest, HelloReply, False),
    ("ask", "A new device shows a code, and waits to be accepted by it.", AskRequest, AskReply, False),
    *((one.name, one.says, one.asked, one.reply, True) for one in EVERY),
)


def document() -> dict[str, Any]:
    """The document as JSON-ready values."""
    kinds = [Problem, *(kind for operation in OPERATIONS for kind in operation[2:4]), *types()]
    references, schemas = msgspec.json.schema_components(kinds, ref_template=_PLACE)
    by_type = dict(zip(kinds, references, strict=True))
    nodes = {
        f"/v1/{name}": {
            "post": _operation(name, summary, by_type[asked], by_type[answer], by_type[Problem], signed)
        }
        for name, summary, asked, answer, signed in OPERATIONS
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Shopbell hub",
            "version": str(WIRE_VERSION),
            "description": "What the nodes of a shop ask of its hub under /v1, and other programs under /api/v1. Each request of "
            "a node is signed with the device's Ed25519 key over device, counter, method, path and body; each reply is signed "
            "by the hub over the same counter. Other programs send a key that is made in the office.",
        },
        "paths": nodes | paths(by_type),
        "components": {"schemas": schemas, "securitySchemes": {"key": KEY_SCHEME}},
    }


def _operation(
    name: str,
    summary: str,
    asked: dict[str, Any],
    answer: dict[str, Any],
    problem: dict[str, Any],
    signed: bool,
) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": name,
        "summary": summary,
        "tags": ["nodes"],
        "requestBody": {"required": True, "content": {"application/json": {"schema": asked}}},
        "responses": {
            "200": {"description": "Done.", "content": {"application/json": {"schema": answer}}},
            **{
                str(status): {"description": text, "content": {"application/json": {"schema": problem}}}
                for status, text in PROBLEMS.items()
            },
        },
    }
    if signed:
        operation["parameters"] = [
            {"name": DEVICE_HEADER, "in": "header", "required": True, "schema": {"type": "string"}},
            {
                "name": COUNTER_HEADER,
                "in": "header",
                "required": True,
                "schema": {"type": "integer", "minimum": 1},
            },
            {"name": SIGNATURE_HEADER, "in": "header", "required": True, "schema": {"type": "string"}},
        ]
    return operation

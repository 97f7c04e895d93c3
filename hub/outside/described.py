"""The part of the OpenAPI document that is about other programs, made from the table of operations."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from hub.outside.asking import Operation
from hub.outside.operations import OPERATIONS, PREFIX
from hub.outside.shapes import ProblemDetails

KEY_SCHEME = {
    "type": "http",
    "scheme": "bearer",
    "description": "sbk_<id>_<secret>: a key of one shop with the rights that it was given, made in the office.",
}

PROBLEMS = {
    400: "What was sent cannot be read.",
    401: "No key, or none that is good.",
    403: "The key has no right to this; a change that was refused stands in the shop's record.",
    404: "Nothing of that name in this shop.",
    409: "Not as things stand.",
    413: "The body is too long.",
    415: "The body is not JSON.",
    422: "What was sent cannot hold; `faults` says what, by field. Or an Idempotency-Key that was used for something else.",
    507: "The hub's disk does not take it; nothing was changed.",
}

_PARTS = re.compile(r"\{(\w+)\}")
_PATH_SCHEMAS: dict[str, dict[str, Any]] = {
    "serial": {"type": "string", "pattern": "^[0-9a-f]{16}$"},
    "device": {"type": "string", "pattern": "^[a-z0-9][a-z0-9-]{0,39}$"},
    "member": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
}
_NUMBER = {"type": "integer", "minimum": 1, "maximum": 2**32 - 1}
_REQUEST_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "The same one again gets the same answer, and changes nothing.",
    "schema": {"type": "string", "pattern": "^[!-~]{1,100}$"},
}


def types() -> list[type[msgspec.Struct]]:
    """Every type that goes in or comes out, each once."""
    found: dict[type[msgspec.Struct], None] = {ProblemDetails: None}
    for operation in OPERATIONS:
        found |= dict.fromkeys(kind for kind in (operation.asked, operation.answer) if kind is not None)
    return list(found)


def paths(by_type: Mapping[Any, dict[str, Any]]) -> dict[str, Any]:
    """The paths with their operations."""
    found: dict[str, Any] = {}
    for operation in OPERATIONS:
        found.setdefault(PREFIX + operation.path, {})[operation.method.lower()] = _described(
            operation, by_type
        )
    return found


def _described(operation: Operation, by_type: Mapping[Any, dict[str, Any]]) -> dict[str, Any]:
    if operation.answer is None:
        content: dict[str, Any] = {operation.media: {"schema": {"type": "string", "format": "binary"}}}
    else:
        content = {"application/json": {"schema": by_type[operation.answer]}}
    problem = {"application/problem+json": {"schema": by_type[ProblemDetails]}}
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "description": f"Needs the right `{operation.right.value}`.",
        "tags": ["programs"],
        "security": [{"key": []}],
        "parameters": _parameters(operation),
        "responses": {
            str(operation.status): {"description": "Done.", "content": content},
            **{
                str(status): {"description": PROBLEMS[status], "content": problem}
                for status in sorted(_problems(operation))
            },
        },
    }
    if operation.asked is not None:
        body = {"application/json": {"schema": by_type[operation.asked]}}
        described["requestBody"] = {"required": True, "content": body}
    return described


def _problems(operation: Operation) -> set[int]:
    """The statuses that this operation can end with beside its own."""
    found = {400, 401, 403, 507, *operation.problems}
    if operation.writes:
        found |= {409, 422}
    if _PARTS.search(operation.path) or operation.name in ("getShop", "takeCoupon"):
        found.add(404)
    if operation.asked is not None:
        found |= {413, 415}
    return found


def _parameters(operation: Operation) -> list[dict[str, Any]]:
    parts = [
        {"name": name, "in": "path", "required": True, "schema": _PATH_SCHEMAS.get(name, _NUMBER)}
        for name in _PARTS.findall(operation.path)
    ]
    return [*parts, *_questions(operation.query), *([_REQUEST_KEY] if operation.writes else [])]


def _questions(kind: type[msgspec.Struct] | None) -> list[dict[str, Any]]:
    """The parameters of a question, from its type: what may be left out is left out, not null."""
    if kind is None:
        return []
    _, components = msgspec.json.schema_components([kind])
    properties: dict[str, dict[str, Any]] = components[kind.__name__]["properties"]
    found = []
    for name, schema in properties.items():
        some = [one for one in schema.get("anyOf", [schema]) if one.get("type") != "null"]
        found.append({"name": name, "in": "query", "required": False, "schema": some[0]})
    return found

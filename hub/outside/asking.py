"""One question of another program to `/api/v1`: what an operation is, who asks, and how a question ends that is not answered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask import Response

from hub.changing import changed, turned
from hub.config import Config
from hub.roles import Right
from hub.sentences import Said
from hub.store.base import Store
from hub.store.outside_records import ApiKey
from hub.store.whole import HubStore
from hub.wire.events import ClockState

Method = Literal["GET", "POST", "PUT", "DELETE"]
Issue = Callable[[int, str, float, str], Any]
"""Hand out a coupon of the home shop: campaign, request, now, member. hub.client.desk.Issued, or Refused."""


class Refused(Exception):
    """The question ends here: a status below 500, a word for programs, a sentence for people."""

    def __init__(
        self, status: int, code: str, sentence: str, faults: Mapping[str, Said | str] | None = None
    ) -> None:
        super().__init__(sentence)
        self.status = status
        self.code = code
        self.sentence = sentence
        self.faults = {name: str(fault) for name, fault in (faults or {}).items()}


@dataclass(frozen=True, slots=True)
class Hub:
    """What every question works with. `issue` is None where this process hands out no coupons."""

    store: HubStore
    config: Config
    key: Ed25519PrivateKey
    now: Callable[[], float]
    clock: Callable[[], ClockState]
    issue: Issue | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """One question: of which shop (`store` speaks for it), by which key, with what. `request`: its idempotency key, or ""."""

    hub: Hub
    store: Store
    key: ApiKey
    rights: frozenset[Right]
    now: float
    path: Mapping[str, Any] = field(default_factory=dict)
    query: Any = None
    body: Any = None
    request: str = ""

    @property
    def who(self) -> str:
        """How the record of changes names whoever asked."""
        return who_of(self.key)

    def note(
        self, what: str, subject: str, changes: Mapping[str, Mapping[str, object]] | None = None
    ) -> None:
        """Write down that this program changed something."""
        self.store.people.note(changed(self.now, self.who, what, subject, changes or {}))

    def must(self, right: Right, what: str) -> None:
        """Refused, and written down, where the key has no right that the thing itself needs."""
        if right not in self.rights:
            note_refused(self.store, self.now, self.who, what, right, self.key.scopes)
            raise Refused(403, "not_allowed", f"This key has no right to {right.value}.")


Answer = msgspec.Struct | Response


@dataclass(frozen=True, slots=True)
class Operation:
    """One line of the document: what it is called, which right it needs, what goes in and what comes out.

    `path` is as in OpenAPI; `query` and `asked` are types, None where there is nothing; `answer` None: a file, `media` its type.
    `problems`: the statuses that it has beside those that every operation has.
    """

    method: Method
    path: str
    name: str
    summary: str
    right: Right
    do: Callable[[Call], Answer]
    answer: type[msgspec.Struct] | None
    query: type[msgspec.Struct] | None = None
    asked: type[msgspec.Struct] | None = None
    status: int = 200
    problems: tuple[int, ...] = ()
    media: str = "application/zip"

    @property
    def writes(self) -> bool:
        """Whether it changes something."""
        return self.method != "GET"


def who_of(key: ApiKey) -> str:
    """How the record of changes names a program."""
    return f"{key.name} (key {key.id})"


def note_refused(store: Store, now: float, who: str, what: str, right: Right, scopes: str) -> None:
    """Write down that somebody tried to change what they may not. `what`: the operation's name in the document."""
    both = turned("needs", None, right.value) | turned("scopes", None, scopes)
    store.people.note(changed(now, who, "api.refused", what, both))


def missing(what: str) -> Refused:
    """There is no such thing, in this shop."""
    return Refused(404, "not_here", f"There is no {what} here.")


def told(answer: object) -> object:
    """The answer; Refused where it is a sentence."""
    if isinstance(answer, Said):
        raise Refused(409, "cannot", str(answer))
    return answer


def page_from(cursor: str) -> int:
    """A cursor that is a number; Refused where it is none of ours."""
    if not cursor:
        return 0
    if not cursor.isascii() or not cursor.isdecimal() or len(cursor) > 15:
        raise Refused(
            400, "bad_cursor", "This cursor is none that a page of this list named as the next one."
        )
    return int(cursor)

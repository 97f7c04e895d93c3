"""A question that nodes ask under `/v1`: what is asked, what is answered, by whom it may be asked.

`hub.every_question` has them all; `hub.api` answers them, `hub.openapi` describes them. A part adds its own as a tuple of these
in its `api.py`, and one line there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.members.people_key import PeopleKey
from hub.outward import NOWHERE, Outward
from hub.presenting import Beside
from hub.store.base import Store
from hub.store.records import Device
from hub.wire.events import ClockState
from hub.wire.sync import Problem

A = TypeVar("A", bound=msgspec.Struct)

Answer = msgspec.Struct | tuple[int, Problem]
"""The answer, or a status with what is wrong."""


@dataclass(frozen=True, slots=True)
class Here:
    """What an answer may use beside the question: the shop's store, the hub's key, the key of personal fields
    (StorageError where there is none), how far the hub's
    clock is to be trusted, what a decision about a coupon needs, and how the hub is reached."""

    store: Store
    key: Ed25519PrivateKey
    people: Callable[[], PeopleKey]
    clock: ClockState
    beside: Beside
    outward: Outward = NOWHERE


@dataclass(frozen=True, slots=True)
class Question(Generic[A]):
    """One of them: `POST /v1/NAME`, signed and counted as every request of a node.

    `answer` is called inside one transaction that is on disk before the answer is sent; it may run twice, so nothing but the
    database may know that it ran. `programs`: who may ask ("edge", "kiosk", "site", "hub"). `changes` False: it is also answered
    while a hub that was set back still hears what it forgot.
    """

    name: str
    says: str
    asked: type[A]
    reply: type[msgspec.Struct]
    answer: Callable[[Here, Device, A, float], Answer]
    programs: frozenset[str]
    changes: bool = True


AnyQuestion = Question[Any]
TILLS = frozenset({"kiosk"})
NODES = frozenset({"kiosk", "edge", "site"})

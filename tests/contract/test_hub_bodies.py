"""Whatever comes in over `/v1`: never a 5xx, always a sentence; and a batch is read as its events are read one by one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import schemathesis
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from hub.openapi import document
from hub.reading import read_request
from hub.wire.events import BadEvent, OfferSeen, read_event
from hub.wire.sync import Problem, SyncReply
from tests.hub_house import NOON, House, HouseNode, outcomes, visit

DEVICE = "kiosk-1"
LIGHT = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
SCHEMA = schemathesis.openapi.from_dict(document()).include(path_regex="^/v1/")
PATHS = sorted(path for path in document()["paths"] if path.startswith("/v1/"))


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.close()


@pytest.fixture
def till(house: House) -> HouseNode:
    return house.node()


anything: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
numbers = st.one_of(st.integers(-1, 9), st.sampled_from([2**53, 2**53 + 1, 2**63, -(2**63), 1e308, 0.5]))
facts = st.one_of(
    anything,
    st.fixed_dictionaries({"campaign": numbers, "channel": st.sampled_from(["kiosk", "portal", "moon"])}),
    st.fixed_dictionaries(
        {
            "zone": st.text(max_size=5),
            "id": st.text(max_size=5),
            "arrived_at": numbers,
            "departed_at": numbers,
            "dwell_s": numbers,
            "peak_dbm": numbers,
        }
    ),
    st.fixed_dictionaries(
        {
            "serial": st.sampled_from(["00" * 8, "ff" * 8, "FF" * 8, ""]),
            "campaign": numbers,
            "nonce": st.sampled_from(["a", "b", ""]),
            "till": st.text(max_size=3),
            "staff": st.text(max_size=3),
            "value_cents": numbers,
            "offline": st.booleans(),
            "balance_cents": numbers,
            "member": st.text(max_size=3),
        }
    ),
    st.fixed_dictionaries(
        {
            "serial": st.sampled_from(["00" * 8, "ff" * 8]),
            "campaign": numbers,
            "of": st.sampled_from(["a", "b", ""]),
            "redeemed_by": st.sampled_from([DEVICE, "hub", "kiosk-2"]),
            "nonce": st.sampled_from(["a", "c"]),
            "till": st.text(max_size=3),
            "staff": st.text(max_size=3),
            "by": st.sampled_from(["staff", "manager"]),
            "reason": st.text(max_size=3),
            "value_cents": numbers,
            "until": numbers,
            "asked_by": st.sampled_from([DEVICE, "hub"]),
        }
    ),
)
kinds = st.sampled_from(
    [
        *(
            "visit.closed",
            "occupancy.measured",
            "offer.seen",
            "coupon.issued",
            "coupon.redeemed",
            "coupon.refused",
        ),
        *("coupon.reversed", "coupon.reserved", "coupon.released", "offer.shown"),
        *("device.health", "redemption.flagged", "tea.drunk", "nonsense", "a.b\n", ""),
    ]
)
events = st.one_of(
    anything,
    st.fixed_dictionaries(
        {
            "device": st.sampled_from([DEVICE, DEVICE, DEVICE, "hub", "kiosk-2", "KIOSK"]),
            "epoch": st.sampled_from([1, 1, 1, 2, 0, 2**53]),
            "seq": st.one_of(st.integers(1, 30), numbers),
            "kind": kinds,
            "at": st.one_of(st.just(NOON), numbers),
            "clock": st.sampled_from(["ntp", "ntp", "unset", "sundial"]),
            "data": facts,
        }
    ),
)


HALF_A_CHARACTER = {
    "device": DEVICE,
    "epoch": 1,
    "seq": 1,
    "kind": "tea.drunk",
    "at": 1,
    "clock": "ntp",
    "data": "\ud800",
}


def written(content: object, *, ascii_only: bool) -> bytes:
    return json.dumps(content, ensure_ascii=ascii_only, allow_nan=False).encode("utf-8", "surrogatepass")


def says_something(status: int, body: bytes) -> bool:
    return status < 500 and (status == 200 or bool(msgspec.json.decode(body, type=Problem).sentence))


@LIGHT
@given(batch=st.lists(events, max_size=6), ascii_only=st.booleans())
@example(batch=[HALF_A_CHARACTER], ascii_only=True)
def test_random_batches_never_make_the_hub_fail(
    till: HouseNode, batch: list[Any], *, ascii_only: bool
) -> None:
    reply = till.post("/v1/sync", written({"events": batch}, ascii_only=ascii_only))
    assert says_something(reply.status, reply.body), reply.body
    if reply.status == 200:
        assert len(msgspec.json.decode(reply.body, type=SyncReply).verdicts) == len(batch)


@LIGHT
@given(path=st.sampled_from(PATHS), body=st.binary(max_size=200))
def test_random_bytes_never_make_the_hub_fail(till: HouseNode, path: str, body: bytes) -> None:
    reply = till.post(path, body)
    assert says_something(reply.status, reply.body)


@LIGHT
@given(text=st.text(min_size=1, max_size=400), basket=st.none() | st.integers(0, 10**12))
def test_whatever_is_typed_at_a_till_gets_an_answer(till: HouseNode, text: str, basket: int | None) -> None:
    reply = till.ask(text, basket_cents=basket)
    assert says_something(reply.status, reply.body)


@LIGHT
@given(texts=st.lists(events, max_size=5), ascii_only=st.booleans())
def test_a_batch_is_read_as_its_events_are_read_one_by_one(texts: list[Any], *, ascii_only: bool) -> None:
    raw = [msgspec.Raw(written(text, ascii_only=ascii_only)) for text in texts]
    read = read_request(b"[" + b",".join(raw) + b"]", DEVICE)
    for place, text in enumerate(raw):
        try:
            expected = read_event(text)
        except BadEvent:
            assert place in read.bad
            continue
        event = read.events[place]
        if expected.device != DEVICE:
            assert place in read.bad
        else:
            assert event is not None
            assert (event.epoch, event.seq, event.kind, event.at) == (
                expected.epoch,
                expected.seq,
                expected.kind,
                expected.at,
            )


@SCHEMA.parametrize()
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.filter_too_much,
    ],
)
def test_requests_made_from_the_document_never_make_the_hub_fail(
    case: schemathesis.Case, till: HouseNode
) -> None:
    body = (
        case.body
        if isinstance(case.body, dict | list | str | int | float | bool) or case.body is None
        else {}
    )
    reply = till.post(case.path, json.dumps(body).encode())
    assert says_something(reply.status, reply.body)
    assert str(reply.status) in case.operation.definition.raw["responses"]


def test_after_all_that_the_hub_goes_on(till: HouseNode) -> None:
    till.post("/v1/sync", b"\x00")
    assert outcomes(till.report(visit(), OfferSeen(campaign=1, channel="kiosk"))) == ["taken", "taken"]

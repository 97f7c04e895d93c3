"""Facts: what is kept, what is refused as no event at all."""

from __future__ import annotations

import contextlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.wire.events import (
    KINDS,
    MAX_EVENT_BYTES,
    BadEvent,
    CouponIssued,
    CouponRedeemed,
    PurchasePaid,
    make_event,
    read_event,
    read_fact,
    write_event,
)

ISSUED = CouponIssued(
    serial="00ff10203040abcd",
    campaign=4,
    code="0123456789AB",
    key_number=1,
    expires_at=1_800_000_000,
    channel="kiosk",
)


def test_a_fact_comes_back_from_its_event() -> None:
    event = make_event("kiosk-1", 1, 7, ISSUED, at=1_790_000_000.25, clock="lan", boot=3)
    again = read_event(write_event(event))
    assert (again.device, again.epoch, again.seq, again.kind) == ("kiosk-1", 1, 7, "coupon.issued")
    assert (again.at, again.clock, again.boot) == (1_790_000_000.25, "lan", 3)
    assert read_fact(again) == ISSUED


def test_a_purchase_comes_back_with_who_bought_how_much() -> None:
    paid = PurchasePaid(
        id="till-1/4711", till="till-1", staff="s1", cents=12_34, member="m" * 12, items=3, zone="counter"
    )
    assert read_fact(read_event(write_event(make_event("kiosk-1", 1, 1, paid, at=5.0, clock="ntp")))) == paid


def test_a_purchase_has_a_name_and_no_negative_sum() -> None:
    text = b'{"device":"till-1","epoch":1,"seq":1,"kind":"purchase.paid","at":5,"clock":"ntp","data":%s}'
    for data in (
        b'{"id":"","till":"1","staff":"","cents":1}',
        b'{"id":"a","till":"1","staff":"","cents":-1}',
    ):
        with pytest.raises(BadEvent, match=r"purchase\.paid"):
            read_fact(read_event(text % data))


def test_a_redemption_of_an_earlier_release_has_no_purchase_and_a_new_one_keeps_it() -> None:
    data = b'{"serial":"00ff10203040abcd","campaign":4,"nonce":"n","till":"1","staff":"s","value_cents":100}'
    text = (
        b'{"device":"till-1","epoch":1,"seq":1,"kind":"coupon.redeemed","at":5,"clock":"ntp","data":%s}'
        % data
    )
    earlier = read_fact(read_event(text))
    assert isinstance(earlier, CouponRedeemed)
    assert earlier.purchase == ""
    now = msgspec.structs.replace(earlier, purchase="till-1/4711")
    assert read_fact(read_event(write_event(make_event("till-1", 1, 1, now, at=5, clock="ntp")))) == now


def test_a_kind_from_a_later_release_is_an_event_whose_fact_is_not_known() -> None:
    text = b'{"device":"edge-1","epoch":1,"seq":1,"kind":"parrot.spoke","at":5,"clock":"ntp","data":{"said":"x"}}'
    event = read_event(text)
    assert read_fact(event) is None
    assert bytes(event.data) == b'{"said":"x"}'


def test_fields_from_a_later_release_do_not_break_an_event() -> None:
    text = (
        b'{"device":"edge-1","epoch":1,"seq":1,"kind":"offer.seen","at":5,"clock":"ntp","mood":"good",'
        b'"data":{"campaign":4,"channel":"kiosk","weather":"rain"}}'
    )
    fact = read_fact(read_event(text))
    assert fact is not None
    assert msgspec.structs.asdict(fact)["campaign"] == 4


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b"{",
        b'{"device":"edge-1"}',
        b'{"device":"../x","epoch":1,"seq":1,"kind":"offer.seen","at":5,"clock":"ntp"}',
        b'{"device":"edge-1","epoch":0,"seq":1,"kind":"offer.seen","at":5,"clock":"ntp"}',
        b'{"device":"edge-1","epoch":1,"seq":99999999999999999999,"kind":"offer.seen","at":5,"clock":"ntp"}',
        b'{"device":"edge-1","epoch":1,"seq":1,"kind":"Offer Seen","at":5,"clock":"ntp"}',
        b'{"device":"edge-1","epoch":1,"seq":1,"kind":"offer.seen","at":1e300,"clock":"ntp"}',
        b'{"device":"edge-1","epoch":1,"seq":1,"kind":"offer.seen","at":5,"clock":"sundial"}',
        b'{"device":"edge-1","epoch":1,"seq":1,"kind":"offer.seen","at":5,"clock":"ntp","data":"'
        + b"x" * MAX_EVENT_BYTES
        + b'"}',
    ],
)
def test_what_is_no_event_is_told_so_with_a_reason(text: bytes) -> None:
    with pytest.raises(BadEvent, match=r"\w"):
        read_event(text)


def test_a_known_kind_with_broken_data_is_a_bad_event_and_no_fact() -> None:
    text = b'{"device":"edge-1","epoch":1,"seq":1,"kind":"offer.seen","at":5,"clock":"ntp","data":{"campaign":"x"}}'
    with pytest.raises(BadEvent, match=r"offer\.seen"):
        read_fact(read_event(text))


@given(st.binary(max_size=300))
def test_any_bytes_at_all_are_read_or_refused_as_a_bad_event(text: bytes) -> None:
    try:
        event = read_event(text)
    except BadEvent:
        return
    with contextlib.suppress(BadEvent):
        read_fact(event)


def test_every_kind_is_a_noun_and_a_past_tense() -> None:
    for kind in KINDS:
        noun, _, past = kind.partition(".")
        assert noun
        assert past.endswith(("ed", "en", "wn", "paid", "health", "left", "done", "sent", "spent")), kind

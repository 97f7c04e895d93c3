"""Ids are found in facts as our programs write them, and others put in their place without touching anything else."""

from __future__ import annotations

import msgspec

from hub.ledger import write_fact
from hub.wire.events import KINDS, PurchasePaid, make_event, write_event
from hub.wire.fact import MemberId
from hub.wire.forgetting import (
    MEMBER_FIELDS,
    Forgotten,
    ForgottenOne,
    ids_in,
    mark_of,
    opaque_in,
    put_instead,
)

ANN, NEW = "a1" * 16, "0f" * 16


def event(member: str) -> bytes:
    fact = PurchasePaid(id="r1", till="Till 1", staff="s1", cents=100, member=member)
    assert write_fact(fact)
    return write_event(make_event("till-1", 1, 1, fact, at=1.0, clock="ntp"))


def test_every_id_in_a_fact_is_found() -> None:
    text = b"[" + event(ANN) + b"," + event("") + b"," + event("card-0815") + b"]"
    assert set(ids_in(text)) == {ANN, "card-0815"}


def test_every_fact_keeps_ids_in_the_fields_that_are_looked_at() -> None:
    ids = {
        (kind, field.encode_name)
        for kind, fact in KINDS.items()
        for field in msgspec.structs.fields(fact)
        if field.type == MemberId
    }
    assert {name for _, name in ids} <= {*MEMBER_FIELDS, "instead"}
    assert ("consent.given", "member") in ids


def test_an_opaque_id_goes_wherever_it_stands_and_a_short_one_only_where_it_is_a_whole_text() -> None:
    text = b'{"id":"p-' + ANN.encode() + b'","member":"1000"},{"at":1000.5,"member":"' + ANN.encode() + b'"}'
    changed = put_instead(text, {ANN: NEW, "1000": "2000"})
    assert ANN.encode() not in changed
    assert changed == (
        b'{"id":"p-' + NEW.encode() + b'","member":"2000"},{"at":1000.5,"member":"' + NEW.encode() + b'"}'
    )


def test_a_longer_number_is_no_id() -> None:
    assert opaque_in(ANN.encode()) == {ANN}
    assert opaque_in(b"0" + ANN.encode()) == set()


def test_a_hash_tells_nothing_without_the_id_and_differs_by_shop() -> None:
    assert mark_of("salt", ANN) == mark_of("salt", ANN)
    assert mark_of("salt", ANN) != mark_of("other", ANN)
    assert ANN not in mark_of("salt", ANN)
    told = Forgotten("salt", (ForgottenOne(mark_of("salt", ANN), NEW),))
    assert told.by_mark()[mark_of("salt", ANN)] == NEW

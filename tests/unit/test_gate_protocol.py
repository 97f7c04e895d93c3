"""The gate's grammar: what is a message, and what is none."""

from __future__ import annotations

import contextlib
import json
import random
from typing import Any

import pytest

from edge.gate.protocol import (
    MESSAGE_OCTETS,
    MOST_GUESTS,
    AskHealth,
    BadMessage,
    Done,
    End,
    Guests,
    Health,
    Inside,
    LetIn,
    Limits,
    ListGuests,
    Phone,
    Refused,
    Reload,
    SetLimits,
    Stay,
    ip_octets,
    mac_octets,
    read_answer,
    read_ask,
    write,
)

PHONE = Phone("02:00:00:00:00:0a", "10.77.0.9")
LIMITS = Limits(down_per_s=125_000, volume=10_000_000)


@pytest.mark.parametrize(
    "ask",
    [
        LetIn((Stay(PHONE, 60), Stay(Phone("ff:ff:ff:ff:ff:ff", "0.0.0.0"), 31 * 86_400, LIMITS))),
        End((PHONE,)),
        ListGuests(),
        SetLimits(PHONE, LIMITS),
        Reload(),
        AskHealth(),
    ],
)
def test_a_question_arrives_as_it_was_asked(ask: Any) -> None:
    assert read_ask(write(ask)) == ask


@pytest.mark.parametrize(
    "answer",
    [
        Done(3),
        Refused("full", "There is no room."),
        Guests((Inside(PHONE, 12.5, 7, LIMITS),)),
        Health(True, False, "calm", 3, "0123"),
    ],
)
def test_an_answer_arrives_as_it_was_given(answer: Any) -> None:
    assert read_answer(write(answer)) == answer


def let_in(**other: Any) -> bytes:
    stay = {"phone": {"mac": PHONE.mac, "ip": PHONE.ip}, "seconds": 60, **other}
    return json.dumps({"type": "let-in", "stays": [stay]}).encode()


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"null",
        b"[]",
        b"\xff",
        b'{"type":"list"} {"type":"list"}',
        b'{"type":"list","more":1}',
        b'{"type":"let-out","stays":[]}',
        b'{"stays":[]}',
        b'{"type":"let-in","stays":[]}',
        b'{"type":"end","phones":[]}',
        b"[" * 100_000,
        b'{"type":"list"}' + b" " * MESSAGE_OCTETS,
        let_in(seconds=0),
        let_in(seconds=31 * 86_400 + 1),
        let_in(seconds=60.5),
        let_in(seconds="60"),
        let_in(seconds=True),
        let_in(seconds=2**70),
        let_in(limits={"volume": -1}),
        let_in(limits={"volume": 2**50 + 1}),
        let_in(limits={"up_per_s": 2**40 + 1}),
        let_in(limits={"rate": 1}),
        let_in(limits=None),
        let_in(mark=1),
        write(LetIn((Stay(PHONE, 60),) * (MOST_GUESTS + 1))),
    ],
)
def test_what_is_outside_the_grammar_is_no_question(text: bytes) -> None:
    with pytest.raises(BadMessage):
        read_ask(text)


@pytest.mark.parametrize(
    ("mac", "ip"),
    [
        ("02:00:00:00:00:0A", "10.77.0.9"),
        ("02-00-00-00-00-0a", "10.77.0.9"),
        ("h2:00:00:00:00:0a", "10.77.0.9"),
        ("02:00:00:00:00:0", "10.77.0.9"),
        ("02:00:00:00:00:0é", "10.77.0.9"),
        (" 2:00:00:00:00:0a", "10.77.0.9"),
        ("0200:0000:0000:0a", "10.77.0.9"),
        ("02:00:00:00:00:0a", "256.1.1.1"),
        ("02:00:00:00:00:0a", "010.77.0.9"),
        ("02:00:00:00:00:0a", "10.77.0"),
        ("02:00:00:00:00:0a", "10.77.0.9\n"),
        ("02:00:00:00:00:0a", "1.1.1.1 1.1.1.1"),
        ("02:00:00:00:00:0a", "٣.77.0.9"),
        ("02:00:00:00:00:0a", "2001:db8::1"),
    ],
)
def test_an_address_that_is_none_spoils_the_whole_message(mac: str, ip: str) -> None:
    bad = Phone(mac, ip)
    for ask in (LetIn((Stay(PHONE, 1), Stay(bad, 1))), End((PHONE, bad, PHONE)), SetLimits(bad, LIMITS)):
        with pytest.raises(BadMessage):
            read_ask(write(ask))


def test_addresses_become_octets() -> None:
    assert mac_octets(PHONE.mac) == bytes([2, 0, 0, 0, 0, 10])
    assert ip_octets(PHONE.ip) == bytes([10, 77, 0, 9])
    with pytest.raises(BadMessage):
        ip_octets("256.1.1.1")


def test_noise_is_no_message_and_never_breaks_the_reader() -> None:
    rnd = random.Random(4)
    good = bytearray(write(LetIn((Stay(PHONE, 60, LIMITS),))))
    read = 0
    for _ in range(5_000):
        text = good.copy()
        for _ in range(rnd.randrange(1, 5)):
            text[rnd.randrange(len(text))] = rnd.randrange(256)
        with contextlib.suppress(BadMessage):
            # Now and then a digit becomes another digit.
            assert isinstance(read_ask(bytes(text)), LetIn)
            read += 1
        with contextlib.suppress(BadMessage):
            raise AssertionError(read_answer(bytes(text)))
    assert read < 1_000

"""The line between two doors: it holds for nodes of the shop, and for nobody else."""

from __future__ import annotations

import contextlib

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from edge.line import LARGEST_FRAME, Line, LineError, Role

KEYS = {
    name: Ed25519PrivateKey.from_private_bytes(bytes([n] * 32))
    for n, name in enumerate(("edge-1", "edge-2", "other"))
}


def public_of(name: str) -> Ed25519PublicKey | None:
    return KEYS[name].public_key() if name in ("edge-1", "edge-2") else None


def ends(caller: str = "edge-2", key: str | None = None) -> tuple[Line, Line]:
    return (
        Line(
            Role.CALLER,
            caller,
            KEYS[key or caller],
            public_of,
            X25519PrivateKey.from_private_bytes(b"c" * 32),
        ),
        Line(
            Role.ANSWERER, "edge-1", KEYS["edge-1"], public_of, X25519PrivateKey.from_private_bytes(b"a" * 32)
        ),
    )


def shake(caller: Line, answerer: Line) -> None:
    answerer.feed(caller.outgoing())
    caller.feed(answerer.outgoing())
    answerer.feed(caller.outgoing())


def test_two_nodes_of_the_shop_know_each_other_and_can_talk_both_ways() -> None:
    caller, answerer = ends()
    assert not caller.ready
    shake(caller, answerer)
    assert (caller.peer, answerer.peer) == ("edge-1", "edge-2")
    caller.send(b"heard somebody")
    caller.send(b"")
    answerer.send(b"the salt")
    assert answerer.feed(caller.outgoing()) == [b"heard somebody", b""]
    assert caller.feed(answerer.outgoing()) == [b"the salt"]


def test_what_is_said_cannot_be_read_on_the_way() -> None:
    caller, answerer = ends()
    shake(caller, answerer)
    caller.send(b"a pseudonym")
    assert b"a pseudonym" not in caller.outgoing()


def test_octets_may_come_one_by_one() -> None:
    caller, answerer = ends()
    shake(caller, answerer)
    caller.send(b"one")
    caller.send(b"two")
    found = [message for octet in caller.outgoing() for message in answerer.feed(bytes((octet,)))]
    assert found == [b"one", b"two"]


def test_a_node_that_the_hub_does_not_vouch_for_is_sent_away() -> None:
    caller, answerer = ends("other")
    with pytest.raises(LineError, match="no other node of this shop"):
        shake(caller, answerer)
    assert not answerer.ready


def test_who_has_another_nodes_name_but_not_its_key_is_sent_away() -> None:
    caller, answerer = ends("edge-2", key="other")
    with pytest.raises(LineError, match="cannot prove it"):
        shake(caller, answerer)
    assert not answerer.ready


def test_a_door_does_not_take_its_own_words_thrown_back_for_a_neighbours() -> None:
    caller, _ = ends("edge-1")
    echo = Line(
        Role.ANSWERER, "edge-1", KEYS["edge-1"], public_of, X25519PrivateKey.from_private_bytes(b"e" * 32)
    )
    with pytest.raises(LineError, match="no other node"):
        shake(caller, echo)


def test_a_frame_that_is_repeated_lost_or_changed_ends_the_line() -> None:
    for spoil in (
        lambda first, second: first + first,
        lambda first, second: second,
        lambda first, second: first[:-1] + bytes((first[-1] ^ 1,)),
    ):
        caller, answerer = ends()
        shake(caller, answerer)
        caller.send(b"one")
        first = caller.outgoing()
        caller.send(b"two")
        second = caller.outgoing()
        with pytest.raises(LineError, match="changed, lost or repeated"):
            answerer.feed(spoil(first, second))


def test_nothing_can_be_sent_before_both_have_proved_themselves_nor_more_than_fits() -> None:
    caller, answerer = ends()
    with pytest.raises(ValueError, match="not ready"):
        caller.send(b"early")
    answerer.feed(caller.outgoing())
    with pytest.raises(ValueError, match="not ready"):
        answerer.send(b"early")
    caller.feed(answerer.outgoing())
    with pytest.raises(ValueError, match="does not fit"):
        caller.send(bytes(LARGEST_FRAME))


@given(st.binary(max_size=200), st.booleans())
def test_whatever_a_stranger_sends_ends_in_a_line_error_or_in_waiting(octets: bytes, called: bool) -> None:
    line = ends()[0 if called else 1]
    with contextlib.suppress(LineError):
        assert line.feed(octets) == []
    assert not line.ready

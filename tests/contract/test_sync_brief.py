"""A hub that took all facts of an exchange says so in one number to a node that understands it, and one by one to others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hub_house import House, HouseNode, visit

from hub.wire.events import write_event
from hub.wire.identity import read_public
from hub.wire.session import Ack, Retry, Session
from hub.wire.sync import SyncReply


@pytest.fixture
def door(tmp_path: Path) -> Iterator[HouseNode]:
    house = House(tmp_path)
    yield house.node("edge", "Door")
    house.close()


def session_of(node: HouseNode) -> Session:
    return Session(node.device, read_public(node.place.hub))


def facts(node: HouseNode, count: int) -> list[tuple[int, int, bytes]]:
    events = [node.event(visit()) for _ in range(count)]
    return [(event.epoch, event.seq, write_event(event)) for event in events]


def acked(session: Session, node: HouseNode, sent: list[tuple[int, int, bytes]]) -> tuple[SyncReply, Ack]:
    answer = node.post("/v1/sync", session.request(sent, {}, "ntp"))
    effects = session.receive(sent, answer.status, answer.body, jitter=0.5)
    return msgspec.json.decode(answer.body, type=SyncReply), next(
        one for one in effects if isinstance(one, Ack)
    )


def test_what_is_new_is_taken_in_one_number_and_all_of_it_is_done_with(door: HouseNode) -> None:
    sent = facts(door, 3)
    reply, ack = acked(session_of(door), door, sent)
    assert (reply.all_taken, reply.verdicts) == (3, ())
    assert ack.ids == tuple((epoch, seq) for epoch, seq, _ in sent)


def test_what_was_here_before_gets_its_verdicts(door: HouseNode) -> None:
    session, sent = session_of(door), facts(door, 2)
    acked(session, door, sent)
    reply, ack = acked(session, door, [*sent, *facts(door, 1)])
    assert reply.all_taken == 0
    assert [one.outcome for one in reply.verdicts] == ["known", "known", "taken"]
    assert len(ack.ids) == 3


def test_a_node_of_an_earlier_release_gets_a_verdict_for_each(door: HouseNode) -> None:
    reply = door.report(visit(), visit())
    assert (reply.all_taken, [one.outcome for one in reply.verdicts]) == (0, ["taken", "taken"])


def test_nothing_sent_is_nothing_taken(door: HouseNode) -> None:
    answer = door.post("/v1/sync", session_of(door).request([], {}, "ntp"))
    assert msgspec.json.decode(answer.body, type=SyncReply).all_taken == 0


@pytest.mark.parametrize("told", [1, 3])
def test_another_number_than_was_sent_is_not_believed(door: HouseNode, told: int) -> None:
    sent = facts(door, 2)
    body = msgspec.json.encode(SyncReply(1, 0.0, all_taken=told))
    assert [type(one) for one in session_of(door).receive(sent, 200, body, jitter=0.5)] == [Retry]

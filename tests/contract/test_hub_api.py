"""What the hub promises to nodes over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.devices import open_pairing
from hub.wire.events import OccupancyMeasured, write_event
from hub.wire.identity import (
    COUNTER_HEADER,
    DEVICE_HEADER,
    SIGNATURE_HEADER,
    read_public,
    reply_is_signed,
    sign_request,
)
from hub.wire.snapshot import Campaign, Manifest, Right, content_hash
from hub.wire.sync import EnrolReply, SyncReply
from tests.hub_house import House, HouseNode, campaign, each, outcomes, problem, read, visit


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.close()


@pytest.fixture
def till(house: House) -> HouseNode:
    return house.node()


def test_an_unsigned_request_is_refused_with_a_sentence(house: House) -> None:
    reply = house.link.post("/v1/sync", b"{}", {}, 1)
    assert reply.status == 401
    assert problem(reply).code == "unsigned"
    assert problem(reply).sentence.endswith(".")


@pytest.mark.parametrize("counter", ["", "0x1", "-1", "9" * 30, "1.5", "one"])
def test_a_counter_that_is_no_number_is_refused(house: House, till: HouseNode, counter: str) -> None:
    headers = sign_request(till.key, till.device, 1, "POST", "/v1/sync", b"{}") | {COUNTER_HEADER: counter}
    assert house.link.post("/v1/sync", b"{}", headers, 1).status == 401


def test_a_request_signed_by_another_key_is_refused(house: House, till: HouseNode) -> None:
    headers = sign_request(Ed25519PrivateKey.generate(), till.device, 1, "POST", "/v1/sync", b"{}")
    assert problem(house.link.post("/v1/sync", b"{}", headers, 1)).code == "bad_signature"


def test_a_body_that_was_changed_on_its_way_is_refused(house: House, till: HouseNode) -> None:
    headers = sign_request(till.key, till.device, 1, "POST", "/v1/sync", b"{}")
    assert problem(house.link.post("/v1/sync", b'{"version":1}', headers, 1)).code == "bad_signature"


def test_a_request_signed_for_one_address_is_refused_at_another(house: House, till: HouseNode) -> None:
    headers = sign_request(till.key, till.device, 1, "POST", "/v1/redeem", b"{}")
    assert problem(house.link.post("/v1/sync", b"{}", headers, 1)).code == "bad_signature"


def test_an_unknown_device_is_told_so(house: House, till: HouseNode) -> None:
    headers = sign_request(till.key, "kiosk-99", 1, "POST", "/v1/sync", b"{}")
    assert problem(house.link.post("/v1/sync", b"{}", headers, 1)).code == "unknown_device"


def test_a_replayed_request_is_refused_and_the_highest_counter_is_told(till: HouseNode) -> None:
    assert till.post("/v1/sync", b"{}", counter=40).status == 200
    again = till.post("/v1/sync", b"{}", counter=40)
    assert again.status == 409
    assert (problem(again).code, problem(again).highest) == ("counter_used", 40)


def test_requests_of_one_device_may_overtake_each_other(till: HouseNode) -> None:
    assert till.post("/v1/sync", b"{}", counter=40).status == 200
    assert till.post("/v1/sync", b"{}", counter=39).status == 200
    assert till.post("/v1/sync", b"{}", counter=39).status == 409


def test_a_replay_is_refused_after_a_restart_too(tmp_path: Path, till: HouseNode, house: House) -> None:
    till.post("/v1/sync", b"{}", counter=5)
    house.close()
    again = House(tmp_path)
    till.house = again
    assert till.post("/v1/sync", b"{}", counter=5).status == 409
    again.close()


def test_a_withdrawn_device_is_refused_at_once(house: House, till: HouseNode) -> None:
    house.store.devices.withdraw(till.device, house.now)
    reply = till.post("/v1/sync", b"{}")
    assert (reply.status, problem(reply).code) == (403, "withdrawn")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'{"events":5}',
        b"\xff\xfe",
        b'{"version":2}',
        b'{"have":{"a":1}}',
        b"[" * 100_000,
        b'{"events":"' + b"x" * 999,
    ],
)
def test_a_malformed_request_gets_a_sentence_and_spends_nothing(till: HouseNode, body: bytes) -> None:
    reply = till.post("/v1/sync", body)
    assert reply.status == 400
    assert problem(reply).code == "bad_request"
    assert till.post("/v1/redeem", body).status == 400


def test_an_oversized_request_is_refused(till: HouseNode) -> None:
    reply = till.post("/v1/sync", b" " * (4 * 2**20 + 1))
    assert (reply.status, problem(reply).code) == (413, "too_long")


def test_too_many_events_in_one_request_are_refused(till: HouseNode) -> None:
    assert till.post("/v1/sync", b'{"events":[' + b",".join([b"1"] * 2_001) + b"]}").status == 400


def test_every_answer_to_a_signed_request_is_signed_also_a_refusal(house: House, till: HouseNode) -> None:
    public = read_public(till.place.hub)
    for body, counter in ((b"{}", 1), (b"{", 2), (b"{}", 1)):
        headers = sign_request(till.key, till.device, counter, "POST", "/v1/sync", body)
        reply = house.link.post("/v1/sync", body, headers, 1)
        signature = reply.headers[SIGNATURE_HEADER.lower()]
        assert reply_is_signed(public, till.device, counter, reply.status, reply.body, signature)


def test_an_address_that_is_not_there_is_a_problem_too(house: House) -> None:
    reply = house.link.post("/v1/nothing", b"", {DEVICE_HEADER: "x"}, 1)
    assert (reply.status, problem(reply).code) == (404, "not_here")


def test_facts_are_kept_byte_for_byte_also_those_of_an_unknown_kind(house: House, till: HouseNode) -> None:
    strange = b'{ "device":"kiosk-1","epoch":1,"seq":1,"kind":"tea.drunk","at":5,"clock":"ntp","data":{"cups" : 2},"new":[1]}'
    assert outcomes(till.send(strange)) == ["taken"]
    assert [run.texts for run in house.store.journal.runs()] == [b"[" + strange + b"]"]


def test_the_same_facts_again_are_known(till: HouseNode, house: House) -> None:
    texts = each(3, lambda _: write_event(till.event(visit())))
    assert outcomes(till.send(*texts)) == ["taken"] * 3
    assert outcomes(till.send(*texts, write_event(till.event(visit())))) == ["known"] * 3 + ["taken"]
    assert sum(count.visits for count in house.store.reports.footfall(0, 3e9)) == 4


def test_one_broken_event_holds_up_no_other_and_is_kept_here_too(till: HouseNode, house: House) -> None:
    good, also = write_event(till.event(visit())), write_event(till.event(visit()))
    reply = till.send(good, b'{"device":"kiosk-1"}', also)
    assert outcomes(reply) == ["taken", "parked", "taken"]
    assert reply.verdicts[1].reason
    assert [parked.text for parked in house.store.journal.parked()] == [b'{"device":"kiosk-1"}']


def test_an_event_that_another_device_should_have_sent_is_parked(till: HouseNode, house: House) -> None:
    other = house.node(name="Till 2")
    assert outcomes(till.send(write_event(other.event(visit())))) == ["parked"]


def test_another_event_under_a_used_number_is_parked_not_lost(till: HouseNode, house: House) -> None:
    till.report(visit())
    till.seq = 0
    assert outcomes(till.report(visit(dwell_s=99.0))) == ["parked"]
    assert len(house.store.journal.parked()) == 1


def test_two_events_under_one_number_in_one_request_are_both_kept(till: HouseNode, house: House) -> None:
    first = write_event(till.event(visit()))
    till.seq = 0
    second = write_event(till.event(visit(dwell_s=99.0)))
    assert outcomes(till.send(first, second, first)) == ["taken", "parked", "known"]


def test_a_fact_with_broken_content_is_taken_and_told(till: HouseNode, house: House) -> None:
    text = (
        b'{"device":"kiosk-1","epoch":1,"seq":1,"kind":"visit.closed","at":5,"clock":"ntp","data":{"zone":7}}'
    )
    assert outcomes(till.send(text, write_event(till.event(visit())))) == ["taken", "parked"]
    assert house.store.reports.flaw_counts() == [("kiosk-1", 1)]
    assert house.store.reports.footfall(0, 3e9) == []


def test_the_snapshot_comes_down_once_and_then_only_what_differs(till: HouseNode, house: House) -> None:
    first = till.send()
    assert first.snapshot is not None
    manifest = msgspec.json.decode(first.snapshot.manifest, type=Manifest)
    assert (
        set(first.snapshot.sections)
        == set(manifest.sections)
        == {
            "shop",
            "campaigns",
            "keys",
            "revoked",
            "revoked_rules",
            "staff",
            "rights",
            "progress",
            "rotating",
        }
    )
    assert all(
        content_hash(body) == manifest.sections[name] for name, body in first.snapshot.sections.items()
    )
    assert till.send(have=manifest.sections).snapshot is None
    house.publish(campaign(2, offline="refuse"))
    second = till.send(have=manifest.sections)
    assert second.snapshot is not None
    assert set(second.snapshot.sections) == {"campaigns"}
    campaigns = msgspec.json.decode(second.snapshot.sections["campaigns"], type=list[Campaign])
    assert [one.number for one in campaigns] == [1, 2]


def test_a_stopped_offer_travels_without_channels_so_that_taken_coupons_stay_good(
    till: HouseNode, house: House
) -> None:
    house.store.campaigns.save(campaign(), "paused", house.now, "test")
    house.store.campaigns.save(campaign(2), "draft", house.now, "test")
    snapshot = till.send().snapshot
    assert snapshot is not None
    campaigns = msgspec.json.decode(snapshot.sections["campaigns"], type=list[Campaign])
    assert [(one.number, one.channels) for one in campaigns] == [(1, ())]


def test_a_limited_lot_is_handed_out_by_rights_and_never_twice(house: House) -> None:
    house.publish(campaign(1, issue_limit=10))
    nodes = [house.node(name=f"Till {place}") for place in range(3)]
    for _ in range(12):
        given = []
        for node in nodes:
            snapshot = node.send().snapshot
            assert snapshot is not None
            rights = msgspec.json.decode(snapshot.sections["rights"], type=list[Right])
            allowed = sum(right.issue for right in rights)
            if allowed > sum(t.issued for t in house.store.ledger.tallies() if t.device == node.device):
                node.report(node.mint()[0])
            given.append(allowed)
        assert sum(given) <= 10
    assert sum(tally.issued for tally in house.store.ledger.tallies()) == 10


def test_a_pairing_code_is_good_once(house: House) -> None:
    code = open_pairing(house.store, house.key, "kiosk", house.now)
    assert house.enrol(Ed25519PrivateKey.generate(), code.secret).status == 200
    again = house.enrol(Ed25519PrivateKey.generate(), code.secret)
    assert (again.status, problem(again).code) == (403, "bad_pairing_code")


def test_a_pairing_code_dies_after_ten_minutes(house: House) -> None:
    code = open_pairing(house.store, house.key, "kiosk", house.now)
    house.now += 601
    assert house.enrol(Ed25519PrivateKey.generate(), code.secret).status == 403


def test_guessing_at_pairing_codes_closes_the_open_ones(house: House) -> None:
    code = open_pairing(house.store, house.key, "kiosk", house.now)
    for _ in range(20):
        house.enrol(Ed25519PrivateKey.generate(), "00000000")
    assert house.enrol(Ed25519PrivateKey.generate(), code.secret).status == 403


def test_a_code_for_one_program_lets_no_other_in(house: House) -> None:
    code = open_pairing(house.store, house.key, "edge", house.now)
    assert problem(house.enrol(Ed25519PrivateKey.generate(), code.secret, "kiosk")).code == "wrong_program"


def test_nodes_are_named_after_their_program_and_have_numbers_of_their_own(house: House) -> None:
    places = [house.node(program).place for program in ("kiosk", "edge", "kiosk")]
    assert [place.device for place in places] == ["kiosk-1", "edge-1", "kiosk-2"]
    assert [place.key_number for place in places] == [0, 1, 2]
    assert all(isinstance(place, EnrolReply) and place.shop == 7 for place in places)


def test_the_hubs_key_can_be_read_by_its_owner_alone(house: House) -> None:
    assert (house.folder / "hub.key").stat().st_mode & 0o777 == 0o600


def test_a_full_disk_is_told_and_loses_nothing(house: House, till: HouseNode) -> None:
    till.report(visit())
    conn = house.store.pool.conn()
    pages = conn.execute("PRAGMA page_count").fetchone()[0]
    conn.execute(f"PRAGMA max_page_count = {pages}")
    texts = each(400, lambda _: write_event(till.event(visit())))
    body = msgspec.json.encode({"version": 1, "events": [msgspec.Raw(text) for text in texts]})
    full = till.post("/v1/sync", body)
    assert full.status == 507
    assert "full" in problem(full).sentence
    conn.execute("PRAGMA max_page_count = 1000000")
    assert outcomes(read(till.post("/v1/sync", body), SyncReply)) == ["taken"] * 400
    assert sum(count.visits for count in house.store.reports.footfall(0, 3e9)) == 401


def test_facts_that_are_kept_show_in_the_shops_figures(house: House) -> None:
    door = house.node("edge", "Door")
    door.report(
        visit(),
        OccupancyMeasured(zone="door", window_s=60, people=4, low=3, high=6, addresses=9),
        at=house.now,
    )
    (window,) = house.store.reports.latest_windows(0)
    assert (window.zone, window.people, window.low, window.high) == ("door", 4.0, 3.0, 6.0)

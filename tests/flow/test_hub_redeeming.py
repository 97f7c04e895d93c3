"""Coupons at the hub: used once, refused with reason, joined later, audited when a till decided alone."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from waitress.server import create_server

from hub.client.link import HttpLink
from hub.rebuild import rebuild, verify
from hub.wire.coupon import show_code
from hub.wire.snapshot import Value
from hub.wire.sync import RedeemReply
from tests.hub_house import NOON, House, HouseNode, alone, campaign, outcomes, problem


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.close()


@pytest.fixture
def till(house: House) -> HouseNode:
    return house.node()


def flags(house: House) -> list[str | None]:
    return [act.flag for act in house.store.counter.acts(0, 3e9)]


def test_a_coupon_is_redeemed_by_its_token(till: HouseNode) -> None:
    fact, token = till.mint()
    till.report(fact)
    reply = till.redeem(token)
    assert (reply.accepted, reply.value_cents, reply.serial) == (True, 500, fact.serial)


def test_a_coupon_is_redeemed_by_its_code_however_it_is_typed(till: HouseNode) -> None:
    fact, _ = till.mint()
    till.report(fact)
    assert till.redeem(show_code(fact.code).lower().replace("0", "o")).accepted


def test_a_second_redemption_is_refused_with_time_and_place_of_the_first(
    house: House, till: HouseNode
) -> None:
    fact, token = till.mint()
    till.report(fact)
    till.redeem(token)
    house.now += 300
    second = house.node(name="Till 2").redeem(fact.code)
    assert (second.accepted, second.refusal) == (False, "already_redeemed")
    assert (second.at, second.till, second.staff) == (NOON, "kiosk-1", "ann")


def test_the_same_question_gets_the_same_answer(house: House, till: HouseNode) -> None:
    _, token = till.mint()
    first = till.redeem(token, "nonce-001")
    house.now += 60
    assert till.redeem(token, "nonce-001") == first
    assert house.store.ledger.redeemed(1) == 1


def test_a_refusal_is_repeated_too(till: HouseNode) -> None:
    assert till.redeem("AAAA", "nonce-001") == till.redeem("AAAA", "nonce-001")


def test_a_nonce_for_another_coupon_is_refused(till: HouseNode) -> None:
    till.redeem(till.mint()[1], "nonce-001")
    reply = till.ask(till.mint()[1], "nonce-001")
    assert (reply.status, problem(reply).code) == (409, "nonce_used")


def test_the_same_nonce_of_two_tills_is_two_acts(house: House, till: HouseNode) -> None:
    other = house.node(name="Till 2")
    assert till.redeem(till.mint()[1], "nonce-001").accepted
    assert other.redeem(till.mint()[1], "nonce-001").accepted


def test_a_coupon_whose_issue_has_not_arrived_is_good_and_joined_later(house: House, till: HouseNode) -> None:
    fact, token = till.mint()
    assert till.redeem(token).accepted
    assert house.store.reports.unknown_issue() == 1
    till.report(fact)
    assert house.store.reports.unknown_issue() == 0
    assert till.redeem(fact.code).refusal == "already_redeemed"


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("hello", "bad_code"),
        ("0000 0000 0001", "bad_code"),
        ("0000 0000 0000", "unknown_coupon"),
        ("SB1TOOSHORT", "bad_code"),
        ("SB1" + "CUTOFF" * 12, "unknown_coupon"),
        ("优惠券", "bad_code"),
    ],
)
def test_what_is_no_coupon_is_refused_by_its_reason(till: HouseNode, text: str, refusal: str) -> None:
    assert till.redeem(text).refusal == refusal


def test_a_forged_coupon_is_refused(house: House, till: HouseNode) -> None:
    fact, _ = till.mint()
    _, token = till.mint()
    forged = token[:60] + ("A" if token[60] != "A" else "B") + token[61:]
    assert till.redeem(forged).refusal == "bad_signature"
    other = HouseNode(house, house.key, till.place)
    assert till.redeem(other.mint()[1]).refusal == "bad_signature"
    till.report(fact)
    assert till.redeem(fact.code).accepted


def test_a_coupon_of_a_withdrawn_node_is_good_only_where_its_issue_is_known(
    house: House, till: HouseNode
) -> None:
    stolen = house.node(name="Stolen")
    known, known_token = stolen.mint()
    _, unknown_token = stolen.mint()
    stolen.report(known)
    house.store.devices.withdraw(stolen.device, house.now)
    assert till.redeem(known_token).accepted
    assert till.redeem(unknown_token).refusal == "bad_signature"


def test_expired_revoked_limited_and_too_small_are_told(house: House, till: HouseNode) -> None:
    house.publish(campaign(2, redemption_limit=1))
    house.publish(campaign(3, basket_min_cents=1_000))
    revoked, revoked_token = till.mint()
    house.store.campaigns.revoke(revoked.serial, house.now, "test", "lost")
    assert till.redeem(till.mint(expires_at=int(NOON))[1]).refusal == "expired"
    assert till.redeem(revoked_token).refusal == "revoked"
    assert till.redeem(till.mint(2)[1]).accepted
    assert till.redeem(till.mint(2)[1]).refusal == "limit_reached"
    assert till.redeem(till.mint(3)[1]).refusal == "basket_needed"
    assert till.redeem(till.mint(3)[1], basket_cents=999).refusal == "basket_too_small"
    assert till.redeem(till.mint(3)[1], basket_cents=1_000).accepted
    assert till.redeem(till.mint(9)[1]).refusal == "unknown_campaign"


def test_a_percentage_is_worked_out_from_the_purchase(house: House, till: HouseNode) -> None:
    offer = campaign().offer
    house.publish(campaign(2, offer=type(offer)({"en": "Ten"}, {}, Value("percent", percent=10))))
    assert till.redeem(till.mint(2)[1], basket_cents=2_599).value_cents == 259


def test_guessing_codes_is_stopped_also_for_the_right_one(house: House, till: HouseNode) -> None:
    fact, token = till.mint()
    till.report(fact)
    for _ in range(20):
        assert till.redeem("0000 0000 0000").refusal == "unknown_coupon"
    guess = till.ask(fact.code)
    assert (guess.status, problem(guess).code) == (429, "too_many_tries")
    assert till.redeem(token).accepted
    house.now += 601
    assert till.redeem(fact.code).refusal == "already_redeemed"


def test_a_door_cannot_redeem(house: House) -> None:
    reply = house.node("edge", "Door").ask("0000 0000 0000")
    assert (reply.status, problem(reply).code) == (403, "not_a_till")


def test_an_acceptance_of_a_cut_off_till_is_recorded_with_its_own_time(house: House, till: HouseNode) -> None:
    fact, token = till.mint()
    till.send()
    till.report(fact, alone(fact), at=NOON - 30)
    reply = house.node(name="Till 2").redeem(token)
    assert (reply.refusal, reply.at, reply.till) == ("already_redeemed", NOON - 30, "Till")
    assert flags(house) == [None]


def test_a_lost_reply_followed_by_an_acceptance_alone_is_one_act(house: House, till: HouseNode) -> None:
    fact, token = till.mint()
    till.report(fact)
    till.redeem(token, "nonce-001")
    till.report(alone(fact, "nonce-001"))
    assert house.store.ledger.redeemed(1) == 1
    assert house.store.reports.conflicts(0, 3e9) == []


def test_an_acceptance_alone_that_is_asked_again_is_the_same_act(house: House, till: HouseNode) -> None:
    fact, token = till.mint()
    till.report(fact, alone(fact, "nonce-001"))
    assert till.redeem(token, "nonce-001") == RedeemReply(
        True, None, fact.serial, 1, 500, NOON, "Till", "ann"
    )
    assert house.store.ledger.redeemed(1) == 1


def test_a_coupon_accepted_at_two_tills_is_a_conflict_with_its_cost(house: House, till: HouseNode) -> None:
    fact, token = till.mint()
    till.report(fact)
    till.redeem(token)
    house.now += 60
    other = house.node(name="Till 2")
    other.send()
    assert outcomes(other.report(alone(fact, till="Till 2"))) == ["taken"]
    (conflict,) = house.store.reports.conflicts(0, 3e9)
    assert (conflict.cost_cents, conflict.first_till, conflict.second_till) == (500, "kiosk-1", "Till 2")
    assert house.store.ledger.redeemed(1) == 1
    assert house.store.reports.redeemed(0, 3e9)[0].value_cents == 500


def test_what_a_till_should_not_have_accepted_is_flagged(house: House, till: HouseNode) -> None:
    house.publish(campaign(2, offline="refuse"))
    late, refused, dear = till.mint(expires_at=int(NOON) - 1)[0], till.mint(2)[0], till.mint()[0]
    till.send()
    till.report(
        late, refused, dear, alone(late, "n-late"), alone(refused, "n-refused"), alone(dear, "n-dear", 900)
    )
    assert set(flags(house)) == {"expired", "hub_unreachable", "wrong_value"}
    assert house.store.reports.troubled_acts(0) == (0, 3)


def test_a_till_that_accepts_beyond_its_rights_is_flagged(house: House, till: HouseNode) -> None:
    till.send()
    issues = [till.mint()[0] for _ in range(21)]
    till.report(*issues)
    till.report(*(alone(fact, f"nonce-{place}") for place, fact in enumerate(issues)))
    assert Counter(flags(house)) == {None: 20, "no_rights_left": 1}


def test_a_rebuild_gives_the_same_to_the_byte_and_keeps_old_verdicts(house: House, till: HouseNode) -> None:
    facts = [till.mint()[0] for _ in range(5)]
    till.send()
    till.report(*facts, alone(facts[0], "n-0"), alone(facts[1], "n-1", 900))
    till.redeem(facts[0].code)
    till.redeem(facts[2].code)
    other = house.node(name="Till 2")
    other.report(alone(facts[2], "n-0"), facts[3])
    house.store.campaigns.save(campaign(1, offline="refuse"), "ended", house.now, "test")
    before = house.store.ledger.digest()
    assert verify(house.store).differ == ()
    kinds = house.store.journal.kinds()
    assert kinds == house.store.journal.kinds(since=1.0)
    assert rebuild(house.store) == sum(kinds.values())
    assert house.store.ledger.digest() == before


def test_verify_sees_a_row_that_no_event_vouches_for(house: House, till: HouseNode) -> None:
    till.redeem(till.mint()[1])
    house.store.ledger.set_flag(till.device, "no such nonce", "x")
    assert verify(house.store).differ == ()
    house.store.ledger.bump({(1, "kiosk-1"): (0, 1, 0)})
    assert verify(house.store).differ == ("tally",)


def test_sixteen_threads_at_one_coupon_over_http_and_one_is_accepted(house: House) -> None:
    tills = [house.node(name=f"Till {place}") for place in range(16)]
    fact, token = tills[0].mint()
    tills[0].report(fact)
    server = create_server(house.app, host="127.0.0.1", port=0, threads=16)

    def serve() -> None:
        # The loop may be looking at its sockets when they are closed.
        with suppress(OSError):
            server.run()

    serving = threading.Thread(target=serve)
    serving.start()
    replies: list[RedeemReply] = []
    start = threading.Barrier(16)

    def scan(till: HouseNode) -> None:
        start.wait()
        replies.append(till.redeem(token))

    try:
        house.link = HttpLink(f"http://127.0.0.1:{server.effective_port}")  # type: ignore[assignment]
        threads = [threading.Thread(target=scan, args=(till,)) for till in tills]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
    finally:
        server.close()
        serving.join(10)
    accepted = [reply for reply in replies if reply.accepted]
    assert len(accepted) == 1
    assert Counter(reply.refusal for reply in replies) == {None: 1, "already_redeemed": 15}
    assert {(reply.at, reply.till, reply.staff) for reply in replies} == {
        (accepted[0].at, accepted[0].till, accepted[0].staff)
    }

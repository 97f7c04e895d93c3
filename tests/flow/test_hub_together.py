"""Sixteen tills at the same moment, over HTTP: no limit is passed, no voucher overspent, no coupon held and used by two."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest
from waitress.server import create_server

from hub.client.link import HttpLink
from hub.rebuild import verify
from hub.wire.snapshot import Value
from hub.wire.sync import RedeemReply, ReverseReply, ReverseRequest
from tests.hub_house import House, HouseNode, campaign, read

TILLS = 16


@dataclass
class Crowd:
    """Sixteen tills of one hub that is served on a real port."""

    house: House
    tills: list[HouseNode] = field(default_factory=list)

    def coupons(self, number: int, member: str = "") -> list[str]:
        """One for each till."""
        minted = [self.tills[0].mint(number, member=member) for _ in range(TILLS)]
        self.tills[0].report(*(fact for fact, _ in minted))
        return [text for _, text in minted]

    def at_once(self, act: Callable[[int, HouseNode], object]) -> Counter[object]:
        """What came of it, how often. All begin together."""
        gate = threading.Barrier(TILLS)
        found: list[object] = []

        def one(place: int, till: HouseNode) -> None:
            gate.wait(30)
            found.append(act(place, till))

        threads = [threading.Thread(target=one, args=(n, till)) for n, till in enumerate(self.tills)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert len(found) == TILLS
        return Counter(found)


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crowd]:
    folder: Path = tmp_path_factory.mktemp("together")
    house = House(folder)
    crowd = Crowd(house, [house.node(name=f"Till {place}") for place in range(TILLS)])
    server = create_server(house.app, host="127.0.0.1", port=0, threads=TILLS)
    serving = threading.Thread(target=server.run)
    serving.start()
    house.link = HttpLink(f"http://127.0.0.1:{server.effective_port}")  # type: ignore[assignment]  # another way to the same hub
    try:
        yield crowd
        assert verify(house.store).differ == ()
    finally:
        server.close()
        serving.join(10)
        house.close()


def told(reply: RedeemReply) -> str:
    return "accepted" if reply.accepted else str(reply.refusal)


def test_a_lot_is_never_passed(crowd: Crowd) -> None:
    crowd.house.publish(campaign(2, redemption_limit=5, offline="refuse"))
    texts = crowd.coupons(2)
    assert crowd.at_once(lambda place, till: told(till.redeem(texts[place]))) == {
        "accepted": 5,
        "limit_reached": 11,
    }
    assert crowd.house.store.ledger.redeemed(2) == 5


def test_a_days_limit_is_never_passed(crowd: Crowd) -> None:
    crowd.house.publish(campaign(3, per_day_limit=4, offline="refuse"))
    texts = crowd.coupons(3)
    assert crowd.at_once(lambda place, till: told(till.redeem(texts[place]))) == {
        "accepted": 4,
        "day_limit": 12,
    }


def test_a_persons_limit_is_never_passed(crowd: Crowd) -> None:
    crowd.house.publish(campaign(4, per_person_limit=2, offline="refuse"))
    texts = crowd.coupons(4)
    come = crowd.at_once(
        lambda place, till: told(till.redeem(texts[place], member="mei-00000001", staff=f"s{place}"))
    )
    assert come == {"accepted": 2, "person_limit": 14}


def test_a_voucher_is_never_overspent(crowd: Crowd) -> None:
    offer = msgspec.structs.replace(campaign().offer, value=Value("voucher", 2_000))
    crowd.house.publish(campaign(5, offer=offer, offline="refuse"))
    text = crowd.coupons(5)[0]
    come = crowd.at_once(lambda _, till: told(till.redeem(text, amount_cents=300)))
    assert come == {"accepted": 6, "balance_too_small": 10}
    (found,) = crowd.tills[0].look(text).found
    assert found.balance_cents == 200


def test_a_coupon_is_held_by_one_and_used_by_that_one_alone(crowd: Crowd) -> None:
    text = crowd.coupons(1)[0]
    come = crowd.at_once(lambda place, till: till.reserve(text, f"hold-{place:04}").refusal)
    assert come == {None: 1, "reserved": 15}
    come = crowd.at_once(lambda place, till: told(till.redeem(text, reservation=f"hold-{place:04}")))
    assert (come["accepted"], come["reserved"] + come["already_redeemed"]) == (1, 15)


def test_half_of_them_hold_and_half_redeem_and_one_gets_it(crowd: Crowd) -> None:
    text = crowd.coupons(1)[0]

    def act(place: int, till: HouseNode) -> bool:
        return till.reserve(text, f"half-{place:04}").held if place % 2 else till.redeem(text).accepted

    assert crowd.at_once(act)[True] == 1


def test_what_is_held_and_what_is_used_are_together_never_beyond_a_limit(crowd: Crowd) -> None:
    crowd.house.publish(campaign(6, redemption_limit=6, offline="refuse"))
    texts = crowd.coupons(6)

    def act(place: int, till: HouseNode) -> bool:
        if place % 2:
            return till.reserve(texts[place], f"both-{place:04}").held
        return till.redeem(texts[place]).accepted

    assert crowd.at_once(act)[True] == 6
    ledger = crowd.house.store.ledger
    assert ledger.redeemed(6) + ledger.count_held(6, crowd.house.now) == 6


def test_a_redemption_is_taken_back_once_however_often_it_is_asked(crowd: Crowd) -> None:
    text = crowd.coupons(1)[0]
    till = crowd.tills[0]
    assert till.redeem(text, "nonce-once").accepted
    before = crowd.house.store.ledger.redeemed(1)
    counter = threading.Lock()

    def act(place: int, _: HouseNode) -> str | None:
        # The same till many times: its numbers are given out one by one.
        with counter:
            till.counter += 1
            number = till.counter
        return _reverse(till, f"back-{place:04}", number)

    assert crowd.at_once(act) == {None: 1, "already_reversed": 15}
    assert crowd.house.store.ledger.redeemed(1) == before - 1
    assert till.redeem(text).accepted


def _reverse(till: HouseNode, nonce: str, number: int) -> str | None:
    request = ReverseRequest(nonce, "nonce-once", till.device, "ann", "a slip")
    return read(till.post("/v1/reverse", msgspec.json.encode(request), number), ReverseReply).refusal

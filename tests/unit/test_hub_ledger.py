"""The ledger, without a store."""

from __future__ import annotations

import msgspec

from hub.ledger import HUB, Happened, RedeemedHere, fold_redeemed, who_acted

FACT = RedeemedHere(serial="00" * 8, campaign=1, nonce="n-1", till="Till 1", staff="ann", value_cents=500)


def test_the_first_act_counts() -> None:
    folded = fold_redeemed(Happened(9, "kiosk-1", 5.0), FACT, None, None)
    assert folded.act is not None
    assert (folded.act.standing, folded.act.device, folded.act.position) == ("first", "kiosk-1", 9)
    assert folded.conflict is None


def test_the_same_act_again_changes_nothing() -> None:
    first = fold_redeemed(Happened(9, "kiosk-1", 5.0), FACT, None, None).act
    again = fold_redeemed(Happened(10, "kiosk-1", 6.0), FACT, first, first)
    assert (again.act, again.conflict) == (None, None)


def test_another_act_on_a_used_coupon_is_a_conflict_that_costs_what_the_second_gave() -> None:
    first = fold_redeemed(Happened(9, "kiosk-1", 5.0), FACT, None, None).act
    other = msgspec.structs.replace(FACT, nonce="n-2", till="Till 2", value_cents=300)
    folded = fold_redeemed(Happened(12, "kiosk-2", 7.0), other, None, first)
    assert folded.conflict is not None
    assert (folded.conflict.cost_cents, folded.conflict.first_till, folded.conflict.second_till) == (
        300,
        "Till 1",
        "Till 2",
    )


def test_only_the_hub_may_speak_for_another_device() -> None:
    assert who_acted(HUB, "kiosk-2") == "kiosk-2"
    assert who_acted("kiosk-1", "kiosk-2") == "kiosk-1"

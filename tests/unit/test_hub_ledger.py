"""The ledger and the rights, without a store."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from hub.ledger import HUB, Happened, RedeemedHere, fold_redeemed, who_acted
from hub.snapshots import ACCEPT_AHEAD, accept_in_all, issue_more
from hub.store.records import Device, Grant, Tally
from hub.wire.identity import ReplayWindow
from tests.hub_house import campaign

FACT = RedeemedHere(serial="00" * 8, campaign=1, nonce="n-1", till="Till 1", staff="ann", value_cents=500)


def device(name: str, *, withdrawn: bool = False) -> Device:
    at = 5.0 if withdrawn else None
    return Device(name, name.split("-")[0], name, "00" * 32, 0, 1.0, at, None, ReplayWindow())


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


@given(
    lot=st.integers(1, 300),
    turns=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 40), st.booleans()), max_size=80),
)
def test_rights_never_exceed_the_lot_whatever_nodes_do(lot: int, turns: list[tuple[int, int, bool]]) -> None:
    """Nodes come in any order, hand out up to what they hold, and are withdrawn at any time."""
    names = [f"kiosk-{place}" for place in range(5)]
    held = dict.fromkeys(names, 0)
    issued = dict.fromkeys(names, 0)
    gone: set[str] = set()
    for place, wanted, leaves in turns:
        name = names[place]
        nodes = [device(one, withdrawn=one in gone) for one in names]
        tallies = [Tally(1, one, issued[one], 0, 0) for one in names]
        grants = [Grant(1, one, held[one], 0) for one in names]
        held[name] += issue_more(
            campaign(issue_limit=lot), device(name, withdrawn=name in gone), nodes, tallies, grants
        )
        if name not in gone:
            issued[name] += min(wanted, held[name] - issued[name])
        if leaves and wanted == 0:
            gone.add(name)
        assert sum(issued.values()) <= lot
        assert sum(issued[one] if one in gone else held[one] for one in names) <= lot


def test_a_whole_lot_is_handed_out_in_the_end() -> None:
    lot, held, turns = 100, {"kiosk-1": 0, "edge-1": 0}, 0
    issued = dict(held)
    nodes = [device(name) for name in held]
    while sum(issued.values()) < lot:
        for name in held:
            tallies = [Tally(1, one, issued[one], 0, 0) for one in held]
            grants = [Grant(1, one, held[one], 0) for one in held]
            held[name] += issue_more(campaign(issue_limit=lot), device(name), nodes, tallies, grants)
            issued[name] = held[name]
        turns += 1
        assert turns < 200
    assert sum(held.values()) == lot


def test_an_offer_without_a_lot_or_that_was_stopped_gives_no_rights_to_issue() -> None:
    till = device("kiosk-1")
    assert issue_more(campaign(), till, [till], [], []) == 0
    assert issue_more(campaign(issue_limit=9, channels=()), till, [till], [], []) == 0


def test_a_till_may_always_accept_so_many_more_than_it_has() -> None:
    till = device("kiosk-1")
    assert accept_in_all(campaign(), till, [till], []) == ACCEPT_AHEAD
    assert accept_in_all(campaign(), till, [till], [Tally(1, "kiosk-1", 0, 0, 7)]) == ACCEPT_AHEAD + 7


def test_a_till_may_not_accept_alone_what_only_the_hub_may_or_what_is_used_up() -> None:
    till, door = device("kiosk-1"), device("edge-1")
    assert accept_in_all(campaign(offline="refuse"), till, [till], []) == 0
    assert accept_in_all(campaign(), door, [till, door], []) == 0
    assert (
        accept_in_all(
            campaign(redemption_limit=10), till, [till, device("kiosk-2")], [Tally(1, "x", 0, 4, 0)]
        )
        == 3
    )

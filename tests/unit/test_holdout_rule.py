"""Who is in a control group: a share drawn by the campaign's own lot, the same everywhere, whatever else there is."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest

from hub.holdout import START_STAYS, STAYS, begun_fault, drawn
from hub.wire.holdout import in_group, is_held_out, not_held_out
from hub.wire.snapshot import Campaign, Offer, Value

MEMBERS = [f"{number:016x}" for number in range(20_000)]
PLAIN = Campaign(1, Offer({"en": "Coffee"}, {}, Value("amount", 100)), 1_000, 9_000)
HELD = msgspec.structs.replace(PLAIN, holdout_percent=10, holdout_salt="5a" * 8)


def held(salt: str, percent: int) -> set[str]:
    return {member for member in MEMBERS if in_group(salt, percent, member)}


@pytest.mark.parametrize("percent", [1, 10, 50])
def test_a_group_has_the_share_that_was_asked_for(percent: int) -> None:
    found = len(held("5a" * 8, percent)) / len(MEMBERS)
    spread = (percent / 100 * (1 - percent / 100) / len(MEMBERS)) ** 0.5
    assert abs(found - percent / 100) < 5 * spread


def test_a_larger_group_holds_everybody_of_a_smaller_one() -> None:
    assert held("5a" * 8, 10) < held("5a" * 8, 20)


def test_the_groups_of_two_campaigns_have_nothing_to_do_with_each_other() -> None:
    both = len(held("5a" * 8, 20) & held("c3" * 8, 20)) / len(MEMBERS)
    assert abs(both - 0.04) < 5 * (0.04 * 0.96 / len(MEMBERS)) ** 0.5


def test_the_lot_is_the_same_on_every_machine_and_in_every_release() -> None:
    found = [member for member in MEMBERS[:200] if is_held_out(HELD, member)]
    assert found == [member for member in MEMBERS[:200] if in_group("5a" * 8, 10, member)]
    # Written down: another hash would let those see the offer who are to do without it.
    assert [int(member, 16) for member in found[:5]] == KNOWN


KNOWN = [3, 6, 7, 37, 38]


def test_nobody_is_held_out_who_is_no_member_nor_of_an_offer_without_a_group() -> None:
    assert not is_held_out(HELD, "")
    assert not any(is_held_out(PLAIN, member) for member in MEMBERS)
    assert not any(in_group("", 50, member) for member in MEMBERS[:100])
    out = next(member for member in MEMBERS if is_held_out(HELD, member))
    assert not_held_out([PLAIN, HELD], out) == [PLAIN]


def salts() -> Iterator[bytes]:
    yield from (bytes([number]) * 8 for number in range(1, 100))


def test_a_lot_is_drawn_once_and_kept_over_every_later_version() -> None:
    random = salts()
    plain = msgspec.structs.replace(HELD, holdout_salt="")
    first = drawn(plain, (), lambda _count: next(random))
    assert first.holdout_salt == "01" * 8
    later = drawn(plain, (first,), lambda _count: next(random))
    assert later.holdout_salt == first.holdout_salt
    assert drawn(PLAIN, (), lambda _count: next(random)) == PLAIN


def test_a_group_and_its_beginning_stay_once_an_offer_has_begun() -> None:
    more = msgspec.structs.replace(HELD, holdout_percent=20)
    moved = msgspec.structs.replace(HELD, starts_at=500)
    longer = msgspec.structs.replace(HELD, ends_at=20_000)
    assert begun_fault(HELD, more, now=999) is None
    assert begun_fault(HELD, more, now=1_000) == STAYS
    assert begun_fault(PLAIN, HELD, now=1_000) == STAYS
    assert begun_fault(HELD, moved, now=1_000) == START_STAYS
    assert begun_fault(HELD, longer, now=1_000) is None
    assert begun_fault(PLAIN, msgspec.structs.replace(PLAIN, starts_at=500), now=1_000) is None

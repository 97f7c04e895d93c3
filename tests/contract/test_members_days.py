"""Members' days follow from the journal, however it came, and end with what they agreed to; who came back counts for an offer."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import msgspec
import pytest

from hub.figures.answer import NOTHING, Answer, Value
from hub.figures.engine import ask
from hub.figures.members import cohorts
from hub.figures.question import Days, Dimension, Question
from hub.folding import fold
from hub.rebuild import verify
from hub.store.grains import Asked
from hub.store.member_days import RETURN_DAYS
from hub.store.member_records import MemberDay
from hub.store.sqlite import FILE, SqliteStore
from hub.wire.events import (
    ConsentGiven,
    ConsentWithdrawn,
    CouponIssued,
    CouponRedeemed,
    CouponReversed,
    Fact,
    PurchasePaid,
    VisitClosed,
    make_event,
)
from hub.wire.snapshot import Shop
from tests.hub_house import NOON, House

DAY_S = 86_400.0
ANN, BOB = "member-ann", "member-bob"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.close()


def agreed(member: str, purpose: str = "recognise") -> ConsentGiven:
    return ConsentGiven(
        member=member, purpose=purpose, text="I agree.", text_version="1", language="en", place="portal"
    )


def came(member: str, at: float, name: str = "v") -> VisitClosed:
    return VisitClosed(
        id=name, zone="door", arrived_at=at, departed_at=at + 60, dwell_s=60.0, peak_dbm=-60, known=member
    )


def bought(name: str, member: str, cents: int) -> PurchasePaid:
    return PurchasePaid(id=name, till="Till 1", staff="s1", cents=cents, member=member)


def used(serial: int, member: str, **also: object) -> CouponRedeemed:
    plain = CouponRedeemed(
        serial=f"{serial:016x}", campaign=1, nonce=f"n{serial}", till="Till 1", staff="s1", value_cents=100,
        basket_cents=1_000, member=member, offline=True,
    )  # fmt: skip
    return msgspec.structs.replace(plain, **also)


def day_of(at: float) -> int:
    return int(at // DAY_S) + 719_163


def returned(house: House) -> int:
    first = day_of(NOON) - 400
    rows = house.store.rollups.sums(Asked("offers", ("returned",), (7,), first, first + 800))
    return sum(row.numbers[0] for row in rows)


def test_what_a_member_did_stands_under_their_days_once_they_agreed_and_no_longer(house: House) -> None:
    till = house.node()
    till.report(
        agreed(ANN), came(ANN, NOON), came(ANN, NOON + 300, "w"), came(BOB, NOON), bought("p1", ANN, 700)
    )
    till.report(used(1, ANN), at=NOON + DAY_S)
    till.report(used(2, ANN, purchase="p1"), at=NOON + DAY_S)
    today = day_of(NOON)
    members = house.store.members
    assert members.days(today - 1, today + 9) == [
        MemberDay(ANN, today, 2, 1, 0, 700),
        MemberDay(ANN, today + 1, 0, 0, 2, 1_000),
    ]
    assert [one.member for one in members.days(today, today, standing=False)] == [ANN, BOB]
    assert [(one.member, one.day, one.recognise, one.messages) for one in members.joined()] == [
        (ANN, today, True, False)
    ]
    till.report(ConsentWithdrawn(member=ANN, purpose="all", place="shop"), at=NOON + 2 * DAY_S)
    assert members.days(today - 1, today + 9) == []
    assert members.joined() == []
    assert verify(house.store).differ == ()


def test_a_withdrawal_that_is_heard_of_before_the_agreement_that_it_ends_ends_it(house: House) -> None:
    late, early = house.node(), house.node()
    early.report(ConsentWithdrawn(member=ANN, purpose="recognise", place="shop"), at=NOON + 60)
    late.report(agreed(ANN), at=NOON)
    assert house.store.members.joined() == []
    late.report(agreed(ANN, "messages"), at=NOON + 30)
    assert [(one.recognise, one.messages) for one in house.store.members.joined()] == [(False, True)]
    assert verify(house.store).differ == ()


def test_somebody_who_is_here_on_a_later_day_within_four_weeks_has_come_back(house: House) -> None:
    till = house.node()
    till.report(used(1, ANN))
    till.report(came(ANN, NOON + 3_600))
    assert returned(house) == 0, "the same day is no return"
    till.report(came(ANN, NOON + (RETURN_DAYS + 1) * DAY_S, "later"))
    assert returned(house) == 0, "after more than four weeks it is none either"
    till.report(came(ANN, NOON + RETURN_DAYS * DAY_S, "again"))
    assert returned(house) == 1
    assert verify(house.store).differ == ()


def test_a_return_that_was_a_redemption_ends_when_that_is_taken_back(house: House) -> None:
    till = house.node()
    till.report(used(1, ANN))
    till.report(used(2, ANN), at=NOON + DAY_S)
    assert returned(house) == 1
    till.report(
        CouponReversed(
            serial=f"{2:016x}", campaign=1, of="n2", redeemed_by=till.device, nonce="back", till="Till 1", staff="s1",
            by="staff", reason="wrong", value_cents=100,
        ),
        at=NOON + DAY_S + 60,
    )  # fmt: skip
    assert returned(house) == 0
    assert verify(house.store).differ == ()


def test_a_return_moves_to_the_way_of_its_coupon_when_that_is_known(house: House) -> None:
    till, portal = house.node(), house.node()
    till.report(used(1, ANN), came(ANN, NOON + DAY_S))

    def by_way() -> dict[object, int]:
        asked = Asked("offers", ("returned",), (7,), day_of(NOON), day_of(NOON), by=("channel",))
        return {row.key[0]: row.numbers[0] for row in house.store.rollups.sums(asked) if row.numbers[0]}

    assert by_way() == {"": 1}
    portal.report(
        CouponIssued(
            serial=f"{1:016x}", campaign=1, code="0" * 12, key_number=1, expires_at=int(NOON) + 9_999, channel="portal"
        ),
        at=NOON - 60,
    )  # fmt: skip
    assert by_way() == {"portal": 1}
    assert verify(house.store).differ == ()


def test_another_timezone_makes_the_days_anew(house: House) -> None:
    till = house.node()
    # Ten minutes before and after midnight in Berlin: in London both are on one day.
    midnight = NOON - NOON % DAY_S + DAY_S - 3_600
    till.report(agreed(ANN), used(1, ANN), at=midnight - 600)
    till.report(came(ANN, midnight + 600))
    today = day_of(NOON)
    assert [one.day for one in house.store.members.days(today - 1, today + 2)] == [today, today + 1]
    assert returned(house) == 1
    house.store.shop.save(Shop(7, {"en": "Corner"}, timezone="Europe/London"), NOON)
    assert [one.day for one in house.store.members.days(today - 1, today + 2)] == [today]
    assert returned(house) == 0
    assert verify(house.store).differ == ()


def test_how_a_journal_is_cut_makes_no_difference(tmp_path: Path) -> None:
    dice = random.Random(20_261_130)
    facts: list[tuple[float, Fact]] = []
    for place in range(160):
        member, at = dice.choice((ANN, BOB)), NOON + dice.randrange(0, 40) * DAY_S
        serial = dice.randrange(30)
        facts.append(
            (
                at,
                dice.choice(
                    (
                        agreed(member),
                        ConsentWithdrawn(member=member, purpose=dice.choice(("all", "recognise")), place="shop"),
                        came(member, at, f"v{place}"),
                        bought(f"p{serial}", member, place),
                        used(serial, member, nonce=f"n{serial}"),
                        CouponIssued(
                            serial=f"{serial:016x}", campaign=1, code=f"{serial:012d}", key_number=1,
                            expires_at=int(NOON), channel=dice.choice(("portal", "link")),
                        ),
                        CouponReversed(
                            serial=f"{serial:016x}", campaign=1, of=f"n{serial}", redeemed_by="till-1", nonce=f"b{place}",
                            till="Till 1", staff="s1", by="staff", reason="wrong", value_cents=100,
                        ),
                    )
                ),
            )
        )  # fmt: skip
    placed = [
        (place, make_event("till-1", 1, place, fact, at=at, clock="ntp"))
        for place, (at, fact) in enumerate(facts, 1)
    ]
    digests = []
    for cut in (1, 7, 160):
        folder = tmp_path / str(cut)
        folder.mkdir()
        store = SqliteStore(folder / FILE)
        store.shop.save(Shop(7, {"en": "Corner"}, timezone="Europe/Berlin"), NOON)
        for start in range(0, len(placed), cut):
            with store.writing():
                fold(store.ledger, placed[start : start + cut])
        digests.append(store.ledger.digest())
        assert store.members.joined(standing=False)
        store.close()
    assert digests[0] == digests[1] == digests[2]


def test_who_joined_and_came_back_is_told_by_month_up_to_yesterday_and_with_noise(house: House) -> None:
    till = house.node()
    first = datetime(2026, 9, 10, 12, tzinfo=UTC).timestamp()
    till.report(*(agreed(f"member-{place:03d}") for place in range(60)), at=first)
    for place in range(40):
        # Half of them within a week, half within two months.
        at = first + (3 if place % 2 else 40) * DAY_S
        till.report(came(f"member-{place:03d}", at, f"v{place}"), at=at)
    now = datetime(2026, 11, 20, 12, tzinfo=UTC).timestamp()
    question = Question(
        ("members_joined", "members_left", "members_active"),
        Days(date(2026, 9, 1), date(2026, 11, 20)),
        (Dimension.MONTH,),
    )
    answer = ask(house.store, question, now)
    assert isinstance(answer, Answer)
    by_month = {row.key[0]: row.values for row in answer.rows}
    assert by_month["2026-09-01"]["members_joined"] == Value(60), "a month that is over, and sixty: exact"
    active = answer.total.values["members_active"]
    assert active.noisy
    assert abs((active.number or 0) - 40) <= 8
    told = cohorts(house.store)
    assert told is not None
    assert told.until == date(2026, 11, 19)
    (cohort,) = told.rows
    assert cohort.month == date(2026, 9, 1)
    assert cohort.size.noisy
    assert abs((cohort.size.number or 0) - 60) <= 4
    assert abs((cohort.back[1].number or 0) - 20) <= 4
    assert abs((cohort.back[4].number or 0) - 20) <= 4
    assert cohort.back[13] == NOTHING, "thirteen weeks are not over"
    numbers = [cohort.back[weeks].number or 0 for weeks in (1, 2, 4)]
    assert numbers == sorted(numbers)
    # One who takes it back is in nothing that is told of those who agree.
    gone = [
        ConsentWithdrawn(member=f"member-{place:03d}", purpose="all", place="shop") for place in range(60)
    ]
    till.report(*gone, at=now)
    assert cohorts(house.store) is None
    assert ask(house.store, question, now + DAY_S).total.values["members_active"].number == 0  # type: ignore[union-attr]  # an answer, as before


def test_no_question_about_members_makes_a_list_of_all_of_them_for_every_row(house: House) -> None:
    node, store = house.node(), house.store
    node.report(agreed(ANN), bought("p1", ANN, 500), came(ANN, NOON))
    conn, asked = store.pool.conn(), list[str]()
    conn.set_trace_callback(asked.append)
    for standing in (True, False):
        store.members.joined(standing=standing)
        store.members.days(0, 10**7, standing=standing)
    store.members.daily(0, 10**7)
    store.members.returns(10**7)
    store.members.totals([ANN, BOB], 0, 10**7)
    shops = (store.shop.number,)
    store.worth.how_many(shops)
    assert [member for member, *_ in store.worth.each(shops, 10**7)] == [ANN]
    store.worth.likeliest_lost(shops, 0.0, 1.0, None, 10)
    store.worth.worth_most(shops, 10)
    conn.set_trace_callback(None)
    assert any("member_day" in one for one in asked)
    plans = [
        (step, one) for one in asked for *_, step in conn.execute(f"EXPLAIN QUERY PLAN {one}").fetchall()
    ]
    assert [(step, one) for step, one in plans if "CORRELATED LIST" in step] == []

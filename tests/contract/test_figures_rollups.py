"""Sums by the shop's days and hours are those of the facts, by any clock, and the same on both databases."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest
from chain_house import HeadHouse, ShopHouse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.app import open_database
from hub.figures.answer import Answer
from hub.figures.changes import look_for_changes
from hub.figures.engine import ask
from hub.figures.question import Comparison, Days, Dimension, Filters, Question
from hub.figures.reach import shops_of
from hub.folding import fold
from hub.rebuild import rebuild, verify
from hub.sentences import Said
from hub.store.grains import FAMILIES, Asked
from hub.store.local_days import place, spans
from hub.store.whole import HubStore
from hub.wire.events import Event, PortalJoined, StreetCounted, VisitClosed
from hub.wire.snapshot import Shop
from tests.hub_house import NOON, House, visit
from tests.postgres_server import PostgresServer, postgres_server

# Around both nights on which Berlin's clocks change in 2026, a day in summer, and one of half-hour steps.
NIGHTS = (1_774_742_400, 1_792_886_400, 1_782_864_000)
CLOCKS = ("Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe", "America/St_Johns", "UTC")
FIRST, LAST = date(2026, 3, 1), date(2026, 11, 30)

LONG_AFTER_S = 10 * 86_400
"""Nothing is waited for any more: what was ten people or more is told without noise (`hub.figures.settling`)."""

stamps = st.builds(
    lambda night, quarter, rest: night + quarter * 900 + rest,
    st.sampled_from(NIGHTS),
    st.integers(0, 200),
    st.integers(0, 899),
)
stays = st.lists(st.tuples(stamps, st.sampled_from(["door", "hall"]), st.integers(0, 3_000)), max_size=14)


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with postgres_server() as running:
        yield running


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubStore]:
    url = request.getfixturevalue("server").fresh() if request.param == "postgres" else ""
    made = open_database(tmp_path_factory.mktemp("rollups"), url)
    made.shop.save(Shop(7, {"en": "Corner"}, timezone="Europe/Berlin"), NOON)
    yield made
    made.close()


def placed(happened: list[tuple[int, str, int]]) -> list[tuple[int, Event]]:
    """Visits in the order in which they came."""
    events = []
    for position, (at, zone, dwell_s) in enumerate(happened, 1):
        fact = VisitClosed(
            id="00" * 8, zone=zone, arrived_at=at, departed_at=at + dwell_s, dwell_s=dwell_s, peak_dbm=-60
        )
        data = msgspec.Raw(msgspec.json.encode(fact))
        events.append((position, Event("edge-1", 1, position, "visit.closed", at + dwell_s, "ntp", data)))
    return events


def clock(store: HubStore, timezone: str) -> None:
    """Give the shop another timezone."""
    shop = store.shop.get()
    assert shop is not None
    store.shop.save(msgspec.structs.replace(shop, timezone=timezone), NOON)


def asked(*by: str, **more: object) -> Asked:
    """A question about visits."""
    plain = Asked("footfall", ("visits", "dwell_ms"), (7,), FIRST.toordinal(), LAST.toordinal(), by)
    return replace(plain, **more)  # type: ignore[arg-type]  # its own fields


CUTS: tuple[tuple[str, ...], ...] = (
    (),
    ("day",),
    ("week",),
    ("hour",),
    ("weekday",),
    ("weekhour",),
    ("zone",),
    ("zone", "hour"),
    ("day", "zone"),
    ("shop",),
)


def plainly(
    happened: list[tuple[int, str, int]], timezone: str, by: tuple[str, ...]
) -> dict[object, list[int]]:
    """The same by a slow reading."""
    found: dict[object, list[int]] = {}
    for at, zone, dwell_s in happened:
        local = datetime.fromtimestamp(at, ZoneInfo(timezone))
        day = local.date()
        names = {
            "day": day.toordinal(),
            "week": day.toordinal() - day.weekday(),
            "hour": local.hour,
            "weekday": day.weekday(),
            "weekhour": day.weekday() * 24 + local.hour,
            "zone": zone,
            "shop": 7,
        }
        sums = found.setdefault(tuple(names[name] for name in by), [0, 0])
        sums[0] += 1
        sums[1] += dwell_s * 1_000
    return found


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    happened=stays, cut=st.integers(0, 14), timezone=st.sampled_from(CLOCKS), later=st.sampled_from(CLOCKS)
)
def test_sums_are_those_of_the_facts_by_the_clock_of_the_shop_also_after_it_changed(
    store: HubStore, happened: list[tuple[int, str, int]], cut: int, timezone: str, later: str
) -> None:
    events = placed(happened)
    clock(store, timezone)
    with store.writing():
        store.ledger.empty_projections()
        for batch in (events[:cut], events[cut:]):
            fold(store.ledger, batch)
    for zone in (timezone, later):
        clock(store, zone)
        for by in CUTS:
            rows = store.rollups.sums(asked(*by))
            assert {row.key: list(row.numbers) for row in rows} == plainly(happened, zone, by)
            assert rows == store.rollups.from_quarters(asked(*by))
    changed = store.ledger.digest()
    with store.writing():
        store.ledger.empty_projections()
        fold(store.ledger, events)
    assert store.ledger.digest() == changed


@given(
    timezone=st.sampled_from(CLOCKS), first=st.integers(1_900_000, 2_000_000), count=st.integers(1, 20_000)
)
def test_spans_cover_their_quarters_and_say_what_each_quarter_says(
    timezone: str, first: int, count: int
) -> None:
    found = spans(timezone, first, first + count)
    assert [begun for begun, _, _ in found[1:]] == [end for _, end, _ in found[:-1]]
    assert (found[0][0], found[-1][1]) == (first, first + count)
    for quarter in {
        first,
        first + count - 1,
        *(begun for begun, _, _ in found),
        *(end - 1 for _, end, _ in found),
    }:
        ahead = next(ahead for begun, end, ahead in found if begun <= quarter < end)
        day, rest = divmod(quarter + ahead, 96)
        assert (day + date(1970, 1, 1).toordinal(), rest // 4) == place(timezone, quarter)


def test_what_is_taken_back_leaves_no_row_behind(store: HubStore) -> None:
    quarter = NIGHTS[0] // 900
    measures = len(FAMILIES["offers"].measures)
    taken = (quarter, 3, "", "s-1", "Till 1", False)
    with store.writing():
        store.ledger.empty_projections()
        empty = store.ledger.digest()
        store.ledger.roll("offers", [(*taken, *([1] * measures))])
        assert store.ledger.digest() != empty
        store.ledger.roll("offers", [(*taken, *([-1] * measures))])
    assert store.ledger.digest() == empty


def told(answer: Answer | Said) -> Answer:
    """An answer that is none of the sentences."""
    assert isinstance(answer, Answer), answer
    return answer


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    made.close()


def whole(*figures: str, by: tuple[Dimension, ...] = (), **more: object) -> Question:
    """A question about the month around noon."""
    day = datetime.fromtimestamp(NOON, ZoneInfo("Europe/Berlin")).date()
    return Question(figures, Days(day.replace(day=1), day), by, **more)  # type: ignore[arg-type]  # its own fields


def test_an_answer_has_every_day_its_mean_and_what_was_before(house: House) -> None:
    house.node("edge", "Door").report(
        *(visit(NOON - 600 * place, zone="door") for place in range(12)), visit(NOON - 86_400 * 40)
    )
    answer = told(
        ask(
            house.store,
            whole("visits", "dwell_s", by=(Dimension.DAY,), comparison=Comparison.PREVIOUS),
            house.now + LONG_AFTER_S,
        )
    )
    assert [row.key[0] for row in answer.rows] == [
        date.fromordinal(day).isoformat()
        for day in range(answer.question.days.first.toordinal(), answer.question.days.last.toordinal() + 1)
    ]
    assert answer.total.values["visits"].number == 12
    assert answer.rows[-1].values["visits"].number == 12
    assert answer.rows[0].values["dwell_s"].number is None


def test_shops_of_a_chain_are_summed_and_no_other_shop_is(house: House, tmp_path: Path) -> None:
    shops: Counter[int] = Counter({7: 11, 8: 13, 9: 17})
    for number, count in shops.items():
        own = house.store.of_shop(number)
        if number != 7:
            own.shop.save(Shop(number, {"en": "Other"}, timezone="Asia/Shanghai"), NOON)
        events = [(NOON - 60 * place, "door", 60) for place in range(count)]
        with own.writing():
            fold(own.ledger, placed([(int(at), zone, dwell) for at, zone, dwell in events]))
    house.store.put_in_chain(8)
    both = whole("visits", by=(Dimension.SHOP,), filters=Filters(shops=(7, 8)))
    answer = told(ask(house.store, both, house.now + LONG_AFTER_S))
    assert {row.key: row.values["visits"].number for row in answer.rows} == {("7",): 11, ("8",): 13}
    assert answer.total.values["visits"].number == 24
    assert (
        told(ask(house.store, whole("visits"), house.now + LONG_AFTER_S)).total.values["visits"].number == 11
    )
    for strange in (9, 4):
        assert isinstance(
            ask(house.store, whole("visits", filters=Filters(shops=(7, strange))), house.now), Said
        )


def test_a_question_that_makes_no_sense_is_a_sentence(house: House) -> None:
    day = date(2026, 1, 1)
    for question in (
        whole("nothing"),
        whole(),
        whole("visits", by=(Dimension.CAMPAIGN,)),
        whole("visits", by=(Dimension.DAY, Dimension.ZONE, Dimension.HOUR)),
        whole("visits", comparison=Comparison.CUSTOM),
        Question(("visits",), Days(day, date(2025, 1, 1))),
        Question(("visits",), Days(date(1970, 1, 1), day)),
    ):
        assert isinstance(ask(house.store, question, house.now), Said)


def test_what_may_still_come_from_a_node_that_is_behind_is_provisional(house: House) -> None:
    door, till = house.node("edge", "Door"), house.node()
    till.report(house_fact := StreetCounted(zone="door", window_s=60, passers=1, entrants=1))
    door.report(visit(NOON - 5 * 86_400), at=NOON - 5 * 86_400)
    # A fact that is still on its way: the numbers after it are here.
    door.event(house_fact, at=NOON - 4 * 86_400)
    door.report(visit(NOON), PortalJoined(way="click", seconds=60))
    answer = told(ask(house.store, whole("visits", "guests", by=(Dimension.DAY,)), house.now))
    (behind,) = answer.fresh["footfall"].behind
    first = datetime.fromtimestamp(NOON - 5 * 86_400, ZoneInfo("Europe/Berlin")).date().isoformat()
    assert behind == ("Door", first)
    assert [row.key[0] for row in answer.rows if row.values["visits"].provisional] == [
        row.key[0] for row in answer.rows if row.key[0] >= first
    ]
    assert answer.total.values["visits"].provisional
    sold = told(ask(house.store, whole("redeemed"), house.now))
    assert not [name for name, _ in sold.fresh["offers"].behind if name == "Till 1"]


def test_a_rebuild_gives_the_same_sums_and_a_check_finds_nothing(house: House) -> None:
    house.node("edge", "Door").report(*(visit(NOON - 7_000 * place) for place in range(30)))
    before = house.store.ledger.digest()
    with house.store.writing():
        rebuild(house.store)
    assert house.store.ledger.digest() == before
    assert verify(house.store).differ == ()


def test_a_day_that_was_over_and_changes_says_from_what(house: House) -> None:
    door = house.node("edge", "Door")
    door.report(*(visit(NOON - 600 * place) for place in range(12)))
    house.now = NOON + LONG_AFTER_S
    assert look_for_changes(house.store, house.now) == 0
    assert look_for_changes(house.store, house.now) == 0
    door.report(*(visit(NOON - 700 * place) for place in range(15)))
    assert look_for_changes(house.store, house.now + 60) == 1
    answer = told(ask(house.store, whole("visits", "guests", by=(Dimension.DAY,)), house.now + 60))
    (change,) = answer.changed
    assert (change.figure, change.earlier, change.number, change.at) == ("visits", 12, 27, house.now + 60)
    assert change.day == answer.rows[-1].key[0]
    assert look_for_changes(house.store, house.now + 120) == 0
    # By another clock it is another day: nothing changed late.
    clock(house.store, "Asia/Shanghai")
    assert look_for_changes(house.store, house.now + 180) == 0


def test_a_shop_that_is_added_to_the_chain_by_command_is_counted_too(house: House) -> None:
    command = [sys.executable, "-m", "hub", "--dir", str(house.folder), "shop", "add", "--name"]
    subprocess.run([*command, "Harbour", "--number", "8", "--of-chain"], check=True, capture_output=True)
    subprocess.run([*command, "Alone", "--number", "9"], check=True, capture_output=True)
    assert shops_of(house.store) == (7, 8)


def test_hours_by_staff_are_read_from_quarters_and_fit_the_days(store: HubStore) -> None:
    clock(store, "Europe/Berlin")
    measures = FAMILIES["offers"].measures
    only = [0] * len(measures)
    only[measures.index("redeemed")] = 1
    acts = [
        (NIGHTS[0] // 900 + step, step % 3, ("kiosk", "portal")[step % 2], f"s-{step % 4}", "Till 1", False)
        for step in range(150)
    ]
    with store.writing():
        store.ledger.empty_projections()
        store.ledger.roll("offers", [(*act, *only) for act in acts])
    for by in (
        (),
        ("staff",),
        ("campaign", "day"),
        ("channel", "hour"),
        ("staff", "weekhour"),
        ("till", "hour"),
    ):
        one = Asked("offers", ("redeemed",), (7,), FIRST.toordinal(), LAST.toordinal(), by)
        narrowed = replace(one, only=(("staff", ("s-1", "s-3")),))
        for question, all_of_them in (
            (one, acts),
            (narrowed, [act for act in acts if act[3] in ("s-1", "s-3")]),
        ):
            rows = store.rollups.sums(question)
            assert rows == store.rollups.from_quarters(question)
            assert sum(row.numbers[0] for row in rows) == len(all_of_them)
    by_hour = store.rollups.sums(
        Asked("offers", ("redeemed",), (7,), FIRST.toordinal(), LAST.toordinal(), ("staff", "hour"))
    )
    plain = Counter(
        (act[3], datetime.fromtimestamp(act[0] * 900, ZoneInfo("Europe/Berlin")).hour) for act in acts
    )
    assert {row.key: row.numbers[0] for row in by_hour} == plain


def test_head_office_counts_a_shop_below_and_says_when_its_hub_is_behind(tmp_path: Path) -> None:
    head = HeadHouse(tmp_path / "head")
    shop = ShopHouse(tmp_path / "shop", 2, head)
    shop.join()
    shop.node("edge", "Door").report(*(visit(NOON - 86_400 - 60 * place) for place in range(14)))
    shop.drain()
    question = whole("visits", by=(Dimension.SHOP,), filters=Filters(shops=(1, 2)))
    answer = told(ask(head.store, question, head.now))
    assert {row.key: row.values["visits"].number for row in answer.rows} == {("2",): 14}
    assert answer.fresh["footfall"].behind == ()
    head.now += 3 * 3_600
    later = told(ask(head.store, question, head.now))
    assert len(later.fresh["footfall"].behind) == 1
    assert later.rows[0].values["visits"].provisional
    assert told(ask(head.store, whole("visits"), head.now)).fresh["footfall"].behind == ()
    shop.close()
    head.close()

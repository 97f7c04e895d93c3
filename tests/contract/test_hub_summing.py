"""What is only counted adds up to the same, however the journal is cut; and to what a slow reading of it says."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from hub.folding import fold
from hub.store.sqlite import FILE, SqliteStore
from hub.wire.events import Event, Fact, OccupancyMeasured, OfferSeen, VisitClosed
from hub.wire.snapshot import Shop

AT = 1_795_000_000.0
KIND = {VisitClosed: "visit.closed", OccupancyMeasured: "occupancy.measured", OfferSeen: "offer.seen"}

zones = st.sampled_from(["door", "hall"])
stamps = st.sampled_from([AT, AT + 1, AT + 899, AT + 900, AT + 5_000])
people = st.integers(0, 40_000).map(lambda thousandths: thousandths / 1000)


@st.composite
def facts(draw: st.DrawFn) -> tuple[str, float, Fact]:
    """Something that was counted: whose journal, when, what."""
    device, at, zone = draw(st.sampled_from(["edge-1", "edge-2"])), draw(stamps), draw(zones)
    simulated = draw(st.booleans())
    match draw(st.sampled_from(["visit", "window", "window", "seen"])):
        case "visit":
            return (
                device,
                at,
                VisitClosed(
                    id="00" * 8,
                    zone=zone,
                    arrived_at=draw(stamps),
                    departed_at=AT + 9_000,
                    dwell_s=draw(people),
                    peak_dbm=-60,
                    simulated=simulated,
                ),
            )
        case "window":
            return (
                device,
                at,
                OccupancyMeasured(
                    zone=zone,
                    window_s=60,
                    people=draw(people),
                    low=draw(people),
                    high=draw(people),
                    addresses=draw(st.integers(0, 9)),
                    simulated=simulated,
                ),
            )
    return device, at, OfferSeen(campaign=draw(st.integers(1, 2)), channel="portal", simulated=simulated)


Placed = list[tuple[int, Event]]


def journal(happened: list[tuple[str, float, Fact]]) -> Placed:
    """Events in the order in which they came."""
    seqs: dict[str, int] = defaultdict(int)
    placed = []
    for position, (device, at, fact) in enumerate(happened, 1):
        seqs[device] += 1
        data = msgspec.Raw(msgspec.json.encode(fact))
        placed.append((position, Event(device, 1, seqs[device], KIND[type(fact)], at, "ntp", data)))
    return placed


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqliteStore]:
    made = SqliteStore(tmp_path_factory.mktemp("sums") / FILE)
    made.shop.save(Shop(1, {"en": "Corner"}), AT)
    yield made
    made.close()


def folded(store: SqliteStore, batches: list[Placed]) -> dict[str, str]:
    """The digests of all projections of these batches."""
    with store.writing():
        store.ledger.empty_projections()
        for batch in batches:
            fold(store.ledger, batch)
    return store.ledger.digest()


def window(zone: str, at: float, number: float) -> tuple[str, float, Fact]:
    """People present."""
    fact = OccupancyMeasured(zone=zone, window_s=60, people=number, low=0, high=number, addresses=1)
    return "edge-1", at, fact


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(happened=st.lists(facts(), max_size=16), place=st.integers(0, 16))
@example(happened=[window("door", AT, 1), window("door", AT, 2), window("door", AT - 1, 3)], place=0)
def test_sums_do_not_depend_on_how_facts_came(
    store: SqliteStore, happened: list[tuple[str, float, Fact]], place: int
) -> None:
    placed = journal(happened)
    one_by_one = folded(store, [[event] for event in placed])
    assert folded(store, [batch for batch in (placed[:place], placed[place:]) if batch]) == one_by_one


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(happened=st.lists(facts(), max_size=16))
@example(happened=[window("door", AT, 1), window("door", AT, 2), window("door", AT - 1, 3)])
def test_the_newest_window_of_a_zone_is_the_last_with_its_latest_stamp(
    store: SqliteStore, happened: list[tuple[str, float, Fact]]
) -> None:
    folded(store, [journal(happened)])
    newest: dict[str, tuple[float, float]] = {}
    for _, at, fact in happened:
        if isinstance(fact, OccupancyMeasured) and at >= newest.get(fact.zone, (0.0, 0.0))[0]:
            newest[fact.zone] = (at, fact.people)
    assert {one.zone: (one.at, one.people) for one in store.reports.latest_windows(0.0)} == newest


def test_a_batch_of_nothing_but_broken_visits_is_flagged_and_counted(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / FILE)
    store.shop.save(Shop(1, {"en": "Corner"}), AT)
    broken = Event("edge-1", 1, 1, "visit.closed", AT, "ntp", msgspec.Raw(b'{"zone": 7}'))
    with store.writing():
        fold(store.ledger, [(1, broken)])
    assert store.journal.kinds() == {"visit.closed": 1}
    assert [reach.taken for reach in store.journal.reach()] == [1]
    store.close()

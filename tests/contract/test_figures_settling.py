"""What is shown of people follows the facts, by days: frozen while a day goes on, exact when it is over, never by a few more."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest

from hub.app import open_database
from hub.figures.answer import Answer, Value
from hub.figures.engine import ask
from hub.figures.question import Days, Dimension, Filters, Question
from hub.figures.settling import OPEN_DAYS, settle
from hub.folding import fold
from hub.jobs import settle_all
from hub.rebuild import rebuild, verify
from hub.store.sqlite import FILE, SqliteStore
from hub.store.whole import HubStore
from hub.wire.events import PortalJoined, VisitClosed, make_event
from hub.wire.snapshot import Shop
from tests.hub_house import NOON, House, visit
from tests.postgres_server import PostgresServer, postgres_server

DAY_S = 86_400.0
BERLIN = ZoneInfo("Europe/Berlin")
TODAY = datetime.fromtimestamp(NOON, BERLIN).date()
LATER = NOON + 2 * DAY_S
"""The day is over."""


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with postgres_server() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[HubStore]:
    url = request.getfixturevalue("server").fresh() if request.param == "postgres" else ""
    made = open_database(tmp_path, url)
    made.shop.save(Shop(7, {"en": "Corner"}, timezone="Europe/Berlin"), NOON)
    yield made
    made.close()


class Door:
    """Tells of visits; nothing is known of it as a device, so nothing is waited for."""

    def __init__(self, store: HubStore) -> None:
        self._store = store
        self._position = 0

    def tell(self, count: int, at: float = NOON, zone: str = "door") -> None:
        """So many visits of a minute."""
        events = []
        for _ in range(count):
            self._position += 1
            fact = VisitClosed(
                id="v", zone=zone, arrived_at=at, departed_at=at + 60, dwell_s=60.0, peak_dbm=-60
            )
            events.append((self._position, make_event("door-1", 1, self._position, fact, at=at, clock="ntp")))
        with self._store.writing():
            fold(self._store.ledger, events)


def visits(
    store: HubStore, now: float, by: Dimension | None = None, **only: tuple[str, ...]
) -> dict[str, Value]:
    """By the key of the row; "" is the whole."""
    question = Question(
        ("visits",), Days(TODAY, TODAY), (by,) if by else (), Filters(zones=only.get("zones", ()))
    )
    answer = ask(store, question, now)
    assert isinstance(answer, Answer)
    rows = {row.key[0]: row.values["visits"] for row in answer.rows}
    return {"": answer.total.values["visits"], **rows}


def test_a_day_that_goes_on_is_told_in_fives_and_exactly_when_it_is_over(store: HubStore) -> None:
    door = Door(store)
    seen = []
    for _ in range(25):
        door.tell(1)
        seen.append(visits(store, NOON)[""])
    assert all(one.noisy for one in seen)
    assert all((one.number or 0) % 5 == 0 for one in seen)
    assert len({one.number for one in seen}) <= 6
    assert visits(store, LATER)[""] == Value(25)


def test_nothing_of_an_open_day_moves_between_two_steps_of_its_total(store: HubStore) -> None:
    door = Door(store)
    door.tell(40)
    before = visits(store, NOON, Dimension.ZONE)
    steps = 0
    for place in range(20):
        door.tell(1, zone=("door", "hall")[place % 2])
        after = visits(store, NOON, Dimension.ZONE)
        if after[""] == before[""]:
            assert after == before
        steps += after[""] != before[""]
        before = after
    assert 3 <= steps <= 5


def test_a_few_that_are_told_late_do_not_stand_in_the_difference_of_exact_numbers(store: HubStore) -> None:
    door = Door(store)
    door.tell(50)
    assert visits(store, LATER)[""] == Value(50)
    door.tell(3)
    few = visits(store, LATER)[""]
    assert few.noisy
    assert abs((few.number or 0) - 53) <= 4
    door.tell(9)
    assert visits(store, LATER)[""] == Value(62), "twelve more than what was told exactly before"


def test_the_total_stays_exact_where_zones_carry_noise_and_zones_left_over_are_ten_or_more(
    store: HubStore,
) -> None:
    door = Door(store)
    for zone, count in (("attic", 2), ("door", 40), ("hall", 12)):
        door.tell(count, zone=zone)
    told = visits(store, LATER, Dimension.ZONE)
    assert told[""] == Value(54)
    assert told["door"] == Value(40)
    assert told["attic"].noisy
    assert told["hall"].noisy, "else what is left of the total would be the two in the attic"
    assert (told["attic"].number or 0) + (told["hall"].number or 0) == 14
    rest = visits(store, LATER, zones=("attic", "hall"))[""]
    assert rest.number == 14


def test_it_follows_another_clock_of_the_shop(store: HubStore) -> None:
    door = Door(store)
    # Ten minutes before midnight in Berlin.
    late = datetime(TODAY.year, TODAY.month, TODAY.day, 23, 50, tzinfo=BERLIN).timestamp()
    door.tell(34)
    door.tell(20, at=late)
    assert visits(store, LATER)[""] == Value(54)
    shop = store.shop.get()
    assert shop is not None
    store.shop.save(msgspec.structs.replace(shop, timezone="Asia/Shanghai"), NOON)
    assert visits(store, LATER)[""] == Value(34), "in Shanghai it was the next day already"


def test_it_is_the_same_after_a_rebuild(tmp_path: Path) -> None:
    house = House(tmp_path)
    door = house.node("edge", "Door")
    for zone, count in (("door", 4), ("hall", 30), ("attic", 2)):
        door.report(*(visit(NOON - 60 * place, zone=zone) for place in range(count)))
    long_after = NOON + (OPEN_DAYS + 3) * DAY_S
    by_zone = visits(house.store, long_after, Dimension.ZONE)
    assert by_zone[""].number == 36
    with house.store.writing():
        rebuild(house.store)
    assert visits(house.store, long_after, Dimension.ZONE) == by_zone
    assert verify(house.store).differ == ()
    house.close()


def test_a_second_look_writes_nothing_and_days_long_past_are_not_waited_for(store: HubStore) -> None:
    door = Door(store)
    door.tell(15)
    assert settle(store, (7,), LATER) == 1
    assert settle(store, (7,), LATER) == 0
    door.tell(15, at=NOON + DAY_S)
    assert settle(store, (7,), LATER) == 1
    # A node that has told nothing for weeks.
    store.devices.enrol("edge", "Attic", "p" * 43, NOON - 40 * DAY_S)
    assert visits(store, LATER)[""].number == 15
    door.tell(20)
    told = visits(store, NOON + (OPEN_DAYS + 3) * DAY_S)[""]
    assert (told.number, told.noisy) == (35, False)


def test_guests_by_way_add_up_and_their_share_is_of_what_is_shown(store: HubStore) -> None:
    events = []
    for place in range(1, 61):
        way = "click" if place <= 57 else "sms"
        fact = PortalJoined(way=way, seconds=60, member="m" * 8 if place % 3 == 0 else "")  # type: ignore[arg-type]  # one of its ways
        events.append((place, make_event("door-1", 1, place, fact, at=NOON, clock="ntp")))
    with store.writing():
        fold(store.ledger, events)
    answer = ask(
        store, Question(("guests", "guests_known_share"), Days(TODAY, TODAY), (Dimension.WAY,)), LATER
    )
    assert isinstance(answer, Answer)
    assert answer.total.values["guests"] == Value(60)
    by_way = {row.key[0]: row.values["guests"] for row in answer.rows}
    assert by_way["sms"].noisy
    assert sum(one.number or 0 for one in by_way.values()) == 60
    share = answer.total.values["guests_known_share"]
    assert abs((share.number or 0) - 20 / 60) <= 8 / 60


def test_where_nothing_can_be_written_what_was_shown_before_is_shown(tmp_path: Path) -> None:
    made = SqliteStore(tmp_path / FILE)
    made.shop.save(Shop(7, {"en": "Corner"}, timezone="Europe/Berlin"), NOON)
    door = Door(made)
    door.tell(30)
    assert visits(made, LATER)[""] == Value(30)
    door.tell(20)
    made.pool.conn().execute("PRAGMA query_only = ON")
    assert visits(made, LATER)[""] == Value(30)
    made.pool.conn().execute("PRAGMA query_only = OFF")
    assert visits(made, LATER)[""] == Value(50)
    made.close()


def test_what_is_shown_is_made_in_the_background_for_every_shop(tmp_path: Path) -> None:
    made = SqliteStore(tmp_path / FILE)
    made.shop.save(Shop(7, {"en": "Corner"}, timezone="Europe/Berlin"), NOON)
    other = made.of_shop(8)
    other.shop.save(Shop(8, {"en": "Harbour"}, timezone="Asia/Shanghai"), NOON)
    Door(made).tell(30)
    Door(other).tell(12)
    settle_all(made, LATER)
    assert settle(made, (7, 8), LATER) == 0
    assert [made.hidden.secret() == other.hidden.secret(), made.hidden.secret() is None] == [False, False]
    made.close()

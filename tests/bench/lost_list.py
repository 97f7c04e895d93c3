"""How long the list of members who may be lost takes to be worked out and to be opened, on a grocery chain's half year.

2,469 households as members of one shop, from January to the end of June 2017, by facts through the exchange of the hub; then the
morning of the first of July. The page is asked of the whole application, without a browser, each time with a database that was
just opened: what a manager waits for, less the line and the drawing. How right the list is: `./shopbell bench loss`.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from hub.app import open_database
from hub.figures.reach import shops_of
from hub.people import add_manager
from hub.value.calibration import area
from hub.value.keeping import keep
from hub.value.loss import stayed_away
from hub.wire.events import ConsentGiven, Fact, VisitClosed, write_event
from tests.bench.loss import AIM, households
from tests.hub_house import House
from tests.hub_office import PASSWORD, Office

DAY = date(2017, 7, 1)
NOON_S = 43_200.0
LIMIT_MS = 1_000.0
AT_ONCE = 2_000


def measure(rounds: int = 7) -> list[dict[str, Any]]:
    """Seconds of the morning's work, and milliseconds of the page."""
    with tempfile.TemporaryDirectory() as text, closing(House(Path(text))) as house:
        house.now = datetime(DAY.year, DAY.month, DAY.day, 12, tzinfo=UTC).timestamp()
        _tell(house)
        add_manager(house.store, "Ines", PASSWORD, house.now, who="shell")
        started = time.perf_counter()
        members = keep(house.store, DAY.toordinal())
        worked_s = time.perf_counter() - started
        right = _area(house)
        took = []
        for _ in range(rounds):
            with closing(open_database(Path(text), "")) as store:
                house.store, kept = store, house.store
                office = Office(house, folder=house.folder)
                office.log_in()
                started = time.perf_counter()
                answer = office.get("/may-be-lost?level=all")
                took.append(1_000 * (time.perf_counter() - started))
                house.store = kept
            assert answer.status_code == 200, answer.status
    return [
        _row("loss: area under the curve of the list as it is shown, against the aim", right, 1.0)
        | {"peer": AIM, "ratio": right / AIM, "limit": False, "unit": "area under the curve"},
        _row(f"loss: working it out for {members:,} members, seconds", worked_s, None),
        _row("loss: opening the list, median of cold, ms", statistics.median(took), LIMIT_MS),
        _row("loss: opening the list, worst of cold, ms", max(took), LIMIT_MS),
    ]


def _area(house: House) -> float:
    """Of the list that is kept, which has heard of nothing that came later."""
    rows = house.store.worth.likeliest_lost(shops_of(house.store), 0.0, 2.0, None, 10_000)
    days = {f"household-{name}": of_one for name, of_one in households().items()}
    return area([row.loss for row in rows], [stayed_away(days[row.member], DAY.toordinal()) for row in rows])


def _tell(house: House) -> None:
    node = house.node("kiosk", "Till 1")
    facts: list[tuple[float, Fact]] = []
    for household, days in households().items():
        member = f"household-{household}"
        before = [_noon(day) for day in days if day < DAY.toordinal()]
        if not before:
            continue
        agreed = ConsentGiven(
            member=member, purpose="recognise", text="I agree.", text_version="1", language="en", place="till"
        )
        facts.append((before[0], agreed))
        for at in before:
            stay = VisitClosed(
                id=f"{household}-{at:.0f}", zone="shop", arrived_at=at, departed_at=at + 600, dwell_s=600.0, peak_dbm=-60,
                known=member,
            )  # fmt: skip
            facts.append((at + 600, stay))
    facts.sort(key=lambda one: one[0])
    for begin in range(0, len(facts), AT_ONCE):
        node.send(*(write_event(node.event(fact, at)) for at, fact in facts[begin : begin + AT_ONCE]))


def _noon(day: int) -> float:
    one = date.fromordinal(day)
    return datetime(one.year, one.month, one.day, tzinfo=UTC).timestamp() + NOON_S


def _row(name: str, ours: float, limit: float | None) -> dict[str, Any]:
    return {
        "name": name,
        "ours": round(ours, 3),
        "peer": None,
        "ratio": None,
        "goal": limit,
        "limit": limit is not None,
        "unit": "",
    }


if __name__ == "__main__":
    for row in measure():
        print(json.dumps(row))

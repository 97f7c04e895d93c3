"""Asks one question in every way that there is: of the engine, a page, JSON and CSV for programs. And the wrong ways, planted:
shops that hide people as one would at first, of which each has to be found out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from urllib.parse import urlencode

from hub.figures.answer import Answer
from hub.figures.engine import ask
from hub.figures.question import Days, Dimension, Filters, Question
from hub.outside.keys import make_key
from tests.prove._numbers_asking import Reader
from tests.prove._numbers_files import from_csv, from_json
from tests.prove._numbers_reader import Shown, read_page
from tests.prove._numbers_shops import HOME
from tests.prove._singling_world import Asked, World


@dataclass(frozen=True, slots=True)
class Seen:
    """A number as somebody sees it. `dwell_s`: the mean length of these visits, where it is told."""

    number: float
    noisy: bool
    dwell_s: float | None = None


Seeing = dict[str, Seen]
"""By the key of its row; "" is the whole. What nothing was said of is not in it."""

Asker = Callable[[Asked], Seeing]


def of_engine(world: World) -> Asker:
    """What every page, file and board is made of."""

    def asked(what: Asked) -> Seeing:
        question = Question(
            ("visits", "dwell_s"),
            Days(what.first, what.last),
            (Dimension(what.by),) if what.by else (),
            Filters(zones=what.zones),
        )
        answer = ask(world.shops.of(HOME), question, world.shops.now)
        assert isinstance(answer, Answer), answer
        found = {}
        for key, row in [("", answer.total), *((one.key[0], one) for one in answer.rows)]:
            value, dwell = row.values["visits"], row.values["dwell_s"]
            if value.number is not None:
                found[key] = Seen(value.number, value.noisy, dwell.number)
        return found

    return asked


def of_programs(world: World) -> dict[str, Asker]:
    """JSON and CSV of the interface for programs."""
    made = make_key(world.shops.store, "Spreadsheet", ("read",), "Ines", world.shops.now)
    assert isinstance(made, tuple), made
    headers = {"Authorization": f"Bearer {made[1]}"}
    client = world.shops.hub.app.test_client()

    def get(address: str, what: Asked) -> bytes:
        answer = client.get(f"/api/v1/{address}?{_query(what)}", headers=headers)
        assert answer.status_code == 200, answer.get_data(as_text=True)
        return answer.get_data()

    def as_json(what: Asked) -> Seeing:
        numbers, _ = from_json("json", get("figures", what), {})
        return _seen(numbers, what)

    def as_csv(what: Asked) -> Seeing:
        by = (what.by,) if what.by else ()
        numbers, _ = from_csv("csv", get("figures.csv", what), by, (what.first, what.last), None, {})
        return _seen(numbers, what)

    return {"json": as_json, "csv": as_csv}


def of_pages(world: World) -> Asker:
    """The page on which somebody explores, by what its numbers say of themselves."""
    reader = Reader(world.shops.hub, world.shops.now)

    def asked(what: Asked) -> Seeing:
        address = f"/manage/explore?{_query(what)}"
        answer = reader.client.get(address)
        assert answer.status_code == 200, address
        page = read_page(address, answer.get_data(as_text=True))
        return _seen([one for one in page.numbers if (one.first, one.last) == (what.first, what.last)], what)

    return asked


def _query(what: Asked) -> str:
    fields = [
        ("days", "custom"),
        ("from", what.first.isoformat()),
        ("to", what.last.isoformat()),
        ("vs", "none"),
    ]
    fields += [("figure", "visits"), ("figure", "dwell_s")]
    fields += [("by", what.by)] if what.by else []
    return urlencode([*fields, *(("zone", zone) for zone in what.zones)])


def _seen(numbers: list[Shown], what: Asked) -> Seeing:
    found: Seeing = {}
    stays: dict[str, float | None] = {}
    for one in numbers:
        if set(one.key) - ({what.by} if what.by else set()):
            continue
        key = next(iter(one.key.values()), "")
        if one.figure == "dwell_s":
            stays[key] = one.number
        elif one.figure == "visits" and one.number is not None:
            found[key] = Seen(one.number, one.noisy)
    return {key: Seen(seen.number, seen.noisy, stays.get(key)) for key, seen in found.items()}


def planted(world: World, rnd: Random) -> dict[str, Asker]:
    """Ways that look well and are not. Each is named by what somebody would have done."""
    inner = of_engine(world)

    def as_it_is(what: Asked) -> Seeing:
        return {key: Seen(number, noisy=False) for key, number in world.truth(what).items()}

    def each_by_itself(what: Asked) -> Seeing:
        """Noise on what is small, always the same for a question, and everything else exact."""

        def about(key: str, number: int) -> Seen:
            if not 0 < number < 10:
                return Seen(number, noisy=False)
            # The same for the same question, another one for each.
            return Seen(Random(f"{what} {key}").randint(0, 9), noisy=True)

        return {key: about(key, number) for key, number in world.truth(what).items()}

    def another_each_time(what: Asked) -> Seeing:
        return {key: Seen(seen.number + rnd.randint(-4, 4), noisy=True) for key, seen in inner(what).items()}

    def without_saying_so(what: Asked) -> Seeing:
        return {key: Seen(seen.number, noisy=False) for key, seen in inner(what).items()}

    def a_little_more(what: Asked) -> Seeing:
        """What is always added can be taken away again."""
        return {key: Seen(number + 3, noisy=True) for key, number in world.truth(what).items()}

    def exact_stays(what: Asked) -> Seeing:
        """The counts have noise; the mean length of a visit gives away how many there were, and how long each stayed."""
        zones = what.zones or tuple(sorted({zone for _, _, zone in world.stays}))
        seeing = inner(what)
        number = world.count(what.first, what.last, zones, range(9, 20))
        whole = world.stayed_s(what.first, what.last, zones, range(9, 20))
        if "" in seeing and number:
            seeing[""] = Seen(seeing[""].number, seeing[""].noisy, whole / max(1.0, seeing[""].number))
        return seeing

    return {
        "as it is": as_it_is,
        "noise on each small number by itself": each_by_itself,
        "other noise each time": another_each_time,
        "noise that is not said": without_saying_so,
        "always a little more": a_little_more,
        "noise on counts and none on stays": exact_stays,
    }

"""Nobody can be singled out by asking: of two questions that differ by a few people, the answers do not tell how many these are.

Somebody asks two questions of which one holds all that the other holds, and one to nine people more: the days 1 to 30 and 1 to
29, all zones and all but one, the same hours over one day less. They ask in whatever way there is (engine, page, JSON, CSV), and
subtract. Whichever questions they take for the same people, the difference is the same: nothing can be averaged. They know how
the noise is made, and of every difference that is shown, which true ones it stood for and how often: `guessed` is how often their
best guess is right, `blind` how often it would be without any answer. Never are both numbers exact.

And the same question before and after one more visit, today and on a day that was over; the length of a visit, by which one could
reckon back; each number under ten says that it carries noise, all parts add up, asking again says the same. The same checks then
look at shops that hide people badly, and have to find each of them out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from random import Random

from hub.figures.answer import Answer
from hub.figures.definitions import FIGURES
from hub.figures.engine import ask
from hub.figures.question import Days, Question
from tests.prove import Verdict
from tests.prove._numbers_shops import HOME, NOW
from tests.prove._singling_ask import Asker, Seeing, of_engine, of_pages, of_programs, planted
from tests.prove._singling_world import DAYS, FIRST, HOURS, TODAY, ZONES, Asked, World, start

NAME = "singling"
PROMISE = "No two questions about people tell by their difference how many few they differ by, in whatever way they are asked."
SIZE_NAME = "pairs"
DEFAULT_SIZE = 10_000
CI_SIZE = 400

FEW = 10
PLANTED_PAIRS = 300
MOST_GUESSED = 0.25
"""So much more often than without any answer may the best guess be right."""

MOST_SAID_BY_ONE = 0.9
"""Of pairs with the same difference of what is shown, no more may have the same true difference."""

LEAST_ALIKE = 30
VISITS_LATER = 40


@dataclass(frozen=True, slots=True)
class Pair:
    """Two questions, the row of each that is looked at, and by how many people they differ in truth; how long these stayed."""

    more: Asked
    less: Asked
    key: str
    about: tuple[date, date, tuple[str, ...], range]
    """Days, zones and hours by which they differ."""

    people: int
    stayed_s: float


@dataclass(slots=True)
class Judge:
    """What was found, and what is wrong with it."""

    world: World
    faults: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)
    told: dict[object, tuple[float, int]] = field(default_factory=dict)
    """By what two questions differ: the difference of what is shown, and the true one."""

    subtracted: int = 0
    stays: int = 0
    stays_told: int = 0
    answers: int = 0
    again: dict[tuple[Asked, str], float] = field(default_factory=dict)

    def wrong(self, what: str, example: object) -> None:
        """Something that must not be."""
        self.faults[what] += 1
        self.examples.setdefault(what, str(example))

    def pair(self, pair: Pair, ask_more: Asker, ask_less: Asker) -> None:
        """Subtract the answers."""
        more, less = ask_more(pair.more), ask_less(pair.less)
        for asked, seeing in ((pair.more, more), (pair.less, less)):
            self.answer(asked, seeing)
        if pair.key not in more or pair.key not in less:
            # Nothing was said of one of them: then it is nought.
            return
        one, two = more[pair.key], less[pair.key]
        if not one.noisy and not two.noisy:
            self.wrong("both numbers are exact, and so is their difference", pair)
        difference = one.number - two.number
        self.subtracted += 1
        if pair.about not in self.told:
            self.told[pair.about] = (difference, pair.people)
        elif self.told[pair.about][0] != difference:
            self.wrong("other questions about the same people have another difference", pair)
        if one.dwell_s is not None and two.dwell_s is not None and pair.stayed_s:
            self.stays += 1
            stayed_s = one.dwell_s * one.number - two.dwell_s * two.number
            self.stays_told += abs(stayed_s - pair.stayed_s) < 1

    def answer(self, asked: Asked, seeing: Seeing) -> None:
        """One answer by itself."""
        self.answers += 1
        truth = self.world.truth(asked)
        for key, seen in seeing.items():
            number = truth.get(key, 0)
            if 0 < number < FEW and not seen.noisy:
                self.wrong("a number under ten does not say that it carries noise", (asked, key, number))
            if not seen.noisy and seen.number != number:
                self.wrong("a number without noise is not true", (asked, key, seen.number, number))
            if self.again.setdefault((asked, key), seen.number) != seen.number:
                self.wrong("asked again, it is another number", (asked, key))
        if asked.by and "" in seeing:
            parts = sum(seen.number for key, seen in seeing.items() if key)
            if parts != seeing[""].number:
                self.wrong("parts do not add up to their total", (asked, parts, seeing[""].number))

    def guessing(self) -> tuple[float, float]:
        """How often the best guess is right, with the answers and without."""
        count = len(self.told)
        if not count:
            return 0.0, 0.0
        best: dict[float, int] = {}
        people: Counter[int] = Counter()
        for (shown, true), times in Counter(self.told.values()).items():
            best[shown] = max(best.get(shown, 0), times)
            people[true] += times
        return sum(best.values()) / count, max(people.values()) / count

    def close(self) -> None:
        """What only all pairs together show."""
        guessed, blind = self.guessing()
        if guessed > blind + MOST_GUESSED:
            self.wrong("what is shown tells how many they are", f"{guessed:.2f} of all, {blind:.2f} without")
        shown: dict[float, Counter[int]] = {}
        for (number, true), times in Counter(self.told.values()).items():
            shown.setdefault(number, Counter())[true] += times
        for number, found in shown.items():
            most = max(found.values())
            if found.total() >= LEAST_ALIKE and most > MOST_SAID_BY_ONE * found.total():
                self.wrong(
                    "one difference of what is shown means one number of people", (number, dict(found))
                )
        if self.stays >= LEAST_ALIKE and self.stays_told > 0.05 * self.stays:
            self.wrong("how long they stayed stands in the difference", f"{self.stays_told} of {self.stays}")


def pairs(world: World, rnd: Random) -> Iterator[Pair]:
    """Pairs that differ by one to nine people, of every kind, without end."""
    kinds: list[Callable[[World, Random], tuple[Asked, Asked, str, tuple[str, ...], range]]] = [
        _a_day_less,
        _a_zone_less,
        _an_hour_over_a_day_less,
    ]
    while True:
        more, less, key, zones, hours = rnd.choice(kinds)(world, rnd)
        first, last = (
            (less.last + timedelta(days=1), more.last) if less.last != more.last else (more.first, more.last)
        )
        if less.first != more.first:
            first, last = more.first, less.first - timedelta(days=1)
        people = world.count(first, last, zones, hours)
        if 0 < people < FEW:
            yield Pair(
                more,
                less,
                key,
                (first, last, tuple(sorted(zones)), hours),
                people,
                world.stayed_s(first, last, zones, hours),
            )


def _stretch(rnd: Random) -> tuple[int, int]:
    first = rnd.randrange(DAYS)
    return first, min(DAYS - 1, first + rnd.choice((1, 2, 6, 29, DAYS)))


def _a_day_less(world: World, rnd: Random) -> tuple[Asked, Asked, str, tuple[str, ...], range]:
    del world
    zones = rnd.choice(((), *((zone,) for zone in ZONES), ZONES[:2], ZONES[1:]))
    more, less = _shorter(rnd, zones, "")
    return more, less, "", zones or ZONES, HOURS


def _shorter(rnd: Random, zones: tuple[str, ...], by: str) -> tuple[Asked, Asked]:
    first, last = _stretch(rnd)
    if first == last:
        first, last = max(0, first - 1), max(1, last)
    begun, end = FIRST + timedelta(days=first), FIRST + timedelta(days=last)
    one = timedelta(days=1)
    shorter = (begun, end - one) if rnd.random() < 0.5 else (begun + one, end)
    return Asked(begun, end, zones, by), Asked(*shorter, zones, by)


def _a_zone_less(world: World, rnd: Random) -> tuple[Asked, Asked, str, tuple[str, ...], range]:
    del world
    first, last = _stretch(rnd)
    days = (FIRST + timedelta(days=first), FIRST + timedelta(days=rnd.choice((first, first, last))))
    zone = rnd.choice(ZONES)
    by = rnd.choice(("", "", "hour"))
    hours = HOURS
    key = ""
    if by:
        hour = rnd.choice(HOURS)
        hours, key = range(hour, hour + 1), str(hour)
    whole = rnd.choice(((), ZONES))
    rest = tuple(one for one in ZONES if one != zone)
    return Asked(*days, whole, by), Asked(*days, rest, by), key, (zone,), hours


def _an_hour_over_a_day_less(world: World, rnd: Random) -> tuple[Asked, Asked, str, tuple[str, ...], range]:
    del world
    zones = rnd.choice(((), *((zone,) for zone in ZONES)))
    more, less = _shorter(rnd, zones, "hour")
    hour = rnd.choice(HOURS)
    return more, less, str(hour), zones or ZONES, range(hour, hour + 1)


def one_more(judge: Judge, world: World, asker: Asker, visits: int) -> int:
    """The same question before and after each of some visits more, today and on days that were over; after how many of them the
    number of today was another one."""
    door = world.door
    now_asked = Asked(TODAY, TODAY)
    changes = 0
    for place in range(visits):
        before = asker(now_asked)[""]
        world.visit(door, TODAY, 10, world.rnd.choice(ZONES))
        world.send_rest()
        after = asker(now_asked)[""]
        changes += before.number != after.number
        if not before.noisy and not after.noisy:
            judge.wrong("a visit more stands in the difference of two exact numbers", (before, after))
        day = FIRST + timedelta(days=place % DAYS)
        earlier = asker(Asked(day, day))[""]
        world.visit(door, day, 11, "door", at=NOW)
        world.send_rest()
        later = asker(Asked(day, day))[""]
        if earlier.number and not earlier.noisy and not later.noisy:
            judge.wrong(
                "a visit that was told late stands in the difference of two exact numbers",
                (day, earlier, later),
            )
    world.reckon()
    if changes > visits * 0.5:
        judge.wrong("nearly every visit more is seen in the number", f"{changes} of {visits}")
    return changes


def all_others(judge: Judge, world: World) -> int:
    """Every count of people by every cut, of all days and of one: small numbers say that they carry noise, parts add up; how many
    numbers that were."""
    count = 0
    store = world.shops.of(HOME)
    for figure in FIGURES.values():
        if not figure.people or figure.over:
            continue
        for days in (Days(FIRST, TODAY), Days(TODAY - timedelta(days=1), TODAY - timedelta(days=1))):
            for cut in sorted(figure.cuts):
                answer = ask(store, Question((figure.name,), days, (cut,)), world.shops.now)
                assert isinstance(answer, Answer), answer
                values = [row.values[figure.name] for row in answer.rows]
                total = answer.total.values[figure.name]
                count += len(values)
                small = [one for one in (*values, total) if 0 < (one.number or 0) < FEW and not one.noisy]
                if small:
                    judge.wrong(
                        "a number under ten does not say that it carries noise", (figure.name, cut, small[0])
                    )
                if sum(one.number or 0 for one in values) != (total.number or 0):
                    judge.wrong("parts do not add up to their total", (figure.name, cut))
    return count


def run(size: int, seed: int, folder: Path) -> Verdict:
    """`size` pairs of questions in every way; then a visit more, again and again; then the planted mistakes."""
    rnd = Random(seed)
    world = start(folder, seed)
    try:
        world.tell()
        judge = Judge(world)
        ways: dict[str, Asker] = {"engine": of_engine(world), **of_programs(world), "page": of_pages(world)}
        weights = {"engine": 10, "json": 5, "csv": 4, "page": 1}
        asked: Counter[str] = Counter()
        every = pairs(world, rnd)
        for _ in range(size):
            names = rnd.choices(list(ways), [weights[name] for name in ways], k=2)
            asked.update(names)
            judge.pair(next(every), *(ways[name] for name in names))
        judge.close()
        if judge.subtracted < size / 2:
            judge.wrong("most answers had no number", judge.subtracted)
        others = all_others(judge, world)
        missed = [
            name
            for name, asker in planted(world, rnd).items()
            if not _is_found(world, rnd, asker, min(size, PLANTED_PAIRS))
        ]
        changes = one_more(judge, world, ways["engine"], min(VISITS_LATER, max(5, size // 10)))
        guessed, blind = judge.guessing()
    finally:
        world.shops.close()
    ok = not judge.faults and not missed
    sentence = (
        f"{size:,} pairs of questions, {judge.answers:,} answers: the best guess at how many they differ by is right in "
        f"{guessed:.0%}, without any answer in {blind:.0%}; no two exact numbers isolate anybody, every number under ten says "
        "that it carries noise, all parts add up, and each planted mistake was found."
        if ok
        else f"Wrong: {dict(judge.faults)}, such as {judge.examples}; mistakes that were not found: {missed}."
    )
    return Verdict(
        ok,
        sentence,
        {
            "answers": judge.answers,
            "subtracted": judge.subtracted,
            "differences": len(judge.told),
            "other_numbers": others,
            "by_way": dict(asked),
            "guessed": round(guessed, 3),
            "blind": round(blind, 3),
            "stays": judge.stays,
            "stays_told": judge.stays_told,
            "seen_of_visits_more": changes,
            "missed": missed,
        },
    )


def _is_found(world: World, rnd: Random, asker: Asker, size: int) -> bool:
    judge = Judge(world)
    every = pairs(world, rnd)
    for _ in range(size):
        judge.pair(next(every), asker, asker)
    judge.close()
    return bool(judge.faults)

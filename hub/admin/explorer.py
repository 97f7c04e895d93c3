"""One view of the page Explore: what is asked, of whom, and how its chart and tables are said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from datetime import date, timedelta

from flask import request, url_for

from hub.admin.charts import MOST_LINKS, SMALL_WIDTH, WIDTH, Chart, Point, draw
from hub.admin.heat import Week, week
from hub.admin.naming import Names, dimension_name, names_of
from hub.admin.office import Office
from hub.admin.reasons import Reason, Seen, reasons
from hub.admin.values import Values
from hub.figures.address import FIELDS, Asked, compared, read, write
from hub.figures.answer import NOTHING, Answer, Row, Value
from hub.figures.definitions import FIGURES, Figure, Unit
from hub.figures.engine import ask
from hub.figures.question import Days, Dimension
from hub.figures.reach import shops_of
from hub.sentences import Said
from hub.store.figure_records import Changed
from hub.store.note_records import ChartNote
from hub.storefront.languages import gettext, language

LEADS = (
    "visits",
    "dwell_s",
    "passers",
    "capture_rate",
    "people_mean",
    "guests",
    "taken",
    "redeemed",
    "given_cents",
    "earned_cents",
    "purchases",
    "sales_cents",
)
"""The figures at the head of the page, where the shop has them; one of them is looked at closely."""

MOST_LINES = 12
"""Lines of a table by zone, offer and so on that are shown at once."""

MOST_STRETCHES = 31
"""The table of a longer series is a click away: a page stays small at first view."""

MOST_CHANGES = 8

MOST_DAYS = 92
"""More are shown by week: a page stays small enough for a bad line."""

STEPS = (Dimension.HOUR, Dimension.DAY, Dimension.WEEK, Dimension.MONTH)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a table: its name, what a click narrows to ("" where it is narrowed already), and its share of the highest."""

    name: str
    row: Row
    url: str
    share: float


@dataclass(frozen=True, slots=True)
class Cut:
    """A figure by one dimension."""

    dimension: Dimension
    name: str
    answer: Answer
    lines: tuple[Line, ...]
    left_out: int


@dataclass(frozen=True, slots=True)
class Stretch:
    """One step of time of the chart, as its table says it."""

    name: str
    row: Row
    url: str
    part: bool


@dataclass(frozen=True, slots=True)
class Series:
    """The chart over time, once more for a phone, and its table. `notes`: what people wrote, by their number in the chart."""

    step: Dimension
    answer: Answer
    chart: Chart
    small: Chart
    stretches: tuple[Stretch, ...]
    notes: tuple[tuple[int, ChartNote], ...]


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter that holds, and the way without it."""

    dimension: str
    name: str
    url: str


class Explorer:
    """One view of the page: what is asked, of whom, and how it is said."""

    def __init__(self, office: Office, default: str = "7", figure: str = "") -> None:
        self.office = office
        self.now = office.now()
        self.asked: Asked = read(request.args, office.shop(), self.now, default, "week")
        first = office.store.rollups.first_day(self.asked.filters.shops or (office.store.shop.number,))
        self.begun = date.fromordinal(first) if first else None
        before = self.asked.question(()).compared()
        self.nothing_before = bool(before and self.begun and before.last < self.begun)
        if self.nothing_before:
            self.asked = compared(self.asked, "none")
        self.figure: Figure = FIGURES.get(figure or request.args.get("figure", ""), FIGURES["visits"])
        self.names: Names = names_of(office)
        self.values = Values(office.wording(), language())
        self.today = office.wording().local(self.now).date()
        self.is_over = self.asked.days.last < self.today

    def of(self, figure: str) -> Explorer:
        """The same of another figure."""
        other = copy(self)
        other.figure = FIGURES[figure]
        return other

    def rows_url(self, dimension: str = "", value: str = "", figure: str = "") -> str:
        """Where the rows behind a number are, narrowed to one line of a table where one is named."""
        asked = self.asked.narrowed(Dimension(dimension), value) if dimension else self.asked
        return self.url(asked, figure, "rows")

    def url(self, asked: Asked | None = None, figure: str = "", endpoint: str = "explore") -> str:
        """An address of this page, or of another with the same question."""
        return url_for(
            f".{endpoint}",
            figure=figure or self.figure.name,
            **write(asked or self.asked),  # type: ignore[arg-type]  # lists repeat
        )

    def ask(
        self, figures: Iterable[str], by: Sequence[Dimension] = (), shops: tuple[int, ...] = ()
    ) -> Answer | Said:
        """The answer; a sentence where the question makes no sense. `shops`: of these, where the address names none."""
        question = self.asked.question(figures, by)
        if shops and not question.filters.shops:
            question = replace(question, filters=replace(question.filters, shops=shops))
        return ask(self.office.store, question, self.now)

    def _shops(self, dimension: Dimension) -> tuple[int, ...]:
        """A table by shop tells of all of them, whichever one the page is about."""
        return shops_of(self.office.store) if dimension is Dimension.SHOP else ()

    def leads(self) -> Answer | Said:
        """Every figure at the head of the page, in all."""
        wanted = dict.fromkeys(name for name in (*LEADS, self.figure.name) if name in FIGURES)
        return self.ask([name for name in wanted if self._is_narrowed(FIGURES[name])])

    def _is_narrowed(self, figure: Figure) -> bool:
        """Whether every filter that is set has a hold on it: what does not narrow would mislead beside what does."""
        used = {dimension for dimension, name in FIELDS.items() if getattr(self.asked.filters, name)}
        return figure is self.figure or used <= figure.cuts

    def step(self) -> Dimension:
        """The steps of the chart: as the address says, or such that they can be told apart."""
        count = self.asked.days.count
        fitting = [one for one in self.asked.by if one in STEPS and one in self.figure.cuts]
        if count > MOST_DAYS:
            fitting = [one for one in fitting if one is not Dimension.DAY]
        if fitting:
            return fitting[0]
        if count == 1 and Dimension.HOUR in self.figure.cuts:
            return Dimension.HOUR
        return Dimension.DAY if count <= MOST_DAYS else Dimension.WEEK if count <= 750 else Dimension.MONTH

    def series(self, notes: Sequence[ChartNote], links: int = MOST_LINKS) -> Series | Said:
        """The figure over time. `links`: with more columns than these none of them is one to click on."""
        step = self.step()
        answer = self.ask([self.figure.name], (step,))
        if isinstance(answer, Said):
            return answer
        rows = {row.key[0]: row for row in answer.rows}
        numbered = tuple(enumerate(notes, 1))
        placed: set[int] = set()
        points, stretches = [], []
        for key, days in self._steps(step, rows):
            row = rows.get(key, Row((key,), {}))
            name = self.names.time(step, key)
            part = days is not None and (
                days.first < self.asked.days.first
                or days.last > self.asked.days.last
                or (step is not Dimension.HOUR and days.first <= self.today <= days.last)
            )
            url = (
                self.url(self.asked.on(_within(days, self.asked.days)))
                if days and step is not Dimension.HOUR
                else ""
            )
            here = tuple(
                number
                for number, note in numbered
                if number not in placed
                and days is not None
                and note.first <= days.last
                and note.last >= days.first
            )
            placed |= set(here)
            point = self._point(name, row, answer, part=part, url=url, notes=here)
            points.append(point if self._was_counted(days, answer) else replace(point, before=None))
            stretches.append(Stretch(name, self._filled(row, answer), url, part))

        def say(number: float) -> str:
            return self.values.plain(self.figure.name, number)

        if len(points) > links:
            points = [replace(one, url="") for one in points]
        chart, small = (draw(points, say, _least(self.figure.unit), width) for width in (WIDTH, SMALL_WIDTH))
        return Series(step, answer, chart, small, tuple(stretches), numbered)

    def _was_counted(self, days: Days | None, answer: Answer) -> bool:
        """Whether counting had begun on the days with which these are compared: a nought would say that nobody came."""
        if days is None or answer.compared is None or self.begun is None:
            return True
        return days.last - (self.asked.days.first - answer.compared.first) >= self.begun

    def _filled(self, row: Row, answer: Answer) -> Row:
        """A row in which nothing happened counts nought, where the figure is a sum."""
        nothing = NOTHING if self.figure.over else Value(0.0)
        name = self.figure.name
        before = {name: row.before.get(name, nothing)} if answer.compared else {}
        return Row(row.key, {name: row.values.get(name, nothing)}, before)

    def _point(
        self, name: str, row: Row, answer: Answer, *, part: bool, url: str, notes: tuple[int, ...]
    ) -> Point:
        full = self._filled(row, answer)
        value = full.values[self.figure.name]
        before = full.before.get(self.figure.name)
        title = f"{name}: {self.values.say(self.figure.name, value)}"
        if before is not None:
            title += f" · {gettext('before')}: {self.values.say(self.figure.name, before)}"
        return Point(
            name, title, value.number, before.number if before else None, value.low, value.high,
            value.provisional, part, url, notes,
        )  # fmt: skip

    def _steps(self, step: Dimension, rows: Mapping[str, Row]) -> list[tuple[str, Days | None]]:
        """The keys of every step of the days asked for, with the days of each. What is still to come is left out."""
        first, last = self.asked.days.first, min(self.asked.days.last, max(self.today, self.asked.days.first))
        if step is Dimension.HOUR:
            only = self.asked.days.first if self.asked.days.count == 1 else None
            return [(str(hour), Days(only, only) if only else None) for hour in self._hours(rows)]
        found: list[tuple[str, Days | None]] = []
        day = _begin(step, first)
        while day <= last:
            following = _following(step, day)
            found.append((day.isoformat(), Days(day, following - timedelta(days=1))))
            day = following
        return found

    def _hours(self, rows: Mapping[str, Row]) -> range:
        """The hours of the day in which anything was, now or before, with those between; all where nothing was."""
        name = self.figure.name
        busy = [
            int(key) for key, row in rows.items() if _number(row.values, name) or _number(row.before, name)
        ]
        return range(min(busy), max(busy) + 1) if busy else range(24)

    def cuts(self) -> list[Cut]:
        """The figure by everything else that it may be cut by, and that has more than one part."""
        several = len(shops_of(self.office.store)) > 1
        wanted = [one for one in FIELDS if one in self.figure.cuts and (one is not Dimension.SHOP or several)]
        found = []
        for dimension in wanted:
            answer = self.ask([self.figure.name], (dimension,), self._shops(dimension))
            if not isinstance(answer, Said) and answer.rows:
                found.append(self._cut(dimension, answer))
        return found

    def _cut(self, dimension: Dimension, answer: Answer) -> Cut:
        name = self.figure.name
        there = [row for row in answer.rows if _number(row.values, name) or _number(row.before, name)]
        rows = sorted(there or answer.rows, key=lambda row: -_number(row.values, name))
        highest = max((_number(row.values, name) for row in rows), default=0.0)
        held = {str(one) for one in getattr(self.asked.filters, FIELDS[dimension])}
        lines = tuple(
            Line(
                self.names.of(dimension, row.key[0]),
                row,
                "" if row.key[0] in held else self.url(self.asked.narrowed(dimension, row.key[0])),
                _number(row.values, name) / highest if highest > 0 else 0.0,
            )
            for row in rows[:MOST_LINES]
        )
        return Cut(dimension, dimension_name(dimension), answer, lines, max(0, len(rows) - MOST_LINES))

    def changes(self) -> list[Changed]:
        """Days that said something else when they were over, the latest found first; known of whole days alone."""
        if any(getattr(self.asked.filters, name) for name in FIELDS.values() if name != "shops"):
            return []
        shops = self.asked.filters.shops or (self.office.store.shop.number,)
        days = self.asked.days
        found = self.office.store.seen.changed(shops, days.first.toordinal(), days.last.toordinal())
        return [one for one in reversed(found) if one.figure == self.figure.name][:MOST_CHANGES]

    def everywhere(self) -> str:
        """The address of all shops together, where there are several and not all are shown."""
        shops = shops_of(self.office.store)
        if len(shops) < 2 or set(self.asked.filters.shops) == set(shops):
            return ""
        return self.url(replace(self.asked, filters=replace(self.asked.filters, shops=shops)))

    def heat(self) -> tuple[Answer, Week] | None:
        """The hours of the week, for days of a week at least."""
        if self.asked.days.count < 7 or Dimension.WEEKHOUR not in self.figure.cuts:
            return None
        answer = self.ask([self.figure.name], (Dimension.WEEKHOUR,))
        if isinstance(answer, Said):
            return None
        found = week({row.key[0]: row.values.get(self.figure.name, NOTHING) for row in answer.rows})
        return None if found.empty else (answer, found)

    def chips(self) -> list[Chip]:
        """The filters that hold."""
        return [
            Chip(
                dimension_name(dimension),
                self.names.of(dimension, str(value)),
                self.url(self.asked.widened(dimension, str(value))),
            )
            for dimension, name in FIELDS.items()
            for value in getattr(self.asked.filters, name)
        ]

    def why(self, series: Series, cuts: Sequence[Cut], leads: Answer) -> list[Reason]:
        """In sentences, what is different from the days that these are compared with."""
        hours = None
        if Dimension.HOUR in self.figure.cuts and not self.figure.over:
            hours = (
                series.answer
                if series.step is Dimension.HOUR
                else self.ask([self.figure.name], (Dimension.HOUR,))
            )
        return reasons(
            Seen(
                self.figure,
                leads,
                self.is_over,
                [(cut.dimension, cut.answer) for cut in cuts if not self.figure.over],
                hours if isinstance(hours, Answer) else None,
            ),
            self.values,
            self.names,
        )


def _number(values: Mapping[str, Value], name: str) -> float:
    found = values.get(name)
    return found.number or 0.0 if found else 0.0


def _least(unit: Unit) -> float:
    """The lowest top of an axis: a chart of one euro is not to look like one of a thousand."""
    return {Unit.SHARE: 0.01, Unit.SECONDS: 60.0, Unit.CENTS: 400.0}.get(unit, 4.0)


def _within(days: Days, whole: Days) -> Days:
    return Days(max(days.first, whole.first), min(days.last, whole.last))


def _begin(step: Dimension, day: date) -> date:
    if step is Dimension.WEEK:
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if step is Dimension.MONTH else day


def _following(step: Dimension, day: date) -> date:
    if step is Dimension.MONTH:
        return (day.replace(day=28) + timedelta(days=4)).replace(day=1)
    return day + timedelta(days=7 if step is Dimension.WEEK else 1)

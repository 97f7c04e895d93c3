"""What members are worth: visits and money to be expected, grades for how lately and how often, and which model says so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from werkzeug.wrappers import Response

from hub.admin.guard import needs
from hub.admin.heat import level
from hub.admin.lost import nameless, names_of
from hub.admin.office import Office, Route
from hub.figures.reach import shops_of
from hub.roles import Right
from hub.storefront.languages import language
from hub.value.keeping import WEEKS, standing
from hub.value.rfm import GRADES

BEST = 15


@dataclass(frozen=True, slots=True)
class Cell:
    """Members of one grade for how lately and one for how often; their expected money in hundredths, None where it is unknown."""

    members: int
    cents: int | None
    heat: int


@dataclass(frozen=True, slots=True)
class Best:
    """One of those of whom most is to be expected."""

    member: str
    name: str
    is_known: bool
    cents: int
    visits: float
    alive: float


def worth(office: Office) -> Response:
    """The page."""
    told = standing(office.store)
    if told is None:
        return office.page("worth.html", told=None)
    most = max((count for count, _ in told.grades.values()), default=0)
    cells: dict[tuple[int, int], Cell] = {}
    for recency in range(1, GRADES + 1):
        for frequency in range(1, GRADES + 1):
            count, value = told.grades.get(f"{recency}-{frequency}", (0, 0.0))
            cents = None if told.value is None else round(value / 100) * 100
            cells[recency, frequency] = Cell(count, cents, level(count, most))
    taught = told.taught
    rows = office.store.worth.worth_most(shops_of(office.store), BEST)
    names = names_of(office, [row.member for row in rows])
    return office.page(
        "worth.html",
        told=told,
        day=date.fromordinal(taught.day),
        weeks=round(WEEKS),
        cells=cells,
        grades=range(1, GRADES + 1),
        best=[
            Best(
                row.member,
                names.get(row.member) or nameless(row.member),
                row.member in names,
                row.value_cents,
                row.expected,
                row.alive,
            )
            for row in rows
            if row.value_cents is not None
        ],
        models=[_say(words) for words in (taught.visits_why, taught.money_why) if words],
        parameters=[
            ("r", taught.visits.r),
            ("alpha", taught.visits.alpha),
            ("a", taught.visits.a),
            ("b", taught.visits.b),
        ],
    )


def _say(words: dict[str, str]) -> str:
    return words.get(language()) or words["en"]


ROUTES = (Route("/members-worth", "worth", needs(Right.MEMBERS)(worth)),)

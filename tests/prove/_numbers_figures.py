"""How each figure is made of what counts, by the name that it has in `hub.figures.definitions`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import sqrt

from tests.prove._numbers_books import Asked, Books, Counted

NINE_IN_TEN = 1.645
"""Standard deviations on each side of the middle."""


def _sum(found: Iterable[Counted], measure: str) -> int:
    return sum(one.measures.get(measure, 0) for one in found)


def _share(measure: str, over: str, unit: float = 1.0) -> Callable[[list[Counted]], float | None]:
    def share(found: list[Counted]) -> float | None:
        whole = _sum(found, over)
        return _sum(found, measure) / whole / unit if whole else None

    return share


def _plain(measure: str) -> Callable[[list[Counted]], float | None]:
    return lambda found: _sum(found, measure)


def _fullest(found: list[Counted]) -> float | None:
    most = max((one.measures["most"] for one in found), default=0)
    return most / 1000 if most else None


FIGURES: dict[str, tuple[str, Callable[[list[Counted]], float | None]]] = {
    "visits": ("footfall", _plain("visits")),
    "dwell_s": ("footfall", _share("dwell_ms", "visits", 1000)),
    "passers": ("street", _plain("passers")),
    "entrants": ("street", _plain("entrants")),
    "capture_rate": ("street", _share("entrants", "near")),
    "guests": ("guests", _plain("joined")),
    "guests_known_share": ("guests", _share("known", "joined")),
    "people_mean": ("present", _share("people", "windows", 1000)),
    "people_most": ("present", _fullest),
    **{f"members_{name}": ("members", _plain(name)) for name in ("joined", "left", "active")},
    "purchases": ("purchases", _plain("purchases")),
    "sales_cents": ("purchases", _plain("sales_cents")),
    "mean_basket_cents": ("purchases", _share("sales_cents", "purchases")),
    **{
        name: ("offers", _plain(name))
        for name in (
            *(
                "shown",
                "opened",
                "taken",
                "redeemed",
                "returned",
                "refused",
                "reversed",
                "alone",
                "conflicts",
            ),
            *("conflict_cents", "given_cents", "baskets", "earned_cents"),
        )
    },
}
"""Figure to its family, and how it is made of what counts."""


def answer(books: Books, asked: Asked) -> float | None:
    """One number."""
    family, make = FIGURES[asked.figure]
    found = books.find(family, asked)
    if (
        asked.figure in ("baskets", "earned_cents")
        and "campaign" not in asked.key
        and not asked.filters.get("campaign")
    ):
        return _sum(found, {"baskets": "baskets_once", "earned_cents": "earned_once_cents"}[asked.figure])
    return make(found)


def band(books: Books, asked: Asked) -> tuple[float, float] | None:
    """In which band the true number lies; None for a figure that has none."""
    family, _ = FIGURES[asked.figure]
    found = books.find(family, asked)
    if answer(books, asked) is None:
        return None
    match asked.figure:
        case "people_mean":
            windows = _sum(found, "windows")
            return _sum(found, "low") / windows / 1000, _sum(found, "high") / windows / 1000
        case "capture_rate":
            return _by_chance(_sum(found, "entrants"), _sum(found, "near"))
        case "guests_known_share":
            return _by_chance(_sum(found, "known"), _sum(found, "joined"))
        case _:
            return None


def _by_chance(part: int, whole: int) -> tuple[float, float]:
    """The two shares from which the one that was found is just so many of their own standard deviations away."""
    # (found - share)^2 = z^2 share (1 - share) / whole, which is a square equation for the share.
    found, z = part / whole, NINE_IN_TEN**2 / whole
    a, b, c = 1 + z, -(2 * found + z), found**2
    root = sqrt(max(0.0, b * b - 4 * a * c))
    return max(0.0, (-b - root) / (2 * a)), min(1.0, (-b + root) / (2 * a))

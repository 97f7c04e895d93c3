"""Members over time: how many joined, left and were here, and how many who joined in a month came back within some weeks.

Only of members who still agree to be known, and only up to the end of yesterday: asking twice on one day tells nothing new.
Everything carries noise (`hub.figures.noise`): days of a month add up to it; sums of a month that is over are exact from ten on,
but for what changes when somebody takes their consent back.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from hub.figures import noise
from hub.figures.answer import NOTHING, Value
from hub.store.base import Store
from hub.store.grains import Asked, Summed

TOLD = "members"
"""Under this the store keeps from which day on nothing is told yet (`hub.figures.settling`)."""

MEASURES = ("joined", "left", "active")

_ALWAYS_OPEN = frozenset(("active",))
"""What may become less when somebody takes their consent back."""

WEEKS = (1, 2, 4, 8, 13, 26, 52)
"""Within so many weeks after they joined, members of a cohort came back."""

MOST_COHORTS = 24

LEAST_SHARED = 20
"""Of fewer members no share is told: the noise alone would make up a fifth of it, and more."""


@dataclass(frozen=True, slots=True)
class Cohort:
    """Members who joined in a month. `back`: how many came back on a later day within so many weeks; nothing where that time is
    not over for all of them. `share`: of the members of the cohort; nothing where these are fewer than `LEAST_SHARED`."""

    month: date
    size: Value
    back: dict[int, Value]
    share: dict[int, Value]


@dataclass(frozen=True, slots=True)
class Cohorts:
    """The latest cohorts, the newest first; everything up to the end of `until`."""

    until: date
    rows: tuple[Cohort, ...]


def sums(store: Store, asked: Asked) -> list[Summed]:
    """As `store.rollups.sums`, for figures of members."""
    found: dict[tuple[str | int, ...], tuple[dict[str, int], set[str]]] = {}
    simulated = False
    for shop in asked.shops:
        own = store if shop == store.shop.number else store.of_shop(shop)
        whole, days, some = _of_shop(own, asked.first_day, asked.last_day)
        simulated = simulated or some
        cells = [(None, whole)] if not set(asked.by) - {"shop"} else list(days.items())
        for day, counts in cells:
            key = tuple(_part(name, shop, day) for name in asked.by)
            numbers, noisy = found.setdefault(key, ({}, set()))
            for name, cell in counts.items():
                numbers[name] = numbers.get(name, 0) + cell.number
                noisy |= {name} if cell.noisy else set()
    return [
        Summed(
            key,
            tuple(numbers.get(name, 0) for name in asked.measures),
            simulated,
            frozenset(noisy & set(asked.measures)),
        )
        for key, (numbers, noisy) in sorted(found.items())
    ]


def cohorts(store: Store) -> Cohorts | None:
    """Those who joined, by month; None where nobody did, or nothing may be told yet."""
    until, secret = _until(store), store.hidden.secret()
    if until is None or secret is None:
        return None
    groups: dict[date, list[tuple[int, int | None, int]]] = {}
    for day, after, count in store.members.returns(until):
        groups.setdefault(date.fromordinal(day).replace(day=1), []).append((day, after, count))
    if not groups:
        return None
    rows = [
        _cohort(bytes.fromhex(secret), store.shop.number, month, groups[month], until)
        for month in sorted(groups, reverse=True)[:MOST_COHORTS]
    ]
    return Cohorts(date.fromordinal(until), tuple(rows))


def _cohort(
    secret: bytes, shop: int, month: date, members: list[tuple[int, int | None, int]], until: int
) -> Cohort:
    # One offset for the whole row: more weeks are never fewer members, and never more than there are.
    name = f"cohort {shop} {month.isoformat()}"
    size = noise.rounded(secret, name, sum(count for _, _, count in members))
    last = max((_following(month) - timedelta(days=1)).toordinal(), max(day for day, _, _ in members))
    back: dict[int, Value] = {}
    share: dict[int, Value] = {}
    for weeks in WEEKS:
        if last + 7 * weeks > until:
            back[weeks] = share[weeks] = NOTHING
            continue
        number = noise.rounded(
            secret,
            name,
            sum(count for _, after, count in members if after is not None and after <= 7 * weeks),
        )
        back[weeks] = Value(number, noisy=True)
        share[weeks] = Value(number / size, noisy=True) if size >= LEAST_SHARED else NOTHING
    return Cohort(month, Value(size, noisy=True), back, share)


def _until(store: Store) -> int | None:
    """The last day of which something is told; None where that was never said."""
    told = store.hidden.ground(TOLD)
    return int(told[0]) - 1 if told is not None else None


def _of_shop(
    store: Store, first: int, last: int
) -> tuple[dict[str, noise.Cell], dict[int, dict[str, noise.Cell]], bool]:
    """What is shown of these days as a whole, and of each of them; whether some of it is simulated."""
    until, secret = _until(store), store.hidden.secret()
    if until is None or secret is None:
        return {}, {}, False
    total = dict.fromkeys(MEASURES, 0)
    noisy: set[str] = set()
    days: dict[int, dict[str, noise.Cell]] = {}
    begun = store.members.first_day()
    if begun is None:
        return {}, {}, False
    low, high = max(first, begun), min(last, until)
    simulated = False
    for month, month_first, month_last in _months(low, high):
        counts, some = store.members.daily(month_first, min(month_last, until))
        simulated = simulated or some
        for name in MEASURES:
            leaves: dict[noise.Path, int] = {
                (date.fromordinal(day).isoformat(),): number for day, number in counts[name].items()
            }
            if not leaves:
                continue
            parts = [date.fromordinal(day).isoformat() for day in range(month_first, month_last + 1)]
            tree = noise.shown(
                bytes.fromhex(secret),
                f"{name} {store.shop.number} {month.isoformat()}",
                leaves,
                [parts],
                is_open=month_last > until or name in _ALWAYS_OPEN,
            )
            covers = low <= max(month_first, begun) and min(month_last, until) <= high
            for day in range(max(low, month_first), min(high, month_last) + 1):
                cell = tree[(date.fromordinal(day).isoformat(),)]
                days.setdefault(day, {})[name] = cell
                total[name] += cell.number
                if cell.noisy and not (covers and not tree[()].noisy):
                    noisy.add(name)
    whole = {name: noise.Cell(total[name], name in noisy) for name in MEASURES} if days else {}
    return whole, days, simulated


def _months(first: int, last: int) -> Iterator[tuple[date, int, int]]:
    """Each month that has some of these days: its name, its first day and its last."""
    if first > last:
        return
    month = date.fromordinal(first).replace(day=1)
    while month.toordinal() <= last:
        following = _following(month)
        yield month, month.toordinal(), following.toordinal() - 1
        month = following


def _following(month: date) -> date:
    return (month.replace(day=28) + timedelta(days=7)).replace(day=1)


def _part(name: str, shop: int, day: int | None) -> int:
    if name == "shop" or day is None:
        return shop
    match name:
        case "week":
            return day - (day + 6) % 7
        case "weekday":
            return (day + 6) % 7
        case _:
            return day

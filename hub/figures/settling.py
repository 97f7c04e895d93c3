"""Makes the shown tables of people's figures from the true ones, day by day (`hub.figures.noise` says what they hold).

It happens by itself every few seconds (`hub.jobs`) and before a question is answered, for days whose sums are not those of which
they were made. A day that is open (today, two hours more, and days to which a node that is behind may still add, a week back at
most) stays as it was made until its rounded total is another one; when it is over, it is made once more. A day that was shown
without noise and gets fewer than ten more late is shown with noise from then on: what was added would stand in the difference.
"""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from typing import Any

from hub.client.db import StorageError
from hub.figures import freshness, noise
from hub.figures.definitions import Family
from hub.figures.members import TOLD
from hub.figures.question import Days
from hub.store.base import Store
from hub.store.figure_records import Made
from hub.store.hidden import SHOWN
from hub.store.local_days import QUARTER_S, place

KINDS: dict[str, tuple[str, ...]] = {
    "footfall": ("visit.closed",),
    "street": ("street.counted",),
    "guests": ("portal.joined",),
}
"""Facts of which each of the families is made."""

OVER_S = 2 * 3_600.0
"""So long after its end a day is still open: a stay belongs to the day on which it began (`hub.figures.changes.OVER_AFTER`)."""

OPEN_DAYS = 8
"""Days further back are over, whatever a node may still tell."""

AT_ONCE = 20
"""Days in one transaction; whoever sells waits for it."""

_ALWAYS = (1, 3_652_059)
"""All days that there are (`date.toordinal()`)."""

Draw = Callable[[int], str]
"""Random bytes, so many, in hexadecimal."""

Note = tuple[str, str, str]
"""As `HiddenQuestions.stand_on` takes it."""


def settle(
    store: Store,
    shops: Iterable[int],
    now: float,
    days: Iterable[Days] | None = None,
    fresh: freshness.Freshness | None = None,
    families: Collection[str] = tuple(SHOWN),
    draw: Draw = secrets.token_hex,
) -> int:
    """Make the shown days of these shops anew where they have to be; how many were. `days`: only these; None: all, and then the
    next call is quick until another fact has come. StorageError where the disk fails."""
    spans = [(one.first.toordinal(), one.last.toordinal()) for one in days] if days is not None else None
    count = 0
    for shop in shops:
        own = store if shop == store.shop.number else store.of_shop(shop)
        known = freshness.look(own, (shop,), now) if fresh is None else fresh
        notes = _told_of_members(own, now, draw)
        for family in SHOWN:
            if family in families:
                open_from = _open_from(own, known.open_from(Family(family), (shop,)), now)
                made, noted = _settle(own, family, spans, open_from, draw)
                count += made
                notes += noted
        if notes:
            # Together: each day begins with one for every family of every shop.
            with own.writing():
                for note in notes:
                    own.hidden.stand_on(*note)
    return count


def settle_for(
    store: Store,
    shops: Iterable[int],
    now: float,
    days: Iterable[Days],
    fresh: freshness.Freshness,
    families: Collection[Family],
) -> None:
    """The same before a question is answered. Where nothing can be written, what was shown before is shown: a full disk must not
    keep anybody from reading."""
    if not {*SHOWN, TOLD}.isdisjoint(family.value for family in families):
        with suppress(StorageError):
            settle(store, shops, now, days, fresh, [family.value for family in families])


def _told_of_members(store: Store, now: float, draw: Draw) -> list[Note]:
    """Let what is told of members go up to the end of yesterday (`hub.figures.members`)."""
    today = str(_open_from(store, None, now))
    if store.hidden.ground(TOLD) == (today, ""):
        return []
    _secret(store, draw)
    return [(TOLD, today, "")]


def _open_from(store: Store, behind: int | None, now: float) -> int:
    """The first day to which more may be added."""
    today = place(store.rollups.timezone(), int(max(0.0, now - OVER_S)) // QUARTER_S)[0]
    return today if behind is None else max(today - OPEN_DAYS, min(today, behind))


def _settle(
    store: Store, family: str, spans: list[tuple[int, int]] | None, open_from: int, draw: Draw
) -> tuple[int, list[Note]]:
    """How many days were made, and what is to be kept about the whole."""
    hidden = store.hidden
    # Of the same events other sums are made by another clock, or by another release.
    ground = f"{store.rollups.timezone()} {store.ledger.folding()}"
    state = f"{hidden.events(KINDS[family])} {open_from}"
    stands = hidden.ground(family)
    if stands == (ground, state):
        return 0, []
    if stands is not None and stands[0] != ground:
        with store.writing():
            hidden.forget(family)
        stands = None
    secret = _secret(store, draw)
    stale = sorted(
        {key for span in spans or [_ALWAYS] for key in _stale(store, family, span, open_from, secret)}
    )
    for start in range(0, len(stale), AT_ONCE):
        with store.writing():
            parts = hidden.parts(family)
            for key in stale[start : start + AT_ONCE]:
                # Once more under the lock: somebody else may have made it meanwhile, and facts may have come.
                if list(_stale(store, family, (key[0], key[0]), open_from, secret)):
                    _make(store, family, parts, *key, is_open=key[0] >= open_from, secret=secret)
    kept = spans is None or stands is None
    return len(stale), [(family, ground, state if spans is None else "")] if kept else []


def _secret(store: Store, draw: Draw) -> bytes:
    kept = store.hidden.secret()
    if kept is None:
        with store.writing():
            store.hidden.keep_secret(draw(32))
            kept = store.hidden.secret() or ""
    return bytes.fromhex(kept)


def _stale(
    store: Store, family: str, span: tuple[int, int], open_from: int, secret: bytes
) -> Iterable[tuple[int, int]]:
    """Days that have to be made anew, and whether they are the simulated part."""
    true = store.hidden.true_sums(family, *span)
    made = store.hidden.made(family, *span)
    for key in {**true, **made}:
        was = made.get(key)
        if was is None:
            yield key
            continue
        if was.is_open and key[0] < open_from:
            yield key
        elif was.sums != true.get(key):
            is_open = key[0] >= open_from
            now = _totals(store, family, key, true.get(key, ()), secret)
            if not (was.is_open and is_open) or now != _totals(store, family, key, was.sums, secret):
                yield key


def _totals(
    store: Store, family: str, key: tuple[int, int], sums: tuple[int, ...], secret: bytes
) -> list[int]:
    """What would be shown of a whole day that is open, of each thing that is counted."""
    counted = _COUNTED[family]
    return [noise.rounded(secret, _name(store, name, *key), number) for name, number in counted(sums)]


def _of_footfall(sums: tuple[int, ...]) -> list[tuple[str, int]]:
    return [("visits", sums[0] if sums else 0)]


def _of_street(sums: tuple[int, ...]) -> list[tuple[str, int]]:
    passers, entrants = sums or (0, 0)
    return [("passers", passers), ("entrants", entrants)]


def _of_guests(sums: tuple[int, ...]) -> list[tuple[str, int]]:
    return [("guests", sums[0] if sums else 0)]


_COUNTED: dict[str, Callable[[tuple[int, ...]], list[tuple[str, int]]]] = {
    "footfall": _of_footfall,
    "street": _of_street,
    "guests": _of_guests,
}


def _name(store: Store, what: str, day: int, simulated: int) -> str:
    return f"{what} {store.shop.number} {day} {simulated}"


def _make(
    store: Store, family: str, parts: Parts, day: int, simulated: int, *, is_open: bool, secret: bytes
) -> None:
    """One day anew. Call inside a transaction."""
    names, all_hours = parts
    kind = SHOWN[family]
    hidden = store.hidden
    sums = hidden.true_sums(family, day, day).get((day, simulated))
    if sums is None:
        hidden.put(family, day, simulated, {}, None)
        return
    before = hidden.made(family, day, day).get((day, simulated))
    exact = before.exact if before is not None else ()
    counted = _COUNTED[family]
    steps = [now - was for (_, now), (_, was) in zip(counted(sums), counted(exact), strict=True)]
    # What few came late must not stand in the difference of two exact numbers.
    few = bool(exact) and any(0 < abs(step) < noise.FEWEST for step in steps)
    rounded = is_open or few
    cells = hidden.cells(family, day, simulated, names)
    trees = _TREES[family](cells, parts, lambda what: _name(store, what, day, simulated), secret, rounded)
    day_, part_day, hour, part_hour = (grain.table for grain in kind.grains)
    tables: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
    tables[day_].append((day, simulated, *trees(None, None)))
    hours: dict[str, list[int]] = {}
    for name in names:
        whole = trees(name, None)
        if any(whole):
            tables[part_day].append((day, name, simulated, *whole))
        for at in all_hours:
            numbers = trees(name, at)
            if any(numbers):
                tables[part_hour].append((name, day, int(at), simulated, *numbers))
                sofar = hours.setdefault(at, [0] * len(numbers))
                hours[at] = [one + two for one, two in zip(sofar, numbers, strict=True)]
    tables[hour] += [(day, int(at), simulated, *numbers) for at, numbers in hours.items()]
    hidden.put(family, day, simulated, tables, Made(is_open, sums, exact if rounded else sums))


Trees = Callable[[str | None, str | None], tuple[int, ...]]
"""What is shown of a part and an hour of it, None for all of them: in the order of the table."""

Names = Callable[[str], str]

Parts = tuple[list[str], list[str]]
"""All zones or ways of the shop, and all hours in which there ever was anything."""


def _footfall(
    cells: Iterable[tuple[Any, ...]], parts: Parts, name: Names, secret: bytes, is_open: bool
) -> Trees:
    visits: dict[noise.Path, int] = {(zone, str(hour)): int(number) for zone, hour, number, _ in cells}
    stays: dict[noise.Path, int] = {(zone, str(hour)): int(ms) for zone, hour, _, ms in cells}
    tree = noise.shown(secret, name("visits"), visits, parts, is_open=is_open, amounts=stays)

    def row(zone: str | None, hour: str | None) -> tuple[int, ...]:
        cell = tree[_path(zone, hour)]
        return cell.number, cell.amount, int(cell.noisy)

    return row


def _street(
    cells: Iterable[tuple[Any, ...]], parts: Parts, name: Names, secret: bytes, is_open: bool
) -> Trees:
    rows = list(cells)
    trees = [
        noise.shown(
            secret,
            name(what),
            {(row[0], str(row[1])): int(row[place]) for row in rows},
            parts,
            is_open=is_open,
        )
        for place, what in ((2, "passers"), (3, "entrants"))
    ]

    def row(zone: str | None, hour: str | None) -> tuple[int, ...]:
        passers, entrants = (tree[_path(zone, hour)] for tree in trees)
        return passers.number, entrants.number, int(passers.noisy), int(entrants.noisy)

    return row


def _guests(
    cells: Iterable[tuple[Any, ...]], parts: Parts, name: Names, secret: bytes, is_open: bool
) -> Trees:
    ways, hours = parts
    counts: dict[noise.Path, int] = {}
    for way, hour, joined, known in cells:
        counts[way, "known", str(hour)] = int(known)
        counts[way, "other", str(hour)] = int(joined) - int(known)
    tree = noise.shown(secret, name("guests"), counts, [ways, ("known", "other"), hours], is_open=is_open)

    def row(way: str | None, hour: str | None) -> tuple[int, ...]:
        if hour is not None:
            known, other = (tree[str(way), one, hour] for one in ("known", "other"))
            return known.number + other.number, known.number, known.noisy + other.noisy, int(known.noisy)
        whole = tree[_path(way, None)]
        parts = [tree[one, "known"] for one in (ways if way is None else [way])]
        return (
            whole.number,
            sum(one.number for one in parts),
            int(whole.noisy),
            sum(one.noisy for one in parts),
        )

    return row


def _path(part: str | None, hour: str | None) -> noise.Path:
    return () if part is None else (part,) if hour is None else (part, hour)


_TREES: Mapping[str, Callable[[Iterable[tuple[Any, ...]], Parts, Names, bytes, bool], Trees]] = {
    "footfall": _footfall,
    "street": _street,
    "guests": _guests,
}

"""A real year of a chain of 457 stores, played through the interfaces that every device and program has, comes to what its data
say.

`shopbell replay completejourney` plays it into a hub of its own: households join, baskets are visits and purchases told by doors
and tills, coupons are taken over `/api/v1`, redemptions are asked for at tills one by one. Then the hub is asked over `/api/v1`,
and everything is compared with what pandas makes of the same files, to the unit. Visits are shown with noise where they would
single people out, so those that are kept are compared, and the shown ones with these: the same where no noise is said, else near.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hub.figures.noise import MOST
from hub.replay.house import serving
from hub.replay.journey import HEAD_OFFICE, Journey, journey_of, of_households
from hub.replay.playing import Outcome, Played, play
from hub.replay.reading import INSTALL, NoData, data_folder, read_tables
from hub.replay.shops import CannotPlay
from tests.prove import Verdict
from tests.prove._journey_told import Told, ask_everything, kept_visits, reading_key

NAME = "journey"
PROMISE = "A real year of 457 stores, played through public interfaces, comes to what pandas makes of its data, to the unit."
DEFAULT_SIZE = 2_469
CI_SIZE = 8
SIZE_NAME = "households"

LONGEST_MONTH = 31
MOST_TOLD = 10


@dataclass(slots=True)
class Compared:
    """What was compared, and what differs."""

    numbers: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    noisy: int = 0

    def same(self, what: str, here: Mapping[Any, int], there: Mapping[Any, int]) -> None:
        """Every number of the two, also those that are only in one."""
        for key in sorted({*here, *there}, key=str):
            self.numbers[what] += 1
            if here.get(key, 0) != there.get(key, 0):
                self.wrong.append(f"{what} {key}: {here.get(key, 0)} here, {there.get(key, 0)} by pandas")


def run(size: int, seed: int, folder: Path) -> Verdict:
    """`size` households, those with the lowest numbers; the seed has nothing to say."""
    del seed
    try:
        import pandas as pd  # noqa: F401 - what compares needs it

        from tests.prove._journey_pandas import expected

        data = data_folder()
        households = 0 if size >= DEFAULT_SIZE else size
        journey = journey_of(of_households(read_tables(data), households))
    except (ImportError, NoData) as wrong:
        return Verdict(False, f"The data or what reads them is missing: {wrong}. {INSTALL} pandas")
    try:
        played = play(journey, folder, lambda line: print(f"journey: {line}", file=sys.stderr, flush=True))
    except CannotPlay as wrong:
        return Verdict(False, f"It could not be played: {wrong}")
    return compare(journey, played, ask(journey, folder), expected(data, households))


@dataclass(frozen=True, slots=True)
class Asked:
    """What the hub said of its stores, of head office's own counter, and the visits that are kept."""

    told: Told
    office: Told
    kept: dict[tuple[str, int], int]


def ask(journey: Journey, folder: Path) -> Asked:
    """Ask the hub in this folder."""
    key, shops = reading_key(folder), [journey.shop_of(store) for store in journey.stores]
    with serving(folder) as url:
        told, office = ask_everything(url, key, shops), ask_everything(url, key, [HEAD_OFFICE])
    return Asked(told, office, kept_visits(folder, shops))


def compare(journey: Journey, played: Played, asked: Asked, right: Any) -> Verdict:
    """What was played against what pandas says."""
    shops = {journey.shop_of(store): store for store in journey.stores}
    numbers = {number: id_ for id_, number in played.campaigns.items()}
    found = Compared()
    told, kept = asked.told, asked.kept
    _compare_sums(found, told, right, shops, numbers)
    found.same("head office's own", asked.office.by_shop, {})
    found.same("visits", {(m, shops[s]): n for (m, s), n in kept.items()}, right.baskets)
    _compare_shown(found, told, kept)
    _compare_outcomes(found, played.outcomes, right.outcomes)
    found.same("households", {"joined": len(journey.joined)}, {"joined": right.households})
    if journey.without:
        found.wrong.append(f"{len(journey.without)} redemptions were not played")
    sentence = (
        f"{sum(found.numbers.values()):,} numbers compared, {len(found.wrong)} differ. "
        f"{len(played.outcomes):,} redemptions: {_said(played.outcomes)}."
    )
    figures = {
        "stores": len(shops),
        "households": len(journey.joined),
        "baskets": len(journey.baskets),
        "sales_cents": sum(one.cents for one in journey.baskets),
        "redemptions": len(played.outcomes),
        "outcomes": dict(Counter(one.refusal or "accepted" for one in played.outcomes)),
        "facts": played.facts,
        "exchanges": played.exchanges,
        "played_s": round(played.took_s, 1),
        "compared": dict(found.numbers),
        "shown_with_noise": found.noisy,
        "wrong": found.wrong[:MOST_TOLD],
        "refused": [
            [one.redemption.used.day.isoformat(), one.redemption.coupon, one.refusal]
            for one in played.outcomes
            if not one.accepted
        ],
    }
    return Verdict(not found.wrong, sentence, figures)


def _said(outcomes: list[Outcome]) -> str:
    counts = Counter(one.refusal or "accepted" for one in outcomes)
    return ", ".join(f"{count:,} {word}" for word, count in counts.most_common())


def _compare_sums(
    found: Compared, told: Told, right: Any, shops: Mapping[int, int], numbers: Mapping[int, int]
) -> None:
    found.same("purchases", {(m, shops[s]): n for (m, s), n in told.purchases.items()}, right.baskets)
    found.same("sales", {(m, shops[s]): n for (m, s), n in told.cents.items()}, right.cents)
    by_store = {(numbers.get(c, c), shops[s]): n for (c, s), n in told.by_shop.items()}
    found.same("redeemed by campaign and store", by_store, right.by_store)
    by_month = {(numbers.get(c, c), m): n for (c, m), n in told.by_month.items()}
    found.same("redeemed by campaign and month", by_month, right.by_month)


def _compare_shown(found: Compared, told: Told, kept: Mapping[tuple[str, int], int]) -> None:
    """Visits as they may be shown: exact where no noise is said; with noise, each day is off by a little at most."""
    for key in sorted({*told.visits, *kept}):
        shown, noisy = told.visits.get(key, (0, False))
        found.numbers["visits as shown"] += 1
        found.noisy += noisy
        if abs(shown - kept.get(key, 0)) > (MOST * LONGEST_MONTH if noisy else 0):
            found.wrong.append(f"visits as shown {key}: {shown} for {kept.get(key, 0)}")


def _compare_outcomes(
    found: Compared, outcomes: list[Outcome], right: Mapping[int, tuple[int, int, str]]
) -> None:
    """Each redemption: in which store, for which basket, accepted or why not."""
    here = {
        one.redemption.used.place: (
            one.redemption.basket.store,
            one.redemption.basket.id,
            "accepted" if one.accepted else one.refusal,
        )
        for one in outcomes
    }
    for place in sorted({*here, *right}):
        found.numbers["redemptions, each"] += 1
        if here.get(place) != right.get(place):
            found.wrong.append(f"redemption {place}: {here.get(place)} here, {right.get(place)} by pandas")

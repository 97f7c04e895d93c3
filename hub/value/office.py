"""`python -m hub value members` and `trial`: the shop's own members, from the days on which they came.

Only members who still agree to be known or written to. Apart from `commands`, because these need the hub's folder.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from contextlib import closing
from datetime import date
from typing import Any

from hub.app import NoShop, open_store
from hub.client.db import StorageError
from hub.client.settings import SettingsError
from hub.config import read_config
from hub.console import show
from hub.store.local_days import QUARTER_S, place
from hub.store.whole import HubStore
from hub.value.members import Came, Trial, came, try_out
from hub.value.teaching import People, Person, look_at

WRONG, BAD_USE = 1, 2
SHOWN = 20


def run(args: argparse.Namespace) -> int:
    """Open the hub that the settings name, and answer."""
    try:
        config = read_config(os.environ, {"dir": args.dir})
    except SettingsError as wrong:
        print(wrong, file=sys.stderr)  # noqa: T201 - the command's own voice
        return BAD_USE
    try:
        with closing(open_store(config.dir, config.database, config.shop)) as store:
            today = args.day.toordinal() if args.day else today_of(store, time.time())
            seen = came_before(store, today)
    except (NoShop, StorageError) as wrong:
        print(wrong, file=sys.stderr)  # noqa: T201 - the command's own voice
        return WRONG
    if args.action == "trial":
        return _trial(try_out(seen, today), args.json)
    people = look_at(seen, today, args.weeks)
    if args.json:
        _json(people, args.weeks)
    else:
        _tell(people)
    return 0


def today_of(store: HubStore, now: float) -> int:
    """The shop's day, as `date.toordinal()` counts."""
    shop = store.shop.get()
    return place(shop.timezone if shop else "UTC", int(now) // QUARTER_S)[0]


def came_before(store: HubStore, today: int) -> Came:
    """Everybody's days up to yesterday: today is not over."""
    return came(store.members.days(1, today - 1))


def _json(people: People, weeks: int) -> None:
    taught = people.taught
    head: dict[str, Any] = {"day": date.fromordinal(people.day).isoformat()}
    if taught is not None:
        head |= {
            "loss": {"model": taught.loss.name, "why": taught.loss.why, "base": taught.loss.base},
            "visits": {"model": "bgnbd" if taught.fitted else "plain", "why": taught.visits_why},
            "money": None
            if taught.money is None
            else {"model": "gamma_gamma" if taught.money_fitted else "plain", "why": taught.money_why},
        }
    sys.stdout.write(json.dumps(head, ensure_ascii=False)[:-1] + ', "members": [')
    before = ""
    for person in people.people:
        sys.stdout.write(f"{before}\n{json.dumps(_person(person, weeks), ensure_ascii=False)}")
        before = ","
    sys.stdout.write("\n]}\n")
    sys.stdout.flush()


def _person(person: Person, weeks: int) -> dict[str, Any]:
    scored, warning = person.scored, person.warning
    return {
        "member": scored.member,
        "chance_away_90_days": warning.chance,
        "level": warning.level,
        "reasons": warning.reasons,
        "step": warning.step,
        "p_alive": scored.alive,
        f"expected_visits_{weeks}w": scored.expected,
        f"expected_cents_{weeks}w": scored.value,
        "rfm": {"recency": scored.recency, "frequency": scored.frequency, "money": scored.money},
    }


def _tell(people: People) -> None:
    if people.taught is not None:
        show(people.taught.loss.why["en"])
        show(people.taught.visits_why["en"])
    warnings = [one.warning for one in people.people if one.warning.level != "fine"]
    show(f"{len(people.people)} members, {len(warnings)} of them to look after:")
    for one in warnings[:SHOWN]:
        why = " ".join(words["en"] for words in one.reasons)
        show(f"{one.member}  {one.chance:.0%} will stay away for 90 days. {why}")
    if len(warnings) > SHOWN:
        show(f"and {len(warnings) - SHOWN} more: --json")


def _trial(trial: Trial | dict[str, str], as_json: bool) -> int:
    if not isinstance(trial, Trial):
        show(json.dumps({"why": trial}, ensure_ascii=False) if as_json else trial["en"])
        return 0
    day = date.fromordinal(trial.day).isoformat()
    if as_json:
        parts = [
            {
                "members": part.members,
                "predicted": part.predicted,
                "happened": part.happened,
                "low": part.low,
                "high": part.high,
                "holds": part.holds,
            }
            for part in trial.parts
        ]
        told = {
            "day": day,
            "members": trial.members,
            "predicted": trial.predicted,
            "lost": trial.lost,
            "area": trial.area,
            "area_of_days_away": trial.lately,
            "tenths": parts,
        }
        show(json.dumps(told, ensure_ascii=False))
        return 0
    show(
        f"On {day}, of {trial.members} members {trial.predicted:.0f} were predicted to stay away, {trial.lost} did."
    )
    show(f"Area under the curve {trial.area:.3f}; by days since the last visit alone {trial.lately:.3f}.")
    for part in trial.parts:
        mark = "" if part.holds else "  off"
        show(f"{part.members:6} members: predicted {part.predicted:6.1%}, happened {part.share:6.1%}{mark}")
    return 0

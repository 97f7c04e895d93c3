"""Judges a day with purses: that the books sum, that every payment that staff saw is in them once, that no right was overdrawn.

What the books should say is worked out a second time from the journal's own texts, in another way than the product does.
"""

from __future__ import annotations

import json
from collections import Counter as Counting
from fractions import Fraction
from math import floor
from typing import Any

from hub.rebuild import verify
from hub.store.sqlite import SqliteStore
from kiosk.store_purse import acts_since
from tests.prove._value_schedule import ValueSchedule, words
from tests.prove._value_world import OFFLINE_CENTS, RULES, ValueWorld


class Watcher:
    """Looks after every step: the books sum, and no till has accepted more alone than it may."""

    def __init__(self, world: ValueWorld) -> None:
        self._world = world
        self.wrong: list[str] = []
        self._heard: dict[str, int] = {}

    def look(self) -> None:
        """After a step."""
        hub = self._world.hub
        if hub.up:
            self.wrong += hub.store.purse.check().wrong
        for till in self._world.tills:
            counter = till.counter
            if counter is None:
                continue
            conn = counter.pool.here().conn
            alone = sum(
                max(act.cents, 1) for act in acts_since(conn, 0.0, 10_000) if act.decided_by == "till"
            )
            section = counter.shelf.purse()
            # A hub that was set back has forgotten what it had heard; what it had given stays given.
            told = section.spent_cents if section is not None else 0
            spent = self._heard[till.name] = max(told, self._heard.get(till.name, 0))
            # The hub says what it has heard of; beyond that nobody may have more than the shop lets one till have.
            if alone > spent + OFFLINE_CENTS:
                self.wrong.append(
                    f"{till.name} accepted {alone} alone, of which the hub had heard {spent}: more than {OFFLINE_CENTS} unheard"
                )


def judge(world: ValueWorld, day: ValueSchedule, watcher: Watcher, *, with_rebuild: bool) -> list[str]:
    """What broke a promise; nothing where all held."""
    store = world.hub.store
    wrong = [*watcher.wrong, *store.purse.check().wrong]
    wrong += _green_lights(world, day)
    wrong += _spent_twice(day, store)
    wrong += _recomputed(store)
    if with_rebuild:
        wrong += [f"a rebuild would change {name}" for name in verify(store).differ]
    return wrong


def _green_lights(world: ValueWorld, day: ValueSchedule) -> list[str]:
    """Every act that a till knows stands in the books once, with its sums; and nothing else does."""
    wrong = []
    books = {
        (act.device, act.nonce): act
        for act in world.hub.store.purse.acts_between(0.0, 1e12, 100_000)
        if not act.reversed and act.why != "import"
    }
    known = {}
    for till in world.tills:
        assert till.counter is not None
        conn = till.counter.pool.here().conn
        for own in acts_since(conn, 0.0, 10_000):
            if own.reversed_at is None:
                known[till.counter.node.device, own.nonce] = own
    devices = {till.name: till.counter.node.device for till in world.tills if till.counter is not None}
    for act in day.acts:
        name = devices[act.till], act.nonce
        if act.saw is None or act.back_pressed:
            continue
        if act.saw.done and name not in known:
            wrong.append(f"staff saw {words(act.saw)}, and the till does not know it")
        if not act.saw.done and name in books:
            wrong.append(f"staff saw {words(act.saw)}, and it stands in the books")
    wrong += [
        f"{key} stands in the books, and no till knows it" for key in sorted(books.keys() - known.keys())
    ]
    wrong += [
        f"{key} was done at a till, and does not stand in the books"
        for key in sorted(known.keys() - books.keys())
    ]
    wrong += [
        f"{key} is {books[key].amount} in the books and {known[key].amount} at the till"
        for key in sorted(known.keys() & books.keys())
        if (known[key].amount, known[key].cents) != (books[key].amount, books[key].cents)
    ]
    return wrong


def _spent_twice(day: ValueSchedule, store: SqliteStore) -> list[str]:
    """What the hub decided was there. What a till tells again to a hub that was set back, it had decided before."""
    if day.day.restored_at:
        return []
    return [
        f"the hub let {act.amount} {act.unit} be spent, of which {act.beyond} were not there"
        for act in store.purse.acts_between(0.0, 1e12, 100_000)
        if act.why == "spent" and not act.offline and act.beyond
    ]


def _recomputed(store: SqliteStore) -> list[str]:
    """The shop's accounts once more, from the texts of the journal."""
    facts = [event for run in store.journal.runs() for event in json.loads(run.texts)]
    points, stored, punches = Counting[str](), Counting[str](), Counting[str]()
    for what, amount in _earned(facts).items():
        points["earned" if what == "points" else ""] -= amount
    acts, back = _acts(facts)
    for key, (unit, amount, why) in acts.items():
        if key in back:
            continue
        account = {"points": points, "stored": stored, "punch": punches}[unit]
        account["paid-with" if why == "spent" else "paid-in"] += amount if why == "spent" else -amount
    totals = store.purse.totals()
    found = []
    for unit, name, should in (
        ("points", "earned", points["earned"]),
        ("points", "paid-with", points["paid-with"]),
        ("stored", "paid-with", stored["paid-with"]),
        ("stored", "paid-in", stored["paid-in"]),
        ("punch/coffee", "paid-with", punches["paid-with"]),
    ):
        is_ = totals.get(("shop", name, unit), 0)
        if is_ != should:
            found.append(f"the account {name} of {unit} holds {is_}, and the journal says {should}")
    return found


def _earned(facts: list[dict[str, Any]]) -> dict[str, int]:
    """Points of all purchases, each as the first fact about it says, less what came back of it."""
    paid: dict[str, dict[str, Any]] = {}
    back: dict[str, Fraction] = {}
    acts = set()
    for event in facts:
        data = event["data"]
        if event["kind"] == "purchase.paid":
            paid.setdefault(data["id"], {**data, "at": event["at"], "clock": event["clock"]})
        elif event["kind"] == "purchase.reversed" and data["act"] not in acts:
            acts.add(data["act"])
            cents = data.get("cents")
            back[data["of"]] = back.get(data["of"], Fraction(0)) + (10**15 if cents is None else cents)
    since = min(event["at"] for event in facts if event["kind"] == "value.ruled")
    total = 0
    for name, one in paid.items():
        if not one.get("member") or (one["at"] < since and one["clock"] != "unset"):
            continue
        stays = max(Fraction(0), one["cents"] - back.get(name, Fraction(0)))
        total += floor(stays * RULES.points_each / RULES.earn_cents)
    return {"points": total}


def _acts(
    facts: list[dict[str, Any]],
) -> tuple[dict[tuple[str, str], tuple[str, int, str]], set[tuple[str, str]]]:
    acts: dict[tuple[str, str], tuple[str, int, str]] = {}
    back = set()
    for event in facts:
        data = event["data"]
        who = data.get("asked_by") or event["device"]
        if event["kind"] == "value.spent":
            acts.setdefault((who, data["nonce"]), (data["unit"], data["amount"], "spent"))
        elif event["kind"] == "value.granted" and data["why"] == "topup":
            acts.setdefault((who, data["nonce"]), (data["unit"], data["amount"], "topup"))
        elif event["kind"] == "value.reversed":
            back.add((data["acted"], data["of"]))
    return acts, back

"""What must hold when the day is over, judged by what staff saw and by a reading of the hub's journal of our own.

The journal is folded here once more, by some fifty lines that share nothing with the product: sums and sets over its events,
in its order. So a mistake in the product's ledger does not excuse itself.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from hub.rebuild import rebuild
from hub.setback import WAIT_S
from tests.prove._coupon_day import Day, Shown
from tests.prove._coupon_world import (
    A_DAY,
    DAILY,
    FIRST,
    FIRST_N,
    LOT,
    LOTTERY,
    ONCE,
    VOUCHER,
    VOUCHER_CENTS,
    WINE,
    World,
    campaigns,
)

HUB_ONLY = frozenset(campaign.number for campaign in campaigns() if campaign.offline == "refuse")
_ZONE = ZoneInfo("Europe/Vienna")


@dataclass(slots=True)
class Act:
    """One redemption in the journal, by the till behind it."""

    till: str
    nonce: str
    serial: str
    campaign: int
    value_cents: int
    member: str
    day: str
    offline: bool
    by_hub: bool
    at: float
    told_again: bool
    taken_back: bool = False


@dataclass(slots=True)
class Book:
    """The journal, added up in its own order; `wrong` is what the hub should not have said yes to."""

    acts: dict[tuple[str, str], Act] = field(default_factory=dict)
    of_serial: dict[str, list[Act]] = field(default_factory=lambda: defaultdict(list))
    issued: Counter[int] = field(default_factory=Counter)
    serials: set[str] = field(default_factory=set)
    reversals: dict[tuple[str, str], str] = field(default_factory=dict)
    doubles: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    wrong: list[str] = field(default_factory=list)


def events_of(world: World) -> Iterator[dict[str, Any]]:
    """The hub's journal, event by event, as texts decoded by the standard library."""
    for run in world.hub.store.journal.runs():
        yield from json.loads(bytes(run.texts))


def read_book(world: World) -> Book:
    """Add the journal up."""
    book = Book()
    early: dict[tuple[str, str], str] = {}
    for event in events_of(world):
        data = event["data"]
        match event["kind"]:
            case "coupon.issued":
                if data["serial"] in book.serials:
                    book.wrong.append(f"{data['serial']} was issued twice")
                book.serials.add(data["serial"])
                book.issued[data["campaign"]] += 1
            case "coupon.redeemed":
                _redeemed(book, event, data, early)
            case "coupon.reversed":
                key = (data["redeemed_by"], data["of"])
                book.reversals[key] = data["nonce"]
                if key in book.acts:
                    book.acts[key].taken_back = True
                else:
                    early[key] = data["nonce"]
    return book


def _redeemed(
    book: Book, event: dict[str, Any], data: dict[str, Any], early: dict[tuple[str, str], str]
) -> None:
    by_hub = event["device"] == "hub"
    till = data["asked_by"] if by_hub else event["device"]
    key = (till, data["nonce"])
    if key in book.acts:
        return
    act = Act(
        till=till,
        nonce=data["nonce"],
        serial=data["serial"],
        campaign=data["campaign"],
        value_cents=data["value_cents"],
        member=data.get("member", ""),
        day=datetime.fromtimestamp(event["at"], _ZONE).strftime("%Y-%m-%d"),
        offline=data.get("offline", False),
        by_hub=by_hub,
        at=data.get("decided_at") or event["at"],
        told_again=data.get("decided_at") is not None,
    )
    standing = [other for other in book.acts.values() if not other.taken_back]
    if by_hub:
        book.wrong += _hub_went_too_far(act, standing)
    if act.campaign == VOUCHER:
        spent = sum(other.value_cents for other in standing if other.serial == act.serial)
        beyond = min(act.value_cents, spent + act.value_cents - VOUCHER_CENTS)
        if beyond > 0:
            book.doubles[act.serial].append(beyond)
    elif any(other.serial == act.serial for other in standing):
        book.doubles[act.serial].append(act.value_cents)
    act.taken_back = key in early
    book.acts[key] = act
    book.of_serial[act.serial].append(act)


def _hub_went_too_far(act: Act, standing: list[Act]) -> list[str]:
    """What was against this redemption in the hub's own journal when it decided it."""
    same = [other for other in standing if other.serial == act.serial]
    of_campaign = [other for other in standing if other.campaign == act.campaign]
    wrong = []
    if act.campaign == VOUCHER:
        if sum(other.value_cents for other in same) + act.value_cents > VOUCHER_CENTS:
            wrong.append(f"voucher {act.serial} was overspent by the hub")
    elif same:
        wrong.append(f"the hub accepted {act.serial} although its journal had it as used")
    if act.campaign == FIRST and len(of_campaign) >= FIRST_N:
        wrong.append(f"the hub accepted number {len(of_campaign) + 1} of {FIRST_N}")
    if act.campaign == DAILY and sum(other.day == act.day for other in of_campaign) >= A_DAY:
        wrong.append(f"the hub accepted more than {A_DAY} on {act.day}")
    if act.campaign == ONCE and any(other.member == act.member for other in of_campaign):
        wrong.append(f"the hub accepted {act.member} twice")
    return wrong


def judge(world: World, day: Day, *, with_rebuild: bool) -> list[str]:
    """Every promise that this day broke, in sentences; nothing where all held."""
    book = read_book(world)
    names = _device_names(world)
    wrong = list(book.wrong)
    wrong += _acknowledged(book, day, names)
    wrong += _knew_better(book, day)
    wrong += _taken_back(book, day, names)
    wrong += _doubles(world, book, day)
    wrong += _lots(book, day)
    wrong += _all_told(world)
    if with_rebuild:
        before = world.hub.store.ledger.digest()
        rebuild(world.hub.store)
        if world.hub.store.ledger.digest() != before:
            wrong.append("the ledger made anew from the journal is another one")
    return wrong


def _device_names(world: World) -> dict[str, str]:
    return {device.name: device.device for device in world.hub.store.devices.all()}


def accepted(shown: Shown) -> bool:
    """Whether staff saw a green light."""
    return shown.verdict is not None and shown.verdict.accepted


def _acknowledged(book: Book, day: Day, names: dict[str, str]) -> list[str]:
    """Each green light is one act of that till in the ledger, and there are no acts that nobody can have made."""
    greens: Counter[tuple[str, str]] = Counter()
    unseen: Counter[tuple[str, str]] = Counter()
    for shown in day.shown:
        key = (names[shown.till], shown.taken.issued.coupon.serial)
        greens[key] += accepted(shown)
        unseen[key] += not accepted(shown) and (shown.verdict is None or _may_have_been(shown))
    acts = Counter((act.till, act.serial) for act in book.acts.values())
    wrong = []
    for key in greens.keys() | acts.keys():
        if acts[key] < greens[key]:
            wrong.append(
                f"{greens[key]} green lights for {key[1]} at {key[0]}, but {acts[key]} in the ledger"
            )
        if acts[key] > greens[key] + unseen[key]:
            wrong.append(f"{acts[key]} redemptions of {key[1]} at {key[0]}, but {greens[key]} green lights")
    return wrong


def _taken_back(book: Book, day: Day, names: dict[str, str]) -> list[str]:
    """What staff saw taken back is taken back in the ledger, and nothing else is."""
    wrong = []
    tried = Counter(
        (names[undoing.till], undoing.shown.taken.issued.coupon.serial) for undoing in day.undoings
    )
    for undoing in day.undoings:
        verdict = undoing.shown.verdict
        if undoing.saw is None or undoing.saw.state != "reversed" or verdict is None:
            continue
        act = book.acts.get((names[undoing.till], verdict.act))
        if act is None or not act.taken_back:
            wrong.append(
                f"staff saw {undoing.shown.taken.issued.coupon.serial} taken back, the ledger did not"
            )
    back = Counter((act.till, act.serial) for act in book.acts.values() if act.taken_back)
    wrong += [
        f"{count} redemptions of {key[1]} at {key[0]} were taken back, staff tried {tried[key]} times"
        for key, count in back.items()
        if count > tried[key]
    ]
    return wrong


def _knew_better(book: Book, day: Day) -> list[str]:
    """The hub says yes to nothing that its own ledger has as used. What a till took back it tells with its next question."""
    stands = {act.nonce for act in book.acts.values() if not act.taken_back}
    wrong = []
    for shown in day.shown:
        verdict = shown.verdict
        if (
            verdict is None
            or not verdict.accepted
            or verdict.decided_by != "hub"
            or shown.taken.campaign == VOUCHER
        ):
            continue
        # A till that repeats what it was told before asks nobody.
        if shown.reached and stands.intersection(shown.known) and verdict.act not in shown.known:
            wrong.append(
                f"the hub accepted {shown.taken.issued.coupon.serial} although its ledger had it as used"
            )
    return wrong


def _may_have_been(shown: Shown) -> bool:
    """Staff were told no, but the hub may have said yes before and its answer was lost."""
    verdict = shown.verdict
    return verdict is not None and verdict.offline


def _doubles(world: World, book: Book, day: Day) -> list[str]:
    """Twice only where a till was cut off, never for an offer that needs the hub, and each with its cost in the office."""
    wrong = []
    for serial, acts in book.of_serial.items():
        standing = [act for act in acts if not act.taken_back]
        if len(standing) < 2 or standing[0].campaign == VOUCHER:
            continue
        by_hub = [act for act in standing if not act.offline and not _could_not_know(act, standing, day)]
        if standing[0].campaign in HUB_ONLY and len(by_hub) > 1:
            wrong.append(f"{serial} of an offer that needs the hub was accepted {len(standing)} times")
        if len(by_hub) > 1:
            wrong.append(f"{serial} was accepted twice while the hub could be reached")
    told: dict[str, list[int]] = defaultdict(list)
    for conflict in reversed(world.hub.store.counter.conflicts(10_000)):
        told[conflict.serial].append(conflict.cost_cents)
    wrong += [
        f"{serial} was accepted twice at a cost of {book.doubles[serial]}, the office is told {told[serial]}"
        for serial in book.doubles.keys() | told.keys()
        if sorted(book.doubles[serial]) != sorted(told[serial])
    ]
    for shown in day.shown:
        verdict = shown.verdict
        if verdict is not None and verdict.accepted and verdict.offline and shown.taken.campaign in HUB_ONLY:
            wrong.append(f"a till accepted {shown.taken.issued.coupon.serial} alone, which needs the hub")
    return wrong


def _could_not_know(act: Act, standing: list[Act], day: Day) -> bool:
    """Whether the hub decided this when it had been set back, and had waited in vain for a till that would have told of another.

    That is the one double that it can know nothing of: its own disk has forgotten, and the till is off for more than WAIT_S.
    """
    return any(
        other.at < restored_at <= act.at - WAIT_S + 1
        for restored_at in day.restored_at
        for other in standing
        if other is not act
    )


def _lots(book: Book, day: Day) -> list[str]:
    wrong = []
    if book.issued[LOTTERY] > LOT:
        wrong.append(f"{book.issued[LOTTERY]} coupons of a lot of {LOT} were handed out")
    missing = {taken.issued.coupon.serial for taken in day.taken} - book.serials
    if missing:
        wrong.append(f"{len(missing)} coupons that shoppers hold are not in the ledger")
    return wrong


def _all_told(world: World) -> list[str]:
    wrong = []
    for till in world.tills:
        assert till.counter is not None
        counts = till.counter.outbox.counts()
        if counts.pending or counts.parked:
            wrong.append(f"{till.name} still holds {counts.pending} facts, {counts.parked} of them parked")
    counts = world.door.outbox.counts()
    if counts.pending or counts.parked:
        wrong.append(f"the door still holds {counts.pending} facts, {counts.parked} of them parked")
    return wrong


__all__ = ["HUB_ONLY", "WINE", "Book", "judge", "read_book"]

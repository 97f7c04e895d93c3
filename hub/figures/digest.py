"""A digest: some numbers of the days that are over, made at its hour, kept as a page, sent by mail and to a web address.

When one is due, it is made from the same answers as the pages and kept as it was then, in the transaction that moves its digest
on: of several workers one makes it, and none is made twice. Where it is to go stands in that transaction too; each receiver is
tried until it has taken it, ever more seldom, for a day. A mail that was sent and not noted goes again with the same Message-ID,
a post with the same webhook-id: whoever keeps those sees it once.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

from hub.config import Config
from hub.figures.answer import Answer
from hub.figures.definitions import FIGURES
from hub.figures.engine import ask
from hub.figures.json_out import answer_shown
from hub.figures.question import Comparison, Days, Dimension, Question
from hub.sentences import Said
from hub.store.base import Store
from hub.store.outs_records import DigestRecord, IssueRecord, SendingWay
from hub.store.whole import HubStore
from hub.wire.snapshot import Shop

logger = logging.getLogger(__name__)

Every = Literal["day", "week", "month"]
KEEP_ISSUES_S = 800 * 86_400.0


class Plan(msgspec.Struct, frozen=True):
    """What a digest tells, when and to whom. `at_hour`: of the shop's clock. `weekday`: 0 is Monday, for one that comes each
    week; one of each month comes on its first day. `by`: one more table, cut by that; "" for none. `private`: the owner lets
    posts go into the shop's own network."""

    name: str
    figures: tuple[str, ...]
    every: Every = "week"
    at_hour: int = 7
    weekday: int = 0
    language: str = "en"
    by: str = ""
    versus: Literal["previous", "year"] = "previous"
    mails: tuple[str, ...] = ()
    url: str = ""
    private: bool = False


class Issue(msgspec.Struct, frozen=True):
    """One digest as it was made: the plan that held then, its numbers, and what the keys of its table are called."""

    plan: Plan
    answer: Answer
    cut: Answer | None
    names: dict[str, str]
    made_at: float


Naming = Callable[[Store, Plan, Dimension, Sequence[str], float], dict[str, str]]
"""What these values of a dimension are called in the language of a digest."""


def next_time(plan: Plan, timezone: str, after: float) -> float:
    """When it is made next, after that moment (seconds of UTC)."""
    zone = ZoneInfo(timezone)
    day = datetime.fromtimestamp(after, zone).date()
    for _ in range(40):
        if _comes_on(plan, day):
            # An hour that a clock leaves out in spring is the one after it: the moment is the same.
            at = datetime.combine(day, time(plan.at_hour), zone).timestamp()
            if at > after:
                return at
        day += timedelta(days=1)
    raise AssertionError("a digest comes at least once in 31 days")


def latest_time(plan: Plan, timezone: str, now: float) -> float:
    """When it should have been made last, up to now."""
    zone = ZoneInfo(timezone)
    day = datetime.fromtimestamp(now, zone).date()
    for _ in range(40):
        at = datetime.combine(day, time(plan.at_hour), zone).timestamp()
        if _comes_on(plan, day) and at <= now:
            return at
        day -= timedelta(days=1)
    raise AssertionError("a digest comes at least once in 31 days")


def _comes_on(plan: Plan, day: date) -> bool:
    match plan.every:
        case "day":
            return True
        case "week":
            return day.weekday() == plan.weekday
        case _:
            return day.day == 1


def days_of(plan: Plan, due_at: float, timezone: str) -> Days:
    """The days that a digest of that moment tells of: all of them are over."""
    last = datetime.fromtimestamp(due_at, ZoneInfo(timezone)).date() - timedelta(days=1)
    match plan.every:
        case "day":
            return Days(last, last)
        case "week":
            return Days(last - timedelta(days=6), last)
        case _:
            return Days(last.replace(day=1), last)


def make_issue(store: Store, plan: Plan, due_at: float, now: float, naming: Naming) -> Issue | Said:
    """Its numbers, as every page says them at this moment. `naming`: what values of a dimension are called."""
    shop = store.shop.get() or Shop(0, {})
    question = Question(
        plan.figures, days_of(plan, due_at, shop.timezone), comparison=Comparison(plan.versus)
    )
    answer = ask(store, question, now)
    if isinstance(answer, Said):
        return answer
    cut: Answer | None = None
    names: dict[str, str] = {}
    if plan.by:
        dimension = Dimension(plan.by)
        some = tuple(one for one in plan.figures if dimension in FIGURES[one].cuts)
        if some:
            asked = ask(store, replace(question, figures=some, by=(dimension,)), now)
            if isinstance(asked, Said):
                return asked
            cut = asked
            names = naming(store, plan, dimension, [row.key[0] for row in asked.rows], now)
    return Issue(plan, answer, cut, names, now)


def read_plan(record: DigestRecord) -> Plan:
    """The plan of a digest."""
    return msgspec.json.decode(record.body, type=Plan)


def read_issue(record: IssueRecord) -> Issue:
    """A digest that was made."""
    return msgspec.json.decode(record.body, type=Issue)


def posted(issue: Issue, shop: int, number: int, url: str) -> bytes:
    """What is posted to a web address: its numbers as `/api/v1/figures` has them."""
    data: dict[str, object] = {
        "shop": shop,
        "name": issue.plan.name,
        "issue": number,
        "answer": answer_shown(issue.answer, shop),
        "cut": answer_shown(issue.cut, shop) if issue.cut is not None else None,
        "names": issue.names,
    }
    if url:
        data["url"] = url
    stamp = datetime.fromtimestamp(issue.made_at, UTC).isoformat(timespec="milliseconds")
    return msgspec.json.encode(
        {"type": "figures.digest", "timestamp": stamp.replace("+00:00", "Z"), "data": data}
    )


def make_due(store: HubStore, naming: Naming, now: float) -> int:
    """Make what is due; how many were made. Of several workers who come at once, one makes it."""
    made = 0
    shop = store.shop.get() or Shop(0, {})
    for record in store.digests.due(now):
        plan = read_plan(record)
        due_at = latest_time(plan, shop.timezone, now)
        issue = make_issue(store, plan, due_at, now, naming)
        with store.writing():
            fresh = store.digests.get(record.number)
            if fresh is None or fresh.next_at != record.next_at or fresh.body != record.body or fresh.paused:
                continue
            store.digests.put(replace(fresh, next_at=next_time(plan, shop.timezone, now)))
            if isinstance(issue, Said):
                logger.warning("digest %d of shop %d was not made: %s", record.number, shop.number, issue)
                continue
            receivers: list[tuple[SendingWay, str]] = [("mail", one) for one in plan.mails]
            receivers += [("url", "")] if plan.url else []
            store.digests.add_issue(record.number, due_at, now, msgspec.json.encode(issue), receivers)
            made += 1
    return made


def tidy_digests(store: HubStore, _config: Config, now: float) -> None:
    """Forget digests that nobody reads any more."""
    store.digests.prune(now - KEEP_ISSUES_S)

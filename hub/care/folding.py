"""Facts of care plans into their projections, in the journal's order: each depends on what stood before it."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import Any

from hub.store.base import LedgerQuestions
from hub.wire.events_care import PlanEntered, PlanLeft, PlanStepped, PlanTurned, TaskDone, TaskGiven


def fold_care(ledger: LedgerQuestions, told: Iterable[tuple[int, Any, Any]]) -> None:
    """`told`: position, event and fact of each, in any order. Call inside a transaction."""
    inorder = [(event.at, fact) for _, event, fact in sorted(told, key=lambda one: one[0])]
    for kind, group in groupby(inorder, key=lambda one: type(one[1])):
        _WRITE[kind](ledger, list(group))


def _entered(ledger: LedgerQuestions, told: list[tuple[float, PlanEntered]]) -> None:
    ledger.care_entered(
        [
            (
                *(one.run, one.plan, one.version, one.member, one.key, at),
                *(one.control, one.test, one.step, one.due_at),
            )
            for at, one in told
        ]
    )


def _stepped(ledger: LedgerQuestions, told: list[tuple[float, PlanStepped]]) -> None:
    ledger.care_stepped(
        [
            (one.run, one.number, at, one.step, one.outcome, one.next, one.due_at, one.detail)
            for at, one in told
        ]
    )


def _left(ledger: LedgerQuestions, told: list[tuple[float, PlanLeft]]) -> None:
    ledger.care_left([(one.run, one.number, at, one.step, one.reason, one.detail) for at, one in told])


def _turned(ledger: LedgerQuestions, told: list[tuple[float, PlanTurned]]) -> None:
    ledger.care_turned(
        [(one.run, one.number, at, one.version, one.step, one.due_at, one.by) for at, one in told]
    )


def _given(ledger: LedgerQuestions, told: list[tuple[float, TaskGiven]]) -> None:
    ledger.care_tasks(
        [(one.task, one.run, one.plan, one.version, one.step, one.member, at, one.until) for at, one in told]
    )


def _done(ledger: LedgerQuestions, told: list[tuple[float, TaskDone]]) -> None:
    ledger.care_done([(one.task, at, one.outcome, one.staff, one.till) for at, one in told])


_WRITE: dict[type, Any] = {
    PlanEntered: _entered,
    PlanStepped: _stepped,
    PlanLeft: _left,
    PlanTurned: _turned,
    TaskGiven: _given,
    TaskDone: _done,
}

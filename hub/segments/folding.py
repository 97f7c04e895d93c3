"""Portraits from facts, at ingest and at a rebuild alike: who joined, stays of those who are recognised, of whom anything is new.

`hub.folding` gives the facts of a batch by kind; everything is added up and written at its end. The order in which facts come,
and how the journal was cut into batches, make no difference. Whoever is touched is looked at again (`hub.segments.refreshing`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from hub.store.base_segments import PortraitFoldingQuestions

QUARTER_S = 900
LONGEST_DWELL_MS = 7 * 86_400_000
"""As in `hub.summing`: a longer stay is a device that was left behind."""

_OF_MEMBER = frozenset(("consent.given", "consent.withdrawn", "member.joined", "member.paused"))


@dataclass(slots=True)
class PortraitSums:
    """What a batch changes. Nothing is written before `write`."""

    _heads: dict[str, list[Any]] = field(default_factory=dict)
    _stays: dict[tuple[str, int, str, bool], list[int]] = field(
        default_factory=lambda: defaultdict(lambda: [0, 0])
    )
    _touched: set[str] = field(default_factory=set)
    _tasks: set[str] = field(default_factory=set)
    _acts: set[str] = field(default_factory=set)

    def told(self, kind: str, placed: Sequence[tuple[int, Any]], facts: Sequence[Any]) -> None:
        """Facts of one kind; of those that tell nothing of members nothing is taken."""
        if kind == "coupon.issued":
            self._touched.update([fact.member for fact in facts if fact.member])
        elif kind in _OF_MEMBER:
            self._touched.update([fact.member for fact in facts])
            if kind in ("consent.given", "member.joined"):
                for (_, event), fact in zip(placed, facts, strict=True):
                    self._head(event.at, fact, joined=kind == "member.joined")
        elif kind == "members.merged":
            self._touched |= {one for fact in facts for one in (fact.member, fact.into)}
        elif kind == "members.parted":
            self._acts |= {fact.act for fact in facts}
        elif kind == "task.done":
            self._tasks |= {fact.task for fact in facts}

    def touch(self, members: Iterable[str]) -> None:
        """Something is new of these."""
        self._touched.update(members)

    def stays(self, facts: Sequence[Any]) -> None:
        """Visits in which somebody was recognised."""
        for fact in facts:
            key = (fact.known, int(fact.arrived_at) // QUARTER_S, fact.zone, fact.simulated)
            sums = self._stays[key]
            sums[0] += 1
            sums[1] += min(LONGEST_DWELL_MS, int(fact.dwell_s * 1000))

    def _head(self, at: float, fact: Any, *, joined: bool) -> None:
        """simulated, joined_at, card_at, way, language, language_at."""
        row = self._heads.setdefault(fact.member, [False, None, None, "", "", None])
        row[0] = row[0] or fact.simulated
        row[1] = at if row[1] is None else min(row[1], at)
        if joined and (row[2] is None or (at, fact.way) < (row[2], row[3])):
            row[2], row[3] = at, fact.way
        if fact.language and (row[5] is None or (at, fact.language) > (row[5], row[4])):
            row[4], row[5] = fact.language, at

    def write(self, ledger: PortraitFoldingQuestions) -> None:
        """Everything to the tables, after all else of the batch. Call inside its transaction."""
        if self._heads:
            ledger.add_portraits(
                [(member, int(row[0]), *row[1:]) for member, row in sorted(self._heads.items())]
            )
        if self._stays:
            ledger.add_portrait_stays(
                [
                    (member, quarter, zone, int(simulated), *sums)
                    for (member, quarter, zone, simulated), sums in sorted(self._stays.items())
                ]
            )
        if self._tasks:
            self._touched.update(ledger.members_of_tasks(self._tasks))
        if self._acts:
            self._touched.update(ledger.members_of_acts(self._acts))
        if self._touched:
            ledger.stir(self._touched)

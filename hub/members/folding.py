"""Facts about merged memberships into the projection, each in its turn, at ingest and at a rebuild alike."""

from __future__ import annotations

from hub.reading import Envelope
from hub.store.base import LedgerQuestions
from hub.store.register_records import MergeRow
from hub.wire.events import Event
from hub.wire.events_members import MembersMerged, MembersParted

MERGES = frozenset({"members.merged", "members.parted"})


class Merges:
    """Takes facts about merged memberships, in the journal's order (`hub.purse.folding` hands them over, for a purse goes where
    its membership goes). `flaws`: where rows (position, device, reason) go of what changes nothing."""

    def __init__(self, ledger: LedgerQuestions, flaws: list[tuple[int, str, str]]) -> None:
        self._ledger = ledger
        self._flaws = flaws

    def one(self, position: int, event: Envelope | Event, fact: MembersMerged | MembersParted) -> bool:
        """One of them in its turn; whether it changed something."""
        if isinstance(fact, MembersMerged):
            row = MergeRow(fact.act, fact.member, fact.into, event.at, fact.by, None)
            wrong = self._ledger.add_merge(row)
        else:
            wrong = self._ledger.part_merge(fact.act, event.at)
        if wrong:
            self._flaws.append((position, event.device, f"{event.kind}: {wrong}"))
        return not wrong

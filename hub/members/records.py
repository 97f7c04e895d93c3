"""Records of consent from facts: every yes with its words, every no, every pause, and who was forgotten.

`hub.folding` gives the facts of one kind that are new, with their positions. A row for each: how a journal is cut into batches
makes no difference.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from hub.store.base_consents import ConsentFolding
from hub.wire.events import ConsentGiven, ConsentWithdrawn
from hub.wire.events_members import MemberForgotten, MemberPaused


def keep_records(
    ledger: ConsentFolding,
    placed: Sequence[tuple[int, Any]],
    facts: Sequence[ConsentGiven | ConsentWithdrawn],
) -> None:
    """What was agreed to and taken back, word for word."""
    words: dict[str, str] = {}
    rows = []
    for (position, event), fact in zip(placed, facts, strict=True):
        digest = version = language = ""
        if isinstance(fact, ConsentGiven):
            digest = hashlib.sha256(fact.text.encode("utf-8", "surrogatepass")).hexdigest()
            words[digest] = fact.text
            version, language = fact.text_version, fact.language
        rows.append(
            (
                *(
                    position,
                    fact.member,
                    int(isinstance(fact, ConsentGiven)),
                    fact.purpose,
                    fact.medium,
                    digest,
                ),
                *(version, language, fact.place, event.at, event.clock, event.device, fact.proof),
                int(fact.simulated),
            )
        )
    ledger.add_consent_records(rows, words)


def keep_pauses(
    ledger: ConsentFolding, placed: Sequence[tuple[int, Any]], facts: Sequence[MemberPaused]
) -> None:
    """When somebody wanted to hear nothing for a while."""
    ledger.add_pauses(
        [
            (position, fact.member, fact.until, event.at, fact.place)
            for (position, event), fact in zip(placed, facts, strict=True)
        ]
    )


def keep_forgotten(
    ledger: ConsentFolding, placed: Sequence[tuple[int, Any]], facts: Sequence[MemberForgotten]
) -> None:
    """Who was forgotten, by the keyed hash of the id that they had."""
    ledger.add_forgotten(
        [
            (position, fact.salt, fact.mark, fact.instead, event.at)
            for (position, event), fact in zip(placed, facts, strict=True)
        ]
    )

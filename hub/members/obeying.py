"""What follows at once when somebody takes their consent back, wherever they did: the doors no longer know them, and who wants to
be forgotten is on the list of those who are.

`hub.ingest` calls `obey` with the facts that came from a node, `hub.members.consent.withdraw` with those of the hub itself, both
in the transaction in which the fact is written.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from hub.members.consent_rules import Merged, stands
from hub.outside.exporting import forget_exports
from hub.store.base import Store
from hub.wire.events import ConsentWithdrawn

OBEYED = "consent.withdrawn"
"""The kind of these facts."""

_facts = msgspec.json.Decoder(ConsentWithdrawn)


def obey(store: Store, events: Sequence[Any], now: float) -> None:
    """Do what these new facts of the kind `OBEYED` ask for, after they were folded. Call inside a transaction."""
    for event in events:
        try:
            fact = _facts.decode(event.data)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            # It stands among the flaws.
            continue
        obey_one(store, fact.member, fact.purpose, now)


def obey_one(store: Store, member: str, purpose: str, now: float) -> None:
    """The same for one fact."""
    group = store.register.group(member)
    if purpose == "all":
        ask_to_forget(store, group, now)
    elif purpose == "recognise":
        merges = [
            Merged(row.member, row.into, row.at)
            for one in group
            for row in store.register.merges_of(one)
            if row.parted_at is None
        ]
        if stands(store.consents.records(group), "recognise", "", merges) is None:
            _forget_tags(store, group, now)


def ask_to_forget(store: Store, group: Sequence[str], now: float) -> None:
    """From now on they agree to nothing, no door knows them, and no file that was given out has them. A worker does the rest
    within seconds (`hub.members.erasing`)."""
    # A wish that arrives late is the wish of somebody who was forgotten meanwhile.
    group = [one for one in group if not store.forgetting.is_instead(one)]
    new = [one for one in group if store.forgetting.ask(one, now)]
    if new:
        _forget_tags(store, group, now)
        forget_exports(store, now)


def _forget_tags(store: Store, group: Sequence[str], now: float) -> None:
    for tag in store.tags.all():
        if tag.known in group:
            store.tags.remove(tag.known, now)

"""A hub that was set back to a backup finds out, and hears again what it has forgotten before it decides anything.

It is noticed in two ways: a copy that `hub backup` made says so itself, and a node that has an answer to a request which this
hub has never seen gives any other copy away, with its next exchange. Then:

1. Tills get no decision (`recovering`): as if they were cut off, they go on within their own rights, and say so.
2. Every node is asked, with each exchange, to tell again what happened since the copy (`hub.client.retelling`): its own facts
   under their own ids, and what this hub had decided for it.
3. Once all have, or after WAIT_S, the hub decides again. Who has not been heard stays in a warning.

What only the hub's own office knew is beyond this: whatever was changed there since the copy has to be done again.
"""

from __future__ import annotations

from dataclasses import dataclass

from hub.store.base import Store
from hub.wire.sync import Problem, Retell

WAIT_S = 600.0
"""How long nodes are waited for: one that is switched off must not keep the shop from its coupons for longer."""

RECOVERING = (
    503,
    Problem(
        "recovering",
        "The hub was set back to a backup and is hearing from the tills what happened since. Try again in a moment.",
    ),
)


@dataclass(frozen=True, slots=True)
class Standing:
    """A set-back for people: from when the copy is, since when it is known, who was heard, who not yet."""

    copied_at: float
    noticed_at: float
    heard: tuple[str, ...]
    missing: tuple[str, ...]
    over: bool


def notice_copy(store: Store, now: float) -> bool:
    """Begin where this file is a copy that has not been used before. Call when a hub opens its file."""
    copied_at = store.setback.marked_at()
    if copied_at is not None:
        store.setback.begin(copied_at, now)
    return copied_at is not None


def notice_answered(store: Store, answered: int, highest: int, seen_at: float | None, now: float) -> None:
    """Begin where a node has an answer to a request that this hub has not seen. `highest`: the highest counter that it has;
    `seen_at`: when the hub heard the node last, as far as it remembers. Call inside `store.writing()`."""
    if answered > highest and not store.setback.is_open():
        store.setback.begin(now if seen_at is None else seen_at, now)


def ask_again(store: Store, device: str, retold: int, now: float) -> Retell | None:
    """What this node is asked to tell again; None where nothing, or once it has. Call inside `store.writing()`, after its facts
    were taken. `retold`: the number that it says it has done with."""
    latest = store.setback.latest()
    if latest is None:
        return None
    asked = store.setback.retelling(latest.number, device)
    if asked is not None and asked.done_at is None and retold == latest.number:
        store.setback.told(latest.number, device, now)
        asked = None
    if latest.ended_at is None and is_over(store, latest.number, latest.noticed_at, now):
        store.setback.end(latest.number, now)
    if asked is None or asked.done_at is not None:
        return None
    return Retell(latest.number, asked.since)


def is_over(store: Store, number: int, noticed_at: float, now: float) -> bool:
    """Whether everybody has told, or has been waited for."""
    waited = now - noticed_at >= WAIT_S
    return waited or all(one.done_at is not None for one in store.setback.retellings(number))


def recovering(store: Store, now: float) -> bool:
    """Whether tills have to wait for a decision. Call inside `store.writing()`."""
    if not store.setback.is_open():
        return False
    latest = store.setback.latest()
    if latest is not None and now - latest.noticed_at >= WAIT_S:
        store.setback.end(latest.number, now)
        return False
    return True


def standing(store: Store) -> Standing | None:
    """The latest set-back, for the list of warnings; None where there was none, or everybody was heard."""
    latest = store.setback.latest()
    if latest is None:
        return None
    asked = store.setback.retellings(latest.number)
    missing = tuple(one.device for one in asked if one.done_at is None)
    if latest.ended_at is not None and not missing:
        return None
    heard = tuple(one.device for one in asked if one.done_at is not None)
    return Standing(latest.copied_at, latest.noticed_at, heard, missing, latest.ended_at is not None)

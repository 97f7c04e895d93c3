"""Clocks of nodes as the hub sees them: facts that are stamped ahead of it are taken and marked, and how far each clock is off.

The hub is the shop's time server: a node takes the time of the hub's answers unless it has its own from the network (NTP). So a
stamp that lies ahead was made before the node had heard the hub since its start, by a clock that was wrong; one that lies behind
looks like a fact that had to wait, and cannot be told from it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from hub.store.base import Store
from hub.store.fleet_records import Ahead, Told
from hub.wire.sync import SettingTold, SyncHead

AHEAD_S = 300.0
"""Five minutes: no line is so slow, and no quartz so bad, that an honest clock comes here between two exchanges."""

WRITE_EVERY_S = 600.0
SAME_S = 1.0


def mark_ahead(store: Store, events: Sequence[Any], last_at: float, now: float) -> int:
    """Mark the new facts among these that are stamped ahead of the hub; how many. Call inside the transaction that keeps them.

    `last_at`: the latest stamp among them.
    """
    latest = now + AHEAD_S
    if last_at <= latest:
        return 0
    runs: list[Ahead] = []
    count = 0
    for event in events:
        if event.at <= latest:
            continue
        count += 1
        last = runs[-1] if runs else None
        far = round(event.at - now, 3)
        if last is not None and (last.device, last.epoch, last.first_seq + last.count) == (
            event.device,
            event.epoch,
            event.seq,
        ):
            runs[-1] = Ahead(
                last.device, last.epoch, last.first_seq, last.count + 1, max(last.most_s, far), now
            )
        else:
            runs.append(Ahead(event.device, event.epoch, event.seq, 1, far, now))
    store.fleet.mark_ahead(runs)
    return count


def hear(store: Store, device: str, asked: SyncHead, now: float, before: Told | None) -> Told | None:
    """Keep what a node told of its settings and its clock; what stands there now. Written only where something has changed.

    Call inside `store.writing()`. `before`: what stood there.
    """
    skew_s = None if asked.now is None else round(asked.now - now, 3)
    same_clock = (
        before is not None
        and before.clock == asked.clock
        and (before.skew_s is None) == (skew_s is None)
        and abs((before.skew_s or 0.0) - (skew_s or 0.0)) <= SAME_S
        and 0 <= now - before.at < WRITE_EVERY_S
    )
    if asked.settings is None and (same_clock or (before is None and skew_s is None)):
        return before
    settings = _written(asked.settings) if asked.settings is not None else ""
    told = Told(device, settings, skew_s, asked.clock, now)
    store.fleet.tell(told)
    return told


def _written(settings: Sequence[SettingTold]) -> str:
    return msgspec.json.encode(settings).decode()

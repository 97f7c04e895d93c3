"""The shop's nodes as people look at them: each with its state, group, place and what is to be done about it; found by words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from hub.health import SILENT_AFTER_S
from hub.store.base import Store
from hub.store.fleet_records import Post, Told
from hub.store.records import Device

State = Literal["silent", "new", "leaving", "well", "withdrawn", "retired"]

_ORDER: dict[State, int] = {"silent": 0, "new": 1, "leaving": 2, "well": 3, "retired": 4, "withdrawn": 5}
_SKEW_S = 300.0
_AHEAD_SINCE_S = 7 * 86_400.0


@dataclass(frozen=True, slots=True)
class Line:
    """One node in the list. `missing`: facts that its journal has and the hub has not, as far as the numbers tell.

    `ahead`: facts of the last seven days that were stamped ahead of the hub; `clock_off_s`: how far its own clock is off, where
    that is more than five minutes.
    """

    device: Device
    post: Post
    told: Told | None
    state: State
    missing: int
    waiting: int | None
    parked: int | None
    ahead: int
    clock_off_s: float | None

    def has(self, word: str) -> bool:
        """Whether somebody who looks for this word means this node."""
        parts = (
            self.device.device,
            self.device.name,
            self.device.program,
            self.post.team,
            self.post.floor,
            self.post.note,
        )
        return any(word in part.casefold() for part in parts)


def state_of(device: Device, post: Post, now: float) -> State:
    """How a node is, as far as the hub hears of it."""
    if device.withdrawn_at is not None:
        return "retired" if post.retired_at is not None else "withdrawn"
    if device.seen_at is None:
        return "new"
    if now - device.seen_at > SILENT_AFTER_S:
        return "silent"
    return "leaving" if post.retiring_at is not None else "well"


def lines(store: Store, now: float) -> list[Line]:
    """Every node, those that need a look first."""
    missing: dict[str, int] = {}
    for reach in store.journal.reach():
        missing[reach.device] = missing.get(reach.device, 0) + reach.highest - reach.taken
    counts = {row.device: row.counts for row in store.reports.health()}
    posts, told, ahead = (
        store.fleet.posts(),
        store.fleet.told(),
        store.fleet.ahead_by_device(now - _AHEAD_SINCE_S),
    )
    found = []
    for device in store.devices.all():
        name = device.device
        own = counts.get(name, {})
        waiting, parked = own.get("pending"), own.get("parked")
        post, said = posts.get(name, Post(name)), told.get(name)
        skew_s = said.skew_s if said is not None else None
        found.append(
            Line(
                device,
                post,
                said,
                state_of(device, post, now),
                missing.get(name, 0),
                None if waiting is None else int(waiting),
                None if parked is None else int(parked),
                ahead.get(name, (0, 0.0))[0],
                skew_s if skew_s is not None and abs(skew_s) > _SKEW_S else None,
            )
        )
    return sorted(found, key=lambda line: (_ORDER[line.state], line.device.name, line.device.device))


def search(found: Sequence[Line], text: str, team: str | None = None) -> list[Line]:
    """Those that have every word of the text; of one group, or of none (""), or of any (None)."""
    words = text.casefold().split()
    return [
        line
        for line in found
        if all(line.has(word) for word in words) and (team is None or line.post.team == team)
    ]


def by_team(found: Sequence[Line]) -> list[tuple[str, list[Line]]]:
    """The same by group, by name; those of none last."""
    teams = sorted({line.post.team for line in found}, key=lambda name: (not name, name.casefold()))
    return [(team, [line for line in found if line.post.team == team]) for team in teams]

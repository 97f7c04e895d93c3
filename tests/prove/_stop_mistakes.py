"""Mistakes that others have made, planted so that the proof shows that it finds them. Each comes in through public parts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from hub.messages.channel import Gate, NotSent, Outcome, Outgoing, Sent
from hub.store.message_records import Kept
from hub.store.message_reports import SqlOutbox
from hub.store.whole import HubStore
from hub.wire.fact import Medium
from tests.prove._stop_turns import Turns, TurnsPool, TurnsStore
from tests.prove._stop_world import Awake, Parts, TurnsChannel


class _Remembers(Awake):
    """Consent is looked at once for each member, when the worker begins."""

    seen: dict[str, bool]

    def standing(self, member: str, medium: Medium, now: float) -> bool:
        self.__dict__.setdefault("seen", {})
        return self.seen.setdefault(member, super().standing(member, medium, now))


class _Behind(TurnsChannel):
    """A channel that asks at the gate and sends afterwards."""

    def hand_over(self, message: Outgoing, gate: Gate) -> Outcome:
        with gate() as go:
            if not go:
                return NotSent("held")
        self.world.turns.step()
        self.leave(message)
        self.world.turns.step()
        return Sent(1, (message.id,))


class _Repeats(SqlOutbox):
    """What a lost worker left behind the gate is sent again, in case it did not go."""

    def left_behind(self, now: float, limit: int = 100) -> list[Kept]:
        for one in super().left_behind(now, limit):
            self.put_off(one.number, one.tries, now, "again", "")
        return []


class _NotWritten(SqlOutbox):
    """That it is about to leave is written down only when it has left."""

    def __init__(self, pool: TurnsPool) -> None:
        super().__init__(pool)
        self._told: set[tuple[int, int]] = set()

    def hand(self, number: int, tries: int, channel: str, now: float, until: float) -> bool:
        self._told.add((number, tries))
        return True

    def get(self, number: int) -> Kept | None:
        from dataclasses import replace

        kept = super().get(number)
        told = kept is not None and kept.state == "taken" and (number, kept.tries) in self._told
        return replace(kept, state="handing") if kept is not None and told else kept


class _Deaf(SqlOutbox):
    """A stop by a number is kept, and asked by nobody."""

    def silenced(self, number_hash: str) -> int:
        return 0


def _with_outbox(outbox: Callable[[TurnsPool], SqlOutbox]) -> Parts:
    def opened(path: Path, turns: Turns) -> HubStore:
        pool = TurnsPool(path, turns)
        store = TurnsStore(pool)
        store.messages = outbox(pool)
        return store

    return Parts(store=opened)


MISTAKES: dict[str, Parts] = {
    "consent remembered by the worker": Parts(readers=lambda store, key: _Remembers(store, key, "")),
    "sent behind the gate": Parts(channel=_Behind),
    "what is unsure sent again": _with_outbox(_Repeats),
    "written down only afterwards": _with_outbox(_NotWritten),
    "a number's stop not asked": _with_outbox(_Deaf),
}

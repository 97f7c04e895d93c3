"""What the store says of keys and of coupons that were called back.

Pure.
"""

from __future__ import annotations

from dataclasses import dataclass

from hub.wire.snapshot import Key, RevocationRule


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """A key for coupons, with its life; times are seconds of UTC. See `hub.wire.snapshot.Key`."""

    number: int
    device: str
    public: str
    made_at: float
    starts_at: float | None
    ends_at: float | None
    withdrawn_at: float | None

    def key(self, known_by: str = "") -> Key:
        """As it travels: whole seconds, an end never later than it is. `known_by`: the key that its node joined with."""
        withdrawn_at, starts_at, ends_at = (
            None if at is None else int(at) for at in (self.withdrawn_at, self.starts_at, self.ends_at)
        )
        return Key(
            self.number,
            self.device,
            self.public,
            withdrawn_at,
            starts_at,
            ends_at,
            "" if known_by == self.public else known_by,
        )

    def over_at(self) -> float | None:
        """When nothing that it signed was believed any more; None where that is not so."""
        return min((at for at in (self.ends_at, self.withdrawn_at) if at is not None), default=None)


@dataclass(frozen=True, slots=True)
class RuleRecord:
    """A rule that calls coupons back, and who made it why."""

    rule: RevocationRule
    who: str
    reason: str


@dataclass(frozen=True, slots=True)
class CodeKeyRecord:
    """A key behind codes that change, sealed to the hub's own (`hub.wire.rotating.RotatingKey`)."""

    number: int
    sealed: str
    made_at: float
    starts_at: float

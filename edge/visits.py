"""What a stay is, where one begins and ends, and why one is held to last: the plain values of the door.

Pure. `edge.presence` makes visits and reasons, `edge.calibration` thresholds.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from edge.subjects import Subject

ARRIVE_DBM = -75
"""About four metres from a door sensor, with a phone in a pocket. Higher, and people far inside are never seen to arrive;
lower, and the pavement across the street comes in. Above DEPART_DBM."""

DEPART_DBM = -82
"""Seven below ARRIVE_DBM, which is one body between phone and sensor. Closer to ARRIVE_DBM, and one fade opens two visits."""

STRONGEST_DBM = 20
"""No radio can report more (Core Specification 5.4, Vol 4 Part E, 7.7.65.2): stronger is a mistake of the driver, and no
packet."""


class Thresholds(msgspec.Struct, frozen=True):
    """Where near begins and where a visit does, for one receiver (dBm). ValueError where they leave no room for a fade."""

    arrive_dbm: int = ARRIVE_DBM
    depart_dbm: int = DEPART_DBM

    def __post_init__(self) -> None:
        if not -127 <= self.depart_dbm < self.arrive_dbm <= STRONGEST_DBM:
            raise ValueError(
                f"Departing at {self.depart_dbm} dBm must lie below arriving at {self.arrive_dbm} dBm, "
                f"both from -127 to {STRONGEST_DBM}."
            )


USUAL = Thresholds()


class Visit(msgspec.Struct, frozen=True):
    """A stay. `departed_at` is None while it lasts; `id` is random and belongs to no phone; `known` is an enrolled id, mostly
    ""."""

    id: str
    subject: Subject
    zone: str
    arrived_at: float
    departed_at: float | None
    peak_dbm: int
    known: str = ""

    @property
    def dwell_s(self) -> float:
        """The length of the stay; 0 while it lasts."""
        return 0.0 if self.departed_at is None else max(0.0, self.departed_at - self.arrived_at)


class Reason(msgspec.Struct, frozen=True):
    """Why a visit is held to last: what `edge.door.Door.explain` says of each. No address and no pseudonym is in it.

    `level_dbm` is the last near packet's strength at the receiver that owns the visitor, `heard_at` its time, `receiver` its
    number.
    """

    visit: str
    zone: str
    receiver: int
    rank: str
    known: str
    since: float
    heard_at: float
    level_dbm: int
    peak_dbm: int
    arrive_dbm: int
    depart_dbm: int


class Gone(NamedTuple):
    """A stranger who was near and left without becoming a visitor."""

    name: int
    place: int
    heard_at: float

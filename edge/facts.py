"""From what the door noticed to the facts that go to the hub.

Pure; `edge.daemon` says what time it is. No address and no pseudonym is in a fact: a visit's id is a random number.
"""

from __future__ import annotations

from edge.door import Noticed
from edge.stamps import Stamps
from hub.wire.events import Fact, OccupancyMeasured, StreetCounted, VisitClosed


def facts_of(noticed: Noticed, stamps: Stamps, now: float, *, simulated: bool) -> list[Fact]:
    """The facts of one batch, in the order in which they are to be written at real time `now`."""
    facts: list[Fact] = []
    for visit in noticed.closed:
        departed_at = visit.arrived_at if visit.departed_at is None else visit.departed_at
        begin, end = stamps.stay(visit.arrived_at, departed_at, now)
        facts.append(
            VisitClosed(
                id=visit.id,
                zone=visit.zone,
                arrived_at=round(begin, 3),
                departed_at=round(end, 3),
                dwell_s=round(visit.dwell_s, 3),
                peak_dbm=visit.peak_dbm,
                rank=visit.subject.rank.word,
                known=visit.known,
                simulated=simulated,
            )
        )
    facts.extend(
        OccupancyMeasured(
            zone=window.zone,
            window_s=window.window_s,
            people=window.people,
            low=window.low,
            high=window.high,
            addresses=window.addresses,
            simulated=simulated,
        )
        for window in noticed.measured
    )
    facts.extend(
        StreetCounted(
            zone=count.zone,
            window_s=count.window_s,
            passers=count.passers,
            entrants=count.entrants,
            simulated=simulated,
        )
        for count in noticed.street
    )
    return facts

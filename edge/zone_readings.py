"""From what radios hear, one at a time, to the packets that were sent: several readings of one packet make one row.

Pure; the installer's walk and the benchmark make their recordings with it. A recording in a file has its rows already.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from edge.zone_fit import ZoneRow

JOIN_S = 0.1
"""Readings so near in time are of one packet, if no receiver has two of them. Radios tell what they hear 1 to 50 ms after it was
sent; phones speak every 150 ms at the most. Shorter, and a slow radio seems to have missed what it heard."""


class Reading(msgspec.Struct, frozen=True, gc=False):
    """One receiver, by its number, heard one packet of a tag whose zone is known. `at` in seconds."""

    zone: str
    at: float
    receiver: int
    rssi_dbm: int


def join_readings(tag: str, readings: Iterable[Reading], receivers: int) -> list[ZoneRow]:
    """The rows of one tag, in the order of their times; None where one of so many `receivers` did not hear."""
    rows: list[ZoneRow] = []
    strengths: list[int | None] = [None] * receivers
    first: Reading | None = None
    for reading in sorted(readings, key=lambda one: one.at):
        if first is not None and (
            reading.at - first.at >= JOIN_S
            or reading.zone != first.zone
            or strengths[reading.receiver] is not None
        ):
            rows.append(ZoneRow(tag, first.zone, first.at, tuple(strengths)))
            strengths = [None] * receivers
            first = None
        first = first or reading
        strengths[reading.receiver] = reading.rssi_dbm
    if first is not None:
        rows.append(ZoneRow(tag, first.zone, first.at, tuple(strengths)))
    return rows

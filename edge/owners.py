"""Several receivers hear the same phone: which of them does it belong to?

Pure; `edge.door` asks, where it has more than one receiver. Nothing is kept of a phone but a few octets beside its row.

The receiver that hears somebody best owns the visitor, and only what the owner hears counts. Strengths swing by ten decibels as
bodies turn, so "best" needs a margin, or a visitor between two receivers would change hands with every packet: another takes
over when it is TAKE_DB stronger, and has to be TAKE_BACK_DB more than that to take back whom it has lost a moment ago. An owner
that has not heard its visitor for STALE_S has lost it to whoever does. The owner's level rises with the strongest packet at once
and falls by a quarter of the way with each weaker one: a fade does not look like leaving, and somebody who walks away at 1.3 m/s
is followed within four packets.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable

from hardware.ble.advertisement import Advertisement

NO_OWNER = 255
"""Above the number of any receiver."""

TAKE_DB = 16
"""Two bodies, or six times nearer in a room. Less, and one body that turns moves its bearer to another zone; more, and only who
stands right below the other receiver is ever moved. Above a fade (10 dB)."""

TAKE_BACK_DB = 6
"""On top of TAKE_DB for the receiver that lost somebody within RECENTLY_S: half the strength of the air's own swing."""

RECENTLY_S = 60.0
"""How long it is harder to take back. Above STALE_S; shorter than the stay of anybody who really went there and came back."""

STALE_S = 10.0
"""Phones speak at least every two seconds, and one packet in three is lost: five in a row are not. Shorter, and a pause moves a
visitor; longer, and somebody who has gone on stays where nobody hears him. Below presence.STRANGER_AFTER_S."""

_FALLS_BY = 4


class Owners:
    """Whose each row is (`of`: receiver by row). A row's next bearer is never heard within STALE_S of the last one."""

    __slots__ = ("_before", "_changed", "_heard", "_levels", "of")

    def __init__(self) -> None:
        self.of = bytearray((NO_OWNER,))
        self._before = bytearray((NO_OWNER,))
        self._levels = array("b", (0,))
        self._heard = array("d", (0.0,))
        self._changed = array("d", (0.0,))

    def reach(self, size: int) -> None:
        """Be ready for rows below `size`."""
        more = size - len(self.of)
        if more > 0:
            self.of.extend(bytes((NO_OWNER,)) * more)
            self._before.extend(bytes((NO_OWNER,)) * more)
            self._levels.frombytes(bytes(more))
            self._heard.frombytes(bytes(8 * more))
            self._changed.frombytes(bytes(8 * more))

    def pick(
        self, rows: Iterable[int], packets: Iterable[Advertisement], receiver: int
    ) -> tuple[list[int], list[Advertisement]]:
        """Of what one receiver heard that which counts: of those whom it owns, or takes over."""
        picked: list[int] = []
        counting: list[Advertisement] = []
        for row, packet in zip(rows, packets, strict=True):
            if self.of[row] == receiver or self._takes(row, packet, receiver):
                self._hear(row, packet)
                picked.append(row)
                counting.append(packet)
        return picked, counting

    def _hear(self, row: int, packet: Advertisement) -> None:
        level = self._levels[row]
        below = level - packet.rssi_dbm
        # Rounded up, so that a level comes down all the way.
        self._levels[row] = packet.rssi_dbm if below <= 0 else level - (below + _FALLS_BY - 1) // _FALLS_BY
        self._heard[row] = packet.at

    def _takes(self, row: int, packet: Advertisement, receiver: int) -> bool:
        """Whether a receiver that does not own this row does from now on."""
        owner = self.of[row]
        if owner == NO_OWNER or packet.at - self._heard[row] > STALE_S:
            # Lost, or somebody new in this row: nobody was outdone, so nobody has to try harder.
            owner = NO_OWNER
        else:
            recently = self._before[row] == receiver and packet.at - self._changed[row] <= RECENTLY_S
            margin_db = TAKE_DB + TAKE_BACK_DB if recently else TAKE_DB
            if packet.rssi_dbm - self._levels[row] < margin_db:
                return False
        self._before[row] = owner
        self.of[row] = receiver
        self._changed[row] = packet.at
        self._levels[row] = packet.rssi_dbm
        return True

"""Where is everybody, by a fitted model of the zones? What decides a visit's zone where somebody has stood in each of them.

Pure; `edge.door` asks, where its calibration holds a model. Without one a visitor is in the zone of the receiver that owns the
phone (`edge.owners`).
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence

from edge.presence import OUTSIDE
from edge.zones import NOWHERE, ZoneKeeper, ZoneModel
from hardware.ble.advertisement import Advertisement

ASKED_EVERY_S = 1.0
"""How often a phone's zone is worked out anew: in one second somebody makes one step. A look at a window of packets costs some
50 us, twenty times what the rest of a packet's way does; less often, and a zone is told late. Far below zones.MEMORY_S."""

_LONG_AGO = float("-inf")


class ModelPlaces:
    """The places of rows by a model. `zones` are those of the door; ValueError where the model does not fit it."""

    __slots__ = ("_asked", "_keeper", "_place_of", "_places")

    def __init__(self, model: ZoneModel, zones: Sequence[str], receivers: int) -> None:
        if len(model.receivers) != receivers:
            raise ValueError(
                f"The model of the zones was made with {len(model.receivers)} receivers, and this door has {receivers}. "
                "Stand in the zones once more."
            )
        unknown = [zone for zone in model.zones if zone not in zones and zone not in model.outside]
        if unknown:
            raise ValueError(
                f"The model knows a zone {unknown[0]!r}, and this door does not. Stand in the zones once more."
            )
        self._keeper = ZoneKeeper(model)
        self._place_of = [
            OUTSIDE if model.is_outside(number) else zones.index(zone)
            for number, zone in enumerate(model.zones)
        ]
        self._places = bytearray()
        self._asked = array("d")

    def reach(self, size: int) -> None:
        """Be ready for rows below `size`."""
        more = size - len(self._places)
        if more > 0:
            self._keeper.reach(size)
            self._places.extend((OUTSIDE,) * more)
            self._asked.extend((_LONG_AGO,) * more)

    def begin(self, row: int) -> None:
        """Somebody new is in this row."""
        self._keeper.forget(row)
        self._asked[row] = _LONG_AGO

    def hear(self, rows: Iterable[int], packets: Iterable[Advertisement], receiver: int) -> None:
        """What one receiver heard of rows, also weakly: it tells where somebody is not."""
        hear = self._keeper.hear
        for row, packet in zip(rows, packets, strict=True):
            hear(row, receiver, max(packet.rssi_dbm, -127), packet.at)

    def place(self, row: int, at: float) -> int:
        """The place of a row that has just been heard: a number of the door's zones, or OUTSIDE."""
        if at - self._asked[row] >= ASKED_EVERY_S:
            zone = self._keeper.zone(row)
            self._asked[row] = at
            self._places[row] = OUTSIDE if zone == NOWHERE else self._place_of[zone]
        return self._places[row]

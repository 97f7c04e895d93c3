"""From the packets' clock to the stamps of facts.

Pure: `edge.daemon` says what time it is. Three clocks exist (`hardware.ble.radio.Radio.clock`):

- wall: a real radio, or the simulated street at its own pace. A stamp is the packet's time, moved by as much as the hub says
  that this machine's clock is wrong.
- street: the simulated street at another pace. Its clock began at real time and runs ahead of it.
- capture: a recording. Its first packet is moved to the moment at which it is played.

In the last two a day may pass in a minute, and no stamp may lie in the future, or the manager's page of today would show what
has not happened yet. So the length of a stay is the street's own, and its end is at the latest the real moment in which it is
written: "ended just now, lasted eight minutes". Whatever a simulator or a recording made says so in its fact (`simulated`).
"""

from __future__ import annotations

from typing import Literal

Clock = Literal["wall", "street", "capture"]
"""As `hardware.ble.radio` calls them."""


class Stamps:
    """Gives wall time to what happened on the packets' clock."""

    __slots__ = ("_kind", "_shift_s")

    def __init__(self, kind: Clock) -> None:
        self._kind = kind
        self._shift_s: float | None = None if kind == "capture" else 0.0

    def begin(self, first_at: float, now: float) -> None:
        """The first packet of a recording was played at real time `now`. Later calls change nothing."""
        if self._shift_s is None:
            self._shift_s = now - first_at

    def correct(self, shift_s: float) -> None:
        """How far this machine's clock is behind the shop's; only a radio in real time has to know."""
        if self._kind == "wall":
            self._shift_s = shift_s

    def stay(self, arrived_at: float, departed_at: float, now: float) -> tuple[float, float]:
        """Begin and end of a stay as they are written down at real time `now`."""
        end = min(departed_at + (self._shift_s or 0.0), now)
        return max(0.0, end - max(0.0, departed_at - arrived_at)), end

"""How much of the time an adapter listens: what a name may say about it, and the slices that follow.

A chip that is access point and scanner at once has one antenna: while it listens for phones, it does not serve Wi-Fi.
"""

from __future__ import annotations

from typing import NamedTuple

from hardware.device import DeviceError, Reason

ON_S = 2.0
"""Phones speak every 0.1 to 2 s: a slice as long as the longest hears each of them, however its pace and ours fall together.
Half of it, and a phone of 2 s is missed in every second slice, for minutes on end where the two beat."""

LEAST_DUTY = 0.2
"""2 s on in 10 s: less, and some windows of 10 s, in which people present are counted, have no whole slice in them."""


class Wishes(NamedTuple):
    """What stands behind an adapter in a radio's name: take it alone, and the share of time to listen."""

    alone: bool = False
    duty: float = 1.0

    @property
    def slices(self) -> tuple[float, float]:
        """Seconds on and seconds off, in turns; (ON_S, 0) where it always listens."""
        return ON_S, ON_S * (1 / self.duty - 1)


def read_wishes(name: str, text: str, *, may_be_alone: bool) -> Wishes:
    """The wishes in the rest of a name, such as `duty=0.5` or `user,duty=0.5`; DeviceError for anything else."""
    alone, duty = False, 1.0
    for part in filter(None, text.split(",")):
        word, _, value = part.partition("=")
        if part == "user" and may_be_alone:
            alone = True
        elif word == "duty" and (share := _share(value)) is not None:
            duty = share
        else:
            also = "user, " if may_be_alone else ""
            raise DeviceError(
                Reason.BAD_NAME,
                f"{name} does not understand {part!r}. It takes {also}duty={LEAST_DUTY:g} to 1; {name}:duty=0.5.",
            )
    return Wishes(alone, duty)


def _share(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if LEAST_DUTY <= value <= 1 else None

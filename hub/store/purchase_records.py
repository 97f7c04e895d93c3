"""What was bought, as the store gives it out.

Pure.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Purchase:
    """Something that was paid at a till. `at`: seconds of UTC; `cents` in the shop's currency; `member` is opaque, empty where
    nobody said. `device`: whose fact it was."""

    id: str
    position: int
    device: str
    at: float
    till: str
    staff: str
    cents: int
    items: int | None
    member: str
    zone: str
    simulated: bool

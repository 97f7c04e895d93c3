"""What the store says of a hub that was set back to a backup.

Pure.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Setback:
    """The hub works on a copy of `copied_at`, known since `noticed_at`, made good by `ended_at`. Seconds of UTC."""

    number: int
    copied_at: float
    noticed_at: float
    ended_at: float | None


@dataclass(frozen=True, slots=True)
class Retelling:
    """A node that is asked to tell again, and when it had told everything."""

    device: str
    since: float
    done_at: float | None

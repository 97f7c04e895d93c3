"""How many facts a node puts into one request: more on a good line, fewer on a bad one.

Pure. A node that was cut off for long comes back with large requests, which cost the hub less for each fact; on a line that
loses or crawls, a small request still comes through where a large one would time out again and again.
"""

from __future__ import annotations

from dataclasses import dataclass

from hub.wire.sync import BATCH, MAX_BATCH

LEAST = 20
"""So many of the longest facts there may be still fit into a request."""

QUICK_S = 1.0
SLOW_S = 4.0
TOO_LONG = 413


@dataclass(frozen=True, slots=True)
class Pace:
    """`size`: facts in the next request, `LEAST` to `MAX_BATCH`."""

    size: int = BATCH

    def after(self, sent: int, status: int, took_s: float) -> Pace:
        """After a request with `sent` facts. `status` 0: no answer came; `took_s`: seconds until it came, or was given up."""
        if status == TOO_LONG or (status == 0 and sent) or (status == 200 and took_s > SLOW_S):
            # Halving what was sent, not what was allowed: half of nothing is no help.
            return Pace(max(LEAST, min(sent, self.size) // 2))
        if status == 200 and sent >= self.size and took_s < QUICK_S:
            return Pace(min(MAX_BATCH, self.size * 2))
        return self

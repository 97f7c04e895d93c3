"""What the ways in keep on the door's disk: printed codes, members, how many messages were sent today."""

from __future__ import annotations

from hub.client.db import Pool


class WaysStore:
    """The rows behind the ways in, in the door's own file."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool

"""Who may open the staff's pages: the same people with the same PINs as at the till."""

from __future__ import annotations

import os
from collections.abc import Callable

from hub.client.db import Pool
from hub.wire.snapshot import Staff as Person


class StaffEntrance:
    """Lets staff in by their PIN. `staff` is who the hub says works here; `now` is seconds of UTC."""

    def __init__(
        self,
        pool: Pool,
        staff: Callable[[], list[Person]],
        now: Callable[[], float],
        random: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._pool = pool
        self.staff = staff
        self._now = now
        self._random = random

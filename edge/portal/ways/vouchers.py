"""Printed codes: batches that staff make, list, print and end."""

from __future__ import annotations

import os
from collections.abc import Callable

from edge.portal.ways.store import WaysStore


class Vouchers:
    """The batches of one door."""

    def __init__(self, store: WaysStore, random: Callable[[int], bytes] = os.urandom) -> None:
        self._store = store
        self._random = random

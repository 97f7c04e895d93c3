"""The setting of a head office."""

from __future__ import annotations

from hub.client.settings import Setting, whole

UPSTREAM_SETTINGS = (
    Setting(
        "HUB_BELOW_GB", whole(0, 100_000), "20", "Room for the backup of each shop below, in GB; 0: none"
    ),
)

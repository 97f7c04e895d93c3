"""The portal's settings."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from hub.client.settings import Setting, folder, host, notice, port, read_settings
from hub.wire.snapshot import Text

SETTINGS = (
    Setting(
        "PORTAL_DIR",
        folder,
        "shop/edge",
        "Folder of the door's node: identity and journal, shared with the edge",
    ),
    Setting(
        "PORTAL_HOST", host, "127.0.0.1", "Address of this machine to listen on; 0.0.0.0 for every network"
    ),
    Setting("PORTAL_PORT", port, "8082", "Port to listen on; 0 takes a free one"),
    Setting(
        "PORTAL_NOTICE", notice, "", "A line that every page shows, beside what the radio says of itself"
    ),
)


class Config(msgspec.Struct, frozen=True):
    """The settings in force."""

    dir: Path
    host: str
    port: int
    notice: Text


def read_config(environ: Mapping[str, str], flags: Mapping[str, str | None]) -> Config:
    """The settings; SettingsError has every mistake."""
    return Config(**read_settings(SETTINGS, environ, flags))

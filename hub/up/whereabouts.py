"""Where this machine stands: its timezone, and by that its country, whose rules of the air hold for its radio."""

from __future__ import annotations

import os
from importlib.resources import files
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


def local_timezone(link: Path = Path("/etc/localtime")) -> str:
    """This machine's timezone by its name in the tz database; UTC where it has none."""
    named = os.environ.get("TZ", "").lstrip(":")
    if not named and link.is_symlink():
        named = str(link.resolve()).partition("/zoneinfo/")[2]
    try:
        return ZoneInfo(named or "UTC").key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return "UTC"


def country_of(timezone: str) -> str | None:
    """Two letters (ISO 3166), such as DE for Europe/Berlin; None where the timezone is no country's."""
    try:
        table = (files("tzdata") / "zoneinfo" / "zone.tab").read_text(encoding="utf-8")
    except (OSError, ModuleNotFoundError):
        return None
    for line in table.splitlines():
        if not line.startswith("#"):
            country, _, name = line.split("\t")[:3]
            if name.strip() == timezone:
                return country
    return None

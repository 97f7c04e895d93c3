"""The stylesheet of the manager's pages: the house's own, and a little more."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from hub.storefront.style import make_style, squeeze

STATIC = Path(__file__).parent / "static"
SHEETS = (
    "manage.css",
    "menu.css",
    "editor.css",
    "alarm.css",
    "figures.css",
    "outs.css",
    "report.css",
    "value.css",
    "inbox.css",
    "messages.css",
    "segments.css",
)


@lru_cache(maxsize=8)
def own_style(colour: str | None) -> tuple[str, str]:
    """The stylesheet for a shop of this colour, and the version that goes into its address."""
    text = make_style(colour).text + "".join(squeeze((STATIC / name).read_text()) for name in SHEETS)
    return text, hashlib.sha256(text.encode()).hexdigest()[:12]

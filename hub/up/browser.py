"""Finds Chromium for the browser tests, and installs Debian's where the user may install packages."""

from __future__ import annotations

import shutil
from collections.abc import Callable

from hub.up.packages import can_install, install

NAMES = ("chromium", "chromium-browser", "google-chrome")
PACKAGES = ("chromium", "fonts-noto-cjk")
"""The fonts too: Chinese pages without them are rows of boxes, and screenshots would show it."""


def find_chromium() -> str | None:
    """Where it is; None where it is not."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


def bring_chromium(tell: Callable[[str], None]) -> str | None:
    """Where Chromium is, after trying to install it; None where that cannot be done here."""
    found = find_chromium()
    if found or not can_install():
        return found
    tell("Chromium is missing; installing Debian's for the browser tests (some minutes, once)")
    install(PACKAGES, tell)
    return find_chromium()

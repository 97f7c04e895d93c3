"""Finds Chromium for the browser tests, and installs Debian's where the user may install packages."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable

NAMES = ("chromium", "chromium-browser", "google-chrome")
PACKAGES = ("chromium", "fonts-noto-cjk")
"""The fonts too: Chinese pages without them are rows of boxes, and screenshots would show it."""

INSTALL_WITHIN_S = 420


def find_chromium() -> str | None:
    """Where it is; None where it is not."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


def bring_chromium(tell: Callable[[str], None]) -> str | None:
    """Where Chromium is, after trying to install it; None where that cannot be done here."""
    found = find_chromium()
    if found:
        return found
    prefix = _as_root()
    if prefix is None or not shutil.which("apt-get"):
        return None
    tell("Chromium is missing; installing Debian's for the browser tests (some minutes, once)")
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = ("install", "-y", "--no-install-recommends", *PACKAGES)
    for arguments in (install, ("update",), install):
        try:
            done = subprocess.run(
                [*prefix, "apt-get", "-q", *arguments],
                env=env,
                capture_output=True,
                timeout=INSTALL_WITHIN_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            tell("apt-get took too long and was given up")
            return None
        # The first try may know an old list of packages; then the list is fetched and it is tried once more.
        if done.returncode == 0 and arguments == install:
            break
    return find_chromium()


def _as_root() -> list[str] | None:
    """What to write before a command that installs; None where this user may not."""
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo"):
        asked = subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False)
        if asked.returncode == 0:
            return ["sudo", "-n"]
    return None

"""Pictures of pages, for people and for decoders."""

from __future__ import annotations

from playwright.sync_api import Error, Page

TRIES = 3
"""A software-rendered Chromium now and then has no frame to give in the moment it is asked; the page itself is fine."""


def picture_of(page: Page, *, full_page: bool = False) -> bytes:
    """The page as PNG."""
    for left in reversed(range(TRIES)):
        try:
            return page.screenshot(full_page=full_page)
        except Error as wrong:
            if "Unable to capture screenshot" not in str(wrong) or not left:
                raise
            page.wait_for_timeout(250)
    raise AssertionError

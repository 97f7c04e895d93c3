"""How much a message may hold.

Pure.
"""

from __future__ import annotations

LONGEST_TEXT = 20_000
"""Of a mail, a push message, a note on a screen, in characters."""

MOST_PARTS = 10
"""Of a text message: what a modem sends for one. Phones and networks give up on more."""

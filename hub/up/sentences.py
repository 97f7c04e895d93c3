"""The one exception of this folder: something a person can put right, said in one sentence."""

from __future__ import annotations


class UpError(Exception):
    """It cannot go on; the text says what is wrong, where, and what to do."""

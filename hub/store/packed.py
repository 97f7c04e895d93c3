"""Small tables of texts in one column: JSON with its names in order, so that the same content is the same text."""

from __future__ import annotations

import msgspec


def pack(texts: dict[str, str]) -> str:
    """As it stands in the column."""
    return msgspec.json.encode(texts, order="sorted").decode()


def unpack(text: str) -> dict[str, str]:
    """What stood there; empty for an empty column."""
    return msgspec.json.decode(text, type=dict[str, str]) if text else {}

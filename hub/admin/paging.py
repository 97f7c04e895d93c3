"""Long lists page by page, with what somebody searches for in the address.

Pure. `hub.admin.templates.manage.parts` draws the way to the other pages.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

LINES = 25
QUERY_LONGEST = 80
MOST_PAGES = 100_000

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Part(Generic[T]):
    """One page of a list. `number` counts from 1, `total` counts all lines; `keep` is what else stands in the address."""

    lines: Sequence[T]
    number: int
    pages: int
    total: int
    keep: Mapping[str, str] = field(default_factory=dict)

    @property
    def first(self) -> int:
        """Which line the first one here is, from 1; 0 where there is none."""
        return (self.number - 1) * LINES + 1 if self.lines else 0

    @property
    def last(self) -> int:
        """Which line the last one here is."""
        return max(0, self.first - 1) + len(self.lines)


def asked_page(arguments: Mapping[str, str]) -> int:
    """Which page the address asks for, from 1; what cannot be read is the first."""
    text = arguments.get("page", "")
    return min(MOST_PAGES, max(1, int(text))) if text.isascii() and text.isdigit() and len(text) < 9 else 1


def asked_words(arguments: Mapping[str, str]) -> str:
    """What the address searches for."""
    return " ".join(arguments.get("q", "")[:QUERY_LONGEST].split())


def cut(lines: Sequence[T], number: int, keep: Mapping[str, str] | None = None) -> Part[T]:
    """The page `number` of all lines; the last one where there are not so many."""
    pages = max(1, -(-len(lines) // LINES))
    number = min(number, pages)
    start = (number - 1) * LINES
    return Part(lines[start : start + LINES], number, pages, len(lines), keep or {})


def folded(text: str) -> str:
    """A text as the search compares it: no case, no accents, wide letters as narrow ones."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    return "".join(sign for sign in plain if not unicodedata.combining(sign))


def found(words: str, texts: Iterable[str]) -> bool:
    """Whether every word stands somewhere in the texts."""
    whole = folded("\n".join(texts))
    return all(word in whole for word in folded(words).split())

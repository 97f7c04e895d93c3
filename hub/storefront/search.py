"""Search over a shop's offers: a word in one language finds the thing in the other.

Pure. `hub.storefront.pages` feeds it with the offers that run. A shop has tens of them, so nothing is indexed: every entry is
weighed against every word of the query, which takes some microseconds.

Text is folded first: compatibility forms (full width, ligatures; Unicode NFKC), case, accents. Latin words match whole, then
by beginning, then with one slip of the finger; Chinese has no spaces, so it matches as a piece, then by pairs of characters.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

TITLE_WEIGHT = 4.0
KEYWORD_WEIGHT = 3.0
TEXT_WEIGHT = 1.0
BEGINNING = 0.7
SLIP = 0.4
SLIP_LEAST_CHARACTERS = 5
"""Below this length one wrong letter makes another word: cake, lake, make."""

PAIRS_LEAST_SHARE = 0.5
"""Share of a Chinese query's pairs that must be found; below it the query is about something else."""

QUERY_WORDS = 12

_HAN = "\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f"
_WORD = re.compile(rf"[{_HAN}]+|[^\W_{_HAN}]+")
_IS_HAN = re.compile(rf"[{_HAN}]")


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that can be found, with its words in all languages, the most telling first."""

    number: int
    titles: tuple[str, ...]
    keywords: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()


@lru_cache(maxsize=4096)
def fold(text: str) -> str:
    """Text as it is compared: no case, no width, no accents."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    return unicodedata.normalize("NFC", "".join(c for c in plain if not unicodedata.combining(c)))


@lru_cache(maxsize=4096)
def words_of(text: str) -> tuple[str, ...]:
    """Folded words; a run of Chinese is one word."""
    return tuple(_WORD.findall(fold(text)))


def _pairs(text: str) -> set[str]:
    return {text[place : place + 2] for place in range(len(text) - 1)} or {text}


def one_slip_apart(one: str, other: str) -> bool:
    """Whether one letter changed, lost, added or swapped with its neighbour makes one word the other."""
    if abs(len(one) - len(other)) > 1 or one == other:
        return False
    start = next(
        (i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )
    rest, rest_other = one[start:], other[start:]
    return (
        rest[1:] == rest_other[1:]
        or rest[1:] == rest_other
        or rest == rest_other[1:]
        or (rest[:2] == rest_other[1::-1] and rest[2:] == rest_other[2:])
    )


def _latin_match(wanted: str, word: str) -> float:
    if wanted == word or wanted == word + "s" or wanted + "s" == word or wanted + "es" == word:
        return 1.0
    if len(wanted) >= 2 and word.startswith(wanted):
        return BEGINNING
    if len(wanted) >= SLIP_LEAST_CHARACTERS and one_slip_apart(wanted, word):
        return SLIP
    return 0.0


def _han_match(wanted: str, field: str) -> float:
    if wanted in field:
        return 1.0 if len(wanted) == len(field) else 0.9
    if len(wanted) < 2:
        return 0.0
    pairs = _pairs(wanted)
    share = len(pairs & _pairs(field)) / len(pairs)
    return 0.6 * share if share >= PAIRS_LEAST_SHARE else 0.0


def _match(wanted: str, text: str) -> float:
    match = _han_match if _IS_HAN.match(wanted) else _latin_match
    return max((match(wanted, word) for word in words_of(text)), default=0.0)


def _best(wanted: str, texts: Iterable[str]) -> float:
    return max((_match(wanted, text) for text in texts), default=0.0)


def _phrase(query: str, entry: Entry) -> float:
    """What it adds that the whole query stands in the entry as it was written."""
    folded = " ".join(words_of(query))
    for weight, texts in ((TITLE_WEIGHT, entry.titles), (KEYWORD_WEIGHT, entry.keywords)):
        for text in texts:
            whole = [" ".join(words_of(piece)) for piece in re.split(r"[,;，；、\n]+", text)]
            if folded in whole:
                return 2 * weight
    return 0.0


def score(query: str, entry: Entry) -> float:
    """How well an entry answers a query; 0 where a word of the query is nowhere in it."""
    total = 0.0
    for wanted in words_of(query)[:QUERY_WORDS]:
        best = max(
            TITLE_WEIGHT * _best(wanted, entry.titles),
            KEYWORD_WEIGHT * _best(wanted, entry.keywords),
            TEXT_WEIGHT * _best(wanted, entry.texts),
        )
        if not best:
            return 0.0
        total += best
    return total + _phrase(query, entry) if total else 0.0


def search(query: str, entries: Sequence[Entry]) -> list[int]:
    """Numbers of the entries that answer the query, best first; equals keep the shop's own order."""
    scored = [(score(query, entry), entry.number) for entry in entries]
    return [number for points, number in sorted(scored, key=lambda pair: -pair[0]) if points > 0]

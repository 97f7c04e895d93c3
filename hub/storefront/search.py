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

PAIRS_LOOSE_SHARE = 0.2
"""The same once nothing was found: one pair of "我想喝咖啡" is the thing, the others are only wanting."""

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


@lru_cache(maxsize=16_384)
def fold(text: str) -> str:
    """Text as it is compared: no case, no width, no accents."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    return unicodedata.normalize("NFC", "".join(c for c in plain if not unicodedata.combining(c)))


@lru_cache(maxsize=16_384)
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


def _han_match(wanted: str, field: str, least_share: float) -> float:
    if wanted in field:
        return 1.0 if len(wanted) == len(field) else 0.9
    if field in wanted:
        # "我想喝咖啡" has the thing in it, with no space to say where.
        return 0.8 if len(field) > 1 else 0.5
    if len(wanted) < 2:
        return 0.0
    pairs = _pairs(wanted)
    share = len(pairs & _pairs(field)) / len(pairs)
    return 0.6 * share if share >= least_share else 0.0


def _best(wanted: str, texts: Iterable[str], least_share: float) -> float:
    words = (word for text in texts for word in words_of(text))
    if _IS_HAN.match(wanted):
        return max((_han_match(wanted, word, least_share) for word in words), default=0.0)
    return max((_latin_match(wanted, word) for word in words), default=0.0)


def _phrase(query: str, entry: Entry) -> float:
    """What it adds that the whole query stands in the entry as it was written."""
    folded = " ".join(words_of(query))
    for weight, texts in ((TITLE_WEIGHT, entry.titles), (KEYWORD_WEIGHT, entry.keywords)):
        for text in texts:
            whole = [" ".join(words_of(piece)) for piece in re.split(r"[,;，；、\n]+", text)]
            if folded in whole:
                return 2 * weight
    return 0.0


def score(query: str, entry: Entry, *, every_word: bool = True) -> float:
    """How well an entry answers a query; 0 where a word of the query is nowhere in it, or where none is."""
    total = 0.0
    share = PAIRS_LEAST_SHARE if every_word else PAIRS_LOOSE_SHARE
    for wanted in words_of(query)[:QUERY_WORDS]:
        best = max(
            TITLE_WEIGHT * _best(wanted, entry.titles, share),
            KEYWORD_WEIGHT * _best(wanted, entry.keywords, share),
            TEXT_WEIGHT * _best(wanted, entry.texts, share),
        )
        if every_word and not best:
            return 0.0
        total += best
    return total + _phrase(query, entry) if total else 0.0


def search(query: str, entries: Sequence[Entry]) -> list[int]:
    """Numbers of the entries that answer the query, best first; equals keep the shop's own order.

    Where nothing has every word, whatever has some of them: "a cup of coffee" is about coffee.
    """
    for every_word in (True, False):
        scored = [(score(query, entry, every_word=every_word), entry.number) for entry in entries]
        found = [number for points, number in sorted(scored, key=lambda pair: -pair[0]) if points > 0]
        if found:
            return found
    return []

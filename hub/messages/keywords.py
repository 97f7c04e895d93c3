"""Keywords: words to which the shop answers by itself, in any language, forgiving of how they are typed.

A word is known by its form: one width, no case, no accents, no spaces or punctuation, simplified characters (OpenCC). What is
written around it may be thanks and greetings. Latin words of five letters and more are known with one slip of the finger, where
only one word is meant. Words that stop, start and help belong to nobody (`hub.messages.words`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Literal

import msgspec
from msgspec import Meta
from opencc import OpenCC

from hub.messages.words import bare, fold, is_reserved, without_thanks
from hub.storefront.search import SLIP_LEAST_CHARACTERS, one_slip_apart
from hub.wire.snapshot import Text

Does = Literal["offer", "text", "places", "search", "balance", "join"]
DOES: tuple[Does, ...] = ("offer", "text", "places", "search", "balance", "join")

LONGEST_WORD = 40
MOST_WORDS = 30
LONGEST_TEXT = 600
MOST_PLACES = 500

_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
_TAKES_MORE: frozenset[Does] = frozenset({"places", "search"})


class Place(msgspec.Struct, frozen=True):
    """A shop that may be the nearest: `near` are postcodes and names of parts of town, as people write them."""

    name: Annotated[str, Meta(min_length=1, max_length=100)]
    address: Annotated[str, Meta(max_length=200)] = ""
    near: Annotated[tuple[str, ...], Meta(max_length=100)] = ()


class Keyword(msgspec.Struct, frozen=True, kw_only=True):
    """Words, and what the shop answers: a coupon of an offer with its link, a text, the nearest shop, what a search finds, what
    a member has, or the question whether somebody wants to join."""

    words: Annotated[tuple[str, ...], Meta(min_length=1, max_length=MOST_WORDS)]
    does: Does
    campaign: int = 0
    text: Text = {}
    places: Annotated[tuple[Place, ...], Meta(max_length=MOST_PLACES)] = ()
    on: bool = True


@dataclass(frozen=True, slots=True)
class Match:
    """Which keyword was meant, by which of its words, and what stood behind it."""

    number: int
    word: str
    rest: str = ""


def form(word: str) -> str:
    """How a word is compared."""
    return bare(fold(simplified(word)))


def simplified(text: str) -> str:
    """Traditional characters as simplified ones, anything else as it is."""
    return str(_simplifier().convert(text)) if _HAN.search(text) else text


@cache
def _simplifier() -> OpenCC:
    # Late: its tables are read from files, and most messages hold no Chinese.
    return OpenCC("t2s")


def match(text: str, keywords: Mapping[int, Keyword]) -> Match | None:
    """The keyword that a message means; None where it means none."""
    if len(text) > 500:
        return None
    known = {form(word): (number, word) for number, one in keywords.items() if one.on for word in one.words}
    folded = fold(simplified(text))
    for said in (bare(folded), *without_thanks(folded)):
        if said in known:
            return Match(*known[said])
    return _with_more(folded, known, keywords) or _with_a_slip(folded, known)


def _with_more(
    folded: str, known: Mapping[str, tuple[int, str]], keywords: Mapping[int, Keyword]
) -> Match | None:
    """A word that takes something behind it: search bread, 搜索面包, shop 1020."""
    words = re.sub(r"[\W_]+", " ", folded).split()
    longest_first = sorted(known, key=len, reverse=True)
    for one in longest_first:
        number, word = known[one]
        if keywords[number].does not in _TAKES_MORE:
            continue
        for many in range(1, min(len(words), 4) + 1):
            if "".join(words[:many]) == one:
                return Match(number, word, " ".join(words[many:]))
        first = words[0] if words else ""
        if _HAN.search(one) and first.startswith(one):
            return Match(number, word, " ".join([first.removeprefix(one), *words[1:]]).strip())
    return None


def _with_a_slip(folded: str, known: Mapping[str, tuple[int, str]]) -> Match | None:
    said = bare(folded)
    if len(said) < SLIP_LEAST_CHARACTERS or _HAN.search(said):
        return None
    near = [one for one in known if len(one) >= SLIP_LEAST_CHARACTERS and one_slip_apart(said, one)]
    meant = {known[one][0] for one in near}
    return Match(*known[near[0]]) if len(meant) == 1 else None


def nearest(places: Iterable[Place], asked: str) -> list[Place]:
    """The places that fit what was asked best, the nearest first: a whole postcode or name, else the longest beginning in common
    with a postcode of theirs. All of them, in their order, where nothing was asked; none where nothing fits."""
    wanted = form(asked)
    every = list(places)
    if not wanted:
        return every
    scored = [(max((_nearness(wanted, form(near)) for near in _names(one)), default=0), one) for one in every]
    best = max((points for points, _ in scored), default=0)
    return [one for points, one in scored if points == best] if best else []


def _names(place: Place) -> tuple[str, ...]:
    return (*place.near, place.name)


def _nearness(wanted: str, near: str) -> int:
    if not near:
        return 0
    if near == wanted:
        return 1_000
    if wanted.isdigit() and near.isdigit():
        same = next(
            (i for i, (a, b) in enumerate(zip(wanted, near, strict=False)) if a != b),
            min(len(wanted), len(near)),
        )
        return same if same >= 2 and len(wanted) == len(near) else 0
    return 500 if near in wanted or wanted in near else 0


def language_of(text: str, known: Iterable[str] = ("en", "zh")) -> str:
    """The language in which somebody wrote, as far as its letters tell: "zh", or "" where they tell nothing."""
    return "zh" if _HAN.search(text) and "zh" in known else ""


def wrong_words(words: Iterable[str], taken: Mapping[str, int], number: int) -> dict[str, str]:
    """What is wrong with typed words: by word "reserved", "taken", "long" or "empty". `taken`: forms and whose they are."""
    faults: dict[str, str] = {}
    for word in words:
        shape = form(word)
        if not shape:
            faults[word] = "empty"
        elif len(word) > LONGEST_WORD:
            faults[word] = "long"
        elif is_reserved(word):
            faults[word] = "reserved"
        elif taken.get(shape, number) != number:
            faults[word] = "taken"
    return faults


def read_keyword(body: str) -> Keyword | None:
    """What was kept; None where it cannot be read any more."""
    try:
        return msgspec.json.decode(body, type=Keyword)
    except msgspec.MsgspecError:
        return None


def write_keyword(keyword: Keyword) -> str:
    """As it is kept."""
    return msgspec.json.encode(keyword).decode()

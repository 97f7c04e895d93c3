"""Mistakes that are made on purpose. Each has to be seen, or the comparison would not see it in the hub either.

Those of `IN_THE_BOOKS` are made in the recomputation: what was shown must differ from it. A hub that made the same mistake would
have differed from the right one in the same numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random

from tests.prove._numbers_books import Books
from tests.prove._numbers_check import Checker
from tests.prove._numbers_reader import Shown
from tests.prove._numbers_shops import Shops
from tests.prove._numbers_sums import compare_sums

IN_THE_BOOKS = (
    "days of UTC",
    "clocks that are never changed",
    "an hour that comes twice, told once",
    "what was taken back still counts",
    "a second acceptance counts",
    "redemptions without a channel",
    "a coupon taken twice",
    "facts that came twice",
    "late facts left out",
    "simulated facts left out",
    "a stranger's facts",
    "visits when they ended",
    "a device that was left behind",
    "a window when it ended",
    "a purchase that was told twice",
    "every coupon a purchase of its own",
    "a filter that is forgotten",
    "back on the same day",
)

Journals = Mapping[int, tuple[str, Sequence[bytes]]]


def missed_mistakes(
    shops: Shops, journals: Journals, shown: Sequence[Shown], home: int, seed: int
) -> list[str]:
    """The mistakes that nobody would have seen in what was shown and in the kept sums; empty where the comparison is worth
    something."""
    numbers = list(shown)
    Random(seed).shuffle(numbers)
    return [
        mistake for mistake in IN_THE_BOOKS if not _is_seen(shops, Books(journals, mistake), numbers, home)
    ]


def _is_seen(shops: Shops, books: Books, numbers: Sequence[Shown], home: int) -> bool:
    checker = Checker(books, home)
    for one in numbers:
        checker.number(one)
        if checker.wrong:
            return True
    # What is rare stands in few numbers, and noise may cover it: every cut of the sums themselves.
    compare_sums(shops, checker, Random(1), every=True)
    return bool(checker.wrong)

"""Every number that managers see is what the journal says, worked out once more by a plain script that shares no code with it.

Random facts of three shops come by `/v1/sync`, late, twice, out of order, disputed, broken: of two shops of a chain in two time
zones, on both days on which their clocks are changed, and of a stranger in the same database, whose facts must count for nobody
else. Then all that can be asked is asked, and every page that can be reached is read: while a door is a week behind, when it has
told everything, after a shop moved to another time zone, after a rebuild.

Last, mistakes are made on purpose, and each has to be found: a check that cannot fail proves nothing.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import msgspec

from hub.figures.answer import Answer
from hub.figures.engine import ask
from hub.rebuild import rebuild, verify
from tests.prove import Verdict
from tests.prove._numbers_asking import Reader, ask_all, stretches
from tests.prove._numbers_books import Books
from tests.prove._numbers_check import Checker
from tests.prove._numbers_facts import open_worlds
from tests.prove._numbers_files import Files
from tests.prove._numbers_honesty import see_days, silent_changes
from tests.prove._numbers_mistakes import IN_THE_BOOKS, Journals, missed_mistakes
from tests.prove._numbers_outs import Outs, set_up
from tests.prove._numbers_planted import IN_THE_SUMS, missed_in_the_hub
from tests.prove._numbers_shops import HOME, SECOND, TIMEZONES, Shops
from tests.prove._numbers_sums import compare_sums
from tests.prove._numbers_telling import tell_most, tell_the_rest

NAME = "numbers"
PROMISE = "Every number on every page, in files and messages is what a separate recomputation from the journal says."
DEFAULT_SIZE = 20_000
CI_SIZE = 2_000
SIZE_NAME = "facts"

MOVED_TO = "Asia/Kolkata"
"""Half an hour beside the others, and never changed."""

ALL_OF_FIGURES = ("/manage/", "/manage/explore", "/board")
"""Pages in whose tables every number is a figure's."""

MISTAKES = len(IN_THE_BOOKS) + len(IN_THE_SUMS) + 2
"""Two of them are on a page."""

MOST_TOLD = 15
"""So many differences are told; the others are counted."""


@dataclass(slots=True)
class Found:
    """What came of all looks."""

    wrong: list[str] = field(default_factory=list)
    checked: Counter[str] = field(default_factory=Counter)
    noisy: int = 0
    noise_seen: int = 0
    provisional: int = 0
    pages: int = 0
    files: int = 0
    sums: int = 0
    bare: dict[str, list[str]] = field(default_factory=dict)


@dataclass(slots=True)
class Look:
    """Who looks, and how long: so many pages and files."""

    shops: Shops
    seed: int
    pages: int
    files: int
    reader: Reader
    second: Reader
    fetcher: Files
    outs: Outs
    found: Found = field(default_factory=Found)

    def at(self, when: str, share: float = 1.0) -> tuple[list[Answer], Checker]:
        """Ask everything, read pages and files, compare. The questions are the same each time."""
        checker = Checker(Books(journals_of(self.shops)), HOME)
        rnd = Random(self.seed)
        found = self.found
        found.sums += compare_sums(self.shops, checker, rnd)
        answers = ask_all(self.shops, checker, rnd)
        found.files += self.fetcher.fetch(checker, rnd, int(self.files * share))
        found.files += self.fetcher.rows(checker, rnd, self.files)
        for days in stretches(HOME)[:5]:
            self.fetcher.report(checker, days)
        self.outs.look(checker)
        read = self.reader.look(checker, rnd, int(self.pages * share), self.outs.newest())
        # The other shop's own pages: its days are those of its own clock.
        there = Checker(checker.books, SECOND)
        read += self.second.look(there, rnd, int(self.pages * share / 3))
        for page in read:
            found.pages += 1
            path = page.place.partition("?")[0]
            if page.bare:
                found.bare.setdefault(path, []).extend(page.bare)
            # A nought of what has no row says nothing that could be wrong.
            if path in ALL_OF_FIGURES and set(page.bare) - {"0"}:
                checker.say(f"{page.place} has numbers that say of no figure what they are: {page.bare[:5]}")
        if leans := checker.noise_leans():
            found.wrong.append(f"{when}: {leans}")
        found.noise_seen = len(checker.off)
        for one in (checker, there):
            found.wrong += [f"{when}: {sentence}" for sentence in one.wrong]
            found.checked += one.checked
            found.noisy += one.noisy
            found.provisional += one.provisional
        return answers, checker


def run(size: int, seed: int, folder: Path) -> Verdict:
    """`size` facts of three shops, looked at three times."""
    rnd = Random(seed)
    shops = Shops(folder)
    try:
        worlds = open_worlds(shops, rnd)
        told = tell_most(shops, worlds, size)
        pages, files = (25, 20) if size <= CI_SIZE else (150, 200)
        look = Look(
            shops,
            seed,
            pages,
            files,
            Reader(shops.hub, shops.now),
            Reader(shops.second, shops.now),
            Files(shops),
            set_up(shops),
        )
        found = look.found
        _, early = look.at("a door a week behind")
        if not early.provisional:
            found.wrong.append("Nothing was said not to be final while a door was a week behind.")
        seen = see_days(shops)
        tell_the_rest(worlds)
        found.wrong += silent_changes(seen, see_days(shops))
        answers, last = look.at("everything told")
        journals = journals_of(shops)
        missed = missed_mistakes(shops, journals, last.numbers, HOME, seed)
        missed += missed_in_the_hub(shops, last.books, look.reader)
        _move(shops)
        moved, _ = look.at(f"shop {SECOND} moved to {MOVED_TO}", 0.5)
        differ = [name for shop in (HOME, SECOND) for name in verify(shops.of(shop)).differ]
        for shop in (HOME, SECOND):
            rebuild(shops.of(shop))
        found.wrong += _changed_by_a_rebuild(shops, moved)
    finally:
        shops.close()
    ok = not found.wrong and not missed and not differ and bool(answers)
    figures = {
        "facts": told.facts,
        "held_back": told.held,
        "events": sum(len(texts) for _, texts in journals.values()),
        "compared": found.checked.total(),
        "sums_compared": found.sums,
        "by_place": dict(sorted(found.checked.items())),
        "pages": found.pages,
        "files": found.files,
        "with_noise": found.noisy,
        "days_with_noise": found.noise_seen,
        "not_final": found.provisional,
        "differ": len(found.wrong),
        "first_that_differ": found.wrong[:MOST_TOLD],
        "bare_numbers": {place: texts[:8] for place, texts in sorted(found.bare.items())},
        "mistakes": MISTAKES,
        "mistakes_not_seen": missed,
        "rebuild_differs": differ,
    }
    sentence = (
        f"{found.checked.total()} numbers of {found.pages} pages, {found.files} files and {len(answers)} questions, and "
        f"{found.sums} kept sums, held against {figures['events']} facts: {len(found.wrong)} differ; of {MISTAKES} "
        f"planted mistakes {len(missed)} were not seen."
    )
    return Verdict(ok, sentence, figures)


def journals_of(shops: Shops) -> Journals:
    """Every shop's timezone and events."""
    return {shop: (shops.timezone(shop), shops.journal(shop)) for shop in TIMEZONES}


def _move(shops: Shops) -> None:
    """A shop's clocks are those of another place from now on, and so are its days."""
    store = shops.of(SECOND)
    shop = store.shop.get()
    assert shop is not None
    with store.writing():
        store.shop.save(msgspec.structs.replace(shop, timezone=MOVED_TO), shops.now)


def _changed_by_a_rebuild(shops: Shops, before: list[Answer]) -> list[str]:
    """The questions that are answered otherwise after a rebuild."""
    return [
        f"a rebuild answers otherwise: {one.question}"
        for one in before
        if ask(shops.store, one.question, one.made_at) != one
    ]

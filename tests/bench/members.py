"""How quick the members of a large shop are found, looked at and taken in: one hub, a million members in one file.

Names are drawn from some thousand first and last names, so that words are shared as in a town; numbers and addresses are each
one's own. Every figure is the middle of some tries, and the slowest of them. Personal fields stay sealed as they are in a shop.

    python -m tests.bench.members [MEMBERS]
"""

from __future__ import annotations

import hashlib
import json
import random
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from hub.admin.membership import LINES
from hub.members.book import Book
from hub.members.duplicates import pairs
from hub.members.merging import merge, part
from hub.members.people_key import people_key
from hub.members.searching import search
from hub.store.register_records import MemberRow
from hub.storefront.numbers import read_phone
from hub.wire.identity import public_text
from hub.wire.sync_members import Fields
from tests.hub_house import NOON, House

MILLION = 1_000_000
TRIES = 25
AT_ONCE = 10_000


def person(rng: random.Random, place: int) -> Fields:
    """Somebody."""
    first, last = f"First{rng.randrange(2_000)}", f"Last{rng.randrange(8_000)}"
    born = f"{rng.randrange(1940, 2010)}-{rng.randrange(1, 13):02}-{rng.randrange(1, 29):02}"
    return Fields(f"{first} {last}", f"+4366{place:09}", f"guest{place}@example.org", born)


def id_of(place: int) -> str:
    """Their id."""
    return hashlib.sha256(b"%d" % place).hexdigest()[:32]


def timed(what: Callable[[int], object]) -> dict[str, float]:
    """Milliseconds: the middle one, the slowest."""
    taken = []
    for turn in range(TRIES):
        begun = time.perf_counter()
        what(turn)
        taken.append((time.perf_counter() - begun) * 1_000)
    return {"median_ms": round(statistics.median(taken), 2), "slowest_ms": round(max(taken), 2)}


def main() -> None:
    """Fill a shop and measure."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else MILLION
    rng = random.Random(8)
    with tempfile.TemporaryDirectory() as folder:
        house = House(Path(folder))
        book = Book(house.store, people_key(Path(folder)), public_text(house.key))
        begun = time.perf_counter()
        for start in range(0, count, AT_ONCE):
            some = [
                (MemberRow(id_of(place), "", "de", "till", NOON + place, NOON + place), person(rng, place))
                for place in range(start, min(count, start + AT_ONCE))
            ]
            with house.store.writing():
                book.put_many(some)
        filled_s = time.perf_counter() - begun
        house.store.checkpoint()

        def number(typed: str) -> str | None:
            found = read_phone(typed, "AT")
            return found.e164 if found else None

        def merge_and_part(turn: int) -> None:
            merge(book, id_of(turn), id_of(turn + 100), act=f"{turn:08x}", by="bench", now=NOON, clock="ntp")
            part(book, f"{turn:08x}", by="bench", now=NOON, clock="ntp")

        def page(number: int) -> None:
            rows = house.store.register.page(LINES, number * LINES)
            book.profiles([row.member for row in rows])
            house.store.register.count_persons()

        def join(turn: int) -> None:
            fields = person(rng, count + turn)
            book.join(id_of(count + turn), fields, language="de", way="till", at=NOON)

        told = {
            "members": count,
            "filled_s": round(filled_s, 1),
            "file_mb": round((Path(folder) / "hub.db").stat().st_size / 2**20),
            "by number": timed(lambda turn: book.by_number(f"+4366{turn * 37:09}")),
            "search a mail address": timed(
                lambda turn: search(book, f"guest{turn * 31}@example.org", number)
            ),
            "search a whole name": timed(lambda turn: search(book, book.fields(id_of(turn)).name, number)),
            "search one common word": timed(lambda turn: search(book, f"last{turn}", number)),
            "first page": timed(lambda _turn: page(0)),
            "page 200": timed(lambda _turn: page(199)),
            "profile": timed(lambda turn: book.profile(id_of(turn))),
            "join": timed(join),
            "change": timed(lambda turn: book.change(id_of(turn), person(rng, turn), at=NOON + 9)),
            "merge and part": timed(merge_and_part),
            "pairs": timed(lambda _turn: pairs(book, 25)),
            "a birthday": timed(lambda turn: book.born_on(1 + turn % 12, 3)),
            "memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_024),
        }
        house.close()
    print(json.dumps(told, indent=1))


if __name__ == "__main__":
    main()

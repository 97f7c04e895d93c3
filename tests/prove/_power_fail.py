"""One share of the failing calls: `python -m tests.prove._power_fail FOLDER SEED TRIES SHARE SHARES`, under the recorder.

Every way of writing is gone through once to count its calls. Then, on a fresh copy of the shop each time, its Nth call fails:
with EIO or ENOSPC, once or from then on. Nothing but a StorageError may come of it. After "once" the very next try has to do,
after "from then on" the first one with a disk that works again, in the same programs. Then the files are opened anew.
"""

from __future__ import annotations

import errno
import json
import random
import shutil
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from hub.client.db import StorageError
from hub.client.enrolling import EnrolError
from hub.client.node import Node
from tests.prove._power_checks import Ack, Trouble, look_at
from tests.prove._power_day import Day
from tests.prove._power_shop import COFFEE, PowerShop, make_old_hub, make_old_till
from tests.prove._recorder import Inside

FOR_EVER = 10**9
ERRORS = {"EIO": errno.EIO, "ENOSPC": errno.ENOSPC}
HOW_OFTEN = ("once", "for ever")


@dataclass(frozen=True, slots=True)
class Try:
    """One call that is to fail."""

    way: str
    call: int
    error: str
    often: str

    def __str__(self) -> str:
        return f"{self.way}, call {self.call}, {self.error} {self.often}"


@dataclass(slots=True)
class Result:
    """What came of a share."""

    tries: int = 0
    failed: int = 0
    calls: dict[str, int] = field(default_factory=dict)
    trouble: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


Way = Callable[[Day], Ack | None]


def _open(day: Day) -> Ack | None:
    """The programs begin."""
    day.shop.close()
    day.shop = PowerShop(day.shop.folder)
    day.shop.reach()
    return {"act": "open"}


def _first_start(day: Day) -> Ack | None:
    """A hub's file of the first release is opened, with its first key and pepper; a till joins, begins, and hears of its shop."""
    day.shop.close()
    shop = day.shop = PowerShop(day.shop.folder)
    if not shop.store.people.staff():
        shop.add_staff(time.time())
    if not shop.is_enrolled():
        shop.enrol_till()
    shop.reach()
    return {"act": "enrol"}


def _move(day: Day) -> Ack | None:
    """The hub has another address: a small file is replaced."""
    node = day.shop.till.node
    node.move_hub("http://elsewhere" if node.hub_url == "http://hub" else "http://hub")
    if Node.load(node.folder) is None:
        raise Trouble("lost", "the till does not know its shop any more")
    return {"act": "move"}


WAYS: dict[str, Way] = {
    "issue": lambda day: day.issue(COFFEE),
    "redeem": Day.redeem,
    "redeem alone": Day.redeem_alone,
    "hold and redeem": Day.hold_and_redeem,
    "hold and release": Day.hold_and_release,
    "reverse": Day.reverse,
    "reverse alone": Day.reverse_alone,
    "print": Day.print_receipt,
    "wrong PIN": Day.wrong_pin,
    "tell": lambda day: (day.issue(COFFEE), day.tell())[1],
    "checkpoint": Day.tidy,
    "open": _open,
    "open an old till": _open,
    "first start": _first_start,
    "move": _move,
}


class Trials:
    """Tries failing calls, each on a copy of the same shop."""

    def __init__(self, folder: Path, seed: int) -> None:
        self._folder = folder
        self._seed = seed
        self._recorder = Inside()
        self.result = Result()
        self._recorder.fail_none()
        self._make_shops()

    def _make_shops(self) -> None:
        now = time.time()
        old, new = self._folder / "old", self._folder / "new"
        make_old_hub(new / "hub", now)
        shop = PowerShop(new)
        shop.add_staff(now)
        shop.enrol_till()
        make_old_till(new / "till", now)
        day = Day(shop, random.Random(self._seed))
        shop.reach()
        for _ in range(3):
            day.issue(COFFEE)
        shop.reach()
        self._acks: list[Ack] = [{"act": "enrol"}, {"act": "old"}]
        done = day.redeem()
        assert done is not None
        self._acks.append(done)
        self._kept = day.keep()
        shop.close()
        # The same shop, and the till's file as the first release leaves it.
        shutil.copytree(new, old)
        for file in (old / "till").glob("kiosk.db*"):
            file.unlink()
        make_old_till(old / "till", now)
        make_old_hub(self._folder / "bare" / "hub", now)
        self._before = {"first start": [], "open an old till": self._acks[:2]}

    def _copy(self, way: str) -> Day:
        place = self._folder / "one"
        shutil.rmtree(place, ignore_errors=True)
        kind = {"open an old till": "old", "first start": "bare"}.get(way, "new")
        shutil.copytree(self._folder / kind, place)
        if kind == "new":
            day = Day(PowerShop(place), random.Random(self._seed))
            day.shop.reach()
            day.take_over(self._kept)
            if way == "reverse":
                # Staff have a minute for it, and the shop that was copied may be older than that.
                done = day.redeem()
                assert done is not None
                self._before[way] = [*self._acks, done]
            return day
        # Not opened yet: that is what is tried.
        shop = PowerShop(self._folder / "new")
        shop.close()
        shop.folder = place
        return Day(shop, random.Random(self._seed))

    def all_tries(self) -> list[Try]:
        """Every call of every way, with every error, once and for ever."""
        tries = []
        for name, way in WAYS.items():
            day = self._copy(name)
            self._recorder.fail_none()
            way(day)
            self.result.calls[name] = self._recorder.count()
            day.shop.close()
            tries += [
                Try(name, call, error, often)
                for call in range(1, self.result.calls[name] + 1)
                for error in ERRORS
                for often in HOW_OFTEN
            ]
        return tries

    def one(self, attempt: Try) -> None:
        """Let one call fail, and see."""
        self.result.tries += 1
        day = self._copy(attempt.way)
        way = WAYS[attempt.way]
        before = day.keep()
        last = attempt.call if attempt.often == "once" else FOR_EVER
        acked: list[Ack] = []
        day.listen(acked.append)
        try:
            self._recorder.fail(attempt.call, last, ERRORS[attempt.error])
            done = self._act(day, way)
            self.result.failed += done is None
            if attempt.often == "for ever":
                self._recorder.fail_none()
            if done is None:
                day.take_over(before)
                done = self._act(day, way)
            self._recorder.fail_none()
            if done is None:
                self._add("stuck", f"{attempt}: not done either when the disk works again: {self._said}")
                return
            acked.append(done)
            day.shop.reach()
            day.shop.close()
            before_it = self._before.get(attempt.way, self._acks)
            look_at(day.shop.folder, [*before_it, *acked])
        except Trouble as wrong:
            self._add(wrong.kind, f"{attempt}: {wrong}")
        except StorageError as wrong:
            self._add("stuck", f"{attempt}: {wrong}")
        except Exception as wrong:
            self._add("untyped", f"{attempt}: {type(wrong).__name__}: {wrong}")
        finally:
            self._recorder.fail_none()
            day.shop.close()

    def _act(self, day: Day, way: Way) -> Ack | None:
        """What was acknowledged; None where it was refused or failed in the way that programs know."""
        self._said = "it was refused"
        try:
            return way(day)
        except (StorageError, EnrolError) as wrong:
            self._said = str(wrong)
            if not self._said.endswith("."):
                raise Trouble("untyped", f"this is no sentence: {self._said}") from wrong
            return None

    def _add(self, kind: str, sentence: str) -> None:
        self.result.trouble[kind] += 1
        if self.result.trouble[kind] <= 4:
            self.result.wrong.append(f"{kind}: {sentence}")


def main() -> int:
    """This share of all tries, or of as many of them as were asked for."""
    folder, seed, most, share, shares = Path(sys.argv[1]), *map(int, sys.argv[2:6])
    trials = Trials(folder, seed)
    tries = trials.all_tries()
    total = len(tries)
    if most < total:
        tries = random.Random(seed).sample(tries, most)
    for attempt in tries[share::shares]:
        trials.one(attempt)
    result = trials.result
    print(
        json.dumps(
            {
                "total": total,
                "tries": result.tries,
                "failed": result.failed,
                "calls": result.calls,
                "trouble": result.trouble,
                "wrong": result.wrong,
            }
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Numbers that go out by themselves: boards on a screen, and digests as a page, as a post and as a mail."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

import msgspec

from hub.admin.digest_mail import compose, naming
from hub.figures.board import BoardPlan, make_board
from hub.figures.definitions import FIGURES
from hub.figures.digest import Plan, latest_time, make_due, make_issue, posted
from hub.sentences import Said
from hub.store.outs_records import DigestRecord
from tests.prove._numbers_asking import UNITS
from tests.prove._numbers_check import Checker
from tests.prove._numbers_files import from_json
from tests.prove._numbers_reader import of_units, read_page, says
from tests.prove._numbers_shops import HOME, Shops

ON_A_BOARD = (
    "visits",
    "capture_rate",
    "people_mean",
    "taken",
    "redeemed",
    "given_cents",
    "dwell_s",
    "sales_cents",
)
CUT = "channel"


@dataclass(slots=True)
class Outs:
    """What was set up: the tokens of boards, the number of a digest."""

    shops: Shops
    boards: tuple[str, ...]
    digest: int
    plan: Plan

    def newest(self) -> str:
        """The address of the digest that was made last. Those before it stay as they were made then."""
        issue = self.shops.store.digests.issues(self.digest, 1)[0]
        return f"/manage/digests/{self.digest}/{issue.number}"

    def look(self, checker: Checker) -> None:
        """Look at each of them and compare every number."""
        for token in self.boards:
            self._board(checker, token)
        self._digest(checker)

    def _board(self, checker: Checker, token: str) -> None:
        answer = self.shops.hub.app.test_client().get(f"/board/{token}")
        if answer.status_code != 200:
            checker.say(f"a board answers {answer.status_code}")
            return
        page = read_page("/board", answer.get_data(as_text=True))
        if not page.numbers:
            checker.say("a board shows no number")
        checker.all(page.numbers)
        for sentence in of_units(page.numbers, UNITS):
            checker.say(sentence)

    def _digest(self, checker: Checker) -> None:
        """The digest is due; it is made as the hub's worker makes it, and read as a post and as a mail. Its page is read among
        the other pages."""
        store, now = self.shops.store, self.shops.now
        record = store.digests.get(self.digest)
        assert record is not None
        with store.writing():
            store.digests.put(replace(record, next_at=now - 60))
        if make_due(store, naming, now) != 1:
            checker.say("a digest that was due was not made")
        issue = make_issue(
            store, self.plan, latest_time(self.plan, self.shops.timezone(HOME), now), now, naming
        )
        if isinstance(issue, Said):
            checker.say(f"a digest is not made: {issue}")
            return
        body = json.loads(posted(issue, HOME, 1, ""))["data"]
        for part in ("answer", "cut"):
            numbers, _ = from_json(f"digest, {part}", json.dumps(body[part]).encode(), {})
            checker.all(numbers)
        shop = store.shop.get()
        assert shop is not None
        self._mail(checker, compose(issue, shop, "").text, numbers_of=body["answer"])

    def _mail(self, checker: Checker, text: str, numbers_of: dict[str, object]) -> None:
        """Each line of the mail says the number that was posted, which was compared before."""
        numbers, _ = from_json("digest, mail", json.dumps(numbers_of).encode(), {})
        days = {one.figure: one for one in reversed(numbers) if not one.key}
        for name in self.plan.figures:
            title = FIGURES[name].title["en"]
            line = next((one for one in text.splitlines() if one.startswith(f"{title}: ")), None)
            if line is None:
                checker.say(f"the mail does not tell {name}")
                continue
            said = line.removeprefix(f"{title}: ").partition(" (")[0].partition(" · ")[0]
            checker.checked["digest, mail"] += 1
            if not says(said, UNITS[name], days[name].number):
                checker.say(f"the mail says {line!r}, and is {days[name]}")


def set_up(shops: Shops) -> Outs:
    """Boards in both languages, and a digest of every number that a digest may have."""
    tokens = []
    for language in ("en", "zh"):
        made = make_board(
            shops.store, f"Screen {language}", BoardPlan(ON_A_BOARD, "7", language), "Ines", shops.now
        )
        assert isinstance(made, tuple), made
        tokens.append(made[1])
    plan = Plan("Every Monday", tuple(FIGURES), by=CUT, versus="year")
    body = msgspec.json.encode(plan).decode()
    with shops.store.writing():
        record = shops.store.digests.put(DigestRecord(0, body, "", "Ines", shops.now, shops.now))
    return Outs(shops, tuple(tokens), record.number, plan)

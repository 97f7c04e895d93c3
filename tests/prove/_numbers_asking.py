"""Asks for numbers in every way that there is: by all their cuts, and by pages, as somebody reads them who follows links."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import combinations
from random import Random
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from flask.testing import FlaskClient

from hub.app import Hub
from hub.figures.answer import Answer
from hub.figures.definitions import CUTS, FIGURES, Family, Unit
from hub.figures.engine import ask
from hub.figures.question import Comparison, Days, Dimension, Filters, Question
from hub.signing.joining import make_setup_code
from tests.prove._numbers_check import Checker
from tests.prove._numbers_cohorts import ADDRESS as COHORTS
from tests.prove._numbers_cohorts import compare_cohorts
from tests.prove._numbers_facts import CHANNELS, CLOCKS_CHANGE, ZONES
from tests.prove._numbers_figures import FIGURES as KNOWN
from tests.prove._numbers_reader import Page, of_units, read_page
from tests.prove._numbers_shops import CAMPAIGNS, HOME, NOW, SECOND, TIMEZONES, Shops

PASSWORD = "seven green kettles"
UNITS = {name: str(figure.unit) for name, figure in FIGURES.items()}
PAIRS_OF_A_FAMILY = 4

FIRST_PAGES = (
    "/manage/",
    "/manage/?days=7&vs=previous",
    "/manage/?days=30&vs=year",
    "/manage/explore",
    "/manage/explore?days=365",
    "/manage/explore?days=custom&from=2026-10-24&to=2026-10-26&by=hour",
    "/manage/explore?days=custom&from=2026-03-28&to=2026-03-30&by=weekhour&vs=year",
    "/manage/explore?days=30&by=shop&shop=7&shop=8",
    "/manage/explore?days=30&by=channel&campaign=1",
    "/manage/campaigns/1/report",
    "/manage/campaigns/3/report",
    "/manage/members-over-time",
    "/manage/digests",
    "/manage/figures",
)


def stretches(home: int) -> list[Days]:
    """Days that are asked for."""
    today = datetime.fromtimestamp(NOW, ZoneInfo(TIMEZONES[home])).date()
    changes = [day for shop in (HOME, SECOND) for day in CLOCKS_CHANGE[shop]]
    return [
        Days(today, today),
        Days(today - timedelta(days=6), today),
        Days(today - timedelta(days=29), today),
        Days(date(2026, 9, 30), date(2026, 11, 1)),
        Days(today - timedelta(days=400), today),
        *(Days(day, day) for day in changes),
        *(Days(day - timedelta(days=1), day + timedelta(days=1)) for day in changes),
    ]


def questions(rnd: Random, home: int) -> Iterator[Question]:
    """Every figure by every cut and some pairs of cuts, of different days, parts and comparisons."""
    known = [figure for name, figure in FIGURES.items() if name in KNOWN]
    for family in Family:
        figures = tuple(figure.name for figure in known if figure.family == family)
        if not figures:
            continue
        cuts = sorted(CUTS[family])
        pairs = rnd.sample(
            list(combinations(cuts, 2)), min(PAIRS_OF_A_FAMILY, len(cuts) * (len(cuts) - 1) // 2)
        )
        for by in [(), *((cut,) for cut in cuts), *pairs]:
            for days in rnd.sample(stretches(home), 3):
                yield Question(figures, days, by, _filters(rnd), rnd.choice(tuple(Comparison)[:3]))


def _filters(rnd: Random) -> Filters:
    if rnd.random() < 0.5:
        return Filters(shops=rnd.choice(((), (HOME, SECOND))))
    return Filters(
        shops=rnd.choice(((), (), (SECOND,), (HOME, SECOND))),
        zones=rnd.choice(((), (), (ZONES[0],), ZONES[:2])),
        ways=rnd.choice(((), ("click",), ("sms", "member"))),
        channels=rnd.choice(((), (), (rnd.choice(CHANNELS),), CHANNELS[:3], ("",))),
        campaigns=rnd.choice(((), (), (rnd.choice(CAMPAIGNS),), CAMPAIGNS[:2])),
        staff=rnd.choice(((), (), ("ann",), ("ann", ""))),
        tills=rnd.choice(((), (), ("Till 1",))),
    )


def ask_all(shops: Shops, checker: Checker, rnd: Random) -> list[Answer]:
    """Ask every question and compare every answer; the answers."""
    found = []
    for question in questions(rnd, checker.home):
        said = ask(shops.of(checker.home), question, shops.now)
        if isinstance(said, Answer):
            checker.answer("answers", said)
            found.append(said)
        else:
            checker.say(f"{question} is answered by a sentence: {said}")
    return found


class Reader:
    """Somebody at a shop's browser, who follows links."""

    def __init__(self, hub: Hub, now: float) -> None:
        self.client: FlaskClient = hub.app.test_client()
        code = make_setup_code(hub.store, now)
        page = self.client.get("/manage/setup").get_data(as_text=True)
        token = page.partition('name="form_token" value="')[2][:64]
        form = {"form_token": token, "code": code, "name": "Ines", "password": PASSWORD}
        done = self.client.post("/manage/setup", data=form)
        assert done.status_code == 303, done.get_data(as_text=True)

    def look(self, checker: Checker, rnd: Random, most: int, *more: str) -> list[Page]:
        """Look at so many pages, the first ones, `more` and what they lead to, and compare every number on them."""
        # Only head office sees the other shop.
        wait = [one for one in (*FIRST_PAGES, *more) if checker.home == HOME or "shop=" not in one]
        seen, pages = set[str](), []
        linked: dict[str, list[str]] = {}
        made_how: set[str] = set()
        while len(pages) < most and (wait or linked):
            address = wait.pop(0) if wait else _one_of(linked, rnd)
            if address in seen:
                continue
            seen.add(address)
            answer = self.client.get(address)
            if answer.status_code in (301, 302, 303, 308) and "/login" not in answer.location:
                wait.insert(0, answer.location)
                continue
            if not (answer.content_type or "").startswith("text/html"):
                continue
            if answer.status_code != 200:
                checker.say(f"{address} answers {answer.status_code}")
                continue
            page = self._read(checker, address, answer.get_data(as_text=True))
            pages.append(page)
            made_how |= {one.figure for one in page.numbers}
            for link in page.links:
                path = urlsplit(link).path
                if path.startswith("/manage") and link not in seen and _leads_to_numbers(path):
                    linked.setdefault(path, []).append(link)
        for name in sorted(made_how - set(FIGURES)):
            checker.say(f"a page shows {name}, of which nothing says how it is made")
        return pages

    def _read(self, checker: Checker, address: str, html: str) -> Page:
        page = read_page(address, html)
        checker.all(page.numbers)
        for sentence in of_units(page.numbers, UNITS):
            checker.say(sentence)
        if address == COHORTS:
            compare_cohorts(checker, html, stretches(checker.home)[0].first - timedelta(days=1))
        if address == "/manage/figures":
            for name in sorted(set(FIGURES) - page.anchors):
                checker.say(f"{address} does not say how {name} is made")
        return page


def _leads_to_numbers(path: str) -> bool:
    # A digest that was made stays as it was; the newest one is among the first pages.
    if path.startswith("/manage/digests/") and path.count("/") > 3:
        return False
    return not any(word in path for word in ("/logout", "/login", "/static", ".svg", ".png", "/work"))


def _one_of(linked: dict[str, list[str]], rnd: Random) -> str:
    """A link to follow: of every page one address before the second one of any."""
    path = (
        min(linked, key=lambda one: (one.count("/"), len(linked[one]), one))
        if rnd.random() < 0.3
        else rnd.choice(sorted(linked))
    )
    links = linked[path]
    link = links.pop(rnd.randrange(len(links)))
    if not links:
        del linked[path]
    return link.partition("#")[0]


__all__ = ["UNITS", "Dimension", "Reader", "Unit", "ask_all", "questions"]

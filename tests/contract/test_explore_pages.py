"""Explore, rows behind numbers, notes and Today over HTTP: what is asked stands in the address, what is shown is the answer."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from werkzeug.datastructures import MultiDict

from hub.figures.address import read
from hub.figures.answer import Answer
from hub.figures.definitions import FIGURES
from hub.figures.engine import ask
from hub.figures.question import Days, Dimension, Question
from hub.folding import fold
from hub.wire.events import VisitClosed, make_event
from hub.wire.snapshot import Shop
from tests.figures_house import TODAY, FiguresHouse
from tests.hub_house import NOON, visit
from tests.hub_office import Office, words

SATURDAY = "/explore?days=custom&from=2026-11-14&to=2026-11-14&vs=week"
FIRST_VIEW = 150_000


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """Two weeks of a shop, only looked at."""
    house = FiguresHouse(tmp_path_factory.mktemp("told"))
    house.tell(15)
    house.place_on_plan()
    office = Office(house)
    assert office.log_in().status_code == 303
    yield office
    house.close()


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[FiguresHouse]:
    """A shop in which nothing has happened yet."""
    house = FiguresHouse(tmp_path)
    yield house
    house.close()


@pytest.fixture
def small(fresh: FiguresHouse) -> Office:
    """Its office."""
    office = Office(fresh)
    assert office.log_in().status_code == 303
    return office


def numbers(page: str) -> list[dict[str, str]]:
    """The attributes of every number of a figure on a page."""
    return [
        {name: html.unescape(value) for name, value in re.findall(r'data-([a-z]+)="([^"]*)"', tag)}
        for tag in re.findall(r'<span class="number[^>]*data-figure=[^>]*>', page)
    ]


def links(page: str, text: str) -> list[str]:
    """Where links with this text lead, within the manager's pages."""
    found = re.findall(r'<a[^>]*href="([^"]*)"[^>]*>(.*?)</a>', page, re.DOTALL)
    return [
        html.unescape(url).removeprefix("/manage")
        for url, inside in found
        if " ".join(re.sub(r"<[^>]+>", " ", inside).split()) == text
    ]


def test_last_saturday_is_one_click_away_and_says_where_and_when_it_was_better(told: Office) -> None:
    (saturday,) = links(told.get("/explore?lang=en").get_data(as_text=True), "Last Saturday")
    seen = words(told.get(saturday))
    assert "14 November 2026 · compared with 7 Nov" in seen
    assert re.search(r"Visits went up: \d+, against \d+ before \(\+\d+%\)\.", seen)
    assert "Most of it: café" in seen
    assert "Most of it between 14:00 and 17:00" in seen
    assert "到店次数上升" in words(told.get(f"{SATURDAY}&lang=zh"))


@pytest.mark.parametrize(
    "path",
    [
        SATURDAY,
        "/explore?days=7&figure=redeemed",
        "/explore?days=30&figure=dwell_s&zone=caf%C3%A9",
        "/explore?days=7&figure=earned_cents&campaign=1&campaign=2&by=hour",
        "/explore/rows?days=7&figure=visits",
        "/",
        "/?days=7",
    ],
)
def test_every_number_on_a_page_is_the_answer_to_the_question_that_stands_in_it(
    told: Office, path: str
) -> None:
    house = told.house
    found = numbers(told.get(path).get_data(as_text=True))
    assert len(found) > 10
    shop = house.store.shop.get()
    assert shop is not None
    for one in found:
        first, last = (date.fromisoformat(day) for day in one["days"].split("/"))
        filters = MultiDict(parse_qsl(one["filters"], keep_blank_values=True))
        by = tuple(Dimension(name) for name in one["by"].split("|") if name)
        question = Question((one["figure"],), Days(first, last), by, read(filters, shop, house.now).filters)
        answer = ask(house.store, question, house.now)
        assert isinstance(answer, Answer)
        rows = {row.key: row for row in answer.rows} | {(): answer.total}
        row = rows.get(tuple(one["key"].split("|")) if by else ())
        number = row.values[one["figure"]].number if row else None
        # Days of a comparison have the key of their counterpart, so that they are looked for among all of theirs.
        values = {r.values[one["figure"]].number for r in rows.values()} | {None, 0.0}
        assert (None if one["value"] == "" else float(one["value"])) in ({number} if row else values), one


def test_a_click_on_a_line_narrows_and_the_chip_takes_it_away_again(told: Office) -> None:
    whole = told.get(SATURDAY).get_data(as_text=True)
    (cafe,) = set(links(whole, "café"))
    assert "zone=caf%C3%A9" in cafe
    narrowed = told.get(cafe).get_data(as_text=True)
    visits = [one for one in numbers(narrowed) if one["figure"] == "visits" and not one["by"]]
    assert {one["filters"] for one in visits} == {"zone=café"}
    # What cannot be told by zone does not stand beside what is.
    assert not any(one["figure"] == "redeemed" for one in numbers(narrowed))
    (back,) = links(narrowed, "Zone: café × take this away")
    assert numbers(told.get(back).get_data(as_text=True)) == numbers(whole)


def test_the_rows_behind_a_number_of_the_counter_are_its_acts(told: Office) -> None:
    page = told.get("/explore?days=7&figure=redeemed").get_data(as_text=True)
    total = next(one for one in numbers(page) if one["figure"] == "redeemed" and not one["by"])
    acts = 0
    for place in range(1, 9):
        shown = told.get(f"/explore/rows?days=7&figure=redeemed&page={place}").get_data(as_text=True)
        acts += len(re.findall(r'<td data-name="Coupon">', shown))
        if 'rel="next"' not in shown:
            break
    assert acts == float(total["value"]) > 50
    assert links(page, f"{int(float(total['value']))} the rows behind it")


def test_a_redemption_that_was_taken_back_is_no_row_behind_the_number(
    small: Office, fresh: FiguresHouse
) -> None:
    for nonce in ("nonce-one", "nonce-two"):
        fact, token = fresh.till.mint()
        fresh.till.report(fact)
        assert fresh.till.redeem(token, nonce).refusal is None
    assert (
        small.get("/explore/rows?days=today&figure=redeemed")
        .get_data(as_text=True)
        .count('data-name="Coupon"')
        == 2
    )
    fresh.till.reverse("nonce-one", "back-nonce-1")
    rows = {
        name: small.get(f"/explore/rows?days=today&figure={name}")
        .get_data(as_text=True)
        .count('data-name="Coupon"')
        for name in ("redeemed", "given_cents", "reversed", "alone", "earned_cents")
    }
    assert rows == {"redeemed": 1, "given_cents": 1, "reversed": 1, "alone": 0, "earned_cents": 0}
    narrowed = words(small.get("/explore/rows?days=today&figure=redeemed&channel=kiosk"))
    assert "These rows do not know: Channel." in narrowed


def test_no_row_behind_a_number_of_people_is_a_single_visit(told: Office) -> None:
    seen = told.get("/explore/rows?days=7&figure=visits")
    assert "A single visit would be somebody's" in words(seen)
    for one in numbers(seen.get_data(as_text=True)):
        assert one["by"] == "day|zone"
        assert float(one["value"]) >= 5
    assert "单次到店属于某个人" in words(told.get("/explore/rows?days=7&figure=visits&lang=zh"))


def test_a_note_stands_on_the_chart_with_who_and_when_until_it_is_removed(
    small: Office, fresh: FiguresHouse
) -> None:
    fresh.door.report(
        *(
            VisitClosed(id="v", zone="door", arrived_at=NOON, departed_at=NOON, dwell_s=0, peak_dbm=-60)
            for _ in range(30)
        )
    )
    form = {
        "first": str(TODAY),
        "last": str(TODAY),
        "text": "A <b>festival</b>",
        "back": "/manage/explore?days=30",
    }
    answer = small.post("/explore/notes", form, page="/explore")
    assert (answer.status_code, urlsplit(answer.location).query) == (303, "days=30")
    page = small.get("/explore?days=30")
    assert "A <b>festival</b>" not in page.get_data(as_text=True)
    assert "18 Nov : A <b>festival</b> Ines, 18 Nov 12:06" in words(page).replace("18 Nov:", "18 Nov :")
    assert 'class="noted"' in page.get_data(as_text=True)
    (note,) = small.house.store.notes.between(TODAY, TODAY)
    assert small.post(f"/explore/notes/{note.number}/remove", {}, page="/explore").status_code == 303
    assert small.house.store.notes.between(TODAY, TODAY) == []
    assert [one.what for one in small.house.store.people.audit()[:2]] == ["note.removed", "note.added"]


def test_head_office_sees_its_shops_one_by_one_and_all_together_and_no_other(
    small: Office, fresh: FiguresHouse
) -> None:
    fresh.door.report(*(visit(NOON) for _ in range(100)))
    for number, name, visits in ((8, "Harbour", 40), (9, "Nobody's", 700)):
        other = fresh.store.of_shop(number)
        other.shop.save(Shop(number, {"en": name}, timezone="Europe/Berlin"), NOON)
        events = [
            (place, make_event("x", 1, place, visit(NOON), at=NOON, clock="ntp"))
            for place in range(1, visits + 1)
        ]
        with other.writing():
            fold(other.ledger, events)
    fresh.store.put_in_chain(8)
    page = small.get("/explore?days=today")
    assert links(page.get_data(as_text=True), "Harbour")
    assert "Nobody's" not in words(page)
    (whole,) = links(page.get_data(as_text=True), "All shops together")
    found = numbers(small.get(whole).get_data(as_text=True))
    total = next(float(one["value"]) for one in found if one["figure"] == "visits" and not one["by"])
    assert abs(total - 140) <= 8
    for page_of_others in (
        "/explore?shop=9",
        "/explore/rows?shop=9",
        "/explore/rows?figure=taken&shop=7&shop=9",
        "/?shop=9",
    ):
        assert small.get(page_of_others).status_code == 400


@pytest.mark.parametrize("text", ["", "   ", "x" * 201])
def test_a_note_without_words_or_with_too_many_is_not_kept(small: Office, text: str) -> None:
    form = {"first": str(TODAY), "last": str(TODAY), "text": text}
    assert small.post("/explore/notes", form, page="/explore").status_code == 422
    assert small.house.store.notes.between(TODAY, TODAY) == []


def test_only_a_path_of_our_own_is_gone_back_to_after_a_note(small: Office) -> None:
    form = {"first": str(TODAY), "last": str(TODAY), "text": "Rain", "back": "//evil.example/"}
    assert urlsplit(small.post("/explore/notes", form, page="/explore").location).path == "/manage/explore"


def test_an_empty_shop_is_told_what_will_be_there(small: Office) -> None:
    for path in (
        "/explore",
        "/explore?figure=redeemed&days=365",
        "/explore/rows",
        "/explore/rows?figure=taken",
    ):
        assert "Nothing in these days" in words(small.get(path))
    assert "No coupon in these days" in words(small.get("/"))


@pytest.mark.parametrize(
    "path",
    [
        "/explore?days=365",
        "/explore?days=365&by=day&figure=people_mean",
        "/explore?days=90",
        "/explore?days=90&figure=capture_rate",
        "/explore?days=custom&from=2026-10-20&to=2026-11-18&figure=capture_rate&vs=previous",
        "/?days=30",
        "/?days=custom&from=2026-10-20&to=2026-11-18",
        "/",
        "/figures",
    ],
)
def test_no_page_is_large_at_first_view(told: Office, path: str) -> None:
    page = told.get(path)
    beside = set(
        re.findall(r'(?:src|href)="(/manage/[^"]+\.(?:css|js|svg)[^"]*)"', page.get_data(as_text=True))
    )
    assert len(beside) >= 3
    size = len(page.data)
    for one in beside:
        with closing(told.client.get(html.unescape(one))) as answer:
            size += len(answer.data)
    assert size < FIRST_VIEW


def test_the_table_of_a_long_series_is_a_click_away(told: Office) -> None:
    page = told.get("/explore?days=90").get_data(as_text=True)
    assert not [one for one in numbers(page) if one["by"] == "day"]
    (whole,) = links(page, "The numbers as a table")
    found = [one for one in numbers(told.get(whole).get_data(as_text=True)) if one["by"] == "day"]
    assert len({one["key"] for one in found}) == 90


def test_a_node_that_is_behind_is_named_and_what_it_may_still_tell_is_not_final(
    small: Office, fresh: FiguresHouse
) -> None:
    fresh.day(TODAY)
    small.house.now += 3 * 3_600
    assert small.log_in().status_code == 303
    page = small.get("/explore?days=today")
    assert "Door is behind; its facts may be missing from 18 Nov on." in words(page)
    assert "* not final: a device that counts for it is behind." in words(page)
    assert "data-provisional" in page.get_data(as_text=True)
    assert 'fill="url(#hatch-visits-large)"' in page.get_data(as_text=True)
    assert "尚未确定" in words(small.get("/explore?days=today&lang=zh"))


def test_the_way_from_seen_to_came_back_stands_on_today_by_channel(told: Office) -> None:
    page = told.get("/?days=7").get_data(as_text=True)
    for name in ("shown", "opened", "taken", "redeemed", "returned", "given_cents", "earned_cents"):
        every = [one for one in numbers(page) if one["figure"] == name]
        parts = [float(one["value"]) for one in every if one["by"] == "channel"]
        total = next(float(one["value"]) for one in every if not one["by"])
        assert parts
        if name != "earned_cents":
            assert sum(parts) == total


def test_every_figure_is_explained_and_every_number_leads_there(told: Office) -> None:
    page = told.get("/figures").get_data(as_text=True)
    for figure in FIGURES.values():
        assert f'id="{figure.name}"' in page
        assert html.escape(figure.made["en"], quote=False) in html.unescape(page).replace("&", "&amp;") or (
            figure.made["en"] in html.unescape(page)
        )
        assert figure.made["zh"] in told.get("/figures?lang=zh").get_data(as_text=True)
    for path in ("/", "/?days=7", "/explore", "/explore?figure=redeemed", "/explore/rows"):
        shown = told.get(path).get_data(as_text=True)
        named = {one["figure"] for one in numbers(shown)}
        assert named
        assert named <= set(re.findall(r'href="/manage/figures#(\w+)"', shown)), path


@pytest.mark.parametrize(
    "query",
    [
        "days=custom&from=2001-01-01&to=2100-01-01",
        "days=custom&from=x&vs=custom&vs_from=2100-12-31",
        "figure=nothing&by=zone&by=staff&by=till",
        "zone=%00&channel=&staff=%F0%9F%8D%B0&till=' OR 1=1 --",
        "campaign=99999999&shop=8",
        "figure=members_active&days=365&by=hour",
        "figure=guests&way=sms&page=999999",
    ],
)
@pytest.mark.parametrize("page", ["/explore", "/explore/rows", "/"])
def test_any_address_is_a_page(told: Office, page: str, query: str) -> None:
    assert told.get(f"{page}?{query}").status_code in (200, 400)

"""The report of an offer: its verdict in a sentence, its funnel, its cost; and what may not be said of few members."""

from __future__ import annotations

import re
from contextlib import closing
from pathlib import Path

import pytest

from tests.hub_house import House, campaign
from tests.hub_office import Office, words
from tests.postgres_server import postgres_server
from tests.report_house import BEGAN, DAY_S, ReportHouse


def page_of(house: House, language: str = "en") -> str:
    browser = Office(house)
    browser.log_in()
    answer = browser.get(f"/campaigns/1/report?lang={language}")
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def figure(page: str, name: str, key: str = "") -> float:
    found = re.search(rf'data-figure="{name}" data-key="{key}"[^>]*data-value="([^"]*)"', page)
    assert found is not None, (name, key)
    return float(found[1])


@pytest.fixture(scope="module")
def worked(tmp_path_factory: pytest.TempPathFactory) -> ReportHouse:
    return ReportHouse(tmp_path_factory.mktemp("worked"))


def test_an_offer_that_sold_more_is_said_to_have_worked_with_an_interval_above_nothing(
    worked: ReportHouse,
) -> None:
    page = page_of(worked)
    assert "It worked: members who could have the offer paid" in page
    assert "right in 95 of 100" in page
    assert "奏效了" in page_of(worked, "zh")


def test_the_report_shows_the_way_to_the_till_by_channel_and_what_it_cost(worked: ReportHouse) -> None:
    page = page_of(worked)
    assert figure(page, "opened") == 80
    assert figure(page, "taken") == 40
    assert figure(page, "redeemed") == 19
    assert figure(page, "taken", "poster") == 10
    assert figure(page, "shown", "kiosk") == 90
    assert figure(page, "given_cents") == 19 * 150
    assert figure(page, "earned_cents") == 19 * 1_200
    assert figure(page, "conflicts") == 1
    assert figure(page, "conflict_cents") == 150
    assert figure(page, "reversed") == 1


def test_an_offer_that_changed_nothing_is_not_said_to_have_worked(tmp_path: Path) -> None:
    page = page_of(ReportHouse(tmp_path, effect=0.0))
    assert "Whether it changed anything cannot be told" in page


def test_while_an_offer_runs_the_interval_is_wider_and_says_that_one_may_look(tmp_path: Path) -> None:
    page = page_of(ReportHouse(tmp_path, over=False, effect=3.0))
    assert "It works so far" in page
    assert "you may look as often as you like" in page


def test_of_few_members_nothing_is_said_and_none_are_counted_out(tmp_path: Path) -> None:
    page = page_of(ReportHouse(tmp_path, members=30, effect=3.0))
    assert "There were too few members to tell" in page
    assert "fewer than 10" in page
    assert "right in 95 of 100" not in page


def test_without_a_control_group_the_report_says_that_nobody_can_tell(tmp_path: Path) -> None:
    page = page_of(ReportHouse(tmp_path, members=5, percent=0))
    assert "Nobody can tell what this offer changed" in page


def test_an_offer_that_has_not_begun_has_nothing_to_report_yet(worked: ReportHouse) -> None:
    worked.publish(campaign(2, starts_at=BEGAN + 300 * DAY_S, ends_at=BEGAN + 310 * DAY_S))
    browser = Office(worked)
    browser.log_in()
    assert "Nothing to report yet" in words(browser.get("/campaigns/2/report"))
    assert browser.get("/campaigns/99/report").status_code == 404


def test_the_report_says_the_same_on_postgresql(worked: ReportHouse, tmp_path: Path) -> None:
    with postgres_server() as server, closing(ReportHouse(tmp_path, database=server.fresh())) as there:
        assert told(page_of(there)) == told(page_of(worked))


def told(page: str) -> tuple[list[tuple[str, ...]], str]:
    """Every figure of a page, and its verdict."""
    figures = re.findall(r'data-figure="([^"]*)" data-key="([^"]*)"[^>]*data-value="([^"]*)"', page)
    found = re.search(r"<strong>(It worked[^<]*)</strong>", page)
    assert found is not None
    return figures, found[1]

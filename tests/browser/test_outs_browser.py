"""Figures that go out, in a real browser: digests, boards, files, one's own SQL, on laptop and phone, in both languages, by axe;
a board in a frame of another site; a digest on paper."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from access import faults, log_in, violations
from flask import Flask
from playwright.sync_api import Page, expect

from hub.admin.digest_mail import work_digests
from hub.app import Hub
from hub.client.clock import Clock
from hub.config import Config
from hub.figures.board import BoardPlan, make_board
from hub.figures.digest import Plan
from hub.figures.digest_form import add_digest, change_digest
from hub.figures.digest import read_plan
from tests.figures_house import FiguresHouse
from tests.hub_house import NOON
from tests.hub_office import PASSWORD

LAPTOP = {"width": 1280, "height": 860}
PHONE = {"width": 390, "height": 844}
WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
FIGURES = ("visits", "dwell_s", "capture_rate", "redeemed", "given_cents")
ASKED = "SELECT day, count(*) AS redeemed, sum(value_cents) AS given FROM redemptions GROUP BY day ORDER BY day"


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    house = FiguresHouse(tmp_path)
    house.tell(9)
    for name, language, by in (("How the week was", "en", "channel"), ("这一周", "zh", "zone")):
        plan = Plan(name, FIGURES, language=language, by=by, mails=("ines@shop.example",))
        assert isinstance(add_digest(house.store, house.key, plan, "Ines", NOON), tuple)
    assert change_digest(house.store, 1, "now", read_plan, "Ines", NOON)
    assert change_digest(house.store, 2, "now", read_plan, "Ines", NOON)
    work_digests(house.store, Config(tmp_path), NOON + 1)
    house.close()
    clock = Clock(wall=lambda: NOON + 60, ntp=lambda: True)
    made = Hub(Config(tmp_path, worker=False), clock=clock, with_site=False)
    yield made
    made.close()


def board(hub: Hub, language: str = "en", within: tuple[str, ...] = ()) -> str:
    made = make_board(hub.store, "At the counter", BoardPlan(FIGURES, "7", language, within), "Ines", NOON)
    assert isinstance(made, tuple)
    return made[1]


@pytest.mark.timeout(180)
def test_every_page_reads_well_is_no_wider_than_its_screen_and_has_no_fault_of_access(
    hub: Hub, serve: Callable[..., str], browse: Callable[..., Page], shots: Callable[..., Path]
) -> None:
    page = browse(viewport=LAPTOP)
    base = serve(hub.app)
    log_in(page, base)
    wrong: list[tuple[str, str, str, object]] = []
    boards = {language: board(hub, language) for language in ("en", "zh")}
    for language, name, viewport in (
        *(("en", "laptop", LAPTOP), ("zh", "laptop", LAPTOP), ("en", "phone", PHONE), ("zh", "phone", PHONE)),
    ):
        page.set_viewport_size(viewport)  # type: ignore[arg-type]
        for what, path in (
            ("digests", "/manage/digests?"),
            ("digest", "/manage/digests/1?"),
            ("digest-issue", "/manage/digests/1/1?"),
            ("boards", "/manage/boards?"),
            ("files", "/manage/files?"),
            ("sql", f"/manage/sql?q={ASKED}&"),
            ("sql-wrong", "/manage/sql?q=SELECT password FROM manager&"),
            ("board", f"/board/{boards[language]}?"),
        ):
            page.goto(f"{base}{path}lang={language}")
            expect(page.locator("h1")).to_be_visible()
            assert "broken" not in page.locator("h1").inner_text(), what
            shots(page, f"outs-{what}-{name}-{language}")
            wrong += [(what, name, language, one) for one in (*violations(page), *faults(page))]
            if page.evaluate(WIDER) > 0:
                wrong.append((what, name, language, "runs over the side"))
    assert not wrong, "\n".join(map(str, wrong))

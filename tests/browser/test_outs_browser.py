"""Figures that go out, in a real browser: digests, boards, files, one's own SQL, on laptop and phone, in both languages, by axe;
a board in a frame of another site; a digest on paper."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pypdfium2
import pytest
from access import faults, log_in, violations
from flask import Flask
from playwright.sync_api import Page, expect

from hub.admin.digest_mail import work_digests
from hub.app import Hub
from hub.client.clock import Clock
from hub.config import Config
from hub.figures.board import BoardPlan, end_board, make_board
from hub.figures.digest import Plan, read_plan
from hub.figures.digest_form import add_digest, change_digest
from tests.figures_house import FiguresHouse
from tests.hub_house import NOON

LAPTOP = {"width": 1280, "height": 860}
PHONE = {"width": 390, "height": 844}
SHOTS = Path(__file__).resolve().parents[2] / "out" / "shots"
WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
FIGURES = ("visits", "dwell_s", "capture_rate", "redeemed", "given_cents")
ASKED = (
    "SELECT day, count(*) AS redeemed, sum(value_cents) AS given FROM redemptions GROUP BY day ORDER BY day"
)


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
    for language, name, viewport in (*(("en", "laptop", LAPTOP), ("zh", "phone", PHONE)),):
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


def test_a_board_is_seen_in_a_frame_of_another_site_and_a_managers_page_is_not(
    hub: Hub, serve: Callable[..., str], browse: Callable[..., Page], shots: Callable[..., Path]
) -> None:
    base = serve(hub.app)
    site = Flask("site")

    def framed(path: str) -> str:
        return f'<!doctype html><title>A shop</title><iframe src="{base}{path}" width="900" height="500"></iframe>'

    site.add_url_rule("/board", "board", lambda: framed(f"/board/{board(hub)}"))
    other = serve(site)
    site.add_url_rule("/named", "named", lambda: framed(f"/board/{board(hub, within=(other,))}"))
    site.add_url_rule(
        "/elsewhere", "elsewhere", lambda: framed(f"/board/{board(hub, within=('https://a.example',))}")
    )
    site.add_url_rule("/manage", "manage", lambda: framed("/manage/login"))
    page = browse(viewport=LAPTOP)
    for path in ("/board", "/named"):
        page.goto(f"{other}{path}")
        inside = page.frame_locator("iframe")
        expect(inside.locator("h1")).to_have_text("At the counter")
        expect(inside.locator("[data-figure=redeemed]").first).to_be_visible()
    shots(page, "outs-board-framed")
    for path in ("/elsewhere", "/manage"):
        with page.expect_console_message(lambda told: "frame-ancestors" in told.text):
            page.goto(f"{other}{path}")
        assert page.frame_locator("iframe").locator("h1", has_text="At the counter").count() == 0
        assert page.frame_locator("iframe").locator("form").count() == 0


def test_a_board_that_stays_open_comes_anew_and_says_when_the_hub_is_gone(
    hub: Hub, serve: Callable[..., str], browse: Callable[..., Page]
) -> None:
    base = serve(hub.app)
    page = browse(viewport=LAPTOP)
    page.clock.install()
    page.goto(f"{base}/board/{board(hub)}")
    expect(page.locator(".board-late")).to_be_hidden()
    page.evaluate("document.querySelector('h1').textContent = 'old'")
    page.clock.run_for(61_000)
    expect(page.locator("h1")).to_have_text("At the counter")
    page.route("**/board/*", lambda route: route.abort())
    page.clock.run_for(61_000)
    expect(page.locator(".board-late")).to_be_visible()
    page.unroute("**/board/*")
    page.clock.run_for(61_000)
    expect(page.locator(".board-late")).to_be_hidden()
    assert end_board(hub.store, 1, "Ines", NOON)
    page.clock.run_for(61_000)
    expect(page.locator("h1")).to_have_text("This board is not shown any more")


@pytest.mark.parametrize("path", ["/manage/digests/1/1", "/manage/explore?days=7&vs=previous"])
def test_on_paper_the_numbers_stand_without_the_menu_and_break_at_no_row(
    hub: Hub, serve: Callable[..., str], browse: Callable[..., Page], path: str
) -> None:
    page = browse(viewport=LAPTOP)
    base = serve(hub.app)
    log_in(page, base)
    page.goto(f"{base}{path}")
    shown = [one.strip() for one in page.locator("main .number").all_inner_texts()]
    printed = page.pdf(format="A4", print_background=False)
    SHOTS.mkdir(parents=True, exist_ok=True)
    (SHOTS / f"outs-{path.split('/')[2].partition('?')[0]}.pdf").write_bytes(printed)
    document = pypdfium2.PdfDocument(printed)
    assert 1 <= len(document) <= 6
    text = " ".join(sheet.get_textpage().get_text_range() for sheet in document)
    document.close()
    plain = re.sub(r"\s+", "", text)
    for one in shown[:6]:
        assert re.sub(r"\s+", "", one.partition("*")[0]) in plain
    for menu in ("Log out", "Who changed what"):
        assert re.sub(r"\s+", "", menu) not in plain

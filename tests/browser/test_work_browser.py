"""Long work and other programs in a real browser: progress without a reload, on laptop and phone, in both languages, by axe."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from access import faults, log_in, violations
from playwright.sync_api import Page, expect

from hub.app import Hub
from hub.client.clock import Clock
from hub.config import Config
from hub.outside.keys import make_key
from hub.outside.webhooks import add_webhook, try_webhook, work_webhooks
from hub.people import add_manager
from hub.roles import Role
from hub.work import claim, keep_upload, submit
from hub.working import Worker
from tests.hub_house import NOON, House

LAPTOP = {"width": 1280, "height": 860}
PHONE = {"width": 390, "height": 844}
PASSWORD = "seven green kettles"
WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    house = House(tmp_path)
    add_manager(house.store, "Ines", PASSWORD, NOON, who="test", role=Role.OWNER)
    house.close()
    clock = Clock(wall=lambda: NOON + 60, ntp=lambda: True)
    made = Hub(Config(tmp_path, worker=False), clock=clock, with_site=False)
    yield made
    made.close()


def furnish(hub: Hub) -> None:
    store = hub.store
    for kind in ("verify", "rebuild", "export"):
        submit(store, kind, {}, "Ines", NOON)
    with store.writing():
        made = submit(store, "import", {"kind": "products", "dry_run": True}, "Ines", NOON)
        text = b"code,name,price\n1,Tea,2.50\n2,,dear\n1,Milk,1\n"
        keep_upload(store, made.id, "import.csv", iter([text]), NOON)
    while Worker(store, hub.config, now=lambda: NOON + 30).once():
        pass
    submit(store, "verify", {}, "Ines", NOON + 40)
    work = claim(store, "w", ["verify"], NOON + 50)
    assert work is not None
    store.work.progress(work.id, work.attempt, 12_500, 100_000, "events", "deriving")
    for name in ("Stock", "Accounts"):
        assert isinstance(make_key(store, name, ["read", "export_data"], "Ines", NOON), tuple)
        hook = add_webhook(
            store, hub.key, name, f"https://127.0.0.1:9/{name}", ["coupon.redeemed"], "Ines", NOON
        )
        assert isinstance(hook, tuple)
    try_webhook(store, 1, NOON)
    work_webhooks(store, hub.config, NOON)


@pytest.mark.timeout(120)
def test_the_pages_of_work_and_other_programs_are_for_everybody(
    hub: Hub, serve: Callable[..., str], browse: Callable[..., Page], shots: Callable[..., Path]
) -> None:
    furnish(hub)
    base = serve(hub.app)
    page = browse(viewport=LAPTOP)
    log_in(page, base)
    for language, name, viewport in (
        *(("en", "laptop", LAPTOP), ("zh", "laptop", LAPTOP), ("en", "phone", PHONE), ("zh", "phone", PHONE)),
    ):
        page.set_viewport_size(viewport)  # type: ignore[arg-type]
        for path in ("work", "work/4", "work/5", "outside", "outside/webhooks/1"):
            page.goto(f"{base}/manage/{path}?lang={language}")
            shots(page, f"{path.replace('/', '-')}-{language}-{name}")
            assert page.evaluate(WIDER) <= 0, f"{path} runs over the side of a {name} in {language}"
            assert violations(page) == [], (path, language, name)
            assert faults(page) == [], (path, language, name)


@pytest.mark.timeout(120)
def test_progress_moves_by_itself_and_says_when_it_is_done(
    hub: Hub, serve: Callable[..., str], browse: Callable[..., Page]
) -> None:
    base = serve(hub.app)
    page = browse(viewport=LAPTOP)
    log_in(page, base)
    page.goto(f"{base}/manage/work?lang=en")
    page.get_by_role("button", name="Derive everything again").click()
    expect(page.get_by_text("waits for a worker")).to_be_visible()
    work = claim(hub.store, "w", ["rebuild"], NOON)
    assert work is not None
    hub.store.work.progress(work.id, work.attempt, 500, 2_000, "events", "deriving")
    expect(page.get_by_text("500 of 2,000 events")).to_be_visible()
    assert hub.store.work.end(work.id, work.attempt, "done", '{"events":2000,"changed":0,"held_s":0.1}', NOON)
    expect(page.get_by_text("2,000 events; 0 rows changed")).to_be_visible()
    page.goto(f"{base}/manage/outside?lang=en")
    page.get_by_label("For which program").first.fill("Stock")
    page.get_by_role("button", name="Make the key").click()
    expect(page.get_by_text("It is shown only now.")).to_be_visible()
    assert (page.locator("code.secret").text_content() or "").startswith("sbk_")

"""A manager draws a care plan in the browser; a month goes by; its page says who stands where and what it changed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from access import log_in, violations
from flask import Flask
from playwright.sync_api import Page, expect

from hub.admin import create_admin
from hub.people import add_manager
from hub.pepper import hub_pepper
from tests.hub_office import PASSWORD
from tests.prove._care_paths import Walk
from tests.prove._care_world import REGULAR, World
from tests.prove.care import same, wrong_counts, wrong_messages

LAPTOP = {"width": 1280, "height": 860}
PHONE = {"width": 390, "height": 844}
SPRING = datetime(2027, 3, 1)  # noqa: DTZ001 - by the shop's clock
MEMBERS = 30


@pytest.mark.timeout(240)
def test_a_plan_that_a_manager_draws_is_walked_for_a_month_as_it_was_drawn(
    tmp_path: Path,
    serve: Callable[..., str],
    browse: Callable[..., Page],
    shots: Callable[..., Path],
) -> None:
    world = World(tmp_path, SPRING, MEMBERS, 5, deaths=0, plan=False)
    house = world.house
    assert add_manager(house.store, "Ines", PASSWORD, house.now, who="test") is None
    app = Flask("office")
    pages = create_admin(house.store, house.key, pepper=lambda: hub_pepper(tmp_path), now=lambda: house.now)
    app.register_blueprint(pages, url_prefix="/manage")
    base = serve(app)
    page = browse(viewport=LAPTOP, java_script_enabled=False)
    log_in(page, base)

    number = draw(page, base)
    shots(page, "care-edit-en-laptop")
    page.get_by_role("button", name="Publish", exact=True).click()
    expect(page.get_by_text("Published. Members go in from now on.")).to_be_visible()
    world.numbers = [number]

    world.run()
    runs = [(run, house.store.care.path(run.run)) for run in house.runs(number)]
    record = house.store.care.plan(number)
    assert record is not None
    drawn = world.plan_json(number)
    ways = {run.member: [(line.at, line.step, line.outcome) for line in path] for run, path in runs}
    for story in world.stories.values():
        expected = Walk(drawn, record.salt, world.rules, story, REGULAR, world.end).walked()
        assert same(expected, ways.get(story.member, [])), (expected, ways.get(story.member))
    stops = {one.member: one.withdrew for one in world.stories.values()}
    assert wrong_messages(world.rules, world.sent, stops) == []
    assert wrong_counts(runs, world.sent) == []
    assert any(run.control for run, _ in runs)
    assert any(one.plan for one in world.sent)

    # A session does not last for a month.
    log_in(page, base)
    page.goto(f"{base}/manage/plans/{number}?lang=en")
    expect(page.get_by_role("heading", level=1)).to_have_text("After the second visit")
    expect(page.get_by_text("It is too early to tell what this plan changes.")).to_be_visible()
    state = page.context.storage_state()
    for language, name, viewport in (("en", "laptop", LAPTOP), ("zh", "phone", PHONE)):
        scheme = "dark" if name == "phone" else "light"
        there = browse(viewport=viewport, storage_state=state, color_scheme=scheme)
        for path, what in (
            (f"/plans/{number}", "plan"),
            (f"/plans/{number}/edit", "edit"),
            (f"/plans/{number}/steps/p1", "step"),
            (f"/plans/{number}/runs/{runs[0][0].run}", "run"),
            ("/plans", "plans"),
            ("/tasks", "tasks"),
            ("/quiet", "quiet"),
        ):
            there.goto(f"{base}/manage{path}?lang={language}")
            wider = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            assert there.locator("nav.menu").count() == 1, f"{what} is not shown"
            assert there.evaluate(wider) <= 0, f"{what} in {language} runs over the side of a {name}"
            shots(there, f"care-{what}-{language}-{name}")
            assert violations(there) == [], what
    house.close()


def draw(page: Page, base: str) -> int:
    """Enter after the second visit, wait two days, part by segment: a task for staff or a text message with a coupon; a control
    group of ten per cent. The plan's number."""
    page.goto(f"{base}/manage/plans")
    page.get_by_role("button", name="An empty plan").click()
    number = int(page.url.split("/plans/")[1].split("/")[0])
    page.get_by_label("What it is called").fill("After the second visit")
    page.get_by_label("For the how many-th time").fill("2")
    page.get_by_label("Control group, per cent of the members").fill("10")
    page.get_by_label("Compare over so many days after they came in").fill("7")
    page.get_by_role("button", name="Save", exact=True).click()

    put_in(page, "at the beginning", "Wait")
    page.get_by_label("Days", exact=True).fill("2")
    save(page)
    put_in(page, "after: Wait 2 days", "Part ways")
    page.get_by_label("Way 1: whoever").select_option(label="in Regulars")
    save(page)
    put_in(page, "after: Part ways (in Regulars)", "Task for staff")
    page.get_by_label("What staff are to do when they see the member · English").fill(
        "Greet, ask what they liked"
    )
    page.get_by_label("What staff are to do when they see the member · 中文").fill("问好，问问喜欢什么")
    for place, (en, zh) in enumerate((("Liked it", "满意"), ("Something was missing", "还有不足")), 1):
        page.get_by_label(f"Outcome {place} · English").fill(en)
        page.get_by_label(f"Outcome {place} · 中文").fill(zh)
    page.get_by_label("Within so many days").fill("6")
    save(page)
    put_in(page, "after: Part ways (everybody else)", "Coupon")
    page.get_by_label("Coupon of which offer").select_option(label="Offer 2")
    save(page)
    put_in(page, "after: Coupon: Offer 2", "Message")
    page.get_by_label("What it says · English").fill("Thank you for coming again. For you: {coupon}")
    page.get_by_label("What it says · 中文").fill("感谢再次光临，送您一份心意：{coupon}")
    save(page)
    return number


def put_in(page: Page, where: str, what: str) -> None:
    page.get_by_label("Put a step in").select_option(label=where)
    page.get_by_label("What it does").select_option(label=what)
    page.get_by_role("button", name="Put it in").click()


def save(page: Page) -> None:
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Saved as a draft.")).to_be_visible()

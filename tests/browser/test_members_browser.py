"""Members over time in a real browser: laptop and phone, both languages, with and without members, judged by axe."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from access import log_in, violations
from playwright.sync_api import Page

from hub.app import Hub
from hub.client.clock import Clock
from hub.config import read_config
from hub.people import add_manager
from hub.wire.events import ConsentGiven, Fact, VisitClosed
from tests.hub_house import NOON, House
from tests.hub_office import PASSWORD

DAY_S = 86_400.0
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC).timestamp()
LAPTOP = {"width": 1280, "height": 860}
PHONE = {"width": 390, "height": 844}


def tell(house: House) -> None:
    """Members who join over nine months, some of whom come back."""
    rnd = random.Random(1)
    door = house.node("edge", "Door")
    facts: list[tuple[float, Fact]] = []
    for number in range(260):
        member, at = f"member-{number:04d}", NOW - rnd.random() * 270 * DAY_S
        agreed = ConsentGiven(
            member=member,
            purpose="recognise",
            text="I agree.",
            text_version="1",
            language="en",
            place="kiosk",
        )
        facts.append((at, agreed))
        while rnd.random() < 0.6:
            at += rnd.expovariate(1 / 25) * DAY_S
            if at < NOW:
                stay = VisitClosed(
                    id="v", zone="door", arrived_at=at, departed_at=at + 60, dwell_s=60.0, peak_dbm=-60, known=member
                )  # fmt: skip
                facts.append((at, stay))
    for at, fact in sorted(facts, key=lambda one: one[0]):
        door.report(fact, at=at)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("has_members", [True, False])
def test_members_over_time_are_fit_for_everybody(
    tmp_path: Path,
    serve: Callable[..., str],
    browse: Callable[..., Page],
    shots: Callable[..., Path],
    has_members: bool,
) -> None:
    house = House(tmp_path)
    add_manager(house.store, "Ines", PASSWORD, NOON, who="test")
    if has_members:
        tell(house)
    house.close()
    hub = Hub(
        read_config({"HUB_DIR": str(tmp_path), "HUB_URL": "https://shop.example"}),
        clock=Clock(wall=lambda: NOW, ntp=lambda: True),
        with_site=False,
    )
    base = serve(hub.app)
    page = browse(viewport=LAPTOP)
    log_in(page, base)
    state = page.context.storage_state()
    for language, name, viewport in (("en", "laptop", LAPTOP), ("zh", "phone", PHONE)):
        scheme = "dark" if name == "phone" else "light"
        there = browse(viewport=viewport, storage_state=state, color_scheme=scheme)
        there.goto(f"{base}/manage/members-over-time?lang={language}")
        assert there.locator("table.cohorts tbody tr").count() == (10 if has_members else 0)
        wider = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert there.evaluate(wider) <= 0, f"the page in {language} runs over the side of a {name}"
        shots(there, f"members-{'' if has_members else 'none-'}{language}-{name}")
        assert violations(there) == []
    hub.close()

"""The manager's side of the counter in a real browser: typed, looked at on laptop and phone, in both languages, judged by axe."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from access import log_in, violations
from playwright.sync_api import Locator, Page, expect

from hub.app import Hub
from hub.client.clock import Clock
from hub.config import read_config
from hub.people import add_manager, add_staff
from hub.pepper import hub_pepper
from hub.wire.conditions import All, Hours, IsMember, Not, Spends
from hub.wire.snapshot import Offer, Value
from tests.hub_house import NOON, House, alone, campaign

LAPTOP = {"width": 1280, "height": 860}
PHONE = {"width": 390, "height": 844}
PASSWORD = "seven green kettles"


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[tuple[Hub, str]]:
    """A shop in which something has happened at the counter; and the serial of a coupon that was accepted twice."""
    house = House(tmp_path)
    store = house.store
    add_manager(store, "Ines", PASSWORD, NOON, who="test")
    for name in ("Ann", "Ben"):
        add_staff(store, name, None, NOON, who="test", pepper=hub_pepper(tmp_path))
    shop = store.shop.get()
    assert shop is not None
    open_hours = (Hours((0, 1, 2, 3, 4), 540, 1_080), Hours((5,), 600, 840))
    store.shop.save(msgspec.structs.replace(shop, hours=open_hours, currency="EUR"), NOON)
    tart = Offer(
        {"en": "A warm cherry tart", "zh": "温热樱桃挞"},
        {"en": "With every coffee, until noon.", "zh": "中午前，每杯咖啡附送一份。"},
        Value("gift", 120),
    )
    lot = campaign(
        2, offer=tart, issue_limit=200, hours=open_hours, per_day_limit=40, gtin="4006381333931",
        condition=All((Spends(2_000), Not(IsMember()))),
    )  # fmt: skip
    house.publish(lot)
    till, other = house.node(name="Till 1"), house.node(name="Till 2")
    till.send()
    other.send()
    twice, _ = till.mint()
    till.report(twice, alone(twice, "nonce-a01", staff="s1", till="Till 1"))
    other.report(alone(twice, "nonce-b01", staff="s2", till="Till 2"))
    for place in range(3):
        fact, token = till.mint()
        till.report(fact, alone(fact, f"nonce-m{place}", staff="s1", member="member-0001", till="Till 1"))
    fact, token = till.mint()
    till.report(fact)
    assert till.reserve(token, "hold-nonce").refusal is None
    house.close()
    hub = Hub(
        read_config({"HUB_DIR": str(tmp_path), "HUB_URL": "https://shop.example"}),
        clock=Clock(wall=lambda: NOON + 60, ntp=lambda: True),
        with_site=False,
    )
    yield hub, twice.serial
    hub.close()


def shown_in(page: Page) -> Locator:
    """The shopper's page in the frame beside the form."""
    return page.frame_locator("#shown").frame_locator("iframe").locator("main")


@pytest.mark.timeout(240)
def test_every_page_of_the_counter_is_fit_for_everybody(
    shop: tuple[Hub, str], serve: Callable[..., str], browse: Callable[..., Page], shots: Callable[..., Path]
) -> None:
    hub, serial = shop
    base = serve(hub.app)
    page = browse(viewport=LAPTOP)
    log_in(page, base)
    state: Any = page.context.storage_state()
    pages = {
        "today": "/", "offer": "/offers/2", "new": "/offers/new", "paper": "/offers/2/paper", "coupons": "/coupons",
        "coupon": f"/coupons?q={serial}", "recall": "/coupons/recall", "keys": "/keys", "staff": "/staff", "shop": "/shop",
    }  # fmt: skip
    for language, name, viewport in (("en", "laptop", LAPTOP), ("zh", "phone", PHONE)):
        scheme = "dark" if name == "phone" else "light"
        there = browse(viewport=viewport, storage_state=state, color_scheme=scheme)
        for what, path in pages.items():
            there.goto(f"{base}/manage{path}{'&' if '?' in path else '?'}lang={language}")
            for details in there.locator("main details").all():
                details.evaluate("one => { one.open = true; }")
            wider = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            assert there.evaluate(wider) <= 0, f"{what} in {language} runs over the side of a {name}"
            shots(there, f"office-{what}-{language}-{name}")
            assert violations(there) == [], what


@pytest.mark.timeout(60)
def test_a_manager_types_conditions_without_a_script_and_sees_them_in_words(
    shop: tuple[Hub, str], serve: Callable[..., str], browse: Callable[..., Page], shots: Callable[..., Path]
) -> None:
    hub, _ = shop
    base = serve(hub.app)
    page = browse(viewport=LAPTOP, java_script_enabled=False)
    log_in(page, base)
    page.goto(f"{base}/manage/offers/new?lang=en")
    page.get_by_label(re.compile("^What it is")).first.fill("A birthday voucher")
    page.get_by_label("A voucher, spent in parts").check()
    page.get_by_label("What is on it, in EUR").fill("25")
    page.locator("#fold-hours > summary").click()
    page.locator("#fold-condition > summary").click()
    page.get_by_label("Monday").first.fill("9 to 11")
    page.get_by_label("A purchase that is large enough").select_option("must")
    page.get_by_label("At least, in EUR", exact=True).fill("twenty")
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_role("alert")).to_contain_text("2 things are not right yet")
    expect(page.locator("#offline")).to_contain_text("It is set that way now; save again.")
    shots(page, "office-voucher-fault-en")
    expect(page.get_by_label("At least, in EUR", exact=True)).to_have_value("twenty")
    page.get_by_label("At least, in EUR", exact=True).fill("20")
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_role("status")).to_contain_text("Published")
    expect(shown_in(page)).to_contain_text("On purchases of €20 or more")
    made = hub.store.campaigns.all()[0].campaign
    assert (made.offline, made.condition, made.hours) == ("refuse", Spends(2_000), (Hours((0,), 540, 660),))


@pytest.mark.timeout(60)
def test_the_words_follow_what_is_typed(
    shop: tuple[Hub, str], serve: Callable[..., str], browse: Callable[..., Page]
) -> None:
    hub, _ = shop
    base = serve(hub.app)
    page = browse(viewport=LAPTOP)
    log_in(page, base)
    page.goto(f"{base}/manage/offers/new?lang=en")
    page.locator("#fold-condition > summary").click()
    page.get_by_label("A member redeems it").select_option("must")
    expect(shown_in(page)).to_contain_text("member")
    page.locator("#fold-often > summary").click()
    page.get_by_label("Good once so many have taken it").fill("50")
    expect(shown_in(page)).to_contain_text("50")


@pytest.mark.timeout(60)
def test_a_manager_takes_one_of_two_acceptances_back_by_touch(
    shop: tuple[Hub, str], serve: Callable[..., str], browse: Callable[..., Page], shots: Callable[..., Path]
) -> None:
    hub, serial = shop
    base = serve(hub.app)
    page = browse(viewport=PHONE, has_touch=True)
    log_in(page, base)
    page.goto(f"{base}/manage/coupons?lang=en#conflicts")
    expect(page.locator("#conflicts")).to_contain_text("€5")
    page.locator("#conflicts").get_by_role("link", name="Offer 1").tap()
    second = page.locator(".timeline li", has_text="Accepted a second time")
    second.get_by_text("Take this back…").tap()
    second.get_by_label("Why?").fill("given twice")
    second.get_by_role("button", name="Take it back").tap()
    expect(page.get_by_role("status")).to_contain_text("Taken back")
    expect(page.locator(".timeline")).to_contain_text("given twice")
    shots(page, "office-coupon-reversed-en-phone")
    assert all(one.settled_at for one in hub.store.counter.conflicts() if one.serial == serial)

"""Members in a real Chromium: joining and their own page on a phone, the question at the screen, the card at the till."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from access import faults, violations
from conftest import KIOSK_TALL, KIOSK_WIDE, PHONE, SMALL_PHONE
from kiosk_shop import COFFEE, PIN
from member_house import CODE, NUMBER, MemberHouse
from member_shop import MemberShop, member_shop_in
from playwright.sync_api import Page, expect
from till_counter import more_offers

from hub.members.consent import standing
from hub.members.erasing import forget_asked
from hub.purse.moves import grant
from hub.purse.ruling import set_rules
from hub.wire.purse_rules import PurseRules
from kiosk.app import create_app

Browse = Callable[..., Page]
Serve = Callable[..., str]
Shots = Callable[..., Path]

SLOW_MS = 20_000
"""How long a page may take on a machine that is busy with other things."""

LOCALES = {"en": "en-GB", "zh": "zh-CN"}
TILL = {"width": 1024, "height": 600}
WORDS = {
    "en": {"join": "Join", "no": "No, thank you", "yes": "Yes, text me", "confirm": "Confirm and join", "days": "30 days",
           "stop": "Stop all messages", "leave": "Leave and be forgotten", "forget": "Forget me", "gone": "You are forgotten",
           "save": "Save", "ask": "Ask the guest", "redeem": "Redeem for this member", "in": "Sign in"},
    "zh": {"join": "加入", "no": "不用，谢谢", "yes": "要，发给我", "confirm": "确认并加入", "days": "30 天",
           "stop": "停止所有消息", "leave": "退出并删除一切", "forget": "忘记我", "gone": "本店已忘记您",
           "save": "保存", "ask": "询问客人", "redeem": "为这位会员核销", "in": "登录"},
}  # fmt: skip


@pytest.fixture
def house(tmp_path: Path) -> Iterator[MemberHouse]:
    made = MemberHouse(tmp_path)
    yield made
    made.close()


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[MemberShop]:
    with member_shop_in(tmp_path) as made:
        more_offers(made)
        yield made


def fine(page: Page, *, least: float = 24) -> None:
    assert faults(page, least_target_px=least) == []
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def join_with_number(page: Page, base: str, language: str) -> None:
    """On a phone: the form, the code, the member's own page."""
    words = WORDS[language]
    page.goto(f"{base}/join")
    page.locator("#phone_number").fill(NUMBER)
    page.get_by_text(words["yes"]).click()
    page.get_by_role("button", name=words["join"], exact=True).click()
    page.locator("#typed").fill(CODE)
    page.get_by_role("button", name=words["confirm"]).click()
    page.wait_for_url("**/me/*")


@pytest.mark.parametrize(("language", "scheme"), [("en", "light"), ("zh", "dark")])
def test_a_members_page_on_a_phone_can_be_read_by_everybody(
    house: MemberHouse, serve: Serve, browse: Browse, shots: Shots, language: str, scheme: str
) -> None:
    base = serve(house.site)
    size = PHONE if scheme == "light" else SMALL_PHONE
    page = browse(viewport=size, locale=LOCALES[language], color_scheme=scheme, java_script_enabled=True)
    page.goto(f"{base}/join")
    fine(page)
    shots(page, f"member-join-{language}-{scheme}")
    join_with_number(page, base, language)
    (member,) = house.members()
    rules = PurseRules(points_each=1, earn_cents=100, worth_points=100, worth_cents=100, stored=True)
    set_rules(house.store, rules, by="Ines", now=house.now, clock="ntp")
    for unit, amount in (("points", 1_240), ("cents", 1_550)):
        grant(
            house.store,
            member,
            unit,
            amount,
            nonce=f"gift-{unit}",
            why="office",
            by="Ines",
            now=house.now,
            clock="ntp",
        )
    page.goto(base + house.way_to(member))
    expect(page.get_by_text("1240")).to_be_visible(timeout=SLOW_MS)
    fine(page)
    shots(page, f"member-page-{language}-{scheme}")
    page.get_by_role("link", name=WORDS[language]["leave"]).click()
    fine(page)
    shots(page, f"member-erase-{language}-{scheme}")
    page.goto(f"{base}/me/")
    fine(page)
    shots(page, f"member-door-{language}-{scheme}")
    page.goto(f"{base}{house.way_to(member, 'leave')}")
    fine(page)
    assert page.context.cookies() == []


@pytest.mark.parametrize(("language", "scripts"), [("en", False), ("zh", True)])
def test_a_member_pauses_takes_everything_along_and_leaves_in_the_browser(
    house: MemberHouse, serve: Serve, browse: Browse, shots: Shots, language: str, scripts: bool
) -> None:
    words, base = WORDS[language], serve(house.site)
    page = browse(locale=LOCALES[language], java_script_enabled=scripts)
    join_with_number(page, base, language)
    (member,) = house.members()
    house.now += 1
    page.locator("#name").fill("李雷 <b>")
    page.get_by_role("button", name=words["save"], exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("李雷", timeout=SLOW_MS)
    page.get_by_role("button", name=words["days"]).click()
    page.wait_for_url("**done=paused**")
    assert not standing(house.store, member, "messages", "sms", house.now)
    assert standing(house.store, member, "messages", "sms", house.now + 31 * 86_400)
    exported = page.locator("a[href*='/export/json']").get_attribute("href")
    whole = page.request.get(base + str(exported))
    assert NUMBER in json.dumps(json.loads(whole.body()), ensure_ascii=False)
    page.locator("a[href*='/export/html']").click()
    if scripts:
        fine(page)
        shots(page, f"member-kept-{language}")
    page.go_back()
    house.now += 1
    page.get_by_role("button", name=words["stop"]).click()
    assert not standing(house.store, member, "messages", "sms", house.now + 31 * 86_400)
    page.get_by_role("link", name=words["leave"]).click()
    page.get_by_role("button", name=words["forget"]).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(words["gone"], timeout=SLOW_MS)
    forget_asked(house.store, house.folder, house.now)
    assert house.doors.book.profile(member) is None
    page.go_back()
    page.reload()
    assert NUMBER not in page.content()


@pytest.mark.parametrize(("viewport", "language"), [(KIOSK_TALL, "en"), (KIOSK_WIDE, "zh")])
def test_a_card_is_made_at_the_screen_and_nothing_of_it_stays(
    shop: MemberShop, serve: Serve, browse: Browse, shots: Shots, viewport: dict[str, int], language: str
) -> None:
    counter, _ = shop.till()
    page = browse(viewport=viewport, locale=LOCALES[language], has_touch=True)
    base = serve(create_app(counter))
    page.goto(base)
    page.locator("a[href*='/join']").first.tap()
    page.wait_for_url("**/join?*")
    expect(page.get_by_role("heading", level=1)).to_be_visible(timeout=SLOW_MS)
    fine(page, least=60)
    shots(page, f"member-kiosk-join-{language}", full_page=False)
    page.get_by_role("button", name=WORDS[language]["join"], exact=True).tap()
    page.wait_for_url("**/join/card/**", timeout=SLOW_MS)
    code = page.locator(".code.long").inner_text()[-19:]
    fine(page, least=60)
    shots(page, f"member-kiosk-card-{language}", full_page=False)
    address = page.url
    page.locator("a[href*='/wipe']:visible").first.tap()
    page.wait_for_url(lambda url: "/join" not in url)
    page.goto(address)
    assert code not in page.content()
    assert page.context.cookies() == []


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_till_asks_the_screen_shows_the_question_and_the_guest_answers_there(
    shop: MemberShop, serve: Serve, browse: Browse, shots: Shots, language: str
) -> None:
    counter, _ = shop.till()
    words, base = WORDS[language], serve(create_app(counter))
    screen = browse(viewport=KIOSK_TALL, locale=LOCALES[language], has_touch=True)
    screen.goto(base)
    till = browse(viewport=TILL, locale=LOCALES[language])
    till.goto(f"{base}/till")
    till.get_by_text("Ada").click()
    till.locator("#pin").fill(PIN)
    till.get_by_role("button", name=words["in"]).click()
    till.goto(f"{base}/till/members")
    fine(till, least=44)
    shots(till, f"member-till-{language}", full_page=False)
    till.get_by_role("button", name=words["ask"]).click()
    till.wait_for_url("**/till/asked/**")
    fine(till, least=44)
    shots(till, f"member-till-asked-{language}", full_page=False)
    # The screen goes to the question by itself.
    screen.wait_for_url(re.compile(r"/join\?.*i="), timeout=SLOW_MS)
    assert counter.asking.waiting(counter.clock.now()) is not None
    screen.get_by_role("button", name=words["join"], exact=True).tap()
    screen.wait_for_url("**/join/card/**", timeout=SLOW_MS)
    counter.exchange.drain()
    till.wait_for_url("**/till/member/**", timeout=SLOW_MS)
    (row,) = shop.store.register.page(5)
    given = counter.desk.take(COFFEE, counter.random(16).hex(), counter.clock.now(), member=row.member)
    assert given is not None
    counter.exchange.drain()
    till.goto(f"{base}/till/members")
    till.locator("#text").fill(screen.locator(".code.long").inner_text()[-19:])
    till.keyboard.press("Enter")
    expect(till.get_by_role("heading", name=words["redeem"])).to_be_visible(timeout=SLOW_MS)
    shots(till, f"member-till-card-{language}", full_page=False)
    fine(till, least=44)
    till.locator("button.own-coupon").click()
    expect(till.locator("main .word")).to_be_visible(timeout=SLOW_MS)
    assert shop.store.ledger.acts_of_member(row.member, 5)

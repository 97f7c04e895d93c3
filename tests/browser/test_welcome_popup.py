"""The pop-up as a small phone shows it: no script, no cookie, no storage; in both languages, by day and by night."""

from __future__ import annotations

import re
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import msgspec
import pytest
import zxingcpp
from access import faults, violations
from camera import picture_of
from PIL import Image
from playwright.sync_api import Page, expect
from storefront_desk import SHOP, FakeDesk, little_shop
from welcome_door import CODE, SMS_CODE, Door, FakeKeeper, FakeWays

from hub.wire.coupon import show_code

Serve = Callable[[object], str]
Browse = Callable[..., Page]
Shots = Callable[..., Path]

POPUP = {"width": 360, "height": 640}
NOTHING = {"java_script_enabled": False, "device_scale_factor": 2, "viewport": POPUP}
LOCALES = {"en": "en-GB", "zh": "zh-CN"}
WORDS = {
    "en": {
        "yes": "Remember me and let me in",
        "no": "Just let me in",
        "longer": "Stay longer",
        "leave": "Leave",
        "forget": "Forget me",
        "forgotten": "You are forgotten",
        "in": "You are in until",
        "code": "I have a code",
        "enter": "Let me in",
    },
    "zh": {
        "yes": "记住我，让我上网",
        "no": "直接让我上网",
        "longer": "延长时间",
        "leave": "离开",
        "forget": "忘记我",
        "forgotten": "已经忘记您了",
        "in": "已连上，有效至",
        "code": "我有代码",
        "enter": "让我上网",
    },
}


def seen_token(page: Page) -> str:
    """The QR on the screen, read as a till's camera reads it."""
    with Image.open(BytesIO(picture_of(page))) as picture:
        (found,) = zxingcpp.read_barcodes(picture)
    return str(found.text)


def without_cookies(page: Page) -> list[str]:
    """What the page asks for; every cookie that is offered is a failure."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("response", lambda answer: asked.append("cookie!") if "set-cookie" in answer.headers else None)
    return asked


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("internet", [True, False])
def test_one_screen_has_the_offer_its_coupon_and_both_buttons(
    serve: Serve, browse: Browse, shots: Shots, language: str, scheme: str, internet: bool
) -> None:
    door = Door(keeper=FakeKeeper(internet=internet))
    page = browse(**NOTHING, locale=LOCALES[language], color_scheme=scheme)
    asked = without_cookies(page)
    home = serve(door.app)
    page.goto(home)
    shots(page, f"welcome-{language}-{scheme}{'' if internet else '-offline'}", full_page=False)
    (issued,) = door.desk.issued.values()
    assert seen_token(page) == issued.token
    expect(page.locator(".code")).to_contain_text(show_code(issued.code))
    boxes = []
    for answer in ("yes", "no"):
        button = page.get_by_role("button", name=WORDS[language][answer], exact=True)
        box = button.bounding_box()
        assert box
        assert box["y"] >= 0
        assert box["y"] + box["height"] <= POPUP["height"], "no scrolling to the buttons"
        style = button.evaluate(
            "e => { const s = getComputedStyle(e); return [s.color, s.backgroundColor, s.fontSize, s.fontWeight] }"
        )
        boxes.append((box["width"], box["height"], box["y"], *style))
    assert boxes[0] == boxes[1], "both answers weigh the same"
    code = page.locator(".code").bounding_box()
    assert code
    assert code["y"] + code["height"] < POPUP["height"]
    assert [url for url in asked if not url.startswith("data:")] == [home + "/"], "nothing loads twice"
    assert faults(page) == []


@pytest.mark.parametrize(("language", "scheme"), [("en", "light"), ("zh", "dark")])
def test_a_guest_comes_in_stays_longer_leaves_comes_back_and_is_forgotten(
    serve: Serve, browse: Browse, shots: Shots, language: str, scheme: str
) -> None:
    words = WORDS[language]
    door = Door()
    page = browse(**NOTHING, locale=LOCALES[language], color_scheme=scheme)
    asked = without_cookies(page)
    home = serve(door.app)
    page.goto(home)
    coupon = seen_token(page)
    page.get_by_role("button", name=words["yes"]).click()
    expect(page).to_have_url(home + "/in")
    expect(page.locator("h1")).to_contain_text(words["in"])
    expect(page.locator(".keep .code")).to_have_text(show_code(CODE))
    assert faults(page) == []
    picture = shots(page, f"welcome-in-{language}-{scheme}")
    with Image.open(picture) as seen:
        read = {found.text for found in zxingcpp.read_barcodes(seen)}
    assert read == {coupon, f"http://portal.internal/m/{CODE}"}, "the same coupon, and the way back"

    page.get_by_role("button", name=words["longer"]).click()
    expect(page.locator("h1")).to_contain_text("14:00")
    page.get_by_role("button", name=words["leave"], exact=True).click()
    expect(page.get_by_role("status")).to_be_visible()
    assert door.keeper.stays == {}
    assert seen_token(page) == coupon
    assert faults(page) == []
    shots(page, f"welcome-left-{language}-{scheme}", full_page=False)

    page.get_by_role("link", name=words["code"]).click()
    page.locator("#typed").fill(show_code(CODE).lower())
    assert faults(page) == []
    shots(page, f"welcome-member-{language}-{scheme}")
    page.locator("#typed").fill(show_code(CODE))
    page.get_by_role("button", name=words["enter"]).click()
    expect(page).to_have_url(home + "/in")
    assert door.ways.joined[-1].way == "member"

    page.get_by_role("link", name=words["forget"]).click()
    assert faults(page) == []
    shots(page, f"welcome-forget-{language}-{scheme}")
    page.locator("#typed").fill(show_code(CODE))
    page.get_by_role("button", name=words["forget"]).click()
    expect(page.locator("h1")).to_contain_text(words["forgotten"])
    assert faults(page) == []
    shots(page, f"welcome-forgotten-{language}-{scheme}")
    assert door.ways.members == set()
    assert "cookie!" not in asked
    assert all(url.startswith((home, "data:")) for url in asked)
    assert page.context.cookies() == []


def test_refusing_costs_nothing(serve: Serve, browse: Browse) -> None:
    seen = {}
    for answer in ("yes", "no"):
        door = Door()
        page = browse(**NOTHING)
        page.goto(serve(door.app))
        page.get_by_role("button", name=WORDS["en"][answer], exact=True).click()
        expect(page.locator("h1")).to_contain_text("You are in until 13:00")
        page.locator(".keep").evaluate_all("all => all.forEach(e => e.remove())")
        seen[answer] = (page.locator("main").inner_text(), [grant for _, grant in door.keeper.let])
    assert seen["yes"] == seen["no"]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_number_and_its_code(serve: Serve, browse: Browse, shots: Shots, language: str) -> None:
    door = Door(ways=FakeWays(("sms", "member")))
    door.desk.line = {}
    page = browse(**NOTHING, locale=LOCALES[language])
    home = serve(door.app)
    page.goto(home)
    assert faults(page) == []
    shots(page, f"welcome-number-{language}")
    page.locator("#phone_number").fill("0170")
    page.get_by_role("button", name=WORDS[language]["no"], exact=True).click()
    expect(page.locator("#phone_number")).to_have_value("0170")
    expect(page.locator("#phone_number-wrong")).to_be_visible()
    assert faults(page) == []
    shots(page, f"welcome-number-wrong-{language}")
    page.locator("#phone_number").fill("+49 170 1234567")
    page.get_by_role("button", name=WORDS[language]["no"], exact=True).click()
    page.locator("#typed").fill(SMS_CODE)
    assert faults(page) == []
    shots(page, f"welcome-number-code-{language}")
    page.get_by_role("button", name=WORDS[language]["enter"], exact=True).click()
    expect(page).to_have_url(home + "/in")
    assert [entry.remember for entry in door.ways.joined] == [False]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_limited_lot_is_taken_by_a_button_and_then_stands_there(
    serve: Serve, browse: Browse, shots: Shots, language: str
) -> None:
    desk = little_shop()
    desk.running = [msgspec.structs.replace(desk.running[0], issue_limit=5)]
    page = browse(**NOTHING, locale=LOCALES[language])
    home = serve(Door(desk=desk).app)
    page.goto(home)
    assert faults(page) == []
    shots(page, f"welcome-limited-{language}", full_page=False)
    assert desk.issued == {}
    page.locator(".ticket button").click()
    expect(page).to_have_url(re.compile("/coupon/"))
    (issued,) = desk.issued.values()
    page.goto(home)
    assert seen_token(page) == issued.token


@pytest.mark.parametrize("language", ["en", "zh"])
def test_without_an_offer_and_without_a_gate(
    serve: Serve, browse: Browse, shots: Shots, language: str
) -> None:
    for name, door in (
        ("no-offer", Door(desk=FakeDesk(the_shop=SHOP))),
        ("no-gate", Door(keeper=FakeKeeper(has_gate=False))),
    ):
        page = browse(**NOTHING, locale=LOCALES[language])
        page.goto(serve(door.app))
        assert faults(page) == [], name
        shots(page, f"welcome-{name}-{language}", full_page=False)


def test_long_words_of_a_shop_leave_the_buttons_within_reach(
    serve: Serve, browse: Browse, shots: Shots
) -> None:
    door = Door()
    long = "The Very Old and Honourable Bookshop and Coffee House at the Corner of the Market"
    door.desk.the_shop = msgspec.structs.replace(
        SHOP, name={"en": long, "zh": "历史悠久的街角书店咖啡馆" * 4}
    )
    for step, campaign in enumerate(door.desk.running):
        title = {"en": long + " has something for you", "zh": "第二杯咖啡由店家请客，仅限今天" * 4}
        offer = msgspec.structs.replace(campaign.offer, title=title)
        door.desk.running[step] = msgspec.structs.replace(campaign, offer=offer, basket_min_cents=1_200)
    home = serve(door.app)
    for language, locale in LOCALES.items():
        page = browse(**NOTHING, locale=locale)
        page.goto(home)
        shots(page, f"welcome-long-{language}", full_page=False)
        box = page.get_by_role("button", name=WORDS[language]["no"], exact=True).bounding_box()
        assert box
        assert box["y"] + box["height"] <= POPUP["height"]
        assert faults(page) == []


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_notice_and_the_storefront_lead_back_and_to_being_forgotten(
    serve: Serve, browse: Browse, shots: Shots, language: str
) -> None:
    page = browse(**NOTHING, locale=LOCALES[language])
    home = serve(Door().app)
    page.goto(home + "/notice")
    assert faults(page) == []
    shots(page, f"welcome-notice-{language}")
    page.goto(home + "/offers")
    assert faults(page) == []
    shots(page, f"welcome-offers-{language}")
    page.get_by_role("link", name=WORDS[language]["forget"]).click()
    expect(page).to_have_url(home + "/forget")
    page.goto(home + "/offers")
    page.locator("footer .links a").first.click()
    expect(page).to_have_url(home + "/")


def test_the_sign_is_one_sheet_and_its_codes_are_read_from_paper(
    serve: Serve, browse: Browse, shots: Shots
) -> None:
    page = browse(viewport={"width": 794, "height": 1123}, device_scale_factor=2)
    page.goto(serve(Door(ssid='Corner; "Shop"').app) + "/sign")
    assert faults(page) == []
    paper = page.pdf(prefer_css_page_size=True, print_background=True)
    assert len(re.findall(rb"/Type\s*/Page\b", paper)) == 1
    page.emulate_media(media="print")
    with Image.open(shots(page, "welcome-sign", full_page=False)) as picture:
        read = {found.text for found in zxingcpp.read_barcodes(picture)}
    assert read == {'WIFI:T:nopass;S:Corner\\; \\"Shop\\";;', "http://portal.internal/"}
    widths = page.locator(".step .qr").evaluate_all("all => all.map(e => e.getBoundingClientRect().width)")
    assert min(widths) >= 75 / 25.4 * 96, "read from 75 cm"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_axe_finds_nothing_on_any_page(serve: Serve, browse: Browse, language: str, scheme: str) -> None:
    every = Door(ways=FakeWays(("sms", "click", "code", "member")))
    homes = {
        "fields": serve(every.app),
        "home": serve(Door().app),
        "offline": serve(Door(keeper=FakeKeeper(internet=False)).app),
        "no-gate": serve(Door(keeper=FakeKeeper(has_gate=False)).app),
        "no-offer": serve(Door(desk=FakeDesk(the_shop=SHOP)).app),
    }
    page = browse(viewport=POPUP, locale=LOCALES[language], color_scheme=scheme)
    found = {}
    for name, home in homes.items():
        page.goto(home)
        found[name] = violations(page)
    for address in ("/forget", "/notice", "/sign", "/m/", "/offers", "/offer/1", "/about", "/nowhere"):
        page.goto(homes["home"] + address)
        found[address] = violations(page)
    page.goto(homes["fields"])
    page.locator("#phone_number").fill("12")
    page.get_by_role("button", name=WORDS[language]["yes"]).click()
    found["wrong"] = violations(page)
    page.locator("#phone_number").fill("")
    page.get_by_role("button", name=WORDS[language]["yes"]).click()
    expect(page).to_have_url(homes["fields"] + "/in")
    found["in"] = violations(page)
    assert {name: said for name, said in found.items() if said} == {}

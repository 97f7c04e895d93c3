"""The shopper's pages in a real Chromium."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest
import zxingcpp
from access import faults
from camera import picture_of
from conftest import KIOSK_TALL, KIOSK_WIDE, PHONE, SMALL_PHONE
from flask import Flask
from PIL import Image
from playwright.sync_api import Page
from storefront_desk import DAY, NOW, SHOP, FakeDesk, little_shop, offer

from hub.storefront import create_storefront
from hub.storefront.context import ScreenSettings
from hub.wire.snapshot import Picture, Shop, Value

Browse = Callable[..., Page]
Serve = Callable[..., str]
Shots = Callable[..., Path]

LOCALES = {"en": "en-GB", "zh": "zh-CN"}
TAKE = {"en": "Take this", "zh": "领取"}
VISIT = "5e" * 16
SURFACES = {
    "phone": ("phone", PHONE, 40),
    "small-phone": ("phone", SMALL_PHONE, 40),
    "kiosk-tall": ("kiosk", KIOSK_TALL, 60),
    "kiosk-wide": ("kiosk", KIOSK_WIDE, 60),
}

VIEWS = [
    *(
        (name, language, scheme)
        for name in ("phone", "kiosk-tall")
        for language in LOCALES
        for scheme in ("light", "dark")
    ),
    *((name, *look) for name in ("small-phone", "kiosk-wide") for look in (("en", "light"), ("zh", "dark"))),
]


def app_of(desk: FakeDesk, surface: str = "phone", **options: object) -> Flask:
    app = Flask("shopper")
    app.register_blueprint(create_storefront(desk, surface=surface, now=lambda: NOW, **options))
    return app


@pytest.mark.parametrize("scripts", [True, False])
@pytest.mark.parametrize(("language", "take"), [("en", "Take this"), ("zh", "领取")])
def test_a_shopper_takes_a_coupon_in_two_taps(
    serve: Serve, browse: Browse, scripts: bool, language: str, take: str
) -> None:
    desk = little_shop()
    page = browse(locale=LOCALES[language], java_script_enabled=scripts, has_touch=True)
    page.goto(serve(app_of(desk)))
    page.locator("article h2 a").first.tap()
    page.get_by_role("button", name=take).tap()
    page.wait_for_url("**/coupon/*")
    (issued,) = desk.issued.values()
    assert page.locator(".code").inner_text().endswith(" ".join(issued.code[n : n + 4] for n in (0, 4, 8)))
    assert page.context.cookies() == []


def test_the_qr_on_the_screen_is_the_coupon(serve: Serve, browse: Browse) -> None:
    for viewport, surface, scheme in (
        (PHONE, "phone", "light"),
        (SMALL_PHONE, "phone", "dark"),
        (KIOSK_TALL, "kiosk", "dark"),
        (KIOSK_WIDE, "kiosk", "light"),
    ):
        desk = little_shop()
        page = browse(viewport=viewport, color_scheme=scheme)
        page.goto(serve(app_of(desk, surface)))
        page.get_by_role("button", name="Take this").first.click()
        page.wait_for_url("**/coupon/*")
        (read,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(picture_of(page))))
        (issued,) = desk.issued.values()
        assert read.text == issued.token
        if surface == "kiosk":
            box = page.locator(".qr svg").bounding_box()
            assert box
            assert box["width"] * 41 / 49 >= 252  # 40 mm at 160 pixels an inch, without the quiet zone


@pytest.mark.parametrize(("name", "language", "scheme"), VIEWS)
def test_every_page_is_fit_for_everybody(
    serve: Serve, browse: Browse, shots: Shots, name: str, language: str, scheme: str
) -> None:
    surface, viewport, least = SURFACES[name]
    desk = little_shop("kiosk" if surface == "kiosk" else "portal")
    desk.running.append(offer(9, "Gone", "没了", Value("gift"), issue_limit=0))
    used = desk.take(1, "cd" * 16, NOW)
    desk.use(used.coupon.serial, NOW - 120)
    fresh = desk.take(2, "ab" * 16, NOW)
    home = serve(app_of(desk, surface))
    page = browse(viewport=viewport, locale=LOCALES[language], color_scheme=scheme, has_touch=True)
    complaints: list[str] = []
    asked: set[str] = set()
    gone = 410 if surface == "kiosk" else 404
    page.on("console", lambda message: complaints.append(message.text))
    page.on("request", lambda request: asked.add(request.url))
    corners = set()
    shown = {"coupon": fresh.coupon.serial, "coupon-used": used.coupon.serial}
    if surface == "kiosk":
        # A kiosk shows a coupon in the visit in which it was taken, and nowhere else.
        shown = {}
        for name_, number, asked_ in (("coupon-used", 1, "cd"), ("coupon", 2, "ab")):
            page.goto(home + f"/offer/{number}?visit={VISIT}")
            page.locator("input[name=request]").evaluate("(e, value) => { e.value = value; }", asked_ * 16)
            page.get_by_role("button", name=TAKE[language]).tap()
            page.wait_for_url("**/coupon/*")
            shown[name_] = page.url.rpartition("/coupon/")[2]
    for what, address in {
        "offers": "/",
        "offer": "/offer/1",
        "coupon": f"/coupon/{shown['coupon']}",
        "coupon-used": f"/coupon/{shown['coupon-used']}",
        "search": "/search?q=bread",
        "search-nothing": "/search?q=zebra",
        "about": "/about",
    }.items():
        page.goto(home + address)
        assert faults(page, least_target_px=least) == [], what
        corner = page.locator("header .languages").bounding_box()
        assert corner
        corners.add((round(corner["x"] + corner["width"]), round(corner["y"])))
        shots(page, f"storefront-{name}-{what}-{language}-{scheme}", full_page=surface == "phone")
    assert complaints == []
    assert len(corners) == 1
    assert all(url.startswith((home, "data:")) for url in asked)
    for what, address, status in (("ended", "/offer/77", 410), ("unknown", "/coupon/0000000000000000", gone)):
        answer = page.goto(home + address)
        assert answer
        assert answer.status == status
        assert faults(page, least_target_px=least) == [], what
        shots(page, f"storefront-{name}-{what}-{language}-{scheme}", full_page=surface == "phone")


@pytest.mark.parametrize("viewport", [KIOSK_TALL, KIOSK_WIDE])
def test_the_kiosks_start_page_needs_no_scrolling(
    serve: Serve, browse: Browse, viewport: dict[str, int]
) -> None:
    for locale in LOCALES.values():
        page = browse(viewport=viewport, locale=locale)
        page.goto(serve(app_of(little_shop("kiosk"), "kiosk")))
        assert page.evaluate("document.documentElement.scrollHeight") <= viewport["height"]


def test_the_kiosks_languages_have_a_twin_within_reach(serve: Serve, browse: Browse) -> None:
    page = browse(viewport=KIOSK_TALL)
    page.goto(serve(app_of(little_shop("kiosk"), "kiosk")))
    twin = page.locator("footer .languages").bounding_box()
    assert twin
    assert twin["y"] > KIOSK_TALL["height"] / 2


@pytest.mark.parametrize("scripts", [True, False])
def test_an_idle_kiosk_says_so_and_goes_back_to_the_start(
    serve: Serve, browse: Browse, shots: Shots, scripts: bool
) -> None:
    page = browse(viewport=KIOSK_WIDE, java_script_enabled=scripts)
    home = serve(app_of(little_shop("kiosk"), "kiosk", screen=ScreenSettings(2, 4)))
    page.goto(f"{home}/about?lang=zh&visit={VISIT}")
    warning = page.locator(".idle")
    assert not warning.is_visible()
    page.get_by_role("link", name="我还在看").wait_for(state="visible", timeout=5_000)
    assert "您还在吗" in warning.inner_text()
    shots(page, f"storefront-kiosk-wide-idle-zh-{scripts}", full_page=False)
    page.wait_for_url(f"{home}/", timeout=15_000)


def test_the_kiosk_warns_twenty_seconds_before_it_wipes_a_page(serve: Serve, browse: Browse) -> None:
    home = serve(app_of(little_shop("kiosk"), "kiosk"))
    page = browse(viewport=KIOSK_WIDE, java_script_enabled=False)
    page.goto(f"{home}/about?visit={VISIT}")
    wiped_s = int(page.locator("meta[http-equiv=refresh]").get_attribute("content").split(";")[0])
    style = page.locator(".idle").evaluate(
        "e => [getComputedStyle(e).animationDelay, getComputedStyle(e).animationDuration]"
    )
    assert style == ["45s", "20s"]
    assert wiped_s == 65


def test_hostile_words_and_pictures_leave_the_page_whole(serve: Serve, browse: Browse, shots: Shots) -> None:
    shop = Shop(
        1,
        {"en": "\u202eSHOP" + "m" * 300},
        colour="#FFFF00",
        greeting={"en": "<h1>" + "Z\u0351\u0489\u0363" * 90},
        timezone="Europe/London",
    )
    desk = FakeDesk(the_shop=shop)
    broken = desk.hang(Picture("image/png", "iVBORw0KGgo=", 9, 9))
    desk.running = [
        offer(1, "W" * 400, "", Value("amount", cents=10**9), picture=broken, picture_alt={"en": "x" * 200}),
        offer(2, "", "", Value("percent", percent=0), picture="f" * 64),
        offer(
            3, "مرحبا \u2067abc 👩‍👩‍👧‍👦🏳️‍🌈" * 6, "", Value("gift"), text={"en": "שלום " * 200 + "a" * 900}
        ),
    ]
    home = serve(app_of(desk))
    for scheme in ("light", "dark"):
        page = browse(viewport=SMALL_PHONE, color_scheme=scheme)
        for what, address in (
            ("offers", "/"),
            ("offer", "/offer/3"),
            ("long", "/offer/1"),
            ("empty", "/offer/2"),
        ):
            page.goto(home + address)
            assert faults(page, least_target_px=40) == [], what
            shots(page, f"storefront-hostile-{what}-{scheme}")
        page.get_by_role("button", name="Take this").click()
        assert faults(page, least_target_px=40) == []
        shots(page, f"storefront-hostile-coupon-{scheme}")


def test_the_keyboard_alone_reaches_the_coupon(serve: Serve, browse: Browse) -> None:
    page = browse()
    page.goto(serve(app_of(little_shop())) + "/offer/1")
    page.keyboard.press("Tab")
    assert page.locator(":focus").inner_text() == "Skip to the page"
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.locator(":focus").evaluate("e => e.tagName") == "BUTTON":
            break
    page.keyboard.press("Enter")
    page.wait_for_url("**/coupon/*")


def test_a_bold_colour_of_the_shop_stays_readable(serve: Serve, browse: Browse, shots: Shots) -> None:
    for colour in ("#00695C", "#FFEB3B", "#000000"):
        home = serve(app_of(little_shop(shop=Shop(1, SHOP.name, colour=colour, timezone="Europe/London"))))
        for scheme in ("light", "dark"):
            page = browse(color_scheme=scheme)
            page.goto(home)
            assert faults(page) == []
            shots(page, f"storefront-colour-{colour[1:]}-{scheme}", full_page=False)


def test_the_portals_page_is_one_request_beside_its_pictures(serve: Serve, browse: Browse) -> None:
    asked: list[str] = []
    page = browse(viewport=SMALL_PHONE, java_script_enabled=False)
    page.on("request", lambda request: asked.append(request.url))
    home = serve(app_of(little_shop(), inline_style=True))
    page.goto(home)
    assert [url for url in asked if "/picture/" not in url and not url.startswith("data:")] == [home + "/"]
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == "rgb(250, 248, 245)"


def test_a_coupon_prints_without_the_page_around_it(serve: Serve, browse: Browse) -> None:
    desk = little_shop()
    taken = desk.take(1, "ab" * 16, NOW + DAY)
    page = browse()
    page.goto(serve(app_of(desk)) + f"/coupon/{taken.coupon.serial}")
    page.emulate_media(media="print")
    assert page.locator(".qr svg").is_visible()
    assert not page.locator("header .languages").is_visible()
    assert not page.locator("footer").is_visible()

"""The shopper's pages as a browser without anything sees them: HTML over HTTP, from a desk that obeys the rules."""

from __future__ import annotations

import base64
import hashlib
import re
from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from storefront_desk import DAY, NOW, SHOP, FakeDesk, little_shop, offer

from hub.storefront import create_storefront
from hub.wire.coupon import show_code
from hub.wire.snapshot import Campaign, Offer, Picture, Shop, Value

ABSENT = [
    "/coupon/0000000000000000",
    "/coupon/x",
    "/coupon/..%2f..",
    "/offer/77",
    "/offer/abc",
    "/nowhere",
    "//elsewhere.example/x",
]


def client_of(desk: FakeDesk, **options: object) -> FlaskClient:
    app = Flask("shopper")
    app.register_blueprint(create_storefront(desk, now=lambda: NOW, **options))
    return app.test_client()


@pytest.fixture
def desk() -> FakeDesk:
    return little_shop()


@pytest.fixture
def shopper(desk: FakeDesk) -> FlaskClient:
    return client_of(desk)


def request_id(page: str) -> str:
    found = re.search(r'name="request" value="([0-9a-f]{32})"', page)
    assert found
    return found[1]


def take(shopper: FlaskClient, number: int = 1, asked: str = "ab" * 16) -> str:
    answer = shopper.post(f"/offer/{number}/take", data={"request": asked})
    assert answer.status_code == 303
    return str(answer.headers["Location"])


def test_the_offers_that_run_are_on_the_first_page(shopper: FlaskClient) -> None:
    page = unescape(shopper.get("/").text)
    for words in (
        "Come in from the cold",
        "A second coffee on the house",
        "20% off",
        "Today until 18:00",
        "£3.50 off",
    ):
        assert words in page


def test_a_coupon_is_taken_with_one_form_and_shows_code_and_qr(desk: FakeDesk, shopper: FlaskClient) -> None:
    address = take(shopper, asked=request_id(shopper.get("/offer/1").text))
    page = shopper.get(address)
    (issued,) = desk.issued.values()
    assert address == f"/coupon/{issued.coupon.serial}"
    assert show_code(issued.code) in page.text
    assert 'role="img" aria-label="QR code of this coupon"' in page.text
    assert "Show this at the till" in page.text
    assert page.headers["Cache-Control"] == "no-store"


def test_a_double_tap_takes_one_coupon(desk: FakeDesk, shopper: FlaskClient) -> None:
    asked = request_id(shopper.get("/").text)
    assert take(shopper, 1, asked) == take(shopper, 1, asked)
    assert len(desk.issued) == 1


def test_every_page_and_every_card_asks_for_its_own_coupon(shopper: FlaskClient) -> None:
    asked = re.findall(
        r'name="request" value="([0-9a-f]{32})"', shopper.get("/").text + shopper.get("/").text
    )
    assert len(asked) == len(set(asked)) == 8


def test_opening_an_offer_is_counted_and_prefetching_it_is_not(desk: FakeDesk, shopper: FlaskClient) -> None:
    shopper.get("/")
    shopper.get("/offer/2")
    shopper.get("/offer/2", headers={"Sec-Purpose": "prefetch"})
    shopper.head("/offer/2")
    assert desk.opened == [2]


@pytest.mark.parametrize(
    "form", [{}, {"request": ""}, {"request": "short"}, {"request": "zz" * 16}, {"request": "a" * 5000}]
)
def test_a_form_that_is_not_ours_takes_nothing(
    desk: FakeDesk, shopper: FlaskClient, form: dict[str, str]
) -> None:
    assert shopper.post("/offer/1/take", data=form).headers["Location"] == "/offer/1"
    assert not desk.issued


def test_another_sites_page_cannot_take_coupons(desk: FakeDesk, shopper: FlaskClient) -> None:
    shopper.post("/offer/1/take", data={"request": "ab" * 16}, headers={"Sec-Fetch-Site": "cross-site"})
    assert not desk.issued


def test_a_form_of_many_bytes_is_refused_with_a_page(desk: FakeDesk, shopper: FlaskClient) -> None:
    answer = shopper.post("/offer/1/take", data={"request": "ab" * 16, "more": "x" * 100_000})
    assert answer.status_code == 413
    assert "All offers" in answer.text
    assert not desk.issued


def test_an_offer_that_sold_out_meanwhile_says_so_with_a_way_on(desk: FakeDesk, shopper: FlaskClient) -> None:
    desk.running.append(offer(9, "Last one", "最后一张", Value("gift"), issue_limit=1))
    take(shopper, 9, "aa" * 16)
    answer = shopper.post("/offer/9/take?lang=zh", data={"request": "bb" * 16})
    assert answer.status_code == 409
    assert "已领完" in answer.text
    assert 'href="/?lang=zh"' in answer.text


def test_an_offer_that_ended_meanwhile_says_so(desk: FakeDesk, shopper: FlaskClient) -> None:
    desk.running[0] = offer(1, "Old", "旧", Value("gift"), ends_at=int(NOW))
    assert shopper.get("/offer/1").status_code == 410
    answer = shopper.post("/offer/1/take", data={"request": "ab" * 16})
    assert answer.status_code == 410
    assert "This offer is over" in answer.text


@pytest.mark.parametrize(
    "address",
    [
        "/coupon/0000000000000000",
        "/coupon/x",
        "/coupon/..%2f..",
        "/offer/77",
        "/offer/abc",
        "/nowhere",
        "//elsewhere.example/x",
    ],
)
@pytest.mark.parametrize(("lang", "way_on"), [("en", "All offers"), ("zh", "全部优惠")])
def test_what_is_not_there_gives_a_page_in_the_readers_language_with_a_way_on(
    shopper: FlaskClient, address: str, lang: str, way_on: str
) -> None:
    answer = shopper.get(f"{address}?lang={lang}", follow_redirects=True)
    assert answer.status_code in (404, 410)
    assert way_on in answer.text
    assert 'href="//' not in answer.text
    assert "Content-Security-Policy" in answer.headers


def test_a_program_that_asks_for_json_gets_no_page(shopper: FlaskClient) -> None:
    assert "<main" not in shopper.get("/v1/nothing").text
    assert "<main" not in shopper.get("/nothing", headers={"Accept": "application/json"}).text


def test_the_wrong_method_gives_a_page_too(shopper: FlaskClient) -> None:
    assert shopper.get("/offer/1/take").headers["Location"] == "/offer/1"


def test_a_used_and_an_expired_coupon_show_no_qr(desk: FakeDesk, shopper: FlaskClient) -> None:
    address = take(shopper)
    desk.use(address.rpartition("/")[2], NOW - 60)
    page = shopper.get(address).text
    assert "Used today at 11:59" in page
    assert "QR code" not in page

    desk.running.append(offer(8, "Brief", "短", Value("gift"), coupon_lasts_s=0))
    late = shopper.get(take(shopper, 8, "cd" * 16)).text
    assert "Expired today at 12:00" in late
    assert "QR code" not in late


def test_a_coupon_outlives_the_offer_on_the_page(desk: FakeDesk, shopper: FlaskClient) -> None:
    address = take(shopper)
    desk.running.clear()
    page = shopper.get(address)
    assert page.status_code == 200
    assert "Your coupon" in page.text


def test_the_qr_alone_is_a_picture(shopper: FlaskClient) -> None:
    address = take(shopper)
    picture = shopper.get(address + "/qr.png")
    assert picture.mimetype == "image/png"
    assert picture.data.startswith(b"\x89PNG")
    assert shopper.get("/coupon/0000000000000000/qr.png").status_code == 404


@pytest.mark.parametrize("address", ["/", "/offer/1", "/search?q=bread", "/about", "/search?q=zz"])
def test_the_language_is_carried_in_every_link_and_form(shopper: FlaskClient, address: str) -> None:
    page = unescape(shopper.get(address + ("&" if "?" in address else "?") + "lang=zh").text)
    assert '<html lang="zh-Hans"' in page
    page = re.sub(r'<ul class="languages">.*?</ul>', "", page, flags=re.DOTALL)
    for link in re.findall(r'(?:href|action)="(/[^"]*)"', page):
        if not link.startswith(("/style.css", "/bell.svg", "/search")) or "?q=" in link:
            assert "lang=zh" in link, link
    assert page.count('role="search"') == page.count('<input type="hidden" name="lang" value="zh">')


def test_the_browsers_language_counts_where_nobody_chose(shopper: FlaskClient) -> None:
    assert "外面冷" in shopper.get("/", headers={"Accept-Language": "zh-TW,zh;q=0.9"}).text
    assert "Come in" in shopper.get("/", headers={"Accept-Language": "fr"}).text
    american = shopper.get("/offer/2", headers={"Accept-Language": "en-US"}).text
    assert "6:00\u202fPM" in american


def test_the_switch_keeps_the_page_and_names_each_language_in_itself(shopper: FlaskClient) -> None:
    page = unescape(shopper.get("/search?q=tea+%26+cake&lang=zh").text)
    assert 'href="/search?q=tea+%26+cake&lang=en" lang="en"' in page
    assert 'lang="zh-Hans" hreflang="zh-Hans" aria-current="true">中文<' in page
    assert ">English<" in page


def test_a_shop_of_one_language_has_no_switch() -> None:
    alone = FakeDesk(the_shop=Shop(1, {"zh": "店"}, languages=("zh",)))
    page = client_of(alone).get("/?lang=en").text
    assert '<html lang="zh-Hans"' in page
    assert 'class="languages"' not in page


def test_search_finds_across_languages_and_says_when_it_finds_nothing(shopper: FlaskClient) -> None:
    assert "Sourdough" in shopper.get("/search?q=面包&lang=en").text
    assert "酸面包" in shopper.get("/search?q=bakery&lang=zh").text
    assert "Nothing found for “garage”" in shopper.get("/search?q=garage").text
    assert "Seeds for the window sill" in shopper.get("/search").text


def test_nothing_on_the_shelf_yet_gives_an_empty_page_that_says_what_will_come() -> None:
    bare = FakeDesk(the_shop=Shop(0, {}))
    page = client_of(bare).get("/").text
    assert "No offers at the moment" in page
    assert "This shop" in page


def test_every_answer_tells_the_browser_to_trust_nothing_else(shopper: FlaskClient) -> None:
    for address in ("/", "/offer/1", take(shopper), "/search?q=x", "/style.css", "/bell.svg", "/nowhere"):
        headers = shopper.get(address).headers
        policy = headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'"), address
        assert "script" not in policy
        assert "unsafe" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
        assert "Set-Cookie" not in headers


def test_pages_load_nothing_from_another_host_and_run_nothing(shopper: FlaskClient) -> None:
    for address in ("/", "/offer/1", take(shopper), "/about"):
        page = shopper.get(address).text.replace("http://www.w3.org/2000/svg", "")
        assert "://" not in page
        assert "<script" not in page
        assert " style=" not in page
        assert not re.findall(r"\son[a-z]+=", page)


def test_the_portals_first_page_is_one_answer_of_thirty_kilobytes() -> None:
    answer = client_of(little_shop(), inline_style=True).get("/")
    assert len(answer.data) <= 30_000
    assert 'rel="stylesheet"' not in answer.text
    style = re.search(r"<style>(.*?)</style>", answer.text, re.DOTALL)
    assert style
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in answer.headers["Content-Security-Policy"]


def test_the_stylesheet_may_be_kept_for_a_year_under_its_own_address_only(shopper: FlaskClient) -> None:
    found = re.search(r'href="(/style\.css\?v=\w+)"', shopper.get("/").text)
    assert found
    kept = shopper.get(found[1])
    assert "immutable" in kept.headers["Cache-Control"]
    assert shopper.get("/style.css?v=old").headers["Cache-Control"] == "no-cache"
    assert shopper.get(found[1], headers={"If-None-Match": kept.headers["ETag"]}).status_code == 304


def test_a_picture_comes_with_its_type_and_is_kept(desk: FakeDesk, shopper: FlaskClient) -> None:
    digest = next(iter(desk.pictures))
    answer = shopper.get(f"/picture/{digest}")
    assert answer.mimetype == "image/webp"
    assert "immutable" in answer.headers["Cache-Control"]


@pytest.mark.parametrize(
    "picture",
    [
        Picture("text/html", base64.b64encode(b"<script>alert(1)</script>").decode(), 1, 1),
        Picture("image/svg+xml", base64.b64encode(b"<svg onload='alert(1)'/>").decode(), 1, 1),
        Picture("image/png", base64.b64encode(b"<script>").decode(), 1, 1),
        Picture("image/webp", "not base 64 ***", 1, 1),
        Picture("image/jpeg", "", 0, 0),
    ],
)
def test_what_only_calls_itself_a_picture_gives_a_placeholder(
    desk: FakeDesk, shopper: FlaskClient, picture: Picture
) -> None:
    answer = shopper.get(f"/picture/{desk.hang(picture)}")
    assert answer.status_code == 404
    assert answer.mimetype == "image/svg+xml"
    assert b"script" not in answer.data
    assert b"onload" not in answer.data


def test_the_kiosk_wipes_itself_and_says_so_before(desk: FakeDesk) -> None:
    kiosk = client_of(little_shop("kiosk"), surface="kiosk")
    page = kiosk.get("/offer/1?lang=zh").text
    assert re.search(r'<meta http-equiv="refresh" content="65;url=/wipe\?visit=[0-9a-f]{32}">', page)
    assert "您还在吗" in page
    assert "--idle-after:45s;--idle-warn:20s" in kiosk.get("/style.css").text
    assert "refresh" not in client_of(desk).get("/offer/1").text


def test_the_kiosk_brings_another_offer_to_the_front_each_half_minute() -> None:
    desk = little_shop("kiosk")
    app = Flask("kiosk")
    clock = {"now": NOW}
    app.register_blueprint(create_storefront(desk, surface="kiosk", now=lambda: clock["now"]))
    first = re.findall(r"/offer/(\d)\?", app.test_client().get("/").text)
    clock["now"] += 30
    second = re.findall(r"/offer/(\d)\?", app.test_client().get("/").text)
    assert first[0] != second[0]
    assert len(first) == 3


def test_a_desk_that_fails_gives_a_page_and_no_trace(desk: FakeDesk, shopper: FlaskClient) -> None:
    desk.broken = True
    for address in ("/", "/offer/1", "/search?q=x", "/?lang=zh"):
        answer = shopper.get(address)
        assert answer.status_code == 500
        assert "Traceback" not in answer.text
        assert "the disk is gone" not in answer.text
        assert "All offers" in answer.text or "全部优惠" in answer.text


def test_a_full_disk_still_shows_the_offers_and_takes_nothing_from_anybody(
    desk: FakeDesk, shopper: FlaskClient
) -> None:
    desk.full = True
    assert shopper.get("/offer/1").status_code == 200
    answer = shopper.post("/offer/1/take", data={"request": "ab" * 16})
    assert answer.status_code == 500
    assert "Nothing was taken from you" in answer.text
    assert "disk" not in answer.text


TRICKS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "\u202e" * 9,
    "W" * 5000,
    "{{7*7}}",
    "%(x)s %s %",
    "",
]
HOSTILE = st.dictionaries(
    st.sampled_from(["en", "zh", "fr", ""]), st.one_of(st.text(max_size=60), st.sampled_from(TRICKS))
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(title=HOSTILE, text=HOSTILE, small=HOSTILE, keywords=HOSTILE, name=HOSTILE, query=st.text(max_size=60))
def test_whatever_a_shop_types_the_pages_hold(
    title: dict[str, str],
    text: dict[str, str],
    small: dict[str, str],
    keywords: dict[str, str],
    name: dict[str, str],
    query: str,
) -> None:
    wares = Offer(title, text, Value("percent", percent=10), "0" * 64, text, small, keywords)
    desk = FakeDesk(the_shop=Shop(1, name, greeting=title, timezone="Mars/Olympus", currency="???"))
    desk.running = [Campaign(1, wares, 0, int(NOW + DAY))]
    shopper = client_of(desk)
    coupon = take(shopper)
    for address, arguments in (
        ("/", {}),
        ("/offer/1", {}),
        (coupon, {}),
        ("/search", {"q": query, "lang": "zh"}),
    ):
        answer = shopper.get(address, query_string=arguments)
        assert answer.status_code == 200
        assert "<script" not in answer.text
        assert "<img src=x" not in answer.text
        assert not set("\u202a\u202b\u202d\u202e\u2066\u2067\u2068") & set(
            re.sub(r"<input.*?>", "", answer.text)
        )
        assert len(answer.data) < 60_000


def test_the_shops_own_colour_is_in_the_style() -> None:
    own = little_shop(shop=Shop(1, SHOP.name, colour="#00695C"))
    assert "--bell:#00695C" in client_of(own).get("/style.css").text

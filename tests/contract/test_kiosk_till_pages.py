"""The till over HTTP: who may do what, forms without a script, pictures, and whatever a browser may send."""

from __future__ import annotations

import contextlib
import io
import re
import sqlite3
import wave
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kiosk_shop import COFFEE, LOCKED, PIN, TENTH, TillShop, shop_in
from PIL import Image
from werkzeug.test import TestResponse

from hub.client.pins import FREE_TRIES_OF_STAFF
from hub.storefront.qr import qr_png
from kiosk.app import create_app
from kiosk.counter import Counter
from kiosk.sounds import TUNES


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[TillShop]:
    with shop_in(tmp_path) as shop:
        yield shop


@pytest.fixture
def counter(shop: TillShop) -> Counter:
    return shop.till()[0]


@pytest.fixture
def browser(counter: Counter) -> FlaskClient:
    return create_app(counter).test_client()


def field(page: TestResponse, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page.text)
    assert found, page.text
    return found[1]


def sign_in(browser: FlaskClient, pin: str = PIN, staff: str = "s1") -> TestResponse:
    return browser.post("/till/sign-in", data={"staff": staff, "pin": pin})


def redeem(browser: FlaskClient, **values: object) -> TestResponse:
    page = browser.get("/till")
    form = {"mark": field(page, "mark"), "form": field(page, "form"), "text": "", "basket": "", **values}
    return browser.post("/till/redeem", data=form, follow_redirects=True)


def answer_form(browser: FlaskClient, page: TestResponse, do: str = "redeem", **values: str) -> TestResponse:
    """Send the form of a page that asks for something."""
    found = re.search(r'<form class="(?:ask|held)" method="post" action="([^"]*)"', page.text)
    assert found, page.text
    form = {"mark": field(page, "mark"), "form": field(page, "form"), "do": do, **values}
    return browser.post(found[1], data=form, follow_redirects=True)


def test_nobody_redeems_or_sees_anything_without_signing_in(
    shop: TillShop, counter: Counter, browser: FlaskClient
) -> None:
    coupon = shop.take(counter)
    assert "Who is at the till?" in browser.get("/till").text
    assert browser.post("/till/redeem", data={"text": coupon.token}).status_code == 303
    assert browser.get("/till/state").status_code == 401
    assert browser.get("/till/verdict/0").status_code == 303
    assert counter.store.verdicts_since(0, 10) == []


def test_the_cookie_is_opaque_and_kept_from_scripts_and_other_sites(browser: FlaskClient) -> None:
    answer = sign_in(browser)
    assert answer.status_code == 303
    cookie = answer.headers["Set-Cookie"]
    assert re.match(r"shopbell-till=[0-9a-f]{64}; ", cookie)
    assert all(part in cookie for part in ("HttpOnly", "SameSite=Strict", "Path=/till"))
    assert "Redeem a coupon" in browser.get("/till").text


def test_a_coupon_is_redeemed_once_and_the_day_lists_both_scans(
    shop: TillShop, counter: Counter, browser: FlaskClient
) -> None:
    coupon = shop.take(counter)
    sign_in(browser)
    first = redeem(browser, text=coupon.code.lower())
    assert "Redeemed" in first.text
    assert 'verdict tone-good"' in first.text
    assert "€2.50" in first.text
    second = redeem(browser, text=coupon.token)
    assert re.search(r"Used today at .* at Till 1\.", second.text)
    assert 'verdict tone-look"' in second.text
    day = browser.get("/till").text
    assert day.count("A coffee with your cake") == 2


def test_a_form_sent_twice_is_one_act(shop: TillShop, counter: Counter, browser: FlaskClient) -> None:
    coupon = shop.take(counter)
    sign_in(browser)
    page = browser.get("/till")
    form = {"mark": field(page, "mark"), "form": field(page, "form"), "text": coupon.token}
    answers = [browser.post("/till/redeem", data=form, follow_redirects=True).text for _ in range(2)]
    assert all("Redeemed" in answer for answer in answers)
    other = browser.post(
        "/till/redeem", data={**form, "text": shop.take(counter).code}, follow_redirects=True
    )
    assert "Redeemed" in other.text
    assert shop.store.ledger.redeemed(COFFEE) == 2


def test_a_form_that_is_not_ours_redeems_nothing(
    shop: TillShop, counter: Counter, browser: FlaskClient
) -> None:
    coupon = shop.take(counter)
    sign_in(browser)
    form = {"form": "0" * 32, "text": coupon.token}
    for mark in ("", "0" * 32, "ü"):
        assert browser.post("/till/redeem", data={**form, "mark": mark}).status_code == 400
    assert shop.store.ledger.redeemed(COFFEE) == 0
    for headers in (
        {"Sec-Fetch-Site": "cross-site"},
        {"Origin": "http://evil.example"},
        {"Origin": "http://["},
    ):
        answer = browser.post("/till/sign-in", data={"staff": "s1", "pin": PIN}, headers=headers)
        assert answer.status_code == 400


def test_a_picture_of_the_pages_own_qr_is_read_on_the_server(
    shop: TillShop, counter: Counter, browser: FlaskClient
) -> None:
    sign_in(browser)
    for turn, kind in ((0, "PNG"), (90, "JPEG"), (12, "WEBP")):
        coupon = shop.take(counter)
        picture = Image.open(io.BytesIO(qr_png(coupon.token))).convert("RGB").resize((600, 600))
        file = io.BytesIO()
        picture.rotate(turn, expand=True, fillcolor="white").save(file, kind)
        file.seek(0)
        assert "Redeemed" in redeem(browser, picture=(file, "coupon")).text


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"this is no picture", "That file is no picture."),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 200, "That file is no picture."),
        (b"", "That file is no picture."),
        ("white", "No QR code can be seen"),
        ("bomb", "too large"),
    ],
)
def test_a_picture_that_cannot_be_read_gives_a_sentence(
    browser: FlaskClient, content: bytes | str, sentence: str
) -> None:
    sign_in(browser)
    if isinstance(content, str):
        file = io.BytesIO()
        size = (15_000, 15_000) if content == "bomb" else (300, 300)
        Image.new("1", size, 1).save(file, "PNG")
        content = file.getvalue()
    answer = redeem(browser, picture=(io.BytesIO(content), "picture.png"))
    assert sentence in answer.text
    assert answer.status_code == 400


def test_a_body_that_is_too_long_gives_a_sentence(browser: FlaskClient) -> None:
    sign_in(browser)
    body = io.BytesIO(b"x" * (12 * 2**20 + 20_000))
    answer = browser.post("/till/redeem", data=body, content_type="multipart/form-data; boundary=b")
    assert answer.status_code == 413
    assert "too large" in answer.text


def test_an_amount_that_is_needed_is_asked_for_without_a_second_scan(
    shop: TillShop, counter: Counter, browser: FlaskClient
) -> None:
    sign_in(browser)
    asked = redeem(browser, text=shop.take(counter, TENTH).token)
    assert "Amount needed" in asked.text
    assert 'verdict tone-ask"' in asked.text
    odd = answer_form(browser, asked, basket="a lot")
    assert odd.status_code == 400
    assert "That is no amount" in odd.text
    answer = answer_form(browser, odd, basket="20")
    assert "Redeemed" in answer.text
    assert "€2" in answer.text
    wrong = redeem(browser, text=shop.take(counter, TENTH).token, basket="a lot")
    assert wrong.status_code == 400
    assert "That is no amount" in wrong.text


def test_wrong_pins_are_counted_on_disk_and_survive_a_restart(shop: TillShop, counter: Counter) -> None:
    browser = create_app(counter).test_client()
    for _ in range(FREE_TRIES_OF_STAFF):
        assert sign_in(browser, "0000").status_code == 401
    assert sign_in(browser).status_code == 429
    counter.stop()
    again, _ = shop.till()
    browser = create_app(again).test_client()
    assert sign_in(browser).status_code == 429
    assert sign_in(browser, staff="s2").status_code == 303
    shop.later(11)
    assert sign_in(browser).status_code == 303


def test_guessing_over_all_names_stops_the_whole_kiosk(shop: TillShop, counter: Counter) -> None:
    browser = create_app(counter).test_client()
    statuses = [sign_in(browser, "0000", staff=f"nobody-{n}").status_code for n in range(12)]
    assert statuses[0] == 401
    assert statuses[-1] == 429
    assert sign_in(browser, staff="s2").status_code == 429


def test_a_till_that_nobody_touches_signs_out_and_looking_does_not_count(
    shop: TillShop, counter: Counter, browser: FlaskClient
) -> None:
    sign_in(browser)
    for _ in range(4):
        shop.later(300)
        browser.get("/till/state")
    assert "Who is at the till?" in browser.get("/till").text


def test_somebody_who_left_the_shop_is_out_at_once(
    shop: TillShop, counter: Counter, browser: FlaskClient
) -> None:
    sign_in(browser)
    (ada, *_) = shop.store.people.staff()
    shop.store.people.change_staff(type(ada)(ada.id, ada.name, ada.pin, False, ada.made_at))
    counter.exchange.drain()
    assert "Who is at the till?" in browser.get("/till").text


def test_signing_out_ends_the_session_on_the_server(counter: Counter, browser: FlaskClient) -> None:
    answer = sign_in(browser)
    token = answer.headers["Set-Cookie"].split(";")[0].split("=")[1]
    browser.post("/till/sign-out", data={"mark": field(browser.get("/till"), "mark")})
    browser.set_cookie("shopbell-till", token, path="/till")
    assert "Who is at the till?" in browser.get("/till").text


def test_the_badge_says_cut_off_with_the_number_that_waits(shop: TillShop) -> None:
    counter, line = shop.till()
    browser = create_app(counter).test_client()
    sign_in(browser)
    coupon = shop.take(counter)
    line.mode = "cut"
    counter.exchange.once()
    answer = redeem(browser, text=coupon.token)
    assert "Held on this till&#39;s own account" in answer.text
    assert 'verdict tone-note"' in answer.text
    state = browser.get("/till/state").get_json()
    assert state["tone"] == "note"
    assert state["text"].startswith("Cut off · 1 waiting")
    assert state["line"].startswith("Cut off from the hub since today at")
    page = browser.get("/till").text
    assert "Cut off from the shop&#39;s hub" in page
    assert "Since today at" in page
    later = redeem(browser, text=shop.take(counter, LOCKED, tell_hub=False).token)
    assert "Try again" in later.text


def test_what_the_hub_could_not_read_is_shown(shop: TillShop, counter: Counter, browser: FlaskClient) -> None:
    shop.take(counter, tell_hub=False)
    from hub.client.db import writing

    with writing(counter.pool.here()) as conn:
        epoch, seq, _ = counter.outbox.pending(1)[0]
        counter.outbox.park(conn, epoch, seq, "it comes from a later release")
    sign_in(browser)
    page = browser.get("/till").text
    assert "coupon.issued" in page
    assert "it comes from a later release" in page


def test_the_pages_speak_chinese_and_keep_it_in_every_form(
    shop: TillShop, counter: Counter, browser: FlaskClient
) -> None:
    page = browser.get("/till?lang=zh")
    assert 'lang="zh-Hans"' in page.text
    assert "谁在收银" in page.text
    answer = browser.post("/till/sign-in?lang=zh", data={"staff": "s1", "pin": PIN}, follow_redirects=True)
    assert "核销优惠券" in answer.text
    assert 'action="/till/redeem?lang=zh"' in answer.text


@pytest.mark.parametrize("tone", sorted(TUNES))
def test_each_verdict_has_a_sound_of_its_own(browser: FlaskClient, tone: str) -> None:
    answer = browser.get(f"/till/sound/{tone}.wav")
    assert answer.mimetype == "audio/wav"
    assert len(answer.data) < 20_000
    with wave.open(io.BytesIO(answer.data)) as sound:
        assert 0.1 < sound.getnframes() / sound.getframerate() < 1.0
    others = [browser.get(f"/till/sound/{other}.wav").data for other in TUNES if other != tone]
    assert answer.data not in others
    assert browser.get("/till/sound/loud.wav").status_code == 404


def test_the_pages_allow_no_script_or_style_but_their_own(browser: FlaskClient) -> None:
    policy = browser.get("/till").headers["Content-Security-Policy"]
    assert "'unsafe" not in policy
    assert "script-src 'self'" in policy
    for path in ("/till/static/page.js", "/till/static/page.css"):
        with browser.get(path) as answer:
            assert answer.status_code == 200


def test_the_shoppers_screen_stands_beside_the_till(shop: TillShop, browser: FlaskClient) -> None:
    page = browser.get("/")
    assert page.status_code == 200
    assert "Take this" in page.text
    assert 'class="kiosk' in page.text


def test_healthz_says_how_the_counter_is(shop: TillShop) -> None:
    counter, line = shop.till()
    browser = create_app(counter).test_client()
    assert browser.get("/healthz").get_json()["status"] == "ok"
    line.mode = "cut"
    counter.exchange.once()
    health = browser.get("/healthz")
    assert health.status_code == 200
    assert [one["code"] for one in health.get_json()["warnings"]] == ["hub-silent"]
    assert set(health.get_json()["warnings"][0]["what"]) == {"en", "zh"}


def test_a_disk_that_takes_nothing_more_is_told_and_the_coupon_stays_good(
    shop: TillShop, counter: Counter, browser: FlaskClient
) -> None:
    coupon = shop.take(counter)
    sign_in(browser)
    page = browser.get("/till")
    form = {"mark": field(page, "mark"), "form": field(page, "form"), "text": coupon.token}
    conn = counter.pool.here()
    (pages,) = conn.execute("PRAGMA page_count").fetchone()
    (limit,) = conn.execute("PRAGMA max_page_count").fetchone()
    conn.execute(f"PRAGMA max_page_count = {pages}")
    fill = "INSERT INTO verdict (nonce, at, accepted, value_cents, body) VALUES (hex(randomblob(16)), 0, 0, 0, randomblob(4000))"
    with contextlib.suppress(sqlite3.OperationalError):
        for _ in range(200):
            conn.execute(fill)
    answer = browser.post("/till/redeem", data=form)
    assert answer.status_code == 507
    assert "Not recorded" in answer.text
    assert "is full" in answer.text
    assert "Nothing can be redeemed now" in browser.get("/till").text
    told = browser.get("/till/state").get_json()["around"]
    assert "disk is full" in told
    refused = redeem(browser, text=coupon.token)
    assert refused.status_code == 507
    assert f'value="{coupon.token}"' in refused.text
    conn.execute(f"PRAGMA max_page_count = {limit}")
    # What the watcher does every two seconds.
    counter.watcher.once(0.0)
    assert "Nothing can be redeemed now" not in browser.get("/till").text
    assert "Redeemed" in redeem(browser, text=coupon.token).text


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=st.text(max_size=500),
    basket=st.text(max_size=30),
    staff=st.text(max_size=30),
    nonce=st.text(max_size=50),
)
def test_whatever_is_typed_the_till_does_not_stumble(
    browser: FlaskClient, text: str, basket: str, staff: str, nonce: str
) -> None:
    if "Who is at the till" in browser.get("/till").text:
        browser.delete_cookie("shopbell-till", path="/till")
        sign_in(browser)
    page = browser.get("/till")
    form = {
        "mark": field(page, "mark"),
        "form": field(page, "form"),
        "text": text,
        "basket": basket,
        "staff": staff,
    }
    for path in ("/till/redeem", "/till/sign-out?lang=zh"):
        assert browser.post(path, data={**form, "mark": nonce}, follow_redirects=True).status_code < 500
    assert browser.post("/till/redeem", data=form, follow_redirects=True).status_code < 500

"""The pop-up and what follows it, as a phone without script, cookie or storage sees them."""

from __future__ import annotations

import base64
import hashlib
import os
import re
from html import unescape

import msgspec
import pytest
import zxingcpp
from flask.testing import FlaskClient
from storefront_desk import DAY, HOUR, NOW, little_shop, offer
from welcome_door import CODE, HERE, SMS_CODE, Door, FakeKeeper, FakeWays
from werkzeug.test import TestResponse

from edge.gate.protocol import Limits
from edge.portal.welcome.texts import consent_text
from hub.wire.coupon import show_code
from hub.wire.snapshot import Shop, Value

MOST_OCTETS = 30_000
PAGES = ("/", "/in", "/forget", "/m/", f"/m/{CODE}", "/notice", "/sign", "/?left=1", "/offers", "/about")
EVERY_WAY = ("click", "sms", "code", "coupon", "member")


def phone(door: Door, ip: str = HERE) -> FlaskClient:
    client = door.app.test_client(use_cookies=False)
    client.environ_base["REMOTE_ADDR"] = ip
    return client


def octets(answer: TestResponse) -> int:
    """What goes over the air: status line, headers, body."""
    head = sum(len(name) + len(value) + 4 for name, value in answer.headers)
    return 17 + head + 2 + len(answer.data)


def code_of(page: str) -> str:
    found = re.search(r'<p class="code"><span class="unseen">[^<]*</span>([0-9A-Z ]+)</p>', page)
    assert found, page[-3000:]
    return found[1]


def full_text(door: Door, language: str) -> Door:
    """The longest texts that a shop may have."""
    long = {"en": "“Ünlängst & <b>" * 40, "zh": "惊喜优惠，仅限今日，" * 60}
    desk = door.desk
    desk.the_shop = Shop(
        7,
        long,
        timezone="Asia/Shanghai",
        currency="CNY",
        greeting=long,
        colour="#00695C",
        languages=(language, "en"),
    )
    desk.line = {
        "en": "Simulated street: no real radio on this machine. " * 4,
        "zh": "模拟街道：本机没有真实的无线电设备。" * 8,
    }
    desk.running = [
        offer(
            1,
            long["en"],
            long["zh"],
            Value("amount", cents=10**9),
            basket_min_cents=10**9,
            text=long,
            small_print=long,
        )
    ]
    return door


# What stands on the first page


def test_the_best_offer_and_its_coupon_are_there_before_anybody_is_let_in() -> None:
    door = Door()
    page = unescape(phone(door).get("/").text)
    (issued,) = door.desk.issued.values()
    assert "A second coffee on the house" in page
    assert code_of(page) == show_code(issued.code)
    assert 'aria-label="QR code of this coupon"' in page
    assert f"/coupon/{issued.coupon.serial}" in page
    assert door.keeper.let == []


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("ways", [("click", "member"), EVERY_WAY])
def test_every_page_is_one_small_answer_with_the_longest_texts(language: str, ways: tuple[str, ...]) -> None:
    door = full_text(Door(ways=FakeWays(ways), contact="x" * 200), language)
    client = phone(door)
    for address in PAGES:
        if address == "/in":
            client.post("/enter", data={"remember": "yes"})
        answer = client.get(address, headers={"Accept-Language": f"{language}-XX,{language};q=0.9"})
        assert answer.status_code == 200, address
        assert octets(answer) <= MOST_OCTETS, (address, octets(answer))


@pytest.mark.parametrize("address", PAGES)
def test_a_page_loads_nothing_runs_nothing_keeps_nothing(address: str) -> None:
    door = Door()
    client = phone(door)
    if address == "/in":
        client.post("/enter", data={"remember": "yes"})
    answer = client.get(address)
    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers
    page = answer.text.lower()
    for tag in (
        "<script",
        "<iframe",
        "<object",
        "<embed",
        '<link rel="stylesheet',
        "@import",
        "javascript:",
        "onclick",
        "target=",
    ):
        assert tag not in page, tag
    loaded = re.findall(r'(?:src|srcset|data|poster|background)="([^"]*)"', page) + re.findall(
        r"url\(([^)]*)\)", page
    )
    assert all(each.startswith(("/", "data:")) and not each.startswith("//") for each in loaded), loaded
    linked = re.findall(r'(?:href|action)="([^"]*)"', page)
    own = ("/", "#", "data:,", "http://portal.internal/m/")
    assert all(each.startswith(own) and not each.startswith("//") for each in linked), linked
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    (style,) = re.findall(r"<style>(.*?)</style>", answer.text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in policy
    assert 'style="' not in page
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "same-origin"


def test_the_first_page_has_no_picture_and_every_page_says_how_to_be_forgotten() -> None:
    client = phone(Door())
    assert "<img" not in client.get("/").text
    for address in (
        "/",
        "/forget",
        "/m/",
        "/notice",
        "/offers",
        "/offer/1",
        "/search?q=bread",
        "/about",
        "/coupon/00",
    ):
        assert 'href="/forget"' in client.get(address).text, address


def test_the_two_buttons_are_one_form_and_weigh_the_same() -> None:
    page = phone(Door()).get("/").text
    (form,) = re.findall(r'<form class="enter".*?</form>', page, re.DOTALL)
    buttons = re.findall(r'<button class="([^"]*)" type="submit" name="remember" value="(yes|no)">', form)
    assert buttons == [("button", "yes"), ("button", "no")]
    assert consent_text("recognise", "en") in unescape(form)
    assert "checked" not in form
    assert "required" not in form


def test_nobody_is_asked_to_be_remembered_who_could_not_come_back_as_a_member() -> None:
    door = Door(ways=FakeWays(("code",)))
    page = unescape(phone(door).get("/").text)
    assert consent_text("recognise", "en") not in page
    assert 'value="yes"' not in page
    phone(door).post("/enter", data={"remember": "yes", "typed": "RECEIPT"})
    assert [entry.remember for entry in door.ways.joined] == [False]


@pytest.mark.parametrize(
    ("ways", "fields"),
    [
        (("click", "member"), set()),
        (("sms", "click", "member"), {"phone_number"}),
        (("code", "click"), {"typed"}),
        (("coupon",), {"typed"}),
        (("sms",), {"phone_number"}),
        (("member",), {"typed"}),
        (EVERY_WAY, {"phone_number", "typed"}),
    ],
)
def test_a_field_is_there_only_where_its_way_is_offered(ways: tuple[str, ...], fields: set[str]) -> None:
    page = phone(Door(ways=FakeWays(ways))).get("/").text
    assert set(re.findall(r'<input class="input" id="(\w+)"', page)) == fields


# The coupon


def test_a_reload_shows_the_same_coupon_and_takes_no_second_one() -> None:
    door = Door()
    client = phone(door)
    codes = {code_of(client.get("/").text) for _ in range(3)}
    codes.add(code_of(client.get("/?lang=en").text))
    door.clock[0] += 60
    codes.add(code_of(client.get("/").text))
    client.post("/enter", data={"remember": "no"})
    codes.add(code_of(client.get("/in").text))
    assert len(codes) == len(door.desk.issued) == 1
    assert door.desk.opened == [1]


def test_every_phone_has_its_own_coupon_also_one_that_takes_an_address_over() -> None:
    door = Door(keeper=FakeKeeper(macs={"10.77.0.2": "02:00:00:00:00:02", "10.77.0.3": "02:00:00:00:00:03"}))
    codes = [code_of(phone(door, ip).get("/").text) for ip in ("10.77.0.2", "10.77.0.3")]
    door.keeper.macs["10.77.0.2"] = "02:00:00:00:00:04"
    codes.append(code_of(phone(door, "10.77.0.2").get("/").text))
    assert len(set(codes)) == 3


def test_a_phone_of_another_day_gets_a_coupon_of_that_day() -> None:
    door = Door(random=os.urandom)
    first = code_of(phone(door).get("/").text)
    door.clock[0] += DAY
    assert code_of(phone(door).get("/").text) != first


def test_nothing_that_names_a_phone_is_kept_with_its_coupon() -> None:
    one, other = Door(random=lambda count: b"a" * count), Door(random=lambda count: b"b" * count)
    for door in (one, other):
        phone(door).get("/")
    (asked_one,), (asked_other,) = one.desk.by_request, other.desk.by_request
    assert re.fullmatch("[0-9a-f]{32}", asked_one)
    assert asked_one != asked_other, "without the salt of that day nobody can tell whose coupon it is"


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Purpose": "prefetch"},
        {"Sec-Purpose": "prefetch;prerender"},
        {"Purpose": "prefetch"},
        {"User-Agent": "CaptiveNetworkSupport-428.60.2 wispr"},
    ],
)
def test_a_coupon_is_not_taken_for_who_does_not_look(headers: dict[str, str]) -> None:
    door = Door()
    client = phone(door)
    answer = client.get("/", headers=headers)
    client.head("/")
    assert answer.status_code == 200
    assert "A second coffee on the house" in answer.text
    assert "Take this" in answer.text
    assert door.desk.issued == {}
    assert "Take this" not in client.get("/").text, "whoever looks afterwards has the coupon at once"


def test_of_a_limited_lot_nobody_gets_one_unasked() -> None:
    desk = little_shop()
    desk.running = [offer(9, "Only five", "只有五份", Value("gift"), issue_limit=5)]
    door = Door(desk=desk)
    client = phone(door)
    page = client.get("/").text
    assert desk.issued == {}
    (asked,) = re.findall(r'name="request" value="([0-9a-f]{32})"', page)
    taken = client.post("/offer/9/take", data={"request": asked})
    assert taken.status_code == 303
    (issued,) = desk.issued.values()
    assert code_of(client.get("/").text) == show_code(issued.code), "and then it stands on the first page"


def test_an_offer_without_a_limit_goes_before_a_limited_one() -> None:
    desk = little_shop()
    desk.running = [
        offer(8, "Only five", "只有五份", Value("gift"), issue_limit=5),
        offer(9, "Redeemed by three", "限用三次", Value("gift"), redemption_limit=3),
        offer(7, "For all", "人人有份", Value("gift")),
    ]
    page = phone(Door(desk=desk)).get("/").text
    assert "For all" in page
    assert [issued.coupon.campaign for issued in desk.issued.values()] == [7]


def test_without_an_offer_the_page_still_greets_and_lets_in() -> None:
    door = Door()
    door.desk.running = []
    page = phone(door).get("/").text
    assert "Come in from the cold" in page
    assert "Just let me in" in page


def test_a_full_disk_hides_neither_the_offer_nor_the_wifi() -> None:
    door = Door()
    door.desk.full = True
    client = phone(door)
    page = client.get("/").text
    assert "A second coffee on the house" in page
    assert "Just let me in" in page
    assert client.post("/enter", data={"remember": "no"}).headers["Location"] == "/in"


def test_a_new_offer_and_a_lost_line_are_on_the_page_within_seconds() -> None:
    door = Door()
    client = phone(door)
    client.get("/")
    door.desk.running[0] = msgspec.structs.replace(door.desk.running[0], ends_at=int(NOW) + 1)
    door.keeper.internet = False
    door.clock[0] += 3
    page = client.get("/").text
    assert "Sourdough from this morning" in page
    assert "No internet here now. The offer still holds." in page


def test_a_coupon_that_was_used_says_so() -> None:
    door = Door()
    client = phone(door)
    client.get("/")
    (serial,) = door.desk.issued
    door.desk.use(serial, NOW + HOUR)
    door.clock[0] += 2 * HOUR
    page = client.get("/").text
    assert "Used today at 13:00" in page
    assert "QR code of this coupon" not in page


# In, longer, out


def test_just_in_is_a_full_navigation_and_keeps_nothing_of_anybody() -> None:
    door = Door()
    client = phone(door)
    answer = client.post("/enter", data={"remember": "no"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/in")
    page = client.get("/in").text
    assert "You are in until 13:00" in page
    assert "Keep this code" not in page
    assert [(entry.way, entry.remember, entry.language) for entry in door.ways.joined] == [
        ("click", False, "en")
    ]
    assert [ip for ip, _ in door.keeper.let] == [HERE]


def test_the_gate_is_open_before_the_way_in_counts_as_used() -> None:
    door = Door(keeper=FakeKeeper(silent=True))
    answer = phone(door).post("/enter", data={"remember": "yes", "typed": "RECEIPT"})
    assert answer.status_code == 502
    assert "The Wi-Fi does not answer" in answer.text
    assert 'value="RECEIPT"' in answer.text
    assert door.ways.joined == []


def test_a_new_member_reads_the_code_once_they_are_in_and_whoever_left_does_not() -> None:
    door = Door()
    client = phone(door)
    client.post("/enter?lang=zh", data={"remember": "yes"})
    page = client.get("/in?lang=zh").text
    assert show_code(CODE) in page
    assert f"http://portal.internal/m/{CODE}" in page
    assert [(entry.remember, entry.language) for entry in door.ways.joined] == [(True, "zh")]
    assert show_code(CODE) in client.get("/in").text, "pop-ups are loaded twice"
    client.post("/leave")
    client.post("/enter", data={"remember": "no"})
    assert show_code(CODE) not in client.get("/in").text


def test_the_code_of_one_phone_is_not_told_to_another() -> None:
    door = Door(keeper=FakeKeeper(macs={"10.77.0.2": "02:00:00:00:00:02"}))
    phone(door).post("/enter", data={"remember": "yes"})
    other = phone(door, "10.77.0.2")
    other.post("/enter", data={"remember": "no"})
    assert show_code(CODE) not in other.get("/in").text
    door.clock[0] += 16 * 60
    assert show_code(CODE) not in phone(door).get("/in").text, "nor to whoever finds the phone later"


def test_two_taps_are_one_guest() -> None:
    door = Door()
    client = phone(door)
    for _ in range(2):
        assert client.post("/enter", data={"remember": "yes"}).headers["Location"] == "/in"
    assert len(door.ways.joined) == len(door.keeper.let) == 1


def test_a_stay_is_extended_as_often_as_the_grant_says_and_ended_at_once() -> None:
    door = Door()
    client = phone(door)
    client.post("/enter", data={"remember": "no"})
    assert "Stay longer" in client.get("/in").text
    assert client.post("/extend").headers["Location"] == "/in"
    page = client.get("/in").text
    assert "You are in until 14:00" in page
    assert "Stay longer" not in page
    assert client.post("/leave").headers["Location"] == "/?left=1"
    assert "You have left the Wi-Fi" in client.get("/?left=1").text
    assert client.get("/in").headers["Location"] == "/"


def test_how_much_is_left_is_said_where_there_is_a_limit() -> None:
    door = Door(ways=FakeWays(limits=Limits(volume=250_000_000)))
    client = phone(door)
    client.post("/enter", data={"remember": "no"})
    assert "250 MB are left." in client.get("/in").text


def test_whoever_is_in_finds_that_on_the_first_page_and_whoever_was_may_come_again() -> None:
    door = Door()
    client = phone(door)
    client.post("/enter", data={"remember": "no"})
    assert "You are in until 13:00" in client.get("/").text
    door.clock[0] += 2 * HOUR
    page = client.get("/").text
    assert "Your time is over. Come in again if you like." in page
    assert "Just let me in" in page


def test_a_gate_that_does_not_answer_changes_nothing_and_says_so() -> None:
    door = Door()
    client = phone(door)
    client.post("/enter", data={"remember": "no"})
    door.keeper.silent = True
    for action in ("/extend", "/leave"):
        answer = client.post(action)
        assert answer.status_code == 502
        assert "so nothing has changed" in answer.text
        assert "You are in until 13:00" in answer.text


def test_a_phone_of_another_network_is_told_to_join_this_one() -> None:
    door = Door(keeper=FakeKeeper(strangers={HERE}))
    answer = phone(door).post("/enter", data={"remember": "no"})
    assert answer.status_code == 409
    assert "You are not on this Wi-Fi" in answer.text
    assert door.keeper.let == []


def test_a_disk_that_takes_no_record_does_not_put_a_guest_out() -> None:
    door = Door()
    door.ways.broken = True
    client = phone(door)
    assert client.post("/enter", data={"remember": "yes"}).headers["Location"] == "/in"
    assert "You are in until" in client.get("/in").text


def test_where_there_is_no_gate_there_is_an_offer_and_nothing_to_agree_to() -> None:
    door = Door(keeper=FakeKeeper(has_gate=False))
    client = phone(door)
    page = client.get("/").text
    assert code_of(page)
    assert "See all offers" in page
    assert "let me in" not in page
    for address in ("/enter", "/extend", "/leave"):
        assert client.post(address, data={"remember": "yes"}).status_code == 303
    assert (door.ways.entries, door.keeper.let) == ([], [])


# Numbers and codes


def test_a_number_gets_a_code_and_the_code_lets_in() -> None:
    door = Door(ways=FakeWays(("sms", "member")))
    client = phone(door)
    page = client.post("/enter", data={"remember": "yes", "phone_number": "+49 170 1234567"}).text
    assert "Sent to +49 …67" in page
    sent = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page))
    (kept,) = re.findall(r'name="remember" value="(\w+)"', page)
    wrong = client.post("/enter", data={**sent, "remember": kept, "typed": "000000"})
    assert wrong.status_code == 422
    assert "The code is another one." in wrong.text
    assert 'value="000000"' in wrong.text
    assert 'name="handle" value="h-1"' in wrong.text
    right = client.post("/enter", data={**sent, "remember": kept, "typed": SMS_CODE})
    assert right.headers["Location"] == "/in"
    assert [(entry.way, entry.handle, entry.remember) for entry in door.ways.joined] == [("sms", "h-1", True)]


def test_what_is_wrong_stands_at_its_field_and_nothing_typed_is_lost() -> None:
    client = phone(Door(ways=FakeWays(EVERY_WAY)))
    page = client.post("/enter", data={"phone_number": '12 "34'}).text
    assert re.search(r'id="phone_number"[^>]*value="12 &#34;34"[^>]*aria-invalid="true"', page)
    assert "That is no phone number." in page
    page = client.post("/enter?lang=zh", data={"typed": "ABCD 1234", "phone_number": "+49 170"}).text
    assert re.search(r'id="typed"[^>]*value="ABCD 1234"[^>]*aria-invalid="true"', page)
    assert 'value="+49 170"' in page
    assert "没有这个代码，请再看一下。" in page


def test_an_empty_form_says_which_field_it_wants() -> None:
    for ways, wants in ((("sms",), "Type your number first."), (("code",), "Type your code first.")):
        answer = phone(Door(ways=FakeWays(ways))).post("/enter", data={"remember": "no"})
        assert answer.status_code == 422
        assert wants in answer.text


def test_too_many_tries_say_when_the_next_is_looked_at() -> None:
    client = phone(Door(ways=FakeWays(("code",))))
    answers = [client.post("/enter", data={"typed": "WRONG"}) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [422, 422, 422, 429]
    assert answers[-1].headers["Retry-After"] == "4"


def test_a_member_comes_back_with_what_they_kept_and_looking_changes_nothing() -> None:
    door = Door()
    client = phone(door)
    client.post("/enter", data={"remember": "yes"})
    client.post("/leave")
    page = client.get(f"/m/{CODE}").text
    assert door.keeper.stays == {}
    (typed,) = re.findall(r'id="typed"[^>]*value="([^"]*)"', page)
    assert client.post("/enter", data={"typed": typed}).headers["Location"] == "/in"
    assert door.ways.joined[-1].way == "member"


@pytest.mark.parametrize("address", ["/m/%22%3E%3Cscript%3E", "/m/" + "A" * 3_000, "/m/%E2%80%AE%00%0A"])
def test_any_code_in_the_address_is_shown_as_text(address: str) -> None:
    answer = phone(Door()).get(address)
    assert answer.status_code == 200
    assert "<script" not in answer.text
    assert octets(answer) < MOST_OCTETS


# Being forgotten


def test_forgetting_takes_the_code_and_says_what_was_forgotten() -> None:
    door = Door()
    client = phone(door)
    client.post("/enter", data={"remember": "yes"})
    assert "Type the code that you got" in client.get("/forget").text
    assert door.ways.members == {CODE}, "looking at the page forgets nobody"
    answer = client.post("/forget", data={"typed": show_code(CODE)})
    assert "You are forgotten" in answer.text
    assert door.ways.members == set()
    assert show_code(CODE) not in client.get("/in").text


def test_a_code_that_nobody_has_stays_in_its_field() -> None:
    client = phone(Door())
    for typed, says in (("NOBODY", "Nobody is kept under this code."), ("", "Type the code that you got.")):
        answer = client.post("/forget", data={"typed": typed})
        assert answer.status_code == 422
        assert says in answer.text
        assert f'value="{typed}"' in answer.text


# Other people's forms


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "http://elsewhere.example"},
        {"Origin": "http://localhost.elsewhere.example"},
    ],
)
def test_another_sites_form_agrees_to_nothing(headers: dict[str, str]) -> None:
    door = Door()
    client = phone(door)
    assert client.post("/enter", data={"remember": "yes"}, headers=headers).headers["Location"] == "/"
    assert (door.ways.entries, door.keeper.let) == ([], [])
    client.post("/enter", data={"remember": "yes"})
    for address in ("/extend", "/leave", "/forget"):
        client.post(address, data={"typed": CODE}, headers=headers)
    assert "You are in until 13:00" in client.get("/in").text
    assert door.ways.members == {CODE}


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "null"},
        {"Origin": "null", "Sec-Fetch-Site": "same-origin"},
        {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
    ],
)
def test_our_own_form_is_taken_from_browsers_old_and_new(headers: dict[str, str]) -> None:
    answer = phone(Door()).post("/enter", data={"remember": "no"}, headers=headers)
    assert answer.headers["Location"] == "/in"


def test_a_form_of_many_octets_is_refused_with_a_page() -> None:
    door = Door()
    answer = phone(door).post("/enter", data={"typed": "x" * 10_000})
    assert answer.status_code == 413
    assert "Back to the start" in answer.text
    assert door.ways.entries == []


def test_a_broken_desk_shows_no_trace() -> None:
    door = Door()
    door.desk.broken = True
    answer = phone(door).get("/")
    assert answer.status_code == 500
    assert "This page has stumbled" in answer.text
    assert "Traceback" not in answer.text


# Hostile shops


@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>", "\u202eSHOP", "\x01code\x01\x01qr\x01", "Z\u0351\u0489" * 90, ""]
)
def test_hostile_words_of_a_shop_leave_the_page_whole(name: str) -> None:
    door = Door(ssid=name[:32], contact=name)
    words = {"en": name, "zh": name}
    door.desk.the_shop = Shop(1, words, greeting=words, timezone="No/Where", colour="red;}")
    door.desk.running = [offer(1, name, name, Value("gift"))]
    client = phone(door)
    for address in PAGES:
        page = client.get(address)
        assert page.status_code in (200, 303)
        assert "<script" not in page.text
        assert "\u202e" not in page.text
    assert len(re.findall("QR code of this coupon", client.get("/").text)) == 1


# The sign


def test_the_signs_codes_lead_to_the_network_and_to_the_portal() -> None:
    door = Door(ssid='Café; "5G", a\\b: x')
    page = phone(door).get("/sign").text
    read = [text for svg in re.findall(r"<svg xmlns.*?</svg>", page) for text in _read(svg)]
    assert read == ['WIFI:T:nopass;S:Café\\; \\"5G\\"\\, a\\\\b\\: x;;', "http://portal.internal/"]
    assert "This shop counts with Bluetooth" in page
    assert "本店用蓝牙统计人数" in page
    assert "Switch Bluetooth off" in page
    assert "Legitimate interest" in page
    assert len(re.findall("<svg xmlns", phone(Door(ssid="")).get("/sign").text)) == 1, (
        "no network, no QR for it"
    )


def test_the_notice_says_who_what_why_how_long_and_how_to_object() -> None:
    client = phone(Door(contact="privacy@corner.example"))
    page = client.get("/notice").text
    for words in (
        "Corner Shop",
        "privacy@corner.example",
        "never written down",
        "90 seconds",
        "Switch Bluetooth off",
    ):
        assert words in page
    chinese = client.get("/notice?lang=zh").text
    for words in ("街角小店", "关闭蓝牙", "合法利益"):
        assert words in chinese


def _read(svg: str) -> list[str]:
    from PIL import Image

    side = int(re.findall(r'viewBox="0 0 (\d+)', svg)[0])
    image = Image.new("L", (side, side), 255)
    x = y = 0
    for command, numbers in re.findall(r"([Mmh])([-\d. ]+)", re.findall(r' d="([^"]+)"', svg)[0]):
        values = [float(number) for number in numbers.split()]
        if command == "M":
            x, y = int(values[0]), int(values[1])
        elif command == "m":
            x += int(values[0])
        else:
            for step in range(int(values[0])):
                image.putpixel((x + step, y), 0)
            x += int(values[0])
    return [
        found.text
        for found in zxingcpp.read_barcodes(image.resize((side * 4, side * 4), Image.Resampling.NEAREST))
    ]

"""The staff's pages over HTTP: who may do what, forms without a script, and whatever a browser may send."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ways_door import NOW, PIN, Door, at
from werkzeug.test import TestResponse

from edge.gate.protocol import Limits, Phone
from edge.portal.keeper import NoGate
from edge.portal.ways.batches import Wish
from edge.portal.ways.staff.entrance import IDLE_S
from hardware.modem.sim import SimModem
from hub.client.pins import FREE_TRIES_OF_STAFF

BATCH = {
    "what_for": "Breakfast",
    "count": "24",
    "lasts": "2",
    "unit": "hours",
    "valid_until": "2026-12-24",
    "uses": "2",
    "mbytes": "500",
    "down_kbytes": "250",
    "up_kbytes": "0",
}


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    door = Door(tmp_path, ways=("click", "code", "member"), modem=SimModem(delay_s=0.0, now=lambda: NOW))
    yield door
    door.close()


@pytest.fixture
def browser(door: Door) -> FlaskClient:
    return door.staff_app().test_client()


@pytest.fixture
def ada(browser: FlaskClient) -> FlaskClient:
    assert sign_in(browser).status_code == 303
    return browser


def sign_in(browser: FlaskClient, staff: str = "s1", pin: str = PIN) -> TestResponse:
    return browser.post("/staff/in", data={"staff": staff, "pin": pin})


def mark(browser: FlaskClient) -> str:
    found = re.search(r'name="mark" value="([0-9a-f]{32})"', browser.get("/staff/").text)
    assert found
    return found[1]


def send(browser: FlaskClient, path: str, **values: str) -> TestResponse:
    return browser.post(path, data={"mark": mark(browser), **values}, follow_redirects=True)


def refs(browser: FlaskClient) -> list[str]:
    return list(dict.fromkeys(re.findall(r"/staff/guest/([0-9a-f]{16})", browser.get("/staff/").text)))


def text_of(page: TestResponse) -> str:
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", page.text)).split())


@pytest.mark.parametrize(
    "path", ["/staff/", "/staff/codes", "/staff/codes/x", "/staff/guest/0123456789abcdef", "/staff/nothing"]
)
def test_nobody_sees_anything_without_signing_in(browser: FlaskClient, door: Door, path: str) -> None:
    door.come_in(at(23))
    page = browser.get(path)
    assert page.status_code in (303, 404)
    assert "0.23" not in page.text
    if page.status_code == 303:
        assert page.location == "/staff/in"


@pytest.mark.parametrize(
    "path",
    ["/staff/end-all", "/staff/codes", "/staff/codes/x/end", "/staff/guest/0123456789abcdef", "/staff/out"],
)
def test_nobody_does_anything_without_signing_in_or_from_another_sites_page(
    browser: FlaskClient, door: Door, path: str
) -> None:
    door.come_in(at(23))
    assert browser.post(path, data=BATCH | {"do": "end"}).location == "/staff/in"
    sign_in(browser)
    for forged in ("", "0" * 32, "é"):
        assert browser.post(path, data=BATCH | {"do": "end", "mark": forged}).status_code == 403
    assert door.gate.inside() == ["10.77.0.23"]
    assert door.vouchers.latest(NOW) == []


def test_the_cookie_is_for_these_pages_alone_and_no_script_reads_it(browser: FlaskClient) -> None:
    cookie = sign_in(browser).headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert "Path=/staff" in cookie
    assert "Secure" not in cookie
    secure = browser.post("/staff/in", data={"staff": "s1", "pin": PIN}, base_url="https://portal.internal")
    assert "Secure" in secure.headers["Set-Cookie"]


def test_wrong_pins_cost_time_also_over_a_restart(browser: FlaskClient, door: Door) -> None:
    for _ in range(FREE_TRIES_OF_STAFF):
        assert sign_in(browser, pin="0000").status_code == 401
    assert sign_in(browser).status_code == 429
    door.restart()
    again = door.staff_app().test_client()
    assert sign_in(again).status_code == 429
    assert sign_in(again, "s2").status_code == 303
    door.later(900)
    assert sign_in(again).status_code == 303


def test_one_phone_that_guesses_waits_before_it_can_lock_everybody_out(browser: FlaskClient) -> None:
    for n in range(5):
        assert sign_in(browser, f"nobody-{n}", "0000").status_code == 401
    assert sign_in(browser, "nobody-6", "0000").status_code == 429
    other = browser.application.test_client()
    page = other.post(
        "/staff/in", data={"staff": "s1", "pin": PIN}, environ_base={"REMOTE_ADDR": "10.77.0.9"}
    )
    assert page.status_code == 303


def test_another_sites_form_uses_up_no_tries(browser: FlaskClient) -> None:
    for _ in range(30):
        page = browser.post(
            "/staff/in", data={"staff": "s1", "pin": "0"}, headers={"Sec-Fetch-Site": "cross-site"}
        )
        assert page.location == "/staff/in"
    assert sign_in(browser).status_code == 303


def test_a_session_ends_by_signing_out_by_idling_and_when_somebody_has_left_the_shop(
    ada: FlaskClient, door: Door
) -> None:
    assert ada.get("/staff/in").location == "/staff/"
    assert "Ada" in ada.get("/staff/").text
    send(ada, "/staff/out")
    assert ada.get("/staff/").status_code == 303
    sign_in(ada)
    door.later(IDLE_S + 1)
    assert ada.get("/staff/").status_code == 303
    sign_in(ada)
    door.adopt(staff=[])
    assert ada.get("/staff/").status_code == 303
    assert "Nobody can sign in yet" in ada.get("/staff/in").text


def test_the_list_shows_who_is_in_by_which_way_until_when_and_what_they_used_and_no_mac(
    ada: FlaskClient, door: Door
) -> None:
    assert "Nobody is in" in ada.get("/staff/").text
    door.come_in(at(23))
    code = code_of(door)
    door.come_in(at(99, "code", code))
    phone = door.keeper.phone_at("10.77.0.99")
    assert phone is not None
    door.gate.stays[phone].used = 12_345_678
    page = text_of(ada.get("/staff/"))
    assert "2 guests are in." in page
    assert re.search(r"0\.23 Click Today until 13:00 0 B End Change", page)
    assert re.search(r"0\.99 Printed code Today until 14:00 12\.3 MB of 500 MB End Change", page)
    assert "02:00" not in ada.get("/staff/").text
    assert phone.mac[-5:] not in page
    door.later(3_601)
    sign_in(ada)
    page = text_of(ada.get("/staff/"))
    assert "1 guest is in." in page
    assert "A short while ago" in page


def code_of(door: Door) -> str:
    wish = Wish(1, 7_200, NOW + 86_400, limits=Limits(volume=500_000_000))
    return door.vouchers.unused(door.vouchers.make(wish, "s1", NOW).id)[0][1]


def test_a_guest_can_be_ended_prolonged_and_limited(ada: FlaskClient, door: Door) -> None:
    door.come_in(at(23))
    (ref,) = refs(ada)
    page = send(ada, f"/staff/guest/{ref}", do="prolong", minutes="180")
    assert "The guest may stay longer now." in page.text
    assert door.keeper.standing("10.77.0.23", NOW).until == NOW + 4 * 3_600
    page = send(ada, f"/staff/guest/{ref}", do="limit", mbytes="300", down_kbytes="１００", up_kbytes="0")
    assert "300 MB in all · 100 kB a second down" in text_of(page)
    assert door.gate.stays[door.keeper.phone_at("10.77.0.23")].limits == Limits(100_000, 0, 300_000_000)  # type: ignore[index]
    page = send(ada, f"/staff/guest/{ref}", do="end")
    assert "has ended" in page.text
    assert door.gate.inside() == []
    assert send(ada, f"/staff/guest/{ref}", do="end").status_code == 404


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"do": "x"},
        {"do": "prolong"},
        {"do": "prolong", "minutes": "99999"},
        {"do": "prolong", "minutes": "-1"},
    ],
)
def test_forms_that_make_no_sense_change_nothing(ada: FlaskClient, door: Door, sent: dict[str, str]) -> None:
    door.come_in(at(23))
    before = dict(door.gate.stays)
    assert send(ada, f"/staff/guest/{refs(ada)[0]}", **sent).status_code == 200
    assert door.gate.stays == before


@pytest.mark.parametrize("number", ["", "-1", "1.5", "1e3", "many", "1000001", "9" * 30, "²"])
def test_limits_that_are_no_numbers_are_told_with_a_sentence(
    ada: FlaskClient, door: Door, number: str
) -> None:
    door.come_in(at(23))
    page = send(
        ada, f"/staff/guest/{refs(ada)[0]}", do="limit", mbytes=number, down_kbytes="0", up_kbytes="0"
    )
    assert page.status_code == 400
    assert "Type a whole number from 0 to 1000000." in page.text
    assert door.gate.stays[door.keeper.phone_at("10.77.0.23")].limits == Limits()  # type: ignore[index]


def test_a_guests_name_in_the_address_is_of_this_phone_and_of_this_session(
    ada: FlaskClient, door: Door
) -> None:
    door.come_in(at(23))
    (ref,) = refs(ada)
    other = ada.application.test_client()
    sign_in(other, "s2")
    assert refs(other) != [ref]
    assert other.get(f"/staff/guest/{ref}").status_code == 404
    # Another phone has the address now: the form of the old one must not put it out.
    phone = door.keeper.phone_at("10.77.0.23")
    assert phone is not None
    door.gate.stays = {Phone("02:00:00:00:ff:ff", phone.ip): stay for stay in door.gate.stays.values()}
    assert send(ada, f"/staff/guest/{ref}", do="end").status_code == 404
    assert door.gate.inside() == ["10.77.0.23"]


def test_everybody_can_be_put_out_at_once(ada: FlaskClient, door: Door) -> None:
    for n in range(2, 40):
        door.come_in(at(n))
    assert "Everybody" in send(ada, "/staff/end-all").text
    assert door.gate.inside() == []


def test_codes_are_made_shown_printed_used_and_ended(ada: FlaskClient, door: Door) -> None:
    page = send(ada, "/staff/codes", **BATCH)
    assert page.request.path.startswith("/staff/codes/")
    codes = re.findall(r"[0-9A-Z]{4} [0-9A-Z]{4} [0-9A-Z]{4}", page.text)
    assert len(set(codes)) == 24
    assert "Good for 2 hours from the first use · 2 devices at a time" in text_of(page)
    (counted,) = door.vouchers.latest(NOW)
    assert counted.batch.made_by == "s1"
    assert counted.batch.wish == Wish(
        24, 7_200, 1_798_156_800.0, 2, Limits(250_000, 0, 500_000_000), "Breakfast"
    )
    for n, code in enumerate(codes[:3], 50):
        door.come_in(at(n, "code", code))
    door.come_in(at(60))
    listed = text_of(ada.get("/staff/codes"))
    assert "Breakfast Valid 3 of 24 codes used · 3 still running" in listed
    assert "500 MB in all · 250 kB a second down" in listed
    assert "by Ada" in listed
    sheet = ada.get(f"/staff/codes/{counted.batch.id}")
    assert codes[0] not in sheet.text
    assert codes[5] in sheet.text
    page = send(ada, f"/staff/codes/{counted.batch.id}/end")
    assert "let nobody in any more" in page.text
    assert door.gate.inside() == ["10.77.0.60"]
    assert "These codes have ended" in ada.get(f"/staff/codes/{counted.batch.id}").text
    assert send(ada, f"/staff/codes/{counted.batch.id}/end").status_code == 200
    assert send(ada, "/staff/codes/nothing/end").status_code == 404


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("count", "0", "Type a whole number from 1 to 500."),
        ("count", "501", "Type a whole number from 1 to 500."),
        ("count", "ten", "Type a whole number from 1 to 500."),
        ("lasts", "32", "A code can last from 5 minutes to 31 days."),
        ("lasts", "", "A code can last from 5 minutes to 31 days."),
        ("lasts", "9" * 50, "A code can last from 5 minutes to 31 days."),
        ("unit", "years", "Choose minutes, hours or days."),
        ("valid_until", "tomorrow", "Type a date like 2026-12-31."),
        ("valid_until", "2026-02-30", "Type a date like 2026-12-31."),
        ("valid_until", "2026-11-29", "Choose a day from today on"),
        ("valid_until", "9999-12-31", "Choose a day from today on"),
        ("uses", "0", "Type a whole number from 1 to 50."),
        ("mbytes", "-5", "Type a whole number from 0 to 1000000."),
    ],
)
def test_rubbish_in_the_form_for_codes_is_told_beside_its_field_and_nothing_is_made(
    ada: FlaskClient, door: Door, field: str, value: str, sentence: str
) -> None:
    page = send(ada, "/staff/codes", **(BATCH | {"unit": "days"} | {field: value}))
    assert page.status_code == 400
    assert sentence in unescape(page.text)
    assert 'value="Breakfast"' in page.text
    assert door.vouchers.latest(NOW) == []


def test_a_gate_that_is_silent_is_told_and_ended_codes_stay_ended(ada: FlaskClient, door: Door) -> None:
    door.come_in(at(23))
    code = code_of(door)
    (ref,) = refs(ada)
    token = mark(ada)
    door.gate.broken = True
    batch = door.vouchers.latest(NOW)[0].batch.id
    for path, sent in (
        ("/staff/", None),
        (f"/staff/guest/{ref}", None),
        (f"/staff/guest/{ref}", {"do": "end"}),
        ("/staff/end-all", {}),
        (f"/staff/codes/{batch}/end", {}),
    ):
        page = ada.get(path) if sent is None else ada.post(path, data={"mark": token, **sent})
        assert page.status_code == 503
        assert "nftables does not answer." in page.text
    voucher = door.vouchers.look_up(code)
    assert voucher is not None
    assert voucher.batch.ended_at == NOW


def test_ending_codes_after_the_portal_was_started_anew_says_that_some_guests_may_still_be_in(
    ada: FlaskClient, door: Door
) -> None:
    door.come_in(at(23, "code", code_of(door)))
    door.restart()
    browser = door.staff_app().test_client()
    sign_in(browser)
    page = send(browser, f"/staff/codes/{door.vouchers.latest(NOW)[0].batch.id}/end")
    assert "their way in is not known any more" in page.text
    assert door.gate.inside() == ["10.77.0.23"]


def test_without_an_access_point_codes_can_be_made_all_the_same(door: Door) -> None:
    door.keeper = NoGate()  # type: ignore[assignment]
    browser = door.staff_app().test_client()
    sign_in(browser)
    assert "This portal has no access point" in browser.get("/staff/").text
    assert send(browser, "/staff/codes", **BATCH).status_code == 200


def test_what_a_simulated_modem_was_given_can_be_read_there_and_nowhere_without_signing_in(
    ada: FlaskClient, door: Door
) -> None:
    assert door.modem is not None
    door.modem.send("+4915123456789", "123456 is your Wi-Fi code. <b>")
    page = ada.get("/staff/")
    assert "123456 is your Wi-Fi code. &lt;b&gt;" in page.text
    assert "None has left this machine." in page.text
    assert "123456" not in ada.application.test_client().get("/staff/in").text


@pytest.mark.parametrize("path", ["/staff/in", "/staff/", "/staff/codes"])
def test_every_page_speaks_both_languages_and_keeps_the_choice(
    ada: FlaskClient, door: Door, path: str
) -> None:
    door.come_in(at(23))
    code_of(door)
    browser = ada.application.test_client() if path == "/staff/in" else ada
    english, chinese = browser.get(path + "?lang=en"), browser.get(path + "?lang=zh")
    assert 'lang="zh-Hans"' in chinese.text
    visible = re.sub(r"(?s)<(title|style|code)[^>]*>.*?</\1>|<[^>]*>", " ", chinese.text)
    left = set(re.findall(r"[A-Za-z]{4,}", unescape(visible))) - {"English", "Wi", "Click"}
    assert not left
    assert english.text != chinese.text
    assert all("lang=zh" in link for link in re.findall(r'(?:href|action)="(/staff/[a-z][^"]*)"', chinese.text)
               if "style" not in link and "bell" not in link and "lang=en" not in link)  # fmt: skip


def test_pages_load_nothing_from_elsewhere_and_run_no_script(ada: FlaskClient) -> None:
    for path in ("/staff/", "/staff/codes", "/staff/in"):
        page = ada.get(path)
        policy = page.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "script-src" not in policy
        assert "<script" not in page.text
        assert page.headers["Cache-Control"] == "no-store"


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    path=st.sampled_from(["codes", "end-all", "guest/0123456789abcdef", "codes/x/end", "out", "in"]),
    sent=st.dictionaries(
        st.sampled_from(
            ["do", "minutes", "count", "lasts", "unit", "valid_until", "uses", "mbytes", "what_for", "pin"]
        ),
        st.text(max_size=300),
    ),
)
def test_no_form_breaks_a_page(door: Door, path: str, sent: dict[str, str]) -> None:
    browser = door.staff_app().test_client()
    door.later(1_000)
    sign_in(browser)
    found = re.search(r'name="mark" value="([0-9a-f]{32})"', browser.get("/staff/").text)
    if found:
        sent = sent | {"mark": found[1]}
    assert browser.post(f"/staff/{path}", data=sent).status_code < 500

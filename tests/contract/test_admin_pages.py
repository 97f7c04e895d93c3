"""The manager's pages over HTTP: who is let in, what a form keeps, what a change leaves behind."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from werkzeug.datastructures import MultiDict

from hub.people import add_manager, add_staff
from hub.signing.joining import make_setup_code
from hub.wire.coupon import show_code
from hub.wire.events import CouponRedeemed, OccupancyMeasured
from tests.hub_house import NOON, House, campaign
from tests.hub_office import PASSWORD, Office, offer_form, picture, words

PAGES = (
    "/",
    "/offers",
    "/offers/new",
    "/offers/1",
    "/coupons",
    "/devices",
    "/tags",
    "/staff",
    "/shop",
    "/record",
    "/password",
    "/security",
)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    made.close()


@pytest.fixture
def door(house: House) -> Office:
    """At the door: there is a manager, but nobody is logged in."""
    assert add_manager(house.store, "Ines", PASSWORD, NOON, who="shell") is None
    return Office(house)


@pytest.fixture
def office(door: Office) -> Office:
    assert door.log_in().status_code == 303
    return door


@pytest.mark.parametrize("page", PAGES)
def test_nobody_sees_a_page_without_logging_in(door: Office, page: str) -> None:
    answer = door.get(page)
    assert answer.status_code == 303
    assert "/manage/login" in answer.location


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_page_is_there_in_both_languages_with_its_guards_up(
    office: Office, page: str, language: str
) -> None:
    answer = office.get(f"{page}?lang={language}")
    assert answer.status_code == 200
    text = answer.get_data(as_text=True)
    assert f'<html lang="{"zh-Hans" if language == "zh" else "en"}"' in text
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert not re.search(r"<script(?![^>]*\bsrc=)|\sstyle=|\son[a-z]+=", text)
    heading = re.search(r"<h1>(.*?)</h1>", text, re.DOTALL)
    assert heading
    assert len(re.findall("<h1", text)) == 1


def test_a_new_hub_is_set_up_with_its_code(house: House) -> None:
    office = Office(house)
    assert office.get("/").location.endswith("/manage/setup")
    code = make_setup_code(house.store, NOON)
    wrong = office.post("/setup", {"code": "0000-0000-0000", "name": "Ines", "password": PASSWORD})
    assert wrong.status_code == 422
    assert "not the set-up code" in words(wrong)
    assert 'value="Ines"' in wrong.get_data(as_text=True)
    assert PASSWORD not in wrong.get_data(as_text=True)
    assert office.post("/setup", {"code": code, "name": "Ines", "password": PASSWORD}).status_code == 303
    assert office.get("/").status_code == 200
    assert office.get("/setup").location.endswith("/manage/login")


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(door: Office) -> None:
    cookie = door.log_in().headers.get_all("Set-Cookie")[0]
    assert cookie.startswith("shopbell_manager=")
    for part in ("HttpOnly", "SameSite=Lax", "Path=/manage/"):
        assert part in cookie


def test_a_wrong_password_says_nothing_about_the_name(door: Office) -> None:
    first = door.post("/login", {"name": "Ines", "password": "wrong wrong"})
    second = door.post("/login", {"name": "Nobody", "password": "wrong wrong"})
    assert first.status_code == second.status_code == 401
    assert words(first) == words(second).replace("Nobody", "Ines")


def test_after_too_many_tries_the_page_says_how_long_to_wait(door: Office) -> None:
    answers = [door.log_in("wrong wrong") for _ in range(6)]
    assert answers[-1].status_code == 429
    assert "Wait 5 seconds" in words(answers[-1])
    assert door.log_in().status_code == 429
    door.house.now += 6
    assert door.log_in().status_code == 303


def test_logging_in_leads_to_the_page_that_was_asked_for_and_to_no_other_site(door: Office) -> None:
    assert "next=/manage/coupons?days%3D7" in door.get("/coupons?days=7").location
    form = {"name": "Ines", "password": PASSWORD, "next": "/manage/coupons?days=7"}
    assert door.post("/login", form).location == "/manage/coupons?days=7"
    door.post("/logout", page="/")
    assert door.post("/login", form | {"next": "//evil.example/"}).location == "/manage/"


def test_logging_out_ends_the_session_on_the_hub_too(office: Office) -> None:
    stolen = office.client.get_cookie("shopbell_manager", path="/manage/")
    assert stolen is not None
    assert office.post("/logout", page="/").status_code == 303
    office.client.set_cookie("shopbell_manager", stolen.value, path="/manage/")
    assert office.get("/").status_code == 303


@pytest.mark.parametrize(
    "path",
    ["/offers/new", "/offers/1/turn", "/devices/pair", "/staff", "/shop", "/logout", "/offers/preview"],
)
def test_a_form_from_elsewhere_changes_nothing(office: Office, path: str) -> None:
    before = len(office.house.store.people.audit())
    for token in ("", "0" * 64, "ünïcode"):
        answer = office.client.post(
            f"/manage{path}", data={"form_token": token, "action": "end", "name": "Mallory"}
        )
        assert answer.status_code == 403
    assert len(office.house.store.people.audit()) == before
    assert office.get("/").status_code == 200


def test_an_offer_is_made_with_a_picture_and_published(office: Office) -> None:
    answer = office.post("/offers/new", offer_form(action="publish", upload=picture()))
    assert answer.status_code == 303
    record = office.house.store.campaigns.all()[0]
    assert record.state == "published"
    assert record.campaign.offer.title["zh"] == "送可颂"
    assert record.campaign.channels == ("portal", "kiosk")
    shown = office.get(f"/picture/{record.campaign.offer.picture}")
    assert shown.mimetype == "image/webp"
    assert office.house.store.people.audit()[0].what == "offer.created"
    assert "Published" in words(office.client.get(answer.location))


def test_a_fault_loses_nothing_of_the_form_not_even_the_picture(office: Office) -> None:
    answer = office.post(
        "/offers/new",
        offer_form(action="publish", upload=picture(), amount="plenty", ends="", text_en="Until noon <b>"),
    )
    assert answer.status_code == 422
    text = answer.get_data(as_text=True)
    assert "2 things are not right yet" in words(answer)
    assert 'value="plenty"' in text
    assert "Until noon &lt;b&gt;" in text
    kept = re.search(r'name="picture" value="([0-9a-f]{64})"', text)
    assert kept
    assert office.house.store.campaigns.picture(kept[1])
    assert len(office.house.store.campaigns.all()) == 1
    for field in ("amount", "ends"):
        assert re.search(rf'id="{field}"[^>]*aria-describedby="[^"]*{field}-wrong', text)


def test_a_hostile_picture_gets_its_sentence_and_the_rest_stays(office: Office) -> None:
    bad = (io.BytesIO(b"<svg onload='alert(1)'/>"), "x.jpg")
    answer = office.post("/offers/new", offer_form(action="publish", upload=bad))
    assert answer.status_code == 422
    assert "not a picture that can be read" in words(answer)
    assert 'value="A free croissant"' in answer.get_data(as_text=True)


def test_a_request_that_is_far_too_large_gets_a_page(office: Office) -> None:
    answer = office.client.post(
        "/manage/offers/new",
        input_stream=io.BytesIO(b"--x"),
        environ_overrides={"CONTENT_LENGTH": str(41 * 2**20)},
        content_type="multipart/form-data; boundary=x",
    )
    assert answer.status_code == 413
    assert "far too large" in words(answer)


def test_the_preview_button_shows_the_card_and_saves_nothing(office: Office) -> None:
    answer = office.post("/offers/new", offer_form(action="preview", title_en="Warm <i>tarts</i>"))
    assert answer.status_code == 200
    assert "Warm &lt;i&gt;tarts&lt;/i&gt;" in answer.get_data(as_text=True)
    assert len(office.house.store.campaigns.all()) == 1
    frame = office.post("/offers/preview/phone", offer_form(card_language="zh"), page="/offers/new")
    assert "送可颂" in html.unescape(frame.get_data(as_text=True))
    assert len(office.house.store.campaigns.all()) == 1


def test_what_coupons_that_are_out_promise_does_not_get_worse_silently(office: Office) -> None:
    till = office.house.node()
    issued, _ = till.mint()
    till.report(issued)
    worse = offer_form(action="save", amount="1", version="1")
    asked = office.post("/offers/1", worse)
    assert asked.status_code == 409
    assert "The coupon is worth less" in words(asked)
    assert office.house.store.campaigns.get(1).campaign.offer.value.cents == 500  # type: ignore[union-attr]
    assert (
        office.post("/offers/1", offer_form(action="save", amount="1", version="1", sure="yes")).status_code
        == 303
    )
    assert office.house.store.campaigns.get(1).campaign.offer.value.cents == 100  # type: ignore[union-attr]


def test_somebody_elses_change_is_not_overwritten(office: Office) -> None:
    office.house.publish(campaign(basket_min_cents=700))
    answer = office.post("/offers/1", offer_form(action="save", amount="9", version="1"))
    assert answer.status_code == 422
    assert "Somebody else has changed this offer" in words(answer)
    assert office.house.store.campaigns.get(1).version == 2  # type: ignore[union-attr]


def test_an_offer_is_paused_published_again_and_ended_after_asking(office: Office) -> None:
    def state() -> str:
        record = office.house.store.campaigns.get(1)
        assert record
        return record.state

    assert office.post("/offers/1/turn", {"action": "pause"}, page="/offers/1").status_code == 303
    assert state() == "paused"
    office.post("/offers/1/turn", {"action": "publish"}, page="/offers/1")
    assert state() == "published"
    assert "Leave it as it is" in words(office.post("/offers/1/turn", {"action": "end"}, page="/offers/1"))
    assert state() == "published"
    office.post("/offers/1/turn", {"action": "end", "sure": "yes"}, page="/offers/1")
    assert state() == "ended"
    office.post("/offers/1/turn", {"action": "publish"}, page="/offers/1")
    assert state() == "ended"
    office.post("/offers/1/copy", page="/offers/1")
    copied = office.house.store.campaigns.all()[0]
    assert (copied.number, copied.state) == (2, "draft")


def test_a_copy_of_an_offer_that_is_over_has_its_picture_and_can_be_published(office: Office) -> None:
    office.post("/offers/new", offer_form(action="publish", upload=picture()))
    before = office.house.store.campaigns.all()[0].campaign
    office.house.now = before.ends_at + 86_400
    office.log_in()
    office.post(f"/offers/{before.number}/copy", page=f"/offers/{before.number}")
    twin = office.house.store.campaigns.all()[0].campaign
    assert twin.number != before.number
    assert twin.offer == before.offer
    assert twin.offer.picture is not None
    office.post(f"/offers/{twin.number}/turn", {"action": "publish"}, page=f"/offers/{twin.number}")
    assert office.house.store.campaigns.all()[0].state == "published"


def test_a_nonsense_action_is_no_server_error(office: Office) -> None:
    for form in ({"action": "explode"}, {}):
        assert office.post("/offers/1/turn", form, page="/offers/1").status_code == 400
    assert office.get("/offers/99").status_code == 404
    assert "no such page" in words(office.get("/nowhere/at/all"))
    assert office.get("/coupons?skip=-5&offer=x&days=%00&from=zz").status_code == 200


def test_today_counts_what_happened_and_says_how_sure_it_is(office: Office) -> None:
    till, edge = office.house.node(), office.house.node("edge", "Door")
    issued, token = till.mint()
    till.report(issued)
    till.redeem(token)
    edge.report(
        OccupancyMeasured(zone="door", window_s=60, people=31, low=27, high=35, addresses=40, simulated=True)
    )
    seen = words(office.get("/"))
    for part in (
        "People in the shop now 31 27 to 35",
        "simulated street",
        "Coupons taken 1",
        "Coupons redeemed 1",
        "€5",
    ):
        assert part in seen
    assert "此刻店内人数 31" in words(office.get("/?lang=zh"))


def test_a_coupon_is_found_by_its_code_its_token_and_its_serial(office: Office) -> None:
    till = office.house.node()
    issued, token = till.mint()
    till.report(issued)
    till.redeem(token)
    for query in (show_code(issued.code).lower(), token, issued.serial):
        page = office.get("/coupons", query_string={"q": query})
        assert page.status_code == 200
        assert issued.serial in words(page)
        assert "Till 1" in words(page)
    assert office.get("/coupons", query_string={"q": "no such thing"}).status_code == 404


def test_a_coupon_that_was_accepted_twice_stands_there_with_its_cost(office: Office) -> None:
    first, second = office.house.node(), office.house.node(name="Till 2")
    issued, _ = first.mint()
    first.report(issued)
    for till, name in ((first, "Till 1"), (second, "Till 2")):
        till.report(
            CouponRedeemed(
                serial=issued.serial,
                campaign=1,
                nonce=f"nonce-{name}",
                till=name,
                staff="s1",
                value_cents=500,
                offline=True,
            )
        )
    listed = words(office.get("/coupons"))
    assert "Accepted twice" in listed
    assert "€5" in listed
    assert "One coupon was accepted twice" in words(office.get("/"))


def test_a_device_is_let_in_by_a_code_and_put_out_after_asking(office: Office) -> None:
    page = office.post("/devices/pair", {"program": "kiosk"}, page="/devices")
    code = re.search(r'pairing-code"[^>]*>([0-9A-Z-]{24})<', page.get_data(as_text=True))
    assert code
    till = office.house.node()
    assert "Till 1" in words(office.get("/devices"))
    asked = office.post(f"/devices/{till.device}/withdraw", page="/devices")
    assert "refused at once" in words(asked)
    office.post(f"/devices/{till.device}/withdraw", {"sure": "yes"}, page="/devices")
    device = office.house.store.devices.get(till.device)
    assert device
    assert device.withdrawn_at is not None
    assert office.post("/devices/pair", {"program": "submarine"}, page="/devices").status_code == 400


def test_a_pin_is_shown_once(office: Office) -> None:
    page = office.post("/staff", {"name": "Mina", "pin": ""})
    pin = re.search(r'pairing-code"[^>]*>(\d{6})<', page.get_data(as_text=True))
    assert pin
    assert pin[1] not in office.get("/staff").get_data(as_text=True)
    assert office.post("/staff", {"name": "Jo", "pin": "1234"}).status_code == 422
    add_staff(office.house.store, "Kim", "4711", NOON, who="test", pepper=bytes(32))
    assert office.post("/staff/s2", {"action": "keep-out"}, page="/staff").status_code == 303
    assert [member.active for member in office.house.store.people.staff()] == [True, False]
    assert office.post("/staff/s9", {"action": "new-pin"}, page="/staff").status_code == 404


def test_the_shop_gets_another_name_and_every_fault_is_told(office: Office) -> None:
    form: MultiDict[str, str] = MultiDict(
        {
            "name_en": "Bakery",
            "name_zh": "",
            "timezone": "Asia/Shanghai",
            "currency": "CNY",
            "colour": "#0a7a4b",
        }
    )
    form.add("languages", "zh")
    assert office.post("/shop", form).status_code == 303
    shop = office.house.store.shop.get()
    assert shop
    assert (shop.name, shop.timezone, shop.languages) == ({"en": "Bakery"}, "Asia/Shanghai", ("zh",))
    bad = office.post("/shop", {"name_en": "", "timezone": "../etc", "currency": "€", "colour": "red"})
    assert bad.status_code == 422
    assert "5 things are not right yet" in words(bad)


def test_hostile_names_stay_text(office: Office) -> None:
    nasty = "<script>alert(1)</script>"
    office.post("/offers/new", offer_form(title_en=nasty, title_zh=nasty))
    office.post("/staff", {"name": nasty, "pin": "4711"})
    office.post("/shop", {"name_en": nasty, "timezone": "UTC", "currency": "EUR", "languages": "en"})
    for page in PAGES:
        assert nasty not in office.get(page).get_data(as_text=True)


@pytest.mark.parametrize("table", ["campaign", "session", "shop"])
def test_a_disk_that_fails_gives_a_sentence_and_no_trace(office: Office, table: str) -> None:
    office.house.store.pool.conn().execute(f"DROP TABLE {table}")
    answer = office.get("/offers")
    assert answer.status_code == 507
    assert "cannot be used" in words(answer)
    assert "Traceback" not in words(answer)

"""The kiosk's screen over HTTP: visits that are forgotten, offers by the hour, heartbeats, what stood in front."""

from __future__ import annotations

import re
from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient
from msgspec.structs import replace
from storefront_desk import DAY, HOUR, NOW, FakeDesk, little_shop, offer

from hub.storefront import create_storefront
from hub.storefront.context import ScreenSettings
from hub.storefront.exposure import TELL_S
from hub.wire.conditions import Hours
from hub.wire.short_number import show_short_number
from hub.wire.snapshot import Value

VISIT, OTHER = "5e" * 16, "a1" * 16
SAME = {"Sec-Fetch-Site": "same-origin"}


class Kiosk:
    """A screen whose clocks a test moves."""

    def __init__(self, desk: FakeDesk | None = None, **screen: float) -> None:
        self.desk = desk or little_shop("kiosk")
        self.at = 0.0
        app = Flask("kiosk")
        app.register_blueprint(
            create_storefront(
                self.desk,
                surface="kiosk",
                now=lambda: NOW + self.at,
                steady=lambda: 1_000.0 + self.at,
                screen=ScreenSettings(**screen),
            )
        )
        self.client: FlaskClient = app.test_client()

    def get(self, address: str) -> str:
        return unescape(self.client.get(address).text)

    def take(self, number: int = 1, visit: str = VISIT, asked: str = "ab" * 16) -> str:
        answer = self.client.post(f"/offer/{number}/take?visit={visit}", data={"request": asked})
        assert answer.status_code == 303
        return str(answer.headers["Location"])

    def beat(self, **told: object) -> int:
        return self.client.post("/screen/beat", json=told, headers=SAME).status_code


@pytest.fixture
def kiosk() -> Kiosk:
    return Kiosk()


def test_a_coupons_address_at_a_kiosk_says_nothing_of_the_coupon(kiosk: Kiosk) -> None:
    address = kiosk.take()
    (issued,) = kiosk.desk.issued.values()
    assert address == f"/coupon/1?visit={VISIT}"
    page = kiosk.client.get(address)
    assert page.status_code == 200
    assert issued.coupon.serial not in page.text
    assert issued.code[:4] in page.text
    assert page.headers["Cache-Control"] == "no-store"


def test_only_the_visit_in_which_it_was_taken_shows_a_coupon(kiosk: Kiosk) -> None:
    address = kiosk.take()
    (issued,) = kiosk.desk.issued.values()
    for stranger in (
        f"/coupon/1?visit={OTHER}",
        "/coupon/1",
        f"/coupon/{issued.coupon.serial}",
        f"/coupon/{issued.coupon.serial}?visit={VISIT}",
        f"/coupon/2?visit={VISIT}",
        f"/coupon/0?visit={VISIT}",
        f"/coupon/-1?visit={VISIT}",
    ):
        answer = kiosk.client.get(stranger)
        assert answer.status_code == 410, stranger
        assert issued.code[:4] not in answer.text
        assert "This page has been wiped" in answer.text
    assert kiosk.client.get(address).status_code == 200


@pytest.mark.parametrize("way", ["the button", "its time"])
def test_what_is_wiped_is_gone_for_whoever_types_the_address_again(kiosk: Kiosk, way: str) -> None:
    address = kiosk.take()
    kiosk.client.post(f"/search?visit={VISIT}", data={"q": "bread"})
    if way == "the button":
        answer = kiosk.client.get(f"/wipe?visit={VISIT}&lang=zh")
        assert answer.headers["Location"] == "/"
        assert answer.headers["Clear-Site-Data"] == '"cache", "storage", "cookies"'
    else:
        kiosk.at += 45 + 20 + 16
    assert kiosk.client.get(address).status_code == 410
    assert 'value="bread"' not in kiosk.get(f"/search?visit={VISIT}").partition("<ul")[0]
    assert "for “bread”" not in kiosk.get(f"/search?visit={VISIT}")
    assert kiosk.client.get("/screen/state").json["visits"] <= 1


def test_a_visit_lasts_as_long_as_somebody_touches_the_screen(kiosk: Kiosk) -> None:
    address = kiosk.take()
    for _ in range(5):
        kiosk.at += 60
        assert kiosk.client.get(address).status_code == 200
    for _ in range(5):
        kiosk.at += 60
        assert kiosk.beat(visit=VISIT, touched=True) == 200
    assert kiosk.client.get(address).status_code == 200


def test_a_page_that_only_reloads_itself_is_no_sign_of_life(kiosk: Kiosk) -> None:
    kiosk.desk.running[0] = replace(kiosk.desk.running[0], rotating=True)
    address = kiosk.take()
    texts = []
    for _ in range(3):
        page = kiosk.client.get(address + "&turn=1")
        texts.append((page.status_code, 'class="idle due"' in page.text))
        kiosk.beat(visit=VISIT, touched=False)
        kiosk.at += 30
    assert texts == [(200, False), (200, False), (200, True)]
    assert kiosk.client.get(address + "&turn=1").status_code == 410


def test_words_that_are_looked_for_stay_out_of_addresses_and_with_their_visit(kiosk: Kiosk) -> None:
    answer = kiosk.client.post(f"/search?visit={VISIT}&lang=en", data={"q": "面包"})
    assert answer.headers["Location"] == f"/search?visit={VISIT}&lang=en"
    page = kiosk.get(answer.headers["Location"])
    assert "1 offer for “面包”" in page
    assert "面包" not in kiosk.get(f"/search?visit={OTHER}&lang=en")
    assert 'method="post"' in page


@pytest.mark.parametrize("surface", ["kiosk", "phone"])
def test_a_short_number_leads_to_its_offer_by_address_and_in_the_search(surface: str) -> None:
    app = Flask("shop")
    app.register_blueprint(create_storefront(little_shop(), surface=surface, now=lambda: NOW))
    client = app.test_client()
    typed = show_short_number(2)
    answer = client.get(f"/n/{typed.replace(' ', '')}")
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/offer/2")
    found = (
        client.post("/search", data={"q": typed}) if surface == "kiosk" else client.get(f"/search?q={typed}")
    )
    assert found.headers["Location"].startswith("/offer/2")
    wrong = str((int(typed[-1]) + 1) % 10)
    assert client.get(f"/n/{typed[:-1]}{wrong}").status_code == 404
    assert client.get("/n/" + show_short_number(77)).status_code == 410


def test_a_digital_link_leads_to_the_offer_for_its_product(kiosk: Kiosk) -> None:
    kiosk.desk.running[1] = replace(kiosk.desk.running[1], gtin="9506000134352")
    for address in ("/01/09506000134352", "/01/09506000134352/21/7K4TQ9XW2M5H", "/01/09506000134352?token=x"):
        answer = kiosk.client.get(address)
        assert answer.status_code == 303, address
        assert answer.headers["Location"].startswith("/offer/2?")
    for address in ("/01/09506000134353", "/01/00000000000000", "/01/x"):
        assert kiosk.client.get(address).status_code == 404, address


def fronts(kiosk: Kiosk) -> list[int]:
    page = kiosk.client.get("/").text
    return [int(number) for number in dict.fromkeys(re.findall(r"/offer/(\d)\?", page))]


def test_offers_of_this_hour_come_first_and_those_of_other_hours_last() -> None:
    # Monday, noon.
    desk = FakeDesk("kiosk")
    desk.running = [
        offer(1, "Evening", "晚", Value("gift"), hours=(Hours((0,), 18 * 60, 22 * 60),)),
        offer(2, "Any", "随时", Value("gift")),
        offer(3, "Lunch", "午", Value("gift"), hours=(Hours((0, 1, 2, 3, 4), 11 * 60, 14 * 60),)),
    ]
    kiosk = Kiosk(desk)
    assert fronts(kiosk) == [3, 2, 1]
    assert "Monday to Friday, 11:00 to 14:00" in kiosk.get("/")
    kiosk.at = 7 * HOUR
    assert fronts(kiosk) == [1, 2, 3]
    kiosk.at = DAY + 7 * HOUR
    assert fronts(kiosk)[0] == 2


def test_offers_of_the_same_hour_take_turns(kiosk: Kiosk) -> None:
    seen = []
    for _ in range(4):
        seen.append(fronts(kiosk)[0])
        kiosk.at += 30
    assert sorted(seen) == [1, 2, 3, 4]


def mark_of(page: str) -> str:
    found = re.search(r'data-page="([0-9a-f]{32})"', page)
    assert found
    return found[1]


def test_what_stood_in_front_becomes_a_fact_after_minutes(kiosk: Kiosk) -> None:
    page = mark_of(kiosk.get("/"))
    for _ in range(30):
        kiosk.at += 10
        assert kiosk.beat(page=page, seen=[[1, 0, 10.0]]) == 200
    assert kiosk.desk.exposures == []
    kiosk.at = 10 + TELL_S
    kiosk.beat(page=page, seen=[[1, 1, 0.0], [2, 1, 0.0]])
    assert kiosk.desk.exposures == [(1, 1, 300.0), (2, 1, 0.0)]


def test_nobody_is_believed_more_seconds_than_went_by(kiosk: Kiosk) -> None:
    page = mark_of(kiosk.get("/"))
    kiosk.at += 10
    kiosk.beat(page=page, seen=[[1, 1, 4_000.0], [2, 1, 4_000.0]])
    kiosk.beat(page="ff" * 16, seen=[[3, 1, 9.0]])
    kiosk.at += TELL_S
    kiosk.beat(page=page)
    assert kiosk.desk.exposures == [(1, 1, 12.0), (2, 1, 0.0)]


def test_without_a_script_the_page_that_follows_tells_how_long_the_one_before_stood(kiosk: Kiosk) -> None:
    address = "/"
    for _ in range(13):
        refresh = re.search(r'content="30;url=([^"]+)"', kiosk.get(address))
        assert refresh
        address = refresh[1]
        kiosk.at += 30
    told = {campaign: (times, round(seconds)) for campaign, times, seconds in kiosk.desk.exposures}
    assert set(told) == {1, 2, 3, 4}
    assert all(seconds == 30 * times for times, seconds in told.values())
    # The same address again, as from a history, counts nothing.
    before = list(kiosk.desk.exposures)
    kiosk.at += TELL_S
    kiosk.get(address)
    kiosk.get(address)
    assert sum(times for _, times, _ in kiosk.desk.exposures) - sum(times for _, times, _ in before) <= 2


def test_a_heartbeat_from_another_site_or_of_rubbish_is_refused(kiosk: Kiosk) -> None:
    page = mark_of(kiosk.get("/"))
    kiosk.at += 5
    elsewhere = kiosk.client.post(
        "/screen/beat", json={"page": page, "seen": [[1, 1, 5.0]]}, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert elsewhere.status_code == 403
    for rubbish in (b"", b"{", b"[]", b'{"seen": [[1]]}', b'{"seen": [["x", 1, 2.0]]}', b"\xff" * 30):
        assert kiosk.client.post("/screen/beat", data=rubbish, headers=SAME).status_code == 400
    assert kiosk.client.post("/screen/beat", data=b"x" * 50_000, headers=SAME).status_code == 413
    assert kiosk.client.get("/screen/state").json["beats"] == 0


def test_a_full_disk_keeps_no_screen_from_going_on(kiosk: Kiosk) -> None:
    page = mark_of(kiosk.get("/"))
    kiosk.at += 10
    kiosk.beat(page=page, seen=[[1, 1, 10.0]])
    kiosk.desk.full = True
    kiosk.at += TELL_S
    assert kiosk.beat(page=page) == 200
    assert kiosk.client.get("/").status_code == 200


def test_the_state_says_how_long_no_page_has_told_that_it_lives(kiosk: Kiosk) -> None:
    assert kiosk.client.get("/screen/state").json["silent_s"] is None
    kiosk.beat()
    kiosk.at += 7
    assert kiosk.client.get("/screen/state").json["silent_s"] == 7


def test_the_worker_keeps_the_page_for_when_the_server_is_away_and_nothing_of_a_visit(kiosk: Kiosk) -> None:
    worker = kiosk.client.get("/screen-worker.js")
    assert worker.mimetype == "text/javascript"
    kept = re.findall(r'"(/[^"]*)"', worker.text.splitlines()[0])
    assert kept[0] == "/screen/moment"
    for address in kept:
        assert kiosk.client.get(address).status_code == 200
        assert "visit" not in address
    moment = kiosk.get("/screen/moment")
    assert "One moment" in moment
    assert "请稍候" in moment


def test_a_kiosk_has_nothing_to_download(kiosk: Kiosk) -> None:
    address = kiosk.take().partition("?")[0]
    for name in ("qr.png", "coupon.png", "coupon.ics", "coupon.pkpass"):
        assert kiosk.client.get(f"{address}/{name}?visit={VISIT}").status_code == 404


def test_a_screens_size_in_inches_gives_a_qr_its_forty_millimetres() -> None:
    # 40 mm of code and its quiet zone on 10.1 inches, as a share of the diagonal.
    share = 40 * 49 / 41 / 25.4 / 10.1
    assert f"--qr-least:calc(hypot(100vw, 100vh) * {share:.5f})" in Kiosk(diagonal_in=10.1).get("/style.css")
    assert "--qr-least:calc" not in Kiosk().get("/style.css")


def test_visits_that_are_played_with_do_not_fill_the_memory(kiosk: Kiosk) -> None:
    for number in range(300):
        kiosk.client.get(f"/about?visit={number:032x}")
    assert kiosk.client.get("/screen/state").json["visits"] == 64

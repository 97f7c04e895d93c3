"""Nobody in a control group sees the offer, takes it or is given it, wherever they are known; everybody else does.

And by which way somebody came: what the address says is what is counted, from the offer's page to the coupon.
"""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
from flask import Flask
from storefront_desk import NOW, FakeDesk, little_shop
from welcome_door import HERE, Door

from edge.portal.guests import Grant
from hub.storefront import create_storefront
from hub.wire.holdout import is_held_out
from hub.wire.short_number import short_path
from hub.wire.snapshot import Campaign
from tests.hub_house import campaign
from tests.outside_office import OutsideOffice

IDS = [f"{number:016x}" for number in range(400)]


def with_group(plain: Campaign) -> tuple[Campaign, str, str]:
    """The offer with a control group, a member who is in it, and one who is not."""
    held = msgspec.structs.replace(plain, holdout_percent=10, holdout_salt="5a" * 8)
    return (
        held,
        next(one for one in IDS if is_held_out(held, one)),
        next(one for one in IDS if not is_held_out(held, one)),
    )


def shop_with_group() -> tuple[FakeDesk, str, str]:
    desk = little_shop()
    desk.running[0], out, free = with_group(desk.running[0])
    return desk, out, free


def test_a_member_in_the_control_group_meets_the_offer_nowhere_in_the_pages() -> None:
    desk, out, free = shop_with_group()
    who = [out]
    app = Flask("shop")
    app.register_blueprint(create_storefront(desk, now=lambda: NOW, whose=lambda: who[0]))
    client = app.test_client()
    number = desk.running[0].number
    taking = {"data": {"request": "ab" * 16}}
    assert f"/offer/{number}" not in client.get("/").text
    assert f"/offer/{number}" not in client.get("/search").text
    assert client.get(f"/offer/{number}").status_code == 410
    assert client.get(short_path(number)).status_code == 410
    assert client.post(f"/offer/{number}/take", **taking).status_code == 410
    assert client.get(f"/offer/{desk.running[1].number}").status_code == 200
    for who[0] in (free, ""):
        assert f"/offer/{number}" in client.get("/").text
        assert client.get(f"/offer/{number}").status_code == 200
    assert client.post(f"/offer/{number}/take", **taking).status_code == 303
    assert len(desk.issued) == 1


def test_the_pop_up_of_a_member_in_the_control_group_shows_another_offer() -> None:
    desk, out, free = shop_with_group()
    door = Door(desk=desk)
    title = desk.running[0].offer.title["en"]
    client = door.app.test_client(use_cookies=False)
    client.environ_base["REMOTE_ADDR"] = HERE
    assert title in client.get("/").text
    door.keeper.let_in(HERE, Grant("member", 3_600, member=free), NOW)
    assert title in client.get("/").text
    door.keeper.let_in(HERE, Grant("member", 3_600, member=out), NOW)
    for path in ("/", "/in", "/offers"):
        assert title not in client.get(path).text, path


def test_other_programs_get_no_coupon_for_a_member_in_the_control_group(tmp_path: Path) -> None:
    office = OutsideOffice(tmp_path, with_site=True)
    try:
        held, out, free = with_group(campaign(3))
        office.house.publish(held)
        assert office.hub.site is not None
        office.hub.site.exchange.once()
        key = office.key("campaign_publish", "read")
        refused = office.ask("POST", "/coupons", key, {"campaign": 3, "member": out})
        assert refused.status_code == 409, refused.get_json()
        assert "not_offered" in refused.get_data(as_text=True)
        assert office.ask("POST", "/coupons", key, {"campaign": 3, "member": free}).status_code == 201
        assert office.ask("POST", "/coupons", key, {"campaign": 3}).status_code == 201
    finally:
        office.close()


def test_a_poster_is_the_way_of_whoever_scanned_it_up_to_the_coupon() -> None:
    desk = little_shop()
    app = Flask("shop")
    app.register_blueprint(create_storefront(desk, now=lambda: NOW))
    client = app.test_client()
    number = desk.running[0].number
    page = client.get(f"{short_path(number)}?c=p", follow_redirects=True).text
    action = re.search(rf'action="(/offer/{number}/take[^"]*)"', page)
    asked = re.search(r'name="request" value="([0-9a-f]{32})"', page)
    assert action is not None
    assert asked is not None
    assert "c=p" in action[1]
    assert client.post(action[1], data={"request": asked[1]}).status_code == 303
    assert desk.ways == [("seen", "poster"), ("taken", "poster")]
    client.get(f"/offer/{number}?c=sms")
    client.get(f"/offer/{number}?c=b")
    client.get(f"/offer/{number}?c=nonsense")
    client.get(f"/offer/{number}")
    assert [way for _, way in desk.ways[2:]] == ["sms", "beacon", None, None]


def test_at_a_kiosk_no_address_says_how_somebody_came() -> None:
    desk = little_shop()
    app = Flask("shop")
    app.register_blueprint(create_storefront(desk, surface="kiosk", now=lambda: NOW))
    app.test_client().get(f"/offer/{desk.running[0].number}?c=poster")
    assert desk.ways == [("seen", None)]

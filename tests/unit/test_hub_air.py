"""What an offer says on Bluetooth: links that fit, choices that survive the form, a shop's own UUID."""

from __future__ import annotations

import os
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.ble.beacon import BadPayload, EddystoneUrl, compress_url
from hub.air import FRAMES, INTERVALS_MS, air_fault, link_fault, link_octets, read_air, tidy_link, with_beacon
from hub.campaigns import Typed, as_typed, blank, read_typed
from hub.promises import changes
from hub.sentences import Said
from hub.wire.snapshot import Air, Campaign, Offer, Shop, Value

SHOP = Shop(7, {"en": "Corner Bakery"}, timezone="Europe/Berlin")
NOW = 1_790_000_000.0
BOTH = Air(("ibeacon", "eddystone-url"), "https://shop.example", 100)


def a_campaign(air: Air | None) -> Campaign:
    start = int(NOW) - int(NOW) % 60
    return Campaign(
        4, Offer({"en": "Two for one"}, {}, Value("percent", percent=50)), start, start + 86_400, air=air
    )


def typed(*ticked: str, **fields: str) -> Typed:
    start = dict(blank(SHOP, NOW).fields)
    return Typed(start | {"title_en": "A croissant", "amount": "2"} | fields, air=ticked)


def test_an_offer_says_nothing_until_something_is_ticked() -> None:
    read = read_typed(typed(), SHOP, 4, picture=None)
    assert isinstance(read, Campaign)
    assert read.air is None


def test_what_is_ticked_goes_on_the_air_in_one_order() -> None:
    read = read_typed(
        typed(
            "eddystone-url",
            "ibeacon",
            "smoke-signal",
            air_link=" HTTPS://Shop.Example/A ",
            air_interval="1000",
        ),
        SHOP,
        4,
        picture=None,
    )
    assert isinstance(read, Campaign)
    assert read.air == Air(("ibeacon", "eddystone-url"), "https://shop.example/A", 1_000)


@pytest.mark.parametrize(
    "air", [None, BOTH, Air(FRAMES, "http://a.b", 300, -12), Air(("ibeacon",), "", 640, 4)]
)
def test_a_choice_survives_the_form_with_what_the_form_does_not_show(air: Air | None) -> None:
    campaign = a_campaign(air)
    assert read_typed(as_typed(campaign, SHOP), SHOP, 4, picture=None, before=campaign) == campaign


def test_everything_that_is_wrong_on_the_air_is_told_beside_its_field() -> None:
    found = read_typed(typed("eddystone-url", air_interval="7"), SHOP, 4, picture=None)
    assert isinstance(found, dict)
    assert set(found) == {"air_link", "air_interval"}
    forgotten = read_typed(typed("ibeacon", air_link="https://shop.example"), SHOP, 4, picture=None)
    assert isinstance(forgotten, dict)
    assert set(forgotten) == {"air_link"}


def test_the_record_says_what_was_on_the_air_before() -> None:
    before, after = a_campaign(BOTH), a_campaign(None)
    assert changes(before, after) == {"air": {"before": BOTH, "after": None}}
    assert changes(before, before) == {}
    assert b"shop.example" in msgspec.json.encode(changes(before, after))


@pytest.mark.parametrize(
    ("link", "octets"),
    [
        ("https://www.example.com/", 8),
        ("http://www.example.com", 8),
        ("https://abc.org/news", 8),
        ("https://shop.example/", 13),
        ("https://a.comb", 3),
    ],
)
def test_endings_count_as_one(link: str, octets: int) -> None:
    assert link_octets(link) == octets


@given(
    st.text("abcZ019.:/-_~com?=", max_size=24),
    st.sampled_from(["http://", "https://www.", "HTTPS://", "https://"]),
)
def test_a_link_that_the_office_takes_is_one_that_a_door_can_say(rest: str, scheme: str) -> None:
    link = tidy_link(scheme + rest)
    if link_fault(link) is None:
        assert len(compress_url(link)) == 1 + link_octets(link)
        assert EddystoneUrl(link, -18).encode()
    elif "long on the air" in str(link_fault(link)):
        with pytest.raises(BadPayload):
            EddystoneUrl(link, -18).encode()


@pytest.mark.parametrize(
    ("link", "says"),
    [
        ("", "Give the link"),
        ("ftp://shop.example", "begins with http"),
        ("shop.example", "begins with http"),
        ("https://", "no place on the web"),
        ("https://...", "no place on the web"),
        ("https://ann@shop.example", "no place on the web"),
        ("https://shop.example:x/", "no place on the web"),
        ("https://www.", "no place on the web"),
        ("https://[shop", "no place on the web"),
        ("https://面包.cn", "plain letters"),
        ("https://a b.cn", "plain letters"),
        ("https://corner-bakery.example/", "is 22 characters"),
    ],
)
def test_a_link_that_cannot_be_said_gets_a_sentence(link: str, says: str) -> None:
    fault = link_fault(link)
    assert isinstance(fault, Said)
    assert says in str(fault)


@given(st.lists(st.text()), st.text(), st.text())
def test_whatever_is_typed_is_a_choice_or_sentences(ticked: list[str], link: str, interval: str) -> None:
    read = read_air(ticked, link, interval, None)
    assert read is None or isinstance(read, Air) or all(str(fault).endswith(".") for fault in read.values())


def test_a_choice_from_a_file_is_looked_at_too() -> None:
    assert air_fault(None) is None
    assert air_fault(BOTH) is None
    assert "begins with http" in str(air_fault(msgspec.structs.replace(BOTH, url="tel:1")))
    assert "at least one" in str(air_fault(Air(())))
    assert Air(()).interval_ms in INTERVALS_MS


def test_a_shop_gets_one_uuid_and_keeps_it() -> None:
    named = with_beacon(SHOP, bytes(range(16)))
    assert named.beacon_uuid == "00010203-0405-4607-8809-0a0b0c0d0e0f"
    assert UUID(named.beacon_uuid).version == 4
    assert with_beacon(named, os.urandom(16)) == named
    assert msgspec.structs.replace(named, beacon_uuid=None) == SHOP

"""What the office decides about the radio, over HTTP: what an offer says on the air, who is recognised, who came in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from werkzeug.datastructures import MultiDict

from hub.people import add_manager
from hub.wire.events import StreetCounted
from hub.wire.sealing import unseal
from hub.wire.snapshot import Air, Campaign, Shop, Tag
from tests.hub_house import NOON, House
from tests.hub_office import PASSWORD, Office, offer_form, words

IRK = "ec0234a357c8ad05341010a60a397d9b"
IDENTITY = "ibeacon:f7826da6-4fa2-4e98-8024-bc5b71e0893e/7/300"


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    house = House(tmp_path)
    assert add_manager(house.store, "Ines", PASSWORD, NOON, who="shell") is None
    office = Office(house)
    assert office.log_in().status_code == 303
    yield office
    house.close()


def on_air(*frames: str, **changes: object) -> MultiDict[str, object]:
    form = offer_form(action="publish", air_interval="300", **changes)
    for frame in frames:
        form.add("air", frame)
    return form


def tag_form(**changes: str) -> dict[str, str]:
    return {"name": "Trolley", "whose": "thing", "way": "identity", "identity": IDENTITY} | changes


def a_member(**changes: str) -> dict[str, str]:
    return tag_form(name="Mei Tanaka", whose="member", way="irk", irk=IRK, agreed="yes") | changes


def newest(office: Office) -> Campaign:
    return office.house.store.campaigns.all()[0].campaign


def test_what_is_ticked_goes_to_the_doors_with_the_offer(office: Office) -> None:
    door = office.house.node("edge", "Door")
    form = on_air("eddystone-url", "ibeacon", air_link="https://shop.example")
    assert office.post("/offers/new", form).status_code == 303
    wanted = Air(("ibeacon", "eddystone-url"), "https://shop.example", 300)
    assert newest(office).air == wanted
    snapshot = door.send().snapshot
    assert snapshot is not None
    told = msgspec.json.decode(snapshot.sections["campaigns"], type=list[Campaign])
    assert [campaign.air for campaign in told] == [None, wanted]
    assert "on Bluetooth" in words(office.get("/offers"))
    assert words(office.get("/offers?lang=zh")).count("蓝牙广播中") == 1
    form_again = office.get("/offers/2").get_data(as_text=True)
    ticked = re.findall(r'name="air" value="([a-z-]+)" checked', form_again)
    assert ticked == ["ibeacon", "eddystone-url"]
    assert 'value="https://shop.example"' in form_again


def test_a_copy_says_the_same_on_the_air_and_the_record_says_what_changed(office: Office) -> None:
    office.post("/offers/new", on_air("ibeacon", "eddystone-url", air_link="https://shop.example"))
    office.post("/offers/2/copy", page="/offers/2")
    assert newest(office).number == 3
    assert newest(office).air == Air(("ibeacon", "eddystone-url"), "https://shop.example", 300)
    assert office.post("/offers/2", offer_form(action="save", version="1")).status_code == 303
    record = office.house.store.campaigns.get(2)
    assert record is not None
    assert record.campaign.air is None
    changed = msgspec.json.decode(office.house.store.people.audit()[0].detail)
    assert changed["air"]["before"]["url"] == "https://shop.example"
    assert changed["air"]["after"] is None


def test_a_link_that_does_not_fit_is_told_beside_its_field_and_nothing_is_lost(office: Office) -> None:
    long = "https://corner-bakery.example/today"
    answer = office.post("/offers/new", on_air("eddystone-url", "eddystone-tlm", air_link=long))
    assert answer.status_code == 422
    assert "is 27 characters long on the air; at most 17 fit" in words(answer)
    text = answer.get_data(as_text=True)
    assert f'value="{long}"' in text
    assert re.findall(r'name="air" value="([a-z-]+)" checked', text) == ["eddystone-url", "eddystone-tlm"]
    assert re.search(r'id="air_link"[^>]*aria-describedby="[^"]*air_link-wrong', text)
    assert "最多 17 个" in words(office.client.post(
        "/manage/offers/new?lang=zh", data=on_air("eddystone-url", air_link=long, form_token=token(text))
    ))  # fmt: skip


def token(page: str) -> str:
    found = re.search(r'name="form_token" value="([0-9a-f]{64})"', page)
    assert found
    return found[1]


def test_the_shops_name_on_the_air_can_be_read_and_outlives_a_change_of_the_shop(office: Office) -> None:
    uuid = "00010203-0405-4607-8809-0a0b0c0d0e0f"
    shop = office.house.store.shop.get()
    assert isinstance(shop, Shop)
    office.house.store.shop.save(msgspec.structs.replace(shop, beacon_uuid=uuid), NOON)
    assert uuid in words(office.get("/shop"))
    form = {"name_en": "Bakery", "timezone": "UTC", "currency": "EUR", "languages": "en"}
    assert office.post("/shop", form).status_code == 303
    after = office.house.store.shop.get()
    assert after is not None
    assert (after.name, after.beacon_uuid) == ({"en": "Bakery"}, uuid)


def test_a_tag_is_enrolled_and_reaches_the_door(office: Office) -> None:
    door = office.house.node("edge", "Door")
    assert "Nothing is recognised yet" in words(office.get("/tags"))
    assert office.post("/tags", tag_form()).status_code == 303
    assert "Trolley A thing" in words(office.get("/tags"))
    snapshot = door.send().snapshot
    assert snapshot is not None
    (told,) = msgspec.json.decode(snapshot.sections["tags"], type=list[Tag])
    assert told.identity == IDENTITY
    assert "tag.added" in {entry.what for entry in office.house.store.people.audit()}
    assert "enrolled a tag" in words(office.get("/record"))


def test_a_members_key_is_taken_with_the_words_they_read_and_never_shown(office: Office) -> None:
    door = office.house.node("edge", "Door")
    page = office.get("/tags?lang=zh")
    answer = office.client.post(
        "/manage/tags?lang=zh", data=a_member(form_token=token(page.get_data(as_text=True)))
    )
    assert answer.status_code == 303
    (consent,) = office.house.store.tags.consents()
    assert (consent.language, consent.version, consent.place, consent.given_at) == ("zh", 1, "Ines", NOON)
    assert consent.text in words(page)
    for shown in ("/tags", "/record", "/tags?lang=zh"):
        assert IRK not in office.get(shown).get_data(as_text=True)
    snapshot = door.send().snapshot
    assert snapshot is not None
    (told,) = msgspec.json.decode(snapshot.sections["tags"], type=list[Tag])
    assert told.sealed is not None
    assert IRK.encode() in unseal(door.key, told.sealed)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"agreed": ""}, "Nobody is recognised who has not agreed"),
        ({"whose": "thing"}, "belongs to a person"),
        ({"irk": IRK[:-1]}, "32 digits"),
        ({"irk": "0" * 32}, "key of zeros"),
        ({"name": " "}, "Give a name"),
        ({"way": ""}, "Choose how it is recognised"),
        ({"way": "eid", "eid": IRK, "clock": "soon"}, "2 things are not right yet"),
        ({"way": "identity", "identity": "my tag"}, "Write ibeacon:UUID/MAJOR/MINOR"),
        ({"way": "identity", "identity": f"irk:{IRK}"}, "Write ibeacon:UUID/MAJOR/MINOR"),
    ],
)
def test_a_fault_gets_its_sentence_and_no_key_comes_back(
    office: Office, changes: dict[str, str], says: str
) -> None:
    answer = office.post("/tags", a_member(**changes))
    assert answer.status_code == 422
    assert says in words(answer)
    assert IRK[:-1] not in answer.get_data(as_text=True)
    assert office.house.store.tags.all() == []


def test_the_same_tag_twice_is_told_by_its_name(office: Office) -> None:
    office.post("/tags", tag_form())
    assert "enrolled already, as Trolley" in words(office.post("/tags", tag_form(name="Other")))


def test_a_tag_is_removed_after_asking(office: Office) -> None:
    office.post("/tags", a_member())
    (tag,) = office.house.store.tags.all()
    asked = office.post(f"/tags/{tag.known}/remove", page="/tags")
    assert "Remove Mei Tanaka?" in words(asked)
    assert len(office.house.store.tags.all()) == 1
    assert office.post(f"/tags/{tag.known}/remove", {"sure": "yes"}, page="/tags").status_code == 303
    assert office.house.store.tags.all() == []
    assert office.post(f"/tags/{tag.known}/remove", {"sure": "yes"}, page="/tags").status_code == 404


def test_a_tag_whose_key_the_hub_has_lost_says_so(office: Office) -> None:
    office.post("/tags", a_member())
    (tag,) = office.house.store.tags.all()
    office.house.store.pool.conn().execute("UPDATE tag SET sealed = 'SBS1x' WHERE known = ?", (tag.known,))
    assert "key lost: enrol it again" in words(office.get("/tags"))


def test_hostile_names_of_tags_stay_text(office: Office) -> None:
    nasty = "<script>alert(1)</script>"
    office.post("/tags", tag_form(name=nasty))
    assert nasty not in office.get("/tags").get_data(as_text=True)
    (tag,) = office.house.store.tags.all()
    assert nasty not in office.post(f"/tags/{tag.known}/remove", page="/tags").get_data(as_text=True)


def test_today_says_how_many_of_those_near_came_in(office: Office) -> None:
    assert "Capture rate" not in words(office.get("/"))
    door = office.house.node("edge", "Door")
    door.report(StreetCounted(zone="door", window_s=900, passers=890, entrants=310))
    office.house.now += 120
    seen = words(office.get("/"))
    # Of a day that is not over every number of people carries noise, and is off by four at most.
    assert re.search(r"Capture rate ≈2[56]%", seen)
    assert re.search(r"came in: ≈3(10|05|15) · went past: ≈8(85|90|95)", seen)
    assert "heard 2 minutes ago" in seen
    assert re.search(r"进店率 ≈2[56]%", words(office.get("/?lang=zh")))

"""Tags: how one is typed, how its key is kept and sealed to each door, and how it is forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from edge.subjects import beacon_identity, tag_identity
from hardware.ble.beacon import AltBeacon, EddystoneUid, IBeacon
from hub.app import create_api_app
from hub.client.link import WsgiLink
from hub.enrolled import add_tag, is_readable, open_key, remove_tag
from hub.sentences import Said
from hub.store.records import TagRecord
from hub.tags import CONSENT, CONSENT_VERSION, NewTag, TypedTag, read_tag, way_of
from hub.wire.events import VisitClosed
from hub.wire.sealing import BadSeal, unseal
from hub.wire.snapshot import Tag, TagKey
from tests.hub_house import NOON, House, HouseNode, visit

IRK = "ec0234a357c8ad05341010a60a397d9b"
EID_KEY = "00112233445566778899aabbccddeeff"
IDENTITY = "ibeacon:f7826da6-4fa2-4e98-8024-bc5b71e0893e/7/300"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.close()


def typed(way: str, text: str, *, agreed: bool = False, language: str = "en", **fields: str) -> TypedTag:
    return TypedTag({"name": "Keys", "whose": "thing", "way": way, way: text} | fields, agreed, language)


def read(form: TypedTag) -> NewTag:
    found = read_tag(form, NOON)
    assert isinstance(found, NewTag), found
    return found


def faults(form: TypedTag) -> dict[str, Said]:
    found = read_tag(form, NOON)
    assert isinstance(found, dict)
    return found


def member(house: House, key: str = IRK) -> TagRecord:
    form = typed("irk", key, agreed=True, name="Mei Tanaka", whose="member")
    tag = add_tag(house.store, house.key, read(form), NOON, who="Ines")
    assert isinstance(tag, TagRecord)
    return tag


def tags_of(node: HouseNode, have: dict[str, str] | None = None) -> list[Tag] | None:
    snapshot = node.send(have=have).snapshot
    if snapshot is None or "tags" not in snapshot.sections:
        return None
    return msgspec.json.decode(snapshot.sections["tags"], type=list[Tag])


def sections(node: HouseNode) -> dict[str, str]:
    snapshot = node.send().snapshot
    assert snapshot is not None
    hashes: dict[str, str] = msgspec.json.decode(snapshot.manifest)["sections"]
    return hashes


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        (" iBeacon:F7826DA64FA24E988024BC5B71E0893E/007/300 ", IDENTITY),
        ("altbeacon:f7826da6-4fa2-4e98-8024-bc5b71e0893e/0/65535",) * 2,
        (
            "eddystone-uid:00112233445566778899/AABBCCDDEEFF",
            "eddystone-uid:00112233445566778899/aabbccddeeff",
        ),
    ],
)
def test_an_identity_has_one_spelling_and_it_is_the_doors(text: str, spelled: str) -> None:
    found = read(typed("identity", text)).identity
    assert found == spelled == tag_identity(spelled)


@given(st.uuids(), st.integers(0, 65_535), st.integers(0, 65_535), st.binary(min_size=16, max_size=16))
def test_what_a_door_hears_is_what_was_typed(uuid: object, one: int, two: int, octets: bytes) -> None:
    for beacon in (
        IBeacon(str(uuid), one, two, -59),
        AltBeacon(str(uuid), one, two, -59, 0x118, 0),
        EddystoneUid(octets[:10].hex(), octets[10:].hex(), -18),
    ):
        heard = beacon_identity(beacon)
        assert heard is not None
        assert read(typed("identity", heard.upper())).identity == heard


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "Write ibeacon"),
        ("ibeacon:1/2", "Write ibeacon"),
        ("eddystone-url:https://a.b", "Write ibeacon"),
        ("ibeacon:xyz/1/2", "UUID has 32"),
        ("ibeacon:f7826da6-4fa24e98-8024-bc5b71e0893e/1/2", "UUID has 32"),
        ("altbeacon:f7826da64fa24e988024bc5b71e0893e/1/65536", "0 to 65535"),
        ("altbeacon:f7826da64fa24e988024bc5b71e0893e/-1/5", "0 to 65535"),
        ("ibeacon:f7826da64fa24e988024bc5b71e0893e/١/5", "0 to 65535"),
        ("eddystone-uid:0011/2233", "namespace has 20"),
    ],
)
def test_an_identity_that_is_none_is_told_how_to_write_one(text: str, says: str) -> None:
    assert says in str(faults(typed("identity", text))["identity"])


def test_everything_that_is_wrong_is_told_at_once_and_no_key_is_repeated() -> None:
    found = faults(TypedTag({"name": "", "whose": "cat", "way": "eid", "eid": "secret/99", "clock": "now"}))
    assert set(found) == {"name", "whose", "eid", "clock"}
    found = faults(typed("eid", f"{EID_KEY}/16", clock=str(2**32)))
    assert set(found) == {"eid", "clock"}
    assert EID_KEY not in str(found.values())
    assert set(faults(TypedTag({"name": "x" * 41, "whose": "thing"}))) == {"name", "way"}
    assert set(faults(typed("irk", "0" * 32, whose="member", agreed=True))) >= {"irk"}


def test_a_key_may_stand_in_pairs_and_behind_its_word() -> None:
    form = typed("irk", "IRK: EC:02:34:A3 57-c8-ad-05 34 10 10 a6 0a 39 7d 9b", agreed=True, whose="staff")
    assert read(form).key == TagKey("irk", IRK)


def test_a_changing_identity_needs_what_its_clock_shows() -> None:
    new = read(typed("eid", f"eddystone-eid:{EID_KEY}/10", clock="86400"))
    assert new.key == TagKey("eid", EID_KEY, 10, int(NOON) - 86_400)
    assert "clock" in str(faults(typed("eid", f"{EID_KEY}/10"))["clock"])


def test_a_person_is_recognised_only_with_the_words_to_which_they_agreed() -> None:
    assert set(faults(typed("irk", IRK, whose="member"))) == {"agreed"}
    assert set(faults(typed("identity", IDENTITY, whose="staff"))) == {"agreed"}
    assert set(faults(typed("irk", IRK, agreed=True))) == {"whose"}
    consent = read(typed("irk", IRK, whose="member", agreed=True, language="zh")).consent
    assert consent is not None
    assert (consent.text, consent.version, consent.language, consent.given_at) == (
        CONSENT["zh"],
        CONSENT_VERSION,
        "zh",
        NOON,
    )
    assert read(typed("identity", IDENTITY)).consent is None


@given(
    st.dictionaries(st.sampled_from(("name", "whose", "way", "identity", "irk", "eid", "clock")), st.text())
)
def test_whatever_is_typed_is_a_tag_or_sentences(fields: dict[str, str]) -> None:
    found = read_tag(TypedTag(fields, agreed=True), NOON)
    assert isinstance(found, NewTag) or all(str(fault).endswith(".") for fault in found.values())


def test_the_command_line_tells_an_identity_from_a_key() -> None:
    assert [way_of(text) for text in (IDENTITY, IRK, f"irk:{IRK}", f" Eddystone-EID:{EID_KEY}/3", "x")] == [
        "identity",
        "irk",
        "irk",
        "eid",
        "identity",
    ]


def test_each_door_reads_a_key_that_nobody_else_can_read(house: House) -> None:
    one, two = house.node("edge", "Door"), house.node("edge", "Back")
    tag = member(house)
    sealed = []
    for node, other in ((one, two), (two, one)):
        (told,) = tags_of(node) or []
        assert (told.known, told.whose, told.identity) == (tag.known, "member", None)
        assert told.sealed is not None
        assert msgspec.json.decode(unseal(node.key, told.sealed)) == {"kind": "irk", "key": IRK}
        for stranger in (other.key, house.key):
            with pytest.raises(BadSeal):
                unseal(stranger, told.sealed)
        sealed.append(told.sealed)
    assert sealed[0] != sealed[1]


def test_a_changing_identity_travels_with_the_zero_of_its_clock(house: House) -> None:
    door = house.node("edge", "Door")
    form = typed("eid", f"{EID_KEY}/10", clock="100")
    add_tag(house.store, house.key, read(form), NOON, who="Ines")
    (told,) = tags_of(door) or []
    assert told.sealed is not None
    assert msgspec.json.decode(unseal(door.key, told.sealed)) == {
        "kind": "eid",
        "key": EID_KEY,
        "exponent": 10,
        "offset": int(NOON) - 100,
    }


def test_only_doors_are_told_whom_they_may_recognise(house: House) -> None:
    till, door = house.node("kiosk"), house.node("edge", "Door")
    assert tags_of(door) == []
    member(house)
    add_tag(house.store, house.key, read(typed("identity", IDENTITY)), NOON, who="Ines")
    told = tags_of(door)
    assert told is not None
    assert sorted(tag.identity or "sealed" for tag in told) == [IDENTITY, "sealed"]
    assert "Mei Tanaka" not in str(told)
    assert tags_of(till) is None
    assert "tags" not in sections(till)


def test_the_section_stays_the_same_until_something_changes_also_after_a_restart(house: House) -> None:
    door = house.node("edge", "Door")
    member(house)
    before = sections(door)
    assert door.send(have=before).snapshot is None
    house.node("kiosk", "Till 2")
    after = sections(door)
    assert after["tags"] == before["tags"]
    again = create_api_app(house.store, house.key, house.clock)
    house.link = WsgiLink(again)
    assert sections(door)["tags"] == before["tags"]
    member(house, EID_KEY)
    assert sections(door)["tags"] != before["tags"]


def test_a_key_is_secret_at_rest_and_in_the_record_of_who_changed_what(house: House) -> None:
    tag = member(house)
    for path in house.folder.iterdir():
        body = path.read_bytes()
        for secret in (IRK.encode(), IRK.upper().encode(), bytes.fromhex(IRK)):
            assert secret not in body, path
    assert open_key(house.key, tag) == TagKey("irk", IRK)
    stranger = Ed25519PrivateKey.generate()
    assert open_key(stranger, tag) is None
    assert not is_readable(stranger, tag)
    entry = house.store.people.audit()[0]
    assert (entry.who, entry.what, entry.subject) == ("Ines", "tag.added", tag.known)
    assert "Mei Tanaka" not in entry.detail
    assert IRK not in entry.detail


def test_what_is_enrolled_already_is_told_by_its_name(house: House) -> None:
    member(house)
    form = typed("irk", IRK, agreed=True, name="Somebody", whose="staff")
    found = add_tag(house.store, house.key, read(form), NOON, who="Ines")
    assert isinstance(found, dict)
    assert str(found["irk"]) == "This is enrolled already, as Mei Tanaka."
    thing = read(typed("identity", IDENTITY))
    assert isinstance(add_tag(house.store, house.key, thing, NOON, who="Ines"), TagRecord)
    assert isinstance(add_tag(house.store, house.key, thing, NOON, who="Ines"), dict)
    assert len(house.store.tags.all()) == 2


def test_a_tag_that_is_removed_leaves_the_doors_and_the_disk_and_its_consent_stays(house: House) -> None:
    door = house.node("edge", "Door")
    tag = member(house)
    assert len(tags_of(door) or []) == 1
    assert remove_tag(house.store, tag.known, NOON + 60, who="Ines")
    assert not remove_tag(house.store, tag.known, NOON + 60, who="Ines")
    assert tags_of(door) == []
    (consent,) = house.store.tags.consents()
    assert (consent.known, consent.given_at, consent.withdrawn_at) == (tag.known, NOON, NOON + 60)
    assert "Mei Tanaka" not in str(consent)
    house.store.pool.read("PRAGMA wal_checkpoint(TRUNCATE)")
    assert tag.sealed is not None
    body = (house.folder / "hub.db").read_bytes()
    assert b"Mei Tanaka" not in body
    assert tag.sealed.encode() not in body


def test_a_key_that_the_hub_cannot_open_any_more_does_not_stop_the_others(house: House) -> None:
    door = house.node("edge", "Door")
    form = typed("irk", IRK, agreed=True, name="Mei Tanaka", whose="member")
    add_tag(house.store, Ed25519PrivateKey.generate(), read(form), NOON, who="Ines")
    add_tag(house.store, house.key, read(typed("identity", IDENTITY)), NOON, who="Ines")
    assert [tag.identity for tag in tags_of(door) or []] == [IDENTITY]


def test_a_visit_of_somebody_known_counts_like_any_other(house: House) -> None:
    door = house.node("edge", "Door")
    known = msgspec.structs.replace(visit(), known=member(house).known, rank="tag")
    assert isinstance(known, VisitClosed)
    door.report(known, visit())
    assert sum(count.visits for count in house.store.reports.footfall(NOON - 900, NOON + 900)) == 2

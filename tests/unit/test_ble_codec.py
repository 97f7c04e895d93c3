"""Payloads: against two independent decoders' fields, against published vectors, and against anything at all."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardware.ble.advertisement import AdvertisementData
from hardware.ble.beacon import decode_beacon, read
from hardware.ble.codec import BASE_UUID, BadPayload, build, parse
from tests.ble_plainly import spelled_out


def structure(kind: int, value: bytes) -> bytes:
    return bytes((len(value) + 1, kind)) + value


known_types = st.sampled_from(
    [0x00, 0x01, 0x02, 0x03, 0x05, 0x07, 0x08, 0x09, 0x0A, 0x16, 0x19, 0x20, 0x21, 0xFF]
)
structures = st.builds(structure, known_types, st.binary(max_size=24))
# The shapes that phones really send, so that what the codec has learned of one is tried on the next.
phones = st.builds(
    lambda flags, power, uuids, name, kind, company, value: (
        flags + power + uuids + (structure(9, name) if name else b"") + structure(kind, company + value)
    ),
    st.sampled_from([b"", b"\x02\x01\x06", b"\x02\x01\x1a", b"\x03\x01\x06\x00", b"\x02\x01\x06\x02\x01\x1a", b"\x01\x01"]),
    st.sampled_from([b"", b"\x02\x0a\x0c", b"\x02\x0a\xf4", b"\x03\x0a\x0c\x0c"]),
    st.sampled_from([b"", b"\x03\x03\xaa\xfe", b"\x05\x02\x0f\x18\x0a\x18", b"\x04\x03\xaa\xfe\x01", b"\x05\x05\xaa\xfe\0\1"]),
    st.sampled_from([b"", b"", b"a", b"\xff\xfe", b"Phone", b"Ph\xc3\xb6n"]),
    st.sampled_from([0xFF, 0xFF, 0x16, 0x20]),
    st.sampled_from([b"\x4c\x00", b"\x06\x00", b"\x18\x01", b"\xaa\xfe"]),
    st.one_of(st.binary(max_size=6), st.sampled_from([b"\x02\x15", b"\xbe\xac", b"\xbe\xac" + bytes(22)])),
)  # fmt: skip
payloads = st.one_of(
    st.binary(max_size=64),
    phones,
    st.lists(structures, max_size=5).map(b"".join),
    st.builds(lambda parts, cut: b"".join(parts)[:cut], st.lists(structures, max_size=5), st.integers(0, 64)),
)


@settings(max_examples=400, deadline=None)
@given(st.lists(payloads, min_size=1, max_size=8))
def test_any_payloads_in_any_order_parse_as_the_rules_say_or_are_bad(heard: list[bytes]) -> None:
    for payload in heard:
        try:
            expected = spelled_out(payload)
        except BadPayload:
            with pytest.raises(BadPayload):
                parse(payload)
        else:
            assert parse(payload) == expected


@settings(max_examples=300, deadline=None)
@given(payloads)
def test_any_payload_is_a_beacon_or_none_or_bad_and_never_anything_else(payload: bytes) -> None:
    try:
        fields, beacon = read(payload)
    except BadPayload:
        with pytest.raises(BadPayload):
            decode_beacon(payload)
        return
    assert fields == parse(payload)
    assert decode_beacon(payload) == beacon


uuids = st.one_of(st.integers(0, 0xFFFFFFFF).map(lambda n: f"{n:08x}{BASE_UUID}"), st.uuids().map(str))


@settings(deadline=None)
@given(
    st.builds(
        AdvertisementData,
        local_name=st.none() | st.text(st.characters(codec="utf-8"), min_size=1, max_size=40),
        service_uuids=st.lists(uuids, max_size=6).map(lambda some: tuple(sorted(some, key=_width))),
        manufacturer_data=st.dictionaries(st.integers(0, 0xFFFF), st.binary(max_size=30), max_size=3),
        service_data=st.dictionaries(uuids, st.binary(max_size=30), max_size=3),
        tx_power=st.none() | st.integers(-128, 127),
        flags=st.none() | st.integers(0, 255),
    )
)
def test_what_is_built_parses_to_the_same_fields(fields: AdvertisementData) -> None:
    again = parse(build(fields))
    names = ("local_name", "service_uuids", "manufacturer_data", "service_data", "tx_power", "flags")
    assert [getattr(again, name) for name in names] == [getattr(fields, name) for name in names]


def _width(uuid: str) -> int:
    return 16 if not uuid.endswith(BASE_UUID) else 2 if uuid.startswith("0000") else 4


def test_a_value_that_cannot_fit_its_structure_is_refused() -> None:
    with pytest.raises(BadPayload, match="at most 254 octets"):
        build(AdvertisementData("n" * 300, (), {}, {}, None, None))


@pytest.mark.parametrize(
    ("payload", "fields"),
    [
        ("0709414243444546", {"local_name": "ABCDEF"}),
        ("030841420409414243", {"local_name": "ABC"}),
        ("040941424303084142", {"local_name": "ABC"}),
        ("0308414203084344", {"local_name": "AB"}),
        ("0409ff4243", {"local_name": "\ufffdBC"}),
        ("0109", {"local_name": None}),
        ("03ff4c0004ff4c0001", {"manufacturer_data": {76: b"\x01"}}),
        ("04ff4c000104ff060002", {"manufacturer_data": {76: b"\x01", 6: b"\x02"}}),
        ("02ff4c", {"manufacturer_data": {}}),
        ("03ff4c00", {"manufacturer_data": {76: b""}}),
        ("0201060000000000", {"flags": 6}),
        ("02010600020a0c", {"flags": 6, "tx_power": None}),
        ("020af4", {"tx_power": -12}),
        ("030a0c00", {"tx_power": None}),
        ("0403edfeaa", {"service_uuids": ("0000feed-0000-1000-8000-00805f9b34fb",)}),
        ("0505edfeaaf0", {"service_uuids": ("f0aafeed-0000-1000-8000-00805f9b34fb",)}),
        ("0316edfe", {"service_data": {"0000feed-0000-1000-8000-00805f9b34fb": b""}}),
        ("", {"flags": None, "local_name": None}),
    ],
)  # fmt: skip
def test_the_strange_cases_of_the_supplement(payload: str, fields: dict[str, object]) -> None:
    parsed = parse(bytes.fromhex(payload))
    assert {name: getattr(parsed, name) for name in fields} == fields


@pytest.mark.parametrize("payload", ["ff0000", "02", "020106ff", "05ff4c00"])
def test_a_structure_past_the_end_is_bad_and_the_sentence_says_where(payload: str) -> None:
    with pytest.raises(
        BadPayload, match=r"The structure at octet \d+ says it has \d+ octets, but only \d+ are left\."
    ):
        parse(bytes.fromhex(payload))


def _recorded(shared_data: Path) -> list[dict[str, object]]:
    lines = (shared_data / "ble-captures" / "unique_payloads_expected.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


@pytest.mark.data
def test_every_recorded_payload_has_the_fields_that_two_other_decoders_agree_on(shared_data: Path) -> None:
    rows = _recorded(shared_data)
    assert len(rows) == 164
    for row in rows:
        payload, ours, theirs = bytes.fromhex(str(row["adv_data"])), None, row["expect_bluetooth_data_tools"]
        ours = parse(payload)
        assert {
            "local_name": ours.local_name,
            "service_uuids": list(ours.service_uuids),
            "service_data": {uuid: value.hex() for uuid, value in ours.service_data.items()},
            "manufacturer_data": {
                str(company): value.hex() for company, value in ours.manufacturer_data.items()
            },
            "tx_power": ours.tx_power,
        } == theirs
        shark = row["expect_tshark"]
        assert isinstance(shark, dict)
        # Its "flags" is bit 1, general discoverable; where several fields share a name it prints them with a bar.
        assert ("" if ours.flags is None else f"{ours.flags >> 1 & 1:#04x}") == shark["flags"]
        assert (ours.local_name or "") == shark["name"]
        assert ("" if ours.tx_power is None else str(ours.tx_power)) == shark["tx_power"]
        assert "".join(f"{company:#06x}" for company in ours.manufacturer_data) == shark["company_id"]
        assert "".join(value.hex() for value in ours.manufacturer_data.values()) == shark["data"]
        assert "".join(value.hex() for value in ours.service_data.values()) == shark["service_data"]
        sixteen = [*ours.service_uuids, *ours.service_data]
        assert "|".join(f"0x{uuid[4:8]}" for uuid in sixteen) == shark["uuid16"]

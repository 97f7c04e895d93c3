"""Beacons: published vectors, round trips, and the line between "not ours" and "broken"."""

from __future__ import annotations

import json
import string
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.ble.beacon import (
    AltBeacon,
    Beacon,
    EddystoneEid,
    EddystoneTlm,
    EddystoneUid,
    EddystoneUrl,
    IBeacon,
    compress_url,
    decode_beacon,
    expand_url,
)
from hardware.ble.codec import BadPayload, parse
from hardware.ble.eid import eid, temporary_key
from hardware.ble.linklayer import from_bare

BASE = "-0000-1000-8000-00805f9b34fb"
RADIUS = "2f234454-cf6d-4a0f-adf2-f4911ba9ffa6"


def eddystone(body: str) -> bytes:
    octets = bytes.fromhex(body)
    return bytes((len(octets) + 3, 0x16)) + b"\xaa\xfe" + octets


def digits(octets: int) -> st.SearchStrategy[str]:
    return st.binary(min_size=octets, max_size=octets).map(bytes.hex)


power = st.integers(-128, 127)
word = st.integers(0, 0xFFFF)
uuids = st.uuids().map(str)
hosts = st.text(string.ascii_lowercase + string.digits + "-", min_size=1, max_size=6)
beacons = st.one_of(
    st.builds(IBeacon, uuids, word, word, power),
    st.builds(AltBeacon, uuids, word, word, power, word, st.integers(0, 255)),
    st.builds(EddystoneUid, digits(10), digits(6), power),
    st.builds(EddystoneEid, digits(8), power),
    st.builds(
        EddystoneTlm,
        st.none() | st.integers(1, 0xFFFF),
        st.none() | st.integers(-0x7FFF, 0x7FFF).map(lambda n: n / 256),
        st.integers(0, 0xFFFFFFFF),
        st.integers(0, 0xFFFFFFFF).map(lambda n: n / 10),
    ),
    st.builds(
        lambda scheme, host, end, path, power: EddystoneUrl(f"{scheme}{host}{end}{path}", power),
        st.sampled_from(["http://", "https://", "http://www.", "https://www."]),
        hosts, st.sampled_from([".com/", ".org", ".info", ".gov/", ".de/"]), hosts, power,
    ),
)  # fmt: skip


@given(
    beacons,
    st.sampled_from([b"", b"\x02\x01\x06", b"\x05\xff\x4c\x00\x10\x01"]),
    st.sampled_from([b"", b"\0" * 4]),
)
def test_what_is_encoded_decodes_to_the_same_beacon(beacon: Beacon, before: bytes, after: bytes) -> None:
    assert decode_beacon(before + beacon.encode() + after) == beacon


@given(st.binary(max_size=24))
def test_an_address_from_the_air_is_an_address_or_bad(octets: bytes) -> None:
    try:
        url = expand_url(b"\x03" + octets)
    except BadPayload:
        return
    assert url.startswith("https://")


@pytest.mark.parametrize(
    ("payload", "why"),
    [
        (b"\x02\x01\x06", "no beacon at all"),
        (b"\x03\xff\x4c\x00", "a company and nothing else"),
        (b"\x05\xff\x4c\x00\x10\x05", "Apple, another type"),
        (b"\x1a\xff\x59\x00\x02\x15" + bytes(21), "iBeacon's mark under another company"),
        (b"\x04\xff\xe0\x00\xbe", "half of AltBeacon's mark"),
        (b"\x03\x16\xaa\xfe", "Eddystone without a frame"),
        (eddystone("40ee"), "a reserved Eddystone frame"),
        (eddystone("2001" + "00" * 16), "encrypted telemetry: only its owner can read it"),
        (b"\x05\x16\x34\x12\x00\xee", "another service"),
    ],
)
def test_what_is_not_ours_is_none(payload: bytes, why: str) -> None:
    assert decode_beacon(payload) is None, why


@pytest.mark.parametrize(
    ("payload", "sentence"),
    [
        (b"\x05\xff\x4c\x00\x02\x15", "An iBeacon has 23 octets"),
        (b"\x19\xff\x4c\x00\x02\x15" + bytes(20), "An iBeacon has 23 octets"),
        (b"\x05\xff\x18\x01\xbe\xac", "An AltBeacon has 24 octets"),
        (eddystone("00ee" + "00" * 15), "UID frame has at least 18 octets"),
        (eddystone("10ee"), "URL frame has at least 3 octets"),
        (eddystone("10ee04"), "cannot begin with scheme 4"),
        (eddystone("10ee0320"), "cannot hold the octet 0x20"),
        (eddystone("20"), "TLM frame has at least 2 octets"),
        (eddystone("2000" + "00" * 11), "TLM frame has at least 14 octets"),
        (eddystone("30ee" + "00" * 7), "EID frame has at least 10 octets"),
    ],
)
def test_a_beacon_that_breaks_its_own_rules_is_bad_and_the_sentence_says_how(
    payload: bytes, sentence: str
) -> None:
    with pytest.raises(BadPayload, match=sentence):
        decode_beacon(payload)


def test_a_whole_beacon_is_found_behind_a_broken_one_and_behind_another_section_of_the_same_company() -> None:
    beacon = IBeacon(RADIUS, 1, 2, -59)
    assert decode_beacon(b"\x05\xff\x4c\x00\x02\x15" + beacon.encode()) == beacon
    assert decode_beacon(beacon.encode() + b"\x05\xff\x4c\x00\x10\x05") == beacon


def test_telemetry_that_a_beacon_cannot_measure_is_none() -> None:
    assert decode_beacon(eddystone("20000000800000000001" + "00000002")) == EddystoneTlm(None, None, 1, 0.2)


def test_an_address_too_long_for_the_air_is_refused() -> None:
    with pytest.raises(BadPayload, match="needs 26 octets"):
        EddystoneUrl("https://abcdefghijklmnopqrstuvwxyz", 0).encode()
    with pytest.raises(BadPayload, match="does not begin with http"):
        compress_url("ftp://x")


def _altbeacon(shared_data: Path) -> dict[str, list[dict[str, Any]]]:
    vectors: dict[str, list[dict[str, Any]]] = json.loads(
        (shared_data / "ble-vectors" / "altbeacon.json").read_text()
    )
    return vectors


@pytest.mark.data
def test_eddystone_urls_are_spelled_as_the_android_library_spells_them(shared_data: Path) -> None:
    for vector in _altbeacon(shared_data)["eddystone_url"]:
        octets = bytes.fromhex(vector["hex"])
        if vector["direction"] == "encode":
            assert compress_url(vector["url"]) == octets, vector["case"]
        else:
            assert expand_url(octets) == vector["url"], vector["case"]


# What each of the Android library's payloads is here. Where its test uses a layout of its own ("m:2-3=1234", a GATT
# service 0x1234, "CBeacon" 0xfd6f, Apple's overflow area), the payload is no beacon of ours: the fields must still be
# right. None: no beacon. BadPayload: the payload breaks off.
WHOLE = AltBeacon(RADIUS, 1, 2, -59, 0x0118, 9)
MADE_UP = AltBeacon("01020304-0506-0708-090a-0b0c0d0e0f10", 0x1112, 0x1314, -59, 0x0118, 9)
ANDROID: dict[str, Beacon | type[BadPayload] | None] = {
    "AltBeaconParserTest.java testRecognizeBeacon": WHOLE,
    "AltBeaconParserTest.java testDetectsAlternateBeconType": None,
    "AltBeaconParserTest.java testParsesBeaconMissingDataField": AltBeacon(RADIUS, 1, 2, -59, 0x0118, 0),
    "BeaconParserTest.java testRecognizeBeacon": None,
    "BeaconParserTest.java testParsesBeaconMissingDataField": AltBeacon(RADIUS, 1, 2, -59, 0x0118, 0),
    "BeaconParserTest.java testReEncodesBeacon": WHOLE,
    "BeaconParserTest.java testLittleEndianIdentifierParsing": MADE_UP,
    "BeaconParserTest.java testRecognizeBeaconCapturedManufacturer": AltBeacon(
        "e2c56db5-dffb-48d2-b060-d0f5a71096e0", 1, 4, -59, 0xBBAA, 0
    ),
    "BeaconParserTest.java testLongUrlBeaconIdentifier": EddystoneUrl("https://www..edu/.net/.info/.biz/.gov/.com.org", -25),
    "BeaconParserTest.java testParseProblematicBeaconFromIssue229": AltBeacon(
        "7777772e-626c-756b-692e-636f6d000100", 0x0100, 0x01AB, -86, 0x00E0, 0
    ),
    "BeaconParserTest.java doesNotCashWithOverflowingByteCodeComparisonOnPdu": None,
    "GattBeaconTest.java testDetectsGattBeacon": None,
    "GattBeaconTest.java testDetectsGattBeacon2WithShortIdentifier": None,
    "GattBeaconTest.java testDetectsGattBeaconWithCnn": None,
    "SBeaconTest.java testDetectsSBeacon": BadPayload,
    "CBeaconTest.java testDetectsCBeaconWithoutPower": None,
    "OverflowAreaBeaconTest.java testDetectsOverfowAreadBeacon": None,
    "../bluetooth/BleAdvertisementTest.java testCanParsePdusFromAltBeacon": AltBeacon(RADIUS, 1, 2, -59, 0x0118, 0),
}  # fmt: skip


@pytest.mark.data
def test_the_android_librarys_payloads_are_the_beacons_that_they_are(shared_data: Path) -> None:
    seen = set()
    for vector in _altbeacon(shared_data)["beacon_parse"]:
        name = f"{vector['file']} {vector['case']}"
        seen.add(name)
        for payload in map(bytes.fromhex, vector["hex"]):
            if ANDROID[name] is BadPayload:
                with pytest.raises(BadPayload):
                    decode_beacon(payload)
            else:
                assert decode_beacon(payload) == ANDROID[name], name
    assert seen == set(ANDROID)


def test_the_fields_of_android_payloads_that_are_no_beacons_of_ours() -> None:
    gatt = parse(bytes.fromhex("020106030334120a16341210ed00636e6e07" + "00" * 20))
    assert gatt.service_data == {f"00001234{BASE}": bytes.fromhex("10ed00636e6e07")}
    assert gatt.service_uuids == (f"00001234{BASE}",)
    overflow = parse(
        bytes.fromhex(
            "02011a020a0c0eff4c000f05a0336aa5f110025b0c14ff4c000156fe87490000000000000000000000000000"
        )
    )
    assert overflow.manufacturer_data[76] == bytes.fromhex("0156fe8749" + "00" * 12)


def _advlib(shared_data: Path, file: str) -> dict[str, Any]:
    vectors = json.loads((shared_data / "ble-vectors" / "advlib.json").read_text())
    (values,) = (v["values"] for v in vectors if v["file"].endswith(f"__{file}.test.js"))
    found: dict[str, Any] = values
    return found


def _full(uuid: str) -> str:
    return (
        f"{uuid:0>8}{BASE}"
        if len(uuid) < 32
        else "-".join((uuid[:8], uuid[8:12], uuid[12:16], uuid[16:20], uuid[20:]))
    )


@pytest.mark.data
def test_advlibs_data_types_agree(shared_data: Path) -> None:
    """Left out: APPEARANCE and URI (fields that nobody here asks for), libraries and indices (advlib's own plug-ins),
    and the decoders of other makers and of GATT characteristics (not advertisements of ours).
    """
    values = _advlib(shared_data, "advdatatypes") | _advlib(shared_data, "advdata")
    names = ["FLAGS", "16BIT_UUID", "16BIT_UUIDS", "32BIT_UUID", "32BIT_UUIDS", "128BIT_UUID", "128BIT_UUIDS",
             "SHORTENED_NAME", "COMPLETE_NAME", "TX_POWER", "16BIT_SERVICE", "32BIT_SERVICE", "128BIT_SERVICE",
             "MANUFACTURER_SPECIFIC", "MULTIPLE_UUIDS", "MULTIPLE_SERVICE_DATA", "MULTIPLE_MANUFACTURER_DATA"]  # fmt: skip
    for name in names:
        expected = values[f"EXPECTED_DATA_{name}"]
        ours = parse(bytes.fromhex(values[f"INPUT_DATA_{name}"]))
        if "flags" in expected:
            assert [bit for bit in range(8) if (ours.flags or 0) >> bit & 1] == expected["flags"]
        assert list(ours.service_uuids) == [_full(uuid) for uuid in expected.get("uuids", [])], name
        assert ours.local_name == expected.get("name"), name
        assert ours.tx_power == expected.get("txPower"), name
        assert {uuid: value.hex() for uuid, value in ours.service_data.items()} == {
            _full(one["uuid"]): one["data"] for one in expected.get("serviceData", [])
        }, name
        assert {company: value.hex() for company, value in ours.manufacturer_data.items()} == {
            one["companyCode"]: one["data"] for one in expected.get("manufacturerSpecificData", [])
        }, name
    with pytest.raises(BadPayload):
        parse(bytes.fromhex(values["INPUT_DATA_INVALID_LENGTH"]))


@pytest.mark.data
def test_advlibs_packets_agree(shared_data: Path) -> None:
    """Its packets are PDUs without access address and CRC, addresses most significant octet first in the answer."""
    values = _advlib(shared_data, "advlibble")
    payload = parse(bytes.fromhex(values["INPUT_DATA_PAYLOAD_ONLY"]))
    (expected,) = values["EXPECTED_DATA_PAYLOAD_ONLY"]["serviceData"]
    assert {uuid: data.hex() for uuid, data in payload.service_data.items()} == {
        _full(expected["uuid"]): expected["data"]
    }
    for name in ("SCAN_REQ", "CONNECT_IND", "ADV_DIRECT_IND"):
        pdu = bytes.fromhex(values[f"INPUT_DATA_{name}"])
        assert isinstance(from_bare(bytes.fromhex("d6be898e") + pdu + bytes(3), 0.0), str)


@pytest.mark.data
def test_advlibs_beacons_agree(shared_data: Path) -> None:
    apple = _advlib(shared_data, "advlibblemanufacturers")
    body = bytes.fromhex(apple["INPUT_DATA_IBEACON"])
    ibeacon = decode_beacon(bytes((len(body) + 3, 0xFF)) + b"\x4c\x00" + body)
    assert ibeacon == IBeacon("00112233-4455-6677-8899-aabbccddeeff", 0x0123, 0x4567, -4)
    values = _advlib(shared_data, "eddystone")
    uid, url, tlm = (
        decode_beacon(eddystone(values[f"INPUT_DATA_EDDYSTONE_{kind}"])) for kind in ("UID", "URL", "TLM")
    )
    assert uid == EddystoneUid("00112233445566778899", "aabbccddeeff", -4)
    assert url == EddystoneUrl(values["EXPECTED_DATA_EDDYSTONE_URL"]["uri"], 0)
    expected = values["EXPECTED_DATA_EDDYSTONE_TLM"]
    assert tlm == EddystoneTlm(
        round(expected["batteryVoltage"] * 1000),
        expected["temperature"],
        expected["txCount"],
        expected["uptime"] / 1000,
    )


@pytest.mark.data
def test_ephemeral_identifiers_agree_with_the_published_arithmetic(shared_data: Path) -> None:
    vectors = json.loads((shared_data / "ble-vectors" / "eddystone_eid.json").read_text())
    assert len(vectors) == 50
    for vector in vectors:
        key = bytes.fromhex(vector["identity_key"])
        assert temporary_key(key, vector["time"]).hex() == vector["temporary_key"]
        assert eid(key, vector["k"], vector["time"]).hex() == vector["eid"]


@pytest.mark.parametrize(
    ("key", "exponent", "time"), [(15, 4, 0), (16, 16, 0), (16, -1, 0), (16, 0, 1 << 32), (16, 0, -1)]
)
def test_an_identifier_that_cannot_be_is_refused(key: int, exponent: int, time: int) -> None:
    with pytest.raises(ValueError):
        eid(bytes(key), exponent, time)

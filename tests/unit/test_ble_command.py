"""`python -m hardware`: one answer for every line, and never a traceback."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardware.ble.describe import described

ROOT = Path(__file__).resolve().parents[2]
RECORDING = ROOT / "tests" / "data" / "ble" / "street.jsonl"
KEYS = {"local_name", "service_uuids", "manufacturer_data", "service_data", "tx_power", "flags", "beacon"}


def run(*arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "hardware", *arguments]
    return subprocess.run(
        command, input=given, capture_output=True, text=True, timeout=30, cwd=ROOT, check=False
    )


def test_decode_answers_every_line_and_goes_on_after_a_broken_one() -> None:
    lines = [
        "02011a020a0c0bff4c001006671e5cfadbd3",
        "ff0000",
        "not hex",
        "",
        "0201061AFF4C000215001122334455667788 99AABBCCDDEEFF01234567FC",
        "0201060303AAFE1016aafe10000367657470617265746f07",
    ]
    done = run("ble", "decode", given="\n".join(lines) + "\n")
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0
    assert done.stderr == ""
    assert len(answers) == len(lines)
    assert answers[0] == {
        "local_name": None,
        "service_uuids": [],
        "manufacturer_data": {"76": "1006671e5cfadbd3"},
        "service_data": {},
        "tx_power": 12,
        "flags": 26,
        "beacon": None,
    }
    assert set(answers[1]) == set(answers[2]) == {"error"}
    assert answers[3]["manufacturer_data"] == {}
    assert answers[4]["beacon"] == {
        "type": "ibeacon",
        "uuid": "00112233-4455-6677-8899-aabbccddeeff",
        "major": 0x0123,
        "minor": 0x4567,
        "tx_power": -4,
    }
    assert answers[5]["beacon"]["url"] == "https://getpareto.com"


def test_decode_answers_each_line_as_it_comes() -> None:
    command = [sys.executable, "-m", "hardware", "ble", "decode"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for flags in ("020106", "02011a"):
            process.stdin.write(flags + "\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["flags"] == int(flags[4:], 16)
        process.stdin.close()
        assert process.wait(timeout=10) == 0


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.binary(max_size=62).map(bytes.hex), st.text(max_size=40)))
def test_any_line_at_all_has_an_answer_of_the_promised_shape(line: str) -> None:
    answer = described(line)
    assert set(answer) in (KEYS, {"error"})
    json.dumps(answer)


@pytest.mark.parametrize(
    ("payload", "beacon"),
    [
        (
            "1bffe000beac2f234454cf6d4a0fadf2f4911ba9ffa600010002c509",
            {"type": "altbeacon", "id1": "2f234454-cf6d-4a0f-adf2-f4911ba9ffa6", "id2": 1, "id3": 2, "tx_power": -59,
             "company_id": 0xE0, "mfg_reserved": 9},
        ),
        (
            "1716aafe00fc00112233445566778899aabbccddeeff0000",
            {"type": "eddystone-uid", "namespace": "00112233445566778899", "instance": "aabbccddeeff", "tx_power": -4},
        ),
        ("1016aafe10000367657470617265746f07", {"type": "eddystone-url", "url": "https://getpareto.com", "tx_power": 0}),
        (
            "1116aafe20000bb815000000004500000258",
            {"type": "eddystone-tlm", "battery_mv": 3000, "temperature_c": 21.0, "adv_count": 69, "uptime_s": 60.0},
        ),
        ("0d16aafe30ec0011223344556677", {"type": "eddystone-eid", "eid": "0011223344556677", "tx_power": -20}),
    ],
)  # fmt: skip
def test_every_beacon_is_told_with_its_type_and_fields(payload: str, beacon: dict[str, object]) -> None:
    assert described(payload)["beacon"] == beacon


def test_capture_prints_a_recording_as_json_lines() -> None:
    done = run("ble", "capture", str(RECORDING))
    assert done.returncode == 0
    assert done.stdout == RECORDING.read_text()


def test_capture_of_a_broken_recording_prints_what_it_has_and_one_sentence(tmp_path: Path) -> None:
    broken = tmp_path / "broken.jsonl"
    broken.write_bytes(RECORDING.read_bytes()[:1000])
    done = run("ble", "capture", str(broken))
    assert done.returncode == 1
    assert done.stdout == "".join(line + "\n" for line in broken.read_text().splitlines()[:-1])
    assert done.stderr.startswith("broken.jsonl: line ")
    assert done.stderr.count("\n") == 1


def test_list_tells_the_names_that_can_be_opened() -> None:
    known = {
        "beacon:hciN",
        "beacon:sim",
        "ble:hciN",
        "ble:raw",
        "ble:replay",
        "ble:sim",
        "modem:/PORT",
        "modem:sim",
        "printer:net",
    }
    listed = run("list").stdout.split()
    assert known <= set(listed)
    assert listed == sorted(listed)


@pytest.mark.data
def test_capture_says_what_it_passed_over(shared_data: Path) -> None:
    done = run("ble", "capture", str(shared_data / "ble-captures" / "conference_room_45.pcapng.xz"))
    assert done.returncode == 0
    assert done.stdout.count("\n") == 12_919
    assert done.stderr == "Passed over: 1291 bad_crc, 724 not_advertising.\n"

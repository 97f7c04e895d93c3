"""The radio plan: who shares a chip, which channels disturb, and the chances at each duty cycle, computed and on a street."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from edge.radio_plan import measured, plan_for, printed
from hardware.ble.chip import chip_of, read_iw
from hardware.ble.duty import ON_S, Wishes
from hardware.ble.plan import DUTIES, Chip, Wlan, advice, disturbed, hearing_chance, sharing, still_heard
from hardware.ble.street import Street

ROOT = Path(__file__).resolve().parents[2]
NOON = 1_790_000_000.0
IW = """phy#0
\tUnnamed/non-netdev interface
\t\ttype P2P-device
\tInterface wlan0
\t\tifindex 3
\t\ttype AP
\t\tchannel 6 (2437 MHz), width: 20 MHz, center1: 2437 MHz
phy#1
\tInterface wlan1
\t\ttype managed
"""


@pytest.mark.parametrize(
    ("channel", "touched"),
    [(1, [37]), (3, [38]), (6, [38]), (7, []), (8, []), (10, []), (11, []), (12, []), (13, [39])],
)
def test_a_wifi_channel_disturbs_the_advertising_channels_that_it_overlaps(
    channel: int, touched: list[int]
) -> None:
    assert disturbed(channel) == touched


PI = "Raspberry Pi 4 Model B Rev 1.4"


@pytest.mark.parametrize(
    ("chip", "shared"),
    [
        (Chip(PI, "hci0", "board", (Wlan("wlan0", "sdio", 6, True),)), True),
        (Chip(PI, "hci1", "usb", (Wlan("wlan0", "sdio", 6, True),)), False),
        (Chip(PI, "hci0", "board", (Wlan("wlan1", "usb", 6, True),)), False),
        (Chip("A laptop", "hci0", "board", (Wlan("wlan0", "sdio", 6, True),)), False),
    ],
)
def test_only_the_boards_own_radios_share_a_chip(chip: Chip, shared: bool) -> None:
    assert (sharing(chip) is not None) == shared
    assert ("one chip" in advice(chip)[0]) == shared


def test_advice_says_the_setting_and_the_channel() -> None:
    first, second = advice(Chip(PI, "hci0", "board", (Wlan("wlan0", "sdio", 6, True),)))
    assert "EDGE_RADIO=ble:hci0:duty=0.5" in first
    assert second == (
        "wlan0 is on Wi-Fi channel 6, which disturbs Bluetooth's channel 38. Channel 11 disturbs none."
    )
    unknown = advice(Chip(PI, "hci0", "board", (Wlan("wlan0", "sdio"),)))
    assert len(unknown) == 1
    assert "could not be found out" in unknown[0]
    client = advice(Chip(PI, "hci0", "board", (Wlan("wlan0", "sdio", 11, False),)))
    assert client == [
        "hci0 and wlan0 are one chip, but wlan0 is no access point: let it listen all the time."
    ]


def test_the_machine_is_read_from_the_kernels_folders(tmp_path: Path) -> None:
    (tmp_path / "model").write_bytes(PI.encode() + b"\0")
    serial = tmp_path / "devices/serial0-0"
    serial.mkdir(parents=True)
    (tmp_path / "bluetooth/hci0").mkdir(parents=True)
    (tmp_path / "bluetooth/hci0/device").symlink_to(serial)
    for name, bus in (("wlan0", "mmc"), ("wlan1", "usb")):
        (tmp_path / f"net/{name}/wireless").mkdir(parents=True)
        (tmp_path / f"net/{name}/device").mkdir()
        (tmp_path / f"bus/{bus}").mkdir(parents=True)
        (tmp_path / f"net/{name}/device/subsystem").symlink_to(tmp_path / f"bus/{bus}")
    chip = chip_of("hci0", tmp_path / "model", tmp_path / "bluetooth", tmp_path / "net", IW)
    assert chip == Chip(
        PI, "hci0", "board", (Wlan("wlan0", "sdio", 6, True), Wlan("wlan1", "usb", None, False))
    )
    assert read_iw("") == []


def test_a_slice_as_long_as_the_slowest_pace_hears_everybody_where_nothing_is_lost() -> None:
    for duty in (1.0, 0.5, 0.25):
        on_s, off_s = Wishes(duty=duty).slices
        assert on_s == ON_S
        for interval in (0.1, 0.25, 0.5, 1.0, 2.0):
            assert hearing_chance(interval, on_s, off_s, 0.0) == pytest.approx(1.0)
    # Half a slice, and a phone whose pace falls together with ours may not be heard for minutes.
    assert hearing_chance(2.0, 1.0, 1.0, 0.0) == pytest.approx(0.5, abs=0.03)


def test_less_listening_is_never_better_and_slow_phones_lose_first() -> None:
    chances = [
        [hearing_chance(interval, *Wishes(duty=duty).slices) for interval in (0.5, 1.0, 2.0)]
        for duty in DUTIES
    ]
    for more, less in pairwise(chances):
        assert all(a >= b for a, b in zip(more, less, strict=True))
    for row in chances:
        assert row == sorted(row, reverse=True)


def test_the_computed_chance_is_what_a_street_shows() -> None:
    """Of everybody heard in 10 s on the simulated street, whose phones speak every 0.25 to 2 s and are lost at a distance."""
    packets = [(one.address, one.at) for one in Street(seed=5, busy=1).run(NOON, NOON + 300)]
    for duty, least, most in ((1.0, 1.0, 1.0), (0.5, 0.85, 0.99), (0.25, 0.65, 0.9)):
        assert least <= still_heard(packets, *Wishes(duty=duty).slices) <= most
    assert still_heard([], 2, 2) == 0.0


def test_the_command_prints_and_measures() -> None:
    asked = [sys.executable, "-m", "edge", "radio-plan", "--radio", "ble:sim:busy=4", "--json"]
    ran = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, timeout=20, check=True)
    told = json.loads(ran.stdout)
    assert [row["duty"] for row in told["table"]] == list(DUTIES)
    assert told["measured"] == []
    wrong = subprocess.run([*asked, "--measure", "1"], cwd=ROOT, capture_output=True, text=True, timeout=20)
    assert wrong.returncode == 2
    assert wrong.stderr.startswith("--measure takes 10 to 3600 seconds")


def test_listening_at_each_duty_cycle_counts_packets_and_addresses() -> None:
    counted = asyncio.run(measured("ble:sim:crowd=200", 0.8))
    assert [one.duty for one in counted] == list(DUTIES)
    assert all(one.packets_per_s > 0 for one in counted)
    plan = plan_for("ble:raw:hci3:user")
    assert plan.chip.adapter == "hci3"
    assert "for Wi-Fi" in printed(plan)

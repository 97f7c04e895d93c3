"""The counter's devices together: what they read reaches the till in order, what is wrong reaches staff."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from kiosk_shop import TillShop, shop_in

from hardware.device import DeviceError
from hardware.light.sim import SimLight
from hardware.scanner.sim import SimScanner
from hub.client.settings import SettingsError
from kiosk.config import Config, read_config, show_config
from kiosk.devices import WAITING, Devices, DeviceScan

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "SB1" + "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567" * 4


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[TillShop]:
    with shop_in(tmp_path / "shop") as made:
        yield made


@pytest.fixture
def devices(tmp_path: Path) -> Iterator[Devices]:
    made = Devices(Config(dir=tmp_path, scanners=("sim", "sim"), light="sim"))
    try:
        yield made
    finally:
        made.stop()


def scanner_of(devices: Devices, place: int = 0) -> SimScanner:
    scanner = devices.scanners[place]
    assert isinstance(scanner, SimScanner)
    return scanner


def until(wanted: Callable[[], bool], within_s: float = 20.0) -> None:
    end = time.monotonic() + within_s
    while not wanted():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.01)


def test_texts_of_every_scanner_reach_the_till_one_after_the_other(devices: Devices) -> None:
    heard: list[DeviceScan] = []
    devices.on_scan(heard.append)
    devices.start()
    for number in range(10):
        scanner_of(devices).scan(f"A{number}")
    scanner_of(devices, 1).scan("B")
    until(lambda: len(heard) == 11)
    assert [one.text for one in heard if one.text != "B"] == [f"A{number}" for number in range(10)]
    assert all(one.at <= time.monotonic() for one in heard)


def test_a_scan_that_cannot_be_handled_does_not_end_the_reading(devices: Devices) -> None:
    heard: list[str] = []

    def handle(scan: DeviceScan) -> None:
        heard.append(scan.text)
        if scan.text == "BAD":
            raise RuntimeError("this scan fails")

    devices.on_scan(handle)
    devices.start()
    for text in ("BAD", "GOOD"):
        scanner_of(devices).scan(text)
    until(lambda: heard == ["BAD", "GOOD"])


def test_more_scans_than_can_wait_are_dropped_and_told(devices: Devices) -> None:
    gate, heard = threading.Event(), list[str]()

    def handle(scan: DeviceScan) -> None:
        gate.wait(30)
        heard.append(scan.text)

    devices.on_scan(handle)
    devices.start()
    for number in range(WAITING + 5):
        scanner_of(devices).scan(f"A{number}")
    until(lambda: "scans-dropped" in {one.code for one in devices.holding()})
    gate.set()
    until(lambda: len(heard) >= WAITING)
    assert heard[:WAITING] == [f"A{number}" for number in range(WAITING)]
    assert len(heard) < WAITING + 5


def test_a_scanner_that_is_pulled_out_is_told_to_staff_until_it_is_back(shop: TillShop) -> None:
    counter, _ = shop.till(scanners=("sim",))
    counter.start()
    scanner = scanner_of(counter.devices)
    until(lambda: counter.devices.states()[0].ready)
    scanner.unplug()
    until(lambda: not counter.devices.states()[0].ready)
    counter.watcher.look()
    shop.later(2)
    (told,) = [one for one in counter.watcher.look() if one.code == "scanner-lost"]
    assert told.what == {"en": "The scanner does not answer", "zh": "扫码枪没有响应"}
    assert "Check its cable" in told.todo["en"]
    assert "请检查连接线" in told.todo["zh"]
    scanner.plug()
    until(lambda: counter.devices.states()[0].ready)
    assert not [one for one in counter.watcher.look() if one.code == "scanner-lost"]


def test_what_could_not_be_read_is_told_for_a_moment(devices: Devices) -> None:
    devices.start()
    scanner_of(devices).send(b"A" * 2000 + b"\r")
    until(lambda: "scanner-odd" in {one.code for one in devices.holding()})
    scanner_of(devices).scan("GOOD")
    until(lambda: not devices.holding())


def test_a_verdict_is_shown_by_the_light(devices: Devices) -> None:
    devices.start()
    light = devices.light
    assert isinstance(light, SimLight)
    devices.show("good")
    assert light.wait_for(lambda step: step.green and step.buzzer, 20)
    devices.stop()
    assert not light.now.green


def test_a_device_that_is_none_keeps_the_kiosk_from_starting_with_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(DeviceError) as caught:
        Devices(Config(dir=tmp_path, scanners=("serial:/dev/ttyACM0,speed=9600",)))
    assert "speed" in caught.value.sentence
    with pytest.raises(SettingsError) as mistakes:
        read_config(
            {
                "KIOSK_SCANNERS": "usb:1",
                "KIOSK_PRINTER": "lpt1",
                "KIOSK_PRINTER_PAPER": "76",
                "KIOSK_DRAWER": "yes",
            }
        )
    assert len(mistakes.value.mistakes) == 4


def test_several_devices_and_their_wishes_are_told_apart_by_their_names() -> None:
    config = read_config(
        {
            "KIOSK_SCANNERS": "serial:/dev/ttyACM0,baud=115200,prefix=~, evdev:/dev/input/by-path/pci-0000:00:14.0-event-kbd,sim",
            "KIOSK_PRINTER": "net:192.168.1.40:9100,drawer=5",
            "KIOSK_PRINTER_PAPER": "58",
            "KIOSK_LIGHT": "gpio:17,27,22,23",
        }
    )
    assert config.scanners == (
        "serial:/dev/ttyACM0,baud=115200,prefix=~",
        "evdev:/dev/input/by-path/pci-0000:00:14.0-event-kbd",
        "sim",
    )
    assert config.printer_paper == 58
    shown = show_config(config)
    again = dict(line.split(None, 1) for line in shown.splitlines() if line.startswith("KIOSK_SCANNERS"))
    assert again["KIOSK_SCANNERS"].startswith(",".join(config.scanners))


def test_check_says_how_each_device_is_while_nothing_runs(shop: TillShop, tmp_path: Path) -> None:
    counter, _ = shop.till()
    counter.stop()
    env = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "KIOSK_DIR": str(counter.config.dir),
        "KIOSK_PORT": "1",
        "KIOSK_SCANNERS": f"serial:{tmp_path / 'ttyNone'},sim",
        "KIOSK_PRINTER": "net:127.0.0.1:1",
        "KIOSK_LIGHT": "sim",
    }
    done = subprocess.run(
        [sys.executable, "-m", "kiosk", "check"],
        env=env,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert f"scanner serial:{tmp_path / 'ttyNone'}: The scanner at" in done.stdout, done.stderr
    assert "scanner sim: ready" in done.stdout
    assert "printer net:127.0.0.1:1: The printer is not there." in done.stdout
    assert "light sim: ready" in done.stdout
    assert "warning: The printer does not answer." in done.stdout
    assert done.returncode in (1, 2)


def test_an_installer_sees_what_a_scanner_reads(tmp_path: Path) -> None:
    """`python -m hardware scanner listen`, on a pipe that stands in for a scanner."""
    pipe = tmp_path / "scans"
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [sys.executable, "-m", "hardware", "scanner", "listen", f"sim:{pipe}", "--seconds", "60"],
        env=env,
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "ready\n"
        pipe.write_text(f"]Q1{TOKEN}\n")
        assert process.stdout.readline() == f"Q1  {TOKEN}\n"
    finally:
        process.terminate()
        process.wait(20)
        process.stdout.close()

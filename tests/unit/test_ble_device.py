"""Devices by name, and what a person is told when one cannot be used."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from bleak.backends.scanner import AdvertisementData as BleakData
from bleak.exc import (
    BleakBluetoothNotAvailableError,
    BleakBluetoothNotAvailableReason,
    BleakDBusError,
    BleakError,
)

from hardware.ble.adapter import check_adapter, device_error
from hardware.ble.bluez import BlueZRadio, advertisement_of
from hardware.ble.codec import parse
from hardware.device import DeviceError, Reason, known_devices, open_device


@pytest.mark.parametrize(
    "name", ["", "ble", "ble:", "ble:hci", "ble:hcix", "ble:simm", "wifi:sim", "sim", "ble:0"]
)
def test_an_unknown_name_is_refused_and_the_known_ones_are_told(name: str) -> None:
    with pytest.raises(DeviceError, match="There is no device called") as caught:
        open_device(name)
    assert caught.value.reason is Reason.BAD_NAME
    assert all(known in caught.value.sentence for known in known_devices())


@pytest.mark.parametrize(
    ("name", "reason", "sentence"),
    [
        ("ble:sim:sed=7", Reason.BAD_NAME, "does not understand 'sed=7'. It takes seed, busy"),
        ("ble:sim:seed=seven", Reason.BAD_NAME, "does not understand 'seed=seven'"),
        ("ble:sim:seed=nan", Reason.BAD_NAME, "does not understand 'seed=nan'"),
        ("ble:sim:hours=never", Reason.BAD_NAME, "does not understand 'hours=never'"),
        ("ble:sim:crowd=1000000", Reason.BAD_NAME, "a crowd of at most"),
        ("ble:replay:", Reason.NOT_FOUND, "There is no recording"),
        ("ble:replay:/nowhere/to.be.found", Reason.NOT_FOUND, "There is no recording"),
        ("ble:hci0:what", Reason.BAD_NAME, "does not understand 'what'. It takes duty"),
        ("ble:hci0:user", Reason.BAD_NAME, "does not understand 'user'"),
        ("ble:hci0:duty=0.05", Reason.BAD_NAME, "duty=0.2 to 1"),
        ("ble:raw:hci0:duty=nan", Reason.BAD_NAME, "does not understand 'duty=nan'. It takes user, duty"),
        ("ble:raw", Reason.BAD_NAME, "ble:raw needs an adapter"),
        ("ble:raw:hci977", Reason.NOT_FOUND, "hci977 is not there|no Bluetooth adapter hci977"),
        ("ble:hci977", Reason.NOT_FOUND, "There is no Bluetooth adapter hci977"),
    ],
)
def test_a_device_that_cannot_be_opened_says_why_and_what_to_do(
    monkeypatch: pytest.MonkeyPatch, name: str, reason: Reason, sentence: str
) -> None:
    monkeypatch.delenv("DBUS_SYSTEM_BUS_ADDRESS", raising=False)
    with pytest.raises(DeviceError, match=sentence) as caught:
        open_device(name)
    assert caught.value.reason is reason
    assert caught.value.remedy == str(caught.value)


def test_the_real_air_cannot_be_hurried() -> None:
    with pytest.raises(DeviceError, match="no speed but its own"):
        open_device("ble:hci0", speed=2)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A kernel's view of one working adapter, hci1, and a D-Bus socket."""
    monkeypatch.delenv("DBUS_SYSTEM_BUS_ADDRESS", raising=False)
    switch = tmp_path / "sys" / "hci1" / "rfkill3"
    switch.mkdir(parents=True)
    (switch / "hard").write_text("0\n")
    (switch / "soft").write_text("0\n")
    (tmp_path / "bus").touch()
    return tmp_path


def _check(machine: Path, adapter: str = "hci1") -> DeviceError:
    with pytest.raises(DeviceError) as caught:
        check_adapter(adapter, machine / "sys", machine / "bus")
    return caught.value


def test_a_working_adapter_passes(machine: Path) -> None:
    check_adapter("hci1", machine / "sys", machine / "bus")


def test_a_missing_adapter_names_those_that_are_there(machine: Path) -> None:
    error = _check(machine, "hci0")
    assert (error.reason, "there is hci1" in error.sentence) == (Reason.NOT_FOUND, True)


@pytest.mark.parametrize(
    ("switch", "remedy"), [("hard", "by a switch or key"), ("soft", "rfkill unblock bluetooth")]
)
def test_a_switched_off_adapter_says_how_to_switch_it_on(machine: Path, switch: str, remedy: str) -> None:
    (machine / "sys" / "hci1" / "rfkill3" / switch).write_text("1\n")
    error = _check(machine)
    assert error.reason is Reason.SWITCHED_OFF
    assert remedy in error.sentence


def test_a_machine_without_d_bus_says_so(machine: Path) -> None:
    (machine / "bus").unlink()
    assert _check(machine).reason is Reason.NO_SERVICE


@pytest.mark.parametrize(
    ("problem", "reason"),
    [
        (BleakDBusError("org.bluez.Error.NotReady", ["Resource Not Ready"]), Reason.SWITCHED_OFF),
        (BleakDBusError("org.bluez.Error.InProgress", ["Operation already in progress"]), Reason.BUSY),
        (BleakDBusError("org.freedesktop.DBus.Error.AccessDenied", ["no"]), Reason.NO_PERMISSION),
        (BleakDBusError("org.freedesktop.DBus.Error.ServiceUnknown", ["no"]), Reason.NO_SERVICE),
        (BleakDBusError("org.freedesktop.DBus.Error.UnknownObject", ["no"]), Reason.NOT_FOUND),
        (BleakDBusError("org.bluez.Error.Failed", ["Input/output error"]), Reason.BROKEN),
        (BleakError("adapter 'hci0' not found"), Reason.NOT_FOUND),
        (
            BleakBluetoothNotAvailableError("x", BleakBluetoothNotAvailableReason.DENIED_BY_SYSTEM),
            Reason.NO_SERVICE,
        ),
        (
            BleakBluetoothNotAvailableError("x", BleakBluetoothNotAvailableReason.POWERED_OFF),
            Reason.SWITCHED_OFF,
        ),
        (FileNotFoundError(2, "No such file"), Reason.NO_SERVICE),
        (ConnectionRefusedError(), Reason.NO_SERVICE),
        (PermissionError(), Reason.NO_PERMISSION),
        (DeviceError(Reason.BUSY, "Busy."), Reason.BUSY),
        (RuntimeError(), Reason.BROKEN),
    ],
)
def test_what_goes_wrong_below_becomes_a_reason_and_a_remedy(problem: Exception, reason: Reason) -> None:
    error = device_error("hci0", problem)
    assert error.reason is reason
    assert error.sentence.startswith(("hci0", "Busy"))
    assert error.sentence.endswith((".", "?"))


def bluez_report(**fields: Any) -> BleakData:
    given = {
        "local_name": "Tag",
        "manufacturer_data": {76: bytes.fromhex("0215") + bytes(20) + b"\xc5"},
        "service_data": {"0000feaa-0000-1000-8000-00805f9b34fb": b"\x30\x00"},
        "service_uuids": ["0000feaa-0000-1000-8000-00805f9b34fb", "f7bf3564-fb6d-4e53-88a4-5e37e0326063"],
        "tx_power": -12,
        "rssi": -71,
        "platform_data": (),
    } | fields
    return BleakData(**given)


def test_the_payload_built_from_bluez_fields_parses_to_the_same_fields() -> None:
    report = bluez_report()
    heard = advertisement_of(
        "C0:FF:EE:00:00:01", report, {"AddressType": "random", "AdvertisingFlags": b"\x06"}, 12.5
    )
    fields = parse(heard.payload)
    assert (heard.address, heard.address_type, heard.rssi_dbm, heard.at) == (
        "c0:ff:ee:00:00:01",
        "random",
        -71,
        12.5,
    )
    assert fields.local_name == report.local_name
    assert list(fields.service_uuids) == report.service_uuids
    assert fields.manufacturer_data == report.manufacturer_data
    assert fields.service_data == report.service_data
    assert (fields.tx_power, fields.flags) == (-12, 6)


def test_an_adapter_that_fails_at_the_first_scan_is_a_device_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={tmp_path}/no-bus-here")

    async def scenario() -> DeviceError:
        with pytest.raises(DeviceError) as caught:
            async for _ in BlueZRadio("hci0").scan():
                pass
        return caught.value

    assert asyncio.run(scenario()).reason is Reason.NO_SERVICE

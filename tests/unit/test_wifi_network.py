"""A guest network that cannot be is told in sentences; one that can be has its addresses, and a passphrase is shown nowhere."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.wifi.network import Network, channels, check
from hardware.wifi.settings import FOLDER, SETTINGS, WrongSettings, read
from hardware.wifi.stations import carries

GOOD = Network("wlan0", upstream="eth0")

WRONG: list[tuple[str, dict[str, Any]]] = [
    ("WIFI_INTERFACE", {"interface": ""}),
    ("WIFI_INTERFACE", {"interface": "a-name-too-long-1"}),
    ("WIFI_INTERFACE", {"interface": "wlan0\nport=5353"}),
    ("WIFI_INTERFACE", {"interface": "-d"}),
    ("WIFI_INTERFACE", {"interface": ".."}),
    ("WIFI_INTERFACE", {"interface": "eth*"}),
    ("WIFI_RADIO", {"radio": "wlan 0"}),
    ("WIFI_UPSTREAM", {"upstream": "eth0/1"}),
    ("WIFI_UPSTREAM", {"upstream": "wlan0"}),
    ("WIFI_SSID", {"ssid": ""}),
    ("WIFI_SSID", {"ssid": " \t"}),
    ("WIFI_SSID", {"ssid": "\u2615" * 11}),
    ("WIFI_SSID", {"ssid": "a\0b"}),
    ("WIFI_SSID", {"ssid": "\ud800"}),
    ("WIFI_COUNTRY", {"country": "de"}),
    ("WIFI_COUNTRY", {"country": "D\n"}),
    ("WIFI_CHANNEL", {"channel": 14}),
    ("WIFI_CHANNEL", {"channel": 13, "country": "US"}),
    ("WIFI_CHANNEL", {"channel": 52}),
    ("WIFI_CHANNEL", {"channel": 149}),
    ("WIFI_STATIONS", {"station_limit": 0}),
    ("WIFI_SECURITY", {"security": "wep"}),
    ("WIFI_SECURITY", {"security": "owe"}),
    ("WIFI_PASSPHRASE_FILE", {"passphrase": "long enough"}),
    ("WIFI_PASSPHRASE_FILE", {"security": "wpa2"}),
    ("WIFI_PASSPHRASE_FILE", {"security": "wpa2", "passphrase": "seven.."}),
    ("WIFI_PASSPHRASE_FILE", {"security": "wpa2", "passphrase": "x" * 64}),
    ("WIFI_PASSPHRASE_FILE", {"security": "wpa2", "passphrase": "caf\u00e9 caf\u00e9"}),
    ("WIFI_PASSPHRASE_FILE", {"security": "wpa3", "passphrase": "a" * 64}),
    ("WIFI_ADDRESS", {"address": IPv4Interface("10.77.0.0/24")}),
    ("WIFI_ADDRESS", {"address": IPv4Interface("10.77.0.255/24")}),
    ("WIFI_ADDRESS", {"address": IPv4Interface("8.8.8.1/24")}),
    ("WIFI_ADDRESS", {"address": IPv4Interface("10.77.0.1/8")}),
    ("WIFI_ADDRESS", {"address": IPv4Interface("10.77.0.1/30")}),
    ("WIFI_ADDRESS", {"address": IPv4Interface("172.32.0.1/24")}),
    ("WIFI_LEASE_S", {"lease_s": 60}),
    ("WIFI_UPSTREAM_DNS", {"upstream_dns": (IPv4Address("10.77.0.9"),)}),
    ("WIFI_UPSTREAM_DNS", {"upstream_dns": (IPv4Address("198.18.0.1"),)}),
    ("WIFI_UPSTREAM_DNS", {"upstream_dns": (IPv4Address("9.9.9.9"),) * 9}),
    ("WIFI_NAME", {"portal_name": "portal"}),
    ("WIFI_NAME", {"portal_name": "portal.local"}),
    ("WIFI_NAME", {"portal_name": "10.77.0.1"}),
    ("WIFI_NAME", {"portal_name": "a..b"}),
    ("WIFI_NAME", {"portal_name": "x/198.18.0.1\naddress=/#.internal"}),
    ("WIFI_API_URL", {"api_url": "http://portal.internal/api"}),
    ("WIFI_API_URL", {"api_url": "https://elsewhere.example/api"}),
    ("WIFI_API_URL", {"api_url": "https://portal.internal"}),
    ("WIFI_API_URL", {"api_url": "https://portal.internal/a,b"}),
    ("WIFI_API_URL", {"api_url": "https://portal.internal:99999/api"}),
    ("WIFI_API_URL", {"api_url": "https://portal.internal/api\ndhcp-script=/bin/sh"}),
]


@pytest.mark.parametrize(("setting", "values"), WRONG)
def test_a_mistake_is_told_by_its_setting_with_what_to_do(setting: str, values: dict[str, Any]) -> None:
    mistakes = check(replace(GOOD, **values))
    assert [sentence.split(" ")[0] for sentence in mistakes] == [setting]
    assert len(mistakes[0].split(". ")) >= 1
    assert mistakes[0].endswith(".")


def test_every_mistake_is_told_at_once() -> None:
    wrong = Network("", ssid="", country="x", security="wpa2", portal_name="x", lease_s=1)
    assert len(check(wrong)) == 6


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"interface": "br-guests.7@x"},
        {"ssid": 'Caf\u00e9 "#1"\n\\ \u2615'},
        {"channel": 36},
        {"channel": 13},
        {"channel": 165, "country": "CN"},
        {"security": "wpa2", "passphrase": " \"#'\\ ~ "},
        {"security": "wpa2", "passphrase": "0123456789abcdefABCDEF" + "0" * 42},
        {"interface": "guests", "radio": "wlan0", "security": "owe"},
        {"address": IPv4Interface("192.168.1.254/28")},
        {"address": IPv4Interface("172.31.0.1/16")},
        {"portal_name": "wifi.shop.example", "api_url": "https://wifi.shop.example:8443/captive-portal/api"},
        {"upstream_dns": (IPv4Address("127.0.0.53"), IPv4Address("192.168.1.1"))},
    ],
)
def test_what_can_be_is_not_refused(values: dict[str, Any]) -> None:
    assert check(replace(GOOD, **values)) == []


@given(st.integers(16, 28), st.integers(1, 2**16))
def test_phones_get_addresses_of_the_network_that_are_not_our_own(size: int, place: int) -> None:
    hosts = 2 ** (32 - size) - 2
    ours = IPv4Address("10.77.0.0") + 1 + place % hosts
    network = replace(GOOD, address=IPv4Interface(f"{ours}/{size}"))
    assert check(network) == []
    first, last = network.guest_range()
    inside = network.address.network
    assert inside.network_address < first <= last < inside.broadcast_address
    assert not first <= ours <= last
    assert network.most_guests() >= hosts // 2 - 9


def test_a_country_has_its_own_channels() -> None:
    assert 13 in channels("DE")
    assert 12 not in channels("US")
    assert 149 in channels("US")
    assert 149 not in channels("DE")
    assert not {52, 100} & set(channels("DE")), "a channel that waits for radar keeps the shop silent"


def test_settings_come_from_flags_before_the_environment(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text(" with spaces \n")
    environ = {"WIFI_INTERFACE": "wlan0", "WIFI_SSID": "Shop", "WIFI_SECURITY": "wpa3"}
    environ |= {"WIFI_PASSPHRASE_FILE": str(secret), "WIFI_UPSTREAM_DNS": "9.9.9.9, 192.168.1.1"}
    network, folder = read(environ, {"ssid": "Corner", "folder": str(tmp_path)})
    assert (network.ssid, network.passphrase, folder) == ("Corner", " with spaces ", tmp_path)
    assert network.upstream_dns == (IPv4Address("9.9.9.9"), IPv4Address("192.168.1.1"))
    assert network.station_limit is None


def test_wrong_settings_are_all_told_and_a_misspelt_one_too() -> None:
    environ = {"WIFI_ADDRESS": "10.77", "WIFI_CHANNEL": "six", "WIFI_CHANEL": "6", "WIFI_UPSTREAM_DNS": "dns"}
    with pytest.raises(WrongSettings) as told:
        read(environ, {})
    assert [sentence.split()[0] for sentence in told.value.mistakes] == [
        "WIFI_CHANNEL",
        "WIFI_ADDRESS",
        "WIFI_UPSTREAM_DNS",
        "WIFI_CHANEL",
    ]


def test_a_secret_is_in_no_sentence(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s3cr\u00e9t-s3cr\u00e9t")
    with pytest.raises(WrongSettings) as told:
        read({"WIFI_INTERFACE": "wlan0", "WIFI_PASSPHRASE_FILE": str(secret), "WIFI_SECURITY": "wpa2"}, {})
    assert "s3cr" not in str(told.value)


def test_no_setting_takes_the_secret_itself() -> None:
    assert not [one.name for one in (*SETTINGS, FOLDER) if one.name in ("WIFI_PASSPHRASE", "WIFI_PSK")]


@pytest.mark.parametrize(
    ("model", "firmware", "stations"),
    [
        ("Raspberry Pi 3 Model B Rev 1.2", "", 10),
        ("Raspberry Pi 3 Model B Plus Rev 1.3", "", 8),
        ("Raspberry Pi 4 Model B Rev 1.5", "cyfmac43455-sdio-standard.bin", 8),
        ("Raspberry Pi 5 Model B Rev 1.0", "cyfmac43455-sdio-minimal.bin", 19),
        ("Raspberry Pi Zero W Rev 1.1", "", 10),
        ("Raspberry Pi Zero 2 W Rev 1.0", "", 7),
        ("", "", 7),
    ],
)
def test_a_pi_s_own_radio_carries_what_was_seen(model: str, firmware: str, stations: int) -> None:
    found = carries(model, "brcmfmac", firmware)
    assert found is not None
    assert found.stations == stations


def test_of_another_radio_nothing_is_claimed() -> None:
    assert carries("Raspberry Pi 4 Model B Rev 1.5", "mt76x2u", "") is None

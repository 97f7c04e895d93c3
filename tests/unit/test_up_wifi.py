"""`shopbell up --wifi`: what is planned, what a person is told before anything is started, and as whom each program runs."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from hub.up.access import (
    choose_upstream,
    default_routes,
    insist_on_interface,
    insist_on_rights,
    missing_packages,
    read_address,
    taken,
)
from hub.up.cli import build_parser
from hub.up.owner import find_owner, how_to_start, without_capabilities
from hub.up.plan import Plan, Wifi, ssid_of
from hub.up.sentences import UpError
from hub.up.whereabouts import country_of
from hub.up.wireless import plan_wifi

ROUTES = """Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
wlan0\t00000000\t0107A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0
eth0\t00000000\t0107A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0
eth0\t0007A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0
"""
UDP = """  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
  100: 3500007F:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000   101        0 20 2 0000000000000000 0
  101: 00000000:0043 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 21 2 0000000000000000 0
"""
TCP = """  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 01004D0A:20FB 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 30 1 0000000000000000 100
   1: 01004D0A:0035 0200004D:C001 01 00000000:00000000 00:00000000 00000000     0        0 31 1 0000000000000000 100
"""


def wifi(**changes: str) -> Wifi:
    plain = {
        "interface": "wlan0",
        "upstream": "eth0",
        "socket": "/run/x/gate/gate.sock",
        "folder": "/run/x/wifi",
        "user": "1000",
        "address": "10.77.0.1/24",
        "ssid": "Corner Shop",
    }
    return Wifi(**{**plain, **changes})


def plan(of: Wifi | None) -> Plan:
    return Plan("/shop", "127.0.0.1", "127.0.0.1", 8080, "ble:sim", wifi=of)


def wanted(*words: str) -> argparse.Namespace:
    return build_parser().parse_args(["up", *words])


def test_the_gate_stands_before_the_portal_and_the_air_is_opened_last() -> None:
    assert plan(None).programs == ("hub", "kiosk", "edge", "portal")
    assert plan(wifi()).programs == ("hub", "kiosk", "edge", "gate", "portal", "wifi")


def test_each_program_is_told_its_part_of_the_network() -> None:
    whole = plan(wifi(country="DE", channel="11", security="owe", offline="calm"))
    assert whole.env("gate") == {
        "GATE_SOCKET": "/run/x/gate/gate.sock",
        "GATE_INTERFACE": "wlan0",
        "GATE_UPSTREAM": "eth0",
        "GATE_ADDRESS": "10.77.0.1/24",
        "GATE_PORTAL_PORT": "8082",
        "GATE_OFFLINE": "calm",
        "GATE_USERS": "1000",
    }
    access_point = whole.env("wifi")
    assert (access_point["WIFI_SSID"], access_point["WIFI_UPSTREAM"]) == ("Corner Shop", "eth0")
    assert (access_point["WIFI_COUNTRY"], access_point["WIFI_CHANNEL"]) == ("DE", "11")
    portal = whole.env("portal")
    assert (portal["PORTAL_GATE"], portal["PORTAL_SSID"]) == ("/run/x/gate/gate.sock", "Corner Shop")
    assert portal["PORTAL_HOST"] == "0.0.0.0"  # phones come over a network that is made later


def test_a_radio_is_put_into_a_bridge_and_the_gate_guards_that() -> None:
    whole = plan(wifi(interface="shopbell0", radio="wlan0"))
    assert (whole.env("wifi")["WIFI_INTERFACE"], whole.env("wifi")["WIFI_RADIO"]) == ("shopbell0", "wlan0")
    assert whole.env("gate")["GATE_INTERFACE"] == "shopbell0"
    assert "WIFI_RADIO" not in plan(wifi(interface="eth1")).env("wifi")


def test_without_an_access_point_the_portal_stays_on_its_own_address_and_port() -> None:
    portal = plan(None).env("portal")
    assert (portal["PORTAL_HOST"], portal["PORTAL_PORT"]) == ("127.0.0.1", "8082")
    assert not {"PORTAL_GATE", "PORTAL_SSID"} & set(portal)


def test_a_certificate_turns_the_answer_for_phones_on_and_only_that() -> None:
    assert "WIFI_API_URL" not in plan(wifi()).env("wifi")
    whole = plan(wifi(name="wifi.shop.example", certificate="/c.pem", certificate_key="/k.pem"))
    assert whole.env("wifi")["WIFI_API_URL"] == "https://wifi.shop.example:8443/captive-portal/api"
    assert whole.env("wifi")["WIFI_NAME"] == whole.env("portal")["PORTAL_NAME"] == "wifi.shop.example"
    assert whole.env("portal")["PORTAL_CERT"] == "/c.pem"


def test_no_way_out_is_not_whichever_way_there_is() -> None:
    whole = plan(wifi(upstream=""))
    assert "WIFI_UPSTREAM" not in whole.env("wifi")
    assert whole.env("gate")["GATE_UPSTREAM"] == "off"


@pytest.mark.parametrize(
    ("name", "heard"),
    [
        ({"en": "Corner Shop", "zh": "街角小店"}, "Corner Shop"),
        ({"zh": "街角小店"}, "街角小店"),
        ({"zh": "街角的一家非常非常小的小店"}, "街角的一家非常非常小"),
        ({}, "Shop"),
    ],
)
def test_the_network_is_called_after_the_shop_and_cut_at_a_whole_character(
    name: dict[str, str], heard: str
) -> None:
    assert ssid_of(name) == heard
    assert len(ssid_of(name).encode()) <= 32


def test_an_ordinary_user_is_told_to_use_sudo() -> None:
    with pytest.raises(UpError, match=r"sudo [.]/shopbell up --wifi"):
        insist_on_rights(1000, 0)
    insist_on_rights(0, 0)
    insist_on_rights(1000, 1 << 10 | 1 << 12 | 1 << 13)
    with pytest.raises(UpError, match="takes root"):
        insist_on_rights(1000, 1 << 12)


def test_an_interface_that_is_not_there_is_told_with_those_that_are() -> None:
    with pytest.raises(UpError, match=r"no network interface 'wlan9'[.] There are: eth0, wlan0[.]"):
        insist_on_interface("wlan9", ["lo", "eth0", "wlan0"], [])


def test_the_way_by_which_the_machine_is_reached_is_not_given_away() -> None:
    with pytest.raises(UpError, match="own way to the network, which an access point on it would cut"):
        insist_on_interface("wlan0", ["lo", "wlan0"], ["wlan0"])
    insist_on_interface("wlan0", ["lo", "eth0", "wlan0"], ["eth0"])


def test_the_preferred_way_out_is_the_one_with_the_smallest_metric() -> None:
    assert default_routes(ROUTES) == ["eth0", "wlan0"]
    assert default_routes(ROUTES.splitlines()[0]) == []


def test_a_way_out_that_is_not_there_or_is_the_guests_own_is_refused() -> None:
    assert choose_upstream("none", "wlan0") == ""
    with pytest.raises(UpError, match="no network interface 'eth99'"):
        choose_upstream("eth99", "wlan0")
    with pytest.raises(UpError, match="cannot be both"):
        choose_upstream("lo", "lo")


def test_a_port_is_taken_by_a_server_that_listens_everywhere_or_on_our_address_only() -> None:
    assert not taken(UDP, 53, "10.77.0.1")  # the resolver of this machine listens for itself
    assert taken(UDP, 67, "10.77.0.1")
    assert taken(TCP, 8443, "10.77.0.1")
    assert not taken(TCP, 8443, "10.88.0.1")
    assert not taken(TCP, 53, "10.77.0.1")  # a connection is no server


@pytest.mark.parametrize("text", ["10.77.0.0/24", "8.8.8.8/24", "10.77.0.1", "wlan0", "fe80::1/64", ""])
def test_an_address_for_guests_that_is_none_is_told(text: str) -> None:
    with pytest.raises(UpError, match=r"such as 10[.]77[.]0[.]1/24"):
        read_address(text)


def test_what_is_not_installed_is_told_by_its_package() -> None:
    def only(*there: str) -> Callable[[str], str | None]:
        return lambda name: f"/usr/sbin/{name}" if name in there else None

    assert missing_packages(is_radio=False, find=only()) == ["iproute2", "nftables", "dnsmasq-base"]
    assert missing_packages(is_radio=True, find=only("nft")) == ["iproute2", "dnsmasq-base", "hostapd", "iw"]


@pytest.mark.parametrize("words", [("--ssid", "Shop"), ("--upstream", "eth0"), ("--security", "open")])
def test_an_option_about_the_network_needs_the_network(words: tuple[str, ...]) -> None:
    with pytest.raises(UpError, match="Name its interface, too"):
        plan_wifi(wanted(*words), None)


def test_without_the_option_there_is_no_network() -> None:
    assert plan_wifi(wanted(), None) is None


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--security", "wpa2"), "needs the passphrase"),
        (("--passphrase-file", "key"), "is for --security wpa2 or wpa3"),
        (("--guests", "1.2.3.4/24"), "such as 10.77.0.1/24"),
    ],
)
def test_options_that_do_not_fit_together_are_told(words: tuple[str, ...], said: str) -> None:
    with pytest.raises(UpError, match=said):
        plan_wifi(wanted("--wifi", "lo", *words), None)


@pytest.mark.parametrize(
    ("timezone", "country"), [("Europe/Berlin", "DE"), ("Asia/Shanghai", "CN"), ("UTC", None), ("", None)]
)
def test_the_rules_of_the_air_are_those_of_the_country_of_the_clock(
    timezone: str, country: str | None
) -> None:
    assert country_of(timezone) == country


def test_whoever_called_sudo_has_the_shop(tmp_path: Path) -> None:
    owner = find_owner(tmp_path / "new", {"SUDO_UID": "1234", "SUDO_GID": "4321"}, 0)
    assert owner is not None
    assert (owner.uid, owner.gid, owner.groups) == (1234, 4321, (4321,))


def test_an_ordinary_user_and_root_alone_are_nobody_else(tmp_path: Path) -> None:
    assert find_owner(tmp_path, {"SUDO_UID": "1234"}, 1000) is None
    assert find_owner(tmp_path / "new", {}, 0) is None
    assert find_owner(tmp_path / "new", {"SUDO_UID": "0"}, 0) is None


@pytest.mark.skipif(os.geteuid() != 0, reason="giving a folder to another user takes root")
def test_a_folder_of_an_ordinary_user_stays_theirs_when_root_starts_the_shop(tmp_path: Path) -> None:
    os.chown(tmp_path, 1234, 1234)
    owner = find_owner(tmp_path, {}, 0)
    assert owner is not None
    assert owner.uid == 1234


def test_only_what_works_on_the_network_is_started_as_root(tmp_path: Path) -> None:
    owner = find_owner(tmp_path, {"SUDO_UID": "1234", "SUDO_GID": "1234"}, 0)
    starts = {
        name: how_to_start(name, owner, is_guarded=True, radio="ble:sim")
        for name in ("hub", "kiosk", "edge", "portal", "gate", "wifi")
    }
    as_user = {name for name, start in starts.items() if start.options.get("user") == 1234}
    assert as_user == {"hub", "kiosk", "edge", "portal"}
    # Root compiles nothing into somebody's source tree.
    assert starts["wifi"].env["PYTHONDONTWRITEBYTECODE"] == "1"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has capabilities to lose")
def test_root_without_a_user_behind_it_gives_what_speaks_with_phones_no_capability() -> None:
    start = without_capabilities()
    text = "print(open('/proc/self/status').read())"
    status = subprocess.run(
        [sys.executable, "-c", text], preexec_fn=start.prepare, capture_output=True, text=True, check=True
    ).stdout
    for name in ("CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert f"{name}:\t0000000000000000" in status
    assert "NoNewPrivs:\t1" in status

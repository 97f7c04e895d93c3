"""No value breaks out of a file that we write: it is refused with a sentence, or the daemon that reads it has exactly it.

The daemons themselves read the files back: dnsmasq's own check, and hostapd with a driver that touches no radio, which tells the
network's name over its control socket and, asked for it, the key that it has made of name and passphrase.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import fields, replace
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hardware.wifi.control import told
from hardware.wifi.dnsmasq import guest_server, internet_server
from hardware.wifi.hostapd import hostapd
from hardware.wifi.network import Network, check

PLACES = "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin"
FOLDER = "/run/shopbell-wifi"
SETTINGS_OF = {
    "interface": "WIFI_INTERFACE",
    "radio": "WIFI_RADIO",
    "upstream": "WIFI_UPSTREAM",
    "ssid": "WIFI_SSID",
    "country": "WIFI_COUNTRY",
    "security": "WIFI_SECURITY",
    "passphrase": "WIFI_PASSPHRASE_FILE",
    "portal_name": "WIFI_NAME",
    "api_url": "WIFI_API_URL",
}

NASTY = (
    *('"', "\\", "#", "\n", "\r", "\0", "\t", " ", ",", "/", "'", "`", "$", "%", "|", "=", "*", "\u2028", "\u0085"),
    *("\nport=5353\n", "\ndhcp-script=/bin/sh", '" #', "\\n", "\\x00", "\u2615", "\xe9", "\U0001f600", "\x1b[2J"),
    *("bss=evil", "/#/", "ssid=x", "P\"", "$(reboot)", ";reboot", "\nwpa=0\n"),
)  # fmt: skip
texts = st.lists(st.sampled_from(NASTY) | st.text(max_size=4), max_size=6).map("".join)


def near(good: str) -> st.SearchStrategy[str]:
    """What is good, with something put into it or after it; or anything at all."""
    return st.builds(
        lambda nasty, place: good[:place] + nasty + good[place:], texts, st.integers(0, len(good))
    ) | st.one_of(texts, st.text(max_size=40))


HOSTILE: dict[str, st.SearchStrategy[Any]] = {
    "interface": near("wlan0"),
    "radio": near("wlan1"),
    "upstream": near("eth0"),
    "ssid": near("Shop"),
    "country": near("DE"),
    "security": near("open"),
    "passphrase": near("long enough"),
    "portal_name": near("portal.internal"),
    "api_url": near("https://portal.internal:8443/captive-portal/api"),
}
GOOD = Network("guests", radio="wlan0", upstream="eth0", upstream_dns=(IPv4Address("9.9.9.9"),))


def writers() -> list[Any]:
    return [
        lambda network: guest_server(network, FOLDER, "nobody"),
        lambda network: internet_server(network, FOLDER, None),
        lambda network: hostapd(network, FOLDER),
    ]


@st.composite
def networks(draw: st.DrawFn) -> tuple[Network, set[str]]:
    """A network with one to three hostile values, and which."""
    names = draw(st.sets(st.sampled_from(sorted(HOSTILE)), min_size=1, max_size=3))
    values = {name: draw(HOSTILE[name]) for name in sorted(names)}
    if "passphrase" in names and "security" not in names:
        values["security"] = draw(st.sampled_from(["wpa2", "wpa3"]))
    return replace(GOOD, **values), names


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(networks())
def test_a_hostile_value_is_refused_with_its_setting_or_written_as_one_line(
    hostile: tuple[Network, set[str]],
) -> None:
    network, names = hostile
    mistakes = check(network)
    if mistakes:
        blamed = {sentence.split(" ")[0] for sentence in mistakes}
        # A name that changed may contradict another setting, and a security may want a passphrase.
        related = {SETTINGS_OF[name] for name in names} | {
            "WIFI_API_URL",
            "WIFI_PASSPHRASE_FILE",
            "WIFI_CHANNEL",
        }
        related |= {"WIFI_SECURITY", "WIFI_UPSTREAM"}
        assert blamed <= related
        for write in writers():
            with pytest.raises(ValueError, match="WIFI_"):
                write(network)
        return
    plain = replace(
        GOOD,
        interface="guests" if network.bridged else str(GOOD.radio),
        security=network.security,
        passphrase=network.passphrase and ("0" * 64 if len(network.passphrase) == 64 else "a plain one"),
        api_url="https://portal.internal/api" if network.api_url else None,
    )
    for write in writers():
        assert keys(write(network)) == keys(write(plain)), (
            "a line more or less than without the hostile value"
        )


def keys(text: str) -> list[str]:
    """What stands before the first = of each line, in order."""
    assert text.endswith("\n")
    assert not re.search(r"[^\x20-\x7e\n]", text), "something in it that is no plain sign"
    return [line.partition("=")[0] for line in text.splitlines()]


def values(text: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in text.splitlines()[1:]:
        key, _, value = line.partition("=")
        found.setdefault(key, []).append(value)
    return found


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """Short: a socket's path has a hundred letters, and a test's folder most of them."""
    with tempfile.TemporaryDirectory(prefix="wifi-") as made:
        yield Path(made)


def need(program: str, package: str) -> str:
    found = shutil.which(program, path=PLACES)
    if found is None:
        pytest.skip(f"{program} is not here: apt install {package}")
    return found


interfaces = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.@-]{0,14}", fullmatch=True)
labels = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?", fullmatch=True)
names = st.lists(labels, min_size=2, max_size=5).map(".".join)
paths = st.from_regex(r"(/[A-Za-z0-9._~-]{1,9}){1,4}", fullmatch=True)
addresses = st.builds(
    lambda third, size: IPv4Interface(f"10.{third}.0.1/{size}"), st.integers(0, 255), st.integers(16, 28)
)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(interfaces, names, paths, addresses, st.sampled_from([None, "root"]))
def test_dnsmasq_takes_whatever_is_not_refused(
    folder: Path, interface: str, name: str, path: str, address: IPv4Interface, user: str | None
) -> None:
    dnsmasq = need("dnsmasq", "dnsmasq-base")
    network = Network(
        interface, portal_name=name, api_url=f"https://{name}{path}", address=address, upstream="up0"
    )
    if check(network):
        assert name.endswith(".local") or name.rpartition(".")[2].isdigit() or interface == "up0"
        return
    file = folder / "dnsmasq.conf"
    for write in (guest_server, internet_server):
        text = write(network, FOLDER, user)
        file.write_text(text)
        done = subprocess.run([dnsmasq, "--test", "-C", file], capture_output=True, text=True, timeout=20)
        assert done.returncode == 0, f"{done.stderr}\n{text}"
        assert values(text)["interface"] == [interface]
        assert f"/{name}/{address.ip}" in values(text)["address"]
    lines = values(guest_server(network, FOLDER, user))
    first, last = network.guest_range()
    assert lines["dhcp-option"] == [f"3,{address.ip}", f"6,{address.ip}", f"114,https://{name}{path}"]
    assert lines["dhcp-range"] == [f"{first},{last},{address.netmask},1800"]


def test_dnsmasq_s_check_would_have_found_a_broken_line(folder: Path) -> None:
    dnsmasq = need("dnsmasq", "dnsmasq-base")
    file = folder / "broken.conf"
    file.write_text(guest_server(GOOD, FOLDER, None) + "such-a-line=x\n")
    assert subprocess.run([dnsmasq, "--test", "-C", file], capture_output=True, timeout=20).returncode != 0


SSIDS = (
    'Caf\u00e9 "#1"', "a\nwpa=0\nb", "\\x00\\n", 'P"x"', "#", " lead", "trail ", "\x01\x7f\u2028", "\U0001f600" * 8,
    "ssid2=00", "'", '"', "\r.", "\t.", "=" * 32, "\u8336\u9986",
)  # fmt: skip
SECRETS = (
    " lead and trail ", '"quoted"', "#comment", "a\\nb\\x00", "x" * 63, "|mac=00|id=1", "wpa=0 wpa=0", "%s%n%p%d", "= = = = =",
    "0123456789abcdefABCDEF" + "0" * 42,
)  # fmt: skip


def test_hostapd_has_exactly_the_name_and_the_passphrase(folder: Path) -> None:
    """All of them in one hostapd, each with a radio of its own that is none; five seconds are hostapd's wait for the country."""
    program = need("hostapd", "hostapd")
    wanted = [replace(GOOD, ssid=ssid) for ssid in SSIDS]
    for number, secret in enumerate(SECRETS):
        kinds = ("wpa2",) if len(secret) == 64 else ("wpa2", "wpa3")
        wanted += [replace(GOOD, ssid=SSIDS[number], security=kind, passphrase=secret) for kind in kinds]
    # Without a bridge: there is none, and hostapd ends at the first radio that it cannot put into one.
    # So that one is last, and its end the end of all.
    wanted = [replace(one, interface=f"r{number}", radio=f"r{number}") for number, one in enumerate(wanted)]
    wanted.append(replace(GOOD, radio="last", ssid=SSIDS[0], security="owe"))
    files = []
    for one in wanted:
        assert check(one) == []
        place = folder / str(one.radio)
        place.mkdir()
        files.append(place / "hostapd.conf")
        files[-1].write_text(hostapd(one, str(place), driver="none"))
    said = folder / "said.log"
    with said.open("wb") as log:
        running = subprocess.Popen([program, "-dd", "-K", *files], stdout=log, stderr=log)
        try:
            for one in wanted:
                assert name_in_hostapd(folder / str(one.radio), one) == one.ssid.encode(), one
            running.wait(30)
        finally:
            running.kill()
            running.wait()
    made = set(
        re.findall(
            r"PSK \(from passphrase\) - hexdump\(len=32\): ([0-9a-f ]+)", said.read_text("utf-8", "replace")
        )
    )
    for one in wanted:
        if one.passphrase is not None and len(one.passphrase) < 64:
            key = hashlib.pbkdf2_hmac("sha1", one.passphrase.encode(), one.ssid.encode(), 4096, 32)
            assert key.hex(" ") in made, f"hostapd made no such key of {one.passphrase!r}"


def name_in_hostapd(place: Path, one: Network) -> bytes:
    """The name on the air, out of hostapd's own notation (printf's)."""
    until = time.monotonic() + 10
    while (status := told(place, str(one.radio), "STATUS")) is None:
        assert time.monotonic() < until, "hostapd does not answer"
        time.sleep(0.05)
    shown = next(line for line in status.splitlines() if line.startswith("ssid[0]=")).partition("=")[2]
    plain = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"e": b"\x1b", b'"': b'"', b"\\": b"\\"}

    def sign(found: re.Match[bytes]) -> bytes:
        return bytes([int(found[1], 16)]) if found[1] else plain[found[2]]

    return re.sub(rb"\\(?:x([0-9a-f]{2})|(.))", sign, shown.encode())


def test_hostapd_isolates_limits_and_logs_nobody() -> None:
    for network in (GOOD, replace(GOOD, security="owe"), replace(GOOD, station_limit=19)):
        lines = values(hostapd(network, FOLDER))
        times = 2 if network.security == "owe" else 1
        for name in ("ap_isolate", "disable_dgaf", "proxy_arp", "no_probe_resp_if_max_sta"):
            assert lines[name] == ["1"] * times, name
        assert lines["max_num_sta"] == [str(network.station_limit or 2007)] * times
        assert lines["logger_syslog"] == lines["logger_stdout"] == ["0"] * times
        assert lines["bridge"] == ["guests"] * times


def test_the_guests_server_forwards_nothing_and_logs_no_question() -> None:
    lines = values(guest_server(GOOD, FOLDER, None))
    assert "server" not in lines
    assert "resolv-file" not in lines
    assert {"no-resolv", "no-hosts", "quiet-dhcp", "dhcp-ignore-names", "no-ping"} <= set(lines)
    assert not [name for name in lines if name.startswith("log-") and name != "log-facility"]
    assert "dhcp-range" not in values(internet_server(GOOD, FOLDER, None))
    assert not [option for option in lines["dhcp-option"] if option.startswith("114")]


def test_no_field_of_a_network_is_written_without_a_check_of_it() -> None:
    numbers = {"channel", "address", "upstream_dns", "lease_s", "station_limit"}
    assert {field.name for field in fields(Network)} == set(HOSTILE) | numbers

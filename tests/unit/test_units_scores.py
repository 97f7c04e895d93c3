"""The systemd units as installed: how exposed each leaves the machine by systemd's own measure, and whether it reads them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from hub.up.cli import main
from hub.up.packages import find_program

MOST = {
    "shopbell-portal.service": 1.5,
    "shopbell-gate.service": 1.6,
    "hostapd.service": 3.0,
    "shopbell-wifi.service": 2.2,
    "shopbell-edge.service": 1.5,
    "shopbell-kiosk.service": 1.5,
    "shopbell-screen.service": 2.6,
    "shopbell-hub.service": 1.5,
    "shopbell-worker.service": 1.5,
}
"""The exposure that each may have at most, from 0 (none) to 10. Of what speaks HTTP only the screen may have more than 1.5: a
browser's own walls are made of what the score counts against it, and it reaches nothing but this machine."""

HOSTAPD = """[Unit]
Description=Access point and authentication server for Wi-Fi and Ethernet
After=network.target
ConditionFileNotEmpty=/etc/hostapd/hostapd.conf
[Service]
Type=forking
PIDFile=/run/hostapd.pid
Restart=on-failure
Environment=DAEMON_CONF=/etc/hostapd/hostapd.conf
EnvironmentFile=-/etc/default/hostapd
ExecStart=/usr/sbin/hostapd -B -P /run/hostapd.pid $DAEMON_OPTS ${DAEMON_CONF}
[Install]
WantedBy=multi-user.target
"""
"""What a distribution's unit says, in its essence: it may do anything."""


def analyze(*words: str | Path) -> subprocess.CompletedProcess[str]:
    program = find_program("systemd-analyze")
    if program is None:
        pytest.skip("needs systemd-analyze: apt install systemd")
    env = {**os.environ, "SYSTEMD_COLORS": "0", "LC_ALL": "C.UTF-8"}
    return subprocess.run([program, *map(str, words)], capture_output=True, text=True, timeout=60, env=env)


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the units as `shopbell install` writes them for a machine that is everything at once."""
    root = tmp_path_factory.mktemp("machine")
    roles = [
        "--door",
        "--counter",
        "--screen",
        "--office",
        "--wifi",
        "wlan0",
        "--radio",
        "--ssid",
        "Corner",
        "--country",
        "DE",
    ]
    assert main(["install", *roles, "--root", str(root)]) == 0
    distributions = root / "usr/lib/systemd/system"
    distributions.mkdir(parents=True)
    (distributions / "hostapd.service").write_text(HOSTAPD)
    return root


def score(machine: Path, unit: str) -> float:
    done = analyze("security", "--offline=true", "--no-pager", f"--root={machine}", unit)
    found = re.search(rf"Overall exposure level for {re.escape(unit)}: ([0-9.]+)", done.stdout)
    assert found, done.stdout[-500:] + done.stderr
    return float(found[1])


@pytest.mark.parametrize(("unit", "most"), MOST.items(), ids=list(MOST))
def test_a_unit_leaves_the_machine_no_more_exposed_than_promised(
    machine: Path, unit: str, most: float
) -> None:
    assert score(machine, unit) <= most


def test_the_distributions_own_unit_is_measured_by_the_same_measure(machine: Path, tmp_path: Path) -> None:
    plain = tmp_path / "usr/lib/systemd/system"
    plain.mkdir(parents=True)
    (plain / "hostapd.service").write_text(HOSTAPD)
    assert score(tmp_path, "hostapd.service") > 9.0


def test_every_service_of_ours_has_a_promise(machine: Path) -> None:
    ours = {path.name for path in (machine / "etc/systemd/system").glob("*.service")}
    assert ours | {"hostapd.service"} == set(MOST)


def lines_of(machine: Path, unit: str) -> list[str]:
    return (machine / "etc/systemd/system" / unit).read_text().splitlines()


def test_what_speaks_with_strangers_has_no_capability(machine: Path) -> None:
    strangers = ("portal", "kiosk", "hub", "worker", "edge")
    for unit in (f"shopbell-{name}.service" for name in strangers):
        assert "CapabilityBoundingSet=" in lines_of(machine, unit)
        assert "AmbientCapabilities=" in lines_of(machine, unit)


def test_the_gate_has_one_capability_and_nothing_else(machine: Path) -> None:
    lines = lines_of(machine, "shopbell-gate.service")
    given = [line for line in lines if line.startswith(("CapabilityBoundingSet=", "AmbientCapabilities="))]
    assert given == ["CapabilityBoundingSet=CAP_NET_ADMIN", "AmbientCapabilities=CAP_NET_ADMIN"]


def test_whatever_dies_is_back_within_a_second_or_two(machine: Path) -> None:
    for unit in (name for name in MOST if name.startswith("shopbell-")):
        lines = lines_of(machine, unit)
        assert "Restart=always" in lines
        (pause,) = [float(line.partition("=")[2]) for line in lines if line.startswith("RestartSec=")]
        assert pause <= 1.0
        assert "StartLimitIntervalSec=0" in lines


def has_watchdog(machine: Path, unit: str) -> bool:
    return any(line.startswith("WatchdogSec=") for line in lines_of(machine, unit))


@pytest.mark.parametrize(
    "unit", [name for name in MOST if name not in ("hostapd.service", "shopbell-wifi.service")]
)
def test_a_watchdog_is_set_where_the_program_pings(machine: Path, unit: str) -> None:
    """That they ping is shown on real sockets: test_install_watchdog, test_gate_stands, test_edge_watchdog."""
    assert has_watchdog(machine, unit)
    lines = lines_of(machine, unit)
    assert "Type=notify" in lines or "NotifyAccess=all" in lines


def test_the_screens_browser_reaches_nothing_but_this_machine(machine: Path) -> None:
    lines = lines_of(machine, "shopbell-screen.service")
    assert "IPAddressDeny=any" in lines
    assert [line for line in lines if line.startswith("IPAddressAllow=")] == ["IPAddressAllow=localhost"]
    assert "CapabilityBoundingSet=" in lines
    assert "User=shopbell-screen" in lines


def test_systemd_understands_every_line(machine: Path, tmp_path: Path) -> None:
    """The program that each starts is put where it can be found; what is left to complain about would be a line of ours."""
    units = []
    for path in sorted((machine / "etc/systemd/system").glob("shopbell-*")):
        if path.is_file():
            copy = tmp_path / path.name
            text = re.sub(r"^(ExecStart=)\S+", rf"\1{sys.executable}", path.read_text(), flags=re.MULTILINE)
            copy.write_text(text)
            units.append(copy)
    done = analyze("verify", "--man=no", "--recursive-errors=no", *units)
    ours = [line for line in (done.stdout + done.stderr).splitlines() if "shopbell" in line]
    assert ours == []

"""The guests' network on a real bridge: put up, kept up, taken down, put right after crashes and wrong settings.

Real dnsmasqs, in namespaces of their own. What is on the air is for the lab (`tests/lab/wifi.py`): here is no radio.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import guest_inside as inside
import pytest
from guest_network import BRIDGE, GATEWAY, NAMED, ROUTER, UPSTREAM, GuestNetwork, need

ROOT = Path(__file__).resolve().parents[2]
HELD = "198.18.0.1"
A, TXT, AAAA, HTTPS = 1, 16, 28, 65
API = "https://portal.internal:8443/captive-portal/api"
WITHIN_S = 20.0


class Wifi:
    """`python -m hardware wifi` in the gateway."""

    def __init__(self, network: GuestNetwork, folder: Path) -> None:
        self.network, self.folder = network, folder
        self.running: subprocess.Popen[Any] | None = None

    def argv(self, command: str, *flags: str) -> list[str]:
        return [sys.executable, "-m", "hardware", "wifi", command, "--dir", str(self.folder), *flags]

    def start(self, *flags: str, state: str = "up") -> None:
        """Run it until it says so."""
        usual = ("--interface", BRIDGE, "--upstream", UPSTREAM, "--upstream-dns", ROUTER)
        env = {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", "PYTHONWARNINGS": "error"}
        began = time.time()
        self.running = self.network.gateway.popen(self.argv("run", *(flags or usual)), "wifi.log", env)

        def says_so() -> bool:
            told = self.status()
            return bool(told.get("at", 0) >= began and told["state"] == state)

        self.until(says_so, f"it is not {state}")

    def run(self, command: str, *flags: str) -> subprocess.CompletedProcess[str]:
        return self.network.gateway.run(self.argv(command, *flags), check=False, timeout=60)

    def status(self) -> dict[str, Any]:
        try:
            told: dict[str, Any] = json.loads((self.folder / "status.json").read_bytes())
        except (OSError, ValueError):
            return {}
        return told

    def pid(self, name: str) -> int:
        found = [one["pid"] for one in self.status().get("daemons", ()) if one["name"] == name]
        return found[0] if found and found[0] else 0

    def until(self, happened: Callable[[], bool], problem: str) -> None:
        until = time.monotonic() + WITHIN_S
        while not happened():
            ended = self.running is not None and self.running.poll() is not None
            if time.monotonic() > until or ended:
                raise AssertionError(f"{problem}: {self.said()[-2000:]}")
            time.sleep(0.05)

    def said(self) -> str:
        return self.network.gateway.said("wifi.log")

    def stop(self) -> int:
        assert self.running is not None
        self.running.send_signal(signal.SIGTERM)
        return self.running.wait(20)

    def asks(self, name: str, kind: int = A, port: int = 53) -> dict[str, Any]:
        answer: dict[str, Any] = self.network.gateway.call(inside.asks, name, GATEWAY, kind, port)
        return answer

    def addresses(self, interface: str = BRIDGE) -> list[str]:
        told = json.loads(self.network.gateway.run(["ip", "-j", "address", "show", "dev", interface]).stdout)
        return [
            f"{one['local']}/{one['prefixlen']}" for one in told[0]["addr_info"] if one["family"] == "inet"
        ]

    def daemons(self) -> list[int]:
        """Every dnsmasq of the gateway."""
        found = []
        for pid in self.network.gateway.pids():
            command = Path(f"/proc/{pid}/cmdline")
            if command.exists() and b"dnsmasq" in command.read_bytes().split(b"\0")[0]:
                found.append(pid)
        return found


@pytest.fixture(scope="module")
def network() -> Iterator[GuestNetwork]:
    need()
    with GuestNetwork(phones=1) as made:
        # The address is for us to give.
        made.gateway.ip(f"address delete {GATEWAY}/24 dev {BRIDGE}")
        yield made


@pytest.fixture
def wifi(network: GuestNetwork) -> Iterator[Wifi]:
    with tempfile.TemporaryDirectory(prefix="wifi-") as folder:
        made = Wifi(network, Path(folder))
        yield made
        if made.running is not None and made.running.poll() is None:
            made.stop()
        left = (made.daemons(), made.addresses())
        made.run("clear")
        assert left == ([], []), "a daemon or an address was left"


def test_a_phone_gets_its_lease_and_every_name_is_answered_here(wifi: Wifi) -> None:
    wifi.start(
        *("--interface", BRIDGE, "--upstream", UPSTREAM, "--upstream-dns", ROUTER, "--api-url", API),
        *("--lease-s", "600"),
    )
    assert wifi.addresses() == [f"{GATEWAY}/24"]
    lease = wifi.network.phones[0].lease()
    assert (lease.router, lease.dns, lease.seconds, lease.api) == (GATEWAY, GATEWAY, 600, API)
    assert lease.ip.startswith("10.77.0.")
    with wifi.network.heard() as outside:
        for name in ("example.com", "connectivitycheck.gstatic.com", "com"):
            assert wifi.asks(name) == {"code": 0, "addresses": [HELD], "ttl": 0}
        assert wifi.asks("portal.internal") == {"code": 0, "addresses": [GATEWAY], "ttl": 0}
        for name in ("example.com", "portal.internal"):
            for kind in (AAAA, TXT, HTTPS):
                answer = wifi.asks(name, kind)
                assert (answer["code"], answer["addresses"]) == (0, []), (
                    "nothing, told at once and without an error"
                )
    assert not outside, "a question has left the house"
    assert wifi.asks("example.com", port=1053)["addresses"] == [NAMED], "who is in asks the internet"
    assert wifi.asks("portal.internal", port=1053)["addresses"] == [GATEWAY]
    assert wifi.stop() == 0


def test_a_server_that_is_killed_is_there_again(wifi: Wifi) -> None:
    wifi.start()
    for name, port in (("guest", 53), ("internet", 1053)):
        before = wifi.pid(name)
        os.kill(before, signal.SIGKILL)
        wifi.until(
            lambda name=name, before=before: wifi.pid(name) not in (0, before), f"{name} is not started"
        )
        wifi.until(
            lambda port=port: wifi.asks("portal.internal", port=port)["addresses"] == [GATEWAY], "no answer"
        )
    deaths = {one["name"]: one["deaths"] for one in wifi.status()["daemons"]}
    assert deaths == {"guest": 1, "internet": 1}


def test_leases_outlive_the_server_that_gave_them(wifi: Wifi) -> None:
    wifi.start()
    phone = wifi.network.phones[0]
    first = phone.lease().ip
    os.kill(wifi.pid("guest"), signal.SIGKILL)
    wifi.until(lambda: wifi.asks("portal.internal")["code"] == 0, "no answer")
    assert phone.lease().ip == first
    assert (wifi.folder / "leases").read_text().count(first) == 1


def test_what_is_in_the_folder_is_for_us_alone(wifi: Wifi) -> None:
    wifi.start()
    wifi.network.phones[0].lease()
    assert wifi.folder.stat().st_mode & 0o077 == 0
    for name in ("guest.conf", "internet.conf", "state.json", "status.json"):
        assert (wifi.folder / name).stat().st_mode & 0o077 == 0, name
    told = wifi.said() + (wifi.folder / "status.json").read_text() + (wifi.folder / "state.json").read_text()
    assert wifi.network.phones[0].mac not in told


def test_ports_of_the_bridge_are_kept_apart_and_let_go(wifi: Wifi) -> None:
    def isolated() -> bool:
        port = wifi.network.phones[0].port
        told = json.loads(wifi.network.gateway.run(["ip", "-j", "-d", "link", "show", "dev", port]).stdout)
        return bool(told[0]["linkinfo"]["info_slave_data"]["isolated"])

    wifi.start()
    wifi.until(isolated, "the port is not isolated")
    late = wifi.network.add_phone()
    assert wifi.stop() == 0
    assert not isolated()
    assert late.port


def test_what_a_killed_run_has_left_is_taken_over_and_taken_away(wifi: Wifi) -> None:
    wifi.start()
    lease = wifi.network.phones[0].lease()
    left = wifi.daemons()
    assert wifi.running is not None
    wifi.running.kill()
    wifi.running.wait()
    assert wifi.daemons() == left, "whoever has an address keeps being served"
    assert wifi.run("health").returncode == 2
    wifi.start()
    assert not set(wifi.daemons()) & set(left)
    assert lease.ip in (wifi.folder / "leases").read_text(), (
        "an address that a phone has may be given to another"
    )
    assert wifi.asks("portal.internal")["addresses"] == [GATEWAY]
    wifi.running.kill()
    wifi.running.wait()
    cleared = wifi.run("clear")
    assert cleared.returncode == 0
    assert f"Took {GATEWAY}/24 from {BRIDGE}." in cleared.stdout
    assert wifi.daemons() == []
    assert wifi.addresses() == []
    assert wifi.run("clear").stdout == ""


def test_a_process_that_only_has_the_same_number_is_let_alone(wifi: Wifi) -> None:
    """After a restart of the machine numbers come round again."""
    stranger = wifi.network.gateway.popen(["sleep", "60"])
    wifi.folder.joinpath("state.json").write_text(
        json.dumps({"interface": BRIDGE, "daemons": [{"name": "guest", "pid": stranger.pid, "started": 1}]})
    )
    assert wifi.run("clear").returncode == 0
    assert stranger.poll() is None
    assert not (wifi.folder / "state.json").exists()
    stranger.kill()


def test_settings_that_do_not_come_up_give_way_to_the_earlier_ones(wifi: Wifi) -> None:
    wifi.start()
    assert wifi.stop() == 0
    # Somebody else answers on the address that the new settings want.
    wifi.network.gateway.ip(f"address add 10.99.0.1/24 dev {UPSTREAM}")
    taken = wifi.network.gateway.popen(
        [sys.executable, "-c", TAKES_PORT_53, "10.99.0.1"], stdout=subprocess.PIPE, text=True
    )
    assert taken.stdout is not None
    assert taken.stdout.readline() == "taken\n"
    try:
        wifi.start("--interface", BRIDGE, "--address", "10.99.0.1/24", state="back")
        assert wifi.addresses() == [f"{GATEWAY}/24"]
        assert wifi.asks("portal.internal")["addresses"] == [GATEWAY]
        told = json.loads(wifi.run("health", "--json").stdout)
        assert [one["code"] for one in told["warnings"]] == ["wifi-back"]
        assert told["status"] == "warning"
        assert wifi.stop() == 0
    finally:
        taken.kill()
        taken.wait()
        taken.stdout.close()
        wifi.network.gateway.ip(f"address delete 10.99.0.1/24 dev {UPSTREAM}")


TAKES_PORT_53 = """
import socket, sys, time
sockets = [socket.socket(socket.AF_INET, kind) for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM)]
for one in sockets:
    one.bind((sys.argv[1], 53))
print("taken", flush=True)
time.sleep(120)
"""


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (("--interface", "nothere"), "There is no interface nothere."),
        (("--interface", UPSTREAM), f"{UPSTREAM} is this machine's own way to the internet"),
        (("--interface", "port0"), f"port0 is a port of the bridge {BRIDGE}"),
        (
            ("--interface", BRIDGE, "--radio", "port0"),
            "port0 (WIFI_RADIO) is no Wi-Fi radio of this machine.",
        ),
        (("--interface", BRIDGE, "--ssid", ""), "WIFI_SSID ('') cannot be a network's name"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_changed(
    wifi: Wifi, flags: tuple[str, ...], sentence: str
) -> None:
    before = wifi.network.gateway.run(["ip", "-j", "address"]).stdout
    done = wifi.run("run", *flags)
    assert done.returncode in (1, 2)
    assert done.stderr.startswith(sentence)
    assert "Traceback" not in done.stderr
    assert wifi.network.gateway.run(["ip", "-j", "address"]).stdout == before
    assert wifi.daemons() == []


def test_two_of_one_folder_do_not_run_at_once(wifi: Wifi) -> None:
    wifi.start()
    done = wifi.run("run", "--interface", BRIDGE)
    assert done.returncode == 1
    assert "runs already" in done.stderr
    assert wifi.run("clear").returncode == 1, "nor is a running one cleared away"
    assert wifi.asks("portal.internal")["addresses"] == [GATEWAY]


def test_an_address_that_is_lost_is_given_again(wifi: Wifi) -> None:
    wifi.start()
    wifi.network.gateway.ip(f"address delete {GATEWAY}/24 dev {BRIDGE}")
    wifi.until(lambda: wifi.addresses() == [f"{GATEWAY}/24"], "the address is not given again")
    wifi.until(lambda: wifi.asks("portal.internal")["addresses"] == [GATEWAY], "no answer")


def test_health_says_what_is_and_what_is_not(wifi: Wifi) -> None:
    wifi.start()
    wifi.network.phones[0].lease()
    done = wifi.run("health")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("1 with an address.\n")
    os.kill(wifi.pid("internet"), signal.SIGSTOP)
    told = json.loads(wifi.run("health", "--json").stdout)
    assert [one["code"] for one in told["warnings"]] == ["wifi-no-internet-dns"]
    os.kill(wifi.pid("internet"), signal.SIGCONT)
    assert wifi.stop() == 0
    told = json.loads(wifi.run("health", "--json").stdout)
    assert [one["code"] for one in told["warnings"]] == ["wifi-down"]


def test_check_asks_the_daemons_and_changes_nothing(wifi: Wifi) -> None:
    done = wifi.run("check", "--interface", BRIDGE, "--upstream", UPSTREAM)
    assert (done.returncode, done.stdout) == (0, "The settings are good, and the daemons take the files.\n")
    assert list(wifi.folder.iterdir()) == []
    assert wifi.addresses() == []

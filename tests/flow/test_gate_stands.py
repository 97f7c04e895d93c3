"""The gate's helper over its life: killed, reloaded, its rules broken by others, its way out gone, asked by strangers."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gate_place
import guest_inside
import guest_network
import pytest
from gate_place import GatePlace, pair
from guest_network import BRIDGE, GATEWAY, INTERNET, Failed, Phone

from edge.gate.protocol import Done, End, LetIn, Limits, Refused, Reload, Stay
from edge.gate.protocol import Phone as Pair

SEED = 4


@pytest.fixture
def place() -> Iterator[GatePlace]:
    guest_network.need()
    with GatePlace(phones=2) as place:
        yield place


def sees(phone: Phone, host: str = INTERNET) -> str:
    """Whose page port 80 of this host is for the phone."""
    answer = phone.get(f"http://{host}/", timeout=2)
    if answer.status == 0:
        return "refused" if "Refused" in answer.error else "nothing"
    return gate_place.PORTAL if answer.body.startswith(gate_place.PORTAL) else guest_inside.GREETING


def check(place: GatePlace) -> tuple[int, list[str]]:
    """The exit status of `check`, and its codes."""
    done = place.network.gateway.run(
        [sys.executable, "-m", "edge.gate", "check", "--json", "--file", place.file], check=False
    )
    return done.returncode, [one["code"] for one in json.loads(done.stdout)["warnings"]]


def test_a_helper_that_is_killed_at_any_moment_leaves_guests_in_and_strangers_out(place: GatePlace) -> None:
    guest, stranger = place.network.phones
    place.let_in(guest, limits=Limits(volume=50_000_000))
    assert sees(guest) == guest_inside.GREETING
    rnd = random.Random(SEED)
    for turn in range(4):
        used = place.inside()[guest.ip_address].used
        # In the midst of what it is asked to do, without waiting for the answer.
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as line:
            line.connect(str(place.socket))
            many = tuple(Pair(f"02:99:00:00:00:{n:02x}", f"10.77.0.{n}") for n in range(100, 250))
            asks = [LetIn(tuple(Stay(one, 600, Limits(down_per_s=turn + 1)) for one in many)), End(many)]
            for ask in asks:
                line.send(gate_place.write(ask))
            time.sleep(rnd.uniform(0, 0.08))
            place.kill()
        assert sees(guest) == guest_inside.GREETING
        with place.network.heard() as frames:
            assert sees(stranger) in ("nothing", gate_place.PORTAL)
            stranger.call(guest_inside.echoes, INTERNET, 443, 0.3)
        assert frames == []
        begun = time.monotonic()
        place.start()
        assert time.monotonic() - begun < 2
        place.client.ask(End(many))
        assert list(place.inside()) == [guest.ip_address]
        assert place.inside()[guest.ip_address].used >= used
        assert place.health().rules_stand
        assert sees(guest) == guest_inside.GREETING


def test_a_helper_that_starts_again_touches_nothing_where_its_rules_stand(place: GatePlace) -> None:
    place.let_in(place.network.phones[0])
    handles = place.network.gateway.run(["nft", "-a", "-s", "-t", "list", "table", "inet", "shopbell"]).stdout
    place.kill()
    place.start()
    assert place.health().rules_stand
    again = place.network.gateway.run(["nft", "-a", "-s", "-t", "list", "table", "inet", "shopbell"]).stdout
    assert again == handles


def test_reload_takes_new_settings_and_keeps_who_is_in(place: GatePlace) -> None:
    guest = place.network.phones[0]
    place.let_in(guest)
    assert guest.call(guest_inside.connects, INTERNET, 8080) == "refused"
    rules = place.health().rules
    place.file.write_text(place.file.read_text() + "GATE_ALLOW=all\nGATE_OFFLINE=calm\n")
    assert place.client.ask(Reload()) == Done(1)
    assert guest.call(guest_inside.connects, INTERNET, 8080) == "open"
    assert guest.call(guest_inside.pings, INTERNET)
    health = place.health()
    assert (health.rules_stand, health.offline, health.guests) == (True, "calm", 1)
    assert health.rules != rules


def test_settings_that_cannot_be_used_are_refused_and_the_old_ones_stay(place: GatePlace) -> None:
    rules = place.health().rules
    place.file.write_text(place.file.read_text() + "GATE_ALLOW=all; } flush ruleset; #\n")
    answer = place.client.ask(Reload())
    assert isinstance(answer, Refused)
    assert "GATE_ALLOW" in answer.sentence
    assert (place.health().rules, place.health().rules_stand) == (rules, True)


@pytest.mark.parametrize(
    ("broken", "guests"),
    [
        ("flush ruleset", 1),
        ("delete table inet shopbell", 1),
        ("add rule inet shopbell outgoing accept", 1),
        ("flush map inet shopbell up_classes", 1),
        ("delete table bridge shopbell", 1),
        ("flush map inet shopbell up", 0),
    ],
)
def test_what_another_firewall_breaks_is_put_right_within_two_seconds(
    place: GatePlace, broken: str, guests: int
) -> None:
    guest = place.network.phones[0]
    place.let_in(guest)
    place.network.gateway.run(["nft", broken])
    place.wait(
        lambda: place.health().rules_stand and place.health().guests == guests, "the rules to stand", 2.5
    )
    assert sees(guest) == (guest_inside.GREETING if guests else gate_place.PORTAL)
    assert sees(place.network.phones[1]) == gate_place.PORTAL


def test_health_says_at_once_that_the_rules_are_not_as_they_were_loaded(place: GatePlace) -> None:
    assert place.health().rules_stand
    # Stopped, so that it does not put it right before it is asked.
    assert place.helper
    os.kill(place.helper.pid, signal.SIGSTOP)
    try:
        place.network.gateway.run(["nft", "add rule inet shopbell outgoing accept"])
    finally:
        os.kill(place.helper.pid, signal.SIGCONT)
    place.wait(lambda: "changed the rules" in place.network.gateway.said("gate.log"), "it to be noticed", 2.5)
    assert place.health().rules_stand
    listing = place.network.gateway.run(["nft", "list", "chain", "inet", "shopbell", "outgoing"]).stdout
    assert not any(line.strip() == "accept" for line in listing.splitlines())


@pytest.mark.parametrize("mode", ["honest", "calm"])
def test_without_a_way_out_guests_see_what_was_chosen_and_then_go_on(mode: str) -> None:
    guest_network.need()
    with GatePlace(phones=2, offline=mode) as place:
        guest, stranger = place.network.phones
        place.let_in(guest)
        assert sees(guest) == guest_inside.GREETING
        place.network.unplug()
        place.wait(lambda: not place.health().upstream, "the way out to be missed", 2.5)
        assert check(place)[1] == ["gate-no-way-out"]
        assert place.health().offline == mode
        assert sees(guest) == ("refused" if mode == "honest" else gate_place.PORTAL)
        assert guest.call(guest_inside.connects, INTERNET, 443) == "refused"
        assert guest.call(guest_inside.asks, "example.com", GATEWAY)["addresses"] == [gate_place.HELD]
        # What a name means now is foreign, too: the portal's answer there would be a log-in page to many systems.
        assert sees(guest, gate_place.HELD) == ("refused" if mode == "honest" else gate_place.PORTAL)
        assert sees(guest, GATEWAY) == gate_place.PORTAL
        for host in (GATEWAY, gate_place.HELD):
            assert sees(stranger, host) == gate_place.PORTAL
        assert sees(stranger) == gate_place.PORTAL
        place.network.plug()
        # The default route went with the carrier in no case here; what is waited for is the carrier alone.
        place.network.gateway.run(["ip", "route", "replace", "default", "via", guest_network.ROUTER])
        place.wait(lambda: place.health().upstream, "the way out", 2.5)
        assert sees(guest) == guest_inside.GREETING
        assert sees(stranger) == gate_place.PORTAL


def test_check_says_what_is_wrong_and_clear_takes_everything_away(place: GatePlace) -> None:
    assert check(place) == (0, [])
    place.kill()
    assert check(place) == (2, ["gate-silent"])
    place.network.gateway.run([sys.executable, "-m", "edge.gate", "clear", "--file", place.file])
    assert "shopbell" not in place.network.gateway.run(["nft", "list", "ruleset"]).stdout
    place.start()
    assert check(place) == (0, [])


def test_a_second_gate_at_the_same_socket_says_so_and_ends(place: GatePlace) -> None:
    done = place.network.gateway.run(
        [sys.executable, "-m", "edge.gate", "serve", "--file", place.file], check=False
    )
    assert done.returncode == 2
    assert "Another gate answers" in done.stderr
    assert place.answers()


def ask_as(place: GatePlace, uid: int) -> str:
    """What another user of the gateway is answered."""
    script = "import sys\nfrom edge.gate.client import GateClient\nfrom edge.gate.protocol import AskHealth\n"
    script += "print(GateClient(sys.argv[1], 2).ask(AskHealth()))\n"
    place.network.gateway.run(["chmod", "0666", place.socket])
    command = ["setpriv", "--reuid", str(uid), "--clear-groups", sys.executable, "-c", script, place.socket]
    return place.network.gateway.run(command).stdout


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to ask as another user: run as root")
def test_who_may_ask_is_what_the_kernel_says_of_the_asker(tmp_path: Path) -> None:
    guest_network.need()
    with GatePlace(users="65533") as place:
        assert place.socket.stat().st_mode & 0o777 == 0o660
        for part in (place.socket.parent, *place.socket.parent.parents):
            if str(part).startswith("/tmp/"):
                part.chmod(0o755)
        try:
            assert "not-allowed" in ask_as(place, 65_532)
        except Failed as failed:
            if "ModuleNotFoundError" in str(failed) or "Permission denied" in str(failed):
                pytest.skip("needs a Python that other users can read")
            raise
        assert "Health(" in ask_as(place, 65_533)


def test_the_socket_that_systemd_hands_over_is_used_and_it_is_told_that_we_are_ready(
    place: GatePlace, tmp_path: Path
) -> None:
    place.kill()
    place.socket.unlink()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
        told.bind(str(tmp_path / "notify"))
        told.settimeout(10)
        serve = [sys.executable, "-m", "edge.gate", "serve", "--file", place.file]
        helper: subprocess.Popen[Any] = place.network.gateway.popen(
            [sys.executable, gate_place.__file__, place.socket, *serve],
            "activated.log",
            {"NOTIFY_SOCKET": str(tmp_path / "notify")},
        )
        assert told.recv(100) == b"READY=1"
        assert place.answers()
        assert told.recv(100) == b"WATCHDOG=1"
        helper.terminate()
        while (said := told.recv(100)) == b"WATCHDOG=1":
            pass
        assert said == b"STOPPING=1"
        assert helper.wait(10) == 0


def test_a_stay_of_nobodys_address_is_refused_whole(place: GatePlace) -> None:
    good = Stay(pair(place.network.phones[0]), 60)
    for ip in ("10.77.0.0", "10.77.0.1", "10.77.0.255", "10.78.0.9", "198.18.0.1", "127.0.0.1"):
        answer = place.client.ask(LetIn((good, Stay(Pair("02:00:00:00:00:09", ip), 60))))
        assert isinstance(answer, Refused)
        assert answer.code == "not-ours"
    assert place.inside() == {}
    assert sees(place.network.phones[0]) == gate_place.PORTAL


def test_there_is_room_for_a_bounded_number_of_different_limits(place: GatePlace) -> None:
    phones = [Pair(f"02:99:00:00:00:{n:02x}", f"10.77.0.{n}") for n in range(100, 140)]
    answers = [
        place.client.ask(LetIn((Stay(phone, 600, Limits(down_per_s=10_000 + n)),)))
        for n, phone in enumerate(phones)
    ]
    assert [isinstance(answer, Done) for answer in answers] == [True] * 31 + [False] * 9
    refused = answers[-1]
    assert isinstance(refused, Refused)
    assert refused.code == "full"
    # Whoever leaves makes room for others.
    place.client.ask(End(tuple(phones[:5])))
    assert place.client.ask(LetIn((Stay(phones[35], 600, Limits(up_per_s=7)),))) == Done(1)
    assert place.health().rules_stand
    assert BRIDGE in place.network.gateway.run(["nft", "list", "ruleset"]).stdout


def later_on(interface: str, seconds: float) -> bool:
    """A gate for which so much time has passed looks after its sets once."""
    from edge.gate.config import read_config
    from edge.gate.kernel import Gate

    passed = [time.monotonic()]
    gate = Gate(lambda: read_config({"GATE_INTERFACE": interface}), lambda: passed[0])
    gate.begin()
    passed[0] += seconds
    gate.tick()
    gate.close()
    return True


def test_what_was_used_by_nobody_who_is_still_known_is_swept_away(place: GatePlace) -> None:
    gone, still = place.network.phones
    place.let_in(gone, still)
    assert sees(gone) == sees(still) == guest_inside.GREETING
    place.end(gone)
    place.kill()

    def used() -> int:
        listing = place.network.gateway.run(["nft", "-j", "list", "set", "inet", "shopbell", "used"]).stdout
        return sum(len(part.get("set", {}).get("elem", [])) for part in json.loads(listing)["nftables"])

    assert used() == 2
    place.network.gateway.call(later_on, BRIDGE, 601.0)
    assert used() == 1

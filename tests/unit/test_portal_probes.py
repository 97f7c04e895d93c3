"""Every probe of every system in every state, to the byte and the header; what comes out stands in out/probes.txt."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from edge.portal.asked import Asked
from edge.portal.guests import NOBODY, Standing, State
from edge.portal.probes import PROBES, READING, REASONS, Reply, answer, octets

PORTAL = "http://portal.internal/"
NOW = 1_796_040_000.0

STATES = {
    "held": Standing(State.HELD, internet=True),
    "in, internet": Standing(State.IN, until=NOW + 60),
    "in, honest": Standing(State.IN, until=NOW + 60, internet=False),
    "in, calm": Standing(State.IN, until=NOW + 60, internet=False, calm=True),
    "expired": Standing(State.EXPIRED),
}
ONLINE = ("in, internet", "in, calm")
CAUGHT = ("held", "expired")

REDIRECT = (
    b"HTTP/1.1 302 Found\r\n"
    b"Location: http://portal.internal/\r\n"
    b"Content-Type: text/html\r\n"
    b"Cache-Control: no-store\r\n"
    b"Content-Length: 101\r\n"
    b"Connection: close\r\n"
    b"\r\n"
    b'<!DOCTYPE html><meta charset="utf-8"><title>Wi-Fi</title><a href="http://portal.internal/">Wi-Fi</a>\n'
)


@dataclass(frozen=True)
class Wire:
    """An answer taken apart by hand, so that the writer is not checked by itself."""

    status: int
    headers: dict[str, str]
    body: bytes


def taken_apart(written: bytes) -> Wire:
    head, _, body = written.partition(b"\r\n\r\n")
    first, *lines = head.decode("ascii").split("\r\n")
    version, status, reason = first.split(" ", 2)
    assert version in ("HTTP/1.0", "HTTP/1.1")
    assert reason
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(": ")
        assert colon, line
        assert name.lower() not in headers, f"{name} stands there twice"
        headers[name.lower()] = value
    return Wire(int(status), headers, body)


def asked_by(probe: dict[str, Any], method: str = "GET") -> Asked:
    parts = urlsplit(probe["url"])
    target = (parts.path or "/") + ("?" + parts.query if parts.query else "")
    return Asked(method, parts.netloc, target, probe.get("http_version", "1.1"), probe.get("user_agent", ""))


def said_to(asked: Asked, state: str) -> bytes:
    reply = answer(asked, STATES[state], PORTAL)
    return octets(reply, head=asked.method == "HEAD", version=asked.version)


def online_as_its_maker_says(wire: Wire, probe: dict[str, Any]) -> None:
    """What the data says of the answer that means online."""
    online = probe["online"]
    if "status" in online:
        assert wire.status == online["status"]
    if wire.status == 204:
        assert wire.body == b""
        assert "content-length" not in wire.headers
        assert "content-type" not in wire.headers
    if "body" in online:
        assert wire.body in (online["body"].encode(), online["body"].encode() + b"\n")
    if "body_contains" in online:
        assert online["body_contains"].encode() in wire.body
    if "body_prefix" in online:
        assert wire.body.startswith(online["body_prefix"].encode())
    octets_told = str(online.get("bytes", "")).partition(" ")[0]
    if octets_told.rstrip(",").isdigit():
        assert len(wire.body) == int(octets_told.rstrip(","))
    for told in (online.get("header", ""), online.get("status_any_with_header", "")):
        name, _, value = told.partition(" (")[0].partition(": ")
        if name:
            assert wire.headers[name.lower()] == value
    assert "location" not in wire.headers


@pytest.fixture(scope="module")
def probes(shared_data: Path) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = json.loads((shared_data / "captive" / "probes.json").read_text())
    assert len(told) >= 36
    return told


@pytest.mark.data
def test_every_probe_is_answered_right_in_every_state(
    probes: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [f"{'system':38} {'probe':66} " + " ".join(f"{state:>14}" for state in STATES)]
    for probe in probes:
        if probe["url"].startswith("https:"):
            # Never reached: nobody of us listens on 443, and the gate resets it.
            rows.append(
                f"{probe['os'][:38]:38} {probe['url'][:66]:66} "
                + " ".join(f"{'no answer':>14}" for _ in STATES)
            )
            continue
        cells = []
        for state in STATES:
            asked = asked_by(probe)
            written = said_to(asked, state)
            wire = taken_apart(written)
            assert wire.headers["cache-control"] == "no-store", (probe, state)
            assert wire.headers["connection"] == "close"
            assert wire.status == 204 or int(wire.headers["content-length"]) == len(wire.body)
            if state in CAUGHT and asked.user_agent.startswith("CaptiveNetworkSupport"):
                assert wire.status == 200
                assert b"success" not in written.lower()
                assert b'href="http://portal.internal/"' in wire.body
                assert len(wire.body) < 200
            elif state in CAUGHT:
                assert written.replace(b"HTTP/1.0", b"HTTP/1.1") == REDIRECT
            elif state == "in, honest":
                assert wire.status == 503
                assert int(wire.headers["retry-after"]) > 0
                assert "location" not in wire.headers
                assert b"NetworkManager is online" not in written
                assert "x-networkmanager-status" not in wire.headers
            elif "online" in probe:
                online_as_its_maker_says(wire, probe)
            elif "WebSheet" not in probe["os"]:
                # What a browser opens, such as that of Windows: it is shown the way to us.
                assert written == REDIRECT, (probe, state)
            cells.append(f"{wire.status} {len(wire.body)} B")
        rows.append(
            f"{probe['os'][:38]:38} {probe['url'][:66]:66} " + " ".join(f"{cell:>14}" for cell in cells)
        )
    table = "\n".join(rows)
    out = Path(__file__).resolve().parents[2] / "out"
    out.mkdir(exist_ok=True)
    (out / "probes.txt").write_text(table + "\n", encoding="utf-8")
    with capsys.disabled():
        print("\n" + table)


@pytest.mark.data
def test_a_head_of_a_probe_is_the_get_without_its_body(probes: list[dict[str, Any]]) -> None:
    for probe in probes:
        if probe["url"].startswith("https:"):
            continue
        for state in STATES:
            got = said_to(asked_by(probe), state)
            head = said_to(asked_by(probe, "HEAD"), state)
            assert head == got.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"


@pytest.mark.data
def test_whoever_asks_is_taken_for_what_it_is(shared_data: Path) -> None:
    told = json.loads((shared_data / "captive" / "user_agents.json").read_text())
    assert len({one["class"].partition(" ")[0] for one in told}) >= 6
    for one in told:
        asked = Asked("GET", "captive.apple.com", "/hotspot-detect.html", "1.1", one["ua"])
        held = taken_apart(said_to(asked, "held"))
        # Apple's program follows no redirect; every window and every other program does.
        assert held.status == (200 if one["class"] == "ios-probe" else 302), one
        assert taken_apart(said_to(asked, "in, calm")).body.count(b"Success") == 2


def test_the_probes_of_our_own_table_are_all_there_once_and_say_online_in_their_own_words() -> None:
    places = [(probe.host, probe.path) for probe in PROBES]
    assert len(set(places)) == len(places) >= 36
    for probe in PROBES:
        asked = Asked("GET", probe.host, probe.path)
        for state in ONLINE:
            assert answer(asked, STATES[state], PORTAL) == probe.reply
        assert answer(asked, STATES["held"], PORTAL).status == 302


@pytest.mark.parametrize(
    ("host", "path", "body"),
    [
        ("captive.apple.com", "/hotspot-detect.html", b"<HTML><HEAD><TITLE>Success</TITLE></HEAD><BODY>Success</BODY></HTML>\n"),
        ("www.apple.com", "/library/test/success.html", b"<HTML><HEAD><TITLE>Success</TITLE></HEAD><BODY>Success</BODY></HTML>"),
        ("www.msftconnecttest.com", "/connecttest.txt", b"Microsoft Connect Test"),
        ("www.msftncsi.com", "/ncsi.txt", b"Microsoft NCSI"),
        ("detectportal.firefox.com", "/success.txt?ipv4", b"success\n"),
        ("nmcheck.gnome.org", "/check_network_status.txt", b"NetworkManager is online"),
        ("network-test.debian.org", "/nm", b"NetworkManager is online\n"),
        ("networkcheck.kde.org", "/", b"OK"),
    ],
)  # fmt: skip
def test_online_is_said_to_the_byte(host: str, path: str, body: bytes) -> None:
    assert taken_apart(said_to(Asked("GET", host, path), "in, calm")).body == body


def test_networkmanager_is_told_by_the_header_that_it_looks_at_first() -> None:
    for host, path in (
        ("nmcheck.gnome.org", "/check_network_status.txt"),
        ("connectivity-check.ubuntu.com", "/"),
    ):
        wire = taken_apart(said_to(Asked("GET", host, path), "in, internet"))
        assert wire.headers["x-networkmanager-status"] == "online"
        assert "x-networkmanager-status" not in taken_apart(said_to(Asked("GET", host, path), "held")).headers


@pytest.mark.parametrize("path", ["/generate_204", "/gen_204", "/generate204", "/generate_204?x=1"])
def test_a_maker_that_nobody_knows_has_the_same_page_under_the_same_name(path: str) -> None:
    asked = Asked("GET", "wifi.some-new-maker.example", path)
    assert said_to(asked, "in, calm").startswith(b"HTTP/1.1 204 ")
    assert said_to(asked, "held") == REDIRECT


def test_apples_program_takes_its_page_from_any_host() -> None:
    asked = Asked("GET", "www.airport.us", "/x7/q.html", "1.0", "CaptiveNetworkSupport-480 wispr")
    assert b"<TITLE>Success</TITLE>" in said_to(asked, "in, internet")
    held = said_to(asked, "held")
    assert held.startswith(b"HTTP/1.0 200 ")
    assert b"success" not in held.lower()


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "BREW"])
def test_what_would_change_something_elsewhere_is_never_redirected(method: str) -> None:
    asked = Asked(method, "api.example.com", "/v1/things")
    for state in CAUGHT:
        reply = answer(asked, STATES[state], PORTAL)
        assert reply.status == 511
        assert b'href="http://portal.internal/"' in reply.body
    assert answer(asked, STATES["in, internet"], PORTAL).status == 421
    assert answer(asked, STATES["in, honest"], PORTAL).status == 503
    for state in STATES:
        assert "Location" not in dict(answer(asked, STATES[state], PORTAL).headers)


def test_a_page_elsewhere_leads_to_the_portal_whatever_its_address_says() -> None:
    for target in (
        "/",
        "/a?next=http://evil.example/",
        "//evil.example/",
        "/%0d%0aLocation:%20http://evil.example/",
    ):
        for state in (*CAUGHT, *ONLINE):
            reply = answer(Asked("GET", "evil.example", target), STATES[state], PORTAL)
            assert dict(reply.headers)["Location"] == PORTAL


def test_a_phone_of_which_nothing_is_known_is_held() -> None:
    assert answer(Asked("GET", "example.com", "/"), NOBODY, PORTAL).status == 302


def test_every_status_that_is_said_has_its_words() -> None:
    for asked in (Asked("GET", "a.example", "/"), Asked("POST", "a.example", "/")):
        for standing in STATES.values():
            assert answer(asked, standing, PORTAL).status in REASONS


def test_a_reply_is_written_with_the_time_only_where_somebody_knows_it() -> None:
    reply = Reply(204)
    date = "Sun, 29 Nov 2026 22:00:00 GMT"
    assert f"\r\nDate: {date}\r\n".encode() in octets(reply, date=date)
    assert b"Date" not in octets(reply)
    assert set(READING) == {"GET", "HEAD"}

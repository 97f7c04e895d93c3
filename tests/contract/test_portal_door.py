"""What a phone gets from the portal's port: by its state, by the name that it asks for, however it sends its request."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from socket import gethostname

import pytest
from guest_shop import make_door
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from portal_shop import HERE, Shop, rest_of, shop_in

from edge.portal.asked import host_name
from edge.portal.front import OwnNames
from edge.portal.guests import Grant

PROBE = "connectivitycheck.gstatic.com"
CLICK = Grant("click", 600)


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("door")
    make_door(folder)
    return folder / "edge"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, door: Path) -> Iterator[Shop]:
    with shop_in(tmp_path_factory.mktemp("shop"), door) as made:
        yield made


@pytest.fixture(autouse=True)
def nobody_is_in(shop: Shop) -> None:
    assert shop.gate is not None
    shop.gate.upstream, shop.gate.offline = True, "honest"
    shop.keeper.end(HERE, time.time())
    shop.look()


def come_in(shop: Shop, internet: bool = True, offline: str = "honest") -> None:
    assert shop.gate is not None
    shop.gate.upstream, shop.gate.offline = internet, offline
    shop.keeper.let_in(HERE.ip, CLICK, time.time())
    shop.look()


def status(answer: bytes) -> int:
    found = re.match(rb"HTTP/1\.[01] ([0-9]{3}) ", answer)
    assert found, answer[:200]
    return int(found[1])


def header(answer: bytes, name: str) -> str:
    head = answer.partition(b"\r\n\r\n")[0].decode("latin-1")
    found = [
        line.partition(": ")[2] for line in head.split("\r\n") if line.lower().startswith(name.lower() + ": ")
    ]
    assert len(found) <= 1, head
    return found[0] if found else ""


# By state


@pytest.mark.parametrize(
    ("state", "probe", "foreign", "form"),
    [("held", 302, 302, 511), ("in", 204, 302, 421), ("honest", 503, 503, 503), ("calm", 204, 302, 421)],
)
def test_what_is_meant_for_others_is_answered_by_how_the_phone_stands(
    shop: Shop, state: str, probe: int, foreign: int, form: int
) -> None:
    if state != "held":
        come_in(shop, internet=state == "in", offline=state if state != "in" else "honest")
    assert status(shop.get(PROBE, "/generate_204")) == probe
    elsewhere = shop.get("news.example", "/today?x=1")
    assert status(elsewhere) == foreign
    assert header(elsewhere, "Location") == ("http://portal.internal/" if foreign == 302 else "")
    sent = shop.say(
        b"POST /x HTTP/1.1\r\nHost: api.example\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc"
    )
    assert status(sent) == form
    for answer in (elsewhere, sent):
        assert header(answer, "Cache-Control") == "no-store"


@pytest.mark.parametrize("state", ["held", "in", "honest", "calm"])
@pytest.mark.parametrize("path", ["/", "/offers", "/healthz", "/search?q=tea", "/bell.svg"])
def test_what_is_ours_is_there_in_every_state(shop: Shop, state: str, path: str) -> None:
    if state != "held":
        come_in(shop, internet=state == "in", offline=state if state != "in" else "honest")
    assert status(shop.get("portal.internal", path)) in (200, 302, 303)
    assert status(shop.get("portal.internal", "/nothing-is-here")) == 404


def test_an_end_shows_at_once(shop: Shop) -> None:
    come_in(shop)
    assert status(shop.get(PROBE, "/generate_204")) == 204
    shop.keeper.end(HERE, time.time())
    assert status(shop.get(PROBE, "/generate_204")) == 302


def test_a_gate_that_is_gone_leaves_the_page_and_says_so(shop: Shop) -> None:
    assert shop.gate is not None
    come_in(shop)
    shop.gate.close()
    try:
        shop.look()
        assert status(shop.get(PROBE, "/generate_204")) == 204
        assert status(shop.get("portal.internal")) == 200
        # It is told once it has lasted: a gate that is restarted is back within two seconds.
        told = json.loads(shop.get("portal.internal", "/healthz").partition(b"\r\n\r\n")[2])
        assert "gate-silent" not in [one["code"] for one in told["warnings"]]
    finally:
        shop.gate.open()
        shop.look()


# Names


@pytest.mark.parametrize(
    "host", ["portal.internal", "PORTAL.internal.", "portal.internal:80", "localhost:8082", "127.0.0.1"]
)
def test_our_own_names_are_ours(shop: Shop, host: str) -> None:
    assert status(shop.get(host, "/healthz")) == 200


def test_this_machine_goes_by_its_own_name_and_addresses_and_no_others() -> None:
    own = OwnNames(["portal.internal", gethostname()])
    for name in ("portal.internal", gethostname().lower(), "127.0.0.1", "::1"):
        assert own.has(name) == (
            name in ("portal.internal", gethostname().lower(), "127.0.0.1") or _has_ipv6()
        )
    for name in ("internal", "xportal.internal", "203.0.113.1", "198.18.0.1", "2001:db8::1", "1.2.3"):
        assert not own.has(name)


def _has_ipv6() -> bool:
    path = Path("/proc/net/if_inet6")
    return path.exists() and path.read_text() != ""


def test_addresses_that_strangers_make_up_fill_no_memory() -> None:
    own = OwnNames(["portal.internal"])
    for number in range(5_000):
        assert not own.has(f"203.0.{113 + number // 250}.{number % 250}")


@pytest.mark.parametrize(
    "host", ["evil.example", "portal.internal.evil.example", "203.0.113.7", "[2001:db8::1]", "198.18.0.1:80"]
)
def test_a_foreign_name_leads_to_us_and_never_elsewhere(shop: Shop, host: str) -> None:
    answer = shop.get(host, "//evil.example/?next=http://evil.example")
    assert (status(answer), header(answer, "Location")) == (302, "http://portal.internal/")


@pytest.mark.parametrize(
    "host", ["", "a b", "a/b", "a@portal.internal", "portal.internal, evil.example", "\xff"]
)
def test_a_host_that_names_nobody_is_refused(shop: Shop, host: str) -> None:
    assert status(shop.get(host)) == 400


def test_two_hosts_are_refused_and_none_is_old(shop: Shop) -> None:
    assert (
        status(
            shop.say(
                b"GET / HTTP/1.1\r\nHost: portal.internal\r\nHost: a.example\r\nConnection: close\r\n\r\n"
            )
        )
        == 400
    )
    assert status(shop.say(b"GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n")) == 400
    assert status(shop.say(b"GET /healthz HTTP/1.0\r\n\r\n")) == 200


def test_an_absolute_address_counts_and_not_host(shop: Shop) -> None:
    ours = b"GET http://portal.internal/healthz HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"
    assert status(shop.say(ours)) == 200
    theirs = b"GET http://evil.example/healthz HTTP/1.1\r\nHost: portal.internal\r\nConnection: close\r\n\r\n"
    assert status(shop.say(theirs)) == 302


def test_the_door_and_the_long_way_say_the_same(shop: Shop) -> None:
    plain = f"GET /generate_204 HTTP/1.1\r\nHost: {PROBE}\r\n".encode()
    for more in (b"", b"User-Agent: x\r\n"):
        quick = shop.say(plain + more + b"Connection: close\r\n\r\n")
        slow = shop.say(plain + more + b"Expect: nothing\r\nConnection: close\r\n\r\n")
        assert status(quick) == status(slow) == 302
        assert quick.partition(b"\r\n\r\n")[2] == slow.partition(b"\r\n\r\n")[2]
        for name in ("Location", "Cache-Control", "Content-Type", "Content-Length"):
            assert header(quick, name) == header(slow, name)


# However it is sent


def test_requests_one_after_the_other_on_one_line_are_all_answered(shop: Shop) -> None:
    one = b"GET / HTTP/1.1\r\nHost: portal.internal\r\n\r\n"
    last = one.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    assert shop.say(one + one + last).count(b"HTTP/1.1 200 OK\r\n") == 3
    with shop.line() as line:
        for _ in range(3):
            line.sendall(one)
            got = b""
            while b"</html>" not in got:
                got += line.recv(65_536)
            assert status(got) == 200
        line.sendall(last)
        assert status(rest_of(line)) == 200


def test_a_request_in_pieces_is_answered_like_one_in_one(shop: Shop) -> None:
    probe = f"GET /generate_204 HTTP/1.1\r\nHost: {PROBE}\r\nUser-Agent: slow\r\n\r\n".encode()
    page = b"GET /healthz HTTP/1.1\r\nHost: portal.internal\r\nConnection: close\r\n\r\n"
    form = b"POST /x HTTP/1.1\r\nHost: api.example\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"
    for whole, expected in ((probe, 302), (page, 200), (form, 511)):
        for cut in (1, 3, 5, 16, len(whole) - 3, len(whole) - 1):
            with shop.line() as line:
                line.sendall(whole[:cut])
                time.sleep(0.02)
                line.sendall(whole[cut:])
                assert status(rest_of(line)) == expected, (whole, cut)


def test_an_http_1_0_probe_is_answered_in_its_own_version(shop: Shop) -> None:
    answer = shop.say(
        b"GET /hotspot-detect.html HTTP/1.0\r\nHost: captive.apple.com\r\n"
        b"User-Agent: CaptiveNetworkSupport-480 wispr\r\n\r\n"
    )
    assert answer.startswith(b"HTTP/1.0 200 OK\r\n")
    assert b"success" not in answer.lower()


def test_heads_that_are_too_long_are_refused_and_no_others(shop: Shop) -> None:
    for size, expected in ((3_000, 404), (12_000, 404), (65_536, 431)):
        assert status(shop.get("portal.internal", "/" + "a" * size)) == expected
        assert status(shop.get("portal.internal", "/nothing", "X-Long: " + "b" * size)) == expected


@pytest.mark.parametrize(
    "octets",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),
        b"GET http://[ HTTP/1.1\r\nHost: portal.internal\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: portal.internal\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: portal.internal\r\nContent-Length: " + b"9" * 5_000 + b"\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: portal.internal\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: portal.internal\r\nContent-Length: 999999\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: portal.internal\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"CONNECT mail.example:25 HTTP/1.1\r\nHost: mail.example:25\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: portal.internal\r\nBad Header\r\n\r\n",
        b"\x00\x00\x00\x00\r\n\r\n",
    ],
)
def test_nonsense_is_the_senders_mistake(shop: Shop, octets: bytes) -> None:
    answer = shop.say(octets + b"\r\n\r\n")
    assert answer == b"" or 400 <= status(answer) < 500 or status(answer) == 511, answer[:200]
    assert status(shop.get("portal.internal", "/healthz")) == 200


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(host=st.text(st.characters(codec="latin-1"), max_size=30), target=st.binary(max_size=60))
def test_no_host_and_no_path_brings_a_5xx_or_leads_elsewhere(shop: Shop, host: str, target: bytes) -> None:
    answer = shop.say(
        b"GET /" + target + b" HTTP/1.1\r\nHost: " + host.encode("latin-1") + b"\r\nConnection: close\r\n\r\n"
    )
    if answer:
        assert status(answer) < 500
        if header(answer, "Location") and host_name(host.strip()) not in (
            "portal.internal",
            "localhost",
            "127.0.0.1",
        ):
            assert header(answer, "Location") == "http://portal.internal/"


def test_half_open_and_slow_lines_keep_nobody_waiting(shop: Shop) -> None:
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - the numbers are wanted, not the files
    lines = []
    try:
        for number in range(300):
            line = shop.line()
            lines.append(line)
            if number % 2:
                line.sendall(b"GET / HTTP/1.1\r\nHost: portal.in")
        for _ in range(50):
            assert status(shop.get(PROBE, "/generate_204")) == 302
            assert status(shop.get("portal.internal", "/healthz")) == 200
    finally:
        for line in lines:
            line.close()
    until = time.monotonic() + 15
    while len(os.listdir("/proc/self/fd")) > before + 40 and time.monotonic() < until:  # noqa: PTH208
        time.sleep(0.1)
    assert len(os.listdir("/proc/self/fd")) <= before + 40  # noqa: PTH208


def test_without_an_access_point_everybody_is_a_visitor_under_any_name(tmp_path: Path, door: Path) -> None:
    with shop_in(tmp_path, door, gate=False) as plain:
        for host in ("portal.internal", "127.0.0.1:8082", "shop-pi.lan", "news.example"):
            assert status(plain.get(host, "/offers")) == 200
            assert status(plain.get(host)) == 200
        assert status(plain.get("127.0.0.1", "/captive-portal/api")) == 404
        told = json.loads(plain.get("127.0.0.1", "/healthz").partition(b"\r\n\r\n")[2])
        assert (told["status"], told["warnings"]) == ("ok", [])


# The Captive Portal API


def test_without_a_certificate_the_api_is_off_and_says_why(shop: Shop) -> None:
    answer = shop.get("portal.internal", "/captive-portal/api")
    assert status(answer) == 404
    assert answer.endswith(b"no certificate is set\n")
    told = json.loads(shop.get("portal.internal", "/healthz").partition(b"\r\n\r\n")[2])
    assert [(one["code"], one["severity"]) for one in told["warnings"]] == [("api-off", "note")]

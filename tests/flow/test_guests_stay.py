"""A phone's whole stay: a lease, caught, held tight, let in by the page, extended, ended. Every program is the real one.

What the firewall alone does, message by message, is tested beside the gate; here the way in is the page that a shopper sees.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import guest_inside as inside
import pytest
from guest_network import GATEWAY, INTERNET, INTERNET_V6, NAMED, ROUTER, GuestNetwork, Phone, need
from guest_shop import FOREIGN, PORTAL, GuestShop, enter, hidden, is_out, open_shop

HELD_ADDRESS = "198.18.0.1"
ENDS_WITHIN_S = 2.0


@pytest.fixture(scope="module")
def shop() -> Iterator[tuple[GuestNetwork, GuestShop]]:
    """One shop for the quick tests; each has a phone of its own."""
    need()
    with open_shop(phones=0) as (network, shop):
        yield network, shop


@pytest.fixture
def phone(shop: tuple[GuestNetwork, GuestShop]) -> Phone:
    """A phone that has just come in."""
    network, _ = shop
    came = network.add_phone()
    came.lease()
    return came


def everything_outward(phone: Phone) -> dict[str, Any]:
    """Every way out that somebody may try; what came back."""
    tried: dict[str, Any] = {
        f"tcp {port}": phone.call(inside.connects, INTERNET, port, 0.4) for port in (443, 853, 8080, 22)
    }
    tried |= {f"udp {port}": phone.call(inside.echoes, INTERNET, port, 0.4) for port in (443, 853, 4500)}
    tried |= {f"icmp {there}": phone.call(inside.pings, there, 0.4) for there in (INTERNET, ROUTER, GATEWAY)}
    for name, server, tcp in (
        ("c2VjcmV0LWRhdGE.tunnel.example", GATEWAY, False),
        ("c2VjcmV0LWRhdGE.tunnel.example", GATEWAY, True),
        ("c2VjcmV0LWRhdGE.tunnel.example", INTERNET, False),
        ("c2VjcmV0LWRhdGE.tunnel.example", ROUTER, False),
    ):
        for kind in (1, 16, 28):  # A, TXT, AAAA
            tried[f"dns {server} {tcp} {kind}"] = phone.call(inside.asks, name, server, kind, 53, 0.4, tcp)
    tried["dns past the first server"] = phone.call(inside.asks, "a.example", GATEWAY, 1, 1053, 0.4)
    phone.ip(
        "addr replace 2001:db8:77::66/64 dev wlan0 nodad",
        "route replace default via 2001:db8:77::1 dev wlan0",
    )
    tried["tcp over IPv6"] = phone.call(inside.connects, INTERNET_V6, 80, 0.4)
    tried["udp over IPv6"] = phone.call(inside.echoes, INTERNET_V6, 443, 0.4)
    tried["icmp over IPv6"] = phone.call(inside.pings, INTERNET_V6, 0.4)
    # Port 80 of anywhere is the portal.
    for port in (22, 443, 8080):
        tried[f"the shop's own network, {port}"] = phone.call(inside.connects, ROUTER, port, 0.4)
    return tried


def test_a_phone_gets_an_address_and_every_name_leads_to_the_portal(phone: Phone) -> None:
    lease = phone.lease()
    assert (lease.router, lease.dns, lease.api) == (GATEWAY, GATEWAY, "")
    assert phone.call(inside.asks, "example.com", GATEWAY)["addresses"] == [HELD_ADDRESS]
    assert phone.call(inside.asks, "portal.internal", GATEWAY)["addresses"] == [GATEWAY]
    assert phone.call(inside.asks, "example.com", GATEWAY, 28)["addresses"] == []
    caught = phone.get(FOREIGN)
    assert (caught.status, caught.headers["location"]) == (302, f"{PORTAL}/")
    page = phone.get(caught.headers["location"])
    assert page.status == 200
    assert "Corner Shop" in page.body


def test_nothing_of_a_held_phone_reaches_the_internet_by_any_protocol(
    shop: tuple[GuestNetwork, GuestShop], phone: Phone
) -> None:
    network, _ = shop
    asked_before = len(network.queries())
    with network.heard() as frames:
        tried = everything_outward(phone)
        assert phone.get(f"{PORTAL}/").status == 200
    assert frames == []
    assert len(network.queries()) == asked_before
    assert {what for what, got in tried.items() if got is True or got == "open"} == set()
    # What was tried can succeed: the same, from where no gate is, does.
    assert network.gateway.call(inside.connects, INTERNET, 443) == "open"
    assert network.gateway.call(inside.echoes, INTERNET, 443)
    assert network.gateway.call(inside.pings, INTERNET)
    assert network.gateway.call(inside.connects, INTERNET_V6, 80) == "open"


def test_the_form_opens_the_way_and_leaving_ends_it_within_two_seconds(phone: Phone) -> None:
    assert not is_out(phone)
    sent = enter(phone, remember="no")
    # A full navigation after the gate is open: only then does a phone's own window look again.
    assert (sent.status, sent.headers["location"].endswith("/in")) == (303, True), sent
    assert is_out(phone)
    assert phone.get(FOREIGN).body.startswith("the internet: example.com")
    assert phone.call(inside.asks, "example.com", GATEWAY)["addresses"] == [NAMED]
    assert phone.call(inside.connects, ROUTER, 80, 0.5) != "open"
    told: dict[str, Any] = {}
    watching = threading.Thread(
        target=lambda: told.update(phone.call(inside.stays_out, INTERNET, 443, 12.0, timeout=30))
    )
    watching.start()
    time.sleep(1.0)
    page = phone.get(f"{PORTAL}/in")
    asked_at = time.time()
    assert phone.post(f"{PORTAL}/leave", hidden(page.body, "/leave")).status == 303
    watching.join(30)
    assert 0 < told["last"] - asked_at <= ENDS_WITHIN_S or told["last"] <= asked_at
    assert told["first"] < asked_at
    assert 0 < told["tcp_last"] <= asked_at + ENDS_WITHIN_S
    assert not is_out(phone)
    caught = phone.get(FOREIGN)
    assert (caught.status, caught.headers["location"]) == (302, f"{PORTAL}/")


def test_a_resolver_that_keeps_its_port_hears_at_once_that_its_phone_is_in_or_out(phone: Phone) -> None:
    def address_of() -> list[str]:
        return list(phone.call(inside.asks, "example.com", GATEWAY, 1, 53, 2.0, False, 40_000)["addresses"])

    assert address_of() == [HELD_ADDRESS]
    assert enter(phone, remember="no").status == 303
    assert address_of() == [NAMED]
    assert phone.post(f"{PORTAL}/leave", {}).status == 303
    assert address_of() == [HELD_ADDRESS]


def test_a_copied_mac_with_another_address_gets_nothing(
    shop: tuple[GuestNetwork, GuestShop], phone: Phone
) -> None:
    network, _ = shop
    assert enter(phone, remember="no").status == 303
    assert is_out(phone)
    thief = network.add_phone()
    thief.become(phone.mac)
    thief.settle("10.77.0.251")
    with network.heard() as frames:
        assert thief.get("http://198.51.100.7/", timeout=1).status != 200
        assert thief.call(inside.echoes, INTERNET, 443, 0.5) is False
    assert [frame for frame in frames if frame.get("protocol") != 17 or frame.get("port") != 53] == []


def test_guests_cannot_reach_each_other(shop: tuple[GuestNetwork, GuestShop], phone: Phone) -> None:
    network, _ = shop
    other = network.add_phone()
    other.lease()
    assert enter(phone, remember="no").status == 303
    assert enter(other, remember="no").status == 303
    with network.heard(other, "wlan0") as frames:
        assert not phone.call(inside.pings, other.ip_address, 0.5)
        assert phone.call(inside.connects, other.ip_address, 80, 0.5) != "open"
        assert not phone.call(inside.echoes, other.ip_address, 443, 0.5)
    assert [frame for frame in frames if frame.get("source") == phone.ip_address] == []


def test_a_certificate_brings_option_114_and_the_api_behind_it(tmp_path: Any) -> None:
    need(openssl="openssl")
    from subprocess import run

    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-keyout",
         key, "-out", certificate, "-subj", "/CN=portal.internal", "-addext", "subjectAltName=DNS:portal.internal"],
        check=True, capture_output=True,
    )  # fmt: skip
    api = "https://portal.internal:8443/captive-portal/api"
    with open_shop(phones=1, api_url=api, PORTAL_CERT=str(certificate), PORTAL_CERT_KEY=str(key)) as (
        network,
        _,
    ):
        phone = network.phones[0]
        assert phone.lease().api == api
        told = phone.call(ask_api, api, str(certificate))
        assert told["type"] == "application/captive+json"
        assert told["state"]["captive"] is True
        assert told["state"]["user-portal-url"].startswith("https://portal.internal")
        assert enter(phone, remember="no").status == 303
        told = phone.call(ask_api, api, str(certificate))
        assert told["state"]["captive"] is False
        assert 3_590 <= told["state"]["seconds-remaining"] <= 3_600


def ask_api(url: str, certificate: str) -> dict[str, Any]:
    """What a client of RFC 8908 asks, and hears. Runs in the phone's namespace."""
    import ssl
    import urllib.request

    asked = urllib.request.Request(url, headers={"Accept": "application/captive+json"})
    with urllib.request.urlopen(
        asked, timeout=5, context=ssl.create_default_context(cafile=certificate)
    ) as answer:
        return {
            "type": answer.headers["Content-Type"],
            "caching": answer.headers["Cache-Control"],
            "state": json.loads(answer.read()),
        }


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_traffic_passes_for_exactly_the_time_granted_and_as_long_again_when_extended() -> None:
    need()
    with open_shop(phones=2, PORTAL_MINUTES="1", PORTAL_EXTENSIONS="1") as (network, _):
        once, twice = network.phones
        told: dict[str, dict[str, Any]] = {}

        def watch(phone: Phone) -> None:
            told[phone.name] = phone.call(inside.stays_out, INTERNET, 443, 140.0, timeout=200)

        watching = [threading.Thread(target=watch, args=(phone,)) for phone in network.phones]
        for each in watching:
            each.start()
        sent = {}
        for phone in network.phones:
            sent[phone.name] = time.time()
            assert enter(phone, remember="no").status == 303
        time.sleep(5)
        page = twice.get(f"{PORTAL}/in")
        assert twice.post(f"{PORTAL}/extend", hidden(page.body, "/extend")).status == 303
        for each in watching:
            each.join(200)
        for phone, granted_s in ((once, 60.0), (twice, 120.0)):
            seen = told[phone.name]
            assert abs(seen["last"] - seen["first"] - granted_s) <= ENDS_WITHIN_S, (phone.name, seen)
            assert seen["gap"] < 1.0
            assert abs(seen["tcp_last"] - seen["first"] - granted_s) <= ENDS_WITHIN_S, (phone.name, seen)
        # It is over, and says so: the page offers the way in again.
        assert once.get(FOREIGN).status == 302
        assert enter(once, remember="no").status == 303
        assert is_out(once)

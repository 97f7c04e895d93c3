"""The Captive Portal API's answers, before a client that keeps the rules of those in the field."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from edge.portal.capport import CACHING, LONGEST_NAME, MEDIA_TYPE, api_url, body_of, portal_url, state_of
from edge.portal.config import machine_name
from edge.portal.guests import NOBODY, Standing, State

NOW = 1_796_040_000.0
PORTAL = "https://wifi.shop.example:8443/"


def accepts(text: str) -> dict[str, Any] | None:
    """As phones read it: JSON, `captive` there and true or false, addresses absolute, the portal's over TLS, numbers whole."""
    try:
        told = json.loads(text)
    except ValueError:
        return None
    if not isinstance(told, dict) or not isinstance(told.get("captive"), bool):
        return None
    for name, schemes in (("user-portal-url", ("https",)), ("venue-info-url", ("https", "http"))):
        if name in told:
            parts = urlsplit(told[name]) if isinstance(told[name], str) else None
            if parts is None or parts.scheme not in schemes or not parts.hostname:
                return None
    for name in ("seconds-remaining", "bytes-remaining"):
        if name in told and (type(told[name]) is not int or told[name] < 0):
            return None
    if not isinstance(told.get("can-extend-session", True), bool):
        return None
    return told


@pytest.mark.data
def test_our_client_judges_as_the_clients_in_the_field_do(shared_data: Path) -> None:
    cases = json.loads((shared_data / "captive" / "rfc8908.json").read_text())["client_cases"]
    assert {case["accepted"] for case in cases} == {True, False}
    for case in cases:
        assert (accepts(case["text"]) is not None) == case["accepted"], case


@pytest.mark.parametrize(
    "standing",
    [
        NOBODY,
        Standing(State.HELD),
        Standing(State.EXPIRED),
        Standing(State.EXPIRED, octets_left=0, can_extend=True),
        Standing(State.IN, until=NOW + 326.7),
        Standing(State.IN, until=NOW + 326.7, octets_left=65_536, can_extend=True),
        Standing(State.IN, until=NOW - 5, octets_left=0, internet=False),
        Standing(State.IN, until=NOW + 1, internet=False, calm=True),
    ],
)
@pytest.mark.parametrize("venue", ["", "https://shop.example/today"])
def test_a_client_accepts_every_answer_of_ours(standing: Standing, venue: str) -> None:
    told = accepts(body_of(standing, NOW, PORTAL, venue).decode())
    assert told is not None
    assert told["captive"] == (standing.state is not State.IN)
    assert told["user-portal-url"] == PORTAL
    assert told.get("venue-info-url", "") == venue


def test_whoever_is_in_is_told_what_is_left() -> None:
    told = state_of(Standing(State.IN, until=NOW + 326.7, octets_left=65_536, can_extend=True), NOW, PORTAL)
    assert told == {
        "captive": False,
        "user-portal-url": PORTAL,
        "seconds-remaining": 326,
        "bytes-remaining": 65_536,
        "can-extend-session": True,
    }


def test_whoever_is_held_is_told_nothing_of_a_stay() -> None:
    assert state_of(Standing(State.HELD), NOW, PORTAL) == {"captive": True, "user-portal-url": PORTAL}
    assert state_of(Standing(State.EXPIRED, octets_left=0), NOW, PORTAL)["captive"] is True


def test_without_a_limit_of_volume_no_octets_are_told() -> None:
    assert "bytes-remaining" not in state_of(Standing(State.IN, until=NOW + 1), NOW, PORTAL)


def test_a_venue_that_is_not_over_tls_is_left_out() -> None:
    assert "venue-info-url" not in state_of(NOBODY, NOW, PORTAL, "http://shop.example/")


def test_the_address_fits_into_the_dhcp_option_for_any_name() -> None:
    assert len(api_url("a" * LONGEST_NAME, 65_535)) <= 255
    with pytest.raises(ValueError, match="a name with a dot"):
        machine_name("a." * (LONGEST_NAME // 2) + "bb")
    assert api_url("wifi.shop.example", 8443) == "https://wifi.shop.example:8443/captive-portal/api"
    assert portal_url("wifi.shop.example", 443) == "https://wifi.shop.example/"


def test_an_answer_is_private_and_of_its_own_type() -> None:
    assert MEDIA_TYPE == "application/captive+json"
    assert "private" in CACHING.split(", ")

"""How the guests' network is, judged from facts: what is wrong is told once, with what to do, in both languages."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from hardware.wifi.control import stations_of
from hardware.wifi.health import NOBODY_AFTER_S, Facts, Trouble, judge, report, sentences
from hardware.wifi.warnings import WARNINGS
from hub.client import warnings as own

RADIO = Facts(
    running=True, interface="guests", radio="wlan0", hostapd={"state": "ENABLED", "channel": "6"}, channel=6,
    stations=3, station_limit=19, leases=3, most_leases=245, internet_dns=True,
)  # fmt: skip
WIRED = Facts(running=True, interface="eth1", leases=3, most_leases=245)


WRONG: list[tuple[str, Facts, dict[str, Any]]] = [
    ("wifi-down", RADIO, {"running": False}),
    ("wifi-down", RADIO, {"status_age_s": 60.0}),
    ("wifi-back", RADIO, {"went_back": "hostapd does not come up."}),
    ("wifi-no-address", WIRED, {"has_address": False}),
    ("wifi-no-cable", WIRED, {"carrier": False}),
    ("wifi-no-hostapd", RADIO, {"hostapd": {}}),
    ("wifi-not-on-air", RADIO, {"hostapd": {"state": "COUNTRY_UPDATE"}}),
    ("wifi-other-channel", RADIO, {"hostapd": {"state": "ENABLED", "channel": "11"}}),
    ("wifi-no-dns", RADIO, {"guest_dns": False}),
    ("wifi-no-internet-dns", RADIO, {"internet_dns": False}),
    ("wifi-keeps-dying", RADIO, {"deaths": (("guest", 0), ("hostapd", 5))}),
    ("wifi-stations-full", RADIO, {"stations": 19}),
    ("wifi-leases-full", RADIO, {"leases": 245}),
    ("wifi-no-lease", RADIO, {"without_lease_s": 90.0}),
    ("wifi-nobody", RADIO, {"nobody_for_s": NOBODY_AFTER_S}),
]


def codes(facts: Facts) -> list[str]:
    return [trouble.code for trouble in judge(facts)]


@pytest.mark.parametrize("facts", [RADIO, WIRED, replace(RADIO, hostapd={"state": "ENABLED"})])
def test_when_all_is_well_nothing_is_told(facts: Facts) -> None:
    assert codes(facts) == []
    assert report([])["status"] == "ok"


@pytest.mark.parametrize(("code", "facts", "changed"), WRONG)
def test_what_is_wrong_is_told_and_nothing_else(code: str, facts: Facts, changed: dict[str, Any]) -> None:
    assert codes(replace(facts, **changed)) == [code]


def test_every_warning_can_come() -> None:
    assert {row[0] for row in WRONG} == {warning.code for warning in WARNINGS}


def test_nobody_on_the_wi_fi_is_no_trouble_while_the_shop_is_closed() -> None:
    assert codes(replace(RADIO, nobody_for_s=12 * 3600.0, shop_open=False)) == []
    assert codes(replace(RADIO, nobody_for_s=NOBODY_AFTER_S - 1)) == []


def test_what_another_explains_is_left_out() -> None:
    silent = replace(
        RADIO, hostapd={}, guest_dns=False, internet_dns=False, has_address=False, nobody_for_s=1e5
    )
    assert codes(silent) == ["wifi-no-address", "wifi-no-hostapd"]
    assert codes(replace(silent, running=False)) == ["wifi-down"]


@pytest.mark.parametrize("warning", WARNINGS, ids=lambda warning: str(warning.code))
def test_a_warning_is_whole_in_both_languages(warning: Any) -> None:
    assert set(warning.what) == set(warning.todo) == {"en", "zh"}
    assert set(warning.hidden_by) <= {one.code for one in WARNINGS}
    assert re.search(r"[.}]$", warning.what["en"])
    assert re.search(r"[。}]$", warning.what["zh"])
    for language in ("zh",):
        for text in (warning.what[language], warning.todo[language]):
            assert re.search(r"[\u4e00-\u9fff]", text)
            assert not re.search(r"[\u4e00-\u9fff] ?[,;:?!]", text), "half-width punctuation"
    places = [set(re.findall(r"\{\w+\}", warning.what[language])) for language in ("en", "zh")]
    assert places[0] == places[1]


def test_what_is_filled_in_is_not_filled_again() -> None:
    told = sentences([Trouble("wifi-back", "{subject} {detail} {")])[0]
    assert "{subject} {detail} {" in told
    assert "eth1" in sentences([Trouble("wifi-no-cable", subject="eth1")], "zh")[0]


def test_the_programs_own_warnings_are_made_of_them_as_they_are() -> None:
    known = [
        own.Warning(one.code, own.Severity(one.severity), one.what, one.todo, 0.0, one.hidden_by)
        for one in WARNINGS
    ]
    troubles = judge(replace(RADIO, hostapd={"state": "DFS"}))
    holding = [own.Holding(one.code, one.detail, one.subject, one.since) for one in troubles]
    shown = own.show(known, holding)
    assert [one.sentence("en") for one in shown] == sentences(troubles)
    assert [one.sentence("zh") for one in shown] == sentences(troubles, "zh")
    assert own.read_report(report(troubles)) == [replace_detail(one) for one in shown]


def replace_detail(one: Any) -> Any:
    """A report leaves the detail out: it stands in the texts."""
    return type(one)(one.code, one.severity, one.what, one.todo, one.since, one.subject)


def test_phones_of_all_networks_of_a_radio_are_counted() -> None:
    assert stations_of({"num_sta[0]": "3", "num_sta[1]": "4", "num_sta_non_erp": "9", "num_sta[2]": "x"}) == 7

"""Reports in the shop's own days, warnings in the shop's words, settings told all at once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from hub.client.settings import SettingsError
from hub.client.warnings import worst
from hub.config import SETTINGS, Config, read_config, show_config
from hub.figures.definitions import FIGURES
from hub.health import WARNINGS, look
from hub.report_shapes import Number
from hub.reports import BadPeriod, day_of, make_period, make_report
from hub.wire.events import DeviceHealth, OccupancyMeasured, OfferSeen, OfferShown, write_event
from tests.hub_house import NOON, House, alone, visit

BERLIN_MIDNIGHT = datetime(2026, 3, 28, 23, 0, tzinfo=UTC).timestamp()
"""The night in which Berlin's clocks go forward: 29 March 2026 has 23 hours."""


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.close()


def test_visits_fall_into_the_shops_own_days_also_when_the_clocks_change(house: House) -> None:
    door = house.node("edge", "Door")
    hour = 3_600
    arrivals = (-1, 0, 1 * hour, 2 * hour, 22 * hour + 3_599, 23 * hour)
    # Twelve each time: of ten people or more what is told is exact.
    door.report(*(visit(BERLIN_MIDNIGHT + seconds) for seconds in arrivals for _ in range(12)))
    period = make_period(house.store, house.now, date(2026, 3, 28), date(2026, 3, 30))
    visits = make_report(house.store, house.now, period).visits
    assert visits.by_day == {"2026-03-28": 12, "2026-03-29": 48, "2026-03-30": 12}
    assert (
        visits.by_hour[0],
        visits.by_hour[1],
        visits.by_hour[2],
        visits.by_hour[3],
        visits.by_hour[23],
    ) == (24, 12, 0, 12, 24)
    assert (visits.total, visits.noisy, visits.mean_dwell_s) == (72, False, 60.0)


def test_a_report_counts_coupons_by_day_and_by_campaign(house: House) -> None:
    till = house.node()
    facts = [till.mint()[0] for _ in range(3)]
    till.send()
    shown = OfferShown(campaign=1, channel="kiosk", times=7, shown_s=60)
    till.report(*facts, OfferSeen(campaign=1, channel="kiosk"), shown, alone(facts[0]))
    till.redeem(facts[1].code)
    till.redeem(facts[1].code)
    till.redeem("0000 0000 0000")
    report = make_report(house.store, house.now, make_period(house.store, house.now, None, None))
    coupons = report.coupons
    assert (coupons.issued, coupons.redeemed, coupons.refused, coupons.alone) == (3, 2, 2, 1)
    assert coupons.value_cents == 1_000
    assert [(one.shown, one.seen) for one in coupons.by_campaign if one.campaign == 1] == [(7, 1)]
    assert coupons.refusals == {"already_redeemed": 1, "unknown_coupon": 1}
    (line,) = coupons.by_campaign
    assert (line.title, line.seen, line.issued, line.redeemed, line.refused) == (
        {"en": "Offer 1"},
        1,
        3,
        2,
        1,
    )
    assert sum(day.redeemed for day in coupons.by_day) == 2
    assert report.events["coupon.redeemed"] == 2
    assert report.figures["redeemed"] == Number(2, None, None, noisy=False, provisional=False)
    assert set(report.figures) == set(FIGURES)


def test_people_present_carry_their_band_and_age_and_old_ones_say_nothing(house: House) -> None:
    door = house.node("edge", "Door")
    door.report(OccupancyMeasured(zone="door", window_s=60, people=31, low=27, high=35, addresses=60))
    house.now += 20
    period = make_period(house.store, house.now, None, None)
    (present,) = make_report(house.store, house.now, period).present
    assert (present.people, present.low, present.high, present.age_s) == (31.0, 27.0, 35.0, 20.0)
    house.now += 3_600
    report = make_report(house.store, house.now, period)
    assert (report.present, report.people_now) == ([], None)


def test_a_report_says_when_something_in_it_was_simulated(house: House) -> None:
    door = house.node("edge", "Door")
    period = make_period(house.store, house.now, None, None)
    door.report(visit())
    assert not make_report(house.store, house.now, period).simulated
    door.report(visit(simulated=True))
    assert make_report(house.store, house.now, period).simulated


def test_a_device_whose_facts_are_missing_is_told(house: House) -> None:
    door = house.node("edge", "Door")
    lost = door.event(visit())
    door.report(visit())
    (line,) = make_report(house.store, house.now, make_period(house.store, house.now, None, None)).devices
    assert (line.taken, line.missing) == (1, 1)
    assert "facts-missing" in codes(house)
    door.send(write_event(lost))
    assert "facts-missing" not in codes(house)


@pytest.mark.parametrize("text", ["", "yesterday", "2026-02-30", "30.1.2026"])
def test_a_day_that_is_none_is_told(text: str) -> None:
    with pytest.raises(BadPeriod, match="is no day"):
        day_of(text)


def test_a_period_that_ends_before_it_begins_is_told(house: House) -> None:
    with pytest.raises(BadPeriod, match="is after"):
        make_period(house.store, house.now, date(2026, 2, 2), date(2026, 2, 1))


def test_a_fact_from_the_year_9999_does_not_break_a_report(house: House) -> None:
    door = house.node("edge", "Door")
    door.report(visit(253_402_300_000.0), visit(0.0))
    report = make_report(house.store, house.now, make_period(house.store, house.now, None, None))
    assert report.visits.total == 0
    assert len(report.visits.by_day) < 2_000


def codes(house: House, **settings: int) -> list[str]:
    config = Config(house.folder, backup_days=settings.get("backup_days", 0))
    return [found.code for found in look(house.store, config, house.now)]


def test_a_silent_device_is_told_by_its_name_and_since_when(house: House) -> None:
    house.node(name="Till at the door").send()
    assert "device-silent" not in codes(house)
    house.now += 181
    (found,) = [
        one for one in look(house.store, Config(house.folder, backup_days=0), house.now) if one.subject
    ]
    assert found.what == {"en": "Till at the door is silent", "zh": "Till at the door没有消息"}
    assert found.since == NOON


def test_a_device_that_was_withdrawn_is_not_missed(house: House) -> None:
    till = house.node()
    till.send()
    house.store.devices.withdraw(till.device, house.now)
    house.now += 9_999
    assert "device-silent" not in codes(house)


def test_what_a_device_says_of_itself_is_passed_on(house: House) -> None:
    house.node("edge", "Door").report(DeviceHealth(program="edge", warnings=("radio-deaf",)))
    assert "device-troubled" in codes(house)


def test_conflicts_parked_and_broken_facts_and_missing_backups_are_told(house: House) -> None:
    till, other = house.node(), house.node(name="Till 2")
    fact = till.mint()[0]
    till.send()
    till.report(fact, alone(fact))
    other.send(write_event(other.event(alone(fact))), b"{}")
    till.send(b'{"device":"kiosk-1","epoch":1,"seq":99,"kind":"visit.closed","at":5,"clock":"ntp","data":[]}')
    house.now += 2 * 86_400
    found = codes(house, backup_days=1)
    assert {"conflicts", "facts-parked", "facts-broken", "no-backup", "no-manager"} <= set(found)


def test_every_warning_speaks_both_languages_and_ends_its_advice_as_a_sentence() -> None:
    for warning in WARNINGS:
        assert set(warning.what) == set(warning.todo) == {"en", "zh"}
        assert warning.code == "storage" or warning.todo["en"][-1] not in " ,;"
    assert len({warning.code for warning in WARNINGS}) == len(WARNINGS)


def test_the_gravest_warning_decides(house: House) -> None:
    assert worst([]) is None
    assert worst(look(house.store, Config(house.folder, backup_days=0), house.now)) == "note"


def test_all_mistakes_in_the_settings_are_told_together() -> None:
    with pytest.raises(SettingsError) as wrong:
        read_config({"HUB_PORT": "x", "HUB_URL": "ftp://x", "HUB_COLOUR": "red", "HUB_SITE": "maybe"})
    assert all(name in str(wrong.value) for name in ("HUB_PORT", "HUB_URL", "HUB_COLOUR", "HUB_SITE"))


def test_an_address_with_a_password_in_it_is_refused() -> None:
    with pytest.raises(SettingsError, match="password"):
        read_config({"HUB_URL": "http://ann:secret@hub"})


def test_flags_go_before_the_environment_and_every_setting_is_shown() -> None:
    config = read_config({"HUB_PORT": "1"}, {"port": "2"})
    assert config.port == 2
    assert [line.split()[0] for line in show_config(config).splitlines()] == [
        setting.name for setting in SETTINGS
    ]

"""What the running campaigns put on the air, and what is told of it."""

from __future__ import annotations

import pytest

from edge.advertise import (
    Machine,
    beacon_device,
    frames_on_air,
    packets_in,
    powers_read,
    wants_eid,
)
from edge.air_health import AIR_WARNINGS, own_pace, recovered, silent, why
from hardware.ble.beacon import (
    AltBeacon,
    EddystoneEid,
    EddystoneTlm,
    EddystoneUid,
    EddystoneUrl,
    IBeacon,
)
from hardware.ble.broadcast import AT_0M_DBM, AT_1M_DBM, Because, Cause, Frame, OnAir, Outage
from hub.client.warnings import Watch
from hub.wire.snapshot import Air, AirFrame, Campaign, Offer, Shop, Value

UUID = "2f234454-cf6d-4a0f-adf2-f4911ba9ffa6"
SHOP = Shop(0x1234, {"en": "Corner"}, beacon_uuid=UUID)
NOW = 1_800_000_000.0
EVERY: tuple[AirFrame, ...] = (
    "ibeacon", "altbeacon", "eddystone-uid", "eddystone-url", "eddystone-tlm", "eddystone-eid",
)  # fmt: skip
MACHINE = Machine(uptime_s=1000.0, packets_sent=77, temperature_c=41.5, eid="0011223344556677")


def campaign(
    number: int, *frames: AirFrame, url: str = "", interval_ms: int = 300, power_dbm: int | None = None,
    starts_at: float = NOW - 10, ends_at: float = NOW + 10, channels: tuple[str, ...] = ("portal",),
) -> Campaign:  # fmt: skip
    air = Air(frames, url, interval_ms, power_dbm) if frames else None
    offer = Offer({"en": "Tea"}, {"en": "Tea"}, Value("percent", percent=10))
    return Campaign(number, offer, int(starts_at), int(ends_at), channels=channels, air=air)


def frames_of(*campaigns: Campaign, shop: Shop | None = SHOP, machine: Machine = MACHINE) -> list[Frame]:
    return frames_on_air(shop, campaigns, NOW, machine)[0]


def test_a_campaign_has_its_own_numbers_under_the_shops() -> None:
    frames = frames_of(campaign(0x00AB_CDEF, *EVERY, url="https://shop.example/a", interval_ms=200))
    assert [frame.beacon for frame in frames] == [
        IBeacon(UUID, 0x1234, 0xCDEF, -59),
        AltBeacon(UUID, 0x1234, 0xCDEF, -59, 0xFFFF, 0),
        EddystoneUid("2f234454cf6d4a0fadf2", "123400abcdef", -18),
        EddystoneUrl("https://shop.example/a", -18),
        EddystoneTlm(None, 41.5, 77, 1000.0),
        EddystoneEid("0011223344556677", -18),
    ]
    assert {frame.interval_ms for frame in frames} == {200}
    assert len({frame.key for frame in frames}) == len(EVERY)


def test_every_frame_fits_into_a_packet_with_its_flags() -> None:
    for frame in frames_of(campaign(2**32 - 1, *EVERY, url="https://abcdefghijklm.com/a")):
        assert len(frame.beacon.encode()) <= 28


@pytest.mark.parametrize(
    "silent_one",
    [
        campaign(1),
        campaign(1, *EVERY, starts_at=NOW + 1),
        campaign(1, *EVERY, ends_at=NOW),
        # As the hub sends one that was paused or ended early.
        campaign(1, *EVERY, channels=()),
    ],
    ids=["wants nothing", "not begun", "over", "stopped"],
)
def test_nothing_is_on_the_air_when_no_campaign_that_runs_wants_it(silent_one: Campaign) -> None:
    assert frames_on_air(SHOP, [silent_one], NOW, MACHINE) == ([], [])
    assert not wants_eid([silent_one], NOW)
    assert frames_of(campaign(1, *EVERY), shop=None) == []


def test_what_two_campaigns_want_alike_is_on_the_air_once_as_often_as_the_hastier_wants_it() -> None:
    link = "https://shop.example/a"
    frames = frames_of(
        campaign(1, "eddystone-url", "eddystone-tlm", url=link, interval_ms=1000, power_dbm=-12),
        campaign(2, "eddystone-url", "ibeacon", url=link, interval_ms=100, power_dbm=-4),
        campaign(3, "eddystone-tlm", interval_ms=300),
    )
    told = {frame.key: (frame.interval_ms, frame.power_dbm) for frame in frames}
    assert told == {
        f"eddystone-url:{link}": (100, -4),
        "eddystone-tlm": (300, None),
        "ibeacon:2": (100, -4),
    }


def test_the_power_that_a_frame_tells_follows_what_the_adapter_says() -> None:
    asked = campaign(1, "ibeacon", "eddystone-uid", power_dbm=-8)
    wish = [frame.beacon for frame in frames_of(asked)]
    assert [beacon.tx_power for beacon in wish if isinstance(beacon, IBeacon)] == [AT_1M_DBM - 8]
    machine = Machine(powers_dbm={-8: 4, None: 10})
    real = [frame.beacon for frame in frames_of(asked, machine=machine)]
    assert [beacon.tx_power for beacon in real if isinstance(beacon, IBeacon)] == [AT_1M_DBM + 4]
    assert [beacon.tx_power for beacon in real if isinstance(beacon, EddystoneUid)] == [AT_0M_DBM + 4]
    own = frames_of(campaign(1, "ibeacon"), machine=machine)[0].beacon
    assert isinstance(own, IBeacon)
    assert own.tx_power == AT_1M_DBM + 10
    assert AT_0M_DBM == AT_1M_DBM + 41


def test_what_cannot_be_said_is_told_in_both_languages_and_the_rest_is_said() -> None:
    wants = campaign(7, *EVERY, url="https://a-very-long-name.example/")
    nameless = Shop(1, {"en": "Corner"})
    frames, unsaid = frames_on_air(nameless, [wants], NOW, Machine())
    assert [frame.key for frame in frames] == ["eddystone-tlm"]
    assert [(one.campaign, one.type) for one in unsaid] == [
        (7, kind) for kind in EVERY if kind != "eddystone-tlm"
    ]
    assert all(one.why["en"] and one.why["zh"] for one in unsaid)
    text = silent([], unsaid)
    assert text is not None
    assert "iBeacon, AltBeacon, Eddystone UID: The hub has not said yet" in text["en"]
    assert "1 to 17 fit" in text["en"]


@pytest.mark.parametrize(
    ("setting", "radios", "device"),
    [
        ("", ["ble:hci0"], "beacon:hci0"),
        ("", ["ble:hci1:duty=0.5", "ble:hci0"], "beacon:hci1"),
        ("", ["ble:raw:hci0"], "beacon:hci0"),
        ("", ["ble:raw:hci0:user"], None),
        ("", ["ble:sim:seed=7"], "beacon:sim"),
        ("", ["ble:replay:saturday.btsnoop"], None),
        ("off", ["ble:hci0"], None),
        ("beacon:sim", ["ble:replay:saturday.btsnoop"], "beacon:sim"),
    ],
)
def test_what_speaks_goes_with_the_first_radio_unless_it_is_set(
    setting: str, radios: list[str], device: str | None
) -> None:
    assert beacon_device(setting, radios) == device


def on_air(
    because: Because | None = None, state: str = "on", interval_ms: int | None = 200, power_dbm: int | None = 0,
    said: str = "",
) -> OnAir:  # fmt: skip
    becauses = (because,) if because else ()
    return OnAir("a", "ibeacon", 200, interval_ms, None, power_dbm, state, said, becauses)  # type: ignore[arg-type]


def test_packets_are_reckoned_from_what_is_really_on_the_air() -> None:
    told = [on_air(), on_air("turns", "turns", 800), on_air("soon", "waiting", None)]
    assert packets_in(told, 8.0) == 50
    assert powers_read([on_air(power_dbm=4), on_air("soon", "waiting", None, None)]) == {None: 4}


@pytest.mark.parametrize("because", Because.__args__)  # type: ignore[attr-defined]
def test_every_difference_has_a_sentence_in_both_languages(because: Because) -> None:
    text = why(on_air(because, said="It said why."))
    assert text["en"].endswith((".", "allow-intervals"))
    assert text["zh"]


def test_what_is_not_on_the_air_is_told_once_for_all_that_it_is_true_of() -> None:
    gone = "hci0 is not there. Is the adapter plugged in?"
    told = [on_air("device", "waiting", None, None, gone), on_air("device", "waiting", None, None, gone)]
    assert silent([on_air(), on_air("turns", "turns")], []) is None
    assert silent(told, []) == {"en": f"iBeacon: {gone}", "zh": f"iBeacon：{gone}"}
    assert silent([], [], "No such device.") == {"en": "No such device.", "zh": "No such device."}


def test_a_pace_that_nobody_asked_for_is_told_with_the_remedy_where_there_is_one() -> None:
    assert own_pace([on_air(), on_air("turns", "turns")]) is None
    deaf, old = own_pace([on_air("no-intervals", interval_ms=1280)]), own_pace([on_air("own-pace")])
    assert deaf is not None
    assert deaf["en"].endswith("python -m hardware ble allow-intervals")
    assert old is not None
    assert "every 100 to 150 ms" in old["en"]


def test_what_happened_is_told_for_an_hour_after_it_is_over() -> None:
    over = Outage(Cause.SERVICE, NOW - 100, NOW - 88)
    assert recovered([], NOW) is None
    assert recovered([Outage(Cause.SERVICE, NOW - 100)], NOW) is None
    text = recovered([over], NOW)
    assert text is not None
    assert text["en"] == "The Bluetooth service was stopped or restarted; the beacons were away for 12 s."
    assert text["zh"] == "蓝牙服务曾停止或重启，信标中断 12 秒。"
    assert recovered([over], NOW + 3600) is None
    both = recovered([over, over, Outage(Cause.ADAPTER, NOW - 50, NOW - 45)], NOW)
    assert both is not None
    assert "2 times in the last hour, last for 12 s." in both["en"]
    assert "adapter was gone; the beacons were away for 5 s." in both["en"]


def test_a_restart_of_some_seconds_is_not_told_as_silence() -> None:
    watch = Watch(AIR_WARNINGS)
    watch.say("air-silent", True, NOW, "hci0 is not there.")
    assert watch.shown(NOW + 20) == []
    assert [shown.code for shown in watch.shown(NOW + 31)] == ["air-silent"]

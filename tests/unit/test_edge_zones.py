"""The zone model, its keeper, its fit, and how it is judged."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from random import Random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.zone_fit import FitError, ZoneRow, fit_zones
from edge.zone_judge import JudgeError, judge_zones
from edge.zone_readings import JOIN_S, Reading, join_readings
from edge.zone_rows import read_recording
from edge.zone_thresholds import fit_thresholds
from edge.zones import NOT_HEARD, NOWHERE, ZoneKeeper, ZoneModel, read_model, write_model

MODEL = ZoneModel(
    shopbell_zones=1,
    zones=("street", "shop"),
    outside=("street",),
    receivers=("door", "counter"),
    levels_dbm=((-70.0, -85.0), (-80.0, -65.0)),
    heard=((0.9, 0.5), (0.8, 0.9)),
    common_slow_db=2.0,
    common_fast_db=1.0,
    own_slow_db=4.0,
    own_fast_db=5.0,
)
STREET, SHOP = 0, 1


def keeper(packets: int = 5, seconds: float | None = 30.0, change_odds: float = 1.0) -> ZoneKeeper:
    kept = ZoneKeeper(MODEL, packets, seconds, change_odds)
    kept.reach(3)
    return kept


def hear(kept: ZoneKeeper, row: int, strengths: Iterable[int], at: float) -> None:
    for receiver, strength in enumerate(strengths):
        kept.hear(row, receiver, strength, at)


def walk(
    zone: str,
    levels: tuple[float, ...],
    rnd: Random,
    tag: str = "tag",
    packets: int = 60,
    offset_db: float = 0.0,
) -> list[ZoneRow]:
    """A tag that stands in a zone, heard with the spread of a real radio."""
    return [
        ZoneRow(tag, zone, float(at), tuple(round(rnd.gauss(level + offset_db, 4)) for level in levels))
        for at in range(packets)
    ]


def test_who_is_heard_best_at_the_counter_is_in_the_shop() -> None:
    kept = keeper()
    hear(kept, 0, (-80, -66), 1.0)
    hear(kept, 1, (-71, -84), 1.0)
    assert (kept.zone(0), kept.zone(1), kept.zone(2)) == (SHOP, STREET, NOWHERE)
    assert MODEL.is_outside(STREET)
    assert not MODEL.is_outside(SHOP)
    assert not MODEL.is_outside(NOWHERE)


def test_a_weak_transmitter_is_not_taken_for_a_distant_one() -> None:
    loud, weak = keeper(), keeper()
    hear(loud, 0, (-78, -68), 1.0)
    hear(weak, 0, (-88, -78), 1.0)
    assert loud.zone(0) == weak.zone(0) == SHOP


def test_only_the_last_packets_decide() -> None:
    kept = keeper(packets=3)
    for at in range(20):
        hear(kept, 0, (-70, -85), float(at))
    for at in range(20, 23):
        hear(kept, 0, (-80, -65), float(at))
    fresh = keeper(packets=3)
    for at in range(20, 23):
        hear(fresh, 0, (-80, -65), float(at))
    assert kept.chances(0) == fresh.chances(0)


def test_what_is_older_than_the_memory_does_not_decide() -> None:
    kept, fresh = keeper(seconds=5.0), keeper(seconds=5.0)
    for at in (0.0, 1.0, 2.0):
        hear(kept, 0, (-70, -85), at)
    for one in (kept, fresh):
        hear(one, 0, (-80, -65), 6.5)
        hear(one, 0, (-81, -66), 7.5)
    assert kept.chances(0) == fresh.chances(0)


def test_receivers_that_tell_in_batches_give_what_they_give_in_turns() -> None:
    rnd = Random(4)
    heard = [(float(at), rnd.randint(-90, -60), rnd.randint(-90, -60)) for at in range(9)]
    turns, batches = keeper(), keeper()
    for at, door, counter in heard:
        hear(turns, 0, (door, counter), at)
    for at, door, _ in heard:
        batches.hear(0, 0, door, at)
    for at, _, counter in heard:
        batches.hear(0, 1, counter, at)
    assert turns.chances(0) == batches.chances(0)


def test_a_receiver_that_hears_more_does_not_make_the_others_memory_longer() -> None:
    kept = keeper(packets=3)
    kept.hear(0, 1, -65, 0.0)
    for at in (1.0, 2.0, 3.0, 4.0):
        kept.hear(0, 0, -70, at)
    fresh = keeper(packets=3)
    for at in (2.0, 3.0, 4.0):
        fresh.hear(0, 0, -70, at)
    assert kept.chances(0) == fresh.chances(0)


def test_silence_of_a_receiver_speaks_for_the_zone_in_which_it_hears_little() -> None:
    model = msgspec.structs.replace(MODEL, levels_dbm=((-75.0, -80.0), (-75.0, -80.0)))
    kept = ZoneKeeper(model, 5, 30.0, 1.0)
    kept.reach(1)
    hear(kept, 0, (-75, NOT_HEARD), 1.0)
    assert kept.chances(0)[STREET] > 0.7


def test_no_number_of_packets_makes_it_surer_than_places_differ() -> None:
    kept = keeper(packets=255, seconds=60.0)
    for at in range(50):
        hear(kept, 0, (-74, -76), float(at))
    assert 0.01 < min(kept.chances(0)) < 0.5


def test_somebody_on_a_border_is_not_moved_with_every_packet() -> None:
    def changes(change_odds: float) -> int:
        rnd, kept, before, count = Random(1), keeper(packets=1, change_odds=change_odds), NOWHERE, 0
        for at in range(200):
            hear(kept, 0, (round(rnd.gauss(-75, 4)), round(rnd.gauss(-75, 4))), float(at))
            now = kept.zone(0)
            count += before not in (NOWHERE, now)
            before = now
        return count

    assert changes(1.0) > 60
    assert changes(20.0) < changes(1.0) / 3


def test_a_row_that_is_free_remembers_nothing_of_who_had_it() -> None:
    kept = keeper()
    hear(kept, 0, (-70, -85), 1.0)
    hear(kept, 1, (-70, -85), 1.0)
    kept.zone(0)
    kept.forget(0)
    assert kept.zone(0) == NOWHERE
    assert kept.chances(0) == ()
    assert kept.zone(1) == STREET


@given(
    st.lists(
        st.tuples(
            st.integers(0, 2), st.integers(0, 1), st.integers(-128, 20), st.floats(-1e6, 1e9), st.booleans()
        ),
        max_size=60,
    ),
    st.integers(1, 9),
    st.sampled_from([0.001, 5.0, 60.0, None]),
)
def test_whatever_is_heard_in_whatever_order_chances_are_chances(
    heard: list[tuple[int, int, int, float, bool]], packets: int, seconds: float | None
) -> None:
    kept = keeper(packets, seconds)
    for row, receiver, strength, at, ask in heard:
        kept.hear(row, receiver, strength, at)
        if ask:
            chances = kept.chances(row)
            assert chances == () or math.isclose(sum(chances), 1.0)
            assert kept.zone(row) in (NOWHERE, STREET, SHOP)


@pytest.mark.parametrize(("packets", "seconds"), [(0, 5.0), (256, 5.0), (5, 0.0), (5, 66.0)])
def test_a_window_that_cannot_be_kept_is_refused(packets: int, seconds: float) -> None:
    with pytest.raises(ValueError, match="A window has"):
        ZoneKeeper(MODEL, packets, seconds)


def test_a_model_is_the_same_after_a_file() -> None:
    assert read_model(write_model(MODEL)) == MODEL


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"shopbell_zones": 2}, "version 2"),
        ({"zones": ["street", "street"]}, "one name"),
        ({"outside": ["moon"]}, "none of its zones"),
        ({"levels_dbm": [[-70.0, -85.0]]}, "a row for each zone"),
        ({"levels_dbm": [[-70.0, 85.0], [-80.0, -65.0]]}, "between -127 and 20"),
        ({"heard": [[0.9, 0.5], [0.8, 1.0]]}, "between 0 and 1"),
        ({"own_fast_db": 0.0}, "0.1 and 50"),
        ({"zones": "street"}, "Expected"),
        ({"tags": ["AA:BB"]}, "unknown field"),
    ],
)
def test_what_is_no_model_is_refused_with_what_is_wrong(change: dict[str, object], says: str) -> None:
    text = msgspec.json.encode({**msgspec.to_builtins(MODEL), **change})
    with pytest.raises(ValueError, match=says):
        read_model(text)


@pytest.mark.parametrize("text", [b"", b"{}", b"[]", b"[" * 100_000, b"\xff", b'{"shopbell_zones": NaN}'])
def test_rubbish_is_no_model(text: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_model(text)


def test_a_fit_finds_zones_again_that_a_tag_never_heard_before_walks_through() -> None:
    rnd = Random(7)
    levels = {"street": (-72, -88), "entrance": (-70, -74), "shop": (-84, -68)}
    recorded = [row for zone, each in levels.items() for row in walk(zone, each, rnd, "a")]
    model = fit_zones(recorded, ["door", "counter"], outside=["street"])
    other = [row for zone, each in levels.items() for row in walk(zone, each, rnd, "b" + zone, offset_db=-3)]
    judged = judge_zones(model, other, ["door", "counter"], [1, 15])
    one, fifteen = (window.accuracy or 0.0 for window in judged.windows)
    assert model.zones == ("street", "entrance", "shop")
    assert one > 0.8
    assert fifteen > 0.97


def test_a_short_recording_in_one_zone_does_not_make_it_unlikely() -> None:
    rnd = Random(3)
    recorded = walk("street", (-70, -85), rnd, packets=600) + walk("shop", (-80, -65), rnd, packets=20)
    model = fit_zones(recorded, ["door", "counter"])
    judged = judge_zones(model, walk("shop", (-80, -65), rnd, "other"), ["door", "counter"], [1])
    assert (judged.windows[0].accuracy or 0.0) > 0.95


def test_few_tags_in_many_places_are_believed_less_where_it_is_known_where_receivers_stand() -> None:
    # Both receivers of a zone read alike at home; what the recording shows beyond that is one day's chance.
    rnd = Random(5)
    receivers = ["a1", "a2", "b1", "b2"]
    recorded = walk("a", (-69, -71, -79, -81), rnd) + walk("b", (-81, -79, -71, -69), rnd)
    homes = {"a1": "a", "a2": "a", "b1": "b", "b2": "b"}
    with_homes = fit_zones(recorded, receivers, homes=homes)
    without = fit_zones(recorded, receivers)

    def unevenness(model: ZoneModel) -> float:
        (a1, a2, *_), (c1, c2, *_) = model.levels_dbm
        return abs((a1 - c1) - (a2 - c2))

    assert unevenness(with_homes) < unevenness(without) / 2


def test_losses_that_hit_all_receivers_alike_say_nothing_about_the_zone() -> None:
    rnd = Random(6)
    recorded = walk("a", (-70, -80), rnd, packets=200) + walk("b", (-80, -70), rnd, packets=200)
    lossy = [
        msgspec.structs.replace(
            row,
            strengths_dbm=tuple(
                None if row.zone == "a" and rnd.random() < 0.4 else one for one in row.strengths_dbm
            ),
        )
        for row in recorded
    ]
    model = fit_zones(lossy, ["one", "two"])
    for a, b in zip(*model.heard, strict=True):
        assert abs(a - b) < 0.08


def test_a_receiver_that_hears_one_zone_only_gives_that_zone_away() -> None:
    rnd = Random(8)
    near = walk("near", (-70, -85), rnd, packets=100)
    far = [
        msgspec.structs.replace(row, strengths_dbm=(row.strengths_dbm[0], None))
        for row in walk("far", (-70, 0), rnd, "other")
    ]
    model = fit_zones([*near, *far], ["one", "two"])
    judged = judge_zones(model, [*near, *far], ["one", "two"], [5])
    assert (judged.windows[0].accuracy or 0.0) > 0.95


@pytest.mark.parametrize(
    ("rows", "more", "says"),
    [
        ([], {}, "at least two"),
        ([ZoneRow("t", "a", 0.0, (-70,))], {}, "at least two"),
        ([ZoneRow("t", "a", 0.0, (None,)), ZoneRow("t", "b", 0.0, (None,))], {}, "Does it work"),
        ([ZoneRow("t", "a", 0.0, (-70,)), ZoneRow("t", "b", 0.0, (None,))], {}, "anything in zone b"),
        (
            [ZoneRow("t", "a", 0.0, (-70,)), ZoneRow("t", "b", 0.0, (-80,))],
            {"outside": ["c"]},
            "Zone c is not",
        ),
        (
            [ZoneRow("t", "a", 0.0, (-70,)), ZoneRow("t", "b", 0.0, (-80,))],
            {"homes": {"x": "a"}},
            "Receiver x",
        ),
    ],
)
def test_a_recording_that_gives_no_model_is_told_why(
    rows: list[ZoneRow], more: dict[str, list[str]], says: str
) -> None:
    with pytest.raises(FitError, match=says):
        fit_zones(rows, ["one"], **more)  # type: ignore[arg-type]


def test_two_packets_are_enough_for_a_model() -> None:
    rows = [ZoneRow("t", "a", 0.0, (-60,)), ZoneRow("t", "b", 0.0, (-90,))]
    model = fit_zones(rows, ["one"])
    assert model.levels_dbm[0] > model.levels_dbm[1]


def test_judging_asks_at_every_packet_and_counts_full_windows() -> None:
    rows = [ZoneRow("t", "shop", float(at), (-80, -65)) for at in range(10)]
    rows += [ZoneRow("u", "street", float(at), (-80, -65)) for at in range(4)]
    judged = judge_zones(MODEL, reversed(rows), ["door", "counter"], [1, 5], [3.0])
    one, five, seconds = judged.windows
    assert (one.accuracy, one.n, one.all_n) == (round(10 / 14, 6), 14, 14)
    assert one.confusion == ((0, 4), (0, 10))
    assert (five.n, five.accuracy, five.all_n) == (6, 1.0, 14)
    assert {tag.accuracy for tag in five.tags} == {1.0, None}
    assert (seconds.n, seconds.packets, seconds.seconds) == (7 + 1, None, 3.0)


def test_judging_takes_receivers_in_any_order() -> None:
    rows = [ZoneRow("t", "shop", 0.0, (-65, -80))]
    assert judge_zones(MODEL, rows, ["counter", "door"], [1]).windows[0].accuracy == 1.0


@pytest.mark.parametrize(
    ("zone", "receivers", "says"),
    [
        ("moon", ["door", "counter"], "Zone moon"),
        ("shop", ["door", "window"], "Receiver window"),
        ("shop", ["door"], "Receiver counter of the model"),
    ],
)
def test_a_recording_of_another_shop_is_not_judged(zone: str, receivers: list[str], says: str) -> None:
    rows = [ZoneRow("t", zone, 0.0, (-65,) * len(receivers))]
    with pytest.raises(JudgeError, match=says):
        judge_zones(MODEL, rows, receivers, [1])


def test_readings_of_one_packet_make_one_row() -> None:
    readings = [
        Reading("shop", 1.02, 1, -65),
        Reading("shop", 1.00, 0, -80),
        Reading("shop", 1.00 + JOIN_S, 0, -81),
        Reading("shop", 1.01 + JOIN_S, 0, -82),
        Reading("street", 1.02 + JOIN_S, 1, -83),
    ]
    assert [(row.zone, row.strengths_dbm) for row in join_readings("t", readings, 2)] == [
        ("shop", (-80, -65)),
        ("shop", (-81, None)),
        ("shop", (-82, None)),
        ("street", (None, -83)),
    ]


def test_thresholds_lie_between_the_two_places_and_err_less_than_before() -> None:
    rnd = Random(2)
    inside = [round(rnd.gauss(-60, 5)) for _ in range(60)]
    outside = [round(rnd.gauss(-74, 5)) for _ in range(60)]
    fitted = fit_thresholds(inside, outside)
    assert -70 < fitted.thresholds.arrive_dbm < -60
    assert fitted.thresholds.depart_dbm == fitted.thresholds.arrive_dbm - 7
    assert fitted.before.outside_counted > 0.5
    assert max(fitted.after.outside_counted, fitted.after.inside_missed) < 0.15


def test_thresholds_hold_for_a_street_where_nothing_is_heard() -> None:
    fitted = fit_thresholds([-62] * 20, [])
    assert fitted.thresholds.arrive_dbm == -72
    assert fitted.after.outside_counted < 0.01


@pytest.mark.parametrize(
    ("inside", "outside", "says"),
    [([-60] * 9, [-80] * 20, "Only 9 packets"), ([-80] * 20, [-70] * 20, "no threshold")],
)
def test_thresholds_that_cannot_be_are_told_with_a_remedy(
    inside: list[int], outside: list[int], says: str
) -> None:
    with pytest.raises(FitError, match=says):
        fit_thresholds(inside, outside)


def test_a_tag_never_heard_before_is_placed_at_least_as_well_as_the_published_reference(
    shared_data: Path,
) -> None:
    recording = read_recording(shared_data / "ble-rssi" / "doorway" / "filtered_rssi_6tags.csv.xz")
    windows = (1, 5, 15, 60)
    right = dict.fromkeys(windows, 0.0)
    tags = list(dict.fromkeys(row.tag for row in recording.rows))
    for tag in tags:
        model = fit_zones([row for row in recording.rows if row.tag != tag], recording.receivers)
        alone = [row for row in recording.rows if row.tag == tag]
        for window in judge_zones(model, alone, recording.receivers, windows).windows:
            right[window.packets or 0] += (window.accuracy or 0.0) / len(tags)
    assert len(tags) == 6
    assert right[1] >= 0.70
    assert right[5] >= 0.82
    assert right[15] >= 0.90
    assert right[60] >= 0.95

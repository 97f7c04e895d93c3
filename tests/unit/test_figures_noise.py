"""What may be shown of a day: parts add up, nothing below ten is exact, no number is further off than it says, all stay so."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.figures.noise import BASE, FEWEST, MOST, Cell, Path, rounded, shown

SECRET = b"a secret of this test"
ZONES, HOURS = ("a", "b", "c"), tuple(str(hour) for hour in range(9, 15))

leaves = st.dictionaries(
    st.tuples(st.sampled_from(ZONES), st.sampled_from(HOURS)),
    st.one_of(st.integers(0, 3), st.integers(0, 15), st.integers(0, 400)),
)


def sums_of(counts: dict[Path, int]) -> Counter[Path]:
    sums: Counter[Path] = Counter()
    for leaf, number in counts.items():
        for depth in range(len(leaf) + 1):
            sums[leaf[:depth]] += number
    return sums


def children(cells: dict[Path, Cell], path: Path) -> list[Path]:
    return [one for one in cells if len(one) == len(path) + 1 and one[: len(path)] == path]


@given(counts=leaves, is_open=st.booleans(), name=st.text(max_size=5))
def test_parts_add_up_and_each_number_is_exact_or_says_that_it_is_not(
    counts: dict[Path, int], is_open: bool, name: str
) -> None:
    amounts = {leaf: number * 61 for leaf, number in counts.items()}
    cells = shown(SECRET, name, counts, [ZONES, HOURS], is_open=is_open, amounts=amounts)
    sums = sums_of(counts)
    assert set(cells) == {
        (),
        *((zone,) for zone in ZONES),
        *((zone, hour) for zone in ZONES for hour in HOURS),
    }
    for path, cell in cells.items():
        assert cell.number >= 0
        assert abs(cell.number - sums[path]) <= (MOST if cell.noisy else 0)
        assert cell.noisy or sums[path] == 0 or sums[path] >= FEWEST
        parts = children(cells, path)
        if parts:
            assert sum(cells[one].number for one in parts) == cell.number
            assert sum(cells[one].amount for one in parts) == cell.amount
        if cell.noisy:
            assert all(cells[one].noisy for one in parts), "nothing below a number with noise is exact"
        if not cell.noisy:
            assert cell.amount == sums[path] * 61
            # What is left of an exact number when its exact parts are taken away.
            rest = sums[path] - sum(sums[one] for one in parts if not cells[one].noisy)
            assert rest == 0 or rest >= FEWEST or not parts


@given(counts=leaves)
def test_a_day_that_is_over_and_had_ten_is_exact_and_one_that_is_open_is_in_fives(
    counts: dict[Path, int],
) -> None:
    whole = sum(counts.values())
    over = shown(SECRET, "day", counts, [ZONES, HOURS], is_open=False)[()]
    assert over.noisy == (whole < FEWEST)
    now = shown(SECRET, "day", counts, [ZONES, HOURS], is_open=True)
    assert now[()] == Cell(rounded(SECRET, "day", whole), noisy=True)
    assert all(cell.noisy and cell.number % BASE == 0 for cell in now.values())


def test_the_same_is_shown_again_and_something_else_under_another_secret_or_name() -> None:
    counts: dict[Path, int] = {(zone, hour): 2 for zone in ZONES for hour in HOURS}
    once = shown(SECRET, "day", counts, [ZONES, HOURS], is_open=False)
    assert shown(SECRET, "day", dict(reversed(counts.items())), [ZONES, HOURS], is_open=False) == once
    assert shown(b"another", "day", counts, [ZONES, HOURS], is_open=False) != once
    assert shown(SECRET, "another day", counts, [ZONES, HOURS], is_open=False) != once


@pytest.mark.parametrize("count", range(1, FEWEST))
def test_a_small_number_is_right_on_average_and_could_be_others(count: int) -> None:
    found = [rounded(SECRET, f"day {place}", count) for place in range(2_000)]
    assert sum(found) / len(found) == pytest.approx(count, abs=0.25)
    assert set(found) <= {0, 5, 10}
    for number in set(found):
        others = [
            one
            for one in range(1, FEWEST)
            if number in {rounded(SECRET, f"day {place}", one) for place in range(200)}
        ]
        assert len(others) >= 4, f"{number} would mean {others}"


def test_one_visit_more_is_seen_in_few_of_the_numbers_of_a_day_that_is_open() -> None:
    changed = sum(
        rounded(SECRET, f"day {place % 50}", count) != rounded(SECRET, f"day {place % 50}", count + 1)
        for place, count in enumerate(range(1_000))
    )
    assert changed <= 300


def test_nobody_can_count_which_cells_have_somebody() -> None:
    # Ten visits, ten hours: were only hours with somebody marked, each would be known to have one.
    hours = [str(hour) for hour in range(24)]
    cells = shown(SECRET, "day", {("a", hour): 1 for hour in hours[:10]}, [["a"], hours], is_open=False)
    assert cells[()] == Cell(10, noisy=False)
    assert all(cells["a", hour].noisy for hour in hours)


def test_the_length_of_one_stay_does_not_stand_in_a_mean() -> None:
    # One stays for an hour, in a shop in which all others stay for a minute.
    counts: dict[Path, int] = {("a", "9"): 1, ("a", "10"): 30, ("b", "9"): 20}
    amounts: dict[Path, int] = {("a", "9"): 3_600_000, ("a", "10"): 30 * 60_000, ("b", "9"): 20 * 60_000}
    cells = shown(SECRET, "day", counts, [["a", "b"], ["9", "10"]], is_open=False, amounts=amounts)
    means = {path: cell.amount / cell.number for path, cell in cells.items() if cell.number and cell.noisy}
    assert means
    assert all(mean < 1_000_000 for mean in means.values())
    alone = shown(
        SECRET, "day", {("a", "9"): 1}, [["a"], ["9"]], is_open=False, amounts={("a", "9"): 3_600_000}
    )
    assert alone[()].amount != alone[()].number * 3_600_000 or alone[()].number == 0

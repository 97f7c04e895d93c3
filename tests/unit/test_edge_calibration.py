"""What a door has been taught: kept as a file of numbers, read again, refused in a sentence."""

from __future__ import annotations

import msgspec
import pytest

from edge.calibration import MOST_COUNTS, Calibration, read_calibration, write_calibration
from edge.headcount import HeadCount, HeadSample
from edge.occupancy import Correction
from edge.visits import Thresholds


def count(at: float, names: float = 8.0, heads: float = 10.0) -> HeadCount:
    return HeadCount(at, tuple(HeadSample(names, heads) for _ in range(15)))


TAUGHT = Calibration().walked((Thresholds(-70, -78),), None, 50.0).counted(count(100.0)).counted(count(200.0))


def test_what_was_learnt_is_read_again_as_it_was_written() -> None:
    assert read_calibration(write_calibration(TAUGHT)) == TAUGHT
    assert read_calibration(write_calibration(Calibration())) == Calibration()


def test_the_correction_follows_from_the_counts_that_are_kept() -> None:
    usual = Correction()
    assert Calibration().correction(usual) == usual
    learnt = read_calibration(write_calibration(TAUGHT)).correction(usual)
    assert learnt.phones_per_person < usual.phones_per_person
    assert learnt.doubt < usual.doubt
    assert (TAUGHT.walked_at, TAUGHT.counted_at, Calibration().counted_at) == (50.0, 200.0, None)


def test_other_thresholds_hear_other_phones_and_the_counts_are_gone() -> None:
    again = TAUGHT.walked((Thresholds(-70, -78),), None, 300.0)
    assert again.counts == TAUGHT.counts
    assert TAUGHT.walked((Thresholds(-66, -74),), None, 300.0).counts == ()


def test_the_oldest_counts_go_first() -> None:
    many = Calibration()
    for number in range(MOST_COUNTS + 5):
        many = many.counted(count(float(number)))
    assert len(many.counts) == MOST_COUNTS
    assert many.counts[0].at == 5.0


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b"{",
        b'{"counts": [{"at": 1, "samples": [[-1, 5]]}]}',
        b'{"counts": [{"at": 1, "samples": [[1e300, 5]]}]}',
        b'{"thresholds": [{"arrive_dbm": -90, "depart_dbm": -80}]}',
        b'{"phones": 1}',
        b"[" * 200_000,
        b" " * 2_000_000,
    ],
)
def test_a_file_that_is_no_calibration_is_refused_in_a_sentence(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"calibration.*[Rr]emove"):
        read_calibration(text)


def test_a_calibration_of_a_later_version_is_not_half_read() -> None:
    later = msgspec.json.encode(msgspec.structs.replace(TAUGHT, shopbell_calibration=9))
    with pytest.raises(ValueError, match="version 9"):
        read_calibration(later)


def test_the_file_holds_numbers_and_nothing_else() -> None:
    def numbers_only(value: object) -> bool:
        if isinstance(value, dict):
            return all(numbers_only(one) for one in value.values())
        if isinstance(value, list):
            return all(numbers_only(one) for one in value)
        return value is None or isinstance(value, int | float)

    assert numbers_only(msgspec.json.decode(write_calibration(TAUGHT)))

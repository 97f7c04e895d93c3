"""When a new version is well, and when it is given up."""

from __future__ import annotations

import pytest

from hub.up.sentences import UpError
from hub.up.updating import insist_on_newer
from hub.up.wellness import MOST_STARTS, Seen, fault_of, faults_of, is_hopeless

HUB = "shopbell-hub.service"


def test_what_runs_pings_and_answers_is_well() -> None:
    assert fault_of(HUB, Seen("active", 0, True, 200), 200) is None
    assert fault_of("shopbell-worker.service", Seen("active", 0, True), None) is None
    assert fault_of("shopbell-wifi.service", Seen("active"), None) is None


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        (Seen("activating", 0, False, 0), "is activating"),
        (Seen("failed"), "is failed"),
        (Seen("active", 1, True, 200), "started again, 1 times"),
        (Seen("active", 0, False, 200), "has not pinged"),
        (Seen("active", 0, True, 500), "answers /healthz with 500"),
        (Seen("active", 0, True, 0), "does not answer"),
    ],
)
def test_anything_less_is_said(seen: Seen, said: str) -> None:
    told = fault_of(HUB, seen, 200)
    assert told is not None
    assert said in told


def test_trouble_that_the_shop_had_before_is_not_the_new_versions_doing() -> None:
    assert fault_of(HUB, Seen("active", 0, True, 503), 503) is None
    assert fault_of(HUB, Seen("active", 0, True, 503), 200) is not None
    assert fault_of(HUB, Seen("active", 0, True, 200), 503) is None


def test_everything_that_is_not_well_is_told() -> None:
    seen = {
        HUB: Seen("failed"),
        "shopbell-kiosk.service": Seen("active", 0, True, 200),
        "x.service": Seen("inactive"),
    }
    assert len(faults_of(seen, {})) == 2


def test_what_will_not_come_to_stand_is_not_waited_for() -> None:
    assert is_hopeless([Seen("active"), Seen("failed")])
    assert is_hopeless([Seen("activating", MOST_STARTS)])
    assert not is_hopeless([Seen("activating", 1), Seen("active")])


def test_an_older_version_is_for_whoever_asks_for_it() -> None:
    insist_on_newer("1.10", "1.9", older=False)
    insist_on_newer("1.8", "1.9", older=True)
    with pytest.raises(UpError, match=r"1\.8, which is older than 1\.9.*--older"):
        insist_on_newer("1.8", "1.9", older=False)
    with pytest.raises(UpError):
        insist_on_newer("1.9rc1", "1.9", older=False)

"""What other programs hear of an offer's effect, and how its control group is set by them."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.app import Hub
from hub.client.clock import Clock
from hub.config import Config
from hub.outside.keys import make_key
from tests.hub_house import NOON
from tests.outside_office import OutsideOffice, check_document, terms
from tests.report_house import ReportHouse


def lift_of(house: ReportHouse) -> dict[str, object]:
    hub = Hub(
        Config(house.folder, worker=False), clock=Clock(wall=lambda: NOON, ntp=lambda: True), with_site=False
    )
    try:
        made = make_key(hub.store, "Desk", ("read",), "Ada", NOON)
        assert isinstance(made, tuple), made
        answer = hub.app.test_client().get(
            "/api/v1/campaigns/1/lift", headers={"Authorization": f"Bearer {made[1]}"}
        )
        check_document("GET", "/campaigns/1/lift", answer)
        assert answer.status_code == 200, answer.get_json()
        return dict(answer.get_json())
    finally:
        hub.close()


def test_a_program_hears_the_verdict_with_its_interval(tmp_path: Path) -> None:
    told = lift_of(ReportHouse(tmp_path))
    assert (told["verdict"], told["is_final"], told["alpha"]) == ("worked", True, pytest.approx(0.05))
    assert told["members"] == 422
    assert told["control_members"] == 78
    paid = told["paid_cents"]
    assert isinstance(paid, dict)
    assert 0 < paid["low"] < paid["difference"] < paid["high"]


def test_of_few_members_a_program_hears_nothing_either(tmp_path: Path) -> None:
    told = lift_of(ReportHouse(tmp_path, members=30))
    assert told["verdict"] == "too_few"
    assert told["control_members"] is None
    assert told["paid_cents"] == dict.fromkeys(("treated", "control", "difference", "low", "high"))


def test_a_program_sets_a_control_group_and_leaves_it_alone_by_not_naming_it(tmp_path: Path) -> None:
    office = OutsideOffice(tmp_path)
    try:
        key = office.key("read", "campaign_edit", "campaign_publish")
        draft = office.ask("POST", "/campaigns", key, terms(holdout_percent=10)).get_json()
        assert draft["holdout_percent"] == 10
        path = f"/campaigns/{draft['number']}"
        office.ask("POST", f"{path}/turns", key, {"action": "publish"})
        shown = office.ask("GET", path, key).get_json()
        renamed = {"version": shown["version"], "terms": terms(title={"en": "Coffee to go"})}
        changed = office.ask("PUT", path, key, renamed)
        assert changed.status_code == 200, changed.get_json()
        assert changed.get_json()["holdout_percent"] == 10
        other = {"version": changed.get_json()["version"], "terms": terms(holdout_percent=20)}
        refused = office.ask("PUT", path, key, other)
        assert refused.status_code == 409
        assert "stays as it was when the offer began" in refused.get_data(as_text=True)
        kept = office.store.campaigns.get(draft["number"])
        assert kept is not None
        assert len(kept.campaign.holdout_salt) == 16
    finally:
        office.close()

"""What is said of the gate, the way out and the clock, in the shop's words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from portal_gate import FakeGate

from edge.gate.client import GateClient
from edge.portal.gatekeeper import GateKeeper
from edge.portal.health import look
from edge.portal.keeper import NoGate
from edge.portal.looking import api_reason, holding
from hub.client.clock import RELEASED_AT, Clock
from hub.client.warnings import Shown

NOW = RELEASED_AT + 1_000_000.0


@pytest.fixture
def keeper(tmp_path: Path) -> Iterator[GateKeeper]:
    with closing(GateClient(tmp_path / "gate.sock")) as client:
        yield GateKeeper(client.ask, dict)


def told(keeper: GateKeeper, now: float | None = None, clock_s: float = NOW) -> list[Shown]:
    clock = Clock(wall=lambda: clock_s, ntp=lambda: False)
    return look(enrolled=True, has_snapshot=True, more=holding(keeper, None, clock, NOW), now=now)


def codes(shown: list[Shown]) -> list[str]:
    return [one.code for one in shown]


def test_a_gate_that_is_well_leaves_only_why_option_114_is_off(tmp_path: Path, keeper: GateKeeper) -> None:
    with FakeGate(tmp_path / "gate.sock"):
        keeper.refresh(NOW)
        (only,) = told(keeper)
        assert only.code == "api-off"
        assert only.sentence() == (
            "Phones are not told the portal's address by DHCP (option 114): no certificate is set. They find it by their own "
            "probes. It needs a name of yours with a certificate: PORTAL_NAME, PORTAL_CERT."
        )
        assert "没有设置证书" in only.sentence("zh")


def test_a_gate_that_is_gone_is_told_once_it_has_lasted(keeper: GateKeeper) -> None:
    keeper.refresh(NOW)
    assert "gate-silent" not in codes(told(keeper, now=NOW + 2))
    shown = told(keeper, now=NOW + 4)
    assert codes(shown)[0] == "gate-silent"
    assert shown[0].since == NOW
    assert "gate.sock" in shown[0].sentence()
    assert "python -m edge.gate check" in shown[0].sentence("zh")


def test_rules_that_are_gone_and_a_way_out_that_is_gone_are_told(tmp_path: Path, keeper: GateKeeper) -> None:
    with FakeGate(tmp_path / "gate.sock", upstream=False, rules_stand=False) as gate:
        keeper.refresh(NOW)
        assert codes(told(keeper)) == ["gate-rules", "api-off", "no-internet"]
        assert "told: no internet" in told(keeper)[2].sentence()
        gate.offline = "calm"
        keeper.refresh(NOW)
        assert "told: all is well" in told(keeper)[2].sentence()


def test_a_clock_that_was_never_set_is_told(tmp_path: Path, keeper: GateKeeper) -> None:
    with FakeGate(tmp_path / "gate.sock"):
        keeper.refresh(NOW)
        assert "clock-unset" in codes(told(keeper, clock_s=RELEASED_AT - 9))
        assert "clock-unset" not in codes(told(keeper))


def test_without_an_access_point_nothing_of_all_this_is_said() -> None:
    clock = Clock(wall=lambda: RELEASED_AT - 9, ntp=lambda: False)
    assert holding(NoGate(), None, clock, NOW) == []
    reason = api_reason(False, None, NOW)
    assert reason is not None
    assert reason["en"] == "this portal has no access point"

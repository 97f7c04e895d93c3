"""The keeper of a portal with an access point, before a gate that speaks the real protocol over a real socket."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from portal_gate import FakeGate

from edge.gate.client import GateClient
from edge.gate.protocol import LONGEST_S, LetIn, Limits, Phone, Refused
from edge.portal.arp import neighbours
from edge.portal.gatekeeper import GateKeeper, Watching
from edge.portal.guests import Grant, State
from edge.portal.keeper import GateSilent, Keeper, NoGate

NOW = 1_796_040_000.0
ANNA, BO = Phone("02:00:00:00:00:0a", "10.77.0.21"), Phone("02:00:00:00:00:0b", "10.77.0.22")
CLICK = Grant("click", 600, extensions=2)


class Air:
    """A gate, the phones on the network, and a portal that may be started anew."""

    def __init__(self, folder: Path) -> None:
        self.gate = FakeGate(folder / "gate.sock")
        self.macs = {ANNA.ip: ANNA.mac, BO.ip: BO.mac}
        self.gate.open()
        self.line: GateClient | None = None
        self.keeper = self.portal()

    def portal(self) -> GateKeeper:
        """A portal that has just been started, and has looked once."""
        if self.line is not None:
            self.line.close()
        self.line = GateClient(self.gate.path)
        self.keeper = GateKeeper(self.line.ask, lambda: dict(self.macs))
        self.keeper.refresh(NOW)
        return self.keeper


@pytest.fixture
def air(tmp_path: Path) -> Iterator[Air]:
    made = Air(tmp_path)
    yield made
    if made.line is not None:
        made.line.close()
    made.gate.close()


def test_a_phone_that_comes_is_held_and_let_in_and_its_end_is_known_without_asking_again(air: Air) -> None:
    keeper: Keeper = air.keeper
    assert keeper.has_gate
    assert keeper.phone_at(ANNA.ip) == ANNA
    assert keeper.standing(ANNA.ip, NOW).state is State.HELD
    came = keeper.let_in(ANNA.ip, CLICK, NOW)
    assert (came.state, came.until, came.grant, came.can_extend) == (State.IN, NOW + 600, CLICK, True)
    assert air.gate.guests.keys() == {ANNA}
    asked = len(air.gate.asked)
    assert keeper.standing(ANNA.ip, NOW + 599).state is State.IN
    assert keeper.standing(ANNA.ip, NOW + 600).state is State.EXPIRED
    assert keeper.standing(BO.ip, NOW).state is State.HELD
    assert len(air.gate.asked) == asked


def test_the_shops_way_out_is_told_to_everybody(air: Air) -> None:
    air.keeper.let_in(ANNA.ip, CLICK, NOW)
    air.gate.upstream, air.gate.offline = False, "calm"
    air.keeper.refresh(NOW)
    for ip in (ANNA.ip, BO.ip):
        standing = air.keeper.standing(ip, NOW)
        assert (standing.internet, standing.calm) == (False, True)
    air.gate.upstream, air.gate.offline = True, "honest"
    air.keeper.refresh(NOW)
    assert air.keeper.standing(ANNA.ip, NOW).internet


def test_an_address_that_another_phone_has_taken_is_not_in(air: Air) -> None:
    air.keeper.let_in(ANNA.ip, CLICK, NOW)
    air.macs[ANNA.ip] = BO.mac
    air.keeper.refresh(NOW)
    assert air.keeper.standing(ANNA.ip, NOW).state is State.HELD
    assert not air.keeper.extend(ANNA.ip, NOW).can_extend
    air.macs[ANNA.ip] = ANNA.mac
    air.keeper.refresh(NOW)
    assert air.keeper.standing(ANNA.ip, NOW).state is State.IN


def test_a_guest_who_was_in_stays_in_when_the_portal_starts_anew(air: Air) -> None:
    air.keeper.let_in(ANNA.ip, CLICK, NOW)
    standing = air.portal().standing(ANNA.ip, NOW)
    assert standing.state is State.IN
    assert 599 < standing.until - NOW <= 600
    assert not standing.can_extend
    assert standing.grant is None
    assert air.keeper.extend(ANNA.ip, NOW).until == standing.until


def test_a_gate_that_was_killed_changes_nothing_for_whoever_was_in(air: Air) -> None:
    air.keeper.let_in(ANNA.ip, CLICK, NOW)
    air.gate.close()
    air.keeper.refresh(NOW + 5)
    assert air.keeper.standing(ANNA.ip, NOW + 5).state is State.IN
    assert air.keeper.condition().silent_since == NOW + 5
    air.keeper.refresh(NOW + 9)
    assert air.keeper.condition().silent_since == NOW + 5
    with pytest.raises(GateSilent, match="cannot be asked"):
        air.keeper.let_in(BO.ip, CLICK, NOW + 9)
    with pytest.raises(GateSilent):
        air.keeper.guests(NOW + 9)
    air.gate.open()
    air.keeper.refresh(NOW + 10)
    assert air.keeper.condition().silent_since is None
    assert air.keeper.standing(ANNA.ip, NOW + 10).state is State.IN


def test_a_form_waits_for_a_gate_that_is_just_being_restarted(air: Air) -> None:
    air.gate.close()
    back = threading.Timer(0.5, air.gate.open)
    back.start()
    assert air.keeper.let_in(ANNA.ip, CLICK, NOW).state is State.IN
    back.join()


def test_a_gate_that_refuses_lets_nobody_in_and_its_sentence_is_handed_on(air: Air) -> None:
    air.gate.refuse = Refused("full", "Nobody more fits.")
    with pytest.raises(GateSilent, match="Nobody more fits"):
        air.keeper.let_in(ANNA.ip, CLICK, NOW)
    assert air.keeper.standing(ANNA.ip, NOW).state is State.HELD


def test_what_is_asked_with_every_page_looks_at_the_network_once_a_second_and_at_once_for_a_new_phone(
    air: Air,
) -> None:
    looks = 0

    def macs() -> dict[str, str]:
        nonlocal looks
        looks += 1
        return dict(air.macs)

    assert air.line is not None
    keeper = GateKeeper(air.line.ask, macs)
    keeper.refresh(NOW)
    assert [keeper.phone_seen(ANNA.ip) for _ in range(100)] == [ANNA] * 100
    assert looks == 1
    new, newer = Phone("02:00:00:00:00:0c", "10.77.0.23"), Phone("02:00:00:00:00:0d", "10.77.0.24")
    air.macs |= {new.ip: new.mac, newer.ip: newer.mac}
    assert (keeper.phone_seen(new.ip), keeper.phone_seen(newer.ip)) == (new, newer)
    assert looks == 2
    # An address that goes to another phone: what opens the gate knows at once, what is on a page within a second.
    air.macs[ANNA.ip] = BO.mac
    assert keeper.phone_at(ANNA.ip) == Phone(BO.mac, ANNA.ip)
    keeper.refresh(NOW + 1)
    assert keeper.phone_seen(ANNA.ip) == Phone(BO.mac, ANNA.ip)
    assert keeper.phone_seen("127.0.0.1") is None


def test_a_request_from_elsewhere_lets_nobody_in(air: Air) -> None:
    assert air.keeper.phone_at("127.0.0.1") is None
    with pytest.raises(GateSilent, match="not on the guest network"):
        air.keeper.let_in("127.0.0.1", CLICK, NOW)
    assert not any(isinstance(ask, LetIn) for ask in air.gate.asked)


def test_a_stay_is_extended_as_often_as_its_grant_allows(air: Air) -> None:
    grant = Grant("click", 600, Limits(volume=1_000), extensions=2)
    air.keeper.let_in(ANNA.ip, grant, NOW)
    longer = air.keeper.extend(ANNA.ip, NOW + 100)
    assert (longer.until, longer.octets_left, longer.can_extend) == (NOW + 1_200, 2_000, True)
    last = air.keeper.extend(ANNA.ip, NOW + 100)
    assert (last.until, last.octets_left, last.can_extend) == (NOW + 1_800, 3_000, False)
    assert air.keeper.extend(ANNA.ip, NOW + 100) == last
    assert air.keeper.extend(BO.ip, NOW).state is State.HELD


def test_whoever_was_in_a_short_while_ago_may_use_an_extension_that_is_left(air: Air) -> None:
    air.keeper.let_in(ANNA.ip, CLICK, NOW)
    over = air.keeper.standing(ANNA.ip, NOW + 700)
    assert (over.state, over.can_extend) == (State.EXPIRED, True)
    assert air.keeper.extend(ANNA.ip, NOW + 700).until == NOW + 1_300


def test_whoever_has_used_everything_is_expired_and_a_new_grant_is_a_new_volume(air: Air) -> None:
    grant = Grant("code", 600, Limits(volume=1_000))
    air.keeper.let_in(ANNA.ip, grant, NOW)
    air.gate.use(ANNA, 400)
    air.keeper.refresh(NOW)
    assert air.keeper.standing(ANNA.ip, NOW).octets_left == 600
    air.gate.use(ANNA, 700)
    air.keeper.refresh(NOW)
    over = air.keeper.standing(ANNA.ip, NOW)
    assert (over.state, over.octets_left, over.until) == (State.EXPIRED, 0, 0.0)
    again = air.keeper.let_in(ANNA.ip, grant, NOW)
    assert (again.state, again.octets_left) == (State.IN, 1_000)
    air.gate.use(ANNA, 300)
    air.keeper.refresh(NOW)
    assert air.keeper.standing(ANNA.ip, NOW).octets_left == 700
    assert air.keeper.let_in(ANNA.ip, grant, NOW).octets_left == 1_000
    air.keeper.refresh(NOW)
    assert air.keeper.standing(ANNA.ip, NOW).octets_left == 1_000


def test_no_guest_needs_limits_of_their_own_since_the_gate_has_few_classes(air: Air) -> None:
    grant = Grant("code", 600, Limits(volume=1_000), extensions=2)
    seen = set()
    for number in range(40):
        phone = Phone(f"02:00:00:00:01:{number:02x}", f"10.77.0.{100 + number}")
        air.macs[phone.ip] = phone.mac
        air.keeper.let_in(phone.ip, grant, NOW)
        air.gate.use(phone, 10 + number)
        air.keeper.refresh(NOW)
        air.keeper.extend(phone.ip, NOW)
        air.keeper.let_in(phone.ip, grant, NOW)
        air.gate.use(phone, 2_000)
        air.keeper.refresh(NOW)
        assert air.keeper.extend(phone.ip, NOW).octets_left == 1_000
        seen |= {stay.limits for ask in air.gate.asked if isinstance(ask, LetIn) for stay in ask.stays}
    assert seen == {Limits(volume=1_000), Limits(volume=2_000)}


def test_staff_end_prolong_and_limit(air: Air) -> None:
    air.keeper.let_in(ANNA.ip, CLICK, NOW)
    assert air.keeper.prolong(ANNA, 300, NOW).until == NOW + 900
    assert air.keeper.standing(ANNA.ip, NOW).can_extend
    air.keeper.limit(ANNA, Limits(down_per_s=5_000), NOW)
    assert air.gate.guests[ANNA].limits == Limits(down_per_s=5_000)
    assert air.keeper.prolong(BO, 60, NOW).until == NOW + 60
    (anna, bo) = air.keeper.guests(NOW)
    assert (anna.phone, bo.phone) == (ANNA, BO)
    assert anna.standing.state is State.IN
    air.keeper.end(ANNA, NOW)
    assert ANNA not in air.gate.guests
    assert air.keeper.standing(ANNA.ip, NOW).state is State.HELD
    air.keeper.end(ANNA, NOW)
    with pytest.raises(GateSilent, match="not in"):
        air.keeper.limit(ANNA, Limits(), NOW)


def test_nobody_stays_longer_than_the_gate_allows(air: Air) -> None:
    assert air.keeper.let_in(ANNA.ip, Grant("code", LONGEST_S), NOW).until == NOW + LONGEST_S
    assert air.keeper.prolong(ANNA, 600, NOW).until == NOW + LONGEST_S


def test_rows_of_staff_are_by_address_as_numbers(air: Air) -> None:
    for last in (100, 9, 23):
        phone = Phone(f"02:00:00:00:01:{last:02x}", f"10.77.0.{last}")
        air.macs[phone.ip] = phone.mac
        air.keeper.let_in(phone.ip, CLICK, NOW)
    assert [row.phone.ip for row in air.keeper.guests(NOW)] == ["10.77.0.9", "10.77.0.23", "10.77.0.100"]


def test_what_the_gate_does_by_itself_is_known_within_a_look(air: Air) -> None:
    watching = Watching(air.keeper, lambda: NOW, every_s=0.05)
    watching.begin()
    try:
        air.keeper.let_in(ANNA.ip, CLICK, NOW)
        del air.gate.guests[ANNA]
        waited = threading.Event()
        for _ in range(100):
            if air.keeper.standing(ANNA.ip, NOW).state is State.HELD:
                break
            waited.wait(0.05)
        assert air.keeper.standing(ANNA.ip, NOW).state is State.HELD
    finally:
        watching.close()


def test_the_kernels_table_gives_the_phones_that_it_has_an_answer_from(tmp_path: Path) -> None:
    table = tmp_path / "arp"
    table.write_text(
        "IP address       HW type     Flags       HW address            Mask     Device\n"
        "10.77.0.21       0x1         0x2         02:00:00:00:00:0A     *        guests\n"
        "10.77.0.22       0x1         0x0         00:00:00:00:00:00     *        guests\n"
        "10.77.0.23       0x1         0x6         02:00:00:00:00:0c     *        guests\n"
        "10.77.0.24       0x1         what        02:00:00:00:00:0d     *        guests\n"
        "broken\n"
    )
    assert neighbours(table) == {"10.77.0.21": "02:00:00:00:00:0a", "10.77.0.23": "02:00:00:00:00:0c"}
    assert neighbours(tmp_path / "nothing") == {}


def test_without_a_gate_nobody_is_let_in() -> None:
    keeper: Keeper = NoGate()
    assert not keeper.has_gate
    with pytest.raises(GateSilent):
        keeper.let_in(ANNA.ip, CLICK, NOW)

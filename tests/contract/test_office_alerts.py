"""Habits at the counter that a manager should look at; the hours of the shop; memberships of staff."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from werkzeug.datastructures import MultiDict

from hub.alerts import look_at_counter
from hub.client.warnings import Shown
from hub.people import add_manager, add_staff, set_own_member
from hub.store.records import StaffMember
from hub.wire.conditions import Hours
from hub.wire.snapshot import Shop
from tests.hub_house import NOON, House, HouseNode, alone
from tests.hub_office import PASSWORD, Office, words


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    house = House(tmp_path)
    add_manager(house.store, "Ines", PASSWORD, NOON, who="test")
    made = Office(house)
    made.log_in()
    yield made
    house.close()


@pytest.fixture
def till(office: Office) -> HouseNode:
    return office.house.node()


def crew(office: Office, *names: str) -> None:
    for name in names:
        office.house.store.people.add_staff(StaffMember(name, name.title(), "", True, NOON))


def alerts(office: Office) -> dict[str, Shown]:
    return {one.shown.code: one.shown for one in look_at_counter(office.house.store, office.house.now)}


def redeem_many(till: HouseNode, count: int, staff: str = "ann", member: str = "") -> list[str]:
    nonces = []
    for place in range(count):
        fact, _ = till.mint()
        nonce = f"{staff}-{member[:4]}-{place}-{fact.serial[:6]}"
        till.report(fact, alone(fact, nonce, staff=staff, member=member, till=till.device))
        nonces.append(nonce)
    return nonces


def test_a_quiet_day_has_no_alerts(office: Office, till: HouseNode) -> None:
    crew(office, "ann")
    redeem_many(till, 4)
    redeem_many(till, 2, member="member-0001")
    assert alerts(office) == {}


def test_many_redemptions_by_one_person_for_one_member_are_told(office: Office, till: HouseNode) -> None:
    crew(office, "ann", "ben")
    redeem_many(till, 2, "ben", "member-0001")
    redeem_many(till, 3, "ann", "member-0001")
    told = alerts(office)["one-member"]
    assert told.subject == "Ann"
    assert "3 times in 24 hours, 15.00 EUR" in told.sentence("en")
    assert "24 小时内 3 次" in told.sentence("zh")
    assert told.since == NOON
    said = words(office.get("/"))
    assert "Ann redeemed often for one and the same member" in said
    assert "member-0001" not in said, (
        "which member it is stands in the list of redemptions, not on the first page"
    )


def test_redeeming_for_the_own_account_is_told(office: Office, till: HouseNode) -> None:
    crew(office, "ann")
    set_own_member(office.house.store, "ann", "member-0009", NOON, who="test")
    redeem_many(till, 1, "ann", "member-0009")
    assert "once in 7 days" in alerts(office)["own-account"].sentence("en")


def test_redeeming_while_the_shop_is_closed_is_told(office: Office, till: HouseNode) -> None:
    crew(office, "ann")
    shop = office.house.store.shop.get()
    assert shop is not None
    redeem_many(till, 1)
    # It is a Wednesday, 12:06 on the shop's clock; closing time is forgiven for half an hour.
    for hours, told in (
        ((), False),
        ((Hours(tuple(range(7)), 540, 1_080),), False),
        ((Hours(tuple(range(7)), 540, 700),), False),
        ((Hours(tuple(range(7)), 540, 660),), True),
        ((Hours((5, 6), 0, 1_440),), True),
    ):
        office.house.store.shop.save(msgspec.structs.replace(shop, hours=hours), NOON)
        assert ("after-hours" in alerts(office)) is told, hours


def test_many_reversals_by_one_person_are_told(office: Office, till: HouseNode) -> None:
    crew(office, "ann")
    for place in range(3):
        fact, token = till.mint()
        till.report(fact)
        assert till.redeem(token, f"redeem-no-{place}").accepted
        assert till.reverse(f"redeem-no-{place}", f"back-no-{place}").reversed
    told = alerts(office)["many-reversals"]
    assert "3 times in 24 hours" in told.sentence("en")
    assert "one-member" not in alerts(office)


def test_many_wrong_codes_are_told(office: Office, till: HouseNode) -> None:
    crew(office, "ann")
    for _ in range(6):
        assert till.redeem("not a code").refusal == "bad_code"
    assert alerts(office)["wrong-codes"].severity == "note"


def test_an_alert_fades_after_a_week(office: Office, till: HouseNode) -> None:
    crew(office, "ann")
    redeem_many(till, 8, "ann", "member-0001")
    office.house.now += 2 * 86_400
    assert "7 days" in alerts(office)["one-member"].sentence("en")
    office.house.now += 6 * 86_400
    assert alerts(office) == {}


def test_the_shops_hours_are_typed_on_its_page(office: Office) -> None:
    shop = office.house.store.shop.get()
    assert shop is not None
    form: MultiDict[str, str] = MultiDict(
        {
            "name_en": "Corner",
            "timezone": "Europe/Berlin",
            "currency": "EUR",
            "hours_0": "9-18",
            "hours_5": "10-14",
        }
    )
    form.setlist("languages", ["en", "zh"])
    assert office.post("/shop", form).status_code == 303
    kept = office.house.store.shop.get()
    assert isinstance(kept, Shop)
    assert kept.hours == (Hours((0,), 540, 1_080), Hours((5,), 600, 840))
    form["hours_0"] = "always"
    wrong = office.post("/shop", form)
    assert wrong.status_code == 422
    assert 'value="always"' in wrong.get_data(as_text=True)


def test_staff_get_a_membership_of_their_own(office: Office) -> None:
    add_staff(office.house.store, "Mina", "480915", NOON, who="test", pepper=bytes(32))
    form = {"action": "own-member", "member_s1": "member-0042"}
    assert office.post("/staff/s1", form, page="/staff").status_code == 303
    assert office.house.store.people.staff()[0].member == "member-0042"
    assert "member-0042" in words(office.get("/staff"))
    wrong = office.post("/staff/s1", {"action": "own-member", "member_s1": "?"}, page="/staff")
    assert wrong.status_code == 422
    assert "8 to 40 letters" in words(wrong)

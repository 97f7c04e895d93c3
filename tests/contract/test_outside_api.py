"""What other programs ask: with a key that has the right, of their own shop, and each change once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hub_house import NOON, campaign
from outside_office import ALL, OTHER, OutsideOffice, terms

from hub.outside.keys import end_key
from hub.outside.operations import OPERATIONS
from hub.work import submit


@pytest.fixture
def office(tmp_path: Path) -> Iterator[OutsideOffice]:
    made = OutsideOffice(tmp_path)
    yield made
    made.close()


def test_a_key_reads_its_own_shop(office: OutsideOffice) -> None:
    mine, theirs = office.key("read"), office.key("read", shop=OTHER)
    assert office.ask("GET", "/shop", mine).get_json()["number"] == 7
    assert office.ask("GET", "/shop", theirs).get_json() == {
        "number": 8,
        "name": {"en": "Elsewhere", "zh": "别处"},
        "timezone": "Asia/Shanghai",
        "currency": "CNY",
        "languages": ["en", "zh"],
    }
    assert [one["number"] for one in office.ask("GET", "/campaigns", mine).get_json()["items"]] == [1]
    assert office.ask("GET", "/campaigns", theirs).get_json() == {"items": [], "next": None}
    assert office.ask("GET", "/campaigns/1", theirs).status_code == 404


def test_without_a_good_key_nothing_is_told(office: OutsideOffice) -> None:
    office.key("read")
    for key in ("", "sbk_", "sbk_aaaaaaaaaaaaaaaa_" + "a" * 40, "nonsense", "ü"):
        response = office.ask("GET", "/shop", key)
        assert (response.status_code, response.mimetype) == (401, "application/problem+json")
        assert response.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_key_that_was_ended_or_has_another_secret_is_refused(office: OutsideOffice) -> None:
    key = office.key("read")
    other = key[:-1] + ("a" if key[-1] != "a" else "b")
    assert office.ask("GET", "/shop", other).status_code == 401
    assert office.ask("GET", "/shop", key).status_code == 200
    (record,) = office.store.outside.all_keys()
    assert record.used_at == NOON
    assert key.rpartition("_")[2] not in repr(record)
    assert end_key(office.store, record.id, "Ada", NOON + 5)
    assert office.ask("GET", "/shop", key).status_code == 401
    assert [entry.what for entry in office.store.people.audit(limit=2)] == ["api_key.ended", "api_key.made"]


def test_a_key_of_one_shop_cannot_be_ended_from_another(office: OutsideOffice) -> None:
    key = office.key("read")
    (record,) = office.store.outside.all_keys()
    assert not end_key(office.store.of_shop(OTHER), record.id, "Bo", NOON)
    assert office.ask("GET", "/shop", key).status_code == 200


def test_every_operation_needs_its_right_and_a_refused_change_is_written_down(office: OutsideOffice) -> None:
    written: list[tuple[str, str]] = []
    for operation in OPERATIONS:
        path = operation.path.format(number=1, serial="0" * 16, device="kiosk-1", message=1, member="a" * 32)
        right = operation.right.value
        key = office.key(*(scope for scope in ALL if scope != right), name="Curious")
        response = office.ask(operation.method, path, key, {})
        assert (response.status_code, response.get_json()["code"]) == (403, "not_allowed"), operation.name
        assert right in response.get_json()["detail"]
        assert office.ask(operation.method, path, "", {}).status_code == 401
        written += [("Curious", operation.name), ("nobody", operation.name)] if operation.writes else []
    refused = [entry for entry in office.store.people.audit(limit=500) if entry.what == "api.refused"]
    assert [(entry.who.partition(" ")[0], entry.subject) for entry in reversed(refused)] == written
    assert len(written) > 20


def test_refused_changes_without_a_key_cannot_fill_the_record(office: OutsideOffice) -> None:
    for _ in range(70):
        assert office.ask("POST", "/campaigns", "", terms()).status_code == 401
    refused = [entry for entry in office.store.people.audit(limit=200) if entry.what == "api.refused"]
    assert len(refused) == 60


def test_an_offer_is_drafted_changed_and_published(office: OutsideOffice) -> None:
    key = office.key("read", "campaign_edit", "campaign_publish")
    made = office.ask("POST", "/campaigns", key, terms())
    assert made.status_code == 201, made.get_json()
    shown = made.get_json()
    assert (shown["state"], shown["title"], shown["value"]["cents"]) == (
        "draft",
        {"en": "Coffee", "zh": "咖啡"},
        150,
    )
    path = f"/campaigns/{shown['number']}"
    changed = office.ask(
        "PUT",
        path,
        key,
        {"version": shown["version"], "terms": terms(value={"kind": "percent", "percent": 20})},
    )
    assert changed.get_json()["version"] == shown["version"] + 1
    late = office.ask("PUT", path, key, {"version": shown["version"], "terms": terms()})
    assert (late.status_code, late.get_json()["code"]) == (409, "changed_since")
    assert office.ask("POST", f"{path}/turns", key, {"action": "publish"}).get_json()["state"] == "published"
    assert office.ask("GET", path, key).get_json()["value"] == {"kind": "percent", "cents": 0, "percent": 20}
    drafter = office.key("read", "campaign_edit")
    again = office.ask("PUT", path, drafter, {"version": shown["version"] + 2, "terms": terms()})
    assert again.status_code == 409, "who may only draft must not change what runs"
    who = [entry.who for entry in office.store.people.audit() if entry.what.startswith("offer.")]
    assert all(name.startswith("Cash desk (key ") for name in who)
    assert len(who) == 3


def test_terms_that_cannot_hold_are_refused_with_what_is_wrong(office: OutsideOffice) -> None:
    key = office.key("campaign_edit")
    for change, status in (
        ({"ends_at": 1}, 422),
        ({"title": {}}, 422),
        ({"value": {"kind": "voucher", "cents": 100}}, 422),
        ({"next_visit": 99}, 422),
        ({"gtin": "123"}, 422),
        ({"title": {"en": ""}}, 400),
        ({"starts_at": 2**70}, 400),
        ({"issue_limit": 0}, 400),
        ({"value": {"kind": "joy"}}, 400),
        ({"title": {"fr": "Café"}}, 400),
    ):
        response = office.ask("POST", "/campaigns", key, terms(**change))
        assert response.status_code == status, (change, response.get_json())
        assert response.get_json()["detail"].endswith(".")
    assert [record.number for record in office.store.campaigns.all()] == [1]


def test_the_same_request_twice_changes_once_and_gets_the_same_answer(office: OutsideOffice) -> None:
    key = office.key("campaign_edit", "device", "api_keys", "read")
    first = office.ask("POST", "/campaigns", key, terms(), Idempotency_Key="order-1")
    again = office.ask("POST", "/campaigns", key, terms(), Idempotency_Key="order-1")
    assert (again.status_code, again.get_json()) == (201, first.get_json())
    assert again.headers["Idempotency-Replayed"] == "true"
    assert len(office.store.campaigns.all()) == 2
    other = office.ask("POST", "/campaigns", key, terms(rotating=True), Idempotency_Key="order-1")
    assert (other.status_code, other.get_json()["code"]) == (422, "key_used")
    somebody = office.key("campaign_edit")
    assert office.ask("POST", "/campaigns", somebody, terms(), Idempotency_Key="order-1").status_code == 201
    assert len(office.store.campaigns.all()) == 3
    assert office.ask("POST", "/campaigns", key, terms(), Idempotency_Key="ü").status_code == 400


def test_a_secret_answer_is_given_again_and_stands_nowhere_to_be_read(office: OutsideOffice) -> None:
    key = office.key("device")
    first = office.ask("POST", "/devices/pairings", key, {"program": "kiosk"}, Idempotency_Key="pair-1")
    again = office.ask("POST", "/devices/pairings", key, {"program": "kiosk"}, Idempotency_Key="pair-1")
    assert first.status_code == 201
    assert again.get_json() == first.get_json()
    kept = office.store.outside.answer(key.split("_")[1], "pair-1")
    assert kept is not None
    assert first.get_json()["code"].encode() not in kept[2]


def test_pages_of_a_list_have_everything_once(office: OutsideOffice) -> None:
    key = office.key("read")
    for number in range(2, 12):
        office.store.campaigns.save(campaign(number), "draft", NOON, "test")
    till = office.house.node()
    coupons = [till.mint() for _ in range(7)]
    till.report(*(fact for fact, _ in coupons))
    for place, (_, token) in enumerate(coupons):
        assert till.redeem(token, f"nonce-{place:03}").accepted
    for path, name, count in (("/campaigns", "number", 11), ("/redemptions", "serial", 7)):
        seen: list[object] = []
        cursor = ""
        while True:
            page = office.ask("GET", f"{path}?limit=3&cursor={cursor}", key).get_json()
            assert len(page["items"]) <= 3
            seen += [item[name] for item in page["items"]]
            if page["next"] is None:
                break
            cursor = page["next"]
        assert len(seen) == len(set(seen)) == count
    assert office.ask("GET", "/redemptions?cursor=x", key).status_code == 400
    assert office.ask("GET", "/redemptions?limit=0", key).status_code == 400
    assert office.ask("GET", "/redemptions?campaign=2", key).get_json()["items"] == []
    assert office.ask("GET", f"/redemptions?since={int(NOON) + 1}", key).get_json()["items"] == []


def test_a_coupon_is_looked_up_without_its_code_and_called_back(office: OutsideOffice) -> None:
    till = office.house.node()
    fact, token = till.mint()
    till.report(fact)
    key = office.key("read", "campaign_publish")
    shown = office.ask("GET", f"/coupons/{fact.serial}", key)
    assert shown.get_json()["state"] == "good"
    assert fact.code not in shown.get_data(as_text=True)
    back = office.ask("POST", f"/coupons/{fact.serial}/call-back", key, {"reason": "Printed twice"})
    assert back.get_json()["state"] == "called_back"
    assert till.redeem(token, "nonce-001").refusal == "revoked"
    theirs = office.key("read", "campaign_publish", shop=OTHER)
    assert office.ask("GET", f"/coupons/{fact.serial}", theirs).status_code == 404
    assert (
        office.ask("POST", f"/coupons/{fact.serial}/call-back", theirs, {"reason": "no"}).status_code == 404
    )


def test_a_coupon_is_taken_once_for_each_request(tmp_path: Path) -> None:
    office = OutsideOffice(tmp_path, with_site=True)
    try:
        assert office.hub.site is not None
        office.hub.site.exchange.once()
        key = office.key("campaign_publish", "read")
        first = office.ask("POST", "/coupons", key, {"campaign": 1}, Idempotency_Key="basket-7")
        assert first.status_code == 201, first.get_json()
        again = office.ask("POST", "/coupons", key, {"campaign": 1}, Idempotency_Key="basket-7")
        assert again.get_json() == first.get_json()
        other = office.ask("POST", "/coupons", key, {"campaign": 1}, Idempotency_Key="basket-8")
        assert other.get_json()["serial"] != first.get_json()["serial"]
        office.hub.site.exchange.once()
        till = office.house.node()
        assert till.redeem(first.get_json()["token"], "nonce-001").accepted
        assert office.ask("POST", "/coupons", key, {"campaign": 9}).status_code == 404
        theirs = office.key("campaign_publish", shop=OTHER)
        assert office.ask("POST", "/coupons", theirs, {"campaign": 1}).status_code == 404
    finally:
        office.close()


def test_devices_reports_and_people_are_those_of_the_shop(office: OutsideOffice) -> None:
    till = office.house.node()
    key = office.key("read", "device", "people")
    theirs = office.key("read", "device", "people", shop=OTHER)
    assert [one["device"] for one in office.ask("GET", "/devices", key).get_json()["items"]] == [till.device]
    assert office.ask("GET", "/devices", theirs).get_json()["items"] == []
    assert office.ask("POST", f"/devices/{till.device}/withdraw", theirs, {}).status_code == 404
    assert office.ask("POST", f"/devices/{till.device}/withdraw", key, {}).status_code == 200
    assert office.ask("POST", f"/devices/{till.device}/withdraw", key, {}).status_code == 409
    assert till.post("/v1/sync", b"{}").status == 403
    report = office.ask("GET", "/report?first_day=2026-11-01&last_day=2026-11-30", key).get_json()
    assert (report["shop"], report["timezone"]) == (7, "Europe/Berlin")
    assert office.ask("GET", "/report?first_day=2026-99-01", key).status_code == 422
    assert office.ask("GET", "/visits?first_day=2026-11-02&last_day=2026-11-01", key).status_code == 422
    assert office.ask("GET", "/people", key).get_json()["items"] == []


def test_what_is_not_there_is_a_problem_too(office: OutsideOffice) -> None:
    key = office.key("read")
    assert office.ask("GET", "/nothing", key).get_json()["code"] == "not_here"
    wrong_way = office.ask("DELETE", "/campaigns", key)
    assert (wrong_way.status_code, wrong_way.headers["Allow"]) == (405, "GET, POST")
    assert office.ask("GET", "/campaigns/0", key).status_code == 404
    assert office.ask("GET", f"/campaigns/{10**30}", key).status_code == 404
    assert office.ask("GET", "/coupons/ZZ", key).status_code == 404


def test_work_is_cancelled_by_who_may_ask_for_it(office: OutsideOffice) -> None:
    made = submit(office.store, "rebuild", {}, "Ada", NOON)
    path = f"/work/{made.id}/cancel"
    assert office.ask("POST", path, office.key("read", name="Curious"), {}).status_code == 403
    (refused,) = [entry for entry in office.store.people.audit() if entry.what == "api.refused"]
    assert (refused.who.partition(" ")[0], refused.subject) == ("Curious", "cancelWork")
    done = office.ask("POST", path, office.key("read", "backup"), {})
    assert (done.status_code, done.get_json()["state"]) == (200, "cancelled")
    listed = office.ask("GET", "/work", office.key("read")).get_json()["items"]
    assert [(one["number"], one["kind"], one["state"]) for one in listed] == [(1, "rebuild", "cancelled")]
    assert office.ask("GET", "/work", office.key("read", shop=OTHER)).get_json()["items"] == []

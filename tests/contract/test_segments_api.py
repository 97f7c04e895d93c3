"""Segments for other programs: `/api/v1/segments`, each answer checked against the document."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.folding import fold
from hub.ingest import append_own
from hub.ledger import write_fact
from hub.segments.counting import count
from hub.segments.refreshing import refresh
from hub.store.base import Store
from hub.wire.events import KIND_OF, Fact
from tests.contract.test_segments_fresh import joined, paid
from tests.hub_house import NOON
from tests.outside_office import OutsideOffice

BUYERS = {"is": "bought", "at_least": 1}


@pytest.fixture
def office(tmp_path: Path) -> Iterator[OutsideOffice]:
    made = OutsideOffice(tmp_path)
    for number in range(12):
        tell(made.store, joined(f"{number:032x}"))
        if number % 2:
            tell(made.store, paid(str(number), f"{number:032x}"))
    yield made
    made.close()


def tell(store: Store, fact: Fact) -> None:
    with store.writing():
        fold(store.ledger, [append_own(store, KIND_OF[type(fact)], write_fact(fact), NOON, "ntp")])


def settle(store: Store) -> None:
    count(store, lambda: NOON)
    while refresh(store, NOON):
        pass


def test_a_program_defines_a_segment_and_follows_who_comes_and_leaves(office: OutsideOffice) -> None:
    key = office.key("read", "campaign_edit", "members", "import_data")
    made = office.ask("POST", "/segments", key, {"name": "Buyers", "definition": BUYERS})
    assert made.status_code == 201
    assert made.get_json()["size"] is None
    settle(office.store)
    (shown,) = office.ask("GET", "/segments", key).get_json()["items"]
    assert (shown["size"], shown["counting"], shown["definition"]) == (6, False, BUYERS)
    members = office.ask("GET", "/segments/1/members", key).get_json()
    assert members == {"items": [f"{number:032x}" for number in range(1, 12, 2)], "next": None}
    page = office.ask("GET", "/segments/changes", key).get_json()
    assert len(page["items"]) == 6
    tell(office.store, paid("late", f"{0:032x}"))
    settle(office.store)
    more = office.ask("GET", f"/segments/changes?cursor={page['next']}", key).get_json()
    assert [(one["segment"], one["entered"]) for one in more["items"]] == [("Buyers", True)]
    again = office.ask("GET", f"/segments/changes?cursor={more['next']}", key).get_json()
    assert again == {"items": [], "next": more["next"]}


def test_it_is_changed_only_by_who_has_seen_it(office: OutsideOffice) -> None:
    key = office.key("read", "campaign_edit", "members")
    office.ask("POST", "/segments", key, {"name": "Buyers", "definition": BUYERS})
    settle(office.store)
    other = {"name": "Buyers", "definition": {"is": "bought", "at_most": 0}, "version": 1}
    changed = office.ask("PUT", "/segments/1", key, other).get_json()
    assert (changed["version"], changed["counting"], changed["size"]) == (2, True, 6)
    assert office.ask("PUT", "/segments/1", key, other).status_code == 409
    assert office.ask("DELETE", "/segments/1", key).status_code == 200
    assert office.ask("GET", "/segments/1", key).status_code == 404


def test_few_are_no_number_for_who_may_not_see_members(office: OutsideOffice) -> None:
    key = office.key("read", "campaign_edit")
    office.ask("POST", "/segments", key, {"name": "Buyers", "definition": BUYERS})
    settle(office.store)
    assert office.ask("GET", "/segments/1", key).get_json()["size"] is None
    seen = office.ask("POST", "/segments/preview", key, {"definition": BUYERS}).get_json()
    assert (seen["size"], seen["sample"]) == (None, [])
    everybody = office.ask(
        "POST", "/segments/preview", key, {"definition": {"is": "joined", "at_least": 0}}
    ).get_json()
    assert (everybody["size"], everybody["sample"]) == (12, [])
    assert office.ask("GET", "/segments/1/members", key).status_code == 403
    assert office.ask("GET", "/segments/changes", key).status_code == 403


@pytest.mark.parametrize(
    "definition", [{}, {"is": "came"}, {"is": "x"}, {"is": "came", "at_least": "2"}, {"is": "all", "of": []}]
)
def test_what_is_no_definition_is_told(office: OutsideOffice, definition: dict[str, object]) -> None:
    key = office.key("read", "campaign_edit")
    answer = office.ask("POST", "/segments", key, {"name": "X", "definition": definition})
    assert answer.status_code == 422
    assert "no definition" in answer.get_json()["detail"]


def test_a_list_is_put_by_a_program_and_strangers_are_named(office: OutsideOffice) -> None:
    key = office.key("read", "campaign_edit", "members", "import_data")
    office.ask("POST", "/segments", key, {"name": "Invited", "definition": {"is": "listed"}})
    settle(office.store)
    ids = [f"{1:032x}", "f" * 32]
    kept = office.ask("POST", "/segments/1/list", key, {"members": ids}).get_json()
    assert kept == {"listed": 1, "unknown": ["f" * 32]}
    settle(office.store)
    assert office.ask("GET", "/segments/1/members", key).get_json()["items"] == [f"{1:032x}"]

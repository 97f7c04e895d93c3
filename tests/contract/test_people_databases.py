"""What the store keeps of how managers prove who they are, the same on SQLite and on PostgreSQL, and for one shop only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from hub.people import add_manager
from hub.roles import Role
from hub.signing.login import LoggedIn, begin_session, session_of
from hub.signing.passwords import token_hash
from hub.signing.sessions import own_sessions
from hub.store.person_records import InvitationRecord, PasskeyRecord, TicketRecord, TotpRecord
from hub.wire.snapshot import Shop
from tests.hub_house import NOON, House
from tests.hub_office import PASSWORD
from tests.postgres_server import PostgresServer, postgres_server


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with postgres_server() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgres"])
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    database = request.getfixturevalue("server").fresh() if request.param == "postgres" else ""
    made = House(tmp_path, database)
    assert add_manager(made.store, "Ines", PASSWORD, NOON, who="shell", role=Role.MANAGER) is None
    yield made
    made.close()


TOTP = TotpRecord("Ines", "SBS1…", NOON, None, -1)
KEY = PasskeyRecord("Y3JlZA", "Ines", "aGFuZGxl", "cHVibGlj", 0, "My phone", NOON, None)
INVITATION = InvitationRecord("ab" * 32, "editor", "Bo", "Ines", NOON, NOON + 60)
TICKET = TicketRecord("cd" * 32, "second step", "Ines", "", NOON + 60)


def test_roles(house: House) -> None:
    persons = house.store.persons
    assert (persons.role("Ines"), persons.role("Nobody")) == ("manager", None)
    persons.set_role("Ines", "owner")
    assert persons.roles() == {"Ines": "owner"}
    assert not persons.second_step_required()
    for required in (True, False):
        persons.require_second_step(required)
        assert persons.second_step_required() is required


def test_a_step_is_spent_with_all_before_it(house: House) -> None:
    persons = house.store.persons
    persons.put_totp(TOTP)
    persons.confirm_totp("Ines", 100, NOON + 1)
    assert persons.totp("Ines") == replace(TOTP, confirmed_at=NOON + 1, last_step=100)
    assert [persons.spend_step("Ines", step) for step in (99, 100, 102, 101, 102)] == [False] * 2 + [True] + [
        False
    ] * 2
    persons.put_totp(TOTP)
    assert persons.totp("Ines") == TOTP


def test_a_recovery_code_is_spent_once(house: House) -> None:
    persons = house.store.persons
    persons.put_recovery_codes("Ines", ["a", "b"], NOON)
    assert [persons.spend_recovery_code("Ines", code) for code in ("a", "a", "c")] == [True, False, False]
    assert persons.recovery_codes("Ines") == 1
    persons.put_recovery_codes("Ines", ["d"], NOON)
    assert not persons.spend_recovery_code("Ines", "b")
    persons.drop_totp("Ines")
    assert persons.recovery_codes("Ines") == 0


def test_passkeys(house: House) -> None:
    persons = house.store.persons
    assert persons.add_passkey(KEY)
    assert not persons.add_passkey(replace(KEY, manager="Otto")), "one credential is one person's"
    persons.use_passkey(KEY.credential, 7, NOON + 5)
    assert persons.passkey(KEY.credential) == replace(KEY, sign_count=7, used_at=NOON + 5)
    assert not persons.drop_passkey("Otto", KEY.credential)
    assert persons.drop_passkey("Ines", KEY.credential)
    assert persons.passkeys("Ines") == []


def test_tickets_and_invitations_are_good_once_and_for_a_while(house: House) -> None:
    persons = house.store.persons
    persons.put_ticket(TICKET, NOON)
    assert persons.ticket(TICKET.ticket_hash, "another kind", NOON) is None
    assert persons.ticket(TICKET.ticket_hash, TICKET.kind, NOON + 60) is None
    assert persons.take_ticket(TICKET.ticket_hash, TICKET.kind, NOON) == TICKET
    assert persons.take_ticket(TICKET.ticket_hash, TICKET.kind, NOON) is None
    assert [persons.spend_once(TICKET, NOON) for _ in range(2)] == [True, False]
    persons.put_invitation(INVITATION)
    assert persons.invitations(NOON + 60) == []
    assert persons.take_invitation(INVITATION.code_hash, NOON) == INVITATION
    assert persons.take_invitation(INVITATION.code_hash, NOON) is None


def test_a_session_says_how_it_began_until_it_ends(house: House) -> None:
    store = house.store
    begun = begin_session(store, "Ines", NOON, way="passkey")
    assert isinstance(begun, LoggedIn)
    session = session_of(store, begun.token, NOON)
    assert session is not None
    assert [line.way for line in own_sessions(store, session, NOON)] == ["passkey"]
    store.persons.prune(NOON)
    assert store.persons.use(token_hash(begun.token)) is not None
    store.people.end_session(token_hash(begun.token))
    store.persons.prune(NOON)
    assert store.persons.use(token_hash(begun.token)) is None


def test_who_is_withdrawn_leaves_a_name_and_nothing_else(house: House) -> None:
    store = house.store
    store.persons.put_totp(TOTP)
    store.persons.add_passkey(KEY)
    begun = begin_session(store, "Ines", NOON)
    assert store.persons.withdraw("Ines", NOON)
    assert not store.persons.withdraw("Ines", NOON)
    assert (store.persons.roles(), store.persons.totp("Ines"), store.persons.passkeys("Ines")) == (
        {},
        None,
        [],
    )
    assert session_of(store, begun.token, NOON) is None
    assert [one.name for one in store.people.managers()] == ["Ines"]


def test_another_shop_of_the_database_knows_nothing_of_it(house: House) -> None:
    other = house.store.of_shop(house.store.shop.number + 1)
    other.shop.save(Shop(house.store.shop.number + 1, {"en": "Other"}), NOON)
    store = house.store
    store.persons.put_totp(TOTP)
    store.persons.add_passkey(KEY)
    store.persons.put_invitation(INVITATION)
    store.persons.put_ticket(TICKET, NOON)
    store.persons.require_second_step(True)
    begun = begin_session(store, "Ines", NOON)
    assert session_of(other, begun.token, NOON) is None
    assert (other.persons.roles(), other.persons.totp("Ines"), other.persons.passkey(KEY.credential)) == (
        {},
        None,
        None,
    )
    assert other.persons.take_invitation(INVITATION.code_hash, NOON) is None
    assert other.persons.take_ticket(TICKET.ticket_hash, TICKET.kind, NOON) is None
    assert not other.persons.second_step_required()
    assert not other.persons.withdraw("Ines", NOON)
    assert store.persons.totp("Ines") == TOTP

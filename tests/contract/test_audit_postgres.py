"""The record of changes on PostgreSQL: nobody edits it, and whoever does in spite of that is found."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from postgres_server import PostgresServer, postgres_server

from hub.store.postgres import PostgresStore
from hub.store.records import AuditEntry
from hub.wire.snapshot import Shop

NOW = 1_795_000_000.0


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with postgres_server() as server:
        yield server


@pytest.fixture
def store(server: PostgresServer) -> Iterator[PostgresStore]:
    store = PostgresStore(server.fresh())
    store.shop.save(Shop(1, {"en": "Corner"}), NOW)
    for number in range(3):
        store.people.note(AuditEntry(NOW + number, "Ada", "offer.paused", f"{number}", "{}", "{}", '{"x":1}'))
    yield store
    store.close()


@pytest.mark.parametrize(
    "statement",
    ["UPDATE audit SET who = 'Bo'", "DELETE FROM audit WHERE position = 2", "TRUNCATE audit"],
)
def test_no_statement_changes_a_row_or_takes_it_away(store: PostgresStore, statement: str) -> None:
    with (
        psycopg.connect(store.pool.url, autocommit=True) as conn,
        pytest.raises(psycopg.Error, match="record of changes is never"),
    ):
        conn.execute(statement)
    chain = store.people.audit_chain()
    assert (chain.rows, chain.broken) == (3, None)


def test_a_row_that_somebody_changed_without_the_triggers_is_found(store: PostgresStore) -> None:
    with psycopg.connect(store.pool.url, autocommit=True) as conn:
        conn.execute("ALTER TABLE audit DISABLE TRIGGER USER")
        conn.execute("UPDATE audit SET who = 'Bo' WHERE position = 2")
    broken = store.people.audit_chain().broken
    assert broken is not None
    assert (broken.position, broken.entry.who) == (2, "Bo")

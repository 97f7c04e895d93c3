"""Our SQL in PostgreSQL's words."""

from __future__ import annotations

import pytest

from hub.store.dialect import for_postgres


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("SELECT a FROM t WHERE b = ? AND c LIKE '50%?'", "SELECT a FROM t WHERE b = %s AND c LIKE '50%%?'"),
        ("SELECT 7 % 2, 'it''s 1?'", "SELECT 7 %% 2, 'it''s 1?'"),
        ("SELECT max(at) FROM t", "SELECT max(at) FROM t"),
        ("SELECT max(t.a, ?)", "SELECT greatest(t.a, %s)"),
        (
            "SELECT min(coalesce(a, ?), ?, coalesce((SELECT min(b) FROM t), ?))",
            "SELECT least(coalesce(a, %s), %s, coalesce((SELECT min(b) FROM t), %s))",
        ),
        ("SELECT CAST(at / 900 AS INTEGER)", "SELECT CAST(trunc(at / 900) AS BIGINT)"),
        (
            "SELECT CAST(? AS INTEGER) IS NULL, CAST(? AS TEXT)",
            "SELECT CAST(%s AS BIGINT) IS NULL, CAST(%s AS TEXT)",
        ),
        (
            """CREATE TABLE t (n INTEGER PRIMARY KEY,
               text TEXT NOT NULL, at REAL, b BLOB, c INTEGER DEFAULT 0)""",
            """CREATE TABLE t (n BIGINT PRIMARY KEY,
               text TEXT COLLATE "C" NOT NULL, at DOUBLE PRECISION, b BYTEA, c BIGINT DEFAULT 0)""",
        ),
        (
            "CREATE TABLE t (shop INTEGER, PRIMARY KEY (shop)) WITHOUT ROWID",
            "CREATE TABLE t (shop BIGINT, PRIMARY KEY (shop))",
        ),
        (
            "ALTER TABLE t ADD COLUMN m TEXT NOT NULL DEFAULT 'TEXT'",
            "ALTER TABLE t ADD COLUMN m TEXT COLLATE \"C\" NOT NULL DEFAULT 'TEXT'",
        ),
        (
            "INSERT INTO t VALUES (?) ON CONFLICT DO NOTHING",
            "INSERT INTO t VALUES (%s) ON CONFLICT DO NOTHING",
        ),
    ],
)
def test_a_statement_is_put_in_postgresqls_words(ours: str, theirs: str) -> None:
    assert for_postgres(ours) == theirs


def test_the_view_of_events_is_made_with_postgresqls_own_json() -> None:
    theirs = for_postgres("CREATE VIEW event AS SELECT 1 FROM journal j, json_each(j.texts) e")
    assert "json_array_elements" in theirs
    assert "json_each" not in theirs


def test_a_parenthesis_that_is_never_closed_is_told() -> None:
    with pytest.raises(ValueError, match="parenthesis is open"):
        for_postgres("SELECT max(a, b")

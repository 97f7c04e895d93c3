"""Tells SQLite's query planner what it cannot know in an empty file: the shop alone narrows nothing.

Every key begins with the shop, and a file holds one shop. Without statistics SQLite takes the first column of any key to be a
good one, and then walks a whole table by `shop` where an index on shop and code stands beside it. So the statistics are
written when the tables are made, as for a shop that has a million rows in each (SQLite, "The ANALYZE Command"; applications
may write `sqlite_stat1`).
"""

from __future__ import annotations

from sqlite_utils import Database

ROWS = 1_000_000
LAST_OF_MANY = 10
"""Rows that share all columns of an index that is not unique."""


def tell_planner(db: Database) -> None:
    """Write the statistics of every key that begins with the shop. Call it when the tables have been made."""
    if getattr(db, "plans_itself", False):
        # PostgreSQL keeps its own statistics (`hub.store.postgres`).
        return
    db.execute("ANALYZE")
    tables = db.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'table'").fetchall()
    for table, made_by in tables:
        without_rowid = "WITHOUT ROWID" in (made_by or "").upper()
        indexes = db.execute("SELECT name, [unique], origin FROM pragma_index_list(?)", (table,)).fetchall()
        for index, unique, origin in indexes:
            columns = [
                row[0] for row in db.execute("SELECT name FROM pragma_index_info(?) ORDER BY seqno", (index,))
            ]
            if columns[0] != "shop" or len(columns) < 2:
                continue
            # The key of a table without row ids has the table's name in the statistics.
            name = table if without_rowid and origin == "pk" else index
            db.execute("DELETE FROM sqlite_stat1 WHERE tbl = ? AND idx = ?", (table, name))
            db.execute(
                "INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES (?, ?, ?)",
                (table, name, statistics(len(columns), unique=bool(unique))),
            )


def statistics(columns: int, *, unique: bool) -> str:
    """How many rows there are, and how many share the first column, the first two, and so on to all of them."""
    shared = [ROWS]
    for place in range(1, columns):
        left = 1 - place / (columns - 1)
        shared.append(max(1 if unique else LAST_OF_MANY, round(ROWS**left)))
    return " ".join(str(number) for number in (ROWS, *shared))

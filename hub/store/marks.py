"""Which steps of its schema a database file has taken: what an update looks at before it lets a new version near it.

Works on a file that any version of ours has written, and changes nothing in it.
"""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing
from pathlib import Path


def marks(path: Path) -> list[str]:
    """The steps that this file has taken, as `set.step`, sorted; none where there is no such file."""
    if not path.exists():
        return []
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        rows = db.execute(
            "SELECT migration_set, name FROM _sqlite_migrations ORDER BY migration_set, name"
        ).fetchall()
    return [f"{migration_set}.{name}" for migration_set, name in rows]


def copy(source: Path, target: Path) -> None:
    """A copy of a file that others may be writing to (sqlite3_backup), readable for its owner alone."""
    target.touch(mode=0o600)
    with (
        closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as db,
        closing(sqlite3.connect(target)) as into,
    ):
        db.backup(into)


def main() -> int:
    """`python -m hub.store.marks FILE` prints the steps, one a line; with a second file it makes a copy."""
    if len(sys.argv) == 3:
        copy(Path(sys.argv[1]), Path(sys.argv[2]))
    else:
        sys.stdout.write("".join(f"{one}\n" for one in marks(Path(sys.argv[1]))))
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""A hub's database at an update: tried on a copy, copied, put back, with what was only in the newer one told and kept aside."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from hub.store.marks import copy, marks

ROOT = Path(__file__).resolve().parents[2]


def hub(folder: Path, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "hub", "--dir", str(folder), *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def backing(command: str, *words: str | Path) -> dict[str, Any]:
    done = backing_said(command, *words)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def backing_said(command: str, *words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "hub.up.backing", command, *map(str, words)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    folder = tmp_path / "hub"
    hub(folder, "init", "--name", "Corner Shop")
    hub(folder, "campaign", "add", "--title", "Before", "--amount", "1.00")
    return folder


@pytest.fixture
def python(tmp_path: Path) -> str:
    """A Python that has our programs, as each version has its own: it is started with nothing of the caller's surroundings."""
    program = tmp_path / "python"
    program.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} "$@"\n')
    program.chmod(0o755)
    return str(program)


STEP = """
import os, sqlite3
with sqlite3.connect(os.environ["HUB_DIR"] + "/hub.db") as db:
    db.execute("CREATE TABLE IF NOT EXISTS later (one INTEGER PRIMARY KEY)")
    if not db.execute("SELECT 1 FROM _sqlite_migrations WHERE migration_set = 'later'").fetchall():
        db.execute("INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('later', 'l001', '')")
"""


@pytest.fixture
def later(tmp_path: Path) -> str:
    """The same as a later version would be: it takes a step of its own on the hub's file before it does anything else."""
    (tmp_path / "step.py").write_text(STEP)
    program = tmp_path / "later"
    program.write_text(
        f'#!/bin/sh\n{sys.executable} {tmp_path}/step.py || exit 1\nPYTHONPATH={ROOT} exec {sys.executable} "$@"\n'
    )
    program.chmod(0o755)
    return str(program)


@pytest.fixture
def broken(tmp_path: Path) -> str:
    program = tmp_path / "broken"
    program.write_text("#!/bin/sh\necho 'no such column: shop' >&2\nexit 1\n")
    program.chmod(0o755)
    return str(program)


def offers(folder: Path) -> list[str]:
    return [one["offer"]["title"]["en"] for one in json.loads(hub(folder, "campaign", "list", "--json"))]


def test_a_version_that_changes_nothing_says_so_and_touches_nothing(
    shop: Path, tmp_path: Path, python: str
) -> None:
    before = {path.name: path.stat().st_mtime_ns for path in shop.iterdir() if path.name != "hub.db-shm"}
    told = backing(
        "rehearse", "--folder", shop, "--work", tmp_path / "work", "--new", python, "--old", python
    )
    assert told == {"changes": False}
    assert {path.name: path.stat().st_mtime_ns for path in shop.iterdir() if path.name in before} == before
    assert list((tmp_path / "work").iterdir()) == []


def test_a_version_that_changes_the_database_does_it_on_the_copy_alone(
    shop: Path, tmp_path: Path, python: str, later: str
) -> None:
    told = backing("rehearse", "--folder", shop, "--work", tmp_path / "work", "--new", later, "--old", python)
    assert told == {"changes": True}
    assert not [one for one in marks(shop / "hub.db") if one.startswith("later")]


def test_a_version_that_cannot_use_the_database_is_found_out_before_anything_is_touched(
    shop: Path, tmp_path: Path, python: str, broken: str
) -> None:
    done = backing_said(
        "rehearse", "--folder", shop, "--work", tmp_path / "work", "--new", broken, "--old", python
    )
    assert done.returncode == 1
    assert "cannot use what this machine keeps: no such column: shop" in done.stderr
    assert list((tmp_path / "work").iterdir()) == []


def test_a_machine_that_keeps_nothing_yet_has_nothing_to_try(tmp_path: Path, python: str) -> None:
    words = ("--folder", tmp_path / "none", "--work", tmp_path / "work", "--new", python, "--old", python)
    for role in ("office", "counter", "door"):
        assert backing("rehearse", "--role", role, *words) == {"changes": False}


def test_what_was_not_changed_is_not_put_back_and_keeps_what_came_meanwhile(
    shop: Path, tmp_path: Path, python: str
) -> None:
    at = backing("keep", "--folder", shop, "--work", tmp_path / "work", "--old", python)["at"]
    hub(shop, "campaign", "add", "--title", "Meanwhile", "--amount", "1.00")
    told = backing("back", "--folder", shop, "--work", tmp_path / "work", "--new", python, "--since", str(at))
    assert told == {"put_back": False}
    assert sorted(offers(shop)) == ["Before", "Meanwhile"]
    assert list((tmp_path / "work").iterdir()) == []


def test_what_was_changed_is_put_back_and_what_is_only_in_it_is_told_and_kept(
    shop: Path, tmp_path: Path, python: str, later: str
) -> None:
    work = tmp_path / "work"
    at = backing("keep", "--folder", shop, "--work", work, "--old", python)["at"]
    subprocess.run([later, "-c", ""], env={**os.environ, "HUB_DIR": str(shop)}, check=True, timeout=60)
    hub(shop, "campaign", "add", "--title", "Meanwhile", "--amount", "1.00")
    told = backing("back", "--folder", shop, "--work", work, "--new", python, "--since", str(at))
    assert told["put_back"] is True
    assert [one["what"] for one in told["changes"]] == ["offer.created"]
    assert offers(shop) == ["Before"]
    assert not [one for one in marks(shop / "hub.db") if one.startswith("later")]
    (aside,) = work.iterdir()
    assert json.loads((aside / "only-here.json").read_text())["changes"] == told["changes"]
    assert sorted(offers(aside)) == ["Before", "Meanwhile"]
    # The copy says of itself that it is one, so the tills are asked to tell again what came since (hub.setback).
    with closing(sqlite3.connect(shop / "hub.db")) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_what_the_new_version_itself_cannot_read_is_kept_and_said(
    shop: Path, tmp_path: Path, python: str, later: str, broken: str
) -> None:
    work = tmp_path / "work"
    at = backing("keep", "--folder", shop, "--work", work, "--old", python)["at"]
    subprocess.run([later, "-c", ""], env={**os.environ, "HUB_DIR": str(shop)}, check=True, timeout=60)
    told = backing("back", "--folder", shop, "--work", work, "--new", broken, "--since", str(at))
    assert told["put_back"] is True
    assert "no such column" in told["unread"]
    assert offers(shop) == ["Before"]
    assert [path.name for path in work.rglob("hub.db")] == ["hub.db"]


def test_a_copy_is_whole_while_somebody_writes_and_is_for_its_owner_alone(shop: Path, tmp_path: Path) -> None:
    target = tmp_path / "copy.db"
    with closing(sqlite3.connect(shop / "hub.db", isolation_level=None)) as writing:
        writing.execute("BEGIN IMMEDIATE")
        copy(shop / "hub.db", target)
        writing.execute("ROLLBACK")
    assert marks(target) == marks(shop / "hub.db") != []
    assert target.stat().st_mode & 0o077 == 0
    assert marks(tmp_path / "none.db") == []

"""Managers by command on the hub's own machine: invited, given roles, removed, and brought back when all is lost."""

from __future__ import annotations

import re
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from hub.signing.joining import accept
from hub.signing.login import LoggedIn, log_in
from hub.store.sqlite import FILE, SqliteStore
from tests.hub_house import NOON, House

PASSWORD, OTHER = "seven green kettles", "nine blue saucers"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    House(tmp_path).close()
    return tmp_path


def hub(folder: Path, *words: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "hub", "--dir", str(folder), *words]
    return subprocess.run(command, input=typed, capture_output=True, text=True, timeout=100, check=False)


@pytest.mark.timeout(240)
def test_a_manager_is_invited_changed_removed_and_brought_back(folder: Path) -> None:
    assert hub(folder, "manager", "add", "Ines", typed=f"{PASSWORD}\n").returncode == 0
    invited = hub(folder, "manager", "invite", "--role", "editor", "--note", "Bo")
    code = invited.stdout.strip()
    assert re.fullmatch(r"[0-9A-Z]{4}(-[0-9A-Z]{4}){2}", code), invited.stderr
    with closing(SqliteStore(folder / FILE)) as store:
        made_at = store.people.audit(1)[0].at
        assert isinstance(accept(store, code, "Bo", OTHER, "here", made_at), LoggedIn)
    assert hub(folder, "manager", "role", "Bo", "manager").returncode == 0
    assert hub(folder, "manager", "list").stdout.split("\n")[:2] == ["Bo  manager", "Ines  owner"]

    last = hub(folder, "manager", "remove", "Ines")
    assert last.returncode == 1
    assert "This is the last owner." in last.stderr
    weak = hub(folder, "manager", "recover", "Ines", typed="password123\n")
    assert (weak.returncode, "Take another." in weak.stderr) == (1, True)
    assert hub(folder, "manager", "recover", "Ines", typed=f"{OTHER}\n").returncode == 0
    assert hub(folder, "manager", "remove", "Bo").returncode == 0
    with closing(SqliteStore(folder / FILE)) as store:
        assert log_in(store, "Ines", PASSWORD, "a", NOON) is None
        assert isinstance(log_in(store, "Ines", OTHER, "b", NOON), LoggedIn)
        assert log_in(store, "Bo", OTHER, "c", NOON) is None
        done = [entry.what for entry in store.people.audit(10)]
    assert done[:2] == ["manager.removed", "manager.recovered"]
    assert "Bo  (not any more)" in hub(folder, "manager", "list").stdout

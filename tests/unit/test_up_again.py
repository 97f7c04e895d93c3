"""`./shopbell test` runs the few tests that failed once more: it has to find their names in what pytest printed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from hub.up.testing import failed_tests

SUITE = """
import pytest

@pytest.mark.parametrize("word", ["a - b", "c d"])
def test_fails(word):
    assert False, "with - a dash"

def test_passes():
    pass

@pytest.fixture
def broken():
    raise OSError("nothing there")

def test_errs(broken):
    pass
"""


def test_the_names_in_pytests_own_summary_run_the_same_tests_again(tmp_path: Path) -> None:
    (tmp_path / "test_some.py").write_text(SUITE)
    printed = _pytest(tmp_path)
    names = failed_tests(printed)
    assert len(names) == 3
    again = _pytest(tmp_path, *names)
    assert "2 failed, 1 error" in again
    assert "passed" not in again


def test_a_run_without_failures_names_nothing(tmp_path: Path) -> None:
    (tmp_path / "test_some.py").write_text("def test_passes(): pass")
    assert failed_tests(_pytest(tmp_path)) == []


def _pytest(folder: Path, *names: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *names],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.stdout

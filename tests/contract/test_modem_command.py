"""`python -m hardware modem`: an installer tries a modem, here one that the same program puts on a line."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.modem_bench import NUMBER, until

ROOT = Path(__file__).resolve().parents[2]


def words(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "hardware", "modem", *arguments]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "ttyModem"
    far = subprocess.Popen(
        words("far-side", str(place), "--text", "您好", "--seconds", "60"), cwd=ROOT, stdout=subprocess.PIPE
    )
    until(place.is_symlink)
    yield place
    far.terminate()
    assert far.communicate(timeout=10)[0].startswith(f"modem:{place} can be opened now.".encode())


def run(*arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        words(*arguments), cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    return done.returncode, done.stdout + done.stderr


def test_an_installer_asks_a_modem_and_sends_with_its_report(place: Path) -> None:
    status, said = run("status", str(place))
    assert (status, said) == (0, f"Modem on {place} (SHOPBELL FAR SIDE)\nNetwork: yes. Signal: -79 dBm.\n")
    status, said = run("send", str(place), NUMBER, "退订 test")
    assert status == 0
    assert "The network took it, in 1 part." in said
    assert f"to {NUMBER}: delivered." in said
    assert f"{NUMBER}: 您好" in said
    status, said = run("send", str(place), "0660", "x")
    assert (status, said.splitlines()[-1]) == (
        1,
        "That is no number in international form, such as +4366012345678.",
    )


def test_a_modem_that_is_not_there_is_told_with_what_to_do(tmp_path: Path) -> None:
    status, said = run("status", str(tmp_path / "none"), "--seconds", "0.5")
    assert status == 1
    assert "is not there. Plug it in" in said
    status, said = run("far-side", str(tmp_path), "--seconds", "1")
    assert status == 1
    assert "is there already" in said

"""What the READMEs say is true: folders have one, settings stand in it, commands exist, the words of the design are found."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PROGRAMS = ("edge", "hardware", "hub", "kiosk")
NOT_OURS = {".venv", ".git", "out", "build", "dist", "shop"}
README_LONGEST = 90
"""A page. Longer, and nobody reads the end of it."""

# Every word of the design that is built has to be found by a newcomer under its own name.
WORDS = (
    *(
        "Advertisement",
        "IBeacon",
        "AltBeacon",
        "EddystoneUid",
        "EddystoneUrl",
        "EddystoneTlm",
        "EddystoneEid",
    ),
    *(
        "Subject",
        "Visit",
        "Offer",
        "Campaign",
        "Snapshot",
        "Coupon",
        "Facts",
        "Accepted",
        "Refused",
        "Refusal",
        "Event",
    ),
)


def readmes() -> list[Path]:
    found = [path for path in ROOT.rglob("README.md") if not NOT_OURS & set(path.relative_to(ROOT).parts)]
    return sorted(
        path for path in found if not any(part.startswith(".") for part in path.relative_to(ROOT).parts[:-1])
    )


def folders_with_code() -> list[Path]:
    """Packages of the product; a folder of templates or pictures belongs to the package above it."""
    return sorted({path.parent for program in PROGRAMS for path in (ROOT / program).rglob("__init__.py")})


@cache
def everything_said() -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in readmes())


@pytest.mark.parametrize("folder", folders_with_code(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_folder_says_what_it_is_for(folder: Path) -> None:
    assert (folder / "README.md").exists(), f"{folder.relative_to(ROOT)} has no README.md"


@pytest.mark.parametrize("path", readmes(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_readme_is_a_page(path: Path) -> None:
    longest = README_LONGEST * 3 if path.parent == ROOT else README_LONGEST
    assert len(path.read_text(encoding="utf-8").splitlines()) <= longest


def settings() -> list[tuple[str, Path]]:
    """Every name in a table of settings: the first text of each `Setting(...)`."""
    found = []
    for program in PROGRAMS:
        for path in sorted((ROOT / program).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Setting" and node.args:
                    first = node.args[0]
                    if isinstance(first, ast.Constant) and isinstance(first.value, str):
                        found.append((first.value, path))
    return found


@pytest.mark.parametrize(("name", "path"), settings(), ids=[name for name, _ in settings()])
def test_a_setting_is_documented_where_its_program_lives(name: str, path: Path) -> None:
    readme = path.parent / "README.md"
    assert readme.exists(), f"{readme.relative_to(ROOT)} is missing"
    assert name in readme.read_text(encoding="utf-8"), f"{name} is not in {readme.relative_to(ROOT)}"


NESTED = {
    "campaign",
    "staff",
    "manager",
    "tag",
    "coupon",
    "ble",
    "wifi",
    "scanner",
    "printer",
    "camera",
    "light",
}
"""Sub-commands that have sub-commands of their own."""


def commands() -> list[tuple[str, ...]]:
    """What the READMEs tell people to type, up to the sub-command."""
    text = everything_said()
    found: set[tuple[str, ...]] = set()
    for words in re.findall(r"(?:\./|`)shopbell +([a-z]+)", text):
        found.add(("hub.up.cli", words))
    for module, rest in re.findall(
        r"python -m ((?:hub|edge|kiosk|hardware)[a-z.]*)((?: [a-z][a-z|-]*)*)", text
    ):
        words = rest.split()[:2]
        firsts = words[0].split("|") if words else [""]
        for first in firsts:
            nested = words[1:2] if module in ("hub", "hardware") and first in NESTED else []
            for second in nested[0].split("|") if nested else [""]:
                found.add(tuple(filter(None, (module, first, second))))
    return sorted(found)


@pytest.mark.parametrize("command", commands(), ids=" ".join)
def test_a_command_of_the_readmes_exists(command: tuple[str, ...], tmp_path: Path) -> None:
    module, *words = command
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", module, *words, "--help"],
        cwd=tmp_path,
        env=env,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr[-500:]
    assert "usage" in done.stdout.lower()


@cache
def names_defined() -> frozenset[str]:
    names: set[str] = set()
    for program in PROGRAMS:
        for path in (ROOT / program).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ClassDef):
                    names.add(node.name)
    return frozenset(names)


@pytest.mark.parametrize("word", WORDS)
def test_a_word_of_the_design_is_found_under_its_own_name(word: str) -> None:
    assert word in names_defined()


def test_no_readme_points_into_a_machine_of_ours() -> None:
    for path in readmes():
        assert not re.search(r"(?<![\w.])/(work|home|root)/", path.read_text(encoding="utf-8")), path


@pytest.mark.parametrize("path", readmes(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_link_of_a_readme_leads_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", path.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (path.parent / target).exists(), (
                f"{path.relative_to(ROOT)} links to {target}, which is not there"
            )

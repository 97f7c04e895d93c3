"""`docs/asvs.md` has a row for each requirement of level 1, names tests that exist, and counts level 2 rightly."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "asvs.md").read_text(encoding="utf-8")
NUMBER = r"\d+\.\d+\.\d+"


def numbers(level: int) -> list[str]:
    """The standard's own numbers of a level."""
    lines = (ROOT / "tests" / "data" / "asvs_5_0_levels.txt").read_text(encoding="ascii").split("\n")
    return [line.split()[0] for line in lines if line.endswith(f" {level}")]


ROWS = re.findall(rf"^\| ({NUMBER}) \| ([^|]+) \| (.+) \|$", PAGE, re.MULTILINE)
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)))


@cache
def named_in(path: str) -> frozenset[str]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def test_level_1_has_a_row_for_each_of_its_seventy_requirements() -> None:
    assert len(numbers(1)) == 70
    assert [number for number, _, _ in ROWS] == numbers(1)


@pytest.mark.parametrize(("path", "name"), NAMED, ids=lambda part: str(part))
def test_a_test_that_is_named_is_there(path: str, name: str) -> None:
    assert name in named_in(path), f"{path} has no {name}"


@pytest.mark.parametrize(("number", "asked", "held"), ROWS, ids=[number for number, _, _ in ROWS])
def test_a_row_names_a_test_or_gives_a_reason(number: str, asked: str, held: str) -> None:
    words = re.sub(r"`[^`]+`|<br>", " ", held).split()
    assert re.search(r"`tests/[\w/]+\.py::\w+`", held) or len(words) >= 3, number
    assert len(asked.split()) <= 14, f"{number}: our own words are short"


def test_what_is_said_of_level_1_is_counted() -> None:
    found = re.search(r"Of 70 rows, (\d+) are held by tests that a row names, (\d+) by what is written", PAGE)
    assert found is not None
    by_test = sum(held.startswith("`tests/") for _, _, held in ROWS)
    no_object = sum("There is no OAuth" in held for _, _, held in ROWS)
    not_held = sum(held.startswith("Not ") for _, _, held in ROWS)
    assert (int(found[1]), int(found[2])) == (by_test, 70 - by_test - no_object - not_held)


def test_level_2_is_counted_by_chapter() -> None:
    lines = re.findall(r"^\| (\d+) [A-Z][^|]* \| ([^|]*) \| ([^|]*) \| ([^|]*) \|$", PAGE, re.MULTILINE)
    assert [int(chapter) for chapter, *_ in lines] == list(range(1, 18))
    totals = [0, 0, 0]
    seen: list[str] = []
    for chapter, *cells in lines:
        for place, cell in enumerate(cells):
            listed = re.findall(NUMBER, cell)
            assert int(cell.split(":")[0]) == len(listed), (chapter, cell)
            assert all(number.split(".")[0] == chapter for number in listed)
            totals[place] += len(listed)
            seen += listed
    assert sorted(seen) == sorted(numbers(2))
    found = re.search(
        r"Of (\d+) requirements, (\d+) are held, (\d+) have nothing here .*, (\d+) are not held", PAGE
    )
    assert found is not None
    assert [int(part) for part in found.groups()] == [len(numbers(2)), *totals]

"""Offers from a shell: two people, versions, a month, a text message."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from hub.cli import main

Run = Callable[..., str]


@pytest.fixture
def shop(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs one command in a shop with one offer; what it printed, on standard error where it should fail."""

    def run(*words: str, status: int = 0) -> str:
        assert main(["--dir", str(tmp_path / "hub"), *words]) == status
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        return said.err if status else said.out

    run("init", "--name", "Corner", "--name-zh", "街角", "--timezone", "Europe/Berlin")
    run("campaign", "add", "--title", "Coffee", "--title-zh", "咖啡", "--amount", "1.50", "--publish")
    return run


def test_with_two_pairs_of_eyes_a_second_person_approves(shop: Run) -> None:
    shop("campaign", "two-eyes", "yes")
    assert "two people" in shop("campaign", "add", "--title", "Tea", "--amount", "1", "--publish", status=1)
    assert shop("campaign", "add", "--title", "Tea", "--amount", "1").strip() == "2"
    assert "campaign submit" in shop("campaign", "publish", "2", status=1)
    shop("campaign", "submit", "2", "--by", "Ines")
    assert "Ines  Tea" in shop("campaign", "waiting")
    assert "yourself" in shop("campaign", "approve", "2", "--by", "Ines", status=1)
    shop("campaign", "send-back", "2", "--reason", "Which tea?", "--by", "Bo")
    assert "Which tea?" in shop("campaign", "waiting")
    assert "Nothing of this offer waits" in shop("campaign", "approve", "2", "--by", "Bo", status=1)
    shop("campaign", "submit", "2", "--by", "Ines")
    shop("campaign", "approve", "2", "--by", "Bo")
    assert json.loads(shop("campaign", "show", "2"))["state"] == "published"
    assert "Nothing waits" in shop("campaign", "waiting")
    # Stopping it, and letting the very same run again, needs nobody else.
    shop("campaign", "pause", "2")
    assert "published" in shop("campaign", "resume", "2")
    shop("campaign", "end", "2")
    assert "over" in shop("campaign", "publish", "2", status=1)


def test_versions_are_listed_compared_and_gone_back_to(shop: Run, tmp_path: Path) -> None:
    shop("campaign", "pause", "1", "--by", "Ines")
    shop("campaign", "resume", "1")
    lines = shop("campaign", "versions", "1").splitlines()
    assert [line.split()[0] for line in lines] == ["3", "2", "1"]
    assert lines[1].endswith("Ines")
    assert "Nothing differs" in shop("campaign", "diff", "1", "1")
    assert "like this already" in shop("campaign", "rollback", "1", "1", status=1)
    assert "no version 9" in shop("campaign", "diff", "1", "9", status=1)
    assert shop("campaign", "copy", "1").strip() == "2"
    shop("campaign", "end", "1")
    assert "over" in shop("campaign", "rollback", "1", "1", status=1)
    assert "There is no campaign 9" in shop("campaign", "rollback", "9", "1", status=1)


def test_lists_are_searched_and_cut(shop: Run) -> None:
    for title in ("Black tea", "Green tea"):
        shop("campaign", "add", "--title", title, "--amount", "1")
    assert shop("campaign", "list", "--search", "TEA").count("draft") == 2
    assert shop("campaign", "list", "--search", "咖啡").split()[2] == "Coffee"
    assert shop("campaign", "list", "--skip", "1", "--limit", "1").split()[0] == "2"
    assert "No such offer" in shop("campaign", "list", "--state", "paused")
    assert [one["number"] for one in json.loads(shop("campaign", "list", "--json", "--state", "draft"))] == [
        3,
        2,
    ]


def test_a_month_and_a_message_are_told(shop: Run) -> None:
    shop("campaign", "add", "--title", "Tea", "--amount", "1", "--publish")
    month = shop("campaign", "calendar")
    assert "1 Coffee, 2 Tea" in month
    assert "at the same time: 1 and 2 (portal, kiosk, link)" in month
    assert "Nothing in this month" in shop("campaign", "calendar", "--month", "2001-01")
    assert "GSM-7" in shop("campaign", "message", "1")
    chinese = shop("campaign", "message", "1", "--language", "zh")
    assert chinese.startswith("【街角】咖啡，立减 €1.50，")
    assert "UCS-2" in chinese

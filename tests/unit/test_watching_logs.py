"""The log holds nothing of a person, whoever wrote the line, and can be read by a program."""

from __future__ import annotations

import json
import logging

import pytest

from hub.watching.logs import JsonLines, Lines, clean

PRIVATE = (
    "aa:bb:cc:dd:ee:ff",
    "AA-BB-CC-DD-EE-FF",
    "SB1ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
    "sbk_ab12_verysecretverysecret",
    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLawj",
    "mei@example.org",
)


def record(text: str, *values: object) -> logging.LogRecord:
    return logging.LogRecord("hub.part", logging.WARNING, __file__, 1, text, values, None)


@pytest.mark.parametrize("private", PRIVATE)
@pytest.mark.parametrize("formatter", [Lines(), JsonLines()], ids=["text", "json"])
def test_what_is_nobodys_business_is_taken_out(formatter: logging.Formatter, private: str) -> None:
    for line in (
        record("seen %s now", private),
        record(f"seen {private} now"),
        record("seen (%s), twice: %s", private, private),
    ):
        assert private not in formatter.format(line)


@pytest.mark.parametrize(
    "line",
    ["member=8f14e45fceea", "membership 8f14e45fceea", "pin: 4711", "Authorization: Bearer abcdef0123456789"],
)
def test_what_stands_behind_a_telling_name_is_taken_out(line: str) -> None:
    assert line.rpartition(" ")[2].rpartition("=")[2] not in clean(line)


def test_what_a_person_needs_to_mend_it_stays() -> None:
    line = (
        "backup line=line-20261130T092035-466d9cd1 from=3 at 10.0.0.7: HTTP 503 after 2026-11-30 09:20:55,828"
    )
    assert clean(line) == line


def test_a_line_of_json_is_one_event_with_its_shape_and_its_trace() -> None:
    one = json.loads(JsonLines().format(record("pruned sessions=%d", 3)))
    assert (one["level"], one["part"], one["event"], one["shape"]) == (
        "warning",
        "hub.part",
        "pruned sessions=3",
        "pruned sessions=%d",
    )
    broken = record("oh")
    wrong = ValueError("aa:bb:cc:dd:ee:ff broke\nin two lines")
    broken.exc_info = (ValueError, wrong, None)
    text = JsonLines().format(broken)
    assert "\n" not in text
    assert "aa:bb:cc:dd:ee:ff" not in text
    assert "ValueError" in json.loads(text)["trace"]

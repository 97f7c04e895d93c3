"""`python -m hub value fit`: what it prints, and how it refuses a file that has a wrong line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.value.bgnbd import History
from hub.value.reading import MOST_TOLD, Row, read_rows
from hub.value.rfm import grades
from hub.value.worth import members_of

HEAD = b"customer_id,frequency,recency,T\n"


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "hub", "value", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
    )


def members_file(folder: Path, members: int) -> Path:
    path = folder / "members.csv"
    lines = ["customer_id,frequency,recency,T,monetary_value"]
    for number in range(members):
        frequency = number % 7
        recency = min(30.0, frequency * (1 + number % 5)) if frequency else 0
        lines.append(
            f"m{number:04},{frequency},{recency},{31 + number % 9},{10 + number % 23 if frequency else ''}"
        )
    path.write_text("\n".join(lines) + "\n")
    return path


def test_everything_is_told_of_every_customer_in_the_files_order(tmp_path: Path) -> None:
    done = run("fit", members_file(tmp_path, 300), "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["model"] == "bgnbd"
    assert set(told["parameters"]) == {"r", "alpha", "a", "b"}
    assert told["money"]["parameters"]["p"] > 0
    assert [one["customer_id"] for one in told["customers"]] == [f"m{number:04}" for number in range(300)]
    for one in told["customers"]:
        assert 0 <= one["p_alive"] <= 1
        assert one["expected_purchases_39w"] >= 0
        assert one["expected_value_39w"] == pytest.approx(
            one["expected_purchases_39w"] * one["expected_spend"]
        )
        assert set(one["rfm"]) == {"recency", "frequency", "money"}


def test_another_horizon_and_the_words_for_people(tmp_path: Path) -> None:
    path = members_file(tmp_path, 300)
    told = json.loads(run("fit", path, "--json", "--weeks", "4").stdout)
    assert "expected_purchases_4w" in told["customers"][0]
    plainly = run("fit", path)
    assert "BG/NBD speaks" in plainly.stdout
    assert "Of 300 members" in plainly.stdout


def test_a_wrong_line_is_named_and_nothing_is_printed_of_the_others(tmp_path: Path) -> None:
    path = members_file(tmp_path, 300)
    path.write_text(path.read_text().replace("m0007,0,0,", "m0007,0,3,").replace("m0010,3,", "m0010,three,"))
    done = run("fit", path, "--json")
    assert done.returncode == 1
    assert done.stdout == ""
    assert "Line 9: frequency is 0, so recency has to be 0, too, and is 3." in done.stderr
    assert "Line 12: frequency is three, which is not a number." in done.stderr
    assert "every line" in done.stderr


def test_a_file_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    done = run("fit", tmp_path / "none.csv", "--json")
    assert done.returncode == 1
    assert "none.csv cannot be read: No such file or directory." in done.stderr
    assert "Traceback" not in done.stderr


def test_it_stands_also_behind_the_hubs_own_options(tmp_path: Path) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "hub",
            "--dir",
            str(tmp_path),
            "value",
            "fit",
            str(members_file(tmp_path, 20)),
        ],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "The plain rule speaks, because 20 members" in done.stdout, done.stderr


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ([b""], "The file is empty."),
        ([], "The file is empty."),
        ([b"customer_id,frequency,T\n"], "Line 1: there is no column recency."),
        ([b"customer_id,frequency,recency,T,frequency\n"], "Line 1: the column frequency is there twice."),
        ([HEAD], "There is no member in the file"),
        ([HEAD, b"1,2,3\n"], "Line 2: it has 3 cells, the first line names 4 columns."),
        ([HEAD, b"1,2,3,4\n", b"\n", b"1,2,3,4\n"], "Line 4: customer_id 1 is in line 2 already."),
        ([HEAD, b",2,3,4\n"], "Line 2: customer_id is empty."),
        ([HEAD, b"1,2,5,4\n"], "Line 2: recency 5 is more than T 4"),
        ([HEAD, b"1,-2,3,4\n"], "Line 2: frequency is -2; it cannot be below 0."),
        ([HEAD, b"1,2.5,3,4\n"], "Line 2: frequency 2.5 is not a whole number"),
        ([HEAD, b"1,2,3,nan\n"], "Line 2: T is nan, which is not a number."),
        ([HEAD, b"1,2,3,1e999\n"], "Line 2: T is 1e999, which is not a number."),
        ([HEAD, b"1,1_0,3,4\n"], "Line 2: frequency is 1_0, which is not a number."),
        ([HEAD, b"1,2,,4\n"], "Line 2: recency is empty, which is not a number."),
        ([HEAD, b"caf\xe9,2,3,4\n"], "Line 2: it is not UTF-8."),
        ([HEAD, b'"1,2,3,4\n'], "it cannot be read as CSV"),
        ([HEAD, b"1,2,3," + b"9" * 200_000 + b"\n"], "it cannot be read as CSV"),
        ([HEAD, b'"a\n', b'b",1,2,3\n', b"c,x,1,2\n"], "Line 4: frequency is x"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(lines: list[bytes], sentence: str) -> None:
    told = read_rows(lines)
    assert not any(isinstance(one, Row) for one in told)
    assert sentence in str(told[0])


def test_many_mistakes_are_told_up_to_a_number_and_the_rest_is_counted() -> None:
    told = read_rows([HEAD, *(f"m{number},x,1,2\n".encode() for number in range(50))])
    assert len(told) == MOST_TOLD + 1
    assert told[-1] == f"{50 - MOST_TOLD} more lines are wrong, too."


def test_what_spreadsheets_make_of_a_file_is_read() -> None:
    told = read_rows([b"\xef\xbb\xbfID;T;Recency;Frequency;Note\r\n", "é;8;2.5;2.0;x\r\n".encode()])
    assert told == [Row("é", History(2, 2.5, 8.0))]


@settings(deadline=None)
@given(st.lists(st.binary(max_size=60), max_size=12))
def test_whatever_a_file_holds_ends_in_members_or_in_sentences(junk: list[bytes]) -> None:
    told = read_rows([HEAD, *(one.replace(b"\n", b" ") + b"\n" for one in junk)])
    assert told
    assert len({type(one) for one in told}) == 1


@settings(deadline=None)
@given(st.lists(st.integers(0, 30), min_size=1, max_size=80))
def test_grades_follow_the_order_and_equals_are_graded_alike(values: list[int]) -> None:
    graded = grades(values)
    assert all(1 <= one <= 5 for one in graded)
    by_value = sorted(zip(values, graded, strict=True))
    assert [grade for _, grade in by_value] == sorted(graded)
    assert len({(value, grade) for value, grade in by_value}) == len(set(values))
    assert grades([-value for value in values], most_is_best=False) == graded


def test_a_hundred_different_members_are_graded_in_five_equal_parts() -> None:
    graded = grades([float(number) for number in range(100)])
    assert [graded.count(grade) for grade in (1, 2, 3, 4, 5)] == [20, 20, 20, 20, 20]


def test_members_without_money_are_not_graded_by_it() -> None:
    members = members_of([Row("a", History(2, 3, 9)), Row("b", History(0, 0, 9))])
    worths = list(members.worths(39))
    assert [one.money for one in worths] == [0, 0]
    assert [one.value for one in worths] == [None, None]


def test_whoever_reads_only_the_beginning_gets_no_complaint(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hub", "value", "fit", str(members_file(tmp_path, 3_000)), "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        assert child.stdout.read(20).startswith(b"{")
        child.stdout.close()
        assert child.stderr.read() == b""
        assert child.wait(60) == 141

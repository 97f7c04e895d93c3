"""Recordings of zones as files, and the commands that read them."""

from __future__ import annotations

import gzip
import json
import lzma
from pathlib import Path

import pytest

from edge.__main__ import main
from edge.zone_rows import RowsError, parse_rows, read_recording, read_recordings
from edge.zones import read_model

HEADER = "name,locationStatus,timestamp,rssiOne,rssiTwo\n"


def recording(tag: str = "AA:BB:CC:00:00:01") -> str:
    """A tag that is outside, and later inside."""
    lines = [f"{tag},OUTSIDE,{1000 * at},{-70 - at % 3},{-88 + at % 2}\n" for at in range(40)]
    lines += [f"{tag},INSIDE,{1000 * at},{-85 - at % 3},{-66 + at % 2}\n" for at in range(100, 140)]
    return HEADER + "".join(lines)


def test_the_columns_may_stand_in_any_order_under_the_usual_names() -> None:
    lines = [
        "\ufeffdoor,Time_ms, Zone ,Tag,counter\n".lstrip("\ufeff"),
        "-70,1500,shop,t,\n",
        "\n",
        "-71.4,2000,shop,t,-90\n",
    ]
    read = parse_rows(lines, "walk.csv")
    assert read.receivers == ("door", "counter")
    assert [(row.tag, row.zone, row.at, row.strengths_dbm) for row in read.rows] == [
        ("t", "shop", 1.5, (-70, None)),
        ("t", "shop", 2.0, (-71, -90)),
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "line 1: no column names the tag"),
        ("name,zone,rssi\n", "no column names the time"),
        ("name,tag,zone,time,rssi\n", "columns name and tag both name the tag"),
        ("name,zone,time\n", "0 receivers"),
        ("name,zone,time,a,a\n", "column 5 has no name of its own"),
        ("name,zone,time,a,\n", "column 5 has no name of its own"),
        (HEADER, "has no rows"),
        (HEADER + "t,IN,1,-70\n", "line 2: there are 4 cells under 5 columns"),
        (HEADER + "t,IN,1,-70,-70\nt,IN,1,-70,-70,-70\n", "line 3: there are 6 cells"),
        (HEADER + "t,,1,-70,-70\n", "line 2: the zone is missing"),
        (HEADER + ",IN,1,-70,-70\n", "line 2: the tag is missing"),
        (HEADER + "t,IN,noon,-70,-70\n", "'noon' is no time"),
        (HEADER + "t,IN,nan,-70,-70\n", "'nan' is no time"),
        (HEADER + "t,IN,1,x,-70\n", "'x' of rssiOne is no strength"),
        (HEADER + "t,IN,1,-70,127\n", "'127' of rssiTwo is no strength"),
        (HEADER + "t,IN,1,-70,inf\n", "'inf' of rssiTwo is no strength"),
        (HEADER + 't,"IN,1,-70,-70\n', "line 2"),
    ],
)
def test_a_broken_recording_is_told_in_one_sentence_with_its_line(text: str, says: str) -> None:
    with pytest.raises(RowsError) as told:
        parse_rows(text.splitlines(keepends=True), "walk.csv")
    assert says in str(told.value)
    assert "walk.csv" in str(told.value)
    assert "\n" not in str(told.value)


def test_a_recording_may_be_compressed(tmp_path: Path) -> None:
    text = recording().encode()
    (tmp_path / "plain.csv").write_bytes(b"\xef\xbb\xbf" + text)
    (tmp_path / "a.csv.xz").write_bytes(lzma.compress(text))
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(text))
    read = [read_recording(tmp_path / name) for name in ("plain.csv", "a.csv.xz", "a.csv.gz")]
    assert read[0] == read[1] == read[2]


@pytest.mark.parametrize(
    ("name", "body", "says"),
    [
        ("a.csv.xz", b"no xz", "not whole"),
        ("b.csv.xz", lzma.compress(recording().encode())[:-40], "not whole"),
        ("a.csv.gz", b"no gzip", "not whole"),
        ("a.csv", b"\xff\xfe\x00", "not text in UTF-8"),
        ("b.csv", b"name\x00,zone,time,a\n", "b.csv"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_why(tmp_path: Path, name: str, body: bytes, says: str) -> None:
    (tmp_path / name).write_bytes(body)
    with pytest.raises(RowsError, match=says):
        read_recording(tmp_path / name)


def test_recordings_for_one_model_need_the_same_receivers(tmp_path: Path) -> None:
    one, two, three = tmp_path / "1.csv", tmp_path / "2.csv", tmp_path / "3.csv"
    one.write_text("name,zone,time,a,b\nt,x,0,-1,-2\n")
    two.write_text("b,a,time,zone,name\n-4,-3,0,y,t\n")
    three.write_text("name,zone,time,a\nt,x,0,-1\n")
    both = read_recordings([one, two])
    assert [row.strengths_dbm for row in both.rows] == [(-1, -2), (-3, -4)]
    assert len({row.tag for row in both.rows}) == 2
    with pytest.raises(RowsError, match="need the same"):
        read_recordings([one, three])


def test_fit_and_judge_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, model, other = tmp_path / "walk.csv", tmp_path / "model.json", tmp_path / "other.csv.xz"
    file.write_text(recording())
    other.write_bytes(lzma.compress(recording("AA:BB:CC:00:00:02").encode()))
    assert main(["zones", "fit", str(file), "--out", str(model)]) == 0
    assert "OUTSIDE outside" in capsys.readouterr().out
    text = model.read_bytes()
    assert b"AA:BB" not in text
    assert read_model(text).outside == ("OUTSIDE",)
    asked = ["zones", "judge", str(other), "--model", str(model)]
    assert main([*asked, "--windows", "1,5,15,60", "--seconds", "5", "--json"]) == 0
    out = capsys.readouterr().out
    windows = json.loads(out)["windows"]
    assert [(one["packets"], one["seconds"]) for one in windows] == [
        (1, None),
        (5, None),
        (15, None),
        (60, None),
        (None, 5.0),
    ]
    assert windows[0]["accuracy"] == 1.0
    assert windows[3]["n"] == 21
    assert "AA:BB" not in out
    assert main(asked) == 0
    assert "1 packets: right 1.000 of 80 times" in capsys.readouterr().out


def test_homes_and_zones_outside_may_be_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, model = tmp_path / "walk.csv", tmp_path / "model.json"
    file.write_text(recording())
    fit = ["zones", "fit", str(file), "--out", str(model)]
    assert main([*fit, "--outside", "INSIDE", "--home", "rssiOne=OUTSIDE", "--home", "rssiTwo=INSIDE"]) == 0
    assert read_model(model.read_bytes()).outside == ("INSIDE",)
    assert main([*fit, "--home", "rssiNine=INSIDE"]) == 1
    assert "Receiver rssiNine is not in the recording" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["fit", "missing.csv", "--out", "m.json"], "missing.csv cannot be used"),
        (["fit", "broken.csv", "--out", "m.json"], "broken.csv, line 2"),
        (["judge", "walk.csv", "--model", "missing.json"], "missing.json cannot be used"),
        (["judge", "walk.csv", "--model", "walk.csv"], "walk.csv is no model of zones"),
    ],
)
def test_a_command_that_cannot_be_done_says_so_in_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    says: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("walk.csv").write_text(recording())
    Path("broken.csv").write_text(HEADER + "t,IN\n")
    assert main(["zones", *arguments]) == 1
    said = capsys.readouterr().err.strip()
    assert says in said
    assert "\n" not in said


@pytest.mark.parametrize("windows", ["0", "1,x", "", "256", "1.5"])
def test_windows_that_are_none_are_refused(windows: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as told:
        main(["zones", "judge", "walk.csv", "--model", "m.json", f"--windows={windows}"])
    assert told.value.code == 2
    assert "--windows" in capsys.readouterr().err

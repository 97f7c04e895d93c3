"""Units of a folder with any name, and what a machine is after more, or less, was installed on it."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from hub.up.cli import main
from hub.up.installing import insist_on_name, read_templates
from hub.up.packages import find_program
from hub.up.sentences import UpError
from hub.up.services import (
    MODULES,
    Machine,
    Record,
    as_uri,
    as_word,
    files_of,
    next_steps,
    read_record,
    record_text,
    stale_files,
    together,
    units_of,
    without,
)

ROOT = Path(__file__).resolve().parents[2]
EVERYTHING = tuple(MODULES)


def verified(folder: Path) -> list[str]:
    """What systemd complains about in the units of a machine whose programs are in this folder."""
    program = find_program("systemd-analyze")
    if program is None:
        pytest.skip("needs systemd-analyze: apt install systemd")
    python = folder / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    machine = Machine(str(folder), EVERYTHING, "eth9", has_screen=True)
    units = []
    for file in files_of(machine, read_templates(ROOT / "units")):
        name = Path(file.path).name
        if name.startswith("shopbell-") and name.endswith((".service", ".socket")):
            unit = folder / name
            # cage need not be on this machine; what it is told to start is looked at as a program of its own.
            unit.write_text(file.text.replace("ExecStart=/usr/bin/cage -s -- ", "ExecStart="))
            units.append(unit)
    assert len(units) == 9
    done = subprocess.run(
        [program, "verify", "--man=no", "--recursive-errors=no", *map(str, units)],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "SYSTEMD_COLORS": "0", "LC_ALL": "C.UTF-8"},
    )
    return [line for line in (done.stdout + done.stderr).splitlines() if "shopbell" in line]


@pytest.mark.parametrize("name", ["shop", "corner shop", "100% shop", "街角"])
def test_systemd_takes_the_units_of_a_folder_with_this_name(tmp_path: Path, name: str) -> None:
    assert verified(tmp_path / name) == []


def test_without_quotes_systemd_would_complain(tmp_path: Path) -> None:
    """The measure measures: the same word without its quotes is what was written once."""
    assert as_word("/opt/corner shop/python") == '"/opt/corner shop/python"'
    assert as_word("/opt/shopbell/python") == "/opt/shopbell/python"
    folder = tmp_path / "corner shop"
    folder.mkdir()
    unit = folder / "shopbell-plain.service"
    unit.write_text(f"[Service]\nExecStart={folder}/python\n")
    program = find_program("systemd-analyze") or pytest.skip("needs systemd-analyze: apt install systemd")
    done = subprocess.run(
        [program, "verify", "--man=no", str(unit)], capture_output=True, text=True, timeout=60
    )
    assert "corner" in done.stdout + done.stderr


def test_a_name_that_no_quoting_brings_through_is_refused_with_a_sentence() -> None:
    for name in ("/opt/$HOME", "/opt/two\nlines", '/opt/the "corner"', "/opt/Joe's", "/opt/a\\b"):
        with pytest.raises(UpError, match="without quotes, backslashes"):
            insist_on_name(Path(name))


def test_an_address_has_no_space_and_none_of_systemds_own_words() -> None:
    assert as_uri("/opt/corner shop/units") == "/opt/corner%%20shop/units"


def test_what_a_person_is_to_type_is_quoted_for_a_shell() -> None:
    told = next_steps(Machine("/opt/corner shop", ("office",)), ())
    line = next(step for step in told if "init" in step)
    assert "/opt/corner shop/.venv/bin/python" in shlex.split(line.partition(": ")[2])


def test_roles_are_added_to_what_a_machine_is() -> None:
    door = Machine("/opt/shopbell", ("door",), "wlan0", is_radio=True)
    both = together(door, Machine("/opt/shopbell", ("counter",), has_screen=True))
    assert (both.roles, both.interface, both.is_radio, both.has_screen) == (
        ("door", "counter"),
        "wlan0",
        True,
        True,
    )
    assert together(None, door) == door


def test_a_role_that_goes_takes_its_files_and_leaves_the_others() -> None:
    templates = read_templates(ROOT / "units")
    everything = replace(
        Machine("/opt/shopbell", EVERYTHING, "wlan0", is_radio=True, has_screen=True), is_packaged=True
    )
    files = files_of(everything, templates)
    before = Record(everything, tuple(file.path for file in files))
    left = without(everything, ["door"])
    assert left is not None
    gone = stale_files(before, files_of(left, templates))
    assert "/etc/systemd/system/shopbell-gate.service" in gone
    assert "/etc/sysctl.d/60-shopbell.conf" in gone
    assert not [path for path in gone if "kiosk" in path or "hub" in path or "sysusers" in path]
    assert without(left, ["counter", "office"]) is None
    assert len(stale_files(before, [])) == len(templates)


def test_a_file_that_only_another_version_knew_goes_too() -> None:
    machine = Machine("/opt/shopbell", ("office",))
    before = Record(machine, ("/etc/systemd/system/shopbell-later.service",))
    assert stale_files(before, files_of(machine, read_templates(ROOT / "units"))) == list(before.files)


def test_the_record_of_a_machine_is_read_back_and_holds_no_settings() -> None:
    machine = Machine(
        "/opt/shopbell", ("office",), settings={"HUB_URL": "https://hub.example"}, is_packaged=True
    )
    text = record_text(Record(machine, ("/etc/x",)))
    assert "hub.example" not in text
    kept = read_record(text)
    assert kept is not None
    assert units_of(kept.machine) == units_of(machine)
    assert (kept.machine.python, kept.files) == ("/opt/shopbell/current/bin/python", ("/etc/x",))
    assert read_record("{") is None
    assert read_record('{"machine": 1}') is None


def test_a_second_role_leaves_the_first_and_roles_may_be_called_as_their_programs(tmp_path: Path) -> None:
    root = str(tmp_path)
    assert main(["install", "hub", "--root", root]) == 0
    assert main(["install", "counter", "--root", root]) == 0
    units = {path.name for path in (tmp_path / "etc/systemd/system").iterdir()}
    assert units == {"shopbell-hub.service", "shopbell-worker.service", "shopbell-kiosk.service"}
    with pytest.raises(SystemExit):
        main(["install", "cellar", "--root", root])

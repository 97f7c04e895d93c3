"""The setting that lets BlueZ take intervals, and the command that puts frames on the air: what they write, do and say."""

from __future__ import annotations

import argparse
import io
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from hardware.ble.bluez_setup import DROP_IN, allow_intervals, started_by

ROOT = Path(__file__).resolve().parents[2]
UUID = "2f234454-cf6d-4a0f-adf2-f4911ba9ffa6"
UNIT = """[Unit]
ExecStart=/not/this/one
[Service]
Type=dbus
ExecStart=/usr/libexec/bluetooth/bluetoothd
[Install]
WantedBy=bluetooth.target
"""


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "hardware", "ble", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, cwd=ROOT, check=False)


@pytest.fixture
def system(tmp_path: Path) -> Path:
    """Another system's root with BlueZ's unit where Debian has it."""
    folder = tmp_path / "usr/lib/systemd/system"
    folder.mkdir(parents=True)
    (folder / "bluetooth.service").write_text(UNIT)
    return tmp_path


def override(system: Path, name: str, text: str, folder: str = "etc/systemd/system") -> None:
    target = system / folder / "bluetooth.service.d"
    target.mkdir(parents=True, exist_ok=True)
    (target / name).write_text(text)


def allow(system: Path, *more: str) -> subprocess.CompletedProcess[str]:
    return run("allow-intervals", "--root", str(system), *more)


def test_the_setting_starts_what_the_unit_starts_with_one_option_more_and_says_what_to_run(
    system: Path,
) -> None:
    done = allow(system)
    assert (done.returncode, done.stderr) == (0, "")
    lines = (system / DROP_IN).read_text().splitlines()
    assert lines[1:] == [
        "[Service]",
        "ExecStart=",
        "ExecStart=/usr/libexec/bluetooth/bluetoothd --experimental",
    ]
    assert done.stdout.splitlines()[-2:] == ["  systemctl daemon-reload", "  systemctl restart bluetooth"]
    assert (system / "usr/lib/systemd/system/bluetooth.service").read_text() == UNIT


def test_a_second_time_changes_nothing_and_removing_leaves_nothing(system: Path) -> None:
    allow(system)
    before = (system / DROP_IN).read_text()
    again = allow(system)
    assert (again.returncode, (system / DROP_IN).read_text()) == (0, before)
    assert "is there already" in again.stdout
    removed = allow(system, "--remove")
    assert removed.returncode == 0
    assert not (system / DROP_IN).exists()
    assert "nothing to take away" in allow(system, "--remove").stdout


def test_a_dry_run_shows_the_file_and_writes_none(system: Path) -> None:
    done = allow(system, "--dry-run")
    assert "ExecStart=/usr/libexec/bluetooth/bluetoothd --experimental" in done.stdout
    assert not (system / DROP_IN).exists()


def test_what_others_have_set_beside_the_unit_is_kept(system: Path) -> None:
    override(system, "10-plugins.conf", "[Service]\nExecStart=\nExecStart=/opt/bluetoothd \\\n  -P battery\n")
    override(system, "20-other.conf", "[Service]\nRestart=always\n", "usr/lib/systemd/system")
    assert started_by(system) == "/opt/bluetoothd -P battery"
    allow(system)
    assert "ExecStart=/opt/bluetoothd -P battery --experimental" in (system / DROP_IN).read_text()


def test_a_unit_of_the_machine_goes_before_that_of_the_package(system: Path) -> None:
    folder = system / "etc/systemd/system"
    folder.mkdir(parents=True)
    (folder / "bluetooth.service").write_text("[Service]\nExecStart=/usr/local/bin/bluetoothd -d\n")
    assert started_by(system) == "/usr/local/bin/bluetoothd -d"


def test_a_service_that_has_the_option_already_is_left_alone(system: Path) -> None:
    override(system, "own.conf", "[Service]\nExecStart=\nExecStart=/usr/libexec/bluetooth/bluetoothd -E\n")
    done = allow(system)
    assert "already" in done.stdout
    assert not (system / DROP_IN).exists()


def test_what_is_not_there_is_a_sentence_with_a_remedy(tmp_path: Path, system: Path) -> None:
    nothing = allow(tmp_path / "empty")
    assert (nothing.returncode, "There is no systemd in" in nothing.stderr) == (1, True)
    (system / "usr/lib/systemd/system/bluetooth.service").unlink()
    no_bluez = allow(system)
    assert (no_bluez.returncode, "apt install bluez" in no_bluez.stderr) == (1, True)
    (system / "usr/lib/systemd/system/bluetooth.service").write_text(
        "[Service]\nExecStart=/a\nExecStart=/b\n"
    )
    two = allow(system)
    assert (two.returncode, "starts 2 programs" in two.stderr) == (1, True)


def test_whoever_may_not_write_there_is_told_to_use_sudo() -> None:
    me = os.geteuid()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        units = root / "lib/systemd/system"
        units.mkdir(parents=True)
        (units / "bluetooth.service").write_text(UNIT)
        root.chmod(0o555)
        wanted = argparse.Namespace(root=root, remove=False, dry_run=False)
        said, errors = io.StringIO(), io.StringIO()
        try:
            if me == 0:
                # Root may write anywhere: be nobody for a moment.
                os.seteuid(65534)
            status = allow_intervals(wanted, said, errors)
        finally:
            os.seteuid(me)
            root.chmod(0o755)
    assert (status, said.getvalue()) == (1, "")
    assert errors.getvalue().endswith("can be written by root only. Run it again with sudo before it.\n")


def test_frames_from_the_shell_are_on_the_simulated_air_and_told_in_json() -> None:
    done = run(
        *("advertise", "--radio", "beacon:sim", "--ibeacon", f"{UUID}/1/2", "--altbeacon", f"{UUID}/3/4"),
        *("--uid", "00112233445566778899/aabbccddeeff", "--url", "https://shop.example/a", "--tlm"),
        *("--eid", "00112233445566778899aabbccddeeff/4", "--interval-ms", "300", "--for", "1.2", "--json"),
    )
    assert (done.returncode, done.stderr) == (0, "")
    last = json.loads(done.stdout.splitlines()[-1])
    assert [one["type"] for one in last["on_air"]] == [
        "ibeacon", "altbeacon", "eddystone-uid", "eddystone-url", "eddystone-eid", "eddystone-tlm",
    ]  # fmt: skip
    assert {(one["state"], one["interval_ms"]) for one in last["on_air"]} == {("on", 300)}
    assert "00112233445566778899aabbccddeeff" not in done.stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "Say what shall be on the air"),
        (["--ibeacon", "no-uuid/1/2"], "--ibeacon 'no-uuid/1/2' cannot be used"),
        (["--altbeacon", f"{UUID}/1/65536"], "the numbers from 0 to 65535"),
        (["--uid", "0011/22"], "a namespace has 20 hex digits"),
        (["--eid", "0011/4"], "a key has 32 hex digits"),
        (["--url", "https://a-very-long-name.example/"], "1 to 17 fit"),
        (["--tlm", "--interval-ms", "5"], "must be a whole number from 20 to 10240"),
        (["--tlm", "--power-dbm", "30"], "must be a whole number from -127 to 20"),
    ],
)
def test_a_frame_that_cannot_be_is_a_sentence(arguments: list[str], sentence: str) -> None:
    done = run("advertise", "--radio", "beacon:sim", "--for", "0.1", *arguments)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_what_is_not_on_the_air_at_the_end_is_a_failure() -> None:
    done = run("advertise", "--radio", "beacon:sim:places=0", "--tlm", "--for", "0.6")
    assert done.returncode == 1
    assert "Other programs use every place" in done.stdout

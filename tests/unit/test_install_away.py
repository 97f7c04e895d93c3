"""`shopbell uninstall`: what was written goes, what was kept stays and is told; and versions side by side."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.up.cli import main
from hub.up.sentences import UpError
from hub.up.versions import Versions

RADIO = ("--wifi", "wlan0", "--radio", "--ssid", "Corner Shop", "--country", "DE")


def files(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}


@pytest.fixture
def machine(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """A folder that is everything, with something kept in it."""
    root = tmp_path / "machine"
    assert main(["install", "door", "counter", "office", *RADIO, "--root", str(root)]) == 0
    (root / "var/lib/shopbell/hub").mkdir(parents=True)
    (root / "var/lib/shopbell/hub/hub.db").write_text("kept")
    capsys.readouterr()
    return root


def test_what_was_written_goes_and_what_was_kept_stays_and_is_told(
    machine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["uninstall", "--root", str(machine)]) == 0
    assert files(machine) == {"var/lib/shopbell/hub/hub.db", "etc/shopbell/shopbell.env"}
    said = capsys.readouterr().out
    assert "Left: /var/lib/shopbell (databases and keys), /etc/shopbell (settings)" in said
    assert "Debian's packages" in said
    assert not list((machine / "etc/systemd/system").iterdir())


def test_a_second_time_there_is_nothing_to_do(machine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["uninstall", "--root", str(machine)])
    before = files(machine)
    capsys.readouterr()
    assert main(["uninstall", "--root", str(machine)]) == 0
    assert "nothing to do" in capsys.readouterr().out
    assert files(machine) == before


def test_purging_leaves_nothing(machine: Path) -> None:
    assert main(["uninstall", "--purge", "--root", str(machine)]) == 0
    assert files(machine) == set()


def test_purging_is_possible_also_after_uninstalling(machine: Path) -> None:
    main(["uninstall", "--root", str(machine)])
    assert main(["uninstall", "--purge", "--root", str(machine)]) == 0
    assert files(machine) == set()


def test_one_part_goes_and_the_others_stay(machine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["uninstall", "door", "--root", str(machine)]) == 0
    units = {path.name for path in (machine / "etc/systemd/system").iterdir()}
    assert units == {"shopbell-kiosk.service", "shopbell-hub.service", "shopbell-worker.service"}
    assert "counter, office from now on" in capsys.readouterr().out
    assert main(["uninstall", "door", "--root", str(machine)]) == 1
    assert "This machine is no door: it is counter, office" in capsys.readouterr().err
    assert main(["uninstall", "counter", "--purge", "--root", str(machine)]) == 1
    assert "takes everything of the shop away" in capsys.readouterr().err


def test_what_was_taken_away_can_be_installed_again_and_goes_on_with_its_settings(machine: Path) -> None:
    (machine / "etc/shopbell/shopbell.env").write_text("HUB_URL=https://hub.example\n")
    main(["uninstall", "--root", str(machine)])
    assert main(["install", "office", "--root", str(machine)]) == 0
    assert "HUB_URL=https://hub.example\n" in (machine / "etc/shopbell/shopbell.env").read_text()


def test_a_machine_that_runs_from_a_clone_is_updated_in_another_way(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["update", str(tmp_path / "x.bundle")]) == 1
    assert "git pull" in capsys.readouterr().err


@pytest.fixture
def versions(tmp_path: Path) -> Versions:
    kept = Versions(tmp_path / "opt")
    for version in ("1.9.0", "1.10.0"):
        kept.folder(version).mkdir(parents=True)
        (kept.folder(version) / ".whole").touch()
    kept.folder("2.0.0").mkdir()
    return kept


def test_a_version_that_was_cut_off_is_none(versions: Versions) -> None:
    assert versions.all() == ["1.9.0", "1.10.0"]
    with pytest.raises(UpError, match=r"2\.0\.0 is not here, or not whole"):
        versions.switch("2.0.0")


def test_the_version_in_force_changes_in_one_step(versions: Versions) -> None:
    assert versions.current() is None
    versions.switch("1.9.0")
    before = (versions.top / "current").lstat().st_ino
    versions.switch("1.10.0")
    assert versions.current() == "1.10.0"
    assert (versions.top / "current").lstat().st_ino != before
    assert (versions.top / "current").resolve() == versions.folder("1.10.0")
    assert not list(versions.top.glob(".*.new"))


def test_the_version_to_go_back_to_is_named_for_as_long_as_it_is_needed(versions: Versions) -> None:
    versions.keep("1.9.0")
    assert versions.keeper() == "1.9.0"
    versions.keep(None)
    versions.keep(None)
    assert versions.keeper() is None


def test_what_is_of_no_more_use_goes(versions: Versions) -> None:
    assert versions.prune(["1.10.0"]) == ["1.9.0", "2.0.0"]
    assert versions.all() == ["1.10.0"]


def test_one_update_at_a_time(versions: Versions) -> None:
    with versions.alone(), pytest.raises(UpError, match="Another update is under way"), versions.alone():
        pass

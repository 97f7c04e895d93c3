"""The command line, the registry of proofs, the runner of measurements, the health check."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from hub.up.browser import bring_chromium, find_chromium
from hub.up.checking import port_base_of, programs_of, sentences, settings_of
from hub.up.cli import build_parser, main
from hub.up.place import Place
from hub.up.testing import LANES
from tests.bench.run import met, names, table_of
from tests.prove import Verdict, proofs
from tests.prove.__main__ import prove

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("command", ["up", "test", "prove", "bench", "check"])
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    assert f"shopbell {command}" in capsys.readouterr().out


@pytest.mark.parametrize(
    "words",
    [["up", "--for", "-3"], ["up", "--speed", "99999"], ["up", "--nonsense"], ["check", "extra"], ["dance"]],
)
def test_a_word_that_nobody_knows_is_refused_with_the_usage(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    assert "usage: shopbell" in capsys.readouterr().err


def test_without_a_command_the_list_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "run a whole shop on this machine" in capsys.readouterr().out


def test_up_has_the_defaults_that_the_readme_tells() -> None:
    args = build_parser().parse_args(["up"])
    assert (args.dir, args.host, args.port_base, args.radio) == (Path("shop"), "127.0.0.1", 8080, None)
    assert (args.speed, args.seconds, args.no_seed) == (1.0, None, False)


def test_check_without_a_shop_is_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--dir", str(tmp_path / "none")]) == 1
    assert "There is no shop in" in capsys.readouterr().err


def test_chromium_is_not_installed_where_there_is_no_apt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_chromium() is None
    assert bring_chromium(lambda _sentence: None) is None
    (tmp_path / "chromium").touch(mode=0o755)
    assert bring_chromium(lambda _sentence: None) == str(tmp_path / "chromium")


def test_health_is_said_in_the_shops_words_from_the_form_of_every_program() -> None:
    said = sentences(
        {
            "program": "kiosk",
            "warnings": [
                {
                    "code": "no-till",
                    "severity": "error",
                    "what": {"en": "No till", "zh": "x"},
                    "todo": {"en": "Start it.", "zh": "y"},
                    "since": None,
                    "subject": None,
                },
                {
                    "code": "deaf",
                    "severity": "warning",
                    "what": {"en": "Deaf"},
                    "todo": {"en": "Unplug it."},
                    "since": 1.5,
                    "subject": "Door",
                },
            ],
        }
    )
    assert said == ["error: No till. Start it.", "warning: Deaf. Unplug it."]
    assert sentences({"warnings": []}) == []
    with pytest.raises(ValueError, match="no report"):
        sentences([{"text": "Something is wrong."}])


def test_check_asks_at_the_ports_where_the_shop_last_answered(tmp_path: Path) -> None:
    assert port_base_of(tmp_path) == 8080
    (tmp_path / "port-base").write_text("9300\n")
    assert settings_of("portal", tmp_path) == {
        "PORTAL_DIR": str(tmp_path / "edge"),
        "PORTAL_HOST": "127.0.0.1",
        "PORTAL_PORT": "9302",
    }


def test_every_proof_has_a_promise_in_one_sentence_and_two_sizes() -> None:
    known = proofs()
    assert {"lossy-line", "one-spend", "kill-9", "random-bodies", "rebuild", "occupancy", "stop"} <= set(
        known
    )
    for name, proof in known.items():
        assert proof.PROMISE.endswith("."), name
        assert 0 < proof.CI_SIZE <= proof.DEFAULT_SIZE * 10, name


class Broken:
    """A proof whose promise does not hold for odd seeds, and that breaks itself for seed 4."""

    NAME, PROMISE, DEFAULT_SIZE, CI_SIZE = "broken", "Nothing is odd.", 3, 1

    def run(self, size: int, seed: int, folder: Path) -> Verdict:
        if seed == 4:
            raise ValueError("no such thing")
        return Verdict(seed % 2 == 0, f"{size} looked at.", {"folder_is_there": folder.is_dir()})


def test_a_promise_that_does_not_hold_is_told_with_the_way_to_see_it_again(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert prove(Broken(), 7, 2)
    assert not prove(Broken(), 7, 3)
    out = capsys.readouterr().out
    assert "broken: held. 7 looked at." in out
    assert "broken: BROKEN. 7 looked at." in out
    assert "./shopbell prove broken --size 7 --seed 3" in out
    assert '"folder_is_there": true' in out


def test_a_proof_that_breaks_has_not_proved_anything(capsys: pytest.CaptureFixture[str]) -> None:
    assert not prove(Broken(), 7, 4)
    assert "The proof itself broke: ValueError: no such thing" in capsys.readouterr().out


def test_a_proof_that_nobody_knows_is_refused_with_the_list() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.prove", "nosuch"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert "There are: " in done.stderr
    assert "kill-9, lift, lossy-line" in done.stderr


@pytest.mark.parametrize(
    ("row", "reached"),
    [
        ({"ours": 3.0, "peer": 1.0, "ratio": 3.0, "goal": 1.5}, True),
        ({"ours": 1.0, "peer": 1.0, "ratio": 1.0, "goal": 1.5}, False),
        ({"ours": 1.0, "peer": 1.0, "ratio": 1.0, "goal": None}, None),
        ({"ours": 58.0, "ratio": 1.03, "goal": 60, "limit": True}, True),
        ({"ours": 61.0, "ratio": 0.98, "goal": 60, "limit": True}, False),
        ({"ours": 0.0, "ratio": 0.0, "goal": 60, "limit": True}, False),
    ],
)
def test_a_figure_reaches_its_goal_or_falls_short(row: dict[str, object], reached: bool | None) -> None:
    row = {"name": "x", "unit": "s", **row}
    assert met(row) is reached
    assert table_of([row]).row_count == 1


def test_every_measurement_is_found_and_the_runner_is_none() -> None:
    assert {"memory", "presence"} <= set(names())
    assert "run" not in names()


def test_no_ring_of_tests_is_left_out() -> None:
    rings = {path.relative_to(ROOT / "tests").parts[0] for path in (ROOT / "tests").rglob("test_*.py")}
    assert rings - {"lab", "data"} <= {ring for lane in LANES for ring in lane}


def test_check_asks_the_gate_too_where_the_shop_had_a_guests_network(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.remember(9300, {})
    assert programs_of(tmp_path) == ("hub", "kiosk", "edge", "portal")
    gate, portal = (
        {"GATE_SOCKET": "/run/x/gate.sock"},
        {"PORTAL_GATE": "/run/x/gate.sock", "PORTAL_PORT": "9302"},
    )
    place.remember(9300, {"gate": gate, "portal": portal})
    assert programs_of(tmp_path) == ("hub", "kiosk", "edge", "portal", "gate")
    assert (settings_of("gate", tmp_path), settings_of("portal", tmp_path)) == (gate, portal)
    place.remember(9300, {})
    assert programs_of(tmp_path) == ("hub", "kiosk", "edge", "portal")

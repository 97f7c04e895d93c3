"""`shopbell install`: what a machine gets, that a second run changes nothing, and what is told where it cannot be."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.up.cli import main
from hub.up.installing import insist_on_machine, insist_on_place, read_templates
from hub.up.sentences import UpError
from hub.up.services import Machine, files_of, next_steps, packages_of, quoted, settings_text, units_of
from tests.test_docs import settings

ROOT = Path(__file__).resolve().parents[2]
RADIO = ("--door", "--wifi", "wlan0", "--radio", "--ssid", "Corner Shop", "--country", "DE")
WIRED = ("--door", "--wifi", "eth9", "--ssid", "Corner Shop", "--upstream", "none")


def install(root: Path, *words: str) -> int:
    return main(["install", *words, "--root", str(root)])


def env_of(root: Path) -> dict[str, str]:
    lines = (root / "etc/shopbell/shopbell.env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def written(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}


def test_a_door_with_a_radio_gets_a_bridge_the_drop_in_and_both_out_of_networkmanagers_hands(
    tmp_path: Path,
) -> None:
    assert install(tmp_path, *RADIO) == 0
    env = env_of(tmp_path)
    assert (env["WIFI_INTERFACE"], env["WIFI_RADIO"], env["GATE_INTERFACE"]) == (
        "shopbell0",
        "wlan0",
        "shopbell0",
    )
    assert (env["WIFI_SSID"], env["PORTAL_SSID"]) == ('"Corner Shop"', '"Corner Shop"')
    assert env["PORTAL_GATE"] == "/run/shopbell/gate.sock"
    left = (tmp_path / "etc/NetworkManager/conf.d/shopbell.conf").read_text()
    assert "unmanaged-devices=interface-name:wlan0;interface-name:shopbell0" in left
    assert {"etc/systemd/system/hostapd.service.d/shopbell.conf", "etc/sysctl.d/60-shopbell.conf"} <= written(
        tmp_path
    )


def test_an_access_point_on_a_wired_port_needs_no_hostapd(tmp_path: Path) -> None:
    assert install(tmp_path, *WIRED) == 0
    env = env_of(tmp_path)
    assert env["WIFI_INTERFACE"] == env["GATE_INTERFACE"] == "eth9"
    assert "WIFI_RADIO" not in env
    assert not [path for path in written(tmp_path) if "hostapd" in path or "radio.conf" in path]


def test_a_counter_gets_the_till_and_nothing_of_the_network(tmp_path: Path) -> None:
    assert install(tmp_path, "--counter", "--hub", "http://hub.local:8080") == 0
    services = {path.rpartition("/")[2] for path in written(tmp_path) if path.endswith(".service")}
    assert services == {"shopbell-kiosk.service"}
    assert env_of(tmp_path) == {"KIOSK_HUB": "http://hub.local:8080"}


def test_the_same_again_changes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    install(tmp_path, *RADIO)
    before = {path: (tmp_path / path).stat().st_mtime_ns for path in written(tmp_path)}
    capsys.readouterr()
    assert install(tmp_path, *RADIO) == 0
    said = capsys.readouterr().out
    assert "wrote" not in said
    assert "changed" not in said
    assert {path: (tmp_path / path).stat().st_mtime_ns for path in written(tmp_path)} == before


def test_what_was_set_by_hand_stays(tmp_path: Path) -> None:
    install(tmp_path, *RADIO)
    file = tmp_path / "etc/shopbell/shopbell.env"
    file.write_text("# Ours.\nPORTAL_MINUTES=30\n" + file.read_text())
    assert (
        install(tmp_path, "--door", "--wifi", "wlan0", "--radio", "--ssid", "New Name", "--country", "DE")
        == 0
    )
    assert file.read_text().startswith("# Ours.\nPORTAL_MINUTES=30\n")
    assert env_of(tmp_path)["WIFI_SSID"] == '"New Name"'


def test_the_paths_are_those_of_this_clone(tmp_path: Path) -> None:
    install(tmp_path, "--office")
    unit = (tmp_path / "etc/systemd/system/shopbell-hub.service").read_text()
    assert f"ExecStart={ROOT}/.venv/bin/python -P -m hub serve" in unit
    assert "@" not in "".join(line for line in unit.splitlines() if not line.startswith("SystemCallFilter"))


def test_a_passphrase_is_kept_apart_and_from_other_eyes(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("correct horse battery\n")
    root = tmp_path / "root"
    assert install(root, *RADIO, "--security", "wpa2", "--passphrase-file", str(secret)) == 0
    key = root / "etc/shopbell/wifi.key"
    assert key.read_text() == "correct horse battery\n"
    assert key.stat().st_mode & 0o007 == 0
    assert "correct horse" not in (root / "etc/shopbell/shopbell.env").read_text()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "Say what this machine is to be"),
        (("--counter", "--wifi", "wlan0", "--ssid", "x"), "belongs to the door"),
        (("--door", "--wifi", "wlan0", "--radio"), "Give the network a name"),
        ((*RADIO, "--certificate", "c.pem"), "A certificate is for a name"),
        ((*RADIO, "--security", "wpa3"), "needs the passphrase"),
    ],
)
def test_what_does_not_fit_together_is_a_sentence(
    words: tuple[str, ...], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert install(tmp_path, *words) == 1
    assert said in capsys.readouterr().err
    assert written(tmp_path) == set()


def test_services_look_into_nobodys_home() -> None:
    for place in ("/home/pi/shopbell", "/root/python/bin/python3", "/tmp/shopbell"):
        with pytest.raises(UpError, match=r"sudo mv shopbell /opt/shopbell"):
            insist_on_place(Path(place))
    insist_on_place(Path("/opt/shopbell"))
    insist_on_place(Path("/usr/bin/python3.11"))


def test_without_root_or_without_systemd_there_is_nothing_to_install(tmp_path: Path) -> None:
    with pytest.raises(UpError, match="takes root"):
        insist_on_machine(1000, tmp_path)
    with pytest.raises(UpError, match="not run by systemd"):
        insist_on_machine(0, tmp_path / "none")


def test_the_gate_comes_up_before_there_is_a_network_to_guard() -> None:
    order = units_of(Machine("/opt/shopbell", ("door",), "wlan0", is_radio=True))
    assert (
        order.index("shopbell-gate.service")
        < order.index("shopbell-wifi.service")
        < order.index("hostapd.service")
    )


def test_whoever_has_not_joined_is_told_how() -> None:
    machine = Machine("/opt/shopbell", ("door", "office"))
    told = "\n".join(next_steps(machine, ()))
    assert (
        "EDGE_DIR=/var/lib/shopbell/edge /opt/shopbell/.venv/bin/python -P -m edge enrol CODE --hub URL"
        in told
    )
    assert (
        'HUB_DIR=/var/lib/shopbell/hub /opt/shopbell/.venv/bin/python -P -m hub init --name "Corner Shop"'
        in told
    )
    assert next_steps(machine, ("door", "office")) == []


def test_every_template_goes_somewhere_on_a_machine_that_is_everything() -> None:
    roles = ("door", "counter", "office")
    machine = Machine("/opt/shopbell", roles, "wlan0", is_radio=True, has_screen=True, is_packaged=True)
    templates = read_templates(ROOT / "units")
    assert len(files_of(machine, templates)) == len(templates) > 10


def test_every_setting_that_is_written_is_one_that_its_program_knows(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("correct horse battery\n")
    more = (
        "--security",
        "wpa2",
        "--passphrase-file",
        str(secret),
        "--without-internet",
        "calm",
        "--channel",
        "11",
    )
    tls = ("--name", "wifi.shop.example", "--certificate", "c.pem", "--certificate-key", "k.pem")
    hub = ("--hub", "http://hub.local:8080", "--counter", "--upstream", "lo")
    assert install(tmp_path / "root", *RADIO, *more, *tls, *hub) == 0
    known = {name for name, _ in settings()}
    assert set(env_of(tmp_path / "root")) <= known


@given(st.text(st.characters(blacklist_categories=("Cs", "Cc", "Zl", "Zp")), min_size=1, max_size=32))
def test_a_shell_reads_each_value_as_it_was_given(value: str) -> None:
    """systemd.exec(5): the file follows the quoting of a shell. It is read back here by one that is not ours."""
    text = settings_text("", {"WIFI_SSID": value})
    done = subprocess.run(
        ["sh", "-c", f'{text}\nprintf %s "$WIFI_SSID"'],
        capture_output=True,
        text=True,
        timeout=20,
        check=True,
    )
    assert done.stdout == value


def test_a_value_of_two_lines_is_none() -> None:
    with pytest.raises(ValueError, match="one line"):
        quoted("Shop\nWIFI_SECURITY=open")


def test_a_counter_with_a_display_gets_its_browser_and_one_without_does_not() -> None:
    for has_screen in (True, False):
        machine = Machine("/opt/shopbell", ("counter",), has_screen=has_screen)
        assert ("shopbell-screen.service" in units_of(machine)) is has_screen
        assert ("chromium" in packages_of(machine)) is has_screen

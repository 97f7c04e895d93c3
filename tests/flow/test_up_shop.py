"""A whole shop, as `shopbell up` runs it: from an empty folder, through a coupon and a killed till, and on again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.prove._street import answers, free_ports

ROOT = Path(__file__).resolve().parents[2]


def up(folder: Path, port_base: int, *words: str) -> subprocess.Popen[str]:
    command = [
        sys.executable,
        "-m",
        "hub.up.cli",
        "up",
        "--dir",
        str(folder),
        "--port-base",
        str(port_base),
        *words,
    ]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def ask(*words: str) -> Any:
    done = subprocess.run(
        [sys.executable, "-m", *words], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.stdout, done.stderr
    return json.loads(done.stdout)


class Shop:
    """One run of a whole shop that lasts until a test ends it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port_base = free_ports(3)
        self.process = up(folder, self.port_base)
        self.lines: list[str] = []

    def wait_for(self, words: str) -> str:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip())
            if words in line:
                return line
        pytest.fail("\n".join(self.lines))

    def pid_of(self, program: str) -> int:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        for pid in children:
            if f"\0{program}\0serve" in Path(f"/proc/{pid}/cmdline").read_text():
                return int(pid)
        pytest.fail(f"{program} does not run")

    def end(self, number: int = signal.SIGINT) -> int:
        if self.process.poll() is None:
            self.process.send_signal(number)
        out, err = self.process.communicate(timeout=90)
        self.lines += [*out.splitlines(), *err.splitlines()]
        return self.process.returncode


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    running = Shop(tmp_path_factory.mktemp("up") / "my shop")
    running.wait_for("first-steps.txt")
    yield running
    running.end(signal.SIGKILL)


def test_the_addresses_answer_and_no_secret_is_printed_into_a_pipe(shop: Shop) -> None:
    assert all(answers(shop.port_base + place) for place in range(3))
    secrets = (shop.folder / "first-steps.txt").read_text()
    pin = secrets.rsplit("PIN ", 1)[1].split()[0]
    code = secrets.rsplit("/installer/ and use the code ", 1)[1].split()[0]
    assert len(code) == 14
    said = "\n".join(shop.lines)
    assert "the PIN and the installer's code are in" in said
    logs = "".join(path.read_text() for path in (shop.folder / "log").iterdir())
    for secret in (pin, code):
        assert secret not in said
        assert secret not in logs


def test_every_page_says_that_the_street_is_simulated(shop: Shop) -> None:
    from urllib.request import urlopen

    for place in range(3):
        with urlopen(f"http://127.0.0.1:{shop.port_base + place}/?lang=en", timeout=20) as answer:
            assert "simulated" in answer.read().decode().lower(), shop.port_base + place


def test_a_second_start_and_a_taken_port_are_sentences(shop: Shop, tmp_path: Path) -> None:
    second = up(shop.folder, shop.port_base + 10)
    _, said = second.communicate(timeout=60)
    assert (second.returncode, "already (process" in said) == (1, True)
    third = up(tmp_path / "other", shop.port_base)
    _, said = third.communicate(timeout=60)
    assert third.returncode == 1
    assert f"Port {shop.port_base}, which the hub needs, is in use." in said
    assert "Traceback" not in said


def test_a_coupon_goes_from_the_shell_to_the_report_once(shop: Shop) -> None:
    hub, kiosk = str(shop.folder / "hub"), str(shop.folder / "kiosk")
    # Whoever opened the phone's page before has a coupon already.
    before = ask("hub", "--dir", hub, "report", "--json")["coupons"]["issued"]
    taken = ask("hub", "--dir", hub, "coupon", "issue", "1", "--json")
    first = ask("kiosk", "redeem", taken["token"], "--json", "--dir", kiosk)
    second = ask("kiosk", "redeem", taken["code"], "--json", "--dir", kiosk)
    assert first["accepted"] is True
    assert (second["accepted"], second["refusal"]) == (False, "already_redeemed")
    assert second["first_use"]["till"]
    report = ask("hub", "--dir", hub, "report", "--json")
    assert (report["coupons"]["issued"], report["coupons"]["redeemed"]) == (before + 1, 1)


def test_a_killed_till_is_started_again_and_that_is_told(shop: Shop) -> None:
    before = shop.pid_of("kiosk")
    os.kill(before, signal.SIGKILL)
    shop.wait_for("The kiosk stopped by signal SIGKILL")
    until = time.monotonic() + 30
    while not answers(shop.port_base + 1) and time.monotonic() < until:
        time.sleep(0.1)
    assert answers(shop.port_base + 1)
    assert shop.pid_of("kiosk") != before


def test_when_the_whole_shop_is_killed_its_programs_end_and_the_next_start_goes_on(shop: Shop) -> None:
    secrets = (shop.folder / "first-steps.txt").read_text()
    issued = ask("hub", "--dir", str(shop.folder / "hub"), "report", "--json")["coupons"]["issued"]
    shop.end(signal.SIGKILL)
    again = up(shop.folder, shop.port_base, "--for", "3")
    out, said = again.communicate(timeout=110)
    account = json.loads(out)
    assert (again.returncode, account["ok"]) == (0, True), said
    assert account["coupons"] == {"issued": issued, "redeemed": 1}
    assert (shop.folder / "first-steps.txt").read_text() == secrets
    assert not any(answers(shop.port_base + place) for place in range(3))


def test_a_run_with_an_end_accounts_for_itself_as_json(tmp_path: Path) -> None:
    run = up(tmp_path / "shop", free_ports(3), "--for", "8", "--speed", "30", "--radio", "ble:sim:seed=7")
    out, said = run.communicate(timeout=110)
    account = json.loads(out)
    assert (run.returncode, account["ok"], account["simulated"]) == (0, True, True), said
    assert set(account["addresses"]) == {"hub", "manage", "kiosk", "till", "portal", "staff", "installer"}
    assert account["visits"] == account["events"]["visit.closed"] > 0
    assert account["people"]["low"] <= account["people"]["people"] <= account["people"]["high"]
    assert account["radio"] == "ble:sim:seed=7"
    assert not any(account["restarts"].values())


def test_a_radio_that_was_named_and_is_not_there_ends_the_run_with_a_sentence(tmp_path: Path) -> None:
    radio = "ble:replay:nowhere.btsnoop"
    run = up(tmp_path / "shop", free_ports(3), "--no-seed", "--for", "5", "--radio", radio)
    out, said = run.communicate(timeout=110)
    assert run.returncode == 1
    assert "There is no recording 'nowhere.btsnoop'" in json.loads(out)["failed"], said
    assert "Traceback" not in said

"""The installer's pages on a phone: every state in both languages, light and dark; a whole calibration of a real door."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import pytest
from access import faults
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from installer_door import FakeDoor, ear, heads, pages_in, seen, stood, walk
from playwright.sync_api import Page, expect

from edge.calibration import read_calibration
from edge.live import SOCKET
from edge.portal.installer.asking import ask
from edge.questions import Answer, HeadsSet, Look
from hub.client.node import Node, NodeRecord
from hub.wire.identity import public_text

ROOT = Path(__file__).resolve().parents[2]
PHONE, SMALL = {"width": 390, "height": 844}, {"width": 360, "height": 740}
NOT_YET = (stood("door", False), stood("outside", False, True))

PATIENCE_MS = 60_000
"""Whoever walks about on the simulated street is at the radio every 23 seconds; a busy machine takes longer."""

STATES: dict[str, tuple[str, Answer]] = {
    "radio": ("/", Answer(seen=seen())),
    "radio-two": ("/", Answer(seen=seen(ear("door"), ear("counter", "There is no adapter hci1. Plug it in."))),),
    "calibrate": ("/calibrate", Answer()),
    "walk-1-begin": ("/calibrate/walk", Answer(senders=("phone", "ibeacon:7f3c1b5e-2d84-4a6f-9c10-5e1ab0de11ed/1/1"))),
    "walk-2-hold": ("/calibrate/walk", Answer(walk=walk("hold", "too-weak", NOT_YET))),
    "walk-3-found": ("/calibrate/walk", Answer(walk=walk("ready", "", NOT_YET))),
    "walk-4-stand": ("/calibrate/walk", Answer(walk=walk("stand", "", NOT_YET, "door"))),
    "walk-5-measured": ("/calibrate/walk", Answer(walk=walk("ready"))),
    "walk-6-silent": ("/calibrate/walk", Answer(walk=walk("ready", "silent"))),
    "walk-7-fitted": ("/calibrate/walk", Answer(walk=walk("fitted"))),
    "heads-1-begin": ("/calibrate/heads", Answer()),
    "heads-2-counting": ("/calibrate/heads", Answer(heads=heads("counting"))),
    "heads-3-paused": ("/calibrate/heads", Answer(heads=heads("paused"))),
    "heads-4-counted": ("/calibrate/heads", Answer(heads=heads("fitted"))),
}  # fmt: skip


def come_in(page: Page, address: str, code: str, language: str = "en") -> None:
    page.goto(f"{address}/installer/in?lang={language}")
    page.fill("#code", code)
    page.locator("main button[type=submit]").click()
    expect(page.locator("#live")).to_be_visible()


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("name", ["in", *STATES])
def test_a_page_can_be_read_and_touched_on_a_phone_by_day_and_by_night(
    tmp_path: Path,
    serve: Callable[..., str],
    browse: Callable[..., Page],
    shots: Callable[..., Path],
    language: str,
    name: str,
) -> None:
    door = FakeDoor(Answer(seen=seen()))
    pages = pages_in(tmp_path, door, time.time)
    address = serve(pages.app)
    page = browse(viewport=PHONE)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda wrong: complaints.append(str(wrong)))
    path = "/in"
    if name != "in":
        come_in(page, address, pages.code, language)
        page.goto("about:blank")
        path, door.answer = STATES[name]
    page.goto(f"{address}/installer{path}?lang={language}")
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        shots(page, f"installer-{name}-{language}-{scheme}")
        assert faults(page, least_target_px=24) == []
    page.set_viewport_size(SMALL)  # type: ignore[arg-type]
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    assert faults(page, least_target_px=24) == []
    assert complaints == []


def test_buttons_are_large_enough_for_a_thumb(
    tmp_path: Path, serve: Callable[..., str], browse: Callable[..., Page]
) -> None:
    door = FakeDoor(Answer(seen=seen()))
    pages = pages_in(tmp_path, door, time.time)
    address = serve(pages.app)
    page = browse(viewport=SMALL)
    come_in(page, address, pages.code)
    page.goto("about:blank")
    door.answer = Answer(heads=heads("counting"))
    page.goto(f"{address}/installer/calibrate/heads?lang=en")
    for button in ("#less", "#more"):
        box = page.locator(button).bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) >= 80


def test_the_figures_change_by_themselves_and_what_was_opened_stays_open(
    tmp_path: Path, serve: Callable[..., str], browse: Callable[..., Page]
) -> None:
    door = FakeDoor(Answer(seen=seen()))
    pages = pages_in(tmp_path, door, time.time)
    address = serve(pages.app)
    page = browse(viewport=PHONE)
    come_in(page, address, pages.code)
    page.locator("#how-people summary").click()
    door.answer = Answer(seen=seen(ear("counter")))
    expect(page.locator("#ear-1")).to_contain_text("counter")
    expect(page.locator("#how-people")).to_have_attribute("open", "")
    door.silent = "not-running"
    expect(page.locator("#live")).to_contain_text("The door is not running")
    door.silent = ""
    expect(page.locator("#ear-1")).to_contain_text("counter")


def test_taps_count_at_once_however_fast_they_come(
    tmp_path: Path, serve: Callable[..., str], browse: Callable[..., Page]
) -> None:
    door = FakeDoor(Answer(seen=seen()))
    pages = pages_in(tmp_path, door, time.time)
    address = serve(pages.app)
    page = browse(viewport=PHONE)
    come_in(page, address, pages.code)
    page.goto("about:blank")
    door.answer = Answer(heads=heads("counting"))
    page.goto(f"{address}/installer/calibrate/heads?lang=en")
    page.evaluate("for (let n = 0; n < 4; n += 1) document.getElementById('more').click()")
    assert page.locator("[data-number]").text_content() == "13"
    until = time.monotonic() + 5
    while HeadsSet(13) not in door.asked and time.monotonic() < until:
        page.wait_for_timeout(20)
    said = [question.heads for question in door.asked if isinstance(question, HeadsSet)]
    assert said[-1] == 13
    assert said == sorted(said)


def test_without_a_script_taps_count_and_the_page_loads_itself_again(
    tmp_path: Path, serve: Callable[..., str], browse: Callable[..., Page]
) -> None:
    door = FakeDoor(Answer(seen=seen()))
    pages = pages_in(tmp_path, door, time.time)
    address = serve(pages.app)
    page = browse(viewport=PHONE, java_script_enabled=False)
    come_in(page, address, pages.code)
    page.goto("about:blank")
    door.answer = Answer(heads=heads("counting"))
    page.goto(f"{address}/installer/calibrate/heads?lang=en")
    page.locator("#more").click()
    page.locator("#less").click()
    assert [question for question in door.asked if isinstance(question, HeadsSet)] == [
        HeadsSet(10),
        HeadsSet(9),
    ]
    assert "lang=en" in page.url
    assert re.search(r'http-equiv="refresh"', page.content())


@dataclass
class RealDoor:
    """A real edge and a real portal of one node, on a simulated street that runs fast; somebody walks about in it."""

    folder: Path
    address: str
    code: str


def python(*words: str, **settings: str) -> subprocess.Popen[str]:
    env = {name: value for name, value in os.environ.items() if not name.startswith(("EDGE_", "PORTAL_"))}
    return subprocess.Popen(
        [sys.executable, "-m", *words],
        cwd=ROOT,
        env=env | settings,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def real_door(tmp_path: Path) -> Iterator[RealDoor]:
    key, hub = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    record = NodeRecord("edge-1", "edge", "Door", 1, 3, 0, public_text(hub), "http://127.0.0.1:9")
    Node.save(tmp_path, record, key)
    code, _ = python("edge", "installer-code", "--dir", str(tmp_path)).communicate(timeout=20)
    edge = python(
        "edge", "run", "--dir", str(tmp_path), "--radio", "ble:sim:seed=3,installer=4", "--speed", "20"
    )
    portal = python("edge.portal", "serve", "--dir", str(tmp_path), "--port", "0")
    assert portal.stdout is not None
    address = portal.stdout.readline().split(" at ")[-1].strip().rstrip("/")
    until = time.monotonic() + 20
    while not (tmp_path / SOCKET).exists():
        assert time.monotonic() < until, "the door did not start"
        time.sleep(0.05)
    yield RealDoor(tmp_path, address, code.strip())
    for program in (portal, edge):
        program.send_signal(signal.SIGTERM)
        program.communicate(timeout=20)


def heard_at(door: RealDoor, least_dbm: int, most_dbm: int) -> None:
    """Wait until whoever walks about is heard so strong for some seconds: there is nobody in the test who could walk."""
    until = time.monotonic() + 30
    levels: list[int] = []
    while time.monotonic() < until:
        told = ask(door.folder, Look()).walk
        if told is not None and told.level_dbm is not None:
            levels.append(told.level_dbm)
        if len(levels) >= 7 and least_dbm <= median(levels[-7:]) <= most_dbm:
            return
        time.sleep(0.05)
    pytest.fail(f"the phone never came there: {levels[-20:]}, {told}")


@pytest.mark.slow
def test_a_real_door_is_watched_counted_and_walked_and_then_goes_by_it(
    real_door: RealDoor, browse: Callable[..., Page], shots: Callable[..., Path]
) -> None:
    page = browse(viewport=PHONE)
    page.set_default_timeout(PATIENCE_MS)
    calibrate = f"{real_door.address}/installer/calibrate"
    come_in(page, real_door.address, real_door.code)
    page.goto(f"{calibrate}/heads?lang=en")
    page.fill("#heads", "8")
    page.get_by_role("button", name="Begin").click()
    page.locator("#more").click()
    expect(page.locator("[data-number]")).to_have_text("9")

    page.goto(f"{calibrate}/walk?lang=en")
    page.get_by_role("button", name="Begin").click()
    expect(page.get_by_role("button", name="I stand there")).to_be_visible(timeout=PATIENCE_MS)
    heard_at(real_door, -83, -62)
    page.get_by_role("button", name="I stand there").click()
    expect(page.get_by_role("button", name="I stand outside")).to_be_visible(timeout=PATIENCE_MS)
    heard_at(real_door, -110, -84)
    page.get_by_role("button", name="I stand outside").click()
    page.get_by_role("button", name="See what fits").click()
    expect(page.get_by_role("heading", name="What it would change")).to_be_visible(timeout=PATIENCE_MS)
    shots(page, "installer-real-walk")
    kept = real_door.folder / "calibration.json"
    assert not kept.exists()

    page.goto(f"{calibrate}/heads?lang=en")
    page.get_by_role("button", name="Enough, see the result").click()
    expect(page.get_by_role("row", name="You counted")).to_contain_text(re.compile("8|9"))
    shots(page, "installer-real-heads")
    page.get_by_role("button", name="Accept").click()
    expect(page.locator(".done")).to_contain_text("Accepted")
    assert len(read_calibration(kept.read_bytes()).counts) == 1

    page.goto(f"{calibrate}/walk?lang=en")
    page.get_by_role("button", name="See what fits").click()
    expect(page.get_by_text("Heads counted so far end")).to_be_visible(timeout=PATIENCE_MS)
    page.get_by_role("button", name="Accept").click()
    expect(page.locator(".done")).to_contain_text("Accepted")
    (fitted,) = read_calibration(kept.read_bytes()).thresholds
    assert kept.stat().st_mode & 0o777 == 0o600
    page.goto(f"{real_door.address}/installer/?lang=en")
    expect(page.locator("section.ear")).to_contain_text(f"\N{MINUS SIGN}{-fitted.arrive_dbm} dBm")
    shots(page, "installer-real-radio")

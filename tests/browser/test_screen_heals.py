"""The shoppers' screen comes back by itself: a real Chromium under its supervisor, and everything that can happen to it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page
from screen_place import HEADLESS, Server, Watched, serving, until, watched

from hub.storefront.context import ScreenSettings

OFFERS = "Offers · Corner Shop"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving(ScreenSettings(attract_s=1)) as running:
        yield running


@pytest.fixture(scope="module")
def screen(server: Server, chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    with watched(server.url, tmp_path_factory.mktemp("screen") / "profile") as running:
        yield running


def is_well(server: Server, screen: Watched) -> None:
    """The offers stand there, and the page tells that it lives."""
    until(lambda: screen.shows(OFFERS), "the offers are on the screen")
    beats = server.count("/screen/beat")
    until(lambda: server.count("/screen/beat") > beats, "the page tells that it lives")


def page_of(screen: Watched, chromium: Browser) -> Page:
    """The very page on the screen."""
    return chromium.browser_type.connect_over_cdp(screen.devtools).contexts[0].pages[0]


def test_it_comes_back_after_its_renderer_was_killed(server: Server, screen: Watched) -> None:
    is_well(server, screen)
    before, starts = screen.processes("renderer"), screen.supervisor.starts
    assert before
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    until(lambda: bool(set(screen.processes("renderer")) - set(before)), "a new page process runs")
    is_well(server, screen)
    assert screen.supervisor.starts == starts


def test_it_comes_back_after_the_browser_was_killed(server: Server, screen: Watched) -> None:
    is_well(server, screen)
    before = screen.processes()
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    until(lambda: bool(set(screen.processes()) - set(before)), "a new browser runs")
    is_well(server, screen)


def test_it_comes_back_from_a_blank_page_and_from_one_that_is_not_ours(
    server: Server, screen: Watched, chromium: Browser
) -> None:
    is_well(server, screen)
    for harm in ("document.documentElement.innerHTML = ''", "location.href = 'about:blank'"):
        page = page_of(screen, chromium)
        page.evaluate(harm)
        until(lambda: screen.shows(OFFERS) and page_of(screen, chromium).inner_text("body") != "", harm)
        is_well(server, screen)


def test_it_comes_back_from_a_page_that_hangs(server: Server, screen: Watched, chromium: Browser) -> None:
    is_well(server, screen)
    starts = screen.supervisor.starts
    page_of(screen, chromium).evaluate("setTimeout(() => { for (;;); }, 50)")
    until(lambda: screen.supervisor.starts > starts, "the browser is started again")
    is_well(server, screen)


def test_a_lost_server_gives_a_calm_page_from_the_browsers_own_store_and_the_offers_come_back(
    server: Server, screen: Watched, chromium: Browser
) -> None:
    is_well(server, screen)
    page = page_of(screen, chromium)
    until(
        lambda: bool(page.evaluate("!!navigator.serviceWorker.controller")), "the worker looks after the page"
    )
    server.stop()
    try:
        page.evaluate("location.reload()")
        page.wait_for_selector("text=One moment")
        assert "请稍候" in page.inner_text("main")
        assert page.url == server.url
    finally:
        server.start()
    is_well(server, screen)
    page_of(screen, chromium).wait_for_selector("text=Come in from the cold")


def test_a_browser_that_starts_before_its_server_waits_calmly(
    server: Server, screen: Watched, chromium: Browser
) -> None:
    is_well(server, screen)
    server.stop()
    try:
        for pid in screen.processes():
            os.kill(pid, signal.SIGKILL)
        until(lambda: screen.shows("One moment"), "the calm page is on the screen")
    finally:
        server.start()
    is_well(server, screen)


@pytest.fixture
def quiet_server() -> Iterator[Server]:
    """One that no other browser asks."""
    with serving(ScreenSettings()) as running:
        yield running


def test_the_command_ends_when_told_and_leaves_no_process_and_no_profile(
    quiet_server: Server, chromium: Browser, tmp_path: Path
) -> None:
    flags = " ".join(HEADLESS)
    env = {
        **os.environ,
        "KIOSK_PORT": str(quiet_server.port),
        "KIOSK_BROWSER_FLAGS": flags,
        "RUNTIME_DIRECTORY": str(tmp_path),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "kiosk", "browser"],
        env=env,
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    try:
        until(lambda: quiet_server.count("/") > 0, "the offers are asked for")
        assert (tmp_path / "profile").exists()
    finally:
        process.terminate()
        process.wait(20)
    assert process.returncode == 0
    assert not (tmp_path / "profile").exists()
    left = [
        path
        for path in Path("/proc").glob("[0-9]*/cmdline")
        if f"--user-data-dir={tmp_path}".encode() in _words(path)
    ]
    assert left == []


def _words(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def test_a_machine_without_a_browser_is_told_how_to_get_one() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "kiosk", "browser"],
        env={**os.environ, "KIOSK_BROWSER": "no-such-browser"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert "apt install chromium" in done.stderr

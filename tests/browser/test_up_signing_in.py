"""Staff sign in from another machine of the shop: by a name, over plain HTTP, where browsers say less of a form than at home."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from hub.up.browser import find_chromium
from tests.prove._street import free_ports

ROOT = Path(__file__).resolve().parents[2]
NAMES = "MAP portal.internal 127.0.0.1, MAP till.shop 127.0.0.1"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, str]]:
    """A whole shop: its first port, and the PIN of its first member of staff."""
    folder, port = tmp_path_factory.mktemp("signing") / "shop", free_ports(3)
    command = [sys.executable, "-m", "hub.up.cli", "up", "--dir", str(folder), "--port-base", str(port)]
    env = {**os.environ, "PYTHONUNBUFFERED": "1"}
    running = subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True)
    assert running.stdout is not None
    for line in running.stdout:
        if "first-steps.txt" in line:
            break
    secrets = (folder / "first-steps.txt").read_text()
    yield port, secrets.rsplit("PIN ", 1)[1].split()[0]
    running.terminate()
    running.communicate(timeout=60)


@pytest.fixture
def elsewhere(chromium: Browser) -> Iterator[Page]:
    """A browser to which the shop's machines are others, and their plain pages no secure context."""
    browser = chromium.browser_type.launch(
        executable_path=find_chromium(),
        args=["--no-sandbox", "--disable-gpu", f"--host-resolver-rules={NAMES}"],
    )
    page = browser.new_context(locale="en-GB").new_page()
    page.set_default_timeout(15_000)
    yield page
    browser.close()


def test_staff_sign_in_at_the_door_over_the_network(shop: tuple[int, str], elsewhere: Page) -> None:
    port, pin = shop
    elsewhere.goto(f"http://portal.internal:{port + 2}/staff/")
    for _ in range(60):
        # The door may not have heard from its hub yet who the staff are.
        if elsewhere.get_by_label("PIN").count():
            break
        elsewhere.wait_for_timeout(250)
        elsewhere.reload()
    elsewhere.get_by_label("PIN").fill(pin)
    elsewhere.get_by_role("button", name="Sign in").click()
    expect(elsewhere.get_by_role("heading", level=1)).to_have_text("Guests")


def test_staff_sign_in_at_the_till_over_the_network(shop: tuple[int, str], elsewhere: Page) -> None:
    port, pin = shop
    elsewhere.goto(f"http://till.shop:{port + 1}/till")
    elsewhere.get_by_label("PIN").fill(pin)
    elsewhere.get_by_role("button", name="Sign in").click()
    expect(elsewhere.get_by_label("PIN")).to_have_count(0)
    assert elsewhere.evaluate("isSecureContext") is False

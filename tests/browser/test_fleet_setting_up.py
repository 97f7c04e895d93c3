"""The screen of a node that has joined no shop, in a real browser: its code as QR that can be read, and axe finds nothing."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import zxingcpp
from access import faults, violations
from PIL import Image
from playwright.sync_api import Page

from hub.client.joining import Standing
from hub.storefront.setting_up import create_setting_up
from hub.wire.joining import show_joining_code

CODE = "7KQ29XJM4TBD"
SCREENS = {"kiosk": {"width": 1280, "height": 800}, "phone": {"width": 390, "height": 844}}


@dataclass
class Shown:
    standing: Standing


@pytest.mark.timeout(120)
def test_the_code_is_shown_as_qr_and_in_letters_and_every_trouble_is_said(
    serve: Callable[..., str], browse: Callable[..., Page], shots: Callable[..., Path]
) -> None:
    shown = Shown(Standing("waiting", CODE, 1.0, "0KW8H4W22P7C"))
    again: list[bool] = []
    app = create_setting_up(
        lambda: shown.standing,
        lambda: again.append(True),
        hub_url="http://hub.local:8080",
        name="Till 1",
        show=show_joining_code,
    )
    base = serve(app)
    for name, viewport in SCREENS.items():
        page = browse(viewport=viewport, java_script_enabled=True)
        shown.standing = Standing("waiting", CODE, 1.0, "0KW8H4W22P7C")
        page.goto(base)
        assert page.get_by_text("7KQ2-9XJM-4TBD").is_visible()
        picture = Image.open(io.BytesIO(page.locator(".paper").screenshot()))
        (read,) = zxingcpp.read_barcodes(picture)
        assert read.text == f"http://hub.local:8080/manage/devices/join?code={CODE}"
        shots(page, f"fleet-setup-{name}")
        for stage in ("waiting", "unreachable", "refused", "another_hub", "joined"):
            shown.standing = Standing(stage, CODE if stage == "waiting" else "")  # type: ignore[arg-type]
            page.goto(base)
            assert violations(page) == [], (name, stage)
            assert faults(page) == [], (name, stage)
    assert again == []
    shown.standing = Standing("refused")
    page.goto(base)
    page.get_by_role("button").click()
    assert again == [True]

"""The staff's pages in a browser: every state in both languages, by day and by night, on phone, laptop and paper."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from access import faults
from playwright.sync_api import Page, expect
from ways_door import NOW, PIN, Door, at

from edge.gate.protocol import Limits
from edge.portal.ways.batches import Wish
from hardware.modem.sim import SimModem

SMALL, LAPTOP = {"width": 360, "height": 740}, {"width": 1280, "height": 860}
NOTICE = {
    "en": "Simulated modem: no text message leaves this machine.",
    "zh": "模拟短信设备：不会真正发出短信。",
}


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    door = Door(
        tmp_path, ways=("click", "code", "member", "sms"), modem=SimModem(delay_s=0.0, now=lambda: NOW - 90)
    )
    yield door
    door.close()


def a_busy_morning(door: Door) -> str:
    """Guests of every kind, batches in every state; the running batch's id."""
    make = door.vouchers.make
    old = make(Wish(12, 3_600, NOW + 3 * 86_400, what_for="Reading by Ms Lin"), "s2", NOW)
    door.later(1)
    make(Wish(5, 86_400, NOW + 60, what_for=""), "s1", door.now)
    door.later(60)
    limits = Limits(250_000, 100_000, 500_000_000)
    batch = make(Wish(24, 7_200, NOW + 30 * 86_400, 2, limits, "早餐 Breakfast"), "s1", door.now)
    codes = [code for _, code in door.vouchers.unused(batch.id)]
    door.come_in(at(12))
    door.come_in(at(23, "code", codes[0]))
    door.come_in(at(24, "code", codes[1]))
    member = door.come_in(at(131, remember=True))
    door.come_in(at(131, "member", member))
    for n, used in ((12, 1_240_000), (23, 431_000_000), (24, 0), (131, 2_140_000_000)):
        phone = door.keeper.phone_at(f"10.77.0.{n}")
        assert phone is not None
        door.gate.stays[phone].used = used
    phone = door.keeper.phone_at("10.77.0.12")
    assert phone is not None
    door.gate.stays[phone].until = door.now + 1
    door.later(60)
    door.vouchers.end(old.id, door.now)
    assert door.modem is not None
    door.modem.send("+4915123456789", "493027 is your Wi-Fi code for Corner Shop. It is good for 10 minutes.")
    return batch.id


def come_in(page: Page, address: str, language: str = "en") -> None:
    page.goto(f"{address}/staff/in?lang={language}")
    page.get_by_text("Ada").click()
    page.fill("#pin", PIN)
    page.locator("main button[type=submit]").click()
    expect(page.locator(".menu")).to_be_visible()


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(
    "name", ["in", "empty", "guests", "guest", "codes", "codes-wrong", "sheet", "silent"]
)
def test_a_page_can_be_read_and_touched_by_day_and_by_night(
    door: Door,
    serve: Callable[..., str],
    browse: Callable[..., Page],
    shots: Callable[..., Path],
    language: str,
    name: str,
) -> None:
    batch = "" if name == "empty" else a_busy_morning(door)
    address = serve(door.staff_app(NOTICE))
    page = browse(viewport=SMALL, java_script_enabled=True)
    complaints: list[str] = []
    page.on("pageerror", lambda wrong: complaints.append(str(wrong)))
    if name != "in":
        come_in(page, address, language)
    match name:
        case "in":
            page.goto(f"{address}/staff/in?lang={language}")
            page.get_by_text("Bo").click()
            page.fill("#pin", "0000")
            page.locator("main button[type=submit]").click()
            expect(page.locator("#wrong")).to_be_visible()
        case "guest":
            page.locator(".guests .acts a").nth(1).click()
        case "codes":
            page.goto(f"{address}/staff/codes?lang={language}")
        case "codes-wrong":
            page.goto(f"{address}/staff/codes?lang={language}")
            page.fill("#count", "5000")
            page.fill("#lasts", "100")
            page.select_option("select[name=unit]", "days")
            page.locator("form button.wide").click()
            expect(page.locator("#count-wrong")).to_be_visible()
        case "sheet":
            page.goto(f"{address}/staff/codes/{batch}?lang={language}")
        case "silent":
            door.gate.broken = True
            page.goto(f"{address}/staff/?lang={language}")
    for viewport, size in ((SMALL, "phone"), (LAPTOP, "laptop")):
        page.set_viewport_size(viewport)  # type: ignore[arg-type]
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            shots(page, f"ways-staff-{name}-{language}-{size}-{scheme}")
            assert faults(page, least_target_px=24) == []
    page.set_viewport_size(SMALL)  # type: ignore[arg-type]
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    shots(page, f"ways-staff-{name}-{language}-open")
    assert faults(page, least_target_px=24) == []
    assert complaints == []


def test_a_shift_without_a_script_makes_codes_lets_a_guest_stay_and_ends_them_all(
    door: Door, serve: Callable[..., str], browse: Callable[..., Page]
) -> None:
    address = serve(door.staff_app())
    page = browse(viewport=SMALL, java_script_enabled=False)
    come_in(page, address)
    page.get_by_role("link", name="Codes").click()
    page.fill("#what_for", "Meeting room")
    page.fill("#count", "3")
    page.get_by_role("button", name="Make the codes").click()
    expect(page.locator(".slip-code")).to_have_count(3)
    code = page.locator(".slip-code").first.inner_text()
    door.come_in(at(50, "code", code))
    door.come_in(at(51))
    page.get_by_role("link", name="Guests").click()
    expect(page.get_by_text("2 guests are in.")).to_be_visible()
    page.get_by_role("link", name="More time or other limits for 0.51").click()
    page.select_option("#minutes", "180")
    page.get_by_role("button", name="Give more time").click()
    expect(page.get_by_role("status")).to_contain_text("may stay longer")
    assert door.keeper.standing("10.77.0.51", NOW).until == NOW + 4 * 3_600
    page.get_by_role("link", name="Codes").click()
    page.locator("summary", has_text="End …").click()
    page.get_by_role("button", name="End these codes").click()
    assert door.gate.inside() == ["10.77.0.51"]
    page.get_by_role("link", name="Guests").click()
    page.locator("summary", has_text="End all").click()
    page.get_by_role("button", name="End everybody's stay").click()
    expect(page.get_by_role("heading", name="Nobody is in")).to_be_visible()
    assert door.gate.inside() == []
    page.get_by_role("button", name="Sign out").click()
    expect(page.locator("#pin")).to_be_visible()
    page.goto(f"{address}/staff/codes")
    expect(page.locator("#pin")).to_be_visible()


def test_a_sheet_of_24_codes_is_one_page_of_paper(
    door: Door, serve: Callable[..., str], browse: Callable[..., Page], shots: Callable[..., Path]
) -> None:
    wish = Wish(24, 7_200, NOW + 30 * 86_400, 2, what_for="Breakfast")
    batch = door.vouchers.make(wish, "s1", NOW)
    page = browse(viewport=LAPTOP)
    come_in(page, serve(door.staff_app(NOTICE)))
    for language in ("en", "zh"):
        page.goto(re.sub("/staff/.*", f"/staff/codes/{batch.id}?lang={language}", page.url))
        page.emulate_media(media="print")
        paper = page.pdf(format="A4", prefer_css_page_size=True)
        assert len(re.findall(rb"/Type\s*/Page\b", paper)) == 1
        shots(page, f"ways-staff-paper-{language}")
        assert page.locator(".slip").count() == 24
        for hidden in (".menu", ".top", ".notice", ".no-print >> nth=0"):
            expect(page.locator(hidden)).to_be_hidden()

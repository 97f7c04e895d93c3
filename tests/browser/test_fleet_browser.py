"""Devices in a real browser: let in by the code that they show, set, placed, replaced, retired and withdrawn; judged by axe."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from access import faults, log_in, violations
from PIL import Image, ImageDraw
from playwright.sync_api import Page, expect

from hub.app import Hub
from hub.client.clock import Clock
from hub.client.configured import told_settings
from hub.client.joining import Joining
from hub.client.link import WsgiLink
from hub.client.node import Node
from hub.client.settings import read_settings
from hub.config import read_config
from hub.people import add_manager
from hub.store.fleet_records import Told
from hub.wire.joining import show_joining_code
from kiosk.config import SETTINGS
from tests.hub_house import NOON, House

LAPTOP = {"width": 1280, "height": 860}
PHONE = {"width": 390, "height": 844}
PASSWORD = "seven green kettles"


class Shop:
    """A hub at one time that the test turns, and machines that want to join."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.now = NOON + 60
        house = House(folder / "hub")
        add_manager(house.store, "Ines", PASSWORD, NOON, who="test")
        house.close()
        self.hub = Hub(
            read_config({"HUB_DIR": str(folder / "hub"), "HUB_URL": "https://shop.example"}),
            clock=Clock(wall=lambda: self.now, ntp=lambda: True),
            with_site=False,
        )

    def machine(self, name: str) -> Joining:
        return Joining(self.folder / name, "http://hub", "kiosk", name.title(), link=WsgiLink(self.hub.app))


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    made = Shop(tmp_path)
    yield made
    made.hub.close()


def plan() -> bytes:
    """A drawing of a small shop."""
    picture = Image.new("RGB", (800, 500), "#f4f1ec")
    draw = ImageDraw.Draw(picture)
    draw.rectangle((30, 30, 770, 470), outline="#5e574f", width=6)
    draw.rectangle((500, 30, 770, 220), outline="#5e574f", width=4)
    draw.rectangle((120, 300, 420, 360), fill="#d9d2c8")
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def looked_at(page: Page, name: str, shots: Callable[..., Path]) -> None:
    """In both languages, on laptop and phone: nothing runs over the side, axe finds nothing, and there is a picture of it."""
    here = page.url.partition("#")[0]
    joint = "&" if "?" in here else "?"
    for language, screen, viewport in (
        ("en", "laptop", LAPTOP),
        ("zh", "laptop", LAPTOP),
        ("en", "phone", PHONE),
        ("zh", "phone", PHONE),
    ):
        page.set_viewport_size(viewport)  # type: ignore[arg-type]
        page.goto(f"{here}{joint}lang={language}")
        wider = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert page.evaluate(wider) <= 0, f"{name} runs over the side of a {screen} in {language}"
        shots(page, f"fleet-{name}-{language}-{screen}")
        assert violations(page) == [], (name, language, screen)
        assert faults(page) == [], (name, language, screen)
    page.set_viewport_size(LAPTOP)  # type: ignore[arg-type]
    page.goto(f"{here}{joint}lang=en")


@pytest.mark.timeout(240)
def test_a_device_is_let_in_set_placed_replaced_and_let_go_without_a_script(
    shop: Shop, serve: Callable[..., str], browse: Callable[..., Page], shots: Callable[..., Path]
) -> None:
    base = serve(shop.hub.app)
    page, seen = browse(viewport=LAPTOP, java_script_enabled=False), browse(viewport=LAPTOP)
    for one in (page, seen):
        log_in(one, base)

    # A group first, so that there is one to choose.
    page.goto(f"{base}/manage/groups?lang=en")
    form = page.locator("form", has=page.get_by_role("heading", name="Add a group"))
    form.get_by_label("What it is called").fill("Tills")
    form.get_by_label("Settings of all its devices").fill("KIOSK_IDLE_S=60")
    form.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_contain_text("next start")
    seen.goto(f"{base}/manage/groups")
    looked_at(seen, "groups", shots)

    # Pair: the code on the machine's screen is typed; the list says that it waits.
    first = shop.machine("till by the door")
    code = first.step().code
    seen.goto(f"{base}/manage/devices")
    looked_at(seen, "waiting", shots)
    page.goto(f"{base}/manage/devices?lang=en")
    page.get_by_label("Code on the device").fill(show_joining_code(code).lower())
    page.locator("form", has=page.get_by_label("Code on the device")).get_by_role("button").click()
    expect(page.get_by_role("heading", name="Let this device in?")).to_be_visible()
    seen.goto(page.url)
    looked_at(seen, "join", shots)
    page.get_by_label("Group").select_option("Tills")
    page.get_by_role("button", name="Let it in").click()
    expect(page.get_by_role("status")).to_contain_text("Let in.")
    assert first.step().stage == "joined"

    # The same code once more, and one that is too old.
    page.goto(f"{base}/manage/devices/join?code={code}&lang=en")
    expect(page.get_by_role("alert")).to_contain_text("used before")
    late = shop.machine("late").step().code
    shop.now += 601
    page.goto(f"{base}/manage/devices/join?code={late}&lang=en")
    expect(page.get_by_role("alert")).to_contain_text("too old")

    # It tells its settings; then one is set here, and the group's value stands beside it.
    told = told_settings(SETTINGS, {}, None, read_settings(SETTINGS, {"KIOSK_DIR": str(first.folder)}))
    settings = msgspec.json.encode(told).decode()
    shop.hub.store.fleet.tell(Told("kiosk-1", settings, -3 * 86_400.0, "lan", shop.now))

    page.goto(f"{base}/manage/devices/kiosk-1?lang=en")
    form = page.locator("form", has=page.get_by_role("heading", name="Settings"))
    form.get_by_label("KIOSK_IDLE_S").fill("30")
    form.get_by_role("button", name="Save").click()
    expect(page.get_by_text("the group says 60")).to_be_visible()
    assert shop.hub.store.fleet.post("kiosk-1").settings == {"KIOSK_IDLE_S": "30"}
    seen.goto(f"{base}/manage/devices/kiosk-1")
    looked_at(seen, "device", shots)

    # Place it by a click on the plan.
    page.goto(f"{base}/manage/places?lang=en")
    form = page.locator("form", has=page.get_by_role("heading", name="Add a floor"))
    form.get_by_label("What it is called").fill("Ground floor")
    form.get_by_label("Picture of its plan").set_input_files(
        {"name": "plan.png", "mimeType": "image/png", "buffer": plan()}
    )
    form.get_by_role("button", name="Save").click()
    click = page.get_by_role("button", name="Put it where I click")
    click.click(position={"x": 160, "y": 300})
    expect(page.get_by_role("status")).to_contain_text("Saved.")
    post = shop.hub.store.fleet.post("kiosk-1")
    assert post.floor == "Ground floor"
    assert (post.x, post.y) == (pytest.approx(0.25, abs=0.01), pytest.approx(0.75, abs=0.01))
    seen.goto(f"{base}/manage/places")
    looked_at(seen, "places", shots)

    # Replace it by the code of another machine.
    second = shop.machine("new")
    page.goto(f"{base}/manage/devices/kiosk-1?lang=en")
    form = page.locator("form", has=page.get_by_role("heading", name="Replace the machine"))
    form.get_by_label("Code on the new machine").fill(second.step().code)
    form.get_by_role("button", name="Go on").click()
    page.get_by_role("button", name="Let it in").click()
    assert second.step().stage == "joined"
    assert page.url.startswith(f"{base}/manage/devices")
    taken = Node.load(second.folder)
    assert taken is not None
    assert (taken.device, taken.name) == ("kiosk-1", "Till By The Door")
    page.goto(f"{base}/manage/devices/kiosk-1?lang=en")
    expect(page.get_by_text("Machine before")).to_be_visible()

    # Retire it, keep it, withdraw it.
    page.get_by_role("button", name="Retire it").click()
    expect(page.get_by_role("status")).to_contain_text("as soon as it has told everything")
    page.get_by_role("button", name="Keep it after all").click()
    page.get_by_role("button", name="Withdraw…").click()
    page.get_by_role("button", name="Withdraw it").click()
    expect(page.get_by_role("status")).to_contain_text("Withdrawn.")
    seen.goto(f"{base}/manage/devices")
    looked_at(seen, "list", shots)

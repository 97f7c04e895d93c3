"""Nothing personal stays on the shoppers' screen: pages, storage, caches, history, the profile on the disk, the server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import KIOSK_WIDE
from playwright.sync_api import Browser, Locator, Page
from screen_place import Server, Watched, serving, until, watched
from storefront_desk import little_shop

from hub.storefront.context import ScreenSettings
from hub.wire.coupon import Issued, show_code

WORD = "sourdough"


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(ScreenSettings(idle_s=2, warn_s=2, attract_s=30), little_shop("kiosk")) as running:
        yield running


def traces(issued: Issued) -> dict[str, bytes]:
    """What would betray the shopper, as it could stand anywhere."""
    return {
        "code": issued.code.encode(),
        "code as shown": show_code(issued.code).encode(),
        "serial": issued.coupon.serial.encode(),
        "serial in bytes": bytes.fromhex(issued.coupon.serial),
        "token": issued.token[:60].encode(),
        "code in UTF-16": issued.code.encode("utf-16-le"),
        "word": WORD.encode(),
        "word in UTF-16": WORD.encode("utf-16-le"),
    }


def visit(page: Page, home: str, *, touch: bool = True) -> None:
    """Somebody looks for something and takes it, by touch where the browser says that it has any."""

    def press(what: Locator) -> None:
        what.tap() if touch else what.click()

    page.goto(home)
    # The field has no keyboard of its own here; the words come as from one that the machine shows.
    page.locator("footer input[name=q]").fill(WORD)
    press(page.locator("footer .search button"))
    page.wait_for_url("**/search?*")
    press(page.locator("main").get_by_role("button", name="Take this").first)
    page.wait_for_url("**/coupon/1?*")
    page.wait_for_selector(".qr svg")


def kept(page: Page) -> str:
    """Everything that the page's own origin holds in the browser, as one text."""
    return str(
        page.evaluate(
            """async () => {
              const parts = [document.documentElement.outerHTML, document.cookie, document.referrer];
              parts.push(document.title, location.href);
              for (const store of [localStorage, sessionStorage]) parts.push(JSON.stringify(Object.entries(store)));
              for (const name of await caches.keys()) {
                const cache = await caches.open(name);
                for (const request of await cache.keys())
                  parts.push(request.url, await (await cache.match(request)).text());
              }
              parts.push(JSON.stringify(await indexedDB.databases()), JSON.stringify(history.state));
              parts.push(JSON.stringify(performance.getEntries().map((entry) => entry.name)));
              return parts.join("\\n");
            }"""
        )
    )


def history_of(page: Page) -> list[dict[str, Any]]:
    session = page.context.new_cdp_session(page)
    return list(session.send("Page.getNavigationHistory")["entries"])


def on_disk(folder: Path, wanted: dict[str, bytes]) -> list[str]:
    """The files below a folder that hold a trace."""
    found = []
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            try:
                content = path.read_bytes()
            except OSError:
                continue
            found += [
                f"{path.relative_to(folder)}: {name}" for name, trace in wanted.items() if trace in content
            ]
    return found


def test_after_the_wipe_no_byte_of_the_visit_is_left_in_the_browser_or_in_its_profile(
    server: Server, chromium: Browser, tmp_path: Path
) -> None:
    profile = tmp_path / "profile"
    with watched(server.url, profile) as screen:
        until(lambda: screen.shows("Offers"), "the offers are on the screen")
        page = screen_page(screen, chromium)
        visit(page, server.url, touch=False)
        (issued,) = server.desk.issued.values()
        wanted = traces(issued)
        address = page.url
        # The proof can fail: while it is shown, the coupon is in the page.
        assert show_code(issued.code) in kept(page)
        page.wait_for_url(server.url, timeout=20_000)
        page.wait_for_selector("text=Come in from the cold")
        left = kept(page).encode()
        assert [name for name, trace in wanted.items() if trace in left and not name.startswith("word")] == []
        assert b"?q=" not in left
        until(lambda: len(history_of(page)) == 1, "there is nothing to go back to")
        assert [entry["url"] for entry in history_of(page)] == [server.url]
        assert page.context.cookies() == []
        assert any(profile.rglob("*"))
        assert on_disk(profile, wanted) == []
        answer = page.request.get(address)
        assert answer.status == 410
        assert issued.code[:4] not in answer.text()
    assert not profile.exists()


def screen_page(screen: Watched, chromium: Browser) -> Page:
    return chromium.browser_type.connect_over_cdp(screen.devtools).contexts[0].pages[0]


@pytest.mark.parametrize("scripts", [True, False])
def test_going_back_shows_nothing_of_whoever_was_here(
    server: Server, browse: Callable[..., Page], scripts: bool
) -> None:
    page = browse(viewport=KIOSK_WIDE, java_script_enabled=scripts, has_touch=True)
    visit(page, server.url)
    (issued,) = server.desk.issued.values()
    page.wait_for_url(server.url, timeout=20_000)
    for _ in range(6):
        page.go_back()
        text = page.content()
        assert show_code(issued.code) not in text
        assert issued.coupon.serial not in text
        assert f'value="{WORD}"' not in text
        if page.url == "about:blank":
            break


def test_a_touch_keeps_the_page_and_the_big_button_too(server: Server, browse: Callable[..., Page]) -> None:
    page = browse(viewport=KIOSK_WIDE, has_touch=True)
    visit(page, server.url)
    address = page.url
    for _ in range(3):
        page.wait_for_timeout(1_500)
        page.touchscreen.tap(640, 300)
    button = page.get_by_role("link", name="I am still here")
    button.wait_for(state="visible")
    box = button.bounding_box()
    assert box
    assert box["height"] >= 90
    button.tap()
    assert not button.is_visible()
    assert page.url == address
    page.wait_for_url(server.url, timeout=20_000)


def test_the_done_button_wipes_at_once(server: Server, browse: Callable[..., Page]) -> None:
    page = browse(viewport=KIOSK_WIDE, has_touch=True)
    visit(page, server.url)
    address = page.url
    page.locator("main").get_by_role("link", name="Done: wipe this screen").tap()
    page.wait_for_url(server.url)
    assert page.request.get(address).status == 410
    assert page.evaluate("history.length") <= 2

"""Managers' ways in, in a real browser: passkeys with a virtual authenticator, codes, invitations, roles; judged by axe."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pyotp
import pytest
from access import log_in, violations
from playwright.sync_api import CDPSession, Page, expect

from hub.app import Hub
from hub.config import read_config
from hub.people import add_manager
from hub.roles import Role
from tests.hub_house import House

LAPTOP = {"width": 1280, "height": 860}
PHONE = {"width": 390, "height": 844}
PASSWORD = "seven green kettles"


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    house = House(tmp_path)
    for name, role in (("Ines", Role.OWNER), ("Mei", Role.MANAGER), ("Otto", Role.VIEWER)):
        add_manager(house.store, name, PASSWORD, time.time(), who="test", role=role)
    house.close()
    made = Hub(read_config({"HUB_DIR": str(tmp_path)}), with_site=False)
    yield made
    made.close()


def authenticator(page: Page, *, verified: bool = True) -> tuple[CDPSession, str]:
    """A device that holds passkeys and says that its owner showed a finger (CDP, WebAuthn)."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": verified,
        "automaticPresenceSimulation": True,
    }
    made = session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return session, made["authenticatorId"]


def add_passkey(page: Page, base: str, name: str) -> None:
    page.goto(f"{base}/manage/security/passkeys?lang=en")
    page.get_by_label("What you call this device").fill(name)
    page.get_by_role("button", name="Add a passkey").click()


def by_name(address: str) -> str:
    """The same server by the one name for which browsers offer passkeys without TLS."""
    return address.replace("127.0.0.1", "localhost")


def look(page: Page, shots: Callable[..., Path], name: str) -> None:
    wider = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(wider) <= 0, f"{name} runs over the side"
    shots(page, name)
    assert violations(page) == [], name


@pytest.mark.timeout(120)
def test_a_passkey_is_added_opens_the_hub_and_is_removed(
    hub: Hub, serve: Callable[..., str], browse: Callable[..., Page], shots: Callable[..., Path]
) -> None:
    base = by_name(serve(hub.app))
    page = browse(viewport=LAPTOP)
    session, device = authenticator(page)
    log_in(page, base)
    add_passkey(page, base, "My laptop")
    expect(page.get_by_role("status")).to_contain_text("Added.")
    expect(page.get_by_role("row", name=re.compile("My laptop"))).to_be_visible()
    look(page, shots, "people-passkeys-en-laptop")
    kept = session.send("WebAuthn.getCredentials", {"authenticatorId": device})["credentials"]
    assert [one["rpId"] for one in kept] == ["localhost"]

    page.get_by_role("button", name="Log out", exact=True).click()
    page.goto(f"{base}/manage/offers?lang=en")
    look(page, shots, "people-login-en-laptop")
    page.get_by_role("button", name="Log in with a passkey").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Offers")
    page.goto(f"{base}/manage/security?lang=en")
    expect(page.get_by_role("row", name=re.compile("this one"))).to_contain_text("by passkey")

    page.goto(f"{base}/manage/security/passkeys?lang=en")
    page.get_by_role("button", name="Remove My laptop").click()
    expect(page.get_by_role("status")).to_contain_text("Removed.")
    page.get_by_role("button", name="Log out", exact=True).click()
    page.get_by_role("button", name="Log in with a passkey").click()
    expect(page.get_by_role("alert").first).to_contain_text("That passkey does not open this hub.")


@pytest.mark.timeout(60)
def test_an_answer_that_was_caught_on_the_way_opens_nothing_again(
    hub: Hub, serve: Callable[..., str], browse: Callable[..., Page]
) -> None:
    base = by_name(serve(hub.app))
    page = browse(viewport=LAPTOP)
    authenticator(page)
    log_in(page, base)
    add_passkey(page, base, "My laptop")
    page.get_by_role("button", name="Log out", exact=True).click()
    page.goto(f"{base}/manage/login?lang=en")
    with page.expect_request("**/login/passkey*") as caught:
        page.get_by_role("button", name="Log in with a passkey").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Today")
    answer = caught.value.post_data_json["answer"]

    thief = browse(viewport=LAPTOP)
    thief.goto(f"{base}/manage/login?lang=en")
    thief.evaluate(
        """answer => { const form = document.querySelector('form[data-passkey]');
        form.elements.answer.value = answer; form.submit(); }""",
        answer,
    )
    expect(thief.get_by_role("alert").first).to_contain_text("That passkey does not open this hub.")
    thief.goto(f"{base}/manage/")
    expect(thief.get_by_role("button", name="Log in", exact=True)).to_be_visible()


@pytest.mark.timeout(60)
def test_a_device_that_asked_for_no_finger_is_not_believed(
    hub: Hub, serve: Callable[..., str], browse: Callable[..., Page], shots: Callable[..., Path]
) -> None:
    base = by_name(serve(hub.app))
    page = browse(viewport=PHONE, locale="zh-CN")
    authenticator(page, verified=False)
    log_in(page, base)
    page.goto(f"{base}/manage/security/passkeys?lang=en")
    page.get_by_label("What you call this device").fill("A phone")
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("Your device gave no passkey")
    assert hub.store.persons.passkeys("Ines") == []


@pytest.mark.timeout(60)
def test_where_browsers_offer_no_passkeys_the_page_says_why(
    hub: Hub, serve: Callable[..., str], browse: Callable[..., Page]
) -> None:
    base = serve(hub.app)
    page = browse(viewport=PHONE)
    log_in(page, base)
    page.goto(f"{base}/manage/security?lang=en")
    expect(page.get_by_text("They need this hub to be reached by a name, with https.")).to_be_visible()
    page.goto(f"{base}/manage/login?lang=en")
    expect(page.get_by_role("button", name="Log in with a passkey")).to_have_count(0)


@pytest.mark.timeout(120)
def test_codes_of_an_app_are_turned_on_and_asked_for_without_a_script(
    hub: Hub, serve: Callable[..., str], browse: Callable[..., Page], shots: Callable[..., Path]
) -> None:
    base = serve(hub.app)
    page = browse(viewport=LAPTOP, java_script_enabled=False)
    log_in(page, base)
    page.goto(f"{base}/manage/security/codes?lang=en")
    app = pyotp.TOTP(page.locator(".secret").inner_text().replace(" ", ""))
    page.get_by_label("Type the code that it shows now").fill(app.now())
    page.get_by_role("button", name="Turn codes on").click()
    expect(page.get_by_role("heading", name="Your recovery codes")).to_be_visible()
    recovery = page.locator(".recovery code").all_inner_texts()
    assert len(recovery) == 10
    shots(page, "people-recovery-en-laptop")
    page.get_by_role("button", name="Log out", exact=True).click()
    page.get_by_label("Name").fill("Ines")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("One more step")
    page.get_by_label("Code of your app").fill("000000")
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("alert")).to_contain_text("That code is not right")
    page.get_by_label("Code of your app").fill(recovery[0])
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Today")


@pytest.mark.timeout(60)
def test_an_invitation_fills_its_own_code_in(
    hub: Hub, serve: Callable[..., str], browse: Callable[..., Page]
) -> None:
    base = serve(hub.app)
    owner, guest = browse(viewport=LAPTOP), browse(viewport=PHONE)
    log_in(owner, base)
    owner.goto(f"{base}/manage/managers?lang=en")
    owner.get_by_label("For whom").fill("Bo")
    owner.get_by_role("button", name="Make a code").click()
    link = owner.locator(".join-url").get_attribute("href")
    assert link is not None
    guest.goto(link)
    code = link.partition("#")[2]
    expect(guest.locator("#code")).to_have_value(code)
    assert code not in guest.url, "and the address forgets it"
    guest.locator("#name").fill("Bo")
    guest.locator("#password").fill("nine blue saucers")
    guest.locator("#join-form button").click()
    expect(guest.get_by_role("status")).to_contain_text("Welcome")
    assert hub.store.persons.role("Bo") == "editor"


@pytest.mark.timeout(240)
def test_the_pages_of_people_are_fit_for_everybody(
    hub: Hub, serve: Callable[..., str], browse: Callable[..., Page], shots: Callable[..., Path]
) -> None:
    base = serve(hub.app)
    first = browse(viewport=LAPTOP)
    log_in(first, base)
    state = first.context.storage_state()
    pages = {
        "managers": "/managers",
        "security": "/security",
        "codes": "/security/codes",
        "again": "/again",
        "passkeys": "/security/passkeys",
    }
    for language, name, viewport in (("en", "laptop", LAPTOP), ("zh", "phone", PHONE)):
        scheme = "dark" if name == "phone" else "light"
        page = browse(viewport=viewport, storage_state=state, color_scheme=scheme)
        for what, path in pages.items():
            page.goto(f"{base}/manage{path}?lang={language}")
            look(page, shots, f"people-{what}-{language}-{name}")
        outside = browse(viewport=viewport, color_scheme=scheme)
        outside.goto(f"{base}/manage/join?lang={language}")
        look(outside, shots, f"people-join-{language}-{name}")

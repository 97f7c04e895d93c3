"""Messages to members in a real browser: written, looked at, tried, started, paused and cancelled; judged by axe on both
screens."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from access import faults, log_in, violations
from playwright.sync_api import Page, expect

from hub.app import Hub
from hub.client.clock import Clock
from hub.config import read_config
from hub.messages.campaign import Draft, write_body
from hub.messages.channel import Sent, Unsure
from hub.messages.mailing import put_in, start
from hub.messages.people import People
from hub.messages.rules import MessageRules, Pace, write_rules
from hub.people import add_manager
from tests.hub_house import campaign
from tests.hub_office import PASSWORD
from tests.message_house import MORNING, MessageHouse, Scripted

LAPTOP = {"width": 1280, "height": 860}
PHONE = {"width": 390, "height": 844}
URL = "https://shop.example"


def fill(folder: Path) -> None:
    house = MessageHouse(folder)
    add_manager(house.store, "Ines", PASSWORD, MORNING, who="test")
    house.publish(campaign(1, starts_at=int(MORNING) - 60, ends_at=int(MORNING) + 86_400))
    rules = MessageRules(
        paces={"modem": Pace(a_minute=10, cost=750)}, footer={"en": "Reply STOP to end.", "zh": "回复T退订"}
    )
    house.store.messages.set_rules(write_rules(rules))
    for place in range(14):
        house.member(name=f"Guest {place}", language="zh" if place % 3 == 0 else "en")
    house.member(media=(), name="Nobody")
    english = "Hello {name}, a free croissant until Sunday: https://shop.example/n/0012?c=s"
    texts = {"en": english, "zh": "{name}您好，周日前免费可颂"}
    for name, began in (("Croissants for everybody", True), ("早餐 <b>& =1+1</b> \u202e", False)):
        draft = Draft(name=name, text=texts, campaign=1, group=20, salt="salt")
        number = house.store.mailings.add(write_body(draft), "Ines", MORNING)
        if began:
            start(house.store, number, "Ines", MORNING)
            put_in(house.store, People(house.store, house.people, URL), number, MORNING)
    silent = Unsure("The modem fell silent while it had the message: it may have gone out or not.")
    answers = iter([silent, *[Sent(2, ("1", "2"))] * 99])
    hander = house.hander(Scripted(does=lambda _message: next(answers)))
    for _ in range(12):
        house.now += hander.once() or 0
    house.close()


def test_messages_to_members_are_fit_for_everybody(
    tmp_path: Path, serve: Callable[..., str], browse: Callable[..., Page], shots: Callable[..., Path]
) -> None:
    fill(tmp_path)
    hub = Hub(
        read_config({"HUB_DIR": str(tmp_path), "HUB_URL": URL}),
        clock=Clock(wall=lambda: MORNING + 900, ntp=lambda: True),
        with_site=False,
    )
    base = serve(hub.app)
    page = browse(viewport=LAPTOP)
    log_in(page, base)
    state = page.context.storage_state()
    for language, name, viewport in (("en", "laptop", LAPTOP), ("zh", "phone", PHONE)):
        scheme = "dark" if name == "phone" else "light"
        there = browse(viewport=viewport, storage_state=state, color_scheme=scheme)
        for place in ("messages", "messages/new?campaign=1", "messages/1", "messages/2", "messages/channels"):
            there.goto(f"{base}/manage/{place}{'&' if '?' in place else '?'}lang={language}")
            shots(there, f"sending-{place.split('?')[0].replace('/', '-')}-{language}-{name}")
            wider = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            assert there.evaluate(wider) <= 0, f"{place} in {language} runs over the side of a {name}"
            assert violations(there) == []
            assert faults(there) == []
    # Without a script, from a blank page to the end.
    plain = browse(viewport=LAPTOP, storage_state=state, java_script_enabled=False)
    plain.goto(f"{base}/manage/messages?lang=en")
    plain.get_by_role("link", name="Write to members").click()
    plain.get_by_label("Name, for yourselves").fill("Spring")
    plain.get_by_label("Text, English").fill("Hello {name}, spring is here.")
    plain.get_by_role("button", name="Save the draft").click()
    expect(plain.get_by_text("14 of 14 members are reached")).to_be_visible()
    expect(plain.get_by_text("Cost: about €1.05")).to_be_visible()
    expect(plain.locator("dd.bubble").first).to_have_text("Hello Ann, spring is here.\nReply STOP to end.")
    plain.get_by_label("Your own number or mail address").fill("+49 1512 3456789")
    plain.get_by_role("button", name="Send a test").click()
    expect(plain.get_by_role("status")).to_contain_text("The test is on its way.")
    plain.get_by_role("button", name="Start…").click()
    shots(plain, "sending-start-en-laptop")
    plain.get_by_role("button", name="Send it").click()
    expect(plain.get_by_role("status")).to_contain_text("Started.")
    plain.get_by_role("button", name="Pause").click()
    expect(plain.get_by_role("status")).to_contain_text("Paused.")
    plain.get_by_role("button", name="Go on").click()
    plain.get_by_role("button", name="Cancel…").click()
    plain.get_by_role("button", name="Cancel it").click()
    expect(plain.get_by_role("status")).to_contain_text("Cancelled.")
    assert hub.store.mailings.state(3) == "cancelled"
    hub.close()

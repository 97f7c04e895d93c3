"""The inbox and keywords in a real browser: laptop and phone, both languages, judged by axe; answered without a script."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from access import faults, log_in, violations
from playwright.sync_api import Page, expect

from hub.app import Hub
from hub.client.clock import Clock
from hub.config import read_config
from hub.messages.answering import Answerer
from hub.messages.channel import ChannelName, Heard
from hub.messages.heard import Ears, heard
from hub.messages.keywords import Keyword, Place, form, write_keyword
from hub.people import add_manager
from tests.hub_house import campaign
from tests.hub_office import PASSWORD
from tests.message_house import MORNING, MessageHouse, letter

LAPTOP = {"width": 1280, "height": 860}
PHONE = {"width": 390, "height": 844}
URL = "https://shop.example"

TALKS: tuple[tuple[str, ChannelName, str], ...] = (
    (
        "+4915112345601",
        "modem",
        "Good morning! Is the rye bread vegan, and do you keep one for me until five?",
    ),
    ("+4915112345602", "smpp", "你好，周日有黑麦面包吗？想订两个。"),
    ("+4915112345603", "modem", "coffee"),
    ("+4915112345603", "modem", "Thank you, that was lovely ☕️"),
    ("+4915112345604", "modem", "STOP"),
    ("+4915112345605", "http", "مرحبا، متى تفتحون يوم الأحد؟"),
    ("+4915112345606", "modem", "x" * 3_000),
    ("+4915112345607", "modem", "<b>=1+1</b> \u202e reversed 😀"),
    ("ann@example.org", "mail", "Dear shop,\n\nmy scarf stayed at table four.\n\nAnn"),
)


def fill(folder: Path) -> None:
    house = MessageHouse(folder)
    add_manager(house.store, "Ines", PASSWORD, MORNING, who="test")
    house.member(phone="+4915112345601", mail="ann@example.org", name="Ann Lee", media=("sms", "mail"))
    house.member(phone="+4915112345602", name="王小明", language="zh")
    house.member(phone="+4915112345604", name="Bo")
    house.publish(campaign(1, starts_at=int(MORNING) - 60, ends_at=int(MORNING) + 86_400))
    till = house.node()
    fact, token = till.mint(expires_at=int(MORNING) + 3_600)
    till.report(fact)
    member = house.book.by_number("+4915112345601") or ""
    assert till.redeem(token, member=member).accepted
    house.queue(letter(1, member))
    for one in (
        Keyword(
            words=("Coffee", "咖啡"),
            does="offer",
            campaign=1,
            text={"en": "A coffee on the house", "zh": "请您喝咖啡"},
        ),
        Keyword(words=("join", "加入"), does="join"),
        Keyword(
            words=("shop", "门店"),
            does="places",
            places=(Place("Harbour", "Quay 1, 1020 Wien", ("1020",)),),
            on=False,
        ),
    ):
        house.store.inbox.put_keyword(0, write_keyword(one), map(form, one.words), MORNING)
    ears = Ears(house.store, house.book, house.secret, lambda: "ntp", "DE")
    for place, (sender, channel, text) in enumerate(TALKS):
        heard(ears, Heard(f"k{place}", channel, sender, text), MORNING + place * 60)
    half = "你好，明天上午我想取三个全麦面包，如果方便的话请 […] 谢谢！"
    heard(ears, Heard("half", "smpp", "+4915112345602", half, whole=False), MORNING + 590)
    Answerer(ears, (), URL).answer_due(MORNING + 600)
    house.close()


def test_the_inbox_and_keywords_are_fit_for_everybody(
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
    pages = ("inbox?show=open", "inbox/1", "inbox/2", "keywords", "keywords/1")
    for language, name, viewport in (("en", "laptop", LAPTOP), ("zh", "phone", PHONE)):
        scheme = "dark" if name == "phone" else "light"
        there = browse(viewport=viewport, storage_state=state, color_scheme=scheme)
        for place in pages:
            there.goto(f"{base}/manage/{place}{'&' if '?' in place else '?'}lang={language}")
            wider = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            assert there.evaluate(wider) <= 0, f"{place} in {language} runs over the side of a {name}"
            shots(there, f"hearing-{place.split('?')[0].replace('/', '-')}-{language}-{name}")
            assert violations(there) == []
            assert faults(there) == []
    # Without a script.
    plain = browse(viewport=LAPTOP, storage_state=state, java_script_enabled=False)
    plain.goto(f"{base}/manage/inbox")
    plain.get_by_role("link", name="Ann Lee +49 ••• 601").click()
    plain.get_by_label("Your answer").fill("Yes, it is. We keep one for you.")
    plain.get_by_role("button", name="Send").click()
    expect(plain.get_by_role("status")).to_contain_text("Sent as soon as the channel takes it.")
    expect(plain.locator(".line.out .bubble").last).to_have_text("Yes, it is. We keep one for you.")
    plain.get_by_role("button", name="Done").click()
    plain.goto(f"{base}/manage/keywords")
    plain.get_by_label("Try what a message would get").fill("CAFÉ")
    plain.get_by_role("button", name="Try").click()
    expect(plain.get_by_role("status")).to_contain_text("That is for people")
    hub.close()

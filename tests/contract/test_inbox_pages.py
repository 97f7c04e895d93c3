"""The inbox and the keywords in the office: who may read, answers that go back once, faults beside their fields."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.messages.channel import ChannelName, Heard
from hub.messages.heard import Ears, heard
from hub.messages.sealed import open_letter
from hub.people import add_manager
from hub.roles import Role
from tests.hub_office import PASSWORD, Office, words
from tests.message_house import MessageHouse, Scripted

STRANGER = "+4915112345678"
HOSTILE = '<script>alert(1)</script> =1+1 \u202e "quoted" {page} 😀'


class Desk(Office):
    """Ines, the owner, in an office whose shop hears."""

    def __init__(self, house: MessageHouse, name: str = "Ines") -> None:
        super().__init__(house, folder=house.folder, url="https://shop.example")
        self.messages = house
        self.name = name
        self.keys = 0

    def enter(self) -> None:
        self.post("/login", {"name": self.name, "password": PASSWORD})

    def hear(self, text: str, sender: str = STRANGER, channel: ChannelName = "modem") -> int:
        self.keys += 1
        ears = Ears(self.messages.store, self.messages.book, self.messages.secret, lambda: "ntp")
        return heard(ears, Heard(f"k{self.keys}", channel, sender, text), self.messages.now).talk

    def once(self, talk: int) -> str:
        found = re.search(
            r'name="once" value="([0-9a-f]{32})"', self.get(f"/inbox/{talk}").get_data(as_text=True)
        )
        assert found
        return found[1]

    def letters(self) -> list[tuple[str, str, str]]:
        """What waits in the outbox: channel, address, text."""
        found = []
        for number in range(1, self.messages.store.messages.highest() + 1):
            kept = self.messages.kept(number)
            inside = open_letter(self.messages.secret, kept.id, kept.closed)
            found.append((kept.via, inside.number, inside.text))
        return found


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    house = MessageHouse(tmp_path)
    for role in Role:
        name = "Ines" if role is Role.OWNER else role.title()
        assert add_manager(house.store, name, PASSWORD, house.now, who="shell", role=role) is None
    made = Desk(house)
    made.enter()
    yield made
    house.close()


def test_a_message_waits_with_the_members_story_beside_it(desk: Desk) -> None:
    desk.messages.member(phone=STRANGER, name="Ann Lee")
    talk = desk.hear("Is the rye bread vegan?")
    listed = words(desk.get("/inbox"))
    assert "Ann Lee" in listed
    assert "Is the rye bread vegan?" in listed
    page = words(desk.get(f"/inbox/{talk}"))
    assert STRANGER in page
    assert "Agreed: messages (text message)" in page
    assert "Became a member on the Wi-Fi" in page
    recorded = [entry.what for entry in desk.messages.store.people.audit(20)]
    assert "talk.read" in recorded


def test_an_answer_goes_back_once_by_the_channel_that_it_came_from(desk: Desk) -> None:
    talk = desk.hear("你好，有黑麦面包吗？", channel="smpp")
    form = {"once": desk.once(talk), "text": "有的，今天下午三点出炉。"}
    for _ in range(2):
        assert desk.post(f"/inbox/{talk}/answer", form, page=f"/inbox/{talk}").status_code == 303
    assert desk.letters() == [("smpp", STRANGER, "有的，今天下午三点出炉。")]
    channel = Scripted("smpp")
    desk.messages.run(desk.messages.hander(channel))
    assert [(out.address, out.text) for out in channel.left] == [(STRANGER, "有的，今天下午三点出炉。")]
    assert "sent" in words(desk.get(f"/inbox/{talk}"))
    kept = desk.messages.store.inbox.talk(talk)
    assert kept is not None
    assert (kept.waiting, kept.assigned) == (0, "Ines")


def test_a_message_of_which_a_part_never_came_says_so(desk: Desk) -> None:
    ears = Ears(desk.messages.store, desk.messages.book, desk.messages.secret, lambda: "ntp")
    one = Heard("k", "smpp", STRANGER, "Do you have […] on Sundays?", whole=False)
    talk = heard(ears, one, desk.messages.now).talk
    page = words(desk.get(f"/inbox/{talk}"))
    assert "Do you have […] on Sundays?" in page
    assert "part of it never came" in page
    assert "Do you have" in words(desk.get("/inbox")), "it waits for somebody"


def test_nobody_is_answered_who_said_stop_and_wrote_nothing_since(desk: Desk) -> None:
    talk = desk.hear("Who are you people?")
    once = desk.once(talk)
    desk.hear("STOP")
    form = {"once": once, "text": "Please stay!"}
    answer = desk.post(f"/inbox/{talk}/answer", form, page=f"/inbox/{talk}")
    assert answer.status_code == 422
    assert "They said stop" in words(answer)
    assert "Please stay!" not in [text for _, _, text in desk.letters()]
    desk.hear("And when do you open?")
    assert (
        desk.post(f"/inbox/{talk}/answer", {**form, "text": "At eight."}, page=f"/inbox/{talk}").status_code
        == 303
    )


def test_a_talk_is_given_to_somebody_closed_and_opened_by_the_next_message(desk: Desk) -> None:
    talk = desk.hear("Where is my cake?")
    page = f"/inbox/{talk}"
    assert desk.post(f"{page}/change", {"action": "assign", "who": "Manager"}, page=page).status_code == 303
    assert "looked after by Manager" in words(desk.get(page))
    assert desk.post(f"{page}/change", {"action": "assign", "who": "Nobody"}, page=page).status_code == 400
    assert desk.post(f"{page}/change", {"action": "close"}, page=page).status_code == 303
    assert "Where is my cake?" not in words(desk.get("/inbox?show=open"))
    assert "Where is my cake?" in words(desk.get("/inbox?show=closed"))
    desk.hear("Hello?")
    assert "Hello?" in words(desk.get("/inbox"))


@pytest.mark.parametrize("role", [Role.EDITOR, Role.VIEWER])
def test_only_who_may_write_to_members_reads_the_inbox(desk: Desk, role: Role) -> None:
    talk = desk.hear("secret")
    other = Desk(desk.messages, role.title())
    other.enter()
    for path in ("/inbox", f"/inbox/{talk}", "/keywords", "/keywords/new"):
        answer = other.get(path)
        assert answer.status_code == 403, path
        assert "secret" not in words(answer)


def test_a_hostile_message_is_shown_as_it_is_and_does_nothing(desk: Desk) -> None:
    talk = desk.hear(HOSTILE)
    raw = desk.get(f"/inbox/{talk}").get_data(as_text=True)
    assert "<script>alert(1)" not in raw
    assert "&lt;script&gt;alert(1)" in raw
    long_one = desk.hear("x" * 65_536, "+4915112345670")
    assert len(desk.get("/inbox").get_data()) < 100_000
    assert desk.get(f"/inbox/{long_one}").status_code == 200
    for odd in ("/inbox?show=%00", "/inbox?page=99999", f"/inbox/{talk}?before=x", "/inbox/999"):
        assert desk.get(odd).status_code in (200, 404)


def test_a_keyword_is_made_tried_switched_off_and_removed(desk: Desk) -> None:
    form = {
        "words": "Coffee\n咖啡",
        "does": "offer",
        "campaign": "1",
        "text_en": "One coffee",
        "text_zh": "咖啡一杯",
    }
    assert desk.post("/keywords/0", form, page="/keywords/new").status_code == 303
    page = words(desk.get("/keywords"))
    assert "Corner: One coffee. Your coupon: https://shop.example/coupon/" in page
    assert "【街角】咖啡一杯。您的优惠券：" in page
    tried = words(desk.post("/keywords/try", {"tried": "ＣＯＦＦＥＥ please"}, page="/keywords"))
    assert "That is the keyword Coffee" in tried
    assert "wish to stop" in words(
        desk.post("/keywords/try", {"tried": "別再發簡訊給我了"}, page="/keywords")
    )
    assert "goes to the inbox" in words(desk.post("/keywords/try", {"tried": "hello"}, page="/keywords"))
    assert desk.post("/keywords/1/switch", {"action": "off"}, page="/keywords").status_code == 303
    assert desk.messages.store.inbox.keywords()[0].body.find('"on":false') > 0
    assert desk.post("/keywords/1/switch", {"action": "remove"}, page="/keywords").status_code == 200
    assert (
        desk.post("/keywords/1/switch", {"action": "remove", "sure": "yes"}, page="/keywords").status_code
        == 303
    )
    assert desk.messages.store.inbox.keywords() == []


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"words": "", "does": "balance"}, "words"),
        ({"words": "STOP", "does": "balance"}, "words"),
        ({"words": "退訂", "does": "balance"}, "words"),
        ({"words": "coffee", "does": "balance"}, "words"),
        ({"words": "x" * 80, "does": "balance"}, "words"),
        ({"words": "!!!", "does": "balance"}, "words"),
        ({"words": "tea", "does": "nothing"}, "does"),
        ({"words": "tea", "does": "offer", "campaign": "77"}, "campaign"),
        ({"words": "tea", "does": "text"}, "text_en"),
        ({"words": "tea", "does": "text", "text_en": "x" * 601}, "text_en"),
        ({"words": "tea", "does": "places"}, "places"),
        ({"words": "tea", "does": "places", "places": "; no name"}, "places"),
    ],
)
def test_what_is_wrong_with_a_keyword_stands_beside_its_field(
    desk: Desk, form: dict[str, str], field: str
) -> None:
    desk.post("/keywords/0", {"words": "ＣＯＦＦＥＥ", "does": "balance"}, page="/keywords/new")
    answer = desk.post("/keywords/0", form, page="/keywords/new")
    assert answer.status_code == 422
    assert f'href="#{field}"' in answer.get_data(as_text=True)
    assert len(desk.messages.store.inbox.keywords()) == 1


def test_every_page_speaks_chinese(desk: Desk) -> None:
    desk.messages.member(phone=STRANGER, name="王小明", language="zh")
    talk = desk.hear("有面包吗")
    desk.post("/keywords/0", {"words": "面包", "does": "balance"}, page="/keywords/new")
    for path in ("/inbox", f"/inbox/{talk}", "/keywords", "/keywords/new"):
        english, chinese = words(desk.get(path)), words(desk.get(f"{path}?lang=zh"))
        left = {one for one in re.findall(r"[A-Z][a-z]+ [a-z]+ [a-z]+", chinese) if one in english} - {
            "Skip to the"
        }
        assert not left, (path, left)

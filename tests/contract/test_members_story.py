"""A member's story: what they did and got, the newest first, of all memberships that are one person's, and of nobody else."""

from __future__ import annotations

from pathlib import Path

from hub.members.merging import merge
from hub.members.story import story
from hub.messages.channel import Heard
from hub.messages.heard import Ears, heard
from tests.hub_house import campaign
from tests.message_house import MORNING, MessageHouse, Scripted, letter

PHONE, OTHER_PHONE = "+4915112345601", "+4915112345602"


def test_a_story_holds_what_happened_in_its_order_and_nothing_of_others(tmp_path: Path) -> None:
    house = MessageHouse(tmp_path)
    house.publish(campaign(1, starts_at=int(MORNING) - 60, ends_at=int(MORNING) + 86_400))
    ann, bo = house.member(phone=PHONE), house.member(phone=OTHER_PHONE, name="Bo")
    till = house.node()
    house.now += 60
    fact, token = till.mint(expires_at=int(MORNING) + 3_600)
    till.report(fact)
    assert till.redeem(token, member=ann).accepted
    house.now += 60
    house.queue(letter(1, ann, campaign=1))
    house.run(house.hander(Scripted()))
    house.now += 60
    ears = Ears(house.store, house.book, house.secret, lambda: "ntp")
    heard(ears, Heard("a", "modem", PHONE, "Is my scarf there?"), house.now)
    heard(ears, Heard("b", "modem", OTHER_PHONE, "Hello"), house.now)
    house.now += 60
    house.stop(ann)
    told = story(house.store, ann)
    assert [line.kind for line in told][:4] == ["withdrew", "wrote", "was_sent", "used"]
    assert {line.kind for line in told[4:]} == {"agreed", "joined"}
    used = next(line for line in told if line.kind == "used")
    assert (used.title, used.cents, used.campaign) == ({"en": "Offer 1"}, 500, 1)
    assert {line.kind for line in story(house.store, bo)} == {"joined", "agreed", "wrote"}
    assert len(story(house.store, ann, 2)) == 2
    assert story(house.store, "f" * 32) == []
    assert story(house.store, ann, -1) == []
    merge(house.book, bo, ann, act="a" * 32, by="Ines", now=house.now, clock="ntp")
    both = story(house.store, ann)
    assert [line.kind for line in both].count("wrote") == 2
    assert story(house.store, bo) == both
    house.close()

"""A hub that hears and answers, with the public site's desk for coupons; and the same with channels that run, for tests."""

from __future__ import annotations

import re
import threading
from pathlib import Path

from hub.app import create_app
from hub.client.desk import NodeDesk
from hub.config import Config
from hub.members.consent import standing
from hub.messages.answering import Answerer
from hub.messages.channel import Channel, ChannelName, Heard
from hub.messages.handing import Hander
from hub.messages.heard import Ears, Understood, heard
from hub.messages.keywords import Does, Keyword, Place, form, write_keyword
from hub.messages.listening import Listening
from hub.messages.people import People
from hub.messages.sealed import open_letter
from hub.site import Site
from hub.wire.snapshot import Text
from tests.hub_house import campaign
from tests.message_house import MORNING, MessageHouse

STRANGER = "+4915112345678"
URL = "https://shop.example"


class HearingHouse(MessageHouse):
    """A hub that hears, with the public site's desk for coupons."""

    def __init__(self, folder: Path, database: str = "") -> None:
        super().__init__(folder, database)
        self.publish(
            campaign(
                1,
                offer=campaign(1).offer.__class__(
                    {"en": "Coffee", "zh": "咖啡"}, {}, campaign(1).offer.value, keywords={"en": "latte"}
                ),
                starts_at=int(MORNING) - 60,
                ends_at=int(MORNING) + 86_400,
                channels=("sms", "link"),
            )
        )
        self.site = Site(self.store, self.key, folder, self.app, self.clock)
        self.site.exchange.once()
        self.ears = Ears(self.store, self.book, self.secret, lambda: "ntp", "DE")
        self.desks: tuple[NodeDesk, ...] = (self.site.desk("sms"), self.site.desk("link"))
        self.keys = 0

    def close(self) -> None:
        self.site.close()
        super().close()

    def keyword(
        self,
        *words: str,
        does: Does = "offer",
        text: Text | None = None,
        places: tuple[Place, ...] = (),
        campaign_: int = 1,
    ) -> int:
        one = Keyword(words=words, does=does, campaign=campaign_, text=text or {}, places=places)
        return self.store.inbox.put_keyword(0, write_keyword(one), map(form, words), self.now)

    def hear(
        self, text: str, sender: str = STRANGER, key: str = "", channel: ChannelName = "modem"
    ) -> Understood:
        self.keys += 1
        return heard(self.ears, Heard(key or f"k{self.keys}", channel, sender, text), self.now)

    def answers(self, url: str = URL) -> list[str]:
        """What the hub has to say now, in its order."""
        before = self.store.messages.highest()
        Answerer(self.ears, self.desks, url).answer_due(self.now)
        said = []
        for number in range(before + 1, self.store.messages.highest() + 1):
            kept = self.kept(number)
            said.append(open_letter(self.secret, kept.id, kept.closed).text)
        return said

    def said(self, text: str, sender: str = STRANGER) -> str:
        self.hear(text, sender)
        (answer,) = self.answers()
        return answer

    def agrees(self, member: str) -> bool:
        return standing(self.store, member, "messages", "sms", self.now)


class Station:
    """What runs in a hub beside its pages: one channel, whoever hands over, whoever answers."""

    def __init__(self, house: HearingHouse, channel: Channel, worker: str = "one", url: str = URL) -> None:
        self.house = house
        self.channel = channel
        self._answerer = Answerer(house.ears, house.desks, url)
        self._hander = Hander(
            house.store,
            People(house.store, house.people, url),
            channel,
            house.secret,
            worker=worker,
            now=lambda: house.now,
            clock=lambda: "ntp",
        )
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        channel.listen(Listening(house.ears, lambda: house.now))
        self._thread.start()

    def close(self) -> None:
        self._ends.set()
        self._thread.join(30)
        self.channel.close()

    def _run(self) -> None:
        while not self._ends.wait(0.05):
            self._answerer.answer_due(self.house.now)
            wait_s = self._hander.once()
            if wait_s:
                # The shop's clock stands; what paces a channel is no part of these tests.
                self.house.now += wait_s


def link_in(text: str) -> str:
    """The path of the coupon's page in an answer."""
    found = re.search(r"https://shop\.example(/coupon/[0-9a-f]{16})", text)
    assert found, text
    return found[1]


def open_page(house: HearingHouse, path: str) -> str:
    """What a phone sees that follows a link to the shop."""
    app = create_app(
        Config(house.folder), house.store, house.key, clock=house.clock, site=house.site, admin=False
    )
    answer = app.test_client().get(path)
    assert answer.status_code == 200, (path, answer.status_code)
    return answer.get_data(as_text=True)

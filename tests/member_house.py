"""A hub with its public pages for tests of members: joining, their own page. Messages wait in the outbox; the code is known."""

from __future__ import annotations

import re
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient
from hub_house import House
from storefront_desk import little_shop
from werkzeug.test import TestResponse

from hub.members.doors import Doors, HubJoiner
from hub.members.links import LinkPurpose, member_link
from hub.members.pages import create_member_pages
from hub.members.people_key import people_key
from hub.outward import Outward
from hub.storefront import create_storefront

SEVEN = bytes([7])
CODE = f"{int.from_bytes(SEVEN * 8, 'big') % 10**6:06d}"
"""What is sent to every number here: nothing is left to chance."""

NUMBER = "+4915123456789"


class MemberHouse(House):
    """`browser` is a shopper's phone on the public site."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.people = people_key(folder)
        self.can_send = True
        self.doors = Doors(
            self.store,
            lambda: self.people,
            self.key,
            lambda: "ntp",
            Outward("http://shop.test", lambda: self.can_send, "DE"),
            lambda octets: SEVEN * octets,
        )
        self.joiner = HubJoiner(self.doors)
        self.site = Flask("site")
        self.site.register_blueprint(
            create_storefront(little_shop(), now=lambda: self.now, joiner=self.joiner)
        )
        self.site.register_blueprint(create_member_pages(self.doors, self.joiner, lambda: self.now))

    @property
    def browser(self) -> FlaskClient:
        """A phone that knows nothing."""
        return self.site.test_client()

    def join(self, **typed: str) -> TestResponse:
        """Somebody joins; their page. With `phone_number` the code comes back, too."""
        self.now += 1
        browser = self.browser
        page = browser.get("/join")
        sent = browser.post("/join", data={**hidden(page), "do": "join", **typed})
        if sent.status_code == 200:
            sent = browser.post("/join", data={**hidden(sent), "typed": CODE, "do": "join"})
        assert sent.status_code == 303, sent.text
        return browser.get(sent.location)

    def way_to(self, member: str, purpose: LinkPurpose = "page") -> str:
        """A link as a message has it."""
        return member_link(self.people.secret, member, purpose, self.now)

    def members(self) -> list[str]:
        """Everybody, in the order in which they joined."""
        return [row.member for row in reversed(self.store.register.page(100))]


def hidden(page: TestResponse) -> dict[str, str]:
    """The hidden fields of the first form."""
    form = page.text.split("<form", 2)[1]
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form))


def action(page: TestResponse, ends: str) -> str:
    """Where the form goes whose address ends so."""
    found = re.search(rf'action="([^"]*/{ends}[^"]*)"', page.text)
    assert found is not None, page.text
    return found[1]

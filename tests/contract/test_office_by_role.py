"""Every page of the office as each role sees it: no form that its reader may not send, no link that ends in a refusal."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache, partial
from html.parser import HTMLParser
from urllib.parse import parse_qs, urljoin, urlsplit
from uuid import uuid4

import pytest
from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing import Map, Rule

from hub.admin.guard import all_needs, lets
from hub.admin.pages import every_route
from hub.care.desk import add, publish, save
from hub.care.entering import Running, enter
from hub.care.means import Means
from hub.care.plan import Message, Plan, Wait, WhenJoined
from hub.care.ready import READY
from hub.care.walking import plan_of
from hub.client.joining import Joining
from hub.client.warnings import Shown
from hub.figures.board import BoardPlan, make_board
from hub.members.book import Book
from hub.members.merging import merge
from hub.members.people_key import people_key
from hub.messages.channel import Heard
from hub.messages.heard import Ears, heard
from hub.people import add_manager
from hub.purse.typed import as_typed
from hub.roles import Role
from hub.sentences import Said
from hub.wire.events import PurchasePaid
from hub.wire.purse_rules import PurseRules
from hub.wire.sync_members import Fields
from hub.wire.sync_value import TopUpReply, TopUpRequest
from tests.hub_house import NOON, House, campaign
from tests.hub_office import PASSWORD, Office, offer_form, picture, words

AT = "http://localhost/manage"
NEEDS = all_needs(every_route())
PLACES = Map([Rule(one.rule, endpoint=one.endpoint, methods=one.methods) for one in every_route()]).bind(
    "localhost"
)
FILES = ("", "static", "style", "bell", "picture", "work_file", "paper_pdf", "join_poster_pdf")
"""What is no page."""
OWN = {"logout", "password", "again", "codes_change", "passkeys_change"}
"""What everybody may: one's own matters."""
UNLESS = {"chain_leave", "chain_offer", "work_import_now", "people_file_now", "nowhere"}
"""What only stands where this shop is in a chain, or has looked at a file; and the address of no page."""
LOOK = "You may look at this, not change it."


@dataclass
class Form:
    """A form that is sent by POST: where to, its fields, its buttons with their own addresses."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def sendings(self) -> list[tuple[str, dict[str, str]]]:
        """Every way in which it can be sent."""
        return [(at or self.action, self.fields | own) for at, own in self.buttons] or [
            (self.action, self.fields)
        ]


class Page(HTMLParser):
    """What can be followed and sent on one page."""

    def __init__(self, url: str, text: str) -> None:
        super().__init__()
        self.url = url
        self.links: list[str] = []
        self.menu: list[str] = []
        self.forms: list[Form] = []
        self._form: Form | None = None
        self._named: dict[str, Form] = {}
        self._in_menu = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = {name: value or "" for name, value in attrs}
        if tag == "nav" and "menu" in has.get("class", ""):
            self._in_menu = True
        elif tag == "a" and "href" in has:
            (self.menu if self._in_menu else self.links).append(urljoin(self.url, has["href"]))
        elif tag == "form" and has.get("method") == "post":
            self._form = Form(urljoin(self.url, has.get("action", "")))
            self._named[has.get("id", "")] = self._form
            self.forms.append(self._form)
        elif tag in ("input", "button"):
            self._part(self._named.get(has["form"]) if "form" in has else self._form, tag, has)

    def _part(self, form: Form | None, tag: str, has: dict[str, str]) -> None:
        if form is None:
            return
        own = {has["name"]: has.get("value", "")} if "name" in has else {}
        if tag == "button":
            form.buttons.append((urljoin(self.url, has["formaction"]) if "formaction" in has else "", own))
        elif has.get("type") == "hidden":
            form.fields |= own

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag == "nav":
            self._in_menu = False


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A shop in which every page has something on it."""
    made = House(tmp_path_factory.mktemp("shop") / "hub")
    for role in Role:
        assert add_manager(made.store, role.title(), PASSWORD, NOON, who="shell", role=role) is None
    till = made.node()
    made.node("edge", "Door")
    fact, token = till.mint()
    again, back = till.mint()
    till.report(fact, again)
    assert till.redeem(token).accepted
    assert till.redeem(back, "nonce-one").accepted
    assert till.reverse("nonce-one", "nonce-back").reversed
    ask = Joining(made.folder / "till-2", "http://hub.test", "kiosk", "Till 2", link=made.link).step()
    assert ask.stage == "waiting"
    made.publish(campaign(2))
    plan, name = picture()
    tag = {"name": "Trolley", "whose": "thing", "way": "identity", "identity": f"ibeacon:{uuid4()}/1/2"}
    hook = {"hook_name": "Stock", "url": "https://example.org/x", "kinds": "coupon.redeemed"}
    # The page that a board is shown on lies outside of these pages.
    assert isinstance(make_board(made.store, "Door", BoardPlan(("visits",)), "shell", NOON), tuple)
    digest = {
        "digest_name": "Week",
        "digest_figures": ["visits"],
        "every": "week",
        "at_hour": "7",
        "weekday": "0",
        "digest_language": "en",
        "mails": "ines@shop.example",
        "url": "",
        "by": "zone",
        "versus": "previous",
    }
    today = str(datetime.fromtimestamp(NOON, UTC).date())
    note = {"first": today, "last": today, "text": "A festival", "back": "/manage/explore"}
    office = as_role(made, Role.OWNER)
    for path, form, page in (
        ("/offers/new", offer_form(), "/offers/new"),
        ("/offers/2/turn", {"action": "pause"}, "/offers/2"),
        ("/offers/2", offer_form(action="save", version="2", sure="yes"), "/offers/2"),
        ("/groups/save", {"name": "Tills", "settings": "KIOSK_IDLE_S=60"}, "/groups"),
        ("/tags", tag, "/tags"),
        ("/staff", {"name": "Ann", "pin": "7294"}, "/staff"),
        ("/coupons/recall", {"campaign": "2", "reason": "a slip", "sure": "yes"}, "/coupons/recall"),
        ("/managers/invite", {"role": "editor", "note": "Bo"}, "/managers"),
        ("/outside/keys", {"name": "Stock", "scopes": "read"}, "/outside"),
        ("/outside/webhooks", hook, "/outside"),
        ("/places/floor", {"name": "Ground", "plan": (plan, name)}, "/places"),
        ("/work", {"kind": "verify"}, "/work"),
        ("/digests", digest, "/digests"),
        ("/segments/new", {"name": "Invited", "kind_0": "listed", "action": "save"}, "/segments/new"),
        ("/explore/notes", note, "/explore"),
        (
            "/messages/new",
            {"name": "Spring", "way": "sms", "text_en": "Hello", "group": "0"},
            "/messages/new",
        ),
        ("/keywords/0", {"words": "coffee", "does": "offer", "campaign": "1"}, "/keywords/new"),
        ("/purse/rules", {**as_typed(PurseRules(points_each=1, stored=True))}, "/purse/rules"),
    ):
        answer = office.post(path, form, page)
        assert answer.status_code in (200, 303), (path, words(answer))
    members(made)
    wrote(made)
    plans(made)
    till.report(PurchasePaid(id="r/1", till="Till 1", staff="s1", cents=500, member=f"{0:032x}"))
    paid_in = TopUpRequest("topup-0001", f"{0:032x}", 2_000, "Till 1", "s1")
    assert till.told("topup", paid_in, TopUpReply).accepted
    editor = as_role(made, Role.EDITOR)
    form = offer_form(action="submit", version="1", amount="6")
    assert editor.post("/offers/1", form).status_code == 303
    yield made
    made.close()


def members(house: House) -> None:
    """Two who share a number, and two who are one person by now."""
    book = Book(house.store, people_key(house.folder))
    for number, name in enumerate(("Ann", "Anne", "Bo", "Bob")):
        fields = Fields(name, "+4366012345678" if number < 2 else "")
        book.join(f"{number:032x}", fields, language="en", way="till", at=NOON + number)
    assert not isinstance(
        merge(book, f"{3:032x}", f"{2:032x}", act="a" * 32, by="Ines", now=NOON, clock="ntp"), Said
    )


def plans(house: House) -> None:
    """A plan that runs, with somebody inside on its first version; and a draft that somebody of the staff could try out."""
    store = house.store
    steps = (Wait(id="w1", days=5, next="m1"), Message(id="m1", text={"en": "Hello"}))
    number = add(
        store, Plan(name="Joined", entry=WhenJoined(), control=0, first="w1", steps=steps), os.urandom, NOON
    )
    for version in (1, 2):
        assert publish(store, number, "Ines", NOON) == version
        record, plan = store.care.plan(number), plan_of(store, number, version)
        assert record is not None
        assert plan is not None
        if version == 1:
            with store.writing():
                assert enter(Means(store), Running(record, plan), f"{0:032x}", "joined", NOON)
            longer = Plan(name="Joined", entry=WhenJoined(), control=0, first="m1", steps=steps[1:])
            assert save(store, number, longer, record.revision)
    assert add(store, READY["second"], os.urandom, NOON) == 2
    ann = store.people.staff()[0]
    store.people.change_staff(replace(ann, member=f"{1:032x}"))


def wrote(house: House) -> None:
    """Somebody wrote to the shop."""
    people = people_key(house.folder)
    ears = Ears(house.store, Book(house.store, people), people.secret, lambda: "ntp")
    assert heard(ears, Heard("one", "modem", "+4366012345678", "Do you sell rye bread?"), NOON).talk == 1


def as_role(house: House, role: Role) -> Office:
    alarm = Shown(
        "silent", "error", {"en": "The door is silent."}, {"en": "Look at it."}, subject="Door", alarm=True
    )
    office = Office(house, folder=house.folder, warnings=lambda _: [alarm])
    assert office.post("/login", {"name": role.title(), "password": PASSWORD}).status_code == 303
    return office


Walks = Callable[[Role], dict[str, tuple[int, "Page"]]]


@pytest.fixture(scope="module")
def walked(house: House) -> Walks:
    """What each role comes to; walked once, as nothing is changed on the way."""
    return cache(partial(walk, house))


def endpoint_of(url: str, method: str) -> str:
    """Which view answers; "" outside of these pages."""
    if not url.startswith(AT):
        return ""
    try:
        endpoint: str = PLACES.match(urlsplit(url).path.removeprefix("/manage") or "/", method)[0]
    except (NotFound, MethodNotAllowed):
        return ""
    return endpoint


def walk(house: House, role: Role) -> dict[str, tuple[int, Page]]:
    """Every page that somebody of this role comes to by links, and those that an address alone leads to."""
    office = as_role(house, role)
    plain = [one for one in every_route() if "GET" in one.methods and "<" not in one.rule]
    todo = [AT + one.rule for one in plain if lets(role, NEEDS[one.endpoint], {})]
    seen: set[tuple[str, str]] = set()
    found: dict[str, tuple[int, Page]] = {}
    while todo:
        url = todo.pop()
        parts = urlsplit(url)
        # One page of each kind of question is enough: other days look alike, other coupons do not.
        asked = parse_qs(parts.query)
        kind = (parts.path, " ".join([*sorted(asked), *asked.get("q", ())]))
        if kind in seen or endpoint_of(url, "GET") in FILES:
            continue
        seen.add(kind)
        answer = office.get(f"{parts.path.removeprefix('/manage')}?{parts.query}")
        page = Page(url, answer.get_data(as_text=True) if answer.mimetype == "text/html" else "")
        found[url] = answer.status_code, page
        todo += page.links + page.menu
    return found


def refused(role: Role, pages: dict[str, tuple[int, Page]]) -> list[str]:
    """What stands on these pages and would be refused."""
    wrong = []
    for url, (status, page) in pages.items():
        if status == 403:
            wrong.append(f"{url} is linked and refused")
        for form in page.forms:
            for at, fields in form.sendings():
                endpoint = endpoint_of(at, "POST")
                if endpoint and not lets(role, NEEDS[endpoint], fields):
                    wrong.append(f"{url} offers {endpoint} with {fields}")
    return wrong


def offered(pages: dict[str, tuple[int, Page]]) -> set[str]:
    return {
        endpoint_of(at, "POST")
        for _, page in pages.values()
        for form in page.forms
        for at, _ in form.sendings()
    }


@pytest.mark.parametrize("role", Role)
def test_nobody_is_shown_a_form_or_a_link_that_is_refused(walked: Walks, role: Role) -> None:
    pages = walked(role)
    assert refused(role, pages) == []
    menu = {url for _, page in pages.values() for url in page.menu}
    assert len(menu) > 10
    assert {url: pages[url][0] for url in menu if url in pages and pages[url][0] != 200} == {}
    assert menu <= set(pages)


def test_the_walk_comes_to_nearly_everything_that_can_be_changed(walked: Walks) -> None:
    writes = {one.endpoint for one in every_route() if "POST" in one.methods and not one.open}
    left = writes - offered(walked(Role.OWNER))
    assert left == UNLESS, left


def test_a_viewer_finds_no_form_but_those_about_themselves(walked: Walks) -> None:
    assert offered(walked(Role.VIEWER)) - {"session_end"} == OWN


@pytest.mark.parametrize(("role", "name"), [(Role.EDITOR, "submit"), (Role.MANAGER, "publish")])
def test_an_editor_submits_where_a_manager_publishes(walked: Walks, role: Role, name: str) -> None:
    _, page = walked(role)[f"{AT}/offers/3"]
    actions = {fields.get("action") for form in page.forms for _, fields in form.sendings()}
    assert name in actions
    assert actions.isdisjoint({"submit", "publish"} - {name})


@pytest.mark.parametrize(("language", "sentence"), [("en", LOOK), ("zh", "您可以查看，不能修改。")])
def test_a_viewer_reads_what_holds_and_why_it_cannot_be_typed_over(
    house: House, language: str, sentence: str
) -> None:
    viewer, owner = as_role(house, Role.VIEWER), as_role(house, Role.OWNER)
    device = house.store.devices.all()[0].device
    for path in ("/shop", "/keys", "/groups", "/offers/1", f"/devices/{device}"):
        page = viewer.get(f"{path}?lang={language}")
        assert sentence in words(page), path
        assert re.search('<(input|textarea) class="input', page.get_data(as_text=True)), path
        assert sentence not in words(owner.get(f"{path}?lang={language}")), path

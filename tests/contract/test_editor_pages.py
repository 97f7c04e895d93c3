"""The editor of offers over HTTP: two pairs of eyes, versions, previews of what nobody has saved, long lists, the calendar."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from werkzeug.test import TestResponse

from hub import offering
from hub.client.db import open_db, writing
from hub.people import add_manager
from hub.roles import Role
from hub.sentences import Said
from hub.store.records import Proposal
from hub.store.schema import MIGRATIONS_HUB
from hub.store.sqlite import FILE
from hub.wire.snapshot import Air
from tests.hub_house import NOON, House, campaign
from tests.hub_office import PASSWORD, Office, offer_form, picture, words
from tests.postgres_server import PostgresServer, postgres_server

MEET = "Somebody else has to approve it"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    made.close()


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with postgres_server() as running:
        yield running


def comes_in(house: House, name: str, role: Role = Role.OWNER) -> Office:
    """Somebody of the office, logged in at a browser of their own."""
    assert add_manager(house.store, name, PASSWORD, NOON, who="shell", role=role) is None
    office = Office(house)
    assert office.post("/login", {"name": name, "password": PASSWORD}).status_code == 303
    return office


@pytest.fixture
def office(house: House) -> Office:
    return comes_in(house, "Ines")


def mark_on(answer: TestResponse) -> str:
    """By what the page tells this proposal from another one."""
    found = re.search(r'name="mark" value="([^"]+)"', answer.get_data(as_text=True))
    assert found
    return found[1]


def acts(house: House) -> list[tuple[str, str]]:
    return [
        (entry.who, entry.what) for entry in house.store.people.audit() if entry.what.startswith("offer.")
    ]


def test_where_the_shop_wants_two_pairs_of_eyes_nobody_publishes_alone(house: House, office: Office) -> None:
    bo = comes_in(house, "Bo")
    shop = {
        "name_en": "Corner",
        "name_zh": "街角",
        "timezone": "Europe/Berlin",
        "currency": "EUR",
        "languages": "en",
        "four_eyes": "yes",
    }
    assert office.post("/shop", shop).status_code == 303
    alone = office.post("/offers/new", offer_form(action="publish"))
    assert (alone.status_code, len(house.store.campaigns.all())) == (422, 1)
    assert "This shop wants two people" in words(alone)

    assert office.post("/offers/new", offer_form(action="submit")).status_code == 303
    made = house.store.campaigns.get(2)
    assert made is not None
    assert made.state == "draft"
    assert "A free croissant" in words(bo.get("/waiting"))
    own = office.post("/offers/2/approve", {"mark": mark_on(bo.get("/offers/2/proposal"))}, page="/offers/2")
    assert own.status_code == 409
    assert MEET in words(own)
    mine = words(office.get("/offers/2/proposal"))
    assert "Approve and publish" not in mine

    done = bo.post("/offers/2/approve", {"mark": mark_on(bo.get("/offers/2/proposal"))}, page="/offers/2")
    assert done.status_code == 303
    made = house.store.campaigns.get(2)
    assert made is not None
    assert made.state == "published"
    assert house.store.proposals.all() == []
    assert {("Ines", "offer.submitted"), ("Bo", "offer.approved")} <= set(acts(house))

    # What runs is changed by two as well; to stop it, one is enough, and so it is to let the very same run again.
    changed = offer_form(action="save", amount="3", version=str(made.version))
    assert office.post("/offers/2", changed).status_code == 422
    for action, state in (("pause", "paused"), ("publish", "published")):
        assert office.post("/offers/2/turn", {"action": action}, page="/offers/2").status_code == 303
        record = house.store.campaigns.get(2)
        assert record is not None
        assert record.state == state


def test_an_editor_drafts_and_submits_and_publishes_nothing(house: House, office: Office) -> None:
    editor = comes_in(house, "Edda", Role.EDITOR)
    assert "Publish" not in words(editor.get("/offers/new")).split("More, where")[1]
    assert editor.post("/offers/new", offer_form(action="publish")).status_code == 403
    assert editor.post("/offers/1/turn", {"action": "pause"}, page="/offers/1").status_code == 403
    assert editor.post("/offers/1", offer_form(action="save", version="1")).status_code == 422
    before = house.store.campaigns.get(1)
    assert before is not None
    assert editor.post("/offers/1", offer_form(action="submit", version="1", amount="6")).status_code == 303
    assert house.store.campaigns.get(1) == before
    assert editor.post("/offers/1/approve", {"mark": ""}, page="/offers/1").status_code == 403

    page = office.get("/offers/1/proposal")
    assert "€6 off" in words(page)
    assert "Offer 1" in words(page)
    assert office.post("/offers/1/approve", {"mark": mark_on(page)}, page="/offers/1").status_code == 303
    after = house.store.campaigns.get(1)
    assert after is not None
    assert (after.state, after.campaign.offer.value.cents) == ("published", 600)


def test_what_was_submitted_comes_back_with_a_reason_and_is_gone_on_with(
    house: House, office: Office
) -> None:
    editor = comes_in(house, "Edda", Role.EDITOR)
    editor.post("/offers/1", offer_form(action="submit", version="1", title_en="Warm rolls"))
    nothing = office.post("/offers/1/send-back", {"answer": "  "}, page="/offers/1")
    assert (nothing.status_code, "Say what is to be different" in words(nothing)) == (409, True)
    office.post("/offers/1/send-back", {"answer": "Say which rolls."}, page="/offers/1")
    told = editor.get("/offers/1")
    assert "Sent back by Ines" in words(told)
    assert "Say which rolls." in words(told)
    again = editor.get("/offers/1?of=proposal").get_data(as_text=True)
    assert 'value="Warm rolls"' in again
    editor.post("/offers/1", offer_form(action="submit", version="1", title_en="Warm rye rolls"))
    found = house.store.proposals.get(1)
    assert found is not None
    assert (found.state, found.answer) == ("waiting", "")
    editor.post("/offers/1/take-back", {}, page="/offers/1")
    assert house.store.proposals.get(1) is None


def test_nobody_approves_what_they_have_not_seen(house: House, office: Office) -> None:
    editor = comes_in(house, "Edda", Role.EDITOR)
    editor.post("/offers/1", offer_form(action="submit", version="1", amount="6"))
    seen = mark_on(office.get("/offers/1/proposal"))
    house.now += 60
    editor.post("/offers/1", offer_form(action="submit", version="1", amount="60"))
    late = office.post("/offers/1/approve", {"mark": seen}, page="/offers/1")
    assert (late.status_code, "submitted anew" in words(late)) == (409, True)

    # And what stands on a version that is no more goes back to whoever wrote it.
    seen = mark_on(office.get("/offers/1/proposal"))
    house.publish(campaign(issue_limit=9))
    stale = office.post("/offers/1/approve", {"mark": seen}, page="/offers/1")
    assert (stale.status_code, "changed after this was submitted" in words(stale)) == (409, True)
    record = house.store.campaigns.get(1)
    assert record is not None
    assert record.campaign.offer.value.cents == 500


def test_an_offer_goes_back_to_an_earlier_version_and_says_what_that_takes(
    house: House, office: Office
) -> None:
    first = house.store.campaigns.get(1)
    house.publish(campaign(basket_min_cents=0, issue_limit=40, channels=("kiosk",)))
    house.publish(campaign(per_day_limit=3))
    listed = words(office.get("/offers/1/versions"))
    assert "Version 1" in listed
    assert "Version 3 · holds now" in listed
    differs = words(office.get("/offers/1/versions/2"))
    assert "How many may be taken Now no limit Then 40" in differs
    assert "How many may be redeemed in one day Now 3 Then no limit" in differs
    assert "On phones that join" in differs
    assert office.post("/offers/1/versions/1", {}, page="/offers/1").status_code == 303
    again = house.store.campaigns.get(1)
    assert first is not None
    assert again is not None
    assert (again.version, again.campaign, again.state) == (4, first.campaign, "published")
    assert ("Ines", "offer.rolled_back") in acts(house)
    assert "says the same" in words(office.get("/offers/1/versions/1"))
    assert office.get("/offers/1/versions/99").status_code == 404

    # With a coupon out that would get worse, it has to be ticked.
    till = house.node()
    fact, _ = till.mint()
    till.report(fact)
    asked = office.post("/offers/1/versions/3", {}, page="/offers/1")
    assert (asked.status_code, "Fewer coupons can be redeemed in one day" in words(asked)) == (409, True)
    assert office.post("/offers/1/versions/3", {"sure": "yes"}, page="/offers/1").status_code == 303


def test_going_back_waits_for_a_second_pair_of_eyes_where_the_shop_wants_it(
    house: House, office: Office
) -> None:
    house.publish(campaign(issue_limit=40))
    offering.want_two(house.store, True, "Ines", NOON)
    assert office.post("/offers/1/versions/1", {}, page="/offers/1").status_code == 303
    record, waits = house.store.campaigns.get(1), house.store.proposals.get(1)
    assert record is not None
    assert waits is not None
    assert (record.campaign.issue_limit, waits.campaign.issue_limit) == (40, None)


@pytest.mark.parametrize("kind", ["phone", "kiosk", "sms", "poster"])
def test_every_preview_shows_what_nobody_has_saved_and_keeps_nothing(office: Office, kind: str) -> None:
    store = office.house.store
    before = (store.campaigns.all(), store.people.audit())
    form = offer_form(title_en="Warm <rolls>", card_language="en")
    frame = office.post(f"/offers/preview/{kind}", form, page="/offers/new")
    assert frame.status_code == 200
    assert (store.campaigns.all(), store.people.audit()) == before
    policy = frame.headers["Content-Security-Policy"]
    assert "frame-ancestors 'self'" in policy
    assert "script-src" not in policy
    text = frame.get_data(as_text=True)
    if kind == "poster":
        assert "data:image/webp;base64," in text
    else:
        assert "Warm &lt;rolls&gt;" in html.unescape(text) if kind in ("phone", "kiosk") else text
    assert "<rolls>" not in text
    assert "frame-ancestors 'none'" in office.get("/offers").headers["Content-Security-Policy"]
    assert office.get("/offers/preview/nothing").status_code == 404


def test_what_a_preview_asks_for_is_there_and_nothing_else(office: Office) -> None:
    sent = office.post("/offers/preview/phone", offer_form(upload=picture()), page="/offers/new")
    inside = html.unescape(sent.get_data(as_text=True))
    digest = sent.headers["Shopbell-Picture"]
    wanted = re.findall(r'(?:href|src)="(/manage/offers/stage/phone/(?:style|picture)[^"]*)"', inside)
    assert len(wanted) == 2
    assert any(digest in address for address in wanted)
    for address in wanted:
        assert office.client.get(html.unescape(address)).status_code == 200
    assert office.get("/offers/stage/phone/offer/1").status_code == 404
    assert office.get("/offers/stage/phone/search").status_code == 404


@pytest.mark.parametrize(
    ("title", "language", "alphabet", "parts"),
    [
        ("Rolls", "en", "GSM-7", "1"),
        ("Rolls “fresh”", "en", "UCS-2", "2"),
        ("Rolls", "zh", "UCS-2", "1"),
        ("R" * 60 + "!", "en", "GSM-7", "1"),
    ],
)
def test_a_message_says_how_many_it_takes(
    office: Office, title: str, language: str, alphabet: str, parts: str
) -> None:
    form = offer_form(title_en=title[:60], title_zh="可颂", card_language=language)
    shown = words(office.post("/offers/preview/sms", form, page="/offers/new"))
    assert f"Messages {parts} Characters" in shown
    assert f"Alphabet {alphabet}" in shown
    assert ("Because of “”" in shown) == ("“" in title)


def test_a_long_list_is_searched_and_turned_over(house: House, office: Office) -> None:
    for number in range(2, 62):
        kind = "Bread" if number % 2 else "Käse"
        offer = msgspec.structs.replace(campaign().offer, title={"en": f"{kind} {number}"})
        house.store.campaigns.save(campaign(number, offer=offer), "draft", NOON, "x")
    first, third = office.get("/offers"), office.get("/offers?page=3")
    assert first.get_data(as_text=True).count('class="card offer-line"') == 25
    assert third.get_data(as_text=True).count('class="card offer-line"') == 11
    assert "51 to 61 of 61" in words(third)
    assert office.get("/offers?page=999").get_data(as_text=True).count('class="card offer-line"') == 11
    found = office.get("/offers?q=kase+4").get_data(as_text=True)
    assert "Käse 4" in found
    assert "Bread" not in found
    assert "Offer 1" in words(office.get("/offers?only=running"))
    assert "Bread" not in words(office.get("/offers?only=running"))
    assert "No such offer" in words(office.get("/offers?q=zebra"))


def test_the_calendar_shows_a_month_and_what_runs_at_once(house: House, office: Office) -> None:
    house.publish(campaign(2, starts_at=int(NOON), ends_at=int(NOON) + 5 * 86_400, air=Air(("ibeacon",))))
    house.publish(
        campaign(3, channels=("link",), starts_at=int(NOON) + 86_400 * 40, ends_at=int(NOON) + 86_400 * 50)
    )
    shown = words(office.get("/calendar"))
    assert "November 2026" in shown
    assert "Offer 2 · Offer 1" in shown
    assert "Offer 3" not in shown
    later = words(office.get("/calendar?month=2026-12"))
    assert "Offer 3" in later
    assert "No two offers run at the same time" in later
    assert "2026年12月" in words(office.get("/calendar?month=2026-12&lang=zh"))
    assert "November 2026" in words(office.get("/calendar?month=rubbish"))


@pytest.mark.parametrize(
    "page", ["/", "/offers", "/offers/1", "/calendar", "/waiting", "/coupons", "/devices", "/staff", "/shop"]
)
def test_the_navigation_marks_where_somebody_is(office: Office, page: str) -> None:
    shown = office.get(page).get_data(as_text=True)
    begins = shown.index('<nav class="menu')
    menu = shown[begins : shown.index("</nav>", begins)]
    marked = re.findall(r'class="group current', menu)
    assert len(marked) == 1
    assert menu.count('aria-current="page"') in (1, 2)


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_proposals_and_rules_are_kept_on_both_databases(
    database: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    address = request.getfixturevalue("server").fresh() if database == "postgres" else ""
    house = House(tmp_path / "hub", address)
    try:
        proposals = house.store.proposals
        assert (proposals.all(), proposals.rule("four_eyes")) == ([], "")
        proposals.put(Proposal(campaign(issue_limit=3), 1, "Ines", NOON))
        proposals.put(
            Proposal(campaign(issue_limit=4), 1, "Edda", NOON + 1, "returned", "No.", "Bo", NOON + 2)
        )
        found = proposals.get(1)
        assert found == Proposal(
            campaign(issue_limit=4), 1, "Edda", NOON + 1, "returned", "No.", "Bo", NOON + 2
        )
        assert proposals.all() == [found]
        assert (proposals.remove(1), proposals.remove(1)) == (True, False)
        offering.want_two(house.store, True, "Ines", NOON)
        offering.want_two(house.store, True, "Ines", NOON)
        assert offering.wants_two(house.store)
        assert [entry.what for entry in house.store.people.audit() if entry.who == "Ines"] == ["shop.changed"]
    finally:
        house.close()


def test_an_offer_that_is_over_is_still_looked_at_as_every_kind(house: House, office: Office) -> None:
    house.store.campaigns.save(campaign(), "ended", NOON, "Ines")
    page = office.get("/offers/1").get_data(as_text=True)
    links = re.findall(r'target="shown" href="([^"]+)"', page)
    assert len(links) == 4
    assert all(office.client.get(link).status_code == 200 for link in links)
    assert "data-kind=" not in page[page.index('class="kinds"') : page.index("<iframe")]


def test_tags_are_searched_and_turned_over(house: House, office: Office) -> None:
    for number in range(30):
        identity = f"eddystone-uid:{number:020x}/{1:012x}"
        form = {"name": f"Trolley {number}", "whose": "thing", "way": "identity", "identity": identity}
        assert office.post("/tags", form).status_code == 303
    assert "1 to 25 of 30" in words(office.get("/tags"))
    assert "26 to 30 of 30" in words(office.get("/tags?page=2"))
    found = words(office.get("/tags?q=trolley+17"))
    assert "Trolley 17" in found
    assert "Trolley 18" not in found
    assert "No such tag" in words(office.get("/tags?q=zebra"))


def test_a_database_of_an_earlier_release_learns_of_proposals(tmp_path: Path) -> None:
    db = open_db(tmp_path / FILE)
    with writing(db):
        MIGRATIONS_HUB.apply(db)
    assert not {"campaign_proposal", "office_rule"} & set(db.table_names())
    db.close()
    house = House(tmp_path)
    try:
        assert not offering.wants_two(house.store)
        assert not isinstance(
            offering.submit(house.store, campaign(issue_limit=3), "Ines", NOON, base=1), Said
        )
        assert [one.number for one in house.store.proposals.all()] == [1]
    finally:
        house.close()

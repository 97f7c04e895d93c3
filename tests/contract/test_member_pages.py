"""The member's own page: what they see, change, agree to, take with them, and how they leave."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hub_house import NOON
from member_house import CODE, NUMBER, MemberHouse, action, hidden

from hub.members.consent import all_of, is_forgotten, standing
from hub.members.erasing import forget_asked
from hub.members.links import member_token, read_link
from hub.wire.card import CardToken, read_card

DAY = 86_400
EVIL = ["=cmd|' /C calc'!A1", "\u202eevil\u202c", "👩‍👩‍👧 Ann", "<script>alert(1)</script>", "A" * 65_536]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[MemberHouse]:
    made = MemberHouse(tmp_path)
    yield made
    made.close()


def test_a_card_alone_joins_in_one_form_and_the_page_shows_it(house: MemberHouse) -> None:
    page = house.join()
    (member,) = house.members()
    assert page.status_code == 200
    assert "Show this at the till" in page.text
    code = re.search(r'class="code long">.*?</span>([0-9A-Z ]{19})<', page.text)
    assert code is not None
    assert house.doors.book.by_card(code[1]) == member
    assert standing(house.store, member, "recognise", now=house.now)
    assert not standing(house.store, member, "messages", "sms", house.now)
    assert "Set-Cookie" not in page.headers


def test_a_number_is_confirmed_by_its_code_and_messages_are_agreed_to_apart(house: MemberHouse) -> None:
    house.join(phone_number="0151 23456789", texts="yes")
    (member,) = house.members()
    assert house.doors.book.by_number(NUMBER) == member
    given = all_of(house.store, member).given["messages", "sms"]
    assert (given.proof, given.place, given.language) == ("code", "Public site", "en")
    assert "text messages" in given.words


def test_a_number_that_is_a_members_already_makes_no_second_membership(house: MemberHouse) -> None:
    house.join(phone_number=NUMBER, texts="no")
    house.now += 60
    house.join(phone_number=NUMBER, texts="yes")
    (member,) = house.members()
    assert standing(house.store, member, "messages", "sms", house.now)


def test_the_same_form_twice_is_one_joining(house: MemberHouse) -> None:
    browser = house.browser
    form = hidden(browser.get("/join"))
    first, second = (browser.post("/join", data={**form, "do": "join"}) for _ in range(2))
    assert len(house.members()) == 1
    for answer in (first, second):
        link = read_link(house.people.secret, answer.location.split("?")[0], house.now)
        assert link is not None
        assert link.member == house.members()[0]


def test_a_form_of_another_hub_or_of_yesterday_takes_nobody_in(house: MemberHouse) -> None:
    browser = house.browser
    form = hidden(browser.get("/join"))
    assert browser.post("/join", data={"form": "0" * 44, "do": "join"}).status_code == 429
    house.now += DAY
    assert browser.post("/join", data={**form, "do": "join"}).status_code == 429
    assert house.members() == []


def test_wrong_codes_are_counted_and_end_the_code(house: MemberHouse) -> None:
    browser = house.browser
    form = hidden(browser.get("/join"))
    sent = browser.post("/join", data={**form, "phone_number": NUMBER, "do": "join"})
    kept = hidden(sent)
    for _ in range(5):
        answer = browser.post("/join", data={**kept, "typed": "999999", "do": "join"})
        assert answer.status_code == 422
    right = browser.post("/join", data={**kept, "typed": CODE, "do": "join"})
    assert right.status_code == 422
    assert house.members() == []


def test_a_number_waits_between_two_codes_and_the_message_goes_out_once(house: MemberHouse) -> None:
    browser = house.browser
    first, second = hidden(browser.get("/join")), None
    browser.post("/join", data={**first, "phone_number": NUMBER, "do": "join"})
    house.now += 5
    second = hidden(browser.get("/join"))
    again = browser.post("/join", data={**second, "phone_number": NUMBER, "do": "join"})
    assert again.status_code == 429
    assert "Retry-After" in again.headers


def test_a_code_that_went_to_one_number_confirms_no_other(house: MemberHouse) -> None:
    browser = house.browser
    sent = browser.post("/join", data={**hidden(browser.get("/join")), "phone_number": NUMBER, "do": "join"})
    kept = {**hidden(sent), "phone_number": "+4915199999999"}
    assert browser.post("/join", data={**kept, "typed": CODE, "do": "join"}).status_code == 422
    assert house.members() == []


def test_the_page_opens_by_a_cards_code_and_by_a_number_and_wrong_ones_are_limited(
    house: MemberHouse,
) -> None:
    page = house.join(phone_number=NUMBER)
    found = re.search(r'class="code long">.*?</span>([0-9A-Z ]{19})<', page.text)
    assert found is not None
    browser = house.browser
    house.now += 60
    opened = browser.post("/me/in", data={"card": found[1]}, follow_redirects=True)
    assert "What you agreed to" in opened.text
    assert "closes by itself" in opened.text
    sent = browser.post("/me/in", data={"phone_number": NUMBER})
    by_number = browser.post("/me/in", data={**hidden(sent), "typed": CODE}, follow_redirects=True)
    assert "What you agreed to" in by_number.text
    statuses = [browser.post("/me/in", data={"card": "0000000000000000"}).status_code for _ in range(25)]
    assert statuses[-1] == 429


def test_nobody_learns_at_the_door_whether_a_number_is_a_members(house: MemberHouse) -> None:
    house.join(phone_number=NUMBER)
    house.now += 60
    known = house.browser.post("/me/in", data={"phone_number": NUMBER})
    unknown = house.browser.post("/me/in", data={"phone_number": "+4915198765432"})
    assert known.status_code == unknown.status_code == 200
    shape = [re.sub(r'(value|hint">)[^>]*', "", one.text) for one in (known, unknown)]
    assert shape[0].replace("789", "") == shape[1].replace("432", "")


@pytest.mark.parametrize("purpose", ["page", "visit", "leave", "confirm"])
def test_a_link_ends_and_cannot_be_changed(house: MemberHouse, purpose: str) -> None:
    house.join()
    (member,) = house.members()
    token = member_token(house.people.secret, member, purpose, house.now, lives_s=100)  # type: ignore[arg-type]
    assert house.browser.get(f"/me/{token}").status_code == 200
    for place in (0, 20, 45):
        other = "A" if token[place] != "A" else "B"
        assert house.browser.get(f"/me/{token[:place]}{other}{token[place + 1 :]}").status_code == 410
    house.now += 101
    assert house.browser.get(f"/me/{token}").status_code == 410


def test_details_are_changed_and_a_new_number_needs_its_code(house: MemberHouse) -> None:
    page = house.join()
    (member,) = house.members()
    browser = house.browser
    house.now += 40
    browser.post(
        action(page, "change"), data={"name": "Ann 李", "mail": "ann@example.org", "birthday": "02-29"}
    )
    fields = house.doors.book.fields(member)
    assert (fields.name, fields.mail, fields.birthday) == ("Ann 李", "ann@example.org", "--02-29")
    asked = browser.post(action(page, "number"), data={"phone_number": NUMBER})
    assert house.doors.book.fields(member).phone == ""
    form = asked.text.split('id="number"')[1]
    step = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form.split("</form>")[0]))
    browser.post(action(page, "number"), data={**step, "typed": CODE})
    assert house.doors.book.by_number(NUMBER) == member
    browser.post(action(page, "number"), data={"phone_number": ""})
    assert house.doors.book.by_number(NUMBER) is None
    assert house.doors.book.fields(member).name == "Ann 李"


@pytest.mark.parametrize("evil", EVIL)
def test_hostile_names_are_harmless_or_told(house: MemberHouse, evil: str) -> None:
    page = house.join()
    link = action(page, "change")
    answer = house.browser.post(link, data={"name": evil}, follow_redirects=True)
    assert answer.status_code in (200, 413, 422)
    assert "<script>alert" not in answer.text
    assert "\u202e" not in answer.text
    if answer.status_code == 200:
        table = house.browser.get(action(page, "change").replace("/change", "/export/csv"))
        rows = list(csv.reader(io.StringIO(table.get_data().decode("utf-8-sig"))))
        assert not any(cell.startswith(("=", "+cmd", "@")) for row in rows for cell in row)


def test_each_consent_is_given_and_taken_back_by_one_button(house: MemberHouse) -> None:
    page = house.join(phone_number=NUMBER)
    (member,) = house.members()
    browser, form = house.browser, {"purpose": "messages", "medium": "sms"}
    house.now += 1
    browser.post(action(page, "consent"), data={**form, "do": "yes"})
    assert standing(house.store, member, "messages", "sms", house.now)
    assert not standing(house.store, member, "messages", "mail", house.now)
    house.now += 1
    browser.post(action(page, "consent"), data={**form, "do": "no"})
    assert not standing(house.store, member, "messages", "sms", house.now)
    records = all_of(house.store, member).records
    assert [row.given for row in records if row.medium == "sms"] == [False, True]


def test_mail_is_not_agreed_to_without_an_address(house: MemberHouse) -> None:
    page = house.join()
    (member,) = house.members()
    house.browser.post(action(page, "consent"), data={"purpose": "messages", "medium": "mail", "do": "yes"})
    assert not standing(house.store, member, "messages", "mail", house.now)


def test_a_pause_silences_for_its_days_and_ends_by_itself(house: MemberHouse) -> None:
    page = house.join(phone_number=NUMBER, texts="yes")
    (member,) = house.members()
    house.browser.post(action(page, "pause"), data={"days": "30"})
    assert not standing(house.store, member, "messages", "sms", house.now)
    assert standing(house.store, member, "messages", "sms", house.now + 31 * DAY)
    house.browser.post(action(page, "pause"), data={"days": "0"})
    assert standing(house.store, member, "messages", "sms", house.now)


def test_one_step_stops_every_message_and_the_card_stays_good(house: MemberHouse) -> None:
    page = house.join(phone_number=NUMBER, texts="yes")
    (member,) = house.members()
    house.now += 1
    house.browser.post(action(page, "leave"))
    assert not standing(house.store, member, "messages", "sms", house.now)
    assert standing(house.store, member, "recognise", now=house.now)


def test_a_link_to_leave_ends_messages_with_one_button_or_by_the_mail_program_alone(
    house: MemberHouse,
) -> None:
    for one_click in (False, True):
        house.join(phone_number=NUMBER if not one_click else "+4915112345670", texts="yes")
        member = house.members()[-1]
        assert standing(house.store, member, "messages", "sms", house.now)
        link = house.way_to(member, "leave")
        page = house.browser.get(link)
        # Looking changes nothing: programs that fetch links must not end anything.
        assert standing(house.store, member, "messages", "sms", house.now)
        house.now += 1
        if one_click:
            done = house.browser.post(
                link, data={"List-Unsubscribe": "One-Click"}, headers={"Sec-Fetch-Site": "cross-site"}
            )
        else:
            done = house.browser.post(action(page, "leave"))
        assert done.status_code == 200
        assert not standing(house.store, member, "messages", "sms", house.now)
        assert house.browser.get(link + "/export/json").status_code == 410
        assert house.browser.post(link + "/change", data={"name": "x"}).status_code == 410


def test_everything_that_is_kept_goes_with_them_as_json_as_a_table_and_to_read(house: MemberHouse) -> None:
    page = house.join(phone_number=NUMBER, texts="yes")
    base = action(page, "change").replace("/change", "/export/")
    whole = json.loads(house.browser.get(base.split("?")[0] + "json").get_data())
    assert NUMBER in json.dumps(whole)
    table = house.browser.get(base.split("?")[0] + "csv").get_data().decode("utf-8-sig")
    assert NUMBER.lstrip("+") in table
    assert house.browser.get(base.split("?")[0] + "html").status_code == 200
    assert house.browser.get(base.split("?")[0] + "exe").status_code == 404


def test_who_leaves_for_good_is_told_what_is_lost_and_then_nothing_knows_them(house: MemberHouse) -> None:
    page = house.join(phone_number=NUMBER, texts="yes")
    (member,) = house.members()
    link = house.way_to(member)
    asked = house.browser.get(f"{link}/erase")
    assert "Leave and be forgotten?" in asked.text
    assert house.doors.book.profile(member) is not None
    house.now += 1
    gone = house.browser.post(action(asked, "erase"), data={"do": "erase"})
    assert "You are forgotten" in gone.text
    assert house.browser.get(link).status_code == 410
    assert is_forgotten(house.store, member)
    assert not standing(house.store, member, "messages", "sms", house.now)
    # A worker does the rest within seconds.
    forget_asked(house.store, house.folder, house.now, "ntp")
    assert house.doors.book.profile(member) is None
    assert house.doors.book.by_number(NUMBER) is None
    assert not standing(house.store, member, "recognise", now=house.now)
    assert house.browser.get(link).status_code == 410
    assert page.status_code == 200


def test_another_sites_form_changes_nothing(house: MemberHouse) -> None:
    page = house.join(phone_number=NUMBER, texts="yes")
    (member,) = house.members()
    for ends, data in (("erase", {"do": "erase"}), ("leave", {}), ("pause", {"days": "30"})):
        house.browser.post(
            f"{house.way_to(member)}/{ends}", data=data, headers={"Sec-Fetch-Site": "cross-site"}
        )
    assert standing(house.store, member, "messages", "sms", house.now)
    assert page.status_code == 200


def test_the_cards_picture_and_qr_are_the_members_own_signed_by_the_hub(house: MemberHouse) -> None:
    house.join()
    (member,) = house.members()
    token = read_card(house.doors.card(member, NOON))
    assert isinstance(token, CardToken)
    assert (token.member, token.is_signed_by(house.key.public_key())) == (member, True)
    picture = house.browser.get(f"{house.way_to(member)}/card.png")
    assert picture.get_data().startswith(b"\x89PNG")


def test_pages_of_members_are_kept_by_no_cache_and_have_no_script(house: MemberHouse) -> None:
    page = house.join()
    assert page.headers["Cache-Control"] == "no-store"
    assert "script" not in page.headers["Content-Security-Policy"]
    assert "<script" not in page.text

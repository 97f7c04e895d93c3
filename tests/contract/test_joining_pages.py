"""Becoming a member: the pages, wherever they are mounted."""

from __future__ import annotations

import re

from flask import Flask
from flask.testing import FlaskClient
from joining_desk import MemoryJoiner
from storefront_desk import NOW, little_shop
from werkzeug.test import TestResponse

from hub.storefront import create_storefront
from hub.storefront.consent_words import KEPT_NUMBER, MESSAGES, RECOGNISE

NUMBER = "0151 23456789"


def house(joiner: MemoryJoiner, surface: str = "phone") -> FlaskClient:
    app = Flask("shopper")
    app.register_blueprint(create_storefront(little_shop(), surface=surface, now=lambda: NOW, joiner=joiner))
    return app.test_client()


def mark_of(page: TestResponse) -> str:
    found = re.search(r'name="form" value="([0-9a-f]+)"', page.text)
    assert found is not None
    return found[1]


def hidden(page: TestResponse) -> dict[str, str]:
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.text))


def test_a_card_alone_is_one_form_and_asks_for_nothing() -> None:
    joiner = MemoryJoiner()
    client = house(joiner)
    form = mark_of(client.get("/join"))
    made = client.post("/join", data={"form": form, "do": "join"})
    assert made.status_code == 303
    card = client.get(made.location)
    assert card.status_code == 200
    assert "Welcome. This is your card" in card.text
    (wish,) = joiner.joined
    assert (wish.number, wish.mediums) == ("", ())


def test_the_words_that_are_recorded_stand_on_the_page_in_both_languages() -> None:
    client = house(MemoryJoiner())
    for language in ("en", "zh"):
        text = client.get(f"/join?lang={language}").text
        for words in (RECOGNISE, KEPT_NUMBER, MESSAGES["sms"]):
            assert words[language] in text


def test_nothing_is_ticked_in_advance_and_no_is_the_same_kind_of_button_as_yes() -> None:
    text = house(MemoryJoiner()).get("/join").text
    assert "checked" not in text
    buttons = re.findall(r'<button class="([^"]*)" type="submit" name="do" value="(join|no)"', text)
    assert [name for _, name in buttons] == ["join", "no"]
    assert len({look for look, _ in buttons}) == 1


def test_no_keeps_nothing_and_leads_back_to_the_same_offers() -> None:
    joiner = MemoryJoiner()
    client = house(joiner)
    answer = client.post("/join", data={"form": mark_of(client.get("/join")), "do": "no"})
    assert answer.status_code == 200
    assert "That is fine" in answer.text
    assert joiner.joined == []
    assert "Set-Cookie" not in answer.headers


def test_a_number_is_believed_when_its_code_comes_back() -> None:
    joiner = MemoryJoiner()
    client = house(joiner)
    sent = client.post(
        "/join",
        data={
            "form": mark_of(client.get("/join")),
            "phone_number": NUMBER,
            "texts": "yes",
            "do": "join",
        },
    )
    assert joiner.sent == ["+4915123456789"]
    assert joiner.joined == []
    kept = hidden(sent)
    wrong = client.post("/join", data={**kept, "typed": "111111", "do": "join"})
    assert wrong.status_code == 422
    assert joiner.joined == []
    right = client.post("/join", data={**kept, "typed": "424242", "do": "join"})
    assert right.status_code == 303
    (wish,) = joiner.joined
    assert (wish.number, wish.mediums) == ("+4915123456789", ("sms",))


def test_a_number_without_a_yes_to_messages_gets_none() -> None:
    joiner = MemoryJoiner()
    client = house(joiner)
    sent = client.post(
        "/join", data={"form": mark_of(client.get("/join")), "phone_number": NUMBER, "do": "join"}
    )
    client.post("/join", data={**hidden(sent), "typed": "424242", "do": "join"})
    assert joiner.joined[0].mediums == ()


def test_whoever_cannot_get_the_code_joins_without_the_number() -> None:
    joiner = MemoryJoiner()
    client = house(joiner)
    sent = client.post(
        "/join",
        data={"form": mark_of(client.get("/join")), "phone_number": NUMBER, "texts": "yes", "do": "join"},
    )
    client.post("/join", data={**hidden(sent), "do": "card"})
    assert (joiner.joined[0].number, joiner.joined[0].mediums) == ("", ())


def test_two_taps_are_one_joining() -> None:
    joiner = MemoryJoiner()
    client = house(joiner)
    form = mark_of(client.get("/join"))
    first, second = (client.post("/join", data={"form": form, "do": "join"}) for _ in range(2))
    assert first.location == second.location
    assert len(joiner.joined) == 1


def test_another_sites_form_and_one_that_was_not_made_here_take_nobody_in() -> None:
    joiner = MemoryJoiner()
    client = house(joiner)
    form = mark_of(client.get("/join"))
    client.post("/join", data={"form": form, "do": "join"}, headers={"Sec-Fetch-Site": "cross-site"})
    assert client.post("/join", data={"form": "f" * 32, "do": "join"}).status_code == 429
    assert joiner.joined == []


def test_an_invitation_is_answered_once_and_by_whoever_holds_it() -> None:
    joiner = MemoryJoiner(waiting_here={"abc"})
    client = house(joiner)
    assert client.get("/join?i=other").status_code == 410
    page = client.get("/join?i=abc")
    client.post("/join", data={**hidden(page), "do": "no"})
    assert joiner.refused == ["abc"]
    assert joiner.joined == []
    client.post("/join", data={**hidden(client.get("/join?i=abc")), "do": "join"})
    assert joiner.joined[0].invitation == "abc"


def test_a_card_at_a_screen_goes_with_the_visit() -> None:
    joiner = MemoryJoiner(modem=False, url="http://shop.example/join")
    client = house(joiner, "kiosk")
    visit = "5e" * 16
    page = client.get(f"/join?visit={visit}")
    assert "Rather on your own phone?" in page.text
    assert "phone_number" not in page.text
    made = client.post(f"/join?visit={visit}", data={"form": mark_of(page), "do": "join"})
    assert client.get(made.location).status_code == 200
    assert client.get(made.location.replace(visit, "6f" * 16)).status_code == 410
    client.get(f"/wipe?visit={visit}")
    assert client.get(made.location).status_code == 410


def test_a_shop_where_nobody_can_join_has_no_such_page() -> None:
    app = Flask("shopper")
    app.register_blueprint(create_storefront(little_shop(), now=lambda: NOW))
    client = app.test_client()
    assert client.get("/join").status_code == 404
    assert "Become a member" not in client.get("/").text

"""Members at the counter: a guest is asked and answers alone, a card is scanned, what it is worth is used with it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from kiosk_shop import COFFEE, PIN
from member_shop import SITE, MemberShop, member_shop_in
from till_counter import MEMBERS, eventually, field, more_offers, till_with_devices
from werkzeug.test import TestResponse

from hub.client.becoming import Becoming
from hub.config import Config
from hub.health import look
from hub.members.consent import all_of
from hub.messages.screen import notes_for
from hub.store.mailing_records import ScreenNote
from hub.wire.card import CardToken, read_card
from kiosk.app import create_app
from kiosk.counter import Counter

VISIT = "5e" * 16


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[MemberShop]:
    with member_shop_in(tmp_path) as made:
        more_offers(made)
        yield made


def staff_at(counter: Counter, staff: str = "s1") -> FlaskClient:
    browser = create_app(counter).test_client()
    assert browser.post("/till/sign-in", data={"staff": staff, "pin": PIN}).status_code == 303
    return browser


def start(till: FlaskClient) -> TestResponse:
    """Staff ask the guest; the page that waits."""
    page = till.get("/till/members")
    return till.post("/till/ask-guest", data={"mark": field(page, "mark")}, follow_redirects=True)


def look_again(till: FlaskClient, page: TestResponse) -> TestResponse:
    found = re.search(r'action="(/till/asked/[^"]*)"', page.text)
    assert found is not None
    return till.get(found[1], follow_redirects=True)


def hidden(page: TestResponse) -> dict[str, str]:
    form = page.text.split('class="stack" method="post"')[1].split("</form>")[0]
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form))


def invitation_on(screen: FlaskClient) -> str:
    found = re.search(r'href="(/join\?[^"]*i=[^"]*)"', screen.get("/").text)
    assert found is not None
    return found[1].replace("&amp;", "&")


def test_a_guest_who_is_asked_answers_on_the_screen_and_the_till_greets_them(shop: MemberShop) -> None:
    counter, _ = shop.till()
    app = create_app(counter)
    till, screen = app.test_client(), app.test_client()
    assert till.post("/till/sign-in", data={"staff": "s1", "pin": PIN}).status_code == 303
    waiting = start(till)
    assert "Waiting for the guest" in waiting.text
    form = screen.get(invitation_on(screen))
    made = screen.post(f"/join?visit={VISIT}", data={**hidden(form), "do": "join"})
    assert made.status_code == 303
    counter.exchange.drain()
    hello = look_again(till, waiting)
    assert "Redeem for this member" in hello.text
    (row,) = shop.store.register.page(10)
    given = all_of(shop.store, row.member).given["recognise", ""]
    assert (given.place, given.proof) == ("Till 1", "page")
    # The screen asks nobody any more.
    assert "i=" not in "".join(re.findall(r'href="(/join[^"]*)"', screen.get("/").text))


def test_a_guest_says_no_at_no_cost_and_nothing_is_kept(shop: MemberShop) -> None:
    counter, _ = shop.till()
    app = create_app(counter)
    till, screen = app.test_client(), app.test_client()
    till.post("/till/sign-in", data={"staff": "s1", "pin": PIN})
    waiting = start(till)
    form = screen.get(invitation_on(screen))
    answer = screen.post(f"/join?visit={VISIT}", data={**hidden(form), "do": "no"})
    assert "That is fine" in answer.text
    assert "The guest would rather not" in look_again(till, waiting).text
    counter.exchange.drain()
    assert shop.store.register.count() == 0


def test_nobody_but_the_guest_can_answer(shop: MemberShop) -> None:
    """The till's pages hold nothing with which a yes can be sent, and what they hold is good for nothing at the screen."""
    counter, _ = shop.till()
    app = create_app(counter)
    till, screen = app.test_client(), app.test_client()
    till.post("/till/sign-in", data={"staff": "s1", "pin": PIN})
    waiting = start(till)
    secret = re.search(r"i=([0-9a-f]+)", invitation_on(screen))
    assert secret is not None
    for page in (waiting, till.get("/till/members"), till.get("/till")):
        assert secret[1] not in page.text
    found = re.search(r"/till/asked/([0-9a-f]+)", waiting.text)
    assert found is not None
    nonce = found[1]
    assert screen.get(f"/join?i={nonce}").status_code == 410
    # Whoever is signed in at the till can end the asking, and do nothing else with it.
    for path, data in (
        (f"/till/asked/{nonce}", {"do": "yes", "state": "joined"}),
        (f"/till/member/{nonce}", {"do": "join"}),
    ):
        till.post(path, data=data)
    form = screen.get("/join")
    screen.post(f"/join?visit={VISIT}", data={**hidden(form), "i": nonce, "do": "join"})
    counter.exchange.drain()
    # Somebody joined at the screen by themselves; for the guest of the till nobody has said anything.
    (row,) = shop.store.register.page(10)
    assert row.way == "kiosk"
    assert "Waiting for the guest" in look_again(till, waiting).text


def test_an_invitation_of_one_is_no_invitation_of_another_and_ends(shop: MemberShop) -> None:
    counter, _ = shop.till()
    first, second = staff_at(counter, "s1"), staff_at(counter, "s2")
    waiting = start(first)
    found = re.search(r'action="(/till/asked/[^"]*)"', waiting.text)
    assert found is not None
    other = second.get(found[1], follow_redirects=True)
    assert "Waiting for the guest" not in other.text
    shop.later(301)
    assert "Nobody answered" in first.get(found[1]).text
    screen = create_app(counter).test_client()
    assert "i=" not in "".join(re.findall(r'href="(/join[^"]*)"', screen.get("/").text))


def test_a_guest_answers_on_their_own_phone_and_the_till_hears_it(shop: MemberShop) -> None:
    counter, _ = shop.till()
    till = staff_at(counter)
    waiting = start(till)
    assert "QR code for the guest" in waiting.text
    (invitation,) = [one for one in [counter.asking.waiting(counter.clock.now())] if one is not None]
    assert invitation.url.startswith(f"{SITE}/join?i=")
    phone = shop.app.test_client()
    form = phone.get(invitation.url.removeprefix(SITE))
    sent = phone.post("/join", data={**hidden(form), "do": "join"})
    assert sent.location.startswith("/me/")
    assert "Redeem for this member" in look_again(till, waiting).text
    (row,) = shop.store.register.page(10)
    assert row.way == "till"
    # It was answered: the same link asks nobody twice.
    assert phone.get(invitation.url.removeprefix(SITE)).status_code == 410


@pytest.mark.parametrize(
    ("language", "no_address", "no_answer"),
    [
        ("en", "nobody has told the hub at which address phones reach it", "the hub did not answer"),
        ("zh", "后台可以设置（HUB_URL）", "店内主机没有应答"),
    ],
)
def test_where_there_is_no_qr_staff_and_the_office_read_why(
    tmp_path: Path, language: str, no_address: str, no_answer: str
) -> None:
    shop = MemberShop(tmp_path, url="")
    config = Config(dir=tmp_path / "hub")
    try:
        counter, line = shop.till()
        till = staff_at(counter)

        def shown(waiting: TestResponse) -> str:
            found = re.search(r'action="(/till/asked/[^"?]*)', waiting.text)
            assert found is not None
            return till.get(f"{found[1]}?lang={language}").text

        assert "phones-no-address" not in {one.code for one in look(shop.store, config, shop.now())}
        page = shown(start(till))
        assert no_address in page
        assert "<svg" not in page.partition('role="status"')[2].partition("</section>")[0]
        told = {one.code: one for one in look(shop.store, config, shop.now())}
        assert "HUB_URL" in told["phones-no-address"].sentence(language)
        assert told["phones-no-address"].severity == "note"
        with_one = Config(dir=tmp_path / "hub", url=SITE)
        assert "phones-no-address" not in {one.code for one in look(shop.store, with_one, shop.now())}
        line.mode = "cut"
        assert no_answer in shown(start(till))
    finally:
        shop.close()


def joined(shop: MemberShop, counter: Counter, app: Flask | None = None) -> tuple[str, str, str]:
    """Somebody joins at the screen: their id, the text of their QR, their code."""
    # An application takes the scans of the devices: there is one for each counter.
    screen = (app or create_app(counter)).test_client()
    form = screen.get(f"/join?visit={VISIT}")
    made = screen.post(f"/join?visit={VISIT}", data={**hidden(form), "do": "join"})
    page = screen.get(made.location)
    found = re.search(r'class="code long">.*?</span>([0-9A-Z ]{19})<', page.text)
    assert found is not None
    counter.exchange.drain()
    member = shop.store.register.page(10)[0].member
    token = Becoming(counter.pool, counter.node, counter.outbox).card(member, counter.clock.now())
    return member, token, found[1]


def test_a_card_is_known_by_its_qr_and_by_its_code(shop: MemberShop) -> None:
    counter, _ = shop.till()
    member, token, code = joined(shop, counter)
    assert isinstance(read_card(token), CardToken)
    till = staff_at(counter)
    for text in (token, code, token.lower()):
        page = till.get("/till/members")
        hello = till.post(
            "/till/members", data={"mark": field(page, "mark"), "text": text}, follow_redirects=True
        )
        assert "Redeem for this member" in hello.text, text
        assert f'name="member" value="{member}"' in hello.text


def test_a_card_alone_in_the_scan_field_and_from_the_scanner_opens_the_member(shop: MemberShop) -> None:
    with till_with_devices(shop) as till:
        member, token, _code = joined(shop, till.counter, till.app)
        till.sign_in()
        assert "Redeem for this member" in till.redeem(token).text
        assert (
            "Redeem for this member"
            in till.browser.post(
                "/till/find",
                data={"mark": field(till.browser.get("/till/find"), "mark"), "text": token},
                follow_redirects=True,
            ).text
        )
        before = till.hear(wait_s=0)["after"]
        till.browser.get("/till")
        till.scanner.scan(token)
        heard = till.hear(before)
        assert "/till/member/" in heard["go"]
        assert member in till.browser.get(heard["go"]).text


def test_an_offer_for_members_is_redeemed_with_the_card_that_was_scanned(shop: MemberShop) -> None:
    counter, _ = shop.till()
    member, token, _code = joined(shop, counter)
    coupon = shop.take(counter, MEMBERS)
    till = staff_at(counter)
    page = till.get("/till/members")
    hello = till.post(
        "/till/members", data={"mark": field(page, "mark"), "text": token}, follow_redirects=True
    )
    done = till.post(
        "/till/redeem",
        data={
            "mark": field(hello, "mark"),
            "form": field(hello, "form"),
            "member": member,
            "text": coupon.code,
        },
        follow_redirects=True,
    )
    assert "Redeemed" in done.text
    (act,) = shop.store.ledger.acts_of_member(member, 5)
    assert act.campaign == MEMBERS


def test_a_card_in_the_member_field_becomes_the_opaque_id(shop: MemberShop) -> None:
    with till_with_devices(shop) as till:
        member, token, code = joined(shop, till.counter, till.app)
        till.sign_in()
        for text in (token, code):
            asked = till.redeem(shop.take(till.counter, MEMBERS).code)
            assert "Scan the member" in asked.text
            assert "Redeemed" in till.answer(asked, member=text).text
        assert {act.member for act in shop.store.ledger.acts_of_member(member, 5)} == {member}
        page = till.browser.get("/till/paid")
        form = {"mark": field(page, "mark"), "form": field(page, "form"), "amount": "12.50"}
        told = till.browser.post("/till/paid", data={**form, "member": token}, follow_redirects=True)
        assert "12.50" in told.text
        till.counter.exchange.drain()
        wrong = till.browser.post(
            "/till/paid", data={**form, "member": token[:-1] + "A"}, follow_redirects=True
        )
        assert wrong.status_code in (200, 422)


def test_cut_off_from_the_hub_a_card_is_known_by_its_signature_and_a_code_waits(shop: MemberShop) -> None:
    counter, line = shop.till()
    member, token, code = joined(shop, counter)
    other, other_line = shop.till("Till 2")
    other.exchange.drain()
    till = staff_at(other)
    other_line.mode = line.mode = "cut"
    other.exchange.once()
    page = till.get("/till/members")
    hello = till.post(
        "/till/members", data={"mark": field(page, "mark"), "text": token}, follow_redirects=True
    )
    assert "its signature says so" in hello.text
    assert member in hello.text
    typed = till.post(
        "/till/members", data={"mark": field(page, "mark"), "text": code}, follow_redirects=True
    )
    assert "a typed code needs it" in typed.text
    place = 30 if token[30] != "A" else 31
    forged = token[:place] + "A" + token[place + 1 :]
    refused = till.post(
        "/till/members", data={"mark": field(page, "mark"), "text": forged}, follow_redirects=True
    )
    assert "Redeem for this member" not in refused.text


def test_who_joins_while_the_hub_is_away_is_known_by_their_card_and_arrives_later(shop: MemberShop) -> None:
    counter, line = shop.till()
    line.mode = "cut"
    counter.exchange.once()
    screen = create_app(counter).test_client()
    form = screen.get(f"/join?visit={VISIT}")
    made = screen.post(f"/join?visit={VISIT}", data={**hidden(form), "do": "join"})
    assert screen.get(made.location).status_code == 200
    assert shop.store.register.count() == 0
    line.mode = "good"
    eventually(lambda: counter.exchange.once() and shop.store.register.count() == 1)
    (row,) = shop.store.register.page(10)
    assert row.sealed == ""
    assert "recognise" in {purpose for purpose, _ in all_of(shop.store, row.member).given}


def test_a_coupon_that_was_given_to_a_member_stands_on_their_page_at_the_till(shop: MemberShop) -> None:
    counter, _ = shop.till()
    member, token, _code = joined(shop, counter)
    given = counter.desk.take(COFFEE, counter.random(16).hex(), counter.clock.now(), member=member)
    counter.exchange.drain()
    till = staff_at(counter)
    page = till.get("/till/members")
    hello = till.post(
        "/till/members", data={"mark": field(page, "mark"), "text": token}, follow_redirects=True
    )
    assert "A coffee with your cake" in hello.text
    done = till.post(
        "/till/redeem",
        data={
            "mark": field(hello, "mark"),
            "form": field(hello, "form"),
            "member": member,
            "text": given.code,  # type: ignore[union-attr]
        },
        follow_redirects=True,
    )
    assert "Redeemed" in done.text
    again = till.post(
        "/till/members", data={"mark": field(page, "mark"), "text": token}, follow_redirects=True
    )
    assert "A coffee with your cake" not in again.text


def test_staff_say_that_a_member_knows_now_and_the_next_till_shows_it_no_more(shop: MemberShop) -> None:
    counter, line = shop.till()
    member, token, _ = joined(shop, counter)
    now = shop.now()
    note = ScreenNote(1, member, "Your shoes are ready", 0, now, now + 86_400.0, None)
    shop.store.mailings.put_note(note)
    till = staff_at(counter)
    page = till.get("/till/members")
    hello = till.post(
        "/till/members", data={"mark": field(page, "mark"), "text": token}, follow_redirects=True
    )
    assert "Your shoes are ready" in hello.text
    told = hello.request.path + "/told"
    # Not with another's number, not while the hub is away, not by another site's form.
    asking = {"mark": field(hello, "mark"), "note": "1"}
    assert "shoes" in till.post(told, data=asking | {"note": "2"}, follow_redirects=True).text
    assert "shoes" in till.post(told, data={"note": "1"}, follow_redirects=True).text
    line.mode = "cut"
    away = till.post(told, data=asking)
    assert away.status_code == 503
    assert "The hub does not answer" in away.text
    line.mode = "good"
    counter.exchange.drain()
    done = till.post(told, data=asking, follow_redirects=True)
    assert done.status_code == 200
    assert "shoes" not in done.text
    assert notes_for(shop.store, member, shop.now()) == []

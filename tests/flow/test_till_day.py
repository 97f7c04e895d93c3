"""A day at the till over HTTP, without a script: devices, questions, vouchers, undo, holds, search, training, paper."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from kiosk_shop import COFFEE, PIN, SMALL, TillShop
from till_counter import (
    AGAIN,
    CAKE,
    CAKE_CODE,
    CHANGING,
    LATER,
    MEMBER,
    MEMBERS,
    VOUCHER,
    Till,
    eventually,
    field,
    shop_with_everything,
    till_with_devices,
)

from hub.wire.coupon import show_code
from kiosk.app import create_app
from kiosk.tillpage.blueprint import LET_GO


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[TillShop]:
    with shop_with_everything(tmp_path) as shop:
        yield shop


@pytest.fixture
def till(shop: TillShop) -> Iterator[Till]:
    with till_with_devices(shop) as till:
        yield till


def redeemed(till: Till, serial: str) -> bool:
    """Whether the hub counts a coupon as used."""
    till.counter.exchange.drain()
    return bool(till.shop.store.counter.acts_of(serial))


# Scans that devices read


def test_what_the_scanner_reads_is_redeemed_for_whoever_is_signed_in_and_shown_on_their_page(
    till: Till,
) -> None:
    coupon = till.shop.take(till.counter)
    till.sign_in()
    till.browser.get("/till")
    till.scanner.scan(coupon.token)
    heard = till.hear()
    page = till.browser.get(heard["go"])
    assert 'verdict tone-good"' in page.text
    assert "€2.50" in page.text
    (act,) = till.shop.store.counter.acts_of(coupon.coupon.serial)
    assert (act.staff, act.till) == ("s1", "Till 1")
    assert till.hear(heard["after"], 0.0)["go"] is None


def test_nobody_signed_in_nothing_is_redeemed_and_the_light_says_so(till: Till) -> None:
    coupon = till.shop.take(till.counter)
    till.scanner.scan(coupon.token)
    assert till.light.wait_for(lambda step: bool(step.red) and not step.green, 10)
    assert till.browser.get("/till/next").status_code == 401
    till.sign_in()
    assert till.hear(0, 0.0)["go"] is None
    assert not redeemed(till, coupon.coupon.serial)


def test_after_somebody_signed_out_the_scanner_redeems_for_nobody(till: Till) -> None:
    coupon = till.shop.take(till.counter)
    till.sign_in()
    till.browser.post("/till/sign-out", data={"mark": field(till.browser.get("/till"), "mark")})
    till.scanner.scan(coupon.token)
    assert till.light.wait_for(lambda step: bool(step.red) and not step.green, 10)
    assert not redeemed(till, coupon.coupon.serial)


def test_a_page_without_a_script_is_led_to_the_verdict_when_it_looks_again(till: Till) -> None:
    till.sign_in()
    page = till.browser.get("/till").text
    found = re.search(
        r'<noscript><meta http-equiv="refresh" content="4;url=(/till/latest\?after=\d+)">', page
    )
    assert found
    assert till.browser.get(found[1]).headers["Location"] == "/till"
    till.scanner.scan(till.shop.take(till.counter).token)
    till.hear()
    shown = till.browser.get(found[1], follow_redirects=True).text
    assert 'verdict tone-good"' in shown
    assert "data-sound" in shown
    again = re.search(r'content="8;url=(/till/latest[^"]*)"', shown)
    assert again
    stays = till.browser.get(again[1].replace("&amp;", "&"), follow_redirects=True).text
    assert 'verdict tone-good"' in stays
    assert "data-sound" not in stays
    # What is half typed into a form must not go.
    assert "http-equiv" not in till.redeem(till.shop.take(till.counter, CAKE).token).text
    assert "http-equiv" not in till.browser.get("/till?typing=1").text


def test_what_was_decided_while_no_page_looked_stands_on_the_next_page(till: Till) -> None:
    till.sign_in()
    first, second = till.shop.take(till.counter), till.shop.take(till.counter, SMALL)
    till.scanner.scan(first.token)
    after = till.hear()["after"]
    till.scanner.scan(second.token)
    heard = till.hear(after)
    page = till.browser.get(heard["go"]).text
    assert "Decided while you were not looking: 1" in page
    home = till.browser.get("/till").text
    assert "Decided while you were not looking" in home
    till.browser.get("/till/day")
    assert "Decided while you were not looking" not in till.browser.get("/till").text


def test_pages_that_wait_leave_room_for_those_that_work(shop: TillShop) -> None:
    with till_with_devices(shop, threads=3) as till:
        app = create_app(till.counter)
        first, second = app.test_client(), app.test_client()
        for client in (first, second):
            client.post("/till/sign-in", data={"staff": "s1", "pin": PIN})
        ended = threading.Event()

        def wait() -> None:
            while not ended.is_set():
                first.get("/till/next?after=0&wait=2")

        waiting = threading.Thread(target=wait)
        waiting.start()
        # Three threads have one place for pages that wait: the second page is told to ask again, and at once.
        eventually(lambda: second.get("/till/next?after=0&wait=0.01").get_json()["again_ms"])
        ended.set()
        app.extensions[LET_GO]()
        waiting.join(10)
        assert not waiting.is_alive()


# What a verdict asks for


def test_a_product_that_is_asked_for_may_be_scanned_typed_and_taken_out_again(till: Till) -> None:
    till.sign_in()
    coupon = till.shop.take(till.counter, CAKE)
    asked = till.redeem(coupon.token)
    assert "Products needed" in asked.text
    assert 'verdict tone-ask"' in asked.text
    typed = till.answer(asked, "add", product="123")
    assert ">123<" in typed.text
    after = till.hear(0, 0.0)["after"]
    till.scanner.scan(CAKE_CODE)
    heard = till.hear(after)
    scanned = till.browser.get(heard["go"])
    assert f">{CAKE_CODE}<" in scanned.text
    without = till.answer(scanned, "drop-0")
    assert ">123<" not in without.text
    done = till.answer(without)
    assert 'verdict tone-good"' in done.text
    assert redeemed(till, coupon.coupon.serial)


def test_a_wrong_product_is_told_and_the_right_one_may_be_added(till: Till) -> None:
    till.sign_in()
    coupon = till.shop.take(till.counter, CAKE)
    wrong = till.answer(till.redeem(coupon.token), product="999")
    assert "Product missing" in wrong.text
    assert ">999<" in wrong.text
    assert 'verdict tone-good"' in till.answer(wrong, product=CAKE_CODE).text


def test_the_next_customers_coupon_is_not_taken_for_a_product(till: Till) -> None:
    till.sign_in()
    till.redeem(till.shop.take(till.counter, CAKE).token)
    other = till.shop.take(till.counter)
    till.scanner.scan(other.token)
    assert 'verdict tone-good"' in till.browser.get(till.hear()["go"]).text
    assert redeemed(till, other.coupon.serial)


def test_a_member_is_asked_for_and_may_be_scanned(till: Till) -> None:
    till.sign_in()
    coupon = till.shop.take(till.counter, MEMBERS)
    assert "Member needed" in till.redeem(coupon.token).text
    till.scanner.scan(MEMBER)
    page = till.browser.get(till.hear()["go"])
    assert f'value="{MEMBER}"' in page.text
    done = till.answer(page, member=MEMBER)
    assert 'verdict tone-good"' in done.text
    (act,) = till.shop.store.counter.acts_of(coupon.coupon.serial)
    assert act.staff == "s1"


def test_a_voucher_is_spent_in_parts_and_says_what_is_left(till: Till) -> None:
    till.sign_in()
    voucher = till.shop.take(till.counter, VOUCHER)
    asked = till.redeem(voucher.token)
    assert "How much of it?" in asked.text
    first = till.answer(asked, amount="12.50")
    assert "€37.50 left on it" in first.text
    again = till.answer(till.redeem(voucher.code), amount="40")
    assert "Not enough left" in again.text
    assert "€0 left on it" in till.answer(again, amount="37,50").text


def test_what_was_given_before_is_kept_until_the_last_question_is_answered(till: Till) -> None:
    till.sign_in()
    coupon = till.shop.take(till.counter, SMALL)
    small = till.redeem(coupon.token, basket="5")
    assert "Not enough" in small.text
    assert 'value="5.00"' in small.text
    assert 'verdict tone-good"' in till.answer(small, basket="25").text


# Undo


def test_an_undo_makes_the_coupon_good_again_and_the_day_counts_it_apart(till: Till) -> None:
    till.sign_in()
    coupon = till.shop.take(till.counter)
    done = till.redeem(coupon.token)
    back = till.undo(done)
    assert "Taken back" in back.text
    assert 'verdict tone-back"' in back.text
    day = till.browser.get("/till/day").text
    assert re.search(r"Redeemed</dt><dd>0</dd>", day)
    assert re.search(r"Taken back</dt><dd>1 <small>€2\.50", day)
    assert 'verdict tone-good"' in till.redeem(coupon.code).text


def test_an_undo_needs_a_reason_and_two_taps_are_one(till: Till) -> None:
    till.sign_in()
    done = till.redeem(till.shop.take(till.counter).token)
    assert "Choose a reason or write one." in till.undo(done, reason="", why="  ").text
    link = re.search(r'href="(/till/undo/[^"]*)"', done.text)
    assert link
    page = till.browser.get(link[1])
    form = {
        "mark": field(page, "mark"),
        "form": field(page, "form"),
        "reason": "",
        "why": "Two people, one cup",
    }
    twice = [till.browser.post(link[1], data=form, follow_redirects=True) for _ in range(2)]
    assert all("Taken back" in one.text and "before" not in one.text for one in twice)
    late = till.browser.get(link[1])
    assert "This redemption was taken back before." in late.text


def test_an_undo_after_a_minute_or_by_somebody_else_is_told_and_not_offered(till: Till) -> None:
    till.sign_in()
    done = till.redeem(till.shop.take(till.counter).token)
    link = re.search(r'href="(/till/undo/[^"]*)"', done.text)
    assert link
    till.sign_in("s2")
    assert "made at another till or by somebody else" in till.browser.get(link[1]).text
    till.sign_in("s1")
    till.shop.later(61)
    assert "Now only a manager can" in till.browser.get(link[1]).text
    verdict = till.browser.get(link[1].replace("undo", "verdict")).text
    assert "/till/undo/" not in verdict


def test_what_was_held_on_this_tills_own_account_is_taken_back_while_cut_off(till: Till) -> None:
    till.sign_in()
    coupon = till.shop.take(till.counter)
    till.line.mode = "cut"
    till.counter.exchange.once()
    done = till.redeem(coupon.token)
    assert 'verdict tone-note"' in done.text
    back = till.undo(done)
    assert 'verdict tone-back"' in back.text
    assert "is told as soon as it does" in back.text


def test_an_undo_that_the_hub_did_not_answer_does_not_look_done(till: Till) -> None:
    till.sign_in()
    done = till.redeem(till.shop.take(till.counter).token)
    till.line.mode = "cut"
    till.counter.exchange.once()
    asked = till.undo(done)
    assert "Not taken back yet" in asked.text
    assert 'verdict tone-note"' in asked.text


# Holding


def test_a_held_coupon_is_refused_elsewhere_and_redeemed_here(till: Till) -> None:
    till.sign_in()
    coupon = till.shop.take(till.counter)
    held = till.redeem(coupon.token, do="hold")
    assert ">Held<" in held.text
    with till_with_devices(till.shop, "Till 2") as other:
        other.sign_in("s2")
        assert "In use elsewhere" in other.redeem(coupon.token).text
    assert "Held for a purchase" in till.browser.get("/till").text
    assert 'verdict tone-good"' in till.answer(held).text
    assert "Held for a purchase" not in till.browser.get("/till").text


def test_a_hold_that_is_given_back_lets_others_use_the_coupon(till: Till) -> None:
    till.sign_in()
    coupon = till.shop.take(till.counter)
    till.answer(till.redeem(coupon.token, do="hold"), "release")
    with till_with_devices(till.shop, "Till 2") as other:
        other.sign_in("s2")
        assert 'verdict tone-good"' in other.redeem(coupon.token).text


def test_holding_waits_for_the_hub_and_says_so(till: Till) -> None:
    till.sign_in()
    coupon = till.shop.take(till.counter)
    till.line.mode = "cut"
    till.counter.exchange.once()
    page = till.redeem(coupon.token, do="hold")
    assert "Not now" in page.text
    assert 'verdict tone-no"' in page.text


# Search, training, paper, disk


def test_a_search_tells_what_became_of_a_coupon_and_redeems_nothing(till: Till) -> None:
    till.sign_in()
    coupon = till.shop.take(till.counter)
    page = till.browser.get("/till/find")
    form = {"mark": field(page, "mark"), "text": coupon.code}
    found = till.browser.post("/till/find", data=form).text
    assert show_code(coupon.code) in found
    assert ">Good<" in found
    assert not redeemed(till, coupon.coupon.serial)
    till.redeem(coupon.token)
    till.browser.get("/till/find")
    till.scanner.scan(coupon.token)
    heard = till.hear()
    after_it = till.browser.get(heard["go"]).text
    assert "Already used" in after_it
    assert "at Till 1" in after_it
    assert "Nothing found" in till.browser.post("/till/find", data={**form, "text": "m-nobody-at-all"}).text


def test_training_redeems_and_counts_nothing_whatever_is_scanned(till: Till) -> None:
    till.sign_in()
    coupon = till.shop.take(till.counter)
    mark = field(till.browser.get("/till"), "mark")
    home = till.browser.post("/till/training", data={"mark": mark, "training": "on"}, follow_redirects=True)
    assert "Nothing here is redeemed or counted." in home.text
    typed = till.redeem(coupon.token)
    assert "Training: nothing was redeemed" in typed.text
    assert "/till/sound/train-good.wav" in typed.text
    assert "/till/undo/" not in typed.text
    till.scanner.scan(coupon.token)
    assert "Training: nothing was redeemed" in till.browser.get(till.hear()["go"]).text
    day = till.browser.get("/till/day").text
    assert re.search(r"Redeemed</dt><dd>0</dd>", day)
    assert not redeemed(till, coupon.coupon.serial)
    till.browser.post("/till/sign-out", data={"mark": mark})
    till.sign_in()
    assert "training-banner" not in till.browser.get("/till").text
    assert "Training" not in till.redeem(coupon.token).text
    assert redeemed(till, coupon.coupon.serial)


def test_the_coupon_for_the_next_visit_stands_on_the_verdict_and_is_printed(till: Till) -> None:
    till.sign_in()
    page = till.redeem(till.shop.take(till.counter, AGAIN).token)
    assert "For the next visit" in page.text
    assert "Two euros off your next visit" in page.text
    code = re.search(r'class="code">([0-9A-Z ]{14})<', page.text)
    assert code
    eventually(lambda: till.printer.line.pictures())
    again = till.redeem(code[1])
    assert "Not yet" in again.text
    assert len([one for one in till.shop.store.campaigns.all() if one.campaign.number == LATER]) == 1


def test_a_receipt_is_printed_when_asked_for_and_then_only_as_a_copy(till: Till) -> None:
    till.sign_in()
    page = till.redeem(till.shop.take(till.counter, COFFEE).token)
    link = re.search(r'action="(/till/print/[^"]*)"', page.text)
    assert link
    form = {"mark": field(page, "mark"), "do": "first"}
    till.browser.post(link[1], data=form)
    eventually(lambda: till.printer.line.pictures())
    here = link[1].replace("print", "verdict")
    eventually(lambda: "Print a copy" in till.browser.get(here).text)


def test_a_scanner_that_is_pulled_out_is_told_in_a_sentence_on_the_page(till: Till) -> None:
    till.sign_in()
    assert "scanner" not in till.browser.get("/till/state").get_json()["around"].lower()
    till.scanner.unplug()
    eventually(lambda: "scanner" in till.browser.get("/till/state").get_json()["around"].lower())
    till.scanner.plug()
    eventually(lambda: "scanner" not in till.browser.get("/till/state").get_json()["around"].lower())


def test_a_typed_code_of_a_coupon_that_changes_is_asked_for_its_six_digits(till: Till) -> None:
    till.sign_in()
    coupon = till.shop.take(till.counter, CHANGING)
    asked = till.redeem(coupon.code)
    assert "Six digits needed" in asked.text
    assert "That is not it" in till.answer(asked, digits="12").text
    shown = till.counter.desk.rotated(coupon.coupon.serial, till.counter.clock.now())
    assert shown is not None
    wrong = f"{(int(shown[1]) + 1) % 1_000_000:06d}"
    again = till.answer(asked, digits=wrong)
    assert 'verdict tone-good"' not in again.text
    assert 'verdict tone-good"' in till.answer(again, digits=shown[1]).text
    screenshot = till.redeem(till.shop.take(till.counter, CHANGING).token)
    assert 'verdict tone-no"' in screenshot.text
    assert "Ask for the coupon&#39;s page, not a screenshot." in screenshot.text


def test_a_printer_without_paper_is_told_and_keeps_the_receipt_until_there_is_some(till: Till) -> None:
    till.sign_in()
    with till.printer.line.hands() as printer:
        printer.rows_left = 0
    page = till.redeem(till.shop.take(till.counter, AGAIN).token)
    assert 'verdict tone-good"' in page.text

    def around() -> str:
        return str(till.browser.get("/till/state").get_json()["around"]).lower()

    eventually(lambda: "paper" in around())
    here = re.search(r'href="(/till/undo/[^"]*)"', page.text)
    assert here
    assert "The receipt waits for the printer." in till.browser.get(here[1].replace("undo", "verdict")).text
    with till.printer.line.hands() as printer:
        printer.refill(100_000)
    eventually(lambda: "paper" not in around())
    eventually(lambda: "Print a copy" in till.browser.get(here[1].replace("undo", "verdict")).text)

"""From a redemption at a real till to paper: on a simulated printer with its troubles, and on one of others' make."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import zxingcpp
from kiosk_shop import TillShop, shop_in
from PIL import Image
from printer_emulator import emulated, has_chinese

from hardware.printer.mechanism import Mechanism
from hardware.printer.page import Page
from hardware.printer.printer import Printed, Status
from hardware.printer.sim import SimLine, SimPrinter
from hub.wire.snapshot import Campaign, Offer, Value
from kiosk.counter import Counter
from kiosk.jobs import Jobs, Queued
from kiosk.printing import Pages
from kiosk.redemption import Scan
from kiosk.store_jobs import JobStore
from kiosk.verdicts import Verdict

BACK, VISIT = 21, 22
SHOTS = Path("out/shots")


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[TillShop]:
    with shop_in(tmp_path / "shop") as made:
        now = time.time()
        start, end = int(now) - 60, int(now) + 30 * 86_400
        back = Offer(
            {"en": "A tenth off your next basket", "zh": "下次购物九折"},
            {},
            Value("percent", percent=10),
            small_print={"en": "Not with other offers.", "zh": "不与其他优惠同享。"},
        )
        coffee = Offer({"en": "A coffee with your cake", "zh": "买蛋糕送咖啡"}, {}, Value("amount", 250))
        made.store.campaigns.save(
            Campaign(BACK, back, start, end, good_from="next_day", channels=()), "published", now, "test"
        )
        made.store.campaigns.save(
            Campaign(VISIT, coffee, start, end, next_visit=BACK), "published", now, "test"
        )
        yield made


def redeemed(shop: TillShop, counter: Counter, campaign: int = VISIT) -> Verdict:
    issued = shop.take(counter, campaign)
    verdict = counter.redeemer.redeem(Scan(issued.token, "s1", counter.random(16).hex(), 1250))
    assert verdict.accepted, verdict
    counter.exchange.drain()
    kept = counter.store.verdict(verdict.nonce)
    assert kept is not None
    return kept


def line_of(counter: Counter) -> SimLine:
    printer = counter.devices.printer
    assert isinstance(printer, SimPrinter)
    return printer.line


def papers(mechanism: Mechanism) -> int:
    return sum(bool(sheet.rows) and sheet.cut for sheet in mechanism.sheets)


def until(wanted: Callable[[], bool], within_s: float = 20.0) -> None:
    end = time.monotonic() + within_s
    while not wanted():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.02)


def codes_of(picture: Image.Image) -> list[str]:
    return [code.text for code in zxingcpp.read_barcodes(picture)]


def next_token(counter: Counter, verdict: Verdict) -> str:
    assert verdict.next_coupon is not None
    found = counter.desk.coupon(verdict.next_coupon)
    assert found is not None
    return found[0].token


def test_a_redemption_is_printed_once_with_its_next_coupon_and_again_as_a_copy(shop: TillShop) -> None:
    counter, _ = shop.till(printer="sim", drawer="redeem")
    counter.start()
    line = line_of(counter)
    verdict = redeemed(shop, counter)
    assert counter.jobs.print_redemption(verdict.nonce) == Queued.QUEUED
    assert counter.jobs.print_redemption(verdict.nonce) == Queued.KNOWN
    assert line.wait_for(lambda mechanism: papers(mechanism) == 1 and mechanism.kicks == 1, 20)
    until(lambda: counter.jobs.state_of(verdict.nonce) == "printed")
    assert codes_of(line.pictures()[0]) == [next_token(counter, verdict)]
    assert counter.jobs.reprint(verdict.nonce) == Queued.QUEUED
    assert line.wait_for(lambda mechanism: papers(mechanism) == 2, 20)
    first, second = line.pictures()
    # The copy has its banner on top of the same page, and opens no drawer.
    assert second.height > first.height
    with line.hands() as mechanism:
        assert mechanism.kicks == 1
    until(lambda: counter.jobs.waiting() == 0)


def test_nothing_is_printed_of_a_refusal_or_of_an_act_that_was_taken_back_or_is_not_known(
    shop: TillShop,
) -> None:
    counter, _ = shop.till(printer="sim")
    issued = shop.take(counter)
    assert counter.redeemer.redeem(Scan(issued.token, "s1", "a" * 32)).accepted
    again = counter.redeemer.redeem(Scan(issued.token, "s1", "b" * 32))
    assert not again.accepted
    assert counter.jobs.print_redemption("b" * 32) == Queued.NOTHING
    assert counter.jobs.print_redemption("c" * 32) == Queued.NOTHING
    bare, _ = shop.till("Till 2")
    other = redeemed(shop, bare)
    assert bare.jobs.print_redemption(other.nonce) == Queued.NO_PRINTER


def test_without_paper_coupons_are_redeemed_all_the_same_and_every_receipt_comes_out_later(
    shop: TillShop,
) -> None:
    counter, _ = shop.till(printer="sim")
    line = line_of(counter)
    with line.hands() as mechanism:
        mechanism.refill(0)
    counter.start()
    verdicts = [redeemed(shop, counter) for _ in range(3)]
    for verdict in verdicts:
        assert counter.jobs.print_redemption(verdict.nonce) == Queued.QUEUED
    until(lambda: "printer-paper-out" in {one.code for one in counter.jobs.holding()})
    assert counter.jobs.waiting() == 3
    assert "printer-paper-out" in {one.code for one in counter.watcher.look()}
    (state,) = [one for one in counter.devices.states() if one.kind == "printer"]
    assert not state.ready
    assert "paper" in state.sentence
    with line.hands() as mechanism:
        mechanism.refill(50_000)
    assert line.wait_for(lambda mechanism: papers(mechanism) == 3, 30)
    until(lambda: counter.jobs.waiting() == 0)
    # None of them is a copy: nothing of them had been on paper.
    assert [codes_of(picture) for picture in line.pictures()] == [
        [next_token(counter, one)] for one in verdicts
    ]
    assert len({picture.height for picture in line.pictures()}) == 1
    until(lambda: not counter.jobs.holding())


def test_paper_that_ends_in_the_middle_keeps_the_redemption_and_the_next_page_is_a_copy(
    shop: TillShop,
) -> None:
    counter, _ = shop.till(printer="sim")
    line = line_of(counter)
    counter.start()
    whole = redeemed(shop, counter)
    counter.jobs.print_redemption(whole.nonce)
    assert line.wait_for(lambda mechanism: papers(mechanism) == 1, 20)
    with line.hands() as mechanism:
        mechanism.refill(250)
    verdict = redeemed(shop, counter)
    counter.jobs.print_redemption(verdict.nonce)
    until(lambda: "printer-paper-out" in {one.code for one in counter.jobs.holding()})
    assert counter.jobs.state_of(verdict.nonce) == "printing"
    assert counter.store.verdict(verdict.nonce) == verdict
    with line.hands() as mechanism:
        mechanism.refill(50_000)
    until(lambda: counter.jobs.state_of(verdict.nonce) == "printed", 30)
    pictures = line.pictures()
    assert codes_of(pictures[-1]) == [next_token(counter, verdict)]
    assert pictures[-1].height > pictures[0].height, "it does not say COPY"


def test_a_kiosk_that_is_stopped_before_and_amid_a_page_prints_it_after_the_next_start(
    shop: TillShop,
) -> None:
    counter, _ = shop.till(printer="sim")
    line = line_of(counter)
    with line.hands() as mechanism:
        mechanism.refill(250)
    counter.start()
    amid, before = redeemed(shop, counter), redeemed(shop, counter)
    counter.jobs.print_redemption(amid.nonce)
    counter.jobs.print_redemption(before.nonce)
    until(lambda: counter.jobs.state_of(amid.nonce) == "printing")
    until(lambda: "printer-paper-out" in {one.code for one in counter.jobs.holding()})
    counter.stop()
    again, _ = shop.till(printer="sim")
    assert again.jobs.waiting() == 2
    again.start()
    line = line_of(again)
    assert line.wait_for(lambda mechanism: papers(mechanism) == 2, 30)
    copy, original = line.pictures()
    assert copy.height > original.height
    assert [codes_of(copy), codes_of(original)] == [[next_token(again, amid)], [next_token(again, before)]]


def test_the_queue_on_disk_says_nothing_of_what_it_prints(shop: TillShop) -> None:
    counter, _ = shop.till(printer="sim")
    verdict = redeemed(shop, counter)
    counter.jobs.print_redemption(verdict.nonce)
    rows = counter.pool.here().execute("SELECT * FROM print_job").fetchall()
    assert len(rows) == 1
    told = {str(value) for value in rows[0]}
    assert verdict.nonce in told
    assert not told & {next_token(counter, verdict), "s1", "Ada"}
    assert all(len(value) <= 32 for value in told)
    shop.later(3 * 86_400)
    counter.start()
    until(lambda: not counter.pool.here().execute("SELECT * FROM print_job").fetchall())


def test_a_shoppers_coupon_is_printed_and_forgotten_and_one_that_changes_is_not_for_paper(
    shop: TillShop,
) -> None:
    counter, _ = shop.till(printer="sim")
    counter.start()
    issued = shop.take(counter)
    assert counter.jobs.print_coupon(issued.coupon.serial, "en") == Queued.QUEUED
    assert line_of(counter).wait_for(lambda mechanism: papers(mechanism) == 1, 20)
    assert codes_of(line_of(counter).pictures()[0]) == [issued.token]
    until(lambda: not counter.pool.here().execute("SELECT * FROM print_job").fetchall())
    assert counter.jobs.print_coupon("00" * 8) == Queued.NOTHING


class Stumbling:
    """A printer whose driver stumbles over the first page."""

    simulated = True

    def __init__(self) -> None:
        self.printed = 0
        self.tried = 0

    def print(self, page: Page) -> Printed:
        self.tried += 1
        if self.tried == 1:
            raise ValueError("this page cannot be drawn")
        self.printed += 1
        return Printed()

    def status(self) -> Status:
        return Status()

    def kick(self) -> bool:
        return True

    def describe(self) -> str:
        return "Stumbling printer"

    def close(self) -> None:
        pass


def test_a_page_that_cannot_be_made_is_given_up_and_the_next_is_printed(shop: TillShop) -> None:
    counter, _ = shop.till()
    printer = Stumbling()
    pages = Pages(counter.store.verdict, counter.desk, counter.shelf, lambda: "Till 1")
    jobs = Jobs(printer, JobStore(counter.pool), pages, counter.clock.now)
    for _ in range(2):
        assert jobs.print_redemption(redeemed(shop, counter).nonce) == Queued.QUEUED
    jobs.start()
    until(lambda: printer.printed == 1 and jobs.waiting() == 0)
    assert printer.tried == 2
    jobs.stop()


@pytest.mark.parametrize("paper_mm", [58, 80])
def test_an_emulated_printer_draws_receipt_and_coupon_in_both_languages(
    shop: TillShop, tmp_path: Path, paper_mm: int
) -> None:
    folder = tmp_path / "emulator"
    folder.mkdir()
    with emulated(folder, paper_mm) as printer:
        counter, _ = shop.till(printer=f"net:127.0.0.1:{printer.port}", printer_paper=paper_mm)
        counter.start()
        languages = ["en", "zh"] if has_chinese() else ["en"]
        expected, names = [], []
        for language in languages:
            verdict, issued = redeemed(shop, counter), shop.take(counter)
            counter.jobs.print_redemption(verdict.nonce, language)
            counter.jobs.print_coupon(issued.coupon.serial, language)
            expected += [[next_token(counter, verdict)], [issued.token]]
            names += [f"receipt-{language}", f"coupon-{language}"]
        pictures = printer.wait_for(len(names))
        counter.jobs.reprint(verdict.nonce)
        copy = printer.wait_for(len(names) + 1)[-1]
        SHOTS.mkdir(parents=True, exist_ok=True)
        for name, picture in zip([*names, "receipt-copy"], [*pictures, copy], strict=True):
            picture.save(SHOTS / f"printer-{paper_mm}mm-{name}.png")
        assert [codes_of(picture) for picture in pictures] == expected
        assert {picture.width for picture in pictures} == {384 if paper_mm == 58 else 576}
        assert codes_of(copy) == [next_token(counter, verdict)]


def test_an_emulated_printer_without_paper_loses_no_receipt(shop: TillShop, tmp_path: Path) -> None:
    folder = tmp_path / "emulator"
    folder.mkdir()
    with emulated(folder, 80) as printer:
        counter, _ = shop.till(printer=f"net:127.0.0.1:{printer.port}", drawer="redeem")
        printer.fault("paper-out")
        counter.start()
        verdict = redeemed(shop, counter)
        counter.jobs.print_redemption(verdict.nonce)
        until(lambda: "printer-paper-out" in {one.code for one in counter.jobs.holding()})
        until(printer.drawer_is_open)
        assert printer.receipts() == []
        printer.fault("paper-out", there=False)
        (picture,) = printer.wait_for(1)
        assert codes_of(picture) == [next_token(counter, verdict)]
        printer.fault("cover-open")
        other = redeemed(shop, counter)
        counter.jobs.print_redemption(other.nonce)
        until(lambda: "printer-cover-open" in {one.code for one in counter.jobs.holding()})
        printer.fault("cover-open", there=False)
        assert codes_of(printer.wait_for(2)[-1]) == [next_token(counter, other)]

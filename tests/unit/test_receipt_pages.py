"""What stands on the counter's paper, and how it is drawn."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image
from printer_emulator import needs_chinese

from hardware.printer.fonts import NoFont, font_for
from hardware.printer.page import Banner, Code, Page, Words
from hardware.printer.painting import WIDTHS, paint, rows_of
from kiosk.receipt import PaperCoupon, PaperReceipt, coupon_slip, grouped, receipt

TOKEN = "SB1" + "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567" * 4
NEXT = PaperCoupon(
    title="A tenth off",
    worth="10% off",
    token=TOKEN,
    code="ABCDEFGHJKMN",
    good_until="31 December 2026",
    good_from="1 December 2026",
    small_print="Not with other offers.",
)
DONE = PaperReceipt(
    shop="Corner Shop",
    till="Till 1",
    when="30 Nov 2026, 14:05",
    title="A coffee with your cake",
    worth="−€2.50",
    number="0A1B2C3D",
    purchase="€12.50",
    next_visit=NEXT,
)


def test_a_receipt_says_what_was_redeemed_where_and_when_and_for_how_much() -> None:
    text = receipt(DONE, "en").text()
    for part in (
        "Corner Shop",
        "Coupon redeemed",
        "30 Nov 2026, 14:05 · Till 1",
        "A coffee with your cake",
        "−€2.50",
        "€12.50",
    ):
        assert part in text
    assert "0A1B2C3D" in text
    assert "COPY" not in text
    assert "TRAINING" not in text


def test_the_coupon_for_the_next_visit_stands_on_the_receipt_with_its_code() -> None:
    page = receipt(DONE, "en")
    assert [block.text for block in page.blocks if isinstance(block, Code)] == [TOKEN]
    for part in (
        "For your next visit",
        "ABCD EFGH JKMN",
        "31 December 2026",
        "1 December 2026",
        "Not with other offers.",
    ):
        assert part in page.text()
    bare = receipt(dataclasses.replace(DONE, next_visit=None), "en")
    assert not any(isinstance(block, Code) for block in bare.blocks)


@pytest.mark.parametrize(("language", "word"), [("en", "COPY"), ("zh", "副本")])
def test_a_copy_says_so_where_nobody_overlooks_it(language: str, word: str) -> None:
    banners = [block.text for block in receipt(DONE, language, copy=True).blocks if isinstance(block, Banner)]
    assert banners == [word]
    assert [
        block.text
        for block in coupon_slip("Shop", NEXT, language, copy=True).blocks
        if isinstance(block, Banner)
    ] == [word]


def test_a_receipt_of_the_training_mode_is_worth_nothing() -> None:
    page = receipt(DONE, "en", training=True)
    assert "TRAINING" in page.text()
    assert not any(isinstance(block, Code) for block in page.blocks)


def test_a_voucher_says_what_is_left_on_it_and_a_till_that_was_alone_says_so() -> None:
    text = receipt(dataclasses.replace(DONE, voucher=True, balance="€7.50", offline=True), "en").text()
    assert "Voucher used" in text
    assert "Left on the voucher" in text
    assert "€7.50" in text
    assert "this till's own account" in text


def test_a_receipt_in_chinese_has_no_english_sentence() -> None:
    chinese = dataclasses.replace(DONE, shop="街角小店", till="1 号", title="买蛋糕送咖啡", next_visit=None)
    text = receipt(chinese, "zh").text()
    assert "优惠券已核销" in text
    assert not any(
        word.isalpha() and word.isascii() and len(word) > 2
        for word in text.replace("0A1B2C3D", "").replace("Nov", "").split()
    )


def test_a_code_is_read_in_groups_of_four() -> None:
    assert grouped("ABCDEFGHJKMN") == "ABCD EFGH JKMN"


@needs_chinese
@pytest.mark.parametrize("paper_mm", [58, 80])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_receipt_fits_its_paper_and_its_code_is_read_from_it(paper_mm: int, language: str) -> None:
    long = dataclasses.replace(
        DONE,
        title="Half a case of our very best wine from the hills behind the town"
        if language == "en"
        else "本店自酿葡萄酒半箱，" * 6,
    )
    picture = paint(receipt(long, language, copy=True), paper_mm)
    assert picture.width == WIDTHS[paper_mm]
    assert [code.text for code in zxingcpp.read_barcodes(picture.convert("L"))] == [TOKEN]


def test_a_receipt_is_read_from_paper_that_was_printed_badly() -> None:
    """Half the resolution, a little turned: what a phone makes of a creased receipt."""
    picture = paint(receipt(DONE, "en"), 58).convert("L")
    small = picture.resize((picture.width * 2 // 3, picture.height * 2 // 3), Image.Resampling.BILINEAR)
    turned = small.rotate(8, expand=True, fillcolor=255, resample=Image.Resampling.BILINEAR)
    assert TOKEN in [code.text for code in zxingcpp.read_barcodes(turned)]


@needs_chinese
def test_words_go_on_below_and_nothing_is_cut_off_at_the_edge() -> None:
    for text in ("word " * 60, "优惠" * 60, "W" * 200):
        picture = paint(Page((Words(text),)), 58)
        rows, width = rows_of(picture)
        assert width == 48
        assert picture.height > 100
        for row in range(0, len(rows), width):
            assert rows[row + width - 1] & 1 == 0 or rows[row] & 0x80 == 0, "ink from edge to edge"


@needs_chinese
def test_a_mark_that_closes_does_not_begin_a_line() -> None:
    """Sixteen signs fit on 58 mm: the comma would be the seventeenth, so the sign before it goes down with it."""
    together = rows_of(paint(Page((Words("一二三四五六七八九十一二三四五六，好"),)), 58))
    broken = rows_of(paint(Page((Words("一二三四五六七八九十一二三四五\n六，好"),)), 58))
    assert together == broken


def test_chinese_without_a_font_for_it_is_told_and_latin_is_printed_all_the_same(tmp_path: Path) -> None:
    def bare(text: str, size: int, *, bold: bool = False) -> object:
        return font_for(text, size, bold=bold, folders=(tmp_path,))

    with pytest.raises(NoFont):
        paint(Page((Words("优惠"),)), 80, bare)
    assert paint(Page((Words("Café 12.50"),)), 80, bare).height > 20


def test_signs_that_turn_or_ring_are_left_out() -> None:
    plain = paint(Page((Words("Coffee"),)), 58)
    odd = paint(Page((Words("Cof\u202efee\x07\x1b"),)), 58)
    assert rows_of(plain) == rows_of(odd)

"""A coupon whose code changes, from the shopper's page over a till to the hub: on the line, cut off, typed, photographed."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.code_keys import CodeKeys
from hub.wire.coupon import Issued
from hub.wire.identity import CROCKFORD
from hub.wire.rotating import STEP_S
from hub.wire.snapshot import Campaign, Offer, Value
from kiosk.counter import Counter
from kiosk.verdicts import Scan, Verdict
from tests.kiosk_shop import Line, TillShop

CHANGING = 40


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[TillShop]:
    opened = TillShop(tmp_path)
    now = int(time.time())
    offer = Offer({"en": "A watch"}, {}, Value("amount", 5000))
    campaign = Campaign(CHANGING, offer, now - 60, now + 30 * 86_400, rotating=True)
    opened.store.campaigns.save(campaign, "published", now, "test")
    yield opened
    opened.close()


@pytest.fixture
def tills(shop: TillShop) -> tuple[Counter, Counter, Line]:
    """The kiosk that gives coupons out, and a till with its line."""
    screen, _ = shop.till("Screen")
    till, line = shop.till("Till 1")
    return screen, till, line


_numbers = itertools.count()


def scan(till: Counter, text: str) -> Verdict:
    return till.redeemer.redeem(Scan(text, "s1", f"nonce-{next(_numbers):08}"))


def page(screen: Counter, issued: Issued) -> tuple[str, str]:
    """What the shopper's page shows now: the text of the QR, and code and digits to type."""
    shown = screen.desk.rotated(issued.coupon.serial, screen.clock.now())
    assert shown is not None
    return shown[0], f"{issued.code} {shown[1]}"


@pytest.mark.parametrize("typed", [False, True])
def test_what_the_page_shows_now_is_taken_and_a_screenshot_is_not(
    shop: TillShop, tills: tuple[Counter, Counter, Line], typed: bool
) -> None:
    screen, till, _ = tills
    issued = shop.take(screen, CHANGING)
    screenshot = page(screen, issued)[typed]
    shop.later(4 * STEP_S)
    assert scan(till, screenshot).refusal == "code_too_old"
    shop.later(STEP_S)
    assert scan(till, page(screen, issued)[typed]).accepted
    assert scan(till, page(screen, issued)[typed]).refusal == "already_redeemed"


def test_the_token_or_the_code_alone_is_not_enough(
    shop: TillShop, tills: tuple[Counter, Counter, Line]
) -> None:
    screen, till, _ = tills
    issued = shop.take(screen, CHANGING)
    for text in (issued.token, issued.code):
        assert scan(till, text).refusal == "code_too_old"
    assert scan(till, page(screen, issued)[0]).accepted


def test_a_till_that_is_cut_off_takes_the_page_and_no_screenshot(
    shop: TillShop, tills: tuple[Counter, Counter, Line]
) -> None:
    screen, till, line = tills
    issued, other = shop.take(screen, CHANGING), shop.take(screen, CHANGING)
    line.mode = "cut"
    screenshot = page(screen, issued)[0]
    for _ in range(3):
        shop.later(5 * STEP_S)
        assert scan(till, screenshot).refusal == "code_too_old"
    verdict = scan(till, page(screen, issued)[0])
    assert (verdict.accepted, verdict.offline) == (True, True)
    swapped = page(screen, issued)[0][-16:]
    assert scan(till, other.token + swapped).refusal == "code_too_old"


def test_its_own_kiosk_takes_the_typed_code_while_it_is_cut_off(shop: TillShop) -> None:
    kiosk, line = shop.till("Both")
    issued = shop.take(kiosk, CHANGING)
    line.mode = "cut"
    assert scan(kiosk, issued.code).refusal == "code_too_old"
    assert scan(kiosk, page(kiosk, issued)[1]).accepted


def test_a_new_key_of_the_shop_is_taken_with_the_old_one_beside_it(
    shop: TillShop, tills: tuple[Counter, Counter, Line]
) -> None:
    screen, till, _ = tills
    issued, later = shop.take(screen, CHANGING), shop.take(screen, CHANGING)
    before = page(screen, issued)[0]
    CodeKeys(shop.store, shop.key).replace(shop.now(), "ines")
    for one in (screen, till):
        one.exchange.drain()
    assert scan(till, before).accepted
    shop.later(86_400 + 60)
    now = page(screen, later)[0]
    key_of = [CROCKFORD.index(text[len(issued.token) + 1]) >> 4 for text in (before, now)]
    assert key_of == [1, 0], "the first bit behind the mark says which of the two keys it was"
    assert scan(till, now).accepted

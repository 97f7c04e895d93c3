"""A till with simulated devices for tests of its pages, and offers that ask for everything that an offer can ask for."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from kiosk_shop import PIN, Line, TillShop, shop_in
from werkzeug.test import TestResponse

from hardware.light.sim import SimLight
from hardware.printer.sim import SimPrinter
from hardware.scanner.sim import SimScanner
from hub.client.pins import Uptime
from hub.wire.conditions import Buys, IsMember
from hub.wire.snapshot import Campaign, Offer, Value
from kiosk.app import create_app
from kiosk.config import Config
from kiosk.counter import Counter

VOUCHER, CAKE, MEMBERS, AGAIN, LATER, CHANGING = 11, 12, 13, 14, 15, 16
CAKE_CODE = "4006381333931"
MEMBER = "m-7f3a9c21"


@dataclass
class Till:
    """One till with its devices, its line to the hub and a browser without a script."""

    shop: TillShop
    counter: Counter
    line: Line
    app: Flask
    browser: FlaskClient

    @property
    def scanner(self) -> SimScanner:
        """The scanner on the counter."""
        found = self.counter.devices.scanners[0]
        assert isinstance(found, SimScanner)
        return found

    @property
    def printer(self) -> SimPrinter:
        """The receipt printer."""
        found = self.counter.devices.printer
        assert isinstance(found, SimPrinter)
        return found

    @property
    def light(self) -> SimLight:
        """The status light."""
        found = self.counter.devices.light
        assert isinstance(found, SimLight)
        return found

    def sign_in(self, staff: str = "s1") -> None:
        """Somebody comes to the till."""
        answer = self.browser.post("/till/sign-in", data={"staff": staff, "pin": PIN})
        assert answer.status_code == 303

    def redeem(self, text: str, **values: Any) -> TestResponse:
        """Type into the scan page."""
        page = self.browser.get("/till")
        form = {"mark": field(page, "mark"), "form": field(page, "form"), "text": text, **values}
        return self.browser.post("/till/redeem", data=form, follow_redirects=True)

    def answer(self, page: TestResponse, do: str = "redeem", **values: str) -> TestResponse:
        """Send the form of a page that asks for something."""
        found = re.search(r'<form class="(?:ask|held)" method="post" action="([^"]*)"', page.text)
        assert found, page.text
        form = {"mark": field(page, "mark"), "form": field(page, "form"), "do": do, **values}
        return self.browser.post(found[1], data=form, follow_redirects=True)

    def undo(self, page: TestResponse, **values: str) -> TestResponse:
        """Take back what a verdict's page shows."""
        found = re.search(r'href="(/till/undo/[^"]*)"', page.text)
        assert found, page.text
        why = self.browser.get(found[1])
        form = {"mark": field(why, "mark"), "form": field(why, "form"), "reason": "mistake", **values}
        return self.browser.post(found[1], data=form, follow_redirects=True)

    def hear(self, after: int = 0, wait_s: float = 10.0) -> dict[str, Any]:
        """What a page that waits is told."""
        answer = self.browser.get(f"/till/next?after={after}&wait={wait_s}")
        assert answer.status_code == 200
        return dict(answer.get_json())


def field(page: TestResponse, name: str) -> str:
    """The value of a hidden field."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page.text)
    assert found, page.text
    return found[1]


def more_offers(shop: TillShop) -> None:
    """A voucher, an offer for a product, one for members, one that gives a coupon for the next visit, one that changes."""
    now = time.time()
    start, end = int(now) - 60, int(now) + 30 * 86_400

    def offer(english: str, chinese: str, value: Value) -> Offer:
        return Offer({"en": english, "zh": chinese}, {}, value)

    for campaign in (
        Campaign(
            VOUCHER, offer("Gift voucher", "礼券", Value("voucher", 5000)), start, end, offline="refuse"
        ),
        Campaign(
            CAKE,
            offer("A euro off the cake", "蛋糕减一欧", Value("amount", 100)),
            start,
            end,
            condition=Buys((CAKE_CODE,)),
        ),
        Campaign(
            MEMBERS,
            offer("For members", "会员优惠", Value("amount", 300)),
            start,
            end,
            condition=IsMember(),
        ),
        Campaign(
            AGAIN,
            offer("Bread, and something for next time", "面包加下次优惠", Value("amount", 150)),
            start,
            end,
            next_visit=LATER,
        ),
        Campaign(
            LATER,
            offer("Two euros off your next visit", "下次光临减两欧", Value("amount", 200)),
            start,
            end,
            good_from="next_day",
            channels=(),
        ),
        Campaign(
            CHANGING,
            offer("The good wine", "好酒特惠", Value("amount", 900)),
            start,
            end,
            rotating=True,
        ),
    ):
        shop.store.campaigns.save(campaign, "published", now, "test")


@contextmanager
def till_with_devices(shop: TillShop, name: str = "Till 1", **settings: Any) -> Iterator[Till]:
    """A till with a scanner, a printer and a light, all simulated and running; the exchange is the test's own."""
    plain, _ = shop.till(name)
    plain.stop()
    line = Line(shop.app)
    wanted = {"scanners": ("sim:",), "printer": "sim:", "light": "sim:", **settings}
    counter = Counter(
        Config(dir=plain.config.dir, **wanted),
        link=line,
        clock=shop.clock(),
        steady=lambda: Uptime("this start", 1_000_000.0),
    )
    counter.exchange.drain()
    app = create_app(counter)
    counter.jobs.start()
    counter.devices.start()
    try:
        yield Till(shop, counter, line, app, app.test_client())
    finally:
        counter.stop()


@contextmanager
def shop_with_everything(folder: Path) -> Iterator[TillShop]:
    """The shop of the counter's tests with more offers."""
    with shop_in(folder) as shop:
        more_offers(shop)
        yield shop


def eventually(holds: Callable[[], object], within_s: float = 10.0) -> None:
    """Wait until something holds."""
    until = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.01)

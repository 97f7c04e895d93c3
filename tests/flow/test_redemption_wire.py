"""Tills and their hub over HTTP: each question and each reply lost at each point, the hub unplugged and plugged in again."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest
from kiosk_shop import COFFEE, LOCKED, Line, TillShop, shop_in
from werkzeug.serving import make_server

from hub.client.link import HttpLink
from hub.wire.coupon import Issued
from hub.wire.refusals import Refusal
from kiosk.counter import DB_FILE, Counter
from kiosk.settling import QUIET_S
from kiosk.verdicts import Reversal, Scan, Undo, Verdict

_nonces = count(1)


@contextmanager
def served(shop: TillShop, port: int = 0) -> Iterator[int]:
    """The hub on a port of the loopback."""
    server = make_server("127.0.0.1", port, shop.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, name="hub", daemon=True)
    thread.start()
    try:
        yield int(server.port)
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[TillShop]:
    with shop_in(tmp_path) as shop:
        yield shop


def new() -> str:
    return f"{next(_nonces):032x}"


def till_at(shop: TillShop, port: int, name: str = "Till 1") -> tuple[Counter, Line]:
    return shop.till(name, link=HttpLink(f"http://127.0.0.1:{port}"))


def redeem(counter: Counter, coupon: Issued, **more: object) -> Verdict:
    return counter.redeemer.redeem(Scan(coupon.token, "s1", new(), **more))  # type: ignore[arg-type]


def undo(counter: Counter, verdict: Verdict) -> Reversal:
    return counter.redeemer.reverse(Undo(verdict.nonce, "s1", new(), "wrong coupon"))


def mend(shop: TillShop, counter: Counter, line: Line) -> None:
    """The line is good again, the till tells what it has, and asks what it does not know."""
    line.mode = "good"
    line.deaf_to.clear()
    line.blind_to.clear()
    counter.exchange.drain()
    shop.later(QUIET_S + 1)
    counter.redeemer.settle()
    counter.exchange.drain()


@pytest.mark.parametrize("campaign", [COFFEE, LOCKED])
@pytest.mark.parametrize("lost", ["nothing", "question", "reply"])
def test_one_act_is_one_redemption_wherever_the_line_breaks(shop: TillShop, campaign: int, lost: str) -> None:
    """Either the till said yes and the hub has the act once, or it said no and the coupon is good, or it learns by itself."""
    with served(shop) as port:
        counter, line = till_at(shop, port)
        coupon = shop.take(counter, campaign)
        if lost != "nothing":
            (line.blind_to if lost == "question" else line.deaf_to).add("/v1/redeem")
        verdict = redeem(counter, coupon)
        mend(shop, counter, line)
        acts = shop.store.counter.acts_of(coupon.coupon.serial)
        known = [one for one in counter.store.verdicts_since(0, 10) if one.accepted]
        assert len(acts) == len(known) <= 1
        if verdict.accepted:
            assert [act.nonce for act in acts] == [verdict.act]
        elif lost == "question":
            assert redeem(counter, coupon).accepted
        else:
            assert [one.unseen for one in known] == [True]
            assert redeem(counter, coupon).refusal == Refusal.ALREADY_REDEEMED


@pytest.mark.parametrize("decided", ["hub", "till"])
@pytest.mark.parametrize("lost", ["nothing", "question", "reply"])
def test_one_undo_is_one_reversal_wherever_the_line_breaks(shop: TillShop, decided: str, lost: str) -> None:
    with served(shop) as port:
        counter, line = till_at(shop, port)
        other, _ = till_at(shop, port, "Till 2")
        coupon = shop.take(counter)
        if decided == "till":
            line.mode = "cut"
        verdict = redeem(counter, coupon)
        assert verdict.decided_by == decided
        if lost != "nothing":
            (line.blind_to if lost == "question" else line.deaf_to).add("/v1/reverse")
        back = undo(counter, verdict)
        assert back.state == ("open" if decided == "hub" and lost != "nothing" else "reversed")
        mend(shop, counter, line)
        settled = counter.store.reversal(back.nonce)
        assert settled is not None
        assert settled.state == "reversed"
        assert redeem(other, coupon).accepted
        assert [act.standing for act in shop.store.counter.acts_of(coupon.coupon.serial)] == [
            "reversed",
            "first",
        ]
        assert shop.store.counter.conflicts() == []


@pytest.mark.parametrize("path", ["/v1/reserve", "/v1/release", "/v1/look"])
@pytest.mark.parametrize("lost", ["question", "reply"])
def test_whatever_else_is_lost_does_no_harm(shop: TillShop, path: str, lost: str) -> None:
    with served(shop) as port:
        counter, line = till_at(shop, port)
        coupon = shop.take(counter)
        (line.blind_to if lost == "question" else line.deaf_to).add(path)
        hold = counter.redeemer.reserve(Scan(coupon.token, "s1", new()), 10)
        counter.redeemer.release(hold.nonce)
        looked = counter.redeemer.look(coupon.code)
        assert looked.from_hub == (path != "/v1/look")
        mend(shop, counter, line)
        shop.later(11)
        assert redeem(counter, coupon).accepted
        assert len(shop.store.counter.acts_of(coupon.coupon.serial)) == 1


def test_failures_of_any_question_count_together_and_the_line_comes_back_for_all(shop: TillShop) -> None:
    with served(shop) as port:
        counter, line = till_at(shop, port)
        coupons = [shop.take(counter) for _ in range(2)]
        paths = {"/v1/redeem", "/v1/reverse", "/v1/reserve", "/v1/look"}
        line.blind_to |= paths
        verdict = redeem(counter, coupons[0])
        assert verdict.offline
        assert not counter.redeemer.look(coupons[0].code).from_hub
        assert counter.line.cut_off_since() is None
        counter.redeemer.reserve(Scan(coupons[1].token, "s1", new()))
        assert counter.line.cut_off_since() is not None
        line.blind_to.clear()
        assert not counter.redeemer.look(coupons[0].code).from_hub
        counter.exchange.drain()
        assert counter.line.cut_off_since() is None
        assert counter.redeemer.look(coupons[0].code).from_hub


def test_a_hub_that_is_unplugged_and_plugged_in_again_is_noticed_by_itself(shop: TillShop) -> None:
    with served(shop) as port:
        counter, _ = till_at(shop, port)
        coupons = [shop.take(counter, number) for number in (COFFEE, LOCKED, COFFEE)]
        assert redeem(counter, coupons[0]).decided_by == "hub"
    refused = [redeem(counter, coupons[1]) for _ in range(4)]
    assert {one.refusal for one in refused} == {Refusal.HUB_UNREACHABLE}
    alone = redeem(counter, coupons[2])
    assert (alone.accepted, alone.offline) == (True, True)
    assert not counter.redeemer.look(coupons[1].code).from_hub
    with served(shop, port):
        counter.start()
        for _ in range(600):
            if counter.line.cut_off_since() is None and counter.outbox.counts().pending == 0:
                break
            threading.Event().wait(0.1)
        verdict = redeem(counter, coupons[1])
        assert (verdict.accepted, verdict.decided_by) == (True, "hub")
        assert [len(shop.store.counter.acts_of(one.coupon.serial)) for one in coupons] == [1, 1, 1]
        counter.stop()


def test_a_database_of_an_earlier_release_opens_with_all_that_it_knew(shop: TillShop) -> None:
    counter, line = shop.till()
    used, asked, free = (shop.take(counter, LOCKED) for _ in range(3))
    first = redeem(counter, used)
    line.deaf_to.add("/v1/redeem")
    redeem(counter, asked)
    counter.stop()
    path = counter.config.dir / DB_FILE
    back_to_the_last_release(path)
    counter, line = shop.till()
    again = redeem(counter, used)
    assert again.refusal == Refusal.ALREADY_REDEEMED
    assert counter.store.verdict(first.nonce) is not None
    assert counter.store.day_since(0).value_cents == 3_000
    # The question that had been left open is asked again as it was, and is one act.
    assert redeem(counter, asked).accepted
    assert redeem(counter, free).accepted
    assert len(shop.store.counter.acts_of(asked.coupon.serial)) == 1


def back_to_the_last_release(path: Path) -> None:
    """Take away what came with this release's migrations, as a file of the one before would be."""
    with sqlite3.connect(path) as conn:
        for table in ("act", "undo", "hold", "picture_pace", "picture_seen", "pin_try", "pin_count"):
            conn.execute(f"DROP TABLE {table}")
        conn.execute("DROP INDEX verdict_unseen")
        for table, column in (
            ("ask", "body"),
            ("ask", "campaign"),
            ("ask", "sent"),
            ("verdict", "counts"),
            ("verdict", "unseen"),
        ):
            conn.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
        conn.execute(
            "CREATE TABLE wrong_pin (who TEXT PRIMARY KEY, tries INTEGER NOT NULL, at REAL NOT NULL)"
        )
        conn.execute("INSERT INTO wrong_pin VALUES ('staff s1', 2, 1790000000.0)")
        conn.execute(
            "DELETE FROM _sqlite_migrations WHERE migration_set = 'staff' OR name LIKE 'm003_taken%'"
        )

"""The pop-up from memory says what the pages say, and hands out nothing; the first look of a phone without a template too."""

from __future__ import annotations

import re
import threading
from pathlib import Path

import msgspec
import pytest
from flask.testing import FlaskClient
from storefront_desk import HOUR, NOW, little_shop, offer
from welcome_door import HERE, Door, FakeKeeper

from hub.client.db import Pool, StorageError
from hub.client.together import Together
from hub.wire.coupon import show_code
from hub.wire.snapshot import Value

ENGLISH, CHINESE = "en-GB,en;q=0.9", "zh-CN,zh;q=0.9"


def phone(door: Door, ip: str = HERE) -> FlaskClient:
    client = door.app.test_client(use_cookies=False)
    client.environ_base |= {"REMOTE_ADDR": ip, "HTTP_ACCEPT_LANGUAGE": ENGLISH}
    return client


def fast(door: Door, ip: str = HERE, accept: str = ENGLISH, query: str = "") -> bytes | None:
    return door.welcome.front.answer(ip, accept, query, door.clock[0])


def split(answer: bytes) -> tuple[str, dict[str, str], str]:
    head, _, body = answer.partition(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    return status, dict(line.split(": ", 1) for line in lines), body.decode()


@pytest.mark.parametrize("query", ["", "lang=zh", "lang=en"])
@pytest.mark.parametrize("accept", [ENGLISH, CHINESE, "en-US"])
def test_it_says_to_the_octet_what_the_pages_say(query: str, accept: str) -> None:
    door = Door()
    asked = {"headers": {"Accept-Language": accept}, "query_string": query}
    first, page = phone(door).get("/", **asked), phone(door).get("/", **asked)
    answer = fast(door, accept=accept, query=query)
    assert answer is not None
    status, headers, body = split(answer)
    assert status == "HTTP/1.1 200 OK"
    assert body == page.text == first.text
    assert headers == dict(page.headers)
    assert int(headers["Content-Length"]) == len(body.encode())


def test_it_is_the_same_whether_a_template_was_used_for_the_coupon_or_not() -> None:
    door = Door(keeper=FakeKeeper(macs={"10.77.0.2": "02:00:00:00:00:02"}))
    slow = phone(door).get("/").text
    quick = phone(door, "10.77.0.2").get("/").text
    (one, other) = door.desk.issued.values()
    for parts in ((one.code, other.code), (one.coupon.serial, other.coupon.serial)):
        for old, new in (parts, tuple(map(show_code, parts))):
            slow = slow.replace(old, new)
    without_qr = re.compile(r' d="[^"]*"')
    assert without_qr.sub("", slow) == without_qr.sub("", quick)


def test_it_hands_out_nothing_and_does_not_know_who_has_not_looked_yet() -> None:
    door = Door(keeper=FakeKeeper(macs={"10.77.0.2": "02:00:00:00:00:02"}))
    assert fast(door) is None
    phone(door).get("/")
    assert fast(door) is not None
    assert fast(door, "10.77.0.2") is None
    assert len(door.desk.issued) == 1


def test_whoever_is_in_is_not_answered_from_memory() -> None:
    door = Door()
    phone(door).get("/")
    phone(door).post("/enter", data={"remember": "no"})
    assert fast(door) is None
    door.clock[0] += 2 * HOUR
    assert fast(door) is None
    phone(door).get("/")
    answer = fast(door)
    assert answer is not None
    assert b"Your time is over" in answer


@pytest.mark.parametrize(
    ("accept", "query"),
    [(ENGLISH, "left=1"), (ENGLISH, "lang=xx"), (ENGLISH, "lang=zh&x=1"), ("e" * 300, "")],
)
def test_what_is_not_plain_goes_to_the_pages(accept: str, query: str) -> None:
    door = Door()
    phone(door).get("/")
    assert fast(door, accept=accept, query=query) is None


def test_it_grows_old_within_seconds_and_one_request_renews_it() -> None:
    door = Door()
    phone(door).get("/")
    door.desk.running[0] = msgspec.structs.replace(door.desk.running[0], ends_at=int(NOW) + 1)
    door.clock[0] += 2.5
    assert fast(door) is None, "one goes and makes it anew"
    assert fast(door) is not None, "and the others do not wait for that"
    phone(door).get("/")
    answer = fast(door)
    assert answer is not None
    assert b"Sourdough from this morning" in answer
    door.clock[0] += 10
    assert fast(door) is None
    assert fast(door) is None, "after a while nobody is served what is old"


def test_a_clock_that_was_set_back_does_not_keep_a_page_for_ever() -> None:
    door = Door()
    phone(door).get("/")
    door.clock[0] -= 30 * 86_400
    assert fast(door) is None


def test_it_keeps_no_more_than_a_few_hundred_guests() -> None:
    door = Door(keeper=FakeKeeper(has_gate=False))
    for number in range(600):
        phone(door, f"10.77.{number // 250}.{number % 250}").get("/")
    kept = [
        number for number in range(600) if fast(door, f"10.77.{number // 250}.{number % 250}") is not None
    ]
    assert len(kept) <= 512
    assert 599 in kept


def test_without_an_offer_everybody_gets_the_same_page_at_once() -> None:
    door = Door()
    door.desk.running = []
    phone(door).get("/")
    answer = fast(door, "10.77.0.9")
    assert answer is not None
    assert "Come in from the cold" in split(answer)[2]


def test_of_a_limited_lot_it_shows_nothing_from_memory_but_what_was_taken() -> None:
    desk = little_shop()
    desk.running = [offer(9, "Only five", "只有五份", Value("gift"), issue_limit=5)]
    door = Door(desk=desk)
    for _ in range(2):
        assert "Take this" in phone(door).get("/").text
    assert desk.issued == {}


def test_many_phones_at_once_each_get_one_coupon_of_their_own() -> None:
    door = Door(keeper=FakeKeeper(has_gate=False))
    phone(door).get("/")
    seen: list[str] = []

    def look(first: int) -> None:
        for number in range(first, first + 20):
            page = phone(door, f"10.77.1.{number}").get("/").text
            seen.extend(
                re.findall(r'<p class="code"><span class="unseen">[^<]*</span>([0-9A-Z ]+)</p>', page)
            )

    threads = [threading.Thread(target=look, args=(first,)) for first in (0, 20, 40, 60)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(seen) == len(set(seen)) == 80


# Several changes in one transaction


@pytest.fixture
def pool(tmp_path: Path) -> Pool:
    pool = Pool(tmp_path / "x.db", [])
    pool.here().execute("CREATE TABLE kept (number INTEGER PRIMARY KEY CHECK (number < 1000))")
    return pool


def test_changes_of_many_threads_are_all_on_disk_when_each_goes_on(pool: Pool) -> None:
    together = Together(pool)
    missing: list[int] = []

    def add(first: int) -> None:
        for number in range(first, first + 50):
            together.write(lambda conn, number=number: conn.execute("INSERT INTO kept VALUES (?)", (number,)))
            other = Pool(pool.path, [])
            if not other.here().execute("SELECT 1 FROM kept WHERE number = ?", (number,)).fetchone():
                missing.append(number)
            other.close()

    threads = [threading.Thread(target=add, args=(first,)) for first in (0, 100, 200, 300)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert missing == []
    assert pool.here().execute("SELECT count(*) FROM kept").fetchone() == (200,)


def test_a_change_that_fails_fails_alone(pool: Pool) -> None:
    together = Together(pool)
    held, go = threading.Event(), threading.Event()
    fates: dict[int, object] = {}

    def hold(conn: object) -> None:
        held.set()
        assert go.wait(10)

    def add(number: int) -> None:
        try:
            fates[number] = together.write(
                lambda conn: conn.execute("INSERT INTO kept VALUES (?)", (number,)).rowcount
            )
        except Exception as wrong:
            fates[number] = type(wrong).__name__

    first = threading.Thread(target=together.write, args=(hold,))
    first.start()
    assert held.wait(10)
    others = [threading.Thread(target=add, args=(number,)) for number in (1, 5_000, 2)]
    for each in others:
        each.start()
    go.set()
    for each in (first, *others):
        each.join()
    assert fates == {1: 1, 2: 1, 5_000: "IntegrityError"}
    assert [row[0] for row in pool.here().execute("SELECT number FROM kept ORDER BY number")] == [1, 2]


def test_a_disk_that_takes_nothing_tells_every_caller(pool: Pool) -> None:
    together = Together(pool)
    pool.here().execute("PRAGMA query_only = ON")
    with pytest.raises(StorageError):
        together.write(lambda conn: conn.execute("INSERT INTO kept VALUES (1)"))
    pool.here().execute("PRAGMA query_only = OFF")
    assert together.write(lambda conn: conn.execute("INSERT INTO kept VALUES (1)").rowcount) == 1

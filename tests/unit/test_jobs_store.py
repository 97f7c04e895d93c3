"""The print queue on disk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.client.db import Pool
from hub.client.schema import MIGRATIONS_CLIENT
from kiosk.store import MIGRATIONS_KIOSK
from kiosk.store_jobs import KEEP_S, MIGRATIONS_JOBS, MOST_WAITING, WAIT_S, JobStore

NOW = 1_795_000_000.0


@pytest.fixture
def pool(tmp_path: Path) -> Iterator[Pool]:
    made = Pool(tmp_path / "kiosk.db", [MIGRATIONS_JOBS])
    yield made
    made.close()


def rows(pool: Pool) -> int:
    (count,) = pool.here().execute("SELECT count(*) FROM print_job").fetchone()
    return int(count)


def test_pages_come_out_in_order_and_the_same_receipt_once(pool: Pool) -> None:
    store = JobStore(pool)
    assert store.add("receipt", "a", "en", copy=False, now=NOW) is True
    assert store.add("coupon", "b", "zh", copy=False, now=NOW) is True
    assert store.add("receipt", "a", "en", copy=False, now=NOW) is False
    for what in ("a", "b"):
        job = store.next(NOW)
        assert job is not None
        assert (job.what, job.is_copy) == (what, False)
        store.begin(job)
        store.printed(job, NOW)
    assert store.next(NOW) is None
    assert (store.state_of("a"), store.state_of("b")) == ("printed", None)
    assert store.add("receipt", "a", "en", copy=False, now=NOW) is False


def test_a_page_that_was_begun_is_a_copy_and_one_that_was_not_is_none(pool: Pool) -> None:
    store = JobStore(pool)
    store.add("receipt", "a", "en", copy=False, now=NOW)
    job = store.next(NOW)
    assert job is not None
    store.begin(job)
    again = store.next(NOW)
    assert again is not None
    assert again.is_copy
    store.not_begun(job)
    original = store.next(NOW)
    assert original is not None
    assert not original.is_copy


def test_a_copy_can_be_asked_for_as_often_as_one_likes_but_waits_once(pool: Pool) -> None:
    store = JobStore(pool)
    for _ in range(2):
        assert store.add("receipt", "a", "en", copy=True, now=NOW) is True
        assert store.add("receipt", "a", "en", copy=True, now=NOW) is False
        job = store.next(NOW)
        assert job is not None
        assert job.is_copy
        store.printed(job, NOW)
    assert rows(pool) == 0


def test_the_queue_has_an_end_and_what_nobody_waits_for_is_let_go_of(pool: Pool) -> None:
    store = JobStore(pool)
    for number in range(MOST_WAITING):
        assert store.add("receipt", str(number), "en", copy=False, now=NOW)
    assert store.add("receipt", "more", "en", copy=False, now=NOW) is None
    assert store.waiting(NOW) == MOST_WAITING
    assert store.next(NOW + WAIT_S + 1) is None
    assert store.waiting(NOW + WAIT_S + 1) == 0
    store.wipe(NOW + WAIT_S + 1)
    assert rows(pool) == 0


def test_a_printed_receipt_is_wiped_after_two_days(pool: Pool) -> None:
    store = JobStore(pool)
    store.add("receipt", "a", "en", copy=False, now=NOW)
    job = store.next(NOW)
    assert job is not None
    store.printed(job, NOW)
    store.wipe(NOW + KEEP_S - 1)
    assert rows(pool) == 1
    store.wipe(NOW + KEEP_S + 1)
    assert rows(pool) == 0


def test_a_kiosk_that_was_there_before_printers_were_opens_and_gets_its_queue(tmp_path: Path) -> None:
    path = tmp_path / "kiosk.db"
    Pool(path, [MIGRATIONS_CLIENT, MIGRATIONS_KIOSK]).close()
    pool = Pool(path, [MIGRATIONS_CLIENT, MIGRATIONS_KIOSK, MIGRATIONS_JOBS])
    assert JobStore(pool).add("receipt", "a", "en", copy=False, now=NOW) is True
    pool.close()
    again = Pool(path, [MIGRATIONS_CLIENT, MIGRATIONS_KIOSK, MIGRATIONS_JOBS])
    assert JobStore(again).waiting(NOW) == 1
    again.close()

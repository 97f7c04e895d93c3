"""The disk on which power cuts are tried: what it may forget, and what it may not."""

from __future__ import annotations

import os
import random

from tests.prove._disk import SECTOR, Disk
from tests.prove._recorder import Entry, Op

FILE = "/shop/a"


def entry(
    op: Op, fd: int = 3, at: int = 0, data: bytes = b"", failed: bool = False, only_data: bool = False
) -> Entry:
    return Entry(op, fd, at, data, failed, only_data)


def opened(fd: int = 3, path: str = FILE, flags: int = os.O_RDWR | os.O_CREAT) -> Entry:
    return entry(Op.OPEN, fd, flags, path.encode())


def left(disk: Disk, path: str = FILE, tries: int = 400) -> set[bytes | None]:
    """What a file may be after a cut; None where it may be gone."""
    rnd = random.Random(1)
    found: set[bytes | None] = set()
    for _ in range(tries):
        image = disk.crash(rnd).get(path)
        found.add(None if image is None else bytes(image.body()))
    return found


def done(base: bytes | None, *entries: Entry) -> Disk:
    disk = Disk({} if base is None else {FILE: base})
    for one in entries:
        disk.apply(one)
    return disk


def test_what_was_not_synced_may_be_lost_or_kept_and_what_was_synced_is_there() -> None:
    disk = done(b"old!", opened(), entry(Op.WRITE, data=b"new!"))
    assert left(disk) == {b"old!", b"new!"}
    disk.apply(entry(Op.SYNC))
    assert left(disk) == {b"new!"}


def test_two_writes_may_arrive_in_any_order() -> None:
    disk = done(b"........", opened(), entry(Op.WRITE, at=0, data=b"one"), entry(Op.WRITE, at=4, data=b"two"))
    assert left(disk) == {b"........", b"one.....", b"....two.", b"one.two."}


def test_a_write_over_several_sectors_may_be_torn_between_them_and_nowhere_else() -> None:
    disk = done(bytes(3 * SECTOR), opened(), entry(Op.WRITE, at=0, data=b"x" * 3 * SECTOR))
    for body in left(disk):
        assert body is not None
        assert all(len(set(body[at : at + SECTOR])) == 1 for at in range(0, len(body), SECTOR))
    assert len(left(disk)) == 2**3


def test_a_file_that_grew_may_have_holes() -> None:
    disk = done(b"", opened(), entry(Op.WRITE, at=0, data=b"a"), entry(Op.WRITE, at=1, data=b"b"))
    assert b"\0b" in left(disk)


def test_a_new_file_is_named_for_certain_once_it_or_its_folder_was_synced() -> None:
    new = done(None, opened(), entry(Op.WRITE, data=b"a"))
    assert None in left(new)
    new.apply(entry(Op.SYNC))
    assert left(new) == {b"a"}


def test_a_rename_is_whole_and_certain_once_the_folder_was_synced() -> None:
    disk = done(
        b"old",
        opened(4, "/shop/draft"),
        entry(Op.WRITE, 4, data=b"new"),
        entry(Op.SYNC, 4),
        entry(Op.RENAME, data=b"/shop/draft\0/shop/a"),
    )
    assert left(disk) == {b"old", b"new"}
    disk.apply(entry(Op.OPEN, 5, os.O_RDONLY | os.O_DIRECTORY, b"/shop"))
    disk.apply(entry(Op.SYNC, 5))
    assert left(disk) == {b"new"}


def test_a_rename_without_a_sync_of_the_draft_may_leave_an_empty_file() -> None:
    disk = done(
        b"old",
        opened(4, "/shop/draft"),
        entry(Op.WRITE, 4, data=b"new"),
        entry(Op.RENAME, data=b"/shop/draft\0/shop/a"),
    )
    assert b"" in left(disk)


def test_a_sync_that_failed_leaves_what_was_written_in_doubt_also_after_later_ones() -> None:
    disk = done(b"old!", opened(), entry(Op.WRITE, data=b"new!"), entry(Op.SYNC, failed=True), entry(Op.SYNC))
    assert left(disk) == {b"old!", b"new!"}
    disk.apply(entry(Op.WRITE, data=b"ne"))
    disk.apply(entry(Op.SYNC))
    assert left(disk) == {b"ned!", b"new!"}


def test_a_truncation_counts_once_it_was_synced() -> None:
    disk = done(b"long", opened(), entry(Op.TRUNCATE, at=2))
    assert left(disk) == {b"long", b"lo"}
    disk.apply(entry(Op.SYNC))
    assert left(disk) == {b"lo"}


def test_a_truncation_before_a_sync_that_failed_is_not_in_doubt_after_one_that_went_well() -> None:
    disk = done(
        b"long", opened(), entry(Op.TRUNCATE, at=0), entry(Op.SYNC, failed=True), entry(Op.WRITE, data=b"new")
    )
    disk.apply(entry(Op.SYNC))
    assert left(disk) == {b"new"}


def test_what_is_in_doubt_beyond_a_new_end_of_the_file_is_gone() -> None:
    disk = done(b"", opened(), entry(Op.WRITE, at=2, data=b"xx"), entry(Op.SYNC, failed=True))
    disk.apply(entry(Op.TRUNCATE, at=0))
    disk.apply(entry(Op.SYNC))
    assert left(disk) == {b""}

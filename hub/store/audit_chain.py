"""How rows of the office's record hang together: each one's hash covers the hash of the one before it.

Pure. Whoever alters a row, takes one out or puts one between has to make every later hash anew. The latest hash, kept apart from
the file (`python -m hub verify` prints it), tells that too, and that rows are missing at the end.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

import msgspec

from hub.store.records import AuditEntry

FIRST = "0" * 64
"""What stands for the hash before the first row."""


@dataclass(frozen=True, slots=True)
class AuditRow:
    """A row as it stands in the file: its place, what it says, and its hash in 64 hexadecimal digits."""

    position: int
    entry: AuditEntry
    hash: str


@dataclass(frozen=True, slots=True)
class Chain:
    """What a check came to. `broken`: the first row that does not follow from the one before it; `latest`: the last hash."""

    rows: int
    latest: str
    broken: AuditRow | None


def link(previous: str, shop: int, position: int, entry: AuditEntry) -> str:
    """The hash of a row: SHA-256 over the previous hash and the row as a JSON array (RFC 8259, UTF-8, no spaces)."""
    row = (
        shop,
        position,
        float(entry.at),
        entry.who,
        entry.what,
        entry.subject,
        entry.detail,
        entry.before,
        entry.after,
    )
    return sha256(previous.encode() + b"\n" + msgspec.json.encode(row)).hexdigest()


def check(shop: int, rows: Iterable[AuditRow]) -> Chain:
    """Follow a shop's rows in the order of their positions, as far as they hold."""
    previous, count = FIRST, 0
    for row in rows:
        count += 1
        if link(previous, shop, row.position, row.entry) != row.hash:
            return Chain(count, previous, row)
        previous = row.hash
    return Chain(count, previous, None)

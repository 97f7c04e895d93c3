"""A new machine becomes the hub of a shop: it joins head office with a code, and what it gets back takes up the line there."""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path

from hub.changing import changed, turned
from hub.client.enrolling import EnrolError, enrol
from hub.client.node import LOCK_FILE, Node
from hub.client.settings import url
from hub.client.trouble import explain
from hub.console import CommandError
from hub.ingest import own_epoch
from hub.safety.restore import RestoreError, must_be_free
from hub.safety.settings import UPSTREAM
from hub.store.chain_records import UpstreamRecord
from hub.store.sqlite import FILE, SqliteStore
from hub.upstream.line import FOLDER

NAME = "Shop"
"""Until head office says what it is called there."""


def known_to_head_office(place: str, code: str, to: Path) -> Path:
    """The folder that says who this machine is at head office: joined now, or kept from a try before that came to nothing.

    `place`: `upstream:` and an address; `to`: the folder that is to be made. CommandError or RestoreError with a sentence.
    """
    must_be_free(to)
    address = place.removeprefix(UPSTREAM)
    try:
        url(address)
    except ValueError as wrong:
        raise CommandError(f"{address} {wrong}.") from wrong
    identity = _beside(to)
    node = Node.load(identity)
    try:
        if node is not None:
            node.move_hub(address)
            return identity
        if not code:
            raise CommandError(
                "Give a code of head office (--code), made there with: python -m hub pair --program hub --for NUMBER"
            )
        identity.parent.mkdir(parents=True, exist_ok=True)
        enrol(identity, address, code, "hub", NAME)
    except EnrolError as wrong:
        raise CommandError(str(wrong)) from wrong
    except OSError as wrong:
        raise explain(wrong, identity) from wrong
    return identity


def take_up_the_line(identity: Path, to: Path, shop: int, now: float, who: str) -> None:
    """What was put back is the hub that joined: its serving goes on with head office, which tells it what came after the copy.
    `shop`: which of its shops has joined, as `HUB_SHOP`."""
    node = Node.load(identity)
    if node is None:
        raise RestoreError(f"{identity} is gone. Join head office: python -m hub --dir {to} upstream join")
    try:
        (identity / LOCK_FILE).unlink(missing_ok=True)
        shutil.move(identity, to / FOLDER)
    except OSError as wrong:
        raise explain(wrong, identity) from wrong
    with closing(SqliteStore(to / FILE, shop)) as store, store.writing():
        before = store.chain.upstream()
        there = 0 if before is None else before.there
        store.chain.forget_upstream()
        store.chain.put_upstream(
            UpstreamRecord(node.device, now, own_epoch(store), there=there, recall=there)
        )
        old = None if before is None else before.device
        store.people.note(
            changed(now, who, "upstream.joined", f"{node.shop}", turned("device", old, node.device))
        )


def _beside(to: Path) -> Path:
    whole = to.absolute()
    return whole.with_name(f"{whole.name}.{FOLDER}")

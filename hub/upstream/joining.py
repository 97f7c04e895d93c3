"""A shop's hub joins head office with a pairing code, moves with it to another address, and leaves it."""

from __future__ import annotations

from pathlib import Path

from hub.changing import changed, turned
from hub.client.db import explain
from hub.client.enrolling import EnrolError, enrol
from hub.client.link import Link
from hub.client.node import KEY_FILE, LOCK_FILE, NODE_FILE, Node
from hub.ingest import own_epoch
from hub.store.base import Store
from hub.store.chain_records import UpstreamRecord
from hub.upstream.line import FOLDER, node_at_head_office
from hub.wire.snapshot import say

LONGEST_NAME = 60


def join(
    store: Store, folder: Path, url: str, code: str, now: float, who: str, link: Link | None = None
) -> Node:
    """Join the head office whose hub answers at `url`. EnrolError says in a sentence why not. `folder`: the hub's own."""
    shop = store.shop.get()
    if shop is None:
        raise EnrolError("There is no shop here yet. Make it first: python -m hub init")
    if store.chain.below():
        raise EnrolError("Other shops have joined this hub, so it is a head office and joins no other.")
    # From the name the people at head office tell it: the shop's own, in English where it has one.
    name = say(shop.name, "en")[:LONGEST_NAME] or f"Shop {shop.number}"
    node = enrol(folder / FOLDER, url, code, "hub", name, link, shop)
    with store.writing():
        store.chain.forget_upstream()
        store.chain.put_upstream(UpstreamRecord(node.device, now, own_epoch(store)))
        store.people.note(changed(now, who, "upstream.joined", f"{node.shop}", turned("url", None, url)))
    return node


def move(store: Store, folder: Path, url: str, now: float, who: str) -> Node | None:
    """Head office has another address now; None where this shop has joined none. ValueError where it is no address."""
    node = node_at_head_office(folder)
    if node is None:
        return None
    before = node.hub_url
    node.move_hub(url)
    store.people.note(changed(now, who, "upstream.moved", f"{node.shop}", turned("url", before, url)))
    return node


def leave(store: Store, folder: Path, now: float, who: str) -> Node | None:
    """Stand alone again: nothing of head office's stays in this shop. None where it has joined none.

    What was told stays in head office's books, and this hub's name there until it is withdrawn.
    """
    node = node_at_head_office(folder)
    if node is None:
        return None
    with store.writing():
        store.chain.forget_upstream()
        store.people.note(
            changed(now, who, "upstream.left", f"{node.shop}", turned("url", node.hub_url, None))
        )
    place = folder / FOLDER
    try:
        for name in (NODE_FILE, KEY_FILE, LOCK_FILE):
            (place / name).unlink(missing_ok=True)
        place.rmdir()
    except OSError as wrong:
        raise explain(wrong, place) from wrong
    return node

"""Head office, two shop hubs and eight nodes as real programs in namespaces of their own, through days in which lines are cut."""

from __future__ import annotations

import json
import random
import sqlite3
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

from hub.app import create_app, open_store
from hub.client.enrolling import enrol
from hub.client.link import WsgiLink
from hub.client.node import NODE_FILE
from hub.config import Config
from hub.devices import hub_key, open_pairing
from hub.rebuild import verify
from hub.store.sqlite import FILE, SqliteStore
from hub.store.whole import HubStore
from hub.upstream.joining import join
from hub.wire.chain import CHAIN_FIRST
from hub.wire.snapshot import Shop
from tests.prove import Verdict
from tests.prove._chain_books import Books, books_of, compare_books
from tests.prove._chain_net import HEAD, PORT, WAYS, ChainNetwork, shop_address
from tests.prove._chain_programs import (
    CUT_FROM,
    CUT_UNTIL,
    DAYS,
    DRAIN_EVENTS,
    NODES,
    SHOPS,
    TILLS,
    Cut,
    Programs,
    Seen,
    change_above,
    node_place,
    offer_of,
)
from tests.prove._partition_net import missing

NAME = "chain"
PROMISE = (
    "Head office, two shop hubs, eight nodes, lines cut at random for days: every event is once in the books of its shop and of "
    "head office; all hear what head office says; a shop that is cut off for 30 days goes on selling and tells it all in seconds."
)
DEFAULT_SIZE = 100_000
CI_SIZE = 4_000
SIZE_NAME = "events"

SOLD_ON = 15
"""Of the thirty days on so many at least the shop must have sold with its own hub: the lines of its tills are cut, too, and at a
small size a day has one sale or two."""

EVENTS_A_SECOND, SHORTEST_S = 330, 12.0
"""How fast the days go by: what eleven programs can do on two cores."""

DRAIN_S = 10.0
FAR_CUTS, NEAR_CUTS = 4, 4
HEAD_NUMBER = 9
OFFER = 1


def plan_cuts(rnd: random.Random) -> list[Cut]:
    """The long one, and others at random, each cable at times of its own."""
    cuts = [Cut(0, None, "both", CUT_FROM, CUT_UNTIL)]
    for shop in range(SHOPS):
        # The first shop's own line has its thirty days; before and after, it is cut like any other.
        spans = [(2.0, CUT_FROM - 1), (CUT_UNTIL + 8, DAYS)] if shop == 0 else [(2.0, DAYS)]
        cuts += [cut for span in spans for cut in _cuts(shop, None, span, FAR_CUTS // len(spans), 5.0, rnd)]
        for node in range(NODES):
            cuts += _cuts(shop, node, (1.0, DAYS), NEAR_CUTS, 1.5, rnd)
    return cuts


def _cuts(
    shop: int, node: int | None, span: tuple[float, float], count: int, longest: float, rnd: random.Random
) -> list[Cut]:
    """Cuts of one cable that do not overlap."""
    part = (span[1] - span[0]) / count
    found = []
    for number in range(count):
        begin = span[0] + part * number + rnd.uniform(0, part / 2)
        lasts = min(rnd.uniform(longest / 4, longest), part / 2)
        found.append(Cut(shop, node, rnd.choice(WAYS), begin, begin + lasts))
    return found


def run(size: int, seed: int, folder: Path) -> Verdict:
    """`size` events of eight nodes in sixty days."""
    why = missing()
    if why:
        raise RuntimeError(why)
    rnd = random.Random(seed)
    lasts_s = max(SHORTEST_S, size / EVENTS_A_SECOND)
    first = time.time()
    make_chain(folder, first)
    network = ChainNetwork(folder / "net", SHOPS, NODES)
    seen = Seen()
    try:
        programs = Programs(folder, network, size, seed, lasts_s, first)
        programs.begin()
        programs.play(plan_cuts(rnd), rnd, seen)
        settled = programs.settle()
        programs.end(seen)
    finally:
        network.close()
    books, wrong, differ = look_back(folder, seen)
    return verdict(size, lasts_s, seen, books, wrong, differ, settled=settled)


def make_chain(folder: Path, now: float) -> None:
    """Head office with an offer for all, two shops that have joined it, four nodes in each."""
    head = _hub(folder / "head", HEAD_NUMBER, "Head office", now)
    head_key = hub_key(folder / "head")
    change_above(head, 0, now)
    above = WsgiLink(create_app(Config(dir=folder / "head"), head, head_key, admin=False))
    for shop in range(SHOPS):
        place = folder / f"shop{shop + 1}"
        store = _hub(place, shop + 1, f"Shop {shop + 1}", now)
        key = hub_key(place)
        store.campaigns.save(offer_of(OFFER, "Own", now), "published", now, "proof")
        code = str(open_pairing(head, head_key, "hub", now))
        join(store, place, f"http://{HEAD}:{PORT}", code, now, "proof", above)
        link = WsgiLink(create_app(Config(dir=place), store, key, admin=False))
        for node in range(NODES):
            program = "kiosk" if node < TILLS else "edge"
            secret = str(open_pairing(store, key, program, now))
            url = f"http://{shop_address(shop)}:{PORT}"
            enrol(node_place(folder, shop, node), url, secret, program, f"Node {node + 1}", link)
        store.close()
    head.close()


def _hub(place: Path, number: int, name: str, now: float) -> HubStore:
    place.mkdir(parents=True)
    made = SqliteStore(place / FILE)
    made.shop.save(Shop(number, {"en": name}), now)
    made.close()
    return open_store(place)


def look_back(folder: Path, seen: Seen) -> tuple[list[Books], list[str], list[str]]:
    """What the files say when everything has stopped."""
    wrong: list[str] = []
    differ: list[str] = []
    found = []
    with closing(open_store(folder / "head")) as head:
        for shop in range(SHOPS):
            with closing(open_store(folder / f"shop{shop + 1}")) as store:
                here, above = books_of(store), books_of(head.of_shop(shop + 1))
                written = [_written(node_place(folder, shop, number)) for number in range(NODES)]
                wrong += compare_books(f"shop {shop + 1}", written, here, above)
                if store.ledger.digest() != head.of_shop(shop + 1).ledger.digest():
                    wrong.append(f"shop {shop + 1}: what head office adds up is not what the shop does")
                differ += [f"shop {shop + 1}: {name}" for name in verify(store).differ]
                found.append(here)
        wrong += _converged(head, seen)
    return found, wrong, differ


def _written(place: Path) -> tuple[str, int, int]:
    """A node's name, the number of its journal, and how many facts it wrote."""
    device = str(json.loads((place / NODE_FILE).read_text())["device"])
    with closing(sqlite3.connect(place / "node.db")) as conn:
        epoch, following = conn.execute("SELECT epoch, next_seq FROM journal").fetchone()
    return device, int(epoch), int(following) - 1


def _converged(head: HubStore, seen: Seen) -> list[str]:
    """Whether every node has heard what head office said last."""
    record = head.campaigns.get(CHAIN_FIRST)
    title = record.campaign.offer.title if record is not None else {}
    staff = {member.id for member in head.people.staff()}
    revoked = set(head.campaigns.revoked())
    wrong = []
    for name, node in seen.nodes.items():
        if node["offers"].get(str(CHAIN_FIRST)) != title:
            wrong.append(f"{name} has {node['offers']}, head office says {title}")
        if not staff <= set(node["staff"]) or not revoked <= set(node["revoked"]):
            wrong.append(f"{name} has not all staff and all revocations of head office")
    return wrong


def verdict(
    size: int,
    lasts_s: float,
    seen: Seen,
    books: list[Books],
    wrong: list[str],
    differ: list[str],
    *,
    settled: bool,
) -> Verdict:
    """In words."""
    sold: Counter[int] = Counter()
    for name, node in seen.nodes.items():
        if name.startswith("shop1-"):
            sold.update({int(day): count for day, count in node["sold_by_day"].items()})
    while_cut = {day: count for day, count in sold.items() if CUT_FROM <= day < CUT_UNTIL and count}
    drained = seen.waiting > 0 and seen.drained >= min(seen.waiting, DRAIN_EVENTS) and seen.drain_s <= DRAIN_S
    kept_selling = len(while_cut) >= SOLD_ON
    events = sum(len(one.ids) for one in books)
    alone = sum(node["alone"] for node in seen.nodes.values())
    sentence = (
        f"{events} events of {SHOPS * NODES} nodes and {SHOPS} hubs in {DAYS:.0f} days of {lasts_s / DAYS:.2f} s: each once in "
        f"the shop and at head office, in the same order; the shop that was cut off for 30 days sold on {len(while_cut)} of them "
        f"({sum(while_cut.values())} redemptions), had {seen.waiting} events waiting, and told {seen.drained} of them within "
        f"{seen.drain_s:.1f} s of the heal; {seen.changes} changes at head office reached all nodes."
    )
    figures = {
        "events": events,
        "days": DAYS,
        "day_s": round(lasts_s / DAYS, 3),
        "waiting_after_30_days": seen.waiting,
        "drained": seen.drained,
        "drain_s": round(seen.drain_s, 2),
        "days_sold_on_while_cut_off": len(while_cut),
        "redeemed_while_cut_off": sum(while_cut.values()),
        "decided_by_tills_alone": alone,
        "settled": settled,
        "wrong": wrong[:10],
        "wrong_count": len(wrong),
        "differ_from_a_rebuild": differ,
    }
    ok = not wrong and not differ and settled and drained and kept_selling and events >= size
    return Verdict(ok, sentence if ok else f"Not so: {sentence}", figures)

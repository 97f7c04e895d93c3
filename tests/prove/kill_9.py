"""Programs are killed while people take and redeem coupons; nothing that was acknowledged may be missing afterwards."""

from __future__ import annotations

import random
import sqlite3
import threading
import time
from collections import Counter
from pathlib import Path

from hub.rebuild import verify
from hub.store.sqlite import FILE, SqliteStore
from tests.prove import Verdict
from tests.prove._customers import Customers, NoAnswer
from tests.prove._street import PROGRAMS, Street, wait_for

NAME = "kill-9"
PROMISE = "Kill any program at any moment: what was acknowledged is there after the restart, and reports equal a rebuild."
DEFAULT_SIZE = 20
CI_SIZE = 12

TRIES = 4
CUSTOMER_EVERY_S = 0.25
DRAIN_WITHIN_S = 90.0


def run(size: int, seed: int, folder: Path) -> Verdict:
    """`size` kills at random moments, while one customer after the other comes."""
    rnd = random.Random(seed)
    street = Street(folder / "shop")
    acked: dict[str, str] = {}
    tones: Counter[str] = Counter()
    done = threading.Event()
    trouble: list[str] = []

    def serve_people() -> None:
        people = Customers(street.plan.url("kiosk"), street.pin)
        try:
            while not done.is_set():
                taken = people.take()
                if taken is None:
                    time.sleep(0.2)
                    continue
                tone = redeem(people, taken[1])
                tones[tone] += 1
                if tone in ("good", "note"):
                    acked[taken[0]] = tone
                time.sleep(CUSTOMER_EVERY_S)
        except NoAnswer as wrong:
            trouble.append(str(wrong))

    worker = threading.Thread(target=serve_people)
    try:
        wait_for(street.plan.ports["kiosk"])
        worker.start()
        killed = Counter(kill_some(street, rnd, size))
        wait_for(street.plan.ports["hub"])
        wait_for(street.plan.ports["kiosk"])
        done.set()
        worker.join(120)
        waiting = drain(folder / "shop")
    finally:
        done.set()
        street.stop()
    figures = look_back(folder / "shop", acked)
    figures |= {
        "killed": dict(killed),
        "acknowledged": len(acked),
        "verdicts": dict(tones),
        "waiting": waiting,
    }
    figures["trouble"] = trouble
    # "no" is right when a till that is cut off has used up its rights; "look" would be a coupon that is told to be used.
    refused = sum(count for tone, count in tones.items() if tone not in ("good", "note", "no"))
    ok = not (figures["missing"] or figures["damaged"] or figures["differ"] or waiting or trouble or refused)
    ok = ok and figures["redeemed_in_ledger"] == len(acked) > 0
    sentence = f"{size} kills, {len(acked)} redemptions acknowledged: {len(figures['missing'])} missing"
    damaged, differ = len(figures["damaged"]), len(figures["differ"])
    rest = f"{damaged} damaged files, {differ} reports differ from a rebuild, {refused} wrongly refused"
    return Verdict(ok, f"{sentence}, {rest}.", figures)


def redeem(people: Customers, code: str) -> str:
    """The till's last word: a code that was made a moment ago may not have come to the hub yet, so "no" is asked again."""
    tone = "no"
    for _ in range(TRIES):
        tone = people.redeem(code)
        if tone != "no":
            break
        time.sleep(1.0)
    return tone


def kill_some(street: Street, rnd: random.Random, size: int) -> list[str]:
    """Who was killed, in order."""
    killed = []
    for _ in range(size):
        time.sleep(rnd.uniform(0.0, 3.0))
        killed.append(rnd.choice(PROGRAMS))
        street.kill(killed[-1])
    return killed


def look_back(shop: Path, acked: dict[str, str]) -> dict[str, object]:
    """What the files say when everything has stopped."""
    store = SqliteStore(shop / "hub" / FILE)
    try:
        missing = sorted(serial for serial in acked if store.ledger.first_act(serial) is None)
        differ = list(verify(store).differ)
        redeemed = sum(tally.redeemed for tally in store.ledger.tallies())
        refusals = store.reports.refusal_codes(0, time.time() + 60)
    finally:
        store.close()
    damaged = [str(path.relative_to(shop)) for path in sorted(shop.rglob("*.db")) if not is_whole(path)]
    return {
        "missing": missing,
        "differ": differ,
        "damaged": damaged,
        "redeemed_in_ledger": redeemed,
        "refusals": refusals,
    }


def is_whole(path: Path) -> bool:
    """SQLite's own check of every page and index."""
    conn = sqlite3.connect(path)
    try:
        return bool(conn.execute("PRAGMA integrity_check").fetchone()[0] == "ok")
    finally:
        conn.close()


def drain(shop: Path) -> int:
    """Wait until the nodes have sent what they have; how many facts still wait."""
    until = time.monotonic() + DRAIN_WITHIN_S
    while True:
        waiting = sum(
            waiting_in(path) for path in (shop / "kiosk" / "kiosk.db", shop / "hub" / "site" / "site.db")
        )
        if not waiting or time.monotonic() > until:
            return waiting
        time.sleep(0.3)


def waiting_in(path: Path) -> int:
    if not path.exists():
        return 0
    conn = sqlite3.connect(path, timeout=5)
    try:
        return int(conn.execute("SELECT count(*) FROM outbox WHERE parked IS NULL").fetchone()[0])
    finally:
        conn.close()

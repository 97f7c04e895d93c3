"""Four web processes and two workers on one PostgreSQL database with two shops, and tills that ask all of them at once."""

from __future__ import annotations

import re
import threading
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path

import msgspec
import psycopg

from hub.app import open_database
from hub.devices import hub_key
from hub.rebuild import verify
from hub.store.whole import HubStore
from hub.wire.snapshot import Campaign, Offer, Shop, Value
from hub.work import due, result_of, submit
from tests.hub_house import HouseNode
from tests.postgres_server import HOW_TO_GET_IT, postgres_bin, postgres_server
from tests.prove import Verdict
from tests.prove._hubs import WITHIN_S, Branch, Program, process

NAME = "manyhubs"
PROMISE = (
    "However many processes answer for one database, a coupon is accepted once, a limit holds, no work is done twice, and each "
    "shop sees only its own."
)
DEFAULT_SIZE = 20_000
CI_SIZE = 640
SIZE_NAME = "tries"

SHOPS = (7, 8)
WEBS, WORKERS = 4, 2
TILLS = 8
"""Of each shop; each web process answers as many of them as another."""

LIMIT, TRIED = 10, 5
"""What a limited offer allows, and how many coupons of it each till tries."""

JOBS, TURNS = 8, 40
AT_ONCE = 500


def run(size: int, seed: int, folder: Path) -> Verdict:
    """`size` tries to redeem, eight at each coupon, spread over two shops and all web processes; the processes decide who is
    first, whatever the seed."""
    if postgres_bin() is None:
        return Verdict(False, HOW_TO_GET_IT)
    hub = folder / "hub"
    with postgres_server() as server, ExitStack() as ends:
        url = server.fresh()
        home = ends.enter_context(closing(open_database(hub, url)))
        key = hub_key(hub)
        stores = [_shop(home, number) for number in SHOPS]
        webs = [ends.enter_context(process(hub, url, "serve", "--port", "0")) for _ in range(WEBS)]
        workers = [ends.enter_context(process(hub, url, "work")) for _ in range(WORKERS)]
        addresses = [web.said(r"answers at (\S+)") for web in webs]
        tills = [
            [Branch(store, key, addresses[place % WEBS]).node(name=f"Till {place}") for place in range(TILLS)]
            for store in stores
        ]
        for store in stores:
            for _ in range(JOBS):
                submit(store, "verify", {}, "proof", time.time())
        began = time.monotonic()
        outcomes = _race(tills, max(1, size // (len(SHOPS) * TILLS)))
        took_s = time.monotonic() - began
        limited = _at_a_limit(tills)
        turns = _turns(hub, url)
        wrong, jobs = _jobs(stores, workers)
        for worker in workers:
            worker.end()
        counts, found = _ledger(stores, url)
    tries, coupons = sum(outcomes.values()), outcomes["accepted"]
    wrong += found
    expected = {"accepted": tries // TILLS, "already_redeemed": tries - tries // TILLS}
    if dict(outcomes) != expected:
        wrong.append(f"outcomes {dict(outcomes)}, not {expected}")
    if any(one != {"accepted": LIMIT, "limit_reached": TILLS * TRIED - LIMIT} for one in limited):
        wrong.append(f"limits {limited}")
    if turns != TURNS:
        wrong.append(f"{turns} turns of {TURNS}")
    figures = {
        "outcomes": dict(outcomes),
        "tries_per_s": round(tries / took_s),
        "limits": limited,
        "jobs": jobs,
        "turns": turns,
        "ledger": counts,
        "wrong": wrong,
    }
    return Verdict(
        not wrong,
        f"{tries} tries at {coupons} coupons by {TILLS} tills each over {WEBS} web processes: {counts['double']} accepted twice; "
        f"{jobs['done']} pieces of work by {WORKERS} workers, {jobs['twice']} begun twice; {turns} turns of a repeated job, "
        f"{TURNS} due.",
        figures,
    )


def _shop(home: HubStore, number: int) -> HubStore:
    now = int(time.time())
    store = home.of_shop(number)
    store.shop.save(Shop(number, {"en": f"Shop {number}"}), now)
    plain = Campaign(
        1, Offer({"en": "Offer"}, {}, Value("amount", 500)), now - 60, now + 86_400, offline="refuse"
    )
    store.campaigns.save(plain, "published", now, "proof")
    limited = msgspec.structs.replace(plain, number=2, redemption_limit=LIMIT)
    store.campaigns.save(limited, "published", now, "proof")
    return store


def _race(tills: Sequence[Sequence[HouseNode]], coupons: int) -> Counter[str]:
    """Every till of a shop asks for the same coupon at the same moment, one coupon after the other."""
    outcomes: Counter[str] = Counter()
    lock = threading.Lock()

    def ask(till: HouseNode, tokens: list[str], together: threading.Barrier) -> None:
        told = Counter[str]()
        for token in tokens:
            together.wait(WITHIN_S)
            told[_outcome(till, token)] += 1
        with lock:
            outcomes.update(told)

    with ThreadPoolExecutor(len(SHOPS) * TILLS) as pool:
        asking = []
        for own in tills:
            tokens, together = _coupons(own[0], 1, coupons), threading.Barrier(len(own))
            asking += [pool.submit(ask, till, tokens, together) for till in own]
        for one in asking:
            one.result()
    return outcomes


def _coupons(till: HouseNode, number: int, count: int) -> list[str]:
    """Tokens of as many coupons, of whose issue the hub has heard."""
    made = [till.mint(number, int(time.time()) + 3_600) for _ in range(count)]
    for first in range(0, count, AT_ONCE):
        till.report(*(fact for fact, _ in made[first : first + AT_ONCE]))
    return [token for _, token in made]


def _outcome(till: HouseNode, token: str) -> str:
    reply = till.redeem(token)
    return "accepted" if reply.accepted else str(reply.refusal)


def _at_a_limit(tills: Sequence[Sequence[HouseNode]]) -> list[dict[str, int]]:
    """All tills of a shop at one limited offer, each with coupons of its own."""
    found = []
    for own in tills:
        tokens = [_coupons(till, 2, TRIED) for till in own]
        together = threading.Barrier(len(own))

        def ask(till: HouseNode, mine: list[str], together: threading.Barrier) -> list[str]:
            together.wait(WITHIN_S)
            return [_outcome(till, token) for token in mine]

        with ThreadPoolExecutor(TILLS) as pool:
            told = pool.map(ask, own, tokens, [together] * len(own))
            found.append(dict(Counter(outcome for outcomes in told for outcome in outcomes)))
    return found


def _turns(folder: Path, url: str) -> int:
    """How many turns of one repeated job four processes' stores are given, when it is due TURNS times."""
    stores = [open_database(folder, url) for _ in range(WEBS)]
    together = threading.Barrier(WEBS)

    def ask(store: HubStore) -> int:
        given = 0
        for turn in range(TURNS):
            together.wait(WITHIN_S)
            given += due(store, "proof", 60.0, 1_000.0 + turn * 60.0)
        return given

    try:
        with ThreadPoolExecutor(WEBS) as pool:
            return sum(pool.map(ask, stores))
    finally:
        for store in stores:
            store.close()


def _jobs(stores: Sequence[HubStore], workers: Sequence[Program]) -> tuple[list[str], dict[str, int]]:
    """Wait for all work; what the workers say that they began, against what the database says."""
    end = time.monotonic() + WITHIN_S
    while any(store.work.open("verify") for store in stores) and time.monotonic() < end:
        time.sleep(0.1)
    all_of_it = [work for store in stores for work in store.work.latest(100)]
    for worker in workers:
        worker.end()
    begun = Counter(
        found[1]
        for worker in workers
        for line in worker.lines
        if (found := re.search(r"work begins (shop=\d+ work=\d+)", line))
    )
    # A check that comes while another worker checks the same shop ends at once, and says so.
    done = sum(work.state == "done" or result_of(work).get("fault") == "twice" for work in all_of_it)
    twice = sum(count > 1 for count in begun.values()) + sum(work.attempt > 1 for work in all_of_it)
    counts = {"done": done, "begun": len(begun), "twice": twice}
    for place, worker in enumerate(workers):
        counts[f"worker_{place + 1}"] = sum("work begins" in line for line in worker.lines)
    wanted = len(stores) * JOBS
    if (done, len(begun), twice) == (wanted, wanted, 0):
        return [], counts
    return [f"work {counts}: {[(work.kind, work.state, work.result) for work in all_of_it]}"], counts


def _ledger(stores: Sequence[HubStore], url: str) -> tuple[dict[str, int], list[str]]:
    """What stands in the database, asked past the hub; and what a rebuild of each shop would change."""
    with psycopg.connect(url) as conn:
        counts = {
            name: int((conn.execute(question).fetchone() or (0,))[0])
            for name, question in {
                "redeemed": "SELECT count(*) FROM redemption WHERE standing = 'first'",
                "double": """SELECT count(*) FROM (SELECT 1 FROM redemption WHERE standing = 'first'
                             GROUP BY shop, serial HAVING count(*) > 1) AS twice""",
                "conflicts": "SELECT count(*) FROM conflict",
                "elsewhere": """SELECT count(*) FROM redemption r JOIN device d ON d.device = r.device
                                WHERE d.shop <> r.shop""",
            }.items()
        }
    wrong = [name for name in ("double", "conflicts", "elsewhere") if counts[name]]
    wrong += [
        f"rebuild of shop {store.shop.number}: {name}" for store in stores for name in verify(store).differ
    ]
    return counts, wrong

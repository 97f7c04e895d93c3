"""Whatever strangers on the guest network send to the portal, it answers, goes on, and does not grow."""

from __future__ import annotations

import os
import queue
import random
import re
import subprocess
import sys
import threading
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.prove import Verdict
from tests.prove._hostile import HalfOpen, Hostile, Sent, read_page, send

NAME = "portal"
PROMISE = "Hostile requests, slow senders and 500 half-open connections bring no 5xx, no crash, no memory: the portal goes on."
SIZE_NAME = "requests"
DEFAULT_SIZE = 20_000
CI_SIZE = 4_000

HALF_OPEN = 500
SENDERS = 4
MOST_GROWTH_KB = 5 * 1_024
DELIBERATE = frozenset({511})
"""Network Authentication Required (RFC 6585): what a form for elsewhere is told. Nothing else of 5xx is meant."""

ROOT = Path(__file__).resolve().parents[2]
_STATUS = re.compile(rb"HTTP/1\.[01] ([0-9]{3}) ")
PAGES = (
    "/", "/in", "/enter", "/extend", "/leave", "/forget", "/notice", "/sign", "/m/ABCD-EFGH-JKMN", "/offers", "/about",
    "/search?q=tea", "/offer/1", "/offer/1/take", "/offer/99999999999999999999", "/coupon/0011223344556677", "/picture/aa",
    "/style.css", "/bell.svg", "/healthz", "/captive-portal/api", "/staff/", "/staff/in", "/staff/codes", "/installer/",
)  # fmt: skip


@dataclass
class Outcome:
    """What came of one portal's share."""

    statuses: Counter[int] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    cut: int = 0
    silent: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    warm_kb: int = 0
    end_kb: int = 0
    alive: bool = False
    said: str = ""

    def take(self, sent: Sent, answer: bytes | None) -> None:
        """Judge one answer."""
        self.kinds[sent.kind] += 1
        found = [int(status) for status in _STATUS.findall(answer or b"")]
        self.statuses.update(found)
        broken = [status for status in found if status >= 500 and status not in DELIBERATE]
        if broken:
            self.failed.append(f"{sent.kind} {broken[0]} {sent.octets[:200]!r}")
        if not found and (sent.sound or answer is None):
            self.silent.append(f"{sent.kind} {sent.octets[:200]!r}")
        self.cut += not found


def run(size: int, seed: int, folder: Path) -> Verdict:
    """Half of the requests to a portal with a gate, half to one without."""
    if str(ROOT / "tests") not in sys.path:
        # The helpers of the tests import each other by their bare names.
        sys.path.insert(0, str(ROOT / "tests"))
    from guest_shop import make_door
    from portal_gate import FakeGate

    outcomes = {}
    for name, share in (("gate", size - size // 2), ("no gate", size // 2)):
        place = folder / name.replace(" ", "-")
        place.mkdir()
        make_door(place)
        with FakeGate(place / "gate.sock") as gate:
            outcomes[name] = one_portal(place, gate.path if name == "gate" else None, share, seed)
    return judge(outcomes, size)


def judge(outcomes: dict[str, Outcome], size: int) -> Verdict:
    """The verdict on both."""
    statuses: Counter[int] = sum((one.statuses for one in outcomes.values()), Counter())
    failed = [one for outcome in outcomes.values() for one in outcome.failed]
    silent = [one for outcome in outcomes.values() for one in outcome.silent]
    traces = sum(outcome.said.count("Traceback") for outcome in outcomes.values())
    growth_kb = max(outcome.end_kb - outcome.warm_kb for outcome in outcomes.values())
    alive = all(outcome.alive for outcome in outcomes.values())
    figures: dict[str, Any] = {
        "statuses": {str(status): count for status, count in sorted(statuses.items())},
        "kinds": dict(sum((one.kinds for one in outcomes.values()), Counter()).most_common()),
        "cut_off": sum(one.cut for one in outcomes.values()),
        "rss_kb": {name: [one.warm_kb, one.end_kb] for name, one in outcomes.items()},
        "first_failures": failed[:3] + silent[:3],
        "said": [one.said[-2_000:] for one in outcomes.values() if one.said.strip()],
    }
    ok = not failed and not silent and not traces and alive and growth_kb <= MOST_GROWTH_KB
    after = "goes on" if alive else "is dead"
    sentence = (
        f"{size} requests beside {HALF_OPEN} half-open connections: {len(failed)} of 5xx, {len(silent)} without an answer, "
        f"{traces} traces in the log, {growth_kb / 1_024:.1f} MiB of growth; the portal {after}."
    )
    return Verdict(ok, sentence, figures)


def one_portal(folder: Path, gate: Path | None, size: int, seed: int) -> Outcome:
    """A portal's process, its share of requests, and its end."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")} | {
        "PORTAL_DIR": str(folder / "edge"),
        "PORTAL_PORT": "0",
        "PORTAL_WAYS": "click,sms,code,coupon,member",
        "PORTAL_MODEM": "modem:sim",
        "PYTHONUNBUFFERED": "1",
    }
    if gate is not None:
        env["PORTAL_GATE"] = str(gate)
    log = folder / "portal.log"
    outcome = Outcome()
    with log.open("wb") as said:
        portal = subprocess.Popen(
            [sys.executable, "-m", "edge.portal", "serve"],
            cwd=ROOT,
            env=env,
            stdout=subprocess.PIPE,
            stderr=said,
        )
        try:
            assert portal.stdout is not None
            first = portal.stdout.readline().decode()
            found = re.search(r":([0-9]+)/", first)
            if found is None:
                raise RuntimeError(f"The portal did not start: {first} {log.read_text()[-1_000:]}")
            attack(int(found[1]), portal.pid, size, seed, outcome)
            outcome.alive = portal.poll() is None and _is_well(int(found[1]))
        finally:
            portal.terminate()
            try:
                portal.wait(20)
            except subprocess.TimeoutExpired:
                portal.kill()
                portal.wait(20)
    outcome.said = log.read_text("utf-8", "replace")
    return outcome


def attack(port: int, pid: int, size: int, seed: int, outcome: Outcome) -> None:
    """Send everything, from several sides at once; memory is read when a fifth is through, and at the end."""
    paths, forms = look_around(port)
    warm = max(1, size // 5)
    with HalfOpen(port, HALF_OPEN):
        for share, from_ in ((warm, 0), (size - warm, 1)):
            hostile = Hostile(random.Random(f"{seed} {from_}"), paths, forms)
            sending: queue.Queue[Sent | None] = queue.Queue(64)
            lock = threading.Lock()
            senders = [
                threading.Thread(target=_send_all, args=(port, sending, outcome, lock), daemon=True)
                for _ in range(SENDERS)
            ]
            for sender in senders:
                sender.start()
            for _, sent in zip(range(share), hostile, strict=False):
                sending.put(sent)
            for _ in senders:
                sending.put(None)
            for sender in senders:
                sender.join()
            resident = resident_kb(pid)
            if from_ == 0:
                outcome.warm_kb = resident
            outcome.end_kb = resident


def _send_all(port: int, sending: queue.Queue[Sent | None], outcome: Outcome, lock: threading.Lock) -> None:
    while (sent := sending.get()) is not None:
        try:
            answer = send(port, sent.octets)
        except OSError as wrong:
            answer = f"no connection: {wrong}".encode()
        with lock:
            outcome.take(sent, answer)


def look_around(port: int) -> tuple[list[str], list[Any]]:
    """Every page that can be found, and every form on them."""
    paths, forms = dict.fromkeys(PAGES), {}
    for path in PAGES:
        answer = send(
            port, f"GET {path} HTTP/1.1\r\nHost: portal.internal\r\nConnection: close\r\n\r\n".encode()
        )
        found, links = read_page((answer or b"").partition(b"\r\n\r\n")[2].decode("utf-8", "replace"))
        forms |= {(form.action, tuple(name for name, _ in form.fields)): form for form in found}
        paths |= dict.fromkeys(link.partition("#")[0] for link in links)
    return list(paths), list(forms.values())


def resident_kb(pid: int) -> int:
    """The resident set of a process; 0 where it is gone."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return int(re.findall(r"VmRSS:\s+([0-9]+) kB", status)[0])


def _is_well(port: int) -> bool:
    answer = send(port, b"GET /healthz HTTP/1.1\r\nHost: portal.internal\r\nConnection: close\r\n\r\n")
    return answer is not None and answer.startswith(b"HTTP/1.1 200 ")

"""From the scanner's first octet to the verdict on a screen: a serial line at its true speed, the real kiosk and the real hub as
processes, a durable redemption at the hub, the till's page in a real Chromium; five scans a second.

The line is a pseudo terminal that is given each octet when a real one would have it. `line` is that alone (138 signs and CR LF),
`decide` runs from the last octet until the browser begins to load the verdict (framing, signature, the hub under its lock, its
disk, the page that was waiting), `screen` until the second frame after the verdict's page is there. A verdict that never stood on
the screen by itself counts as ten seconds.
"""

from __future__ import annotations

import json
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import tty
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from hub.up.browser import find_chromium
from hub.wire.coupon import Issued
from kiosk.counter import DB_FILE
from tests.kiosk_shop import COFFEE, PIN, TillShop

SPEEDS = (115_200, 9_600)
EVERY_S = 0.2
PER_ROUND = 40
WARM = 10
NEVER_MS = 10_000.0
UP_S = 60.0
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-dev-shm-usage",
]

# Two frames after the page is there, it has been painted. What was seen is kept in the browser, so that nobody waits for us.
WATCH = """
if (location.pathname.includes("/verdict/")) addEventListener("DOMContentLoaded", () =>
  requestAnimationFrame(() => requestAnimationFrame(() => {
    const nonce = location.pathname.split("/").pop();
    const seen = "seen-" + nonce;
    if (!localStorage.getItem(seen))
      localStorage.setItem(seen, JSON.stringify([performance.timeOrigin, performance.timeOrigin + performance.now()]));
  })));
"""


@dataclass(frozen=True, slots=True)
class Sent:
    """When a coupon's first and last octet went out (s, wall clock)."""

    serial: str
    first_at: float
    last_at: float


@contextmanager
def _process(command: list[str], env: dict[str, str], address: str) -> Iterator[None]:
    """A server of ours, from when it answers."""
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, env={**os.environ, **env}, stdout=log, stderr=subprocess.STDOUT)
        try:
            until = time.monotonic() + UP_S
            while True:
                try:
                    urlopen(address, timeout=2).close()
                    break
                except OSError as wrong:
                    # An answer that says that something is wrong is an answer.
                    if hasattr(wrong, "code"):
                        break
                    log.seek(0)
                    assert process.poll() is None, log.read().decode(errors="replace")[-2000:]
                    assert time.monotonic() < until, f"{command} does not answer"
                    time.sleep(0.1)
            yield
        finally:
            process.terminate()
            process.wait(30)


def _free_port() -> int:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def _shop(folder: Path, count: int) -> tuple[list[Issued], Path]:
    """A shop with that many coupons that its hub knows; the kiosk's folder."""
    shop = TillShop(folder)
    try:
        counter, _ = shop.till()
        coupons = [shop.take(counter, COFFEE, tell_hub=False) for _ in range(count)]
        counter.exchange.drain()
        return coupons, counter.config.dir
    finally:
        shop.close()


def _scan(line: int, baud: int, coupons: list[Issued], sent: list[Sent]) -> None:
    """Give the line each octet when it is due, a coupon every fifth of a second."""
    octet_s = 10 / baud
    began = time.time() + 0.2
    for number, coupon in enumerate(coupons):
        octets, gone = coupon.token.encode() + b"\r\n", 0
        start = began + number * EVERY_S
        time.sleep(max(0.0, start - time.time()))
        start = time.time()
        while gone < len(octets):
            due = min(len(octets), int((time.time() - start) / octet_s))
            if due > gone:
                gone += os.write(line, octets[gone:due])
            else:
                time.sleep(min(octet_s, 0.002))
        sent.append(Sent(coupon.coupon.serial, start, time.time()))


def _seen(page: Any) -> dict[str, tuple[float, float]]:
    """Nonce to when the browser began to load its verdict and when it was painted (s, wall clock)."""
    kept = page.evaluate("Object.entries(localStorage).filter(([name]) => name.startsWith('seen-'))")
    found = {}
    for name, text in kept:
        began_ms, painted_ms = json.loads(text)
        found[name.removeprefix("seen-")] = (began_ms / 1000, painted_ms / 1000)
    return found


def _verdicts(folder: Path) -> dict[str, str]:
    """Serial to the nonce of the act that accepted it, from the kiosk's own file."""
    with sqlite3.connect(f"file:{folder / DB_FILE}?mode=ro", uri=True) as conn:
        bodies = [json.loads(body) for (body,) in conn.execute("SELECT body FROM verdict WHERE accepted")]
    assert all(body["decided_by"] == "hub" and not body.get("offline") for body in bodies)
    return {body["serial"]: body["nonce"] for body in bodies}


def _run(folder: Path, baud: int, scans: int) -> list[tuple[float, float, float, float]]:
    """All, line, decide, screen in ms, for each scan."""
    from playwright.sync_api import sync_playwright

    coupons, kiosk = _shop(folder, scans + WARM)
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    hub_port, kiosk_port = _free_port(), _free_port()
    hub, till = f"http://127.0.0.1:{hub_port}", f"http://127.0.0.1:{kiosk_port}"
    with ExitStack() as stack:
        stack.enter_context(
            _process(
                [sys.executable, "-m", "hub", "serve"],
                {"HUB_DIR": str(folder / "hub"), "HUB_PORT": str(hub_port)},
                f"{hub}/healthz",
            )
        )
        stack.enter_context(
            _process(
                [sys.executable, "-m", "kiosk", "serve"],
                {
                    "KIOSK_DIR": str(kiosk),
                    "KIOSK_PORT": str(kiosk_port),
                    "KIOSK_HUB": hub,
                    "KIOSK_SCANNERS": f"serial:{os.ttyname(theirs)},baud={baud}",
                },
                f"{till}/healthz",
            )
        )
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=FLAGS)
        stack.callback(browser.close)
        page = browser.new_page(viewport={"width": 1024, "height": 600})
        page.add_init_script(WATCH)
        page.goto(f"{till}/till?lang=en")
        page.get_by_text("Ada").click()
        page.fill("#pin", PIN)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_selector("#listening", state="attached")
        page.wait_for_timeout(1000)
        sent: list[Sent] = []
        writer = threading.Thread(target=_scan, args=(ours, baud, coupons, sent), daemon=True)
        writer.start()
        while writer.is_alive():
            page.wait_for_timeout(200)
        page.wait_for_timeout(3000)
        seen, verdicts = _seen(page), _verdicts(kiosk)
        page.close()
    os.close(ours)
    os.close(theirs)
    assert len(verdicts) == scans + WARM, f"{len(verdicts)} of {scans + WARM} scans were redeemed"
    return [_phases(one, seen.get(verdicts[one.serial])) for one in sent[WARM:]]


def _phases(sent: Sent, seen: tuple[float, float] | None) -> tuple[float, float, float, float]:
    line = (sent.last_at - sent.first_at) * 1000
    if seen is None:
        return NEVER_MS, line, 0.0, 0.0
    began, painted = seen
    return (
        (painted - sent.first_at) * 1000,
        line,
        (began - sent.last_at) * 1000,
        (painted - began) * 1000,
    )


def _percentile(values: list[float], percent: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


def measure(rounds: int = 7) -> list[dict[str, Any]]:
    """Milliseconds; 95 and 99 of a hundred against their limits, the phases without any."""
    if find_chromium() is None:
        raise RuntimeError("Chromium is missing: apt install chromium")
    rows: list[dict[str, Any]] = []
    for baud in SPEEDS:
        with tempfile.TemporaryDirectory() as text:
            times = _run(Path(text), baud, rounds * PER_ROUND)
        wholes = [one[0] for one in times]
        shown = [one for one in times if one[0] < NEVER_MS]
        name = f"scan to verdict, {baud} baud"
        for percent, goal in ((50, None), (95, 300), (99, 600)):
            row = {"name": f"{name}, p{percent}", "ours": _percentile(wholes, percent), "unit": "ms"}
            rows.append({**row, "goal": goal, "limit": True} if goal else row)
        for place, phase in ((1, "line"), (2, "decide and commit"), (3, "screen")):
            values = [one[place] for one in shown]
            rows.append({"name": f"  {phase}, p50", "ours": _percentile(values, 50), "unit": "ms"})
            rows.append({"name": f"  {phase}, p95", "ours": _percentile(values, 95), "unit": "ms"})
        rows.append(
            {
                "name": "  never on the screen by itself",
                "ours": len(times) - len(shown),
                "unit": f"of {len(times)}",
            }
        )
    return rows

"""The kiosk as a process of its own: started, used, killed, stopped, started again, with a hub on a real port."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import urlencode

import pytest
from kiosk_shop import COFFEE, PIN, TillShop, shop_in
from waitress.server import create_server

from hub.devices import open_pairing
from hub.wire.coupon import Issued
from kiosk.counter import DB_FILE

ROOT = Path(__file__).parents[2]
START_WITHIN_S = 20


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def served(shop: TillShop, port: int) -> Iterator[str]:
    server = create_server(shop.app, host="127.0.0.1", port=port, threads=4, ident=None)

    def answer() -> None:
        with suppress(OSError):
            server.run()

    thread = threading.Thread(target=answer, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.close()
        thread.join(5)


class Kiosk:
    """One kiosk process, and a browser without a script in front of its till."""

    def __init__(self, folder: Path, hub: str) -> None:
        self.port = free_port()
        self.env = {**os.environ, "KIOSK_DIR": str(folder), "KIOSK_PORT": str(self.port), "KIOSK_HUB": hub}
        self.process: subprocess.Popen[str] | None = None
        self.cookie = ""

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "kiosk", *arguments]
        return subprocess.run(
            command, env=self.env, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
        )

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "kiosk", "serve"],
            env=self.env,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        deadline = time.monotonic() + START_WITHIN_S
        while time.monotonic() < deadline:
            try:
                # Staff can sign in once the first snapshot has come.
                if json.loads(self.ask("GET", "/healthz")[1])["snapshot_made_at"] is not None:
                    return
            except OSError:
                pass
            time.sleep(0.1)
        raise AssertionError(self.end(signal.SIGKILL))

    def end(self, number: int) -> tuple[int, str]:
        assert self.process is not None
        self.process.send_signal(number)
        text, _ = self.process.communicate(timeout=30)
        return self.process.returncode, text

    def ask(self, method: str, path: str, **form: str) -> tuple[int, str, dict[str, str]]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        headers = {"Cookie": self.cookie, "Content-Type": "application/x-www-form-urlencoded"}
        try:
            connection.request(method, path, urlencode(form), headers)
            answer = connection.getresponse()
            found = dict(answer.getheaders())
            for morsel in SimpleCookie(found.get("Set-Cookie", "")).values():
                self.cookie = f"{morsel.key}={morsel.value}"
            return answer.status, answer.read().decode(), found
        finally:
            connection.close()

    def sign_in(self) -> None:
        assert self.ask("POST", "/till/sign-in", staff="s1", pin=PIN)[0] == 303

    def redeem(self, text: str) -> str:
        page = self.ask("GET", "/till")[1]
        hidden = dict(re.findall(r'name="(mark|form)" value="([^"]*)"', page))
        status, page, headers = self.ask("POST", "/till/redeem", text=text, **hidden)
        assert status == 303, page
        return self.ask("GET", headers["Location"])[1]

    def rss_kb(self) -> int:
        assert self.process is not None
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1])  # type: ignore[index]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[TillShop]:
    with shop_in(tmp_path) as shop:
        yield shop


@pytest.fixture
def kiosk(shop: TillShop, tmp_path: Path) -> Iterator[Kiosk]:
    kiosk = Kiosk(tmp_path / "till", f"http://127.0.0.1:{free_port()}")
    yield kiosk
    if kiosk.process is not None and kiosk.process.poll() is None:
        kiosk.end(signal.SIGKILL)


def enrol(shop: TillShop, kiosk: Kiosk) -> None:
    code = open_pairing(shop.store, shop.key, "kiosk", time.time())
    done = kiosk.run("enrol", str(code), "--name", "Till 7")
    assert done.returncode == 0, done.stderr


def test_what_was_acknowledged_survives_kill_9_and_reaches_the_hub_once(shop: TillShop, kiosk: Kiosk) -> None:
    port = int(kiosk.env["KIOSK_HUB"].rpartition(":")[2])
    beside, _ = shop.till("Till 1")
    coupons = [shop.take(beside) for _ in range(6)]
    with served(shop, port):
        enrol(shop, kiosk)
        kiosk.start()
        kiosk.sign_in()
        assert "Redeemed" in kiosk.redeem(coupons[0].token)
    acknowledged: list[Issued] = [coupons[0]]
    for coupon in coupons[1:4]:
        assert "own account" in kiosk.redeem(coupon.token)
        acknowledged.append(coupon)
        kiosk.end(signal.SIGKILL)
        kiosk.start()
    assert "Already used" in kiosk.redeem(coupons[1].token)
    with served(shop, port):
        deadline = time.monotonic() + 25
        while time.monotonic() < deadline and json.loads(kiosk.ask("GET", "/healthz")[1])["pending"]:
            time.sleep(0.1)
        assert "Redeemed" in kiosk.redeem(coupons[4].token)
        acknowledged.append(coupons[4])
        waiting = http.client.HTTPConnection("127.0.0.1", kiosk.port, timeout=30)
        waiting.request("GET", "/till/next?after=0", headers={"Cookie": kiosk.cookie})
        # Asked later and answered: so the page waits by now.
        kiosk.ask("GET", "/healthz")
        status, text = kiosk.end(signal.SIGTERM)
        # A page that waits for a scan is let go with an answer; cut off, it would have got none.
        answer = waiting.getresponse()
        assert (answer.status, json.loads(answer.read())["go"]) == (200, None)
        waiting.close()
    assert status == 0, text
    assert "Traceback" not in text
    assert [len(shop.store.counter.acts_of(coupon.coupon.serial)) for coupon in acknowledged] == [1] * 5
    assert shop.store.ledger.redeemed(COFFEE) == 5
    conn = sqlite3.connect(Path(kiosk.env["KIOSK_DIR"]) / DB_FILE)
    assert conn.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert conn.execute("SELECT count(*) FROM outbox").fetchone() == (0,)
    conn.close()


def test_the_kiosk_stays_small_and_answers_from_a_shell(shop: TillShop, kiosk: Kiosk) -> None:
    port = int(kiosk.env["KIOSK_HUB"].rpartition(":")[2])
    beside, _ = shop.till("Till 1")
    coupon = shop.take(beside)
    with served(shop, port):
        assert kiosk.run("check").returncode == 2
        # With the address of a hub it would show a code and wait to be let in.
        hub = kiosk.env.pop("KIOSK_HUB")
        assert "has not joined a shop" in kiosk.run("serve").stderr
        kiosk.env["KIOSK_HUB"] = hub
        enrol(shop, kiosk)
        kiosk.start()
        kiosk.sign_in()
        for path in ("/", "/?lang=zh", "/till", "/till?lang=zh"):
            assert kiosk.ask("GET", path)[0] == 200
        assert kiosk.rss_kb() < 90_000
        assert kiosk.run("check").returncode == 0
        assert "s1  Ada" in kiosk.run("staff").stdout
        first = kiosk.run("redeem", coupon.token, "--json")
        assert (first.returncode, json.loads(first.stdout)["accepted"]) == (0, True)
        again = kiosk.run("redeem", coupon.code, "--json")
        said = json.loads(again.stdout)
        assert (again.returncode, said["refusal"]) == (1, "already_redeemed")
        assert said["first_use"]["till"] == "Till 7"
        taken = kiosk.run("serve")
        assert (taken.returncode, taken.stderr.count("\n")) == (2, 1)
        assert str(kiosk.port) in taken.stderr
        kiosk.end(signal.SIGTERM)
        assert "not running" in kiosk.run("check").stdout


@pytest.mark.parametrize(
    "arguments", [("redeem", "x", "--basket", "lots"), ("enrol", "nonsense"), ("status",)]
)
def test_a_mistake_at_the_shell_is_one_sentence(kiosk: Kiosk, arguments: tuple[str, ...]) -> None:
    done = kiosk.run(*arguments)
    assert "Traceback" not in done.stderr + done.stdout
    assert done.stderr.count("\n") <= 1


def test_a_folder_that_cannot_be_written_is_one_sentence(shop: TillShop, kiosk: Kiosk) -> None:
    kiosk.env["KIOSK_DIR"] = "/proc/none"
    with served(shop, int(kiosk.env["KIOSK_HUB"].rpartition(":")[2])):
        code = open_pairing(shop.store, shop.key, "kiosk", time.time())
        done = kiosk.run("enrol", str(code))
    assert done.returncode == 2
    assert "/proc/none" in done.stderr
    assert "Traceback" not in done.stderr

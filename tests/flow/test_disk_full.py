"""A till whose disk runs full: told at once, nothing half done, and it sells again by itself when there is room."""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import urlencode

import pytest
from kiosk_shop import PIN, TillShop, shop_in
from waitress.server import create_server

from hub.devices import open_pairing

ROOT = Path(__file__).parents[2]
DISK_BYTES = 64 * 2**20
PATIENCE_S = 30.0
BACK_WITHIN_S = 5.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def why_not() -> str:
    """Why there can be no small disk here."""
    kinds = _kinds()
    if shutil.which("unshare") is None or shutil.which("mount") is None:
        return "needs Debian's packages util-linux mount: apt install util-linux mount"
    done = subprocess.run(
        [*kinds, "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True, text=True, check=False
    )
    return f"needs root, or user namespaces for everybody: {done.stderr.strip()}" if done.returncode else ""


def _kinds() -> list[str]:
    return ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--user", "--map-root-user"])]


class SmallTill:
    """A till's real program, whose folder is a disk of 64 MiB in a mount namespace of its own; and hands at its page."""

    def __init__(self, shop: TillShop, folder: Path, hub: str) -> None:
        self._cookie = ""
        self._port = free_port()
        at_first, self._place = folder / "at-first", folder / "disk"
        self._place.mkdir()
        env = {**os.environ, "KIOSK_PORT": str(self._port), "KIOSK_HUB": hub, "KIOSK_DIR": str(at_first)}
        code = open_pairing(shop.store, shop.key, "kiosk", time.time())
        kiosk = [sys.executable, "-m", "kiosk"]
        subprocess.run(
            [*kiosk, "enrol", str(code), "--name", "Till 9"], env=env, cwd=ROOT, check=True, timeout=60
        )
        steps = f'mount -t tmpfs -o size={DISK_BYTES} none "$1" && cp -a "$0/." "$1" && shift && exec "$@"'
        self.process = subprocess.Popen(
            [*_kinds(), "sh", "-c", steps, at_first, self._place, *kiosk, "serve"],
            env={**env, "KIOSK_DIR": str(self._place)},
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.wait(lambda: self.health()["snapshot_made_at"] is not None)

    @property
    def disk(self) -> Path:
        """The disk as it is in there."""
        return Path(f"/proc/{self.process.pid}/root{self._place}")

    def fill(self, leave: int) -> None:
        """Put a file on the disk that leaves so many octets."""
        room = os.statvfs(self.disk)
        size = room.f_bavail * room.f_frsize - leave
        with suppress(OSError), (self.disk / "pictures").open("ab", buffering=0) as file:
            while size > 0:
                size -= file.write(bytes(min(size, 2**20)))

    def empty(self) -> None:
        """Take that file away."""
        (self.disk / "pictures").unlink()

    def ask(self, method: str, path: str, **form: str) -> tuple[int, str, str]:
        """Status, page, and where it leads."""
        with closing(http.client.HTTPConnection("127.0.0.1", self._port, timeout=20)) as connection:
            headers = {"Cookie": self._cookie, "Content-Type": "application/x-www-form-urlencoded"}
            connection.request(method, path, urlencode(form), headers)
            answer = connection.getresponse()
            for morsel in SimpleCookie(answer.getheader("Set-Cookie", "")).values():
                self._cookie = f"{morsel.key}={morsel.value}"
            return answer.status, answer.read().decode(), answer.getheader("Location", "")

    def health(self) -> dict[str, object]:
        """How the program says that it is."""
        health: dict[str, object] = json.loads(self.ask("GET", "/healthz")[1])
        return health

    def warned_of_disk(self) -> bool:
        """Whether the banner is up that the disk is full."""
        return "disk-full" in json.dumps(self.health())

    def scan(self, text: str) -> tuple[int, str]:
        """Scan at the till's page: the status of what the form leads to, and what is shown there."""
        page = self.ask("GET", "/till")[1]
        hidden = dict(re.findall(r'name="(mark|form)" value="([^"]*)"', page))
        status, page, to = self.ask("POST", "/till/redeem", text=text, **hidden)
        return self.ask("GET", to)[:2] if status == 303 else (status, page)

    def wait(self, until: Callable[[], bool], seconds: float = PATIENCE_S) -> float:
        """How long it took; AssertionError where it does not come."""
        begun = time.monotonic()
        while time.monotonic() - begun < seconds:
            with suppress(OSError, http.client.HTTPException):
                if until():
                    return time.monotonic() - begun
            time.sleep(0.05)
        raise AssertionError(f"waited {seconds} s")

    def close(self) -> None:
        """End it."""
        self.process.kill()
        self.process.wait(10)


@contextmanager
def served(shop: TillShop) -> Iterator[str]:
    """The hub on a real port."""
    server = create_server(shop.app, host="127.0.0.1", port=0, threads=4, ident=None)

    def answer() -> None:
        with suppress(OSError):
            server.run()

    thread = threading.Thread(target=answer, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.effective_port}"
    finally:
        server.close()
        thread.join(5)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[TillShop]:
    why = why_not()
    if why:
        pytest.skip(why)
    with shop_in(tmp_path) as shop:
        yield shop


@pytest.fixture
def till(shop: TillShop, tmp_path: Path) -> Iterator[SmallTill]:
    with served(shop) as address:
        till = SmallTill(shop, tmp_path, address)
        assert till.ask("POST", "/till/sign-in", staff="s1", pin=PIN)[0] == 303
        yield till
        till.close()


@pytest.mark.parametrize("leave", [8 * 2**20, 0], ids=["too little room for an act", "no room at all"])
def test_a_full_disk_is_told_sells_nothing_and_sells_again_within_five_seconds_of_room(
    shop: TillShop, till: SmallTill, leave: int
) -> None:
    beside, _ = shop.till("Till 1")
    first, second, third = (shop.take(beside) for _ in range(3))
    assert till.scan(first.token)[0] == 200
    assert len(shop.store.counter.acts_of(first.coupon.serial)) == 1

    till.fill(leave)
    till.wait(till.warned_of_disk)
    status, page = till.scan(second.token)
    assert status == 507
    assert "full" in page
    # Refused before anybody was asked: the hub knows nothing of it, and the coupon is as good as before.
    assert shop.store.counter.acts_of(second.coupon.serial) == []
    assert till.ask("GET", "/till")[0] == 200, "what is there can still be looked at"
    assert till.scan(first.token)[0] == 507

    till.empty()
    pid = till.process.pid
    till.wait(lambda: not till.warned_of_disk(), BACK_WITHIN_S)
    for coupon in (second, third):
        assert till.scan(coupon.token)[0] == 200
        assert len(shop.store.counter.acts_of(coupon.coupon.serial)) == 1
    assert till.process.poll() is None
    assert till.process.pid == pid

"""A whole shop on a guest network: an enrolled door with its first offers, and our programs in the gateway's namespace.

The programs are the real ones, each with the rights that its unit gives it and no more, started again when they die.
"""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from guest_inside import Answer
from guest_network import BRIDGE, GATEWAY, ROUTER, UPSTREAM, GuestNetwork, Namespace, Phone

from edge.store import open_pool
from hub.app import create_app, open_store
from hub.client.clock import Clock
from hub.client.counters import Counters
from hub.client.enrolling import enrol
from hub.client.exchange import Exchange
from hub.client.link import SignedLink, WsgiLink
from hub.client.node import Node
from hub.client.outbox import Outbox
from hub.client.shelf import Shelf
from hub.config import Config
from hub.devices import hub_key, open_pairing
from hub.up.seeding import seed

ROOT = Path(__file__).resolve().parents[1]
PORTAL = "http://portal.internal"
FOREIGN = "http://example.com/"
READY_WITHIN_S = 30.0
AGAIN_AFTER_S = 0.2
"""What the units say: RestartSec."""

NO_RIGHTS = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", "--ambient-caps=-all", "--no-new-privs"]
NET_ADMIN = [
    "setpriv",
    *(f"--{which}=-all,+net_admin" for which in ("bounding-set", "inh-caps", "ambient-caps")),
]
NET_ADMIN.append("--no-new-privs")


class Program:
    """One program of ours under a supervisor: whatever ends it, it is started again."""

    def __init__(self, name: str, place: Namespace, argv: list[str], env: dict[str, str]) -> None:
        self.name, self.log = name, f"{name}.log"
        self.starts = 0
        self._place, self._argv, self._env = place, argv, env
        self._stop = threading.Event()
        self._running: subprocess.Popen[Any] | None = None
        self._thread = threading.Thread(target=self._keep, daemon=True)
        self._thread.start()

    def _keep(self) -> None:
        while not self._stop.is_set():
            self._running = self._place.popen(self._argv, self.log, self._env)
            self.starts += 1
            while self._running.poll() is None and not self._stop.wait(0.02):
                pass
            self._stop.wait(AGAIN_AFTER_S)

    @property
    def pid(self) -> int | None:
        """Of the program itself; None where it does not run at this moment."""
        running = self._running
        return running.pid if running is not None and running.poll() is None else None

    def kill(self) -> None:
        """kill -9."""
        if self._running is not None:
            self._running.kill()

    def stop(self) -> None:
        """End it for good."""
        self._stop.set()
        if self._running is not None:
            self._running.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._running.wait(10)
            self._running.kill()
            self._running.wait(10)
        self._thread.join(10)

    def said(self) -> str:
        """Its words."""
        return self._place.said(self.log)


class GuestShop(contextlib.AbstractContextManager["GuestShop"]):
    """`with GuestShop(network) as shop: ...`; settings of the portal and the gate by their names: `PORTAL_MINUTES="1"`."""

    def __init__(self, network: GuestNetwork, api_url: str = "", **settings: str) -> None:
        self.network, self.folder = network, network.folder / "shop"
        self.folder.mkdir()
        self.socket = self.folder / "gate.sock"
        self.staff_pin = make_door(self.folder)
        place = network.gateway
        common = {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", "PYTHONWARNINGS": "error"}
        wifi = {
            "WIFI_INTERFACE": BRIDGE,
            "WIFI_UPSTREAM": UPSTREAM,
            "WIFI_UPSTREAM_DNS": ROUTER,
            "WIFI_DIR": str(self.folder / "wifi"),
            "WIFI_API_URL": api_url,
            "WIFI_ADDRESS": f"{GATEWAY}/{network.bits}",
        }
        gate = {
            "GATE_SOCKET": str(self.socket),
            "GATE_INTERFACE": BRIDGE,
            "GATE_UPSTREAM": UPSTREAM,
            "GATE_ADDRESS": f"{GATEWAY}/{network.bits}",
            "GATE_USERS": "root",
        }
        portal = {
            "PORTAL_DIR": str(self.folder / "edge"),
            "PORTAL_HOST": "0.0.0.0",
            "PORTAL_GATE": str(self.socket),
            "PORTAL_SSID": "Corner Shop",
        }
        portal |= {name: value for name, value in settings.items() if name.startswith("PORTAL_")}
        gate |= {name: value for name, value in settings.items() if name.startswith("GATE_")}
        self.programs: dict[str, Program] = {}
        try:
            for name, rights, words, env in (
                ("wifi", [], ["hardware", "wifi", "run"], wifi),
                ("gate", NET_ADMIN, ["edge.gate", "serve"], gate),
                ("portal", NO_RIGHTS, ["edge.portal", "serve"], portal),
            ):
                argv = [*rights, sys.executable, "-m", *words]
                self.programs[name] = Program(name, place, argv, common | env)
            self.wait()
        except BaseException:
            self.close()
            raise

    def wait(self, within_s: float = READY_WITHIN_S) -> None:
        """Until every program answers; AssertionError with their words where that takes too long."""
        until = time.monotonic() + within_s
        while True:
            missing = [name for name, answers in self._answer().items() if not answers]
            if not missing:
                return
            if time.monotonic() > until:
                words = "\n".join(
                    f"-- {each.name}:\n{each.said()[-1500:]}" for each in self.programs.values()
                )
                raise AssertionError(f"{', '.join(missing)}: no answer in {within_s:g} s\n{words}")
            time.sleep(0.1)

    def _answer(self) -> dict[str, bool]:
        place = self.network.gateway
        rules = place.run(["nft", "list", "table", "inet", "shopbell"], check=False)
        return {
            "wifi": place.call(_listens, 53) and place.call(_listens, 67),
            "gate": rules.returncode == 0 and self.socket.exists(),
            "portal": place.call(_is_well, "http://127.0.0.1:8082/healthz"),
        }

    def dnsmasqs(self) -> list[int]:
        """The pids of our dnsmasq processes."""
        found = []
        for pid in self.network.gateway.pids():
            with contextlib.suppress(OSError):
                if Path(f"/proc/{pid}/comm").read_text().strip() == "dnsmasq":
                    found.append(pid)
        return found

    def close(self) -> None:
        """End our programs."""
        for program in reversed(self.programs.values()):
            program.stop()

    def __exit__(self, *_: object) -> None:
        self.close()


def _listens(port: int) -> bool:
    """Whether something has this UDP port. Runs in the gateway's namespace."""
    lines = Path("/proc/self/net/udp").read_text().splitlines()[1:]
    return any(line.split()[1].endswith(f":{port:04X}") for line in lines)


def _is_well(url: str) -> bool:
    """Whether an HTTP server answers. Runs in the gateway's namespace."""
    from guest_inside import fetch

    return bool(fetch("GET", url, {"timeout": 2})["status"] == 200)


def make_door(folder: Path) -> str:
    """An enrolled door with the first offers in `folder`/edge; the PIN of the first of the staff."""
    hub_folder, door = folder / "hub", folder / "edge"
    hub_folder.mkdir()
    made = seed(hub_folder, time.time(), offers=True)
    store = open_store(hub_folder)
    pool = None
    try:
        link = WsgiLink(create_app(Config(dir=hub_folder), store, hub_key(hub_folder), admin=False))
        code = open_pairing(store, hub_key(hub_folder), "edge", time.time())
        node: Node = enrol(door, "http://hub", str(code), "edge", "Door", link)
        pool, clock = open_pool(door), Clock()
        outbox = Outbox(pool, node, clock)
        outcome = Exchange(node, outbox, Shelf(pool), SignedLink(link, node, Counters(pool)), clock).drain()
        assert outcome.adopted, outcome
    finally:
        if pool is not None:
            pool.close()
        store.close()
    return made["pin"]


@contextlib.contextmanager
def open_shop(phones: int = 1, **settings: str) -> Iterator[tuple[GuestNetwork, GuestShop]]:
    """A guest network with a shop in it, and every phone with its lease."""
    with GuestNetwork(phones=phones) as network, GuestShop(network, **settings) as shop:
        for phone in network.phones:
            phone.lease()
        yield network, shop


def hidden(page: str, action: str) -> dict[str, str]:
    """The hidden fields of the form that goes to `action`."""
    form = re.search(rf'<form[^>]*action="{re.escape(action)}"(.*?)</form>', page, re.DOTALL)
    assert form, f"the page has no form for {action}: {page[:2000]}"
    return dict(re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', form[1]))


def enter(phone: Phone, **fields: str) -> Answer:
    """What a shopper does: look at the page, send the form."""
    page = phone.get(f"{PORTAL}/")
    assert page.status == 200, page
    return phone.post(f"{PORTAL}/enter", {**hidden(page.body, "/enter"), **fields})


def is_out(phone: Phone, timeout: float = 1.0) -> bool:
    """Whether this phone reaches the internet now."""
    came = phone.get("http://198.51.100.7/", timeout=timeout)
    return came.status == 200 and came.body.startswith("the internet")


__all__ = [
    "FOREIGN",
    "GATEWAY",
    "PORTAL",
    "GuestShop",
    "Program",
    "enter",
    "hidden",
    "is_out",
    "make_door",
    "open_shop",
]

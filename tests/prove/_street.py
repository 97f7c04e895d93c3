"""A whole shop of real programs in a folder, without a terminal: for proofs and measurements."""

from __future__ import annotations

import socket
import sys
import time
from pathlib import Path

from hub.up.children import Child, run_once, stop_in_order
from hub.up.place import Place
from hub.up.plan import Plan
from hub.up.seeding import pairing_codes
from hub.up.seeding import seed as seed_shop

PROGRAMS = ("hub", "kiosk", "edge", "portal")
STOP_ORDER = (("portal",), ("edge",), ("kiosk",), ("hub",))


class Street:
    """The programs of one shop; who is killed is started again at once."""

    def __init__(self, folder: Path, speed: float = 20.0) -> None:
        self.place = Place.take(folder)
        self.plan = Plan(str(folder), "127.0.0.1", "127.0.0.1", free_ports(3), "ble:sim", speed=speed)
        made = seed_shop(folder / "hub", time.time(), offers=True)
        self.pin = made["pin"]
        codes = pairing_codes(folder / "hub", time.time(), ["kiosk", "edge"])
        self.children = {name: self._child(name) for name in PROGRAMS}
        self.children["hub"].start()
        for name, code in codes.items():
            self._enrol(name, code)
        for name in PROGRAMS[1:]:
            self.children[name].start()

    def _child(self, name: str) -> Child:
        command = (sys.executable, "-m", *self.plan.command(name))
        return Child(name, name, command, self.plan.env(name), self.place, lambda _sentence: None)

    def _enrol(self, name: str, code: str) -> None:
        until = time.monotonic() + 60
        while not answers(self.plan.ports["hub"]) and time.monotonic() < until:
            time.sleep(0.1)
        command = (sys.executable, "-m", name, "enrol", code, "--hub", self.plan.hub_url)
        run_once(command, self.plan.env(name), f"pairing {name}")

    def kill(self, name: str) -> None:
        """kill -9, and start again."""
        process = self.children[name].process
        if process is not None:
            process.kill()
            process.wait()
        self.children[name].start()

    def stop(self) -> None:
        """In order, as `shopbell up` does it."""
        stop_in_order([[self.children[name] for name in rank] for rank in STOP_ORDER])
        self.place.release()


def free_ports(count: int) -> int:
    """The first of some ports in a row that nobody has."""
    for _ in range(50):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            first: int = probe.getsockname()[1]
        if first + count < 65_535 and not any(answers(first + place) for place in range(count)):
            return first
    raise RuntimeError("no free ports in a row")


def answers(port: int) -> bool:
    """Whether somebody listens."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_for(port: int) -> None:
    """Until a program listens, or a minute has passed."""
    until = time.monotonic() + 60
    while not answers(port) and time.monotonic() < until:
        time.sleep(0.1)

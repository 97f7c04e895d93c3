"""The gate at work in a guest network of namespaces: its helper, two DNS servers, and something that answers as the portal."""

from __future__ import annotations

import contextlib
import http.server
import itertools
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import guest_inside
from guest_network import BRIDGE, ROUTER, Failed, GuestNetwork, Phone

from edge.gate.client import GateClient, GateError
from edge.gate.protocol import (
    Answer,
    AskHealth,
    Done,
    End,
    Guests,
    Health,
    Inside,
    LetIn,
    Limits,
    ListGuests,
    SetLimits,
    Stay,
    write,
)
from edge.gate.protocol import Phone as Pair
from hardware.wifi.network import HELD_ADDRESS

HELD = str(HELD_ADDRESS)
PORTAL = "the portal"
READY_S = 15.0


class GatePlace(contextlib.AbstractContextManager["GatePlace"]):
    """`network` with our helper in its gateway. Settings go on top of the usual ones."""

    def __init__(self, phones: int = 1, **settings: str) -> None:
        self.network = GuestNetwork(phones=phones)
        self.folder = self.network.gateway.folder
        self.socket = self.folder / "gate.sock"
        self.file = self.folder / "gate.conf"
        self.settings = {"interface": BRIDGE, **settings}
        self.helper: subprocess.Popen[Any] | None = None
        self._numbers = itertools.count(10)
        try:
            for phone in self.network.phones:
                phone.settle(f"10.77.0.{next(self._numbers)}")
            self._names()
            self.network.gateway.start(portal, log="portal.log")
            self.client = GateClient(self.socket)
            self.start()
        except BaseException:
            self.network.close()
            raise

    def _names(self) -> None:
        usual = "no-resolv\nno-hosts\nno-daemon\nuser=root\npid-file=\nbind-dynamic\n"
        for name, lines in (
            ("held", f"port=53\ninterface={BRIDGE}\naddress=/#/{HELD_ADDRESS}\n"),
            ("forwarding", f"port=1053\ninterface={BRIDGE}\nserver={ROUTER}\n"),
        ):
            file = self.folder / f"{name}.conf"
            file.write_text(usual + lines)
            self.network.gateway.popen(["dnsmasq", f"--conf-file={file}"], f"{name}.log")

    def start(self) -> None:
        """Start the helper, and wait until it answers."""
        lines = [f"GATE_{name.upper()}={value}" for name, value in self.settings.items()]
        self.file.write_text("\n".join([*lines, f"GATE_SOCKET={self.socket}"]) + "\n")
        self.helper = self.network.gateway.popen(
            [sys.executable, "-m", "edge.gate", "serve", "--file", self.file], "gate.log"
        )
        self.wait(self.answers, "the helper to answer", READY_S)

    def answers(self) -> bool:
        """Whether the helper answers."""
        try:
            self.client.ask(AskHealth())
        except GateError:
            return False
        return True

    def kill(self) -> None:
        """kill -9, of the helper only."""
        assert self.helper
        self.helper.kill()
        self.helper.wait(10)

    def wait(self, until: Callable[[], bool], what: str, seconds: float = 5.0) -> float:
        """Wait for it; the seconds it took. Failed where it does not come."""
        begun = time.monotonic()
        while not until():
            if time.monotonic() - begun > seconds:
                raise Failed(f"waited {seconds} s for {what}: {self.network.gateway.said('gate.log')}")
            time.sleep(0.02)
        return time.monotonic() - begun

    def let_in(self, *phones: Phone, seconds: int = 600, limits: Limits | None = None) -> None:
        """Let these through, as they are."""
        stays = tuple(Stay(pair(phone), seconds, limits or Limits()) for phone in phones)
        assert self.client.ask(LetIn(stays)) == Done(len(phones))

    def end(self, *phones: Phone) -> None:
        """End their stays."""
        assert isinstance(self.client.ask(End(tuple(pair(phone) for phone in phones))), Done)

    def limit(self, phone: Phone, limits: Limits) -> Answer:
        """Other limits for one."""
        return self.client.ask(SetLimits(pair(phone), limits))

    def inside(self) -> dict[str, Inside]:
        """The list, by address."""
        answer = self.client.ask(ListGuests())
        assert isinstance(answer, Guests)
        return {one.phone.ip: one for one in answer.guests}

    def health(self) -> Health:
        """How the gate is."""
        answer = self.client.ask(AskHealth())
        assert isinstance(answer, Health)
        return answer

    def empty(self) -> None:
        """Nobody is in, nor remembered."""
        phones = tuple(one.phone for one in self.inside().values())
        if phones:
            self.client.ask(End(phones))

    def close(self) -> None:
        """Everything ends."""
        self.client.close()
        self.network.close()

    def __exit__(self, *_: object) -> None:
        self.close()


def pair(phone: Phone) -> Pair:
    """The phone as the gate knows it."""
    return Pair(phone.mac, phone.ip_address)


class _Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = f"{PORTAL} for {self.headers.get('Host')}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def portal() -> None:
    """Answers every GET on the portal's port."""
    http.server.ThreadingHTTPServer(("0.0.0.0", 8082), _Page).serve_forever()


def every_way_out(internet: str, internet_v6: str, router: str, gateway: str) -> int:
    """Try every protocol that could carry something, all at once; how many tries there were."""
    name = "secret.tunnel.example"
    tries: list[tuple[Callable[..., Any], tuple[Any, ...]]] = [
        *((guest_inside.connects, (internet, port, 0.4)) for port in guest_inside.PORTS_TCP),
        *((guest_inside.echoes, (internet, port, 0.4)) for port in guest_inside.PORTS_UDP),
        *((guest_inside.asks, (name, server, 16, 53, 0.4)) for server in (internet, router, gateway)),
        (guest_inside.asks, (name, internet, 16, 53, 0.4, True)),
        (guest_inside.asks, (name, gateway, 16, 1053, 0.4)),
        (guest_inside.connects, (router, 80, 0.4)),
        (guest_inside.connects, (internet_v6, 80, 0.4)),
        (guest_inside.echoes, (internet_v6, 443, 0.4)),
        (guest_inside.pings, (internet, 0.4)),
        (guest_inside.pings, (internet_v6, 0.4)),
    ]
    threads = [threading.Thread(target=function, args=arguments) for function, arguments in tries]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(tries)


def receive(address: str, seconds: float, skip_s: float) -> float:
    """Octets per second that a download brings, after its first `skip_s` seconds."""
    with socket.create_connection((address, 80), 3) as line:
        line.settimeout(1)
        line.sendall(b"GET /octets/50000000 HTTP/1.1\r\nHost: a\r\n\r\n")
        return _pace(lambda: len(line.recv(65536)), seconds, skip_s)


def send(address: str, seconds: float, skip_s: float) -> float:
    """Octets per second that come back of a steady stream of datagrams that is sent faster than it may."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.connect((address, 443))
        line.setblocking(False)
        block = bytes(1_000)

        def turn() -> int:
            came = 0
            with contextlib.suppress(OSError):
                for _ in range(4):
                    line.send(block)
            with contextlib.suppress(OSError):
                while True:
                    # As the gate counts it: with the headers of IP and UDP.
                    came += len(line.recv(2_000)) + 28
            time.sleep(0.002)
            return came

        return _pace(turn, seconds, skip_s)


def _pace(turn: Callable[[], int], seconds: float, skip_s: float) -> float:
    begun = time.monotonic()
    octets, since = 0, 0.0
    while (now := time.monotonic() - begun) < seconds:
        came = 0
        with contextlib.suppress(TimeoutError):
            came = turn()
        if now >= skip_s:
            since = since or now
            octets += came
    return octets / (time.monotonic() - begun - since)


def main() -> None:
    """Run a command with a socket at its third descriptor, as systemd does."""
    path, *command = sys.argv[1:]
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listening.bind(path)
    listening.listen(8)
    os.dup2(listening.fileno(), 3)
    os.set_inheritable(3, True)
    os.execvpe(command[0], command, {**os.environ, "LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "1"})


__all__ = ["GatePlace", "pair", "portal", "receive", "send", "write"]

if __name__ == "__main__":
    main()

"""A hub and its tills, each in a network namespace of its own, and the cables between them: to be cut, slowed down and mended.

    till 1 eth0 10.9.0.11 --veth--\\
    till 2 eth0 10.9.0.12 --veth--- bridge `shop` 10.9.0.1 [hub]      each till asks 10.9.0.1 at a port of its own

Behind those ports stands a relay that hands everything on to the hub, at once, or late where a line is slow.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.guest_network import Namespace

ROOT = Path(__file__).resolve().parents[2]
HUB = "10.9.0.1"
HUB_PORT, FIRST_RELAY_PORT = 8080, 8100
LATE_S = 5.0
"""Longer than a till waits: the hub does what it was asked when the till has decided alone."""

HELD_S = 20.0
"""A connection of which nothing more is heard is given up then."""

CUTS = {
    "both": "add rule inet cut in iifname eth0 drop; add rule inet cut out oifname eth0 drop",
    "up": "add rule inet cut out oifname eth0 drop",
    # What has something in it: connections are made and questions arrive, answers do not.
    "replies": "add rule inet cut in iifname eth0 ip length > 100 drop",
    "slow": "",
}
NEEDED = {
    "ip": "iproute2",
    "nft": "nftables",
    "unshare": "util-linux",
    "nsenter": "util-linux",
    "setpriv": "util-linux",
}
PATH = "/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin"


def missing() -> str:
    """Why there can be no such network here; "" where there can."""
    absent = sorted({package for name, package in NEEDED.items() if not shutil.which(name, path=PATH)})
    if absent:
        return f"needs Debian's packages {' '.join(absent)}: apt install {' '.join(absent)}"
    kinds = ["unshare", "--net", "--mount", *([] if os.geteuid() == 0 else ["--user", "--map-root-user"])]
    tried = subprocess.run([*kinds, "true"], capture_output=True, text=True, timeout=20, check=False)
    return f"needs root, or user namespaces for everybody: {tried.stderr.strip()}" if tried.returncode else ""


class ShopNetwork:
    """The places and the cables. Close it in the end."""

    def __init__(self, folder: Path, tills: int) -> None:
        if str(ROOT / "tests") not in sys.path:
            # As the tests find it: it runs parts of itself in the namespaces by its file's name.
            sys.path.insert(0, str(ROOT / "tests"))
        from guest_network import Namespace

        folder.mkdir(parents=True, exist_ok=True)
        self.hub: Namespace = Namespace("hub", folder)
        self.tills: list[Namespace] = []
        self._relays: list[subprocess.Popen[Any]] = []
        try:
            self.hub.ip(
                "link add shop type bridge forward_delay 0 mcast_snooping 0",
                f"addr add {HUB}/24 dev shop",
                "link set shop up",
            )
            for number in range(tills):
                self._add(Namespace(f"till{number + 1}", folder, self.hub), number)
        except BaseException:
            self.close()
            raise

    def _add(self, till: Namespace, number: int) -> None:
        self.tills.append(till)
        self.hub.ip(
            f"link add port{number} type veth peer name eth0 netns {till.pid}",
            f"link set port{number} master shop",
            f"link set port{number} up",
        )
        till.ip(f"addr add 10.9.0.{11 + number}/24 dev eth0", "link set eth0 up")
        chains = "".join(
            f"add chain inet cut {name} {{ type filter hook {hook} priority 0; }}\n"
            for name, hook in (("in", "input"), ("out", "output"))
        )
        till.run(["nft", "-f", "-"], text=f"add table inet cut\n{chains}")
        self._relays.append(
            self.hub.popen(
                [
                    sys.executable,
                    "-m",
                    "tests.prove._partition_net",
                    HUB,
                    str(FIRST_RELAY_PORT + number),
                    str(HUB_PORT),
                ],
                stdin=subprocess.PIPE,
                text=True,
            )
        )

    def url(self, number: int) -> str:
        """Where this till finds its hub."""
        return f"http://{HUB}:{FIRST_RELAY_PORT + number}"

    def cut(self, number: int, how: str) -> None:
        """Spoil one till's line, in one of the ways of CUTS."""
        if how == "slow":
            self._tell(number, "slow")
        else:
            self.tills[number].run(["nft", "-f", "-"], text=CUTS[how].replace("; ", "\n") + "\n")

    def heal(self, number: int) -> None:
        """Mend it."""
        self.tills[number].run(["nft", "-f", "-"], text="flush table inet cut\n")
        self._tell(number, "fast")

    def _tell(self, number: int, word: str) -> None:
        pipe = self._relays[number].stdin
        assert pipe is not None
        pipe.write(f"{word}\n")
        pipe.flush()

    def close(self) -> None:
        """End every program, give everything back."""
        for place in (*self.tills, self.hub):
            place.close()


class Relay:
    """Hands on what comes to a port. While it is slow, what is on its way up is held back."""

    def __init__(self, host: str, port: int, to: int) -> None:
        self._to = to
        self.slow = False
        self._listening = socket.create_server((host, port), backlog=64)

    def serve(self) -> None:
        """For ever."""
        while True:
            line, _ = self._listening.accept()
            threading.Thread(target=self._carry, args=(line,), daemon=True).start()

    def _carry(self, near: socket.socket) -> None:
        try:
            with near, socket.create_connection(("127.0.0.1", self._to), timeout=10) as far:
                near.settimeout(HELD_S)
                far.settimeout(HELD_S)
                down = threading.Thread(target=_pump, args=(far, near), daemon=True)
                down.start()
                while octets := near.recv(65_536):
                    if self.slow:
                        time.sleep(LATE_S)
                    far.sendall(octets)
                # As the till hangs up: the hub's places for connections are not the relay's to hold.
                far.shutdown(socket.SHUT_WR)
                down.join(HELD_S)
        except OSError:
            return


def _pump(one: socket.socket, other: socket.socket) -> None:
    try:
        while octets := one.recv(65_536):
            other.sendall(octets)
        other.shutdown(socket.SHUT_WR)
    except OSError:
        return


def main() -> None:
    """`python -m tests.prove._partition_net HOST PORT TO`; `slow` and `fast` come line by line."""
    relay = Relay(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
    threading.Thread(target=relay.serve, daemon=True).start()
    for line in sys.stdin:
        relay.slow = line.strip() == "slow"


if __name__ == "__main__":
    main()

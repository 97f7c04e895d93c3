"""Head office, shops and their nodes, each in a network namespace of its own, and the cables between them: to be cut and mended.

    [shop 1] eth0 10.10.0.11 --veth--\\
    [shop 2] eth0 10.10.0.12 --veth--- bridge `chain` 10.10.0.1 [head]
                                       [node] eth0 10.21.0.11 --veth--\\
                                       [node] eth0 10.21.0.12 --veth--- bridge `shop` 10.21.0.1 [shop 1]
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.prove._partition_net import CUTS, ROOT

if TYPE_CHECKING:
    from tests.guest_network import Namespace

HEAD = "10.10.0.1"
PORT = 8080
WAYS = tuple(way for way in CUTS if CUTS[way])
"""How a line is cut: in both directions, upwards only, or so that only answers are lost."""


def shop_address(shop: int) -> str:
    """Where nodes of a shop (0 is the first) find its hub."""
    return f"10.{21 + shop}.0.1"


class ChainNetwork:
    """The places and the cables. Close it in the end."""

    def __init__(self, folder: Path, shops: int, nodes: int) -> None:
        if str(ROOT / "tests") not in sys.path:
            sys.path.insert(0, str(ROOT / "tests"))
        from guest_network import Namespace

        folder.mkdir(parents=True, exist_ok=True)
        self.head: Namespace = Namespace("head", folder)
        self.shops: list[Namespace] = []
        self.nodes: list[list[Namespace]] = []
        try:
            _bridge(self.head, "chain", f"{HEAD}/24")
            for shop in range(shops):
                place = Namespace(f"shop{shop + 1}", folder, self.head)
                self.shops.append(place)
                self.nodes.append([])
                _cable(self.head, "chain", f"up{shop}", place, f"10.10.0.{11 + shop}/24")
                _bridge(place, "shop", f"{shop_address(shop)}/24")
                for number in range(nodes):
                    node = Namespace(f"shop{shop + 1}-node{number + 1}", folder, self.head)
                    self.nodes[shop].append(node)
                    _cable(place, "shop", f"port{number}", node, f"10.{21 + shop}.0.{11 + number}/24")
        except BaseException:
            self.close()
            raise

    def cut(self, place: Namespace, way: str) -> None:
        """Cut a place's cable to what is above it, in one of WAYS."""
        place.run(["nft", "-f", "-"], text=CUTS[way].replace("; ", "\n") + "\n")

    def heal(self, place: Namespace) -> None:
        """Mend it."""
        place.run(["nft", "-f", "-"], text="flush table inet cut\n")

    def close(self) -> None:
        """End every program, give everything back."""
        for place in (*(node for nodes in self.nodes for node in nodes), *self.shops, self.head):
            place.close()


def _bridge(place: Namespace, name: str, address: str) -> None:
    place.ip(
        f"link add {name} type bridge forward_delay 0 mcast_snooping 0",
        f"addr add {address} dev {name}",
        f"link set {name} up",
    )


def _cable(above: Namespace, bridge: str, port: str, below: Namespace, address: str) -> None:
    above.ip(
        f"link add {port} type veth peer name eth0 netns {below.pid}",
        f"link set {port} master {bridge}",
        f"link set {port} up",
    )
    below.ip(f"addr add {address} dev eth0", "link set eth0 up")
    chains = "".join(
        f"add chain inet cut {name} {{ type filter hook {hook} priority 0; }}\n"
        for name, hook in (("in", "input"), ("out", "output"))
    )
    below.run(["nft", "-f", "-"], text=f"add table inet cut\n{chains}")

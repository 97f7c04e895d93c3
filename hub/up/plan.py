"""Which programs make up a shop on one machine: their commands, settings and addresses.

Pure. `hub.up.up` hands in the folder, the ports and the radio, and starts what stands here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

PORTS = ("hub", "kiosk", "portal")
"""In the order in which they follow the first port."""

EVERYWHERE = ("0.0.0.0", "::", "")  # noqa: S104 - compared with what the user typed, not listened on


@dataclass(frozen=True, slots=True)
class Plan:
    """What was asked for, as texts. `reach` is the address that a browser dials."""

    folder: str
    host: str
    reach: str
    port_base: int
    radio: str
    speed: float = 1.0
    notice: Mapping[str, str] = field(default_factory=dict)

    @property
    def ports(self) -> dict[str, int]:
        """The port of each program that answers HTTP."""
        return {name: self.port_base + place for place, name in enumerate(PORTS)}

    def url(self, name: str, path: str = "/") -> str:
        """An address for a browser."""
        return f"http://{self.reach}:{self.ports[name]}{path}"

    @property
    def hub_url(self) -> str:
        """Where the nodes on this machine reach the hub, whatever network it listens on."""
        inside = "127.0.0.1" if self.host in EVERYWHERE else self.host
        return f"http://{inside}:{self.ports['hub']}"

    @property
    def addresses(self) -> dict[str, str]:
        """What a person may want to open, by name."""
        return {
            "hub": self.url("hub"),
            "manage": self.url("hub", "/manage"),
            "kiosk": self.url("kiosk"),
            "till": self.url("kiosk", "/till"),
            "portal": self.url("portal"),
            "installer": self.url("portal", "/installer/"),
        }

    def part(self, name: str) -> str:
        """The folder of one program."""
        return f"{self.folder}/{name}"

    def command(self, name: str) -> tuple[str, ...]:
        """What follows `python -m`."""
        return {
            "hub": ("hub", "serve"),
            "kiosk": ("kiosk", "serve"),
            "edge": ("edge", "run"),
            "portal": ("edge.portal", "serve"),
        }[name]

    def env(self, name: str) -> dict[str, str]:
        """The settings of one program."""
        if name == "hub":
            return {
                "HUB_DIR": self.part("hub"),
                "HUB_HOST": self.host,
                "HUB_PORT": str(self.ports["hub"]),
                "HUB_URL": self.url("hub", ""),
                "HUB_NOTICE": self._notice_text(),
            }
        if name == "kiosk":
            return {
                "KIOSK_DIR": self.part("kiosk"),
                "KIOSK_HOST": self.host,
                "KIOSK_PORT": str(self.ports["kiosk"]),
                "KIOSK_HUB": self.hub_url,
                "KIOSK_NOTICE": self._notice_text(),
            }
        if name == "edge":
            return {
                "EDGE_DIR": self.part("edge"),
                "EDGE_HUB": self.hub_url,
                "EDGE_RADIO": self.radio,
                "EDGE_SPEED": f"{self.speed:g}",
            }
        # The door and its portal are one node: they share a folder, and the edge's exchange carries both their facts.
        return {
            "PORTAL_DIR": self.part("edge"),
            "PORTAL_HOST": self.host,
            "PORTAL_PORT": str(self.ports["portal"]),
            # It would say so itself as soon as the door has told it; a page that is opened before must say it, too.
            "PORTAL_NOTICE": self._notice_text(),
        }

    def _notice_text(self) -> str:
        return json.dumps(dict(self.notice), ensure_ascii=False) if self.notice else ""

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


USUAL_NAME = "portal.internal"
TLS_PORT = 8443
NO_WAY_OUT = "off"
"""To the gate an empty text is whichever interface has the default route."""

LONGEST_SSID = 32
"""Octets (IEEE 802.11, 9.4.2.2)."""


@dataclass(frozen=True, slots=True)
class Wifi:
    """The guests' network, as texts. `upstream` "": no way out. An empty text leaves the program's own default.

    `radio` is the radio in the bridge `interface`, "" where an access point of the shop's hangs on it.
    `socket` is where the gate listens, `folder` is for the files of the access point, `user` may ask the gate: the portal's.
    """

    interface: str
    upstream: str
    socket: str
    folder: str
    user: str
    address: str = ""
    ssid: str = ""
    country: str = ""
    channel: str = ""
    security: str = ""
    passphrase_file: str = ""
    offline: str = ""
    radio: str = ""
    name: str = ""
    certificate: str = ""
    certificate_key: str = ""

    @property
    def portal_name(self) -> str:
        """What phones call the portal."""
        return self.name or USUAL_NAME

    @property
    def api_url(self) -> str:
        """Where phones ask how they stand (RFC 8908), told by DHCP; "" without a certificate, since it takes TLS."""
        return f"https://{self.portal_name}:{TLS_PORT}/captive-portal/api" if self.certificate else ""

    def access_env(self) -> dict[str, str]:
        """The settings of the access point."""
        return _given(
            WIFI_INTERFACE=self.interface,
            WIFI_RADIO=self.radio,
            WIFI_DIR=self.folder,
            WIFI_ADDRESS=self.address,
            WIFI_UPSTREAM=self.upstream,
            WIFI_SSID=self.ssid,
            WIFI_COUNTRY=self.country,
            WIFI_CHANNEL=self.channel,
            WIFI_SECURITY=self.security,
            WIFI_PASSPHRASE_FILE=self.passphrase_file,
            WIFI_NAME=self.name,
            WIFI_API_URL=self.api_url,
        )

    def portal_env(self) -> dict[str, str]:
        """What the portal is told of it."""
        return _given(
            PORTAL_GATE=self.socket,
            PORTAL_SSID=self.ssid,
            PORTAL_NAME=self.name,
            PORTAL_CERT=self.certificate,
            PORTAL_CERT_KEY=self.certificate_key,
        )

    def gate_env(self, portal_port: int) -> dict[str, str]:
        """The settings of the gate."""
        return _given(
            GATE_SOCKET=self.socket,
            GATE_INTERFACE=self.interface,
            GATE_UPSTREAM=self.upstream or NO_WAY_OUT,
            GATE_ADDRESS=self.address,
            GATE_PORTAL_PORT=str(portal_port),
            GATE_OFFLINE=self.offline,
            GATE_USERS=self.user,
        )


def _given(**settings: str) -> dict[str, str]:
    return {name: value for name, value in settings.items() if value}


def ssid_of(name: Mapping[str, str]) -> str:
    """A shop's name as a network's name: in its first language, cut at a whole character where it is too long for the air."""
    text = name.get("en") or next(iter(name.values()), "") or "Shop"
    return text.encode()[:LONGEST_SSID].decode(errors="ignore").strip()


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
    wifi: Wifi | None = None

    @property
    def programs(self) -> tuple[str, ...]:
        """In the order in which they are started.

        The gate stands before the portal asks it anything, and before there is a network that it has to close; the access point
        comes last, so that the first phone finds a page.
        """
        return ("hub", "kiosk", "edge", *(("gate", "portal", "wifi") if self.wifi else ("portal",)))

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
            "staff": self.url("portal", "/staff/"),
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
            "gate": ("edge.gate", "serve"),
            "wifi": ("hardware", "wifi", "run"),
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
        if name == "gate" and self.wifi:
            return self.wifi.gate_env(self.ports["portal"])
        if name == "wifi" and self.wifi:
            return self.wifi.access_env()
        # The door and its portal are one node: they share a folder, and the edge's exchange carries both their facts.
        return {
            "PORTAL_DIR": self.part("edge"),
            # Phones come over a network that is not there yet.
            "PORTAL_HOST": EVERYWHERE[0] if self.wifi else self.host,
            "PORTAL_PORT": str(self.ports["portal"]),
            # It would say so itself as soon as the door has told it; a page that is opened before must say it, too.
            "PORTAL_NOTICE": self._notice_text(),
            **(self.wifi.portal_env() if self.wifi else {}),
        }

    def _notice_text(self) -> str:
        return json.dumps(dict(self.notice), ensure_ascii=False) if self.notice else ""

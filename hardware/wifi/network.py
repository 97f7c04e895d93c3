"""The guest network as settings: who may be heard on the air, with which addresses, which way out.

Pure. `hardware.wifi.hostapd` and `hardware.wifi.dnsmasq` write it as configuration; every value is checked here, so that no
text of a person can break out of a file that we write.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface
from typing import Literal

Security = Literal["open", "owe", "wpa2", "wpa3"]

HELD_ADDRESS = IPv4Address("198.18.0.1")
"""What every foreign name means to a phone that is held: an address for benchmarks (RFC 2544), of nobody, and not our own.

So a request for a foreign name and one for the portal's can be told apart by address, also by the firewall.
"""

USUAL_ADDRESS = IPv4Interface("10.77.0.1/24")
DNS_PORT = 53
INTERNET_DNS_PORT = 1053
"""Where the second DNS server of the machine answers: the one that asks the internet, for phones that are in only."""


@dataclass(frozen=True, slots=True)
class Network:
    """One guest network. `interface` is the radio, a wired port with an external access point, or a bridge of both.

    `address` is our own with the size of the network: 10.77.0.1/24. `upstream` None: there is no way out. `api_url` is the
    RFC 8908 address for DHCP option 114 (RFC 8910), None where no certificate is configured.
    """

    interface: str
    ssid: str = "Shop"
    country: str = "DE"
    channel: int = 6
    security: Security = "open"
    passphrase: str | None = None
    address: IPv4Interface = USUAL_ADDRESS
    portal_name: str = "portal.internal"
    upstream: str | None = None
    upstream_dns: tuple[IPv4Address, ...] = ()
    lease_s: int = 1_800
    station_limit: int | None = None
    api_url: str | None = None

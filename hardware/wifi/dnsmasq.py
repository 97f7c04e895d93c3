"""What dnsmasq is told: a server for the guest network, which gives addresses and holds names, and one that asks the internet.

Pure: from a `Network` that `check` found good to the text of two files. Each line is made of values that have no sign in them
that means anything to dnsmasq. No line makes it log a name that was asked for, or a phone's address.
"""

from __future__ import annotations

import re

from hardware.wifi.network import DNS_PORT, HELD_ADDRESS, INTERNET_DNS_PORT, Network, check

RESOLV_CONF = "/etc/resolv.conf"
CACHED_NAMES = 1_000
"""Some 100 kB, and the names of a shop's guests are the same all day."""

_PATH = re.compile(r"(/[A-Za-z0-9._@+,=:~-]+)+")
_USER = re.compile(r"[a-z_][a-z0-9_-]*")


def guest_server(network: Network, folder: str, user: str | None) -> str:
    """The server on port 53: addresses by DHCP, the portal's name, and `HELD_ADDRESS` for every other one; it never forwards.

    A question for anything else than an IPv4 address is answered with nothing (NOERROR), at once: a phone that asks for
    AAAA or HTTPS records goes on with what it has. `folder` is where the leases and the pid are kept, `user` who it
    becomes (None: it stays who it is). ValueError where a value cannot be written.
    """
    _refuse(network, folder, user)
    first, last = network.guest_range()
    return _text(
        *_both(network, folder, user, "guest"),
        f"port={DNS_PORT}",
        "no-resolv",
        "cache-size=0",
        # Beside an `address` this turns a question for another kind of record from REFUSED into an empty answer.
        "local=/#/",
        f"address=/#/{HELD_ADDRESS}",
        f"dhcp-range={first},{last},{network.address.netmask},{network.lease_s}",
        f"dhcp-lease-max={network.most_guests()}",
        f"dhcp-leasefile={folder}/leases",
        "dhcp-authoritative",
        # An offer waits for three seconds for an answer to a ping otherwise.
        "no-ping",
        # What phones call themselves is no name for others to ask for.
        "dhcp-ignore-names",
        "quiet-dhcp",
        f"dhcp-option=3,{network.address.ip}",
        f"dhcp-option=6,{network.address.ip}",
        *([f"dhcp-option=114,{network.api_url}"] if network.api_url else []),
    )


def internet_server(network: Network, folder: str, user: str | None) -> str:
    """The server on port 1053, for phones that are in: asks the servers of the settings, or those that this machine uses.

    Answers of the internet that name a private address are dropped (rebinding). ValueError where a value cannot be written.
    """
    _refuse(network, folder, user)
    servers = [f"server={server}" for server in network.upstream_dns]
    return _text(
        *_both(network, folder, user, "internet"),
        f"port={INTERNET_DNS_PORT}",
        *(["no-resolv", *servers] if servers else [f"resolv-file={RESOLV_CONF}"]),
        f"cache-size={CACHED_NAMES}",
        "stop-dns-rebind",
        "bogus-priv",
        "domain-needed",
    )


def _both(network: Network, folder: str, user: str | None, name: str) -> tuple[str, ...]:
    return (
        f"interface={network.interface}",
        "except-interface=lo",
        # An interface that goes and comes again, as a USB radio does, is taken up again.
        "bind-dynamic",
        "no-hosts",
        "local-ttl=0",
        f"local=/{network.portal_name}/",
        f"address=/{network.portal_name}/{network.address.ip}",
        f"pid-file={folder}/{name}.pid",
        "log-facility=-",
        *([f"user={user}"] if user else []),
    )


def _refuse(network: Network, folder: str, user: str | None) -> None:
    """Whoever writes without having checked gets nothing written."""
    mistakes = check(network)
    if _PATH.fullmatch(folder) is None or len(folder) > 200:
        mistakes.append(
            f"WIFI_DIR ({folder!r}) must be a whole path of letters, digits and signs of ._@+,=:~- such as /run/shopbell-wifi."
        )
    if user is not None and _USER.fullmatch(user) is None:
        mistakes.append(f"{user!r} is no user's name.")
    if mistakes:
        raise ValueError(" ".join(mistakes))


def _text(*lines: str) -> str:
    return "# Written by shopbell; changes by hand are lost.\n" + "".join(f"{line}\n" for line in lines)

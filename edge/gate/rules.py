"""The firewall as text for `nft -f -`: what passes when.

Pure. `render` gives the whole of it for one `Shape` and the classes of limits in use; it replaces rules and leaves the sets
alone, so it can be loaded again at any time. The sets' elements, which say who is in, are changed by `edge.gate.elements`.

A stay is a number, carried as the packet's mark: the class of limits in its highest five bits, a number of its own in the rest.
0 is nobody's. `up` finds it by MAC and address together, `down` by address; `used` and the two `rate_` sets are filled by the
packets themselves, and `known` remembers the MAC that belongs to an address.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, collapse_addresses
from typing import Literal

from edge.gate.protocol import Limits

TABLE = "shopbell"
DNS_PORT, INTERNET_DNS_PORT = 53, 1053
HELD_ADDRESS = IPv4Address("198.18.0.1")
"""What every foreign name means to a phone that is held (`hardware.wifi.network`); its port 80 is the portal for those."""

MOST_IN = 8_192
MOST_CLASSES = 32
CLASS_SHIFT = 27
_CLASS_MASK = (MOST_CLASSES - 1) << CLASS_SHIFT
STAY_MASK = (1 << CLASS_SHIFT) - 1

NO_VOLUME = 1 << 62
"""A quota that nobody reaches: what a guest uses is counted also where it has no end."""

FASTEST = 1_250_000_000
"""Octets per second from which a rate is no limit: ten gigabit. The kernel's sum for it would overflow."""

BURST = 81_920
"""Above one second of the rate: more than the largest packet that a network card puts together (64 KiB), or it never passed."""

NOWHERE = (
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "224.0.0.0/3",
)
"""Where no guest ever gets: this network, private ones (RFC 1918, 6598), loopback, link-local, for protocols (RFC 6890),
benchmarks, multicast and what is reserved above it.
"""


@dataclass(frozen=True, slots=True)
class Shape:
    """All that the rules depend on.

    `upstream` None: there is no way out now. `networks` have a route of their own and are not the internet: the shop's LAN,
    the router itself, a VPN. `bridge`: the guest interface is one. `away`: the kernel can look at what leaves by it.
    `other_ports`: the ports of all other bridges, where the kernel cannot name the bridge of a frame; None where it can.
    `zones`: the kernel can tell connections apart by a zone.
    """

    interface: str
    address: IPv4Interface
    portal_port: int
    tls_port: int
    allow: Literal["web", "all"]
    offline: Literal["honest", "calm"]
    upstream: str | None = None
    networks: tuple[IPv4Network, ...] = ()
    bridge: bool = False
    away: bool = True
    other_ports: tuple[str, ...] | None = None
    zones: bool = True


NO_LIMITS = Limits()
Classes = Mapping[int, Limits]
"""Limits by the number of their class, 0 to 31."""

_CLASS_CHAIN = re.compile(r"\bchain up_(\d+)_(\d+)_(\d+)_(\d+) \{")
_STAND = re.compile(r"\n\tchain (stand_[0-9a-f]{16}_[0-9a-f]{16}) \{\n\t\}\n")


def chain_of(way: str, number: int, limits: Limits) -> str:
    """The name of a class's chain. It says all of the limits, so that the kernel remembers them for us."""
    return f"{way}_{number}_{limits.down_per_s}_{limits.up_per_s}_{limits.volume}"


def classes_in(listing: str) -> dict[int, Limits]:
    """The classes of a table that is in the kernel, by its listing."""
    found = {}
    for number, down, up, volume in _CLASS_CHAIN.findall(listing):
        found[int(number)] = Limits(int(down), int(up), int(volume))
    return found


def class_of(mark: int) -> int:
    """The class of a stay's number."""
    return (mark & _CLASS_MASK) >> CLASS_SHIFT


def fingerprint(text: str) -> str:
    """Sixteen hexadecimal digits of SHA-256."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def stands_of(listing: str) -> tuple[list[str], str]:
    """The chains in which the table keeps its own fingerprints, usually one, and the listing without them."""
    return _STAND.findall(listing), _STAND.sub("", listing)


def stand(text: str, listing: str) -> str:
    """The name of that chain: of the text that was loaded, and of what the kernel made of it."""
    return f"stand_{fingerprint(text)}_{fingerprint(listing)}"


def render(shape: Shape, classes: Classes) -> str:
    """The text, for a kernel with or without an earlier one."""
    chains = _chains(shape)
    for number, limits in sorted(classes.items()):
        chains[chain_of("up", number, limits)] = ("", _class_rules(limits, limits.up_per_s, "rate_up"))
        chains[chain_of("down", number, limits)] = ("", _class_rules(limits, limits.down_per_s, "rate_down"))
    lines = [f"table inet {TABLE} {{", *_SETS]
    lines += [f"\tchain {name} {{ {hook} }}" for name, (hook, _) in chains.items()]
    lines += ["}", f"flush map inet {TABLE} up_classes", f"flush map inet {TABLE} down_classes"]
    lines += [f"flush chain inet {TABLE} {name}" for name in chains]
    for number, limits in sorted(classes.items()):
        for way in ("up", "down"):
            there = chain_of(way, number, limits)
            lines.append(
                f"add element inet {TABLE} {way}_classes {{ {number << CLASS_SHIFT:#010x} : goto {there} }}"
            )
    lines.append(f"table inet {TABLE} {{")
    for name, (_, rules) in chains.items():
        lines += [f"\tchain {name} {{", *(f"\t\t{rule}" for rule in rules), "\t}"]
    lines += ["}", *_away(shape), *_bridge(shape)]
    return "\n".join(lines) + "\n"


def forget_chains(listing: str, classes: Classes) -> str:
    """The text that takes away the chains of classes that are no more, after `render` has taken their last use."""
    lines = []
    for number, limits in classes_in(listing).items():
        if classes.get(number) != limits:
            for way in ("up", "down"):
                name = chain_of(way, number, limits)
                lines += [f"flush chain inet {TABLE} {name}", f"delete chain inet {TABLE} {name}"]
    return "".join(f"{line}\n" for line in lines)


def clear() -> str:
    """The text that takes everything of ours away, also where there is nothing."""
    families = ("inet", "netdev", "bridge")
    return "".join(f"table {family} {TABLE} {{ }}\ndelete table {family} {TABLE}\n" for family in families)


_SETS = (
    f"\tmap up {{ type ether_addr . ipv4_addr : mark; size {MOST_IN}; flags timeout; }}",
    f"\tmap down {{ type ipv4_addr : mark; size {MOST_IN}; flags timeout; }}",
    f"\tset used {{ type mark; size {MOST_IN * 4}; flags dynamic,timeout; timeout 32d; }}",
    f"\tset rate_up {{ type mark; size {MOST_IN}; flags dynamic,timeout; timeout 1m; }}",
    f"\tset rate_down {{ type mark; size {MOST_IN}; flags dynamic,timeout; timeout 1m; }}",
    "\tmap up_classes { type mark : verdict; }",
    "\tmap down_classes { type mark : verdict; }",
)

_RESET = "limit rate 200/second burst 200 packets reject with tcp reset"
_CLAMP = "tcp flags & (syn | rst) == syn tcp option maxseg size set rt mtu"
_BY_CLASS = f"meta mark & {_CLASS_MASK:#010x} vmap"
_DNS = "meta l4proto { tcp, udp } th dport"


def _chains(shape: Shape) -> dict[str, tuple[str, Sequence[str]]]:
    """Each chain's hook, and its rules. What is not the guests' is not ours: a base chain lets everything else on."""
    from_guests, to_guests = f'iifname "{shape.interface}"', f'oifname "{shape.interface}"'
    own = shape.address.ip
    return {
        # Before conntrack: who is it. An address that is ours, or nobody's, never comes from a phone.
        "tell": (_hook("filter", "prerouting", -300), [f"{from_guests} goto arriving"]),
        "arriving": ("", _arriving(shape)),
        # Where it is turned to; only the first packet of a connection comes here.
        "turn": (_hook("nat", "prerouting", -100), [f"{from_guests} goto turning"]),
        "turning": ("", _turning(shape)),
        # Before routing, so that it also answers where there is no route.
        "check": (
            _hook("filter", "prerouting", -90),
            [f"{from_guests} ip daddr != {{ {own}, 255.255.255.255 }} goto outward"],
        ),
        "outward": ("", _outward(shape)),
        "enter": (_hook("filter", "input", 0), [f"{from_guests} goto to_us"]),
        "to_us": ("", _to_us(shape)),
        "pass": (
            _hook("filter", "forward", 0),
            [f"{from_guests} goto outgoing", f"{to_guests} goto incoming"],
        ),
        "outgoing": ("", _outgoing(shape)),
        "incoming": ("", _incoming(shape)),
        "refuse": (
            "",
            [
                f"meta l4proto tcp {_RESET}",
                "limit rate 50/second burst 50 packets reject with icmp type admin-prohibited",
                "drop",
            ],
        ),
        # Our own neighbour discovery and router advertisements: guests have no IPv6.
        "leave": (_hook("filter", "output", 0), [f"{to_guests} meta nfproto ipv6 drop"]),
        "translate": (_hook("nat", "postrouting", 100), _masquerade(shape)),
    }


def _hook(kind: str, hook: str, priority: int) -> str:
    return f"type {kind} hook {hook} priority {priority}; policy accept;"


def _arriving(shape: Shape) -> list[str]:
    network, own = shape.address.network, shape.address.ip
    held = "meta mark 0 " if shape.upstream else ""
    return [
        "meta mark set 0",
        "meta nfproto != ipv4 drop",
        f"udp sport 68 udp dport 67 ip daddr {{ {own}, 255.255.255.255 }} accept",
        f"ip saddr != {network} drop",
        f"ip saddr {{ {network.network_address}, {own}, {network.broadcast_address} }} drop",
        "meta mark set ether saddr . ip saddr map @up",
        # The kernel goes on turning a port's questions as it turned the first for half a minute. So those that go to one server
        # are another zone's than those that go to the other, and a resolver that keeps its port sees the change at once.
        *([f"{held}udp dport {DNS_PORT} ct original zone set 1"] if shape.zones else []),
    ]


def _turning(shape: Shape) -> list[str]:
    to_portal = f"tcp dport 80 redirect to :{shape.portal_port}"
    rules = [f"ip daddr {shape.address.ip} {to_portal}"]
    if shape.upstream or shape.offline == "calm":
        # A phone that came in a moment ago still knows names by it. Without a way out every name means it, and any page there,
        # whatever its status, is a log-in page to NetworkManager: whoever is in is refused instead, and says "no internet".
        rules.append(f"ip daddr {HELD_ADDRESS} {to_portal}")
    if shape.upstream:
        rules.append(f"meta mark != 0 {_DNS} {DNS_PORT} redirect to :{INTERNET_DNS_PORT}")
    rules.append(f"{_DNS} {DNS_PORT} redirect to :{DNS_PORT}")
    calm = not shape.upstream and shape.offline == "calm"
    rules.append(to_portal if calm else f"meta mark 0 {to_portal}")
    return rules


def _outward(shape: Shape) -> list[str]:
    # A phone that is held tries 443 of everything; a reset now is better for it than a minute's wait. Nothing else is answered.
    rules = [f"meta mark 0 tcp dport 443 {_RESET}", "meta mark 0 drop"]
    return rules if shape.upstream else [*rules, "goto refuse"]


def _to_us(shape: Shape) -> list[str]:
    rules = [
        "udp sport 68 udp dport 67 accept",
        f"ip daddr != {shape.address.ip} drop",
        f"{_DNS} {DNS_PORT} accept",
        f"tcp dport {{ {shape.portal_port}, {shape.tls_port} }} accept",
    ]
    if shape.upstream:
        rules.append(f"meta mark != 0 {_DNS} {INTERNET_DNS_PORT} accept")
    return [*rules, f"tcp dport 443 {_RESET}", "drop"]


def _outgoing(shape: Shape) -> list[str]:
    rules = [f'oifname "{shape.interface}" drop', "meta mark 0 drop"]
    if not shape.upstream:
        return [*rules, "drop"]
    rules += [
        f'oifname != "{shape.upstream}" goto refuse',
        f"ip daddr {{ {', '.join(map(str, _closed(shape)))} }} goto refuse",
        "ct state invalid drop",
        f"ct state related icmp type destination-unreachable {_BY_CLASS} @up_classes",
        _CLAMP,
    ]
    if shape.allow == "web":
        rules += [
            "meta l4proto != { tcp, udp } goto refuse",
            "tcp dport != { 80, 443 } goto refuse",
            "udp dport != 443 goto refuse",
        ]
    return [*rules, f"{_BY_CLASS} @up_classes", "drop"]


def _incoming(shape: Shape) -> list[str]:
    if not shape.upstream:
        return ["drop"]
    return [
        f'iifname != "{shape.upstream}" drop',
        "ct state != { established, related } drop",
        "meta mark set 0",
        "meta mark set ip daddr map @down",
        "meta mark 0 drop",
        _CLAMP,
        f"{_BY_CLASS} @down_classes",
        "drop",
    ]


def _class_rules(limits: Limits, per_s: int, rates: str) -> list[str]:
    # "until" and not "over": where a set is full, a limit cannot be kept, and then nothing passes.
    parts = []
    if 0 < per_s < FASTEST:
        parts.append(f"update @{rates} {{ meta mark limit rate {per_s} bytes/second burst {BURST} bytes }}")
    parts.append(f"update @used {{ meta mark quota until {limits.volume or NO_VOLUME} bytes }}")
    # On the way up the mark has done its work, and other tables may have theirs; on the way down `away` still asks for it.
    parts.append("meta mark set 0 accept" if rates == "rate_up" else "accept")
    return [" ".join(parts), "drop"]


def _closed(shape: Shape) -> list[IPv4Network]:
    """All networks that are closed to guests, without overlaps, which an nftables set does not take."""
    every = (*map(IPv4Network, NOWHERE), *shape.networks, shape.address.network)
    return list(collapse_addresses(every))


def _masquerade(shape: Shape) -> list[str]:
    if not shape.upstream:
        return []
    return [f'oifname "{shape.upstream}" ip saddr {shape.address.network} masquerade']


def _away(shape: Shape) -> list[str]:
    """Nobody gets what is another's by answering ARP for its address: what leaves for it goes to its MAC only."""
    table = f"netdev {TABLE}"
    lines = [
        f"table {table} {{",
        f"\tset known {{ type ether_addr . ipv4_addr; size {MOST_IN * 2}; flags timeout; }}",
        "\tchain away { }",
        "}",
        f"flush chain {table} away",
        f"delete chain {table} away",
    ]
    if not shape.away:
        return lines
    return [
        *lines,
        f"table {table} {{",
        "\tchain away {",
        f'\t\ttype filter hook egress device "{shape.interface}" priority 0; policy accept;',
        "\t\tmeta mark != 0 ether daddr . ip daddr != @known drop",
        "\t}",
        "}",
    ]


def _bridge(shape: Shape) -> list[str]:
    """Between the ports of a bridge nothing passes, of any protocol."""
    lines = [f"table bridge {TABLE} {{", "}", f"delete table bridge {TABLE}", f"table bridge {TABLE} {{"]
    if shape.bridge:
        lines += ["\tchain pass {", "\t\ttype filter hook forward priority 0; policy accept;"]
        if shape.other_ports is None:
            lines.append(f'\t\tmeta ibrname "{shape.interface}" drop')
        else:
            lines += [f'\t\tiifname "{port}" accept' for port in sorted(shape.other_ports)]
            lines.append("\t\tdrop")
        lines.append("\t}")
    return [*lines, "}"]


def needs(shape: Shape) -> dict[str, str]:
    """What not every kernel can, each as a text to try with `nft -c`: look at what leaves, name a frame's bridge, zones."""
    hook = f'type filter hook egress device "{shape.interface}" priority 0;'
    zone = "type filter hook prerouting priority -300; ct original zone set 1"
    named = f'type filter hook forward priority 0; meta ibrname "{shape.interface}" drop'
    return {
        "away": f"table netdev {TABLE}_try {{ chain one {{ {hook} }}\n}}\n",
        "zones": f"table inet {TABLE}_try {{ chain one {{ {zone}\n}}\n}}\n",
        "ibrname": f"table bridge {TABLE}_try {{ chain one {{ {named}\n}}\n}}\n",
    }

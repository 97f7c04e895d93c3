"""The portal against Debian's openNDS, each with its own DHCP and DNS as gateway of the same guest network, in turns in one run.

Both answer a held phone in its own namespace: what it asks to find out whether there is an internet, the page that it is sent
to, and the way from the form to the first packet that passes. openNDS's page has no coupon; ours is measured with the coupon that
this phone has already, and with one that is signed and written to disk for a phone that is new.
"""

from __future__ import annotations

import json
import re
import statistics
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import guest_network
from guest_network import GuestNetwork, Phone
from guest_shop import PORTAL, GuestShop

from tests.bench import _opennds
from tests.bench._crowd import first_pages
from tests.bench._shopper import click, click_theirs, pages_a_second, to_page

PROBE = "http://connectivitycheck.gstatic.com/generate_204"
LOAD_S = 2
CONNECTIONS = 8
NEW_PHONES = 200
FORGOTTEN_S = 1.5
PEER_S = 3
WANTS = (
    "probe answers",
    "page, seen before",
    "page, fresh coupon and QR",
    "lease to page",
    "form to first packet",
)
GOALS = (90.0, 300.0, 40.0, 1.0, 1.0)
UNITS = ("/s", "/s", "/s", "ms", "ms")


def rate(phone: Phone, url: str, seconds: int = LOAD_S) -> float:
    """Answers a second to wrk in this phone's namespace, one connection for many requests where the other side allows it."""
    said = phone.run(["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}", url], timeout=seconds + 30).stdout
    found = re.search(r"Requests/sec:\s+([\d.]+)", said)
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
    if found is None or bad:
        raise RuntimeError(f"{url} is not answered as it should be: {said}")
    return float(found[1])


def peer_rate(phone: Phone, url: str) -> float:
    """Pages a second of openNDS, asked by four at once without a connection kept: it ends connections that wrk keeps full."""
    came = phone.call(pages_a_second, url, PEER_S, 4, timeout=PEER_S + 60)
    if not came["rate"]:
        raise RuntimeError(f"openNDS does not answer with its page: {came}")
    return float(came["rate"])


def new_phones(network: GuestNetwork, many: Phone, number: int, taken: set[str]) -> float:
    """First pages a second for phones that were never there: each an address, and a hardware address of this round."""
    addresses = [there for last in range(20, 20 + NEW_PHONES) if (there := f"10.77.0.{last}") not in taken]
    many.become(f"02:bb:00:00:00:{number:02x}")
    many.ip(*(f"addr add {each}/24 dev {guest_network.RADIO}" for each in addresses))
    # Nobody announces these addresses, so the gateway has to forget who had them.
    network.gateway.run(["ip", "neigh", "flush", "dev", guest_network.BRIDGE])
    # The portal looks at the addresses once a second; until then these would be the phones of the round before.
    time.sleep(FORGOTTEN_S)
    try:
        return float(many.call(first_pages, addresses, timeout=120))
    finally:
        # Somebody may lease one of them next.
        many.ip(f"addr flush dev {guest_network.RADIO}", f"link set {guest_network.RADIO} down")


def _newcomer(phone: Phone, number: int) -> None:
    phone.become(f"02:aa:00:00:00:{number:02x}")
    phone.lease()


def _round(
    network: GuestNetwork, number: int, ours: tuple[Phone, Phone, Phone], theirs: tuple[Phone, Phone]
) -> list[tuple[float, float]]:
    held, newcomer, many = ours
    held_there, newcomer_there = theirs
    _newcomer(newcomer, number)
    our_page_s = newcomer.call(to_page, "http://example.com/")
    our_form_s = newcomer.call(click, PORTAL)
    _newcomer(newcomer_there, number)
    their_page_s = newcomer_there.call(to_page, "http://example.com/", timeout=60)
    their_form_s = newcomer_there.call(click_theirs, "http://example.com/", timeout=90)
    if min(our_form_s, their_form_s) < 0:
        raise RuntimeError(f"no packet passed after a form: ours {our_form_s:g}, openNDS {their_form_s:g}")
    fresh = new_phones(network, many, number, {held.ip_address, newcomer.ip_address})
    their_page_rate = peer_rate(held_there, _opennds.splash(held_there))
    return [
        (rate(held, PROBE), rate(held_there, PROBE)),
        (rate(held, f"{PORTAL}/"), their_page_rate),
        (fresh, their_page_rate),
        (our_page_s * 1000, their_page_s * 1000),
        (our_form_s * 1000, their_form_s * 1000),
    ]


def _skipped(why: str) -> list[dict[str, Any]]:
    return [
        {"name": f"portal against openNDS: {why}", "ours": None, "peer": None, "ratio": None, "goal": None}
    ]


def measure(rounds: int = 7) -> list[dict[str, Any]]:
    """One row for each thing; a rate's `ratio` is ours to theirs, a time's is theirs to ours."""
    why = guest_network.missing(wrk="wrk") or _opennds.why_not()
    if why:
        return _skipped(why)
    taken: list[list[tuple[float, float]]] = []
    with (
        GuestNetwork(phones=3) as network,
        GuestNetwork(phones=2) as other,
        GuestShop(network, PORTAL_MINUTES="60"),
    ):
        _opennds.start(other)
        for phone in (*network.phones[:2], *other.phones):
            phone.lease()
        ours = (network.phones[0], network.phones[1], network.phones[2])
        theirs = (other.phones[0], other.phones[1])
        for number in range(rounds + 1):
            seen = _round(network, number, ours, theirs)
            if number:
                taken.append(seen)
    rows = []
    for place, (name, goal, unit) in enumerate(zip(WANTS, GOALS, UNITS, strict=True)):
        pairs = [seen[place] for seen in taken]
        ratios = [a / b if unit == "/s" else b / a for a, b in pairs]
        rows.append(
            {
                "name": name,
                "ours": statistics.median(a for a, _ in pairs),
                "peer": statistics.median(b for _, b in pairs),
                "ratio": statistics.median(ratios),
                "goal": goal,
                "unit": unit,
            }
        )
    return rows


if __name__ == "__main__":
    print(json.dumps(measure(1), indent=1))

"""kill -9 of the portal, the gate and the DNS servers: who was in stays in, no stranger comes through, all is back soon."""

from __future__ import annotations

import os
import random
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import guest_inside as inside
import pytest
from guest_network import GATEWAY, INTERNET, need
from guest_shop import FOREIGN, PORTAL, GuestShop, enter, hidden, is_out, open_shop

BACK_WITHIN_S = 2.0
STARTS_IN = 5
"""On a machine that is busy with something else: within so many times what a start of the portal's Python takes there."""
SEED = 4
STRIKES = 3
EVERY_S = 4.0


def strike(shop: GuestShop, name: str) -> None:
    """kill -9 of one program, or of both DNS servers that `wifi` keeps."""
    if name != "dnsmasq":
        shop.programs[name].kill()
        return
    for pid in shop.dnsmasqs():
        os.kill(pid, signal.SIGKILL)


def start_s(shop: GuestShop) -> float:
    """How long the machine takes now to load what the portal is made of."""
    begun = time.monotonic()
    shop.network.gateway.run([sys.executable, "-c", "import edge.portal.app"], timeout=60)
    return time.monotonic() - begun


class Watch:
    """Runs beside the test; `told` is what it saw."""

    def __init__(self, run: Callable[[], Any]) -> None:
        self.told: Any = None
        self._thread = threading.Thread(target=lambda: setattr(self, "told", run()))
        self._thread.start()

    def end(self, within_s: float) -> Any:
        """What it saw, when it has seen all."""
        self._thread.join(within_s)
        assert self.told is not None
        return self.told


@pytest.mark.parametrize("name", ["portal", "gate", "dnsmasq", "wifi"])
def test_kill_9_throws_nobody_out_and_lets_nobody_in(name: str) -> None:
    need()
    chance = random.Random(f"{SEED} {name}")
    with open_shop(phones=4) as (network, shop):
        guest, newcomer, stranger, asker = network.phones
        assert enter(guest, remember="no").status == 303
        assert is_out(guest)
        seconds = STRIKES * EVERY_S + 4.0
        wait_s = seconds + 40
        seen_by = {
            "portal": (asker, ("http", f"http://{GATEWAY}/")),
            "gate": (network.gateway, ("gate", str(shop.socket))),
            "held names": (asker, ("dns", f"portal.internal@{GATEWAY}")),
            "names of guests": (guest, ("dns", f"example.com@{GATEWAY}")),
        }
        with network.heard() as frames:
            inside_all_along = Watch(
                lambda: guest.call(inside.stays_out, INTERNET, 443, seconds, False, timeout=wait_s)
            )
            watches = {
                what: Watch(
                    lambda place=place, how=how: place.call(inside.outages, *how, seconds, timeout=wait_s)
                )
                for what, (place, how) in seen_by.items()
            }
            time.sleep(1.0)
            starts_s = [start_s(shop)]
            for _ in range(STRIKES):
                at = time.monotonic()
                time.sleep(chance.uniform(0.0, EVERY_S / 2))
                strike(shop, name)
                # A stranger tries in the very moment.
                assert stranger.call(inside.connects, INTERNET, 443, 0.2) != "open"
                assert not stranger.call(inside.echoes, INTERNET, 4500, 0.2)
                starts_s.append(start_s(shop))
                time.sleep(max(0.0, at + EVERY_S - time.monotonic()))
            stayed = inside_all_along.end(wait_s)
            away = {what: watch.end(wait_s) for what, watch in watches.items()}
        assert stayed["gap"] < 1.0, stayed
        assert stayed["tcp_last"] > stayed["last"] - 2, stayed
        within_s = max(BACK_WITHIN_S, STARTS_IN * max(starts_s))
        assert {what: told for what, told in away.items() if told["longest"] > within_s} == {}
        assert [frame for frame in frames if frame.get("port") == 4500] == []
        caught = stranger.get(FOREIGN)
        assert (caught.status, caught.headers.get("location")) == (302, f"{PORTAL}/")
        # And the shop goes on: the next guest comes in, the first can still leave.
        assert enter(newcomer, remember="no").status == 303
        assert is_out(newcomer)
        page = guest.get(f"{PORTAL}/in")
        assert guest.post(f"{PORTAL}/leave", hidden(page.body, "/leave")).status == 303
        assert not is_out(guest)
        print(f"{name}: away for", {what: told["gaps"] for what, told in away.items() if told["gaps"]})

"""What Debian's NetworkManager, as a guest, thinks of the network: a portal, then full; limited where the shop's line is cut."""

from __future__ import annotations

import time

import pytest
from guest_manager import COMMANDS, Manager
from guest_network import GATEWAY, need
from guest_shop import FOREIGN, PORTAL, GuestNetwork, GuestShop, enter, hidden, is_out

DEBIANS = "http://network-test.debian.org/nm"


@pytest.mark.parametrize("uri", ["http://nmcheck.gnome.org/check_network_status.txt", DEBIANS])
def test_network_manager_reports_a_portal_then_full_then_no_internet(uri: str) -> None:
    need(**COMMANDS)
    with GuestNetwork(phones=1) as network, GuestShop(network):
        phone = network.phones[0]
        manager = Manager(phone, GATEWAY, uri)
        assert manager.connectivity() == "portal"
        assert enter(phone, remember="no").status == 303
        assert manager.becomes("full") == "full"
        assert is_out(phone)
        network.unplug()
        # Honest, from the first moment on: it is no portal, and a log-in would not help. The shop's pages are there.
        assert {manager.connectivity() for _ in range(6) if not time.sleep(0.7)} == {"limited"}
        assert phone.get(FOREIGN).status == 0
        assert phone.get(f"{PORTAL}/offers").status == 200
        network.plug()
        assert manager.becomes("full") == "full"
        page = phone.get(f"{PORTAL}/in")
        assert phone.post(f"{PORTAL}/leave", hidden(page.body, "/leave")).status == 303
        assert manager.becomes("portal") == "portal"
        assert phone.get(FOREIGN).status == 302


def test_the_calm_mode_keeps_network_manager_content_without_a_line() -> None:
    need(**COMMANDS)
    with GuestNetwork(phones=1) as network, GuestShop(network, GATE_OFFLINE="calm"):
        phone = network.phones[0]
        network.unplug()
        manager = Manager(phone, GATEWAY)
        assert manager.becomes("portal") == "portal"
        assert enter(phone, remember="no").status == 303
        assert manager.becomes("full") == "full"
        assert not is_out(phone)

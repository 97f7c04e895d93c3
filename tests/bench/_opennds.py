"""Debian's openNDS as the gateway of a guest network, for measuring against it in the same namespaces as ours."""

from __future__ import annotations

import re
import shutil
import time
from pathlib import Path

from guest_network import BRIDGE, GATEWAY, INTERNET, PATH, GuestNetwork, Phone

CONFIG = f"""GatewayInterface {BRIDGE}
GatewayName LabShop
login_option_enabled 1
statuspath /usr/lib/opennds/client_params.sh
use_outdated_mhd 1
maxclients 500
"""
NAMES = f"""interface={BRIDGE}
bind-interfaces
except-interface=lo
no-resolv
no-hosts
no-ping
user=root
dhcp-range=10.77.0.50,10.77.0.200,255.255.255.0,10m
dhcp-option=3,{GATEWAY}
dhcp-option=6,{GATEWAY}
dhcp-option=114,http://status.client
address=/status.client/{GATEWAY}
address=/#/{INTERNET}
dhcp-leasefile=/var/lib/misc/dnsmasq.leases
pid-file=
"""
STARTS_WITHIN_S = 40.0


def why_not() -> str:
    """Why openNDS cannot be run here; "" where it can."""
    for command, package in (("opennds", "opennds"), ("iptables", "iptables")):
        if not shutil.which(command, path=PATH):
            return f"openNDS is not here: apt install {package}"
    return ""


def start(network: GuestNetwork) -> None:
    """Run it, with its DHCP and DNS, in the gateway's namespace.

    openNDS 9.10 makes its chains again at priority -100, and Debian's iptables-nft then refuses to add to them, so a command
    `nft` in front of the real one leaves them at 0. It answers 403 to phones that it finds in none of its fixed lease files.
    """
    place, folder = network.gateway, network.gateway.folder
    for target in ("/run", "/var/lib/misc"):
        place.run(["mount", "-t", "tmpfs", "tmpfs", target])
    place.run(["ip", "link", "set", BRIDGE, "up"])
    (folder / "names.conf").write_text(NAMES)
    place.popen(["dnsmasq", "--no-daemon", f"--conf-file={folder / 'names.conf'}"], "names.log")
    rules = Path("/etc/opennds/opennds.conf").read_text()
    (folder / "opennds.conf").write_text(
        CONFIG + rules[re.search(r"^FirewallRuleSet", rules, re.MULTILINE).start() :]
    )  # type: ignore[union-attr]  # the package's file has one
    shim = folder / "bin" / "nft"
    shim.parent.mkdir()
    shim.write_text('#!/bin/bash\nexec /usr/sbin/nft "${@//priority -100/priority 0}"\n')
    shim.chmod(0o755)
    command = [
        "env",
        f"PATH={shim.parent}:{PATH}",
        "opennds",
        "-f",
        "-d",
        "1",
        "-c",
        str(folder / "opennds.conf"),
    ]
    running = place.popen(command, "opennds.log")
    until = time.monotonic() + STARTS_WITHIN_S
    while place.run(["ndsctl", "status"], check=False).returncode:
        if running.poll() is not None or time.monotonic() > until:
            raise RuntimeError(f"openNDS does not start: {place.said('opennds.log')[-800:]}")
        time.sleep(0.2)


def splash(phone: Phone) -> str:
    """The address of the splash page, as a held phone is sent to it."""
    sent = phone.get("http://example.com/", timeout=20)
    if sent.status not in (302, 307, 511) or "location" not in sent.headers:
        raise RuntimeError(f"openNDS does not catch: {sent}")
    return sent.headers["location"]

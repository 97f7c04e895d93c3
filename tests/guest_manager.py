"""Debian's NetworkManager as a phone of the guest network, with a D-Bus daemon of its own, as on a laptop."""

from __future__ import annotations

import time
from collections.abc import Callable

from guest_network import RADIO, Failed, Phone

COMMANDS = {
    "NetworkManager": "network-manager",
    "nmcli": "network-manager",
    "dbus-daemon": "dbus-daemon",
    "dbus-send": "dbus-bin",
}
CHECK = "http://nmcheck.gnome.org/check_network_status.txt"
"""What GNOME's build asks; Debian's own asks the same file of network-test.debian.org."""

BUS = """<busconfig><type>system</type><listen>unix:path=/run/dbus/system_bus_socket</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><allow own="*"/><allow send_type="method_call"/><allow send_type="signal"/>
<allow send_requested_reply="true"/><allow receive_requested_reply="true"/></policy></busconfig>
"""
BUS_ANSWERS = (
    "dbus-send --bus=unix:path=/run/dbus/system_bus_socket --print-reply --dest=org.freedesktop.DBus "
    "/org/freedesktop/DBus org.freedesktop.DBus.GetId 2>/dev/null"
)
CONFIG = """[main]
plugins=keyfile
dhcp=internal
dns=none
auth-polkit=false
no-auto-default=*
[connectivity]
enabled=true
uri={uri}
response=NetworkManager is online
interval=300
[logging]
level=INFO
"""


class Manager:
    """NetworkManager on one phone; it has the lease, and says what it thinks of the network."""

    def __init__(self, phone: Phone, server: str, uri: str = CHECK) -> None:
        self._phone, folder = phone, phone.folder
        (folder / "bus.conf").write_text(BUS)
        (folder / "nm.conf").write_text(CONFIG.format(uri=uri))
        for target in ("/run", "/var/lib/NetworkManager", "/etc/NetworkManager"):
            phone.run(["mount", "-t", "tmpfs", "tmpfs", target])
        # With a read-only /sys NetworkManager does not wait for udev, as in a container.
        phone.run(
            [
                "sh",
                "-c",
                "mkdir -p /run/dbus /etc/NetworkManager/system-connections; mount -o remount,ro /sys",
            ]
        )
        phone.resolve_with(server)
        phone.popen(
            ["dbus-daemon", f"--config-file={folder / 'bus.conf'}", "--nofork", "--nopidfile"], "bus.log"
        )
        # Begun before its bus listens, NetworkManager goes on without one for ever, and nobody can ask it anything.
        self._until("the bus", "bus.log", lambda: bool(self._run("sh", "-c", BUS_ANSWERS)))
        # With --debug it tells this file what it does; without, only the machine's journal.
        phone.popen(
            ["NetworkManager", "--debug", f"--config={folder / 'nm.conf'}", "--pid-file=/run/nm.pid"],
            "nm.log",
        )
        self._until(
            "NetworkManager", "nm.log", lambda: self._tell("-t", "-f", "RUNNING", "general") == "running"
        )
        self._do("connection", "add", "type", "ethernet", "ifname", RADIO, "con-name", "shop",
                 "ethernet.cloned-mac-address", phone.mac, "ipv6.method", "disabled", "autoconnect", "no")  # fmt: skip
        self._do("-w", "30", "connection", "up", "shop")

    def connectivity(self) -> str:
        """What it finds when it looks now: none, portal, limited, full."""
        return self._do("networking", "connectivity", "check")

    def becomes(self, wanted: str, within_s: float = 10.0) -> str:
        """What it finds, looked at again until it is what is waited for or the time is over."""
        until = time.monotonic() + within_s
        while (found := self.connectivity()) != wanted and time.monotonic() < until:
            time.sleep(0.3)
        return found

    def _until(self, what: str, log: str, ready: Callable[[], bool], within_s: float = 60.0) -> None:
        until = time.monotonic() + within_s
        while not ready():
            if time.monotonic() > until:
                raise Failed(f"{what} does not start: {self._phone.said(log)[-800:]}")
            time.sleep(0.1)

    def _run(self, *argv: str) -> str:
        return self._phone.run(argv, check=False, timeout=40).stdout.strip()

    def _tell(self, *words: str) -> str:
        return self._run("nmcli", *words)

    def _do(self, *words: str) -> str:
        return self._phone.run(["nmcli", *words], timeout=40).stdout.strip()

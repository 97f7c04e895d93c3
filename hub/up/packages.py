"""Debian's packages that tests and measurements work with: which are missing, and installing them where the user may."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

SYSTEM_PATH = "/usr/local/sbin:/usr/sbin:/sbin"
"""Where programs for administrators are, also for whoever does not have it on the path."""

POSTGRES = Path("/usr/lib/postgresql")
"""Debian keeps each version's server in a folder of its own here, on nobody's path."""

SYSTEMD_RUNS = Path("/run/systemd/system")
INSTALL_WITHIN_S = 420


@dataclass(frozen=True, slots=True)
class Tool:
    """A program of one of Debian's packages. `starts`: installed on a machine that runs, it would start a service there."""

    program: str
    package: str
    starts: bool = False

    def is_here(self) -> bool:
        """Whether it can be run."""
        return find_program(self.program) is not None


TEST_TOOLS = (
    Tool("ip", "iproute2"),
    Tool("nft", "nftables"),
    Tool("dnsmasq", "dnsmasq-base"),
    Tool("udhcpc", "udhcpc"),
    Tool("dbus-daemon", "dbus-daemon"),
    Tool("iw", "iw"),
    Tool("zbarimg", "zbar-tools"),
    Tool("cc", "gcc"),
    Tool("cc", "libc6-dev"),
    Tool("systemd-analyze", "systemd"),
    Tool("systemd-nspawn", "systemd-container"),
    Tool("minisign", "minisign"),
    Tool("gammu", "gammu"),
    Tool("bearerbox", "kannel", starts=True),
    Tool("hostapd", "hostapd", starts=True),
    Tool("wpa_supplicant", "wpasupplicant", starts=True),
    Tool("NetworkManager", "network-manager", starts=True),
    Tool("initdb", "postgresql", starts=True),
)
"""For the tests of the Wi-Fi portal, of codes on paper (zbar), of text messages (gammu, kannel), of what a power cut leaves (a C
compiler and its library's headers), of the hub's other database, and of installing in a fresh Debian (systemd-container,
minisign). The services among them would take hold of this machine's own network."""

PEER_TOOLS = (
    Tool("opennds", "opennds", starts=True),
    Tool("iptables", "iptables"),
    Tool("wrk", "wrk"),
    Tool("ab", "apache2-utils"),
)
"""What the portal is measured against, and with."""


def find_program(name: str) -> str | None:
    """Where a program is, also one for administrators or of a PostgreSQL server; None where it is not."""
    servers = ":".join(sorted(map(str, POSTGRES.glob("*/bin")), key=_version, reverse=True))
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:{SYSTEM_PATH}:{servers}")


def _version(folder: str) -> int:
    number = Path(folder).parent.name
    return int(number) if number.isdecimal() else 0


def bring(
    tools: Iterable[Tool],
    tell: Callable[[str], None],
    what_for: str,
    *,
    services: bool,
    systemd: Path = SYSTEMD_RUNS,
) -> list[Tool]:
    """Install what is missing where that can be done here; what is missing afterwards.

    Without `services` nothing is installed that systemd would start here: no access point may come up on somebody's own machine
    because its owner ran the tests.
    """
    missing = [tool for tool in tools if not tool.is_here()]
    wanted = [tool.package for tool in missing if services or not tool.starts or not systemd.exists()]
    if wanted and can_install():
        tell(f"installing Debian's {', '.join(wanted)} {what_for} (a minute or two, once)")
        install(wanted, tell)
    return [tool for tool in missing if not tool.is_here()]


def can_install() -> bool:
    """Whether this user may install packages, and this machine has Debian's way to."""
    return _as_root() is not None and shutil.which("apt-get") is not None


def install(packages: Sequence[str], tell: Callable[[str], None]) -> bool:
    """Whether apt-get has installed them all. Call it where `can_install` says so."""
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    arguments = ("install", "-y", "--no-install-recommends", *packages)
    for words in (arguments, ("update",), arguments):
        try:
            done = subprocess.run(
                [*(_as_root() or ()), "apt-get", "-q", *words],
                env=env,
                capture_output=True,
                timeout=INSTALL_WITHIN_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            tell("apt-get took too long and was given up")
            return False
        # The first try may know an old list of packages; then the list is fetched and it is tried once more.
        if done.returncode == 0 and words == arguments:
            return True
    return False


def _as_root() -> list[str] | None:
    """What to write before a command that installs; None where this user may not."""
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo"):
        asked = subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False)
        if asked.returncode == 0:
            return ["sudo", "-n"]
    return None

"""`shopbell install`: this machine as a part of the shop that starts by itself, with systemd's services.

May be run again: what is as it should be is left alone, and each thing that is done is told. `--root DIR` writes the files below
a folder and runs nothing, for images and for a look.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from hub.up.access import (
    choose_upstream,
    default_routes,
    insist_on_interface,
    is_radio,
    missing_packages,
    read_address,
)
from hub.up.hands import WITHIN_S, Hands, tell
from hub.up.packages import SYSTEMD_RUNS, can_install, install
from hub.up.plan import TLS_PORT
from hub.up.sentences import UpError
from hub.up.services import (
    GATE_SOCKET,
    KEY_FILE,
    MODULES,
    RADIO_UNIT,
    RECORD_FILE,
    SETTINGS_FILE,
    STATE,
    Machine,
    Record,
    as_word,
    files_of,
    next_steps,
    packages_of,
    record_text,
    settings_text,
    stale_files,
    together,
    units_of,
)
from hub.up.tree import Home, find_home
from hub.up.whereabouts import country_of, local_timezone
from hub.up.wireless import insist_on_key

HOMES = ("home", "root", "run", "tmp")


def run(args: argparse.Namespace) -> int:
    """Install; 0 where it went through."""
    root: Path | None = args.root
    home = find_home()
    if root is None:
        insist_on_machine(os.geteuid(), SYSTEMD_RUNS)
        for path in (home.folder, Path(sys.executable).resolve()):
            insist_on_place(path)
    insist_on_name(home.folder)
    work = Work(root, args.passphrase_file)
    before = work.record()
    if args.again:
        return _again(work, home, before)
    asked = plan_machine(args, home, root)
    machine = together(before.machine if before else None, asked)
    work.install_packages(machine)
    changed = work.write(machine, read_templates(home.units), before)
    if root is None:
        changed = work.bring_up(machine, changed, _pairing(args, asked)) or changed
    tell("Everything is in place." if changed else "Everything was in place already: nothing to do.")
    joined = [role for role in machine.roles if work.has_joined(role)]
    for step in next_steps(machine, joined):
        tell(step)
    return 0


def _again(work: Work, home: Home, before: Record | None) -> int:
    """The files of this version for what the machine is already; starts nothing. For `shopbell update`."""
    if before is None:
        raise UpError("Nothing is installed on this machine that could be installed again.")
    machine = replace(before.machine, clone=str(home.folder), is_packaged=home.is_packaged)
    work.write(machine, read_templates(home.units), before)
    if work.root is None:
        work.prepare(machine)
        work.run("systemctl", "-q", "enable", *units_of(machine))
    return 0


def insist_on_machine(uid: int, systemd: Path) -> None:
    """Root, on a machine with systemd."""
    if not systemd.exists():
        raise UpError(
            "This machine is not run by systemd, so it has no services to install. Use ./shopbell up."
        )
    if uid != 0:
        raise UpError("Installing services takes root: sudo ./shopbell install ...")


def insist_on_place(path: Path) -> None:
    """Services look into nobody's home."""
    if len(path.parts) > 1 and path.parts[1] in HOMES:
        raise UpError(
            f"{path} is in a place that services do not look into. Move the whole project to where the machine's own software "
            "is, and use a Python for everybody: sudo mv shopbell /opt/shopbell, then there: "
            "sudo SHOPBELL_PYTHON=/usr/bin/python3 ./shopbell install ..."
        )


def insist_on_name(folder: Path) -> None:
    """A folder whose name systemd can be told."""
    try:
        as_word(str(folder))
    except ValueError as wrong:
        raise UpError(
            f"{wrong} Give the folder a name without quotes, backslashes and dollar signs."
        ) from wrong


def plan_machine(args: argparse.Namespace, home: Home, root: Path | None) -> Machine:
    """What was asked for; UpError where it does not fit together."""
    roles = tuple(role for role in MODULES if getattr(args, role) or role in args.roles)
    if not roles:
        raise UpError("Say what this machine is to be: door, counter, office, or several of them.")
    if args.screen and "counter" not in roles:
        raise UpError("The shoppers' screen belongs to the counter: --counter --screen.")
    if args.wifi is None:
        settings = _common(args, roles)
        return replace(_plain(home, roles), settings=settings, has_screen=args.screen)
    if "door" not in roles:
        raise UpError("The guests' network belongs to the door: --door --wifi IFACE.")
    if args.ssid is None:
        raise UpError("Give the network a name: --ssid 'Corner Shop'.")
    insist_on_key(args)
    radio = is_radio(args.wifi) or args.radio
    if root is None:
        import socket

        insist_on_interface(args.wifi, [name for _, name in socket.if_nameindex()], default_routes())
    machine = replace(_plain(home, roles), interface=args.wifi, is_radio=radio, has_screen=args.screen)
    upstream = "" if root is not None and args.upstream is None else choose_upstream(args.upstream, args.wifi)
    settings = _common(args, roles) | _wifi_settings(args, machine, upstream)
    return replace(machine, settings=settings)


def _plain(home: Home, roles: tuple[str, ...]) -> Machine:
    return Machine(str(home.folder), roles, is_packaged=home.is_packaged)


def _common(args: argparse.Namespace, roles: Sequence[str]) -> dict[str, str]:
    """Settings of every role."""
    found: dict[str, str] = {}
    if args.hub is not None:
        found |= {f"{MODULES[role].upper()}_HUB": args.hub for role in roles if role != "office"}
    return found


def _wifi_settings(args: argparse.Namespace, machine: Machine, upstream: str) -> dict[str, str]:
    """Settings of the guests' network, for its three programs."""
    address = read_address(args.guests)
    country = args.country or (country_of(local_timezone()) if machine.is_radio else None)
    if machine.is_radio and country is None:
        raise UpError("Give the country whose rules of the air hold, with two letters, such as --country DE.")
    name = args.name or ""
    certificate = args.certificate is not None
    api_url = f"https://{name}:{TLS_PORT}/captive-portal/api" if certificate and name else ""
    if certificate and not name:
        raise UpError("A certificate is for a name: give --name, too.")
    wanted = {
        "WIFI_INTERFACE": machine.guests,
        "WIFI_RADIO": machine.interface if machine.is_radio else "",
        "WIFI_SSID": args.ssid,
        "WIFI_ADDRESS": address,
        "WIFI_COUNTRY": country or "",
        "WIFI_CHANNEL": args.channel or "",
        "WIFI_SECURITY": args.security or "",
        "WIFI_PASSPHRASE_FILE": KEY_FILE if args.passphrase_file is not None else "",
        "WIFI_UPSTREAM": upstream,
        "WIFI_NAME": name,
        "WIFI_API_URL": api_url,
        "GATE_INTERFACE": machine.guests,
        "GATE_ADDRESS": address,
        "GATE_UPSTREAM": upstream or "off",
        "GATE_OFFLINE": args.without_internet or "",
        "PORTAL_GATE": GATE_SOCKET,
        "PORTAL_SSID": args.ssid,
        "PORTAL_NAME": name,
        "PORTAL_CERT": str(args.certificate.absolute()) if certificate else "",
        "PORTAL_CERT_KEY": str(args.certificate_key.absolute()) if args.certificate_key else "",
    }
    return {setting: value for setting, value in wanted.items() if value}


def _pairing(args: argparse.Namespace, machine: Machine) -> tuple[str, str, str] | None:
    """The role that joins now, with code and hub; None where that is left for later."""
    if args.pair is None:
        return None
    nodes = [role for role in machine.roles if role != "office"]
    if len(nodes) != 1 or args.hub is None:
        raise UpError("--pair CODE is for one role at a time, and needs --hub URL: --door or --counter.")
    return nodes[0], args.pair, args.hub


class Work(Hands):
    """What is done to the machine, or written below `root`."""

    def __init__(self, root: Path | None, passphrase_file: Path | None = None) -> None:
        super().__init__(root)
        self._passphrase_file = passphrase_file

    def install_packages(self, machine: Machine) -> None:
        """Debian's packages; UpError where they are missing and cannot be had."""
        if self.root is not None:
            return
        missing = [name for name in packages_of(machine) if not Path("/usr/share/doc", name).exists()]
        if machine.interface:
            missing += missing_packages(is_radio=machine.is_radio)
        if not missing:
            return
        tell(f"installing Debian's {', '.join(missing)}")
        if not can_install() or not install(missing, tell):
            raise UpError(f"These packages could not be installed. Try: sudo apt install {' '.join(missing)}")

    def write(self, machine: Machine, templates: Mapping[str, str], before: Record | None) -> bool:
        """Write what is missing or different, and take away what is of no more use; whether anything was."""
        files = files_of(machine, templates)
        changed = [self.put(file.path, file.text) for file in files]
        kept = self.at(SETTINGS_FILE)
        settings = kept.read_text() if kept.exists() else ""
        changed.append(self.put(SETTINGS_FILE, settings_text(settings, machine.settings or {})))
        if self._passphrase_file is not None:
            changed.append(self.put(KEY_FILE, self._passphrase_file.read_text(), mode=0o640, secret=True))
        stale = stale_files(before, files)
        self.disable(stale)
        changed.append(bool(self.remove(stale)))
        changed.append(
            self.put(RECORD_FILE, record_text(Record(machine, tuple(file.path for file in files))))
        )
        return any(changed)

    def bring_up(self, machine: Machine, changed: bool, pairing: tuple[str, str, str] | None) -> bool:
        """Users, folders, switches; then the services, again where something has changed. Whether it had anything to do."""
        joins = pairing is not None and not self.has_joined(pairing[0])
        units = units_of(machine)
        if not (changed or joins) and all(self.is_as_wanted(unit) for unit in units):
            return False
        self.prepare(machine)
        if pairing is not None and joins:
            self._join(machine, *pairing)
        self.run("systemctl", "-q", "enable", *units)
        self.run("systemctl", "restart" if changed or joins else "start", *units)
        return True

    def prepare(self, machine: Machine) -> None:
        """Users, folders and switches, and systemd's own view of the units."""
        self.run("systemd-sysusers", "/etc/sysusers.d/shopbell.conf")
        self.run("systemd-tmpfiles", "--create", "/etc/tmpfiles.d/shopbell.conf")
        if self._passphrase_file is not None:
            shutil.chown(KEY_FILE, "root", "shopbell-wifi")
        if "counter" in machine.roles and shutil.which("udevadm"):
            # What is plugged in already is given to the till now, not at the next start.
            self.run("udevadm", "control", "--reload", may_fail=True)
            self.run("udevadm", "trigger", "--settle", may_fail=True)
        if machine.interface:
            self.run("sysctl", "-q", "-p", "/etc/sysctl.d/60-shopbell.conf")
            if shutil.which("nmcli"):
                self.run("nmcli", "general", "reload", "conf", may_fail=True)
        if machine.is_radio:
            # Debian masks it until there is a configuration.
            self.run("systemctl", "unmask", RADIO_UNIT)
        self.run("systemctl", "daemon-reload")

    def is_as_wanted(self, unit: str) -> bool:
        """Whether a unit starts by itself, and runs unless its own condition keeps it from that. Asks, changes nothing."""
        asked = ("systemctl", "show", "-p", "UnitFileState,ActiveState,ConditionResult", unit)
        done = subprocess.run(asked, capture_output=True, text=True, timeout=WITHIN_S, check=False)
        said = dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)
        runs = said.get("ActiveState") == "active" or said.get("ConditionResult") == "no"
        return said.get("UnitFileState") == "enabled" and runs

    def has_joined(self, role: str) -> bool:
        """Whether the role's program knows its shop."""
        mark = "hub.key" if role == "office" else "node.json"
        return self.at(f"{STATE}/{MODULES[role]}/{mark}").exists()

    def _join(self, machine: Machine, role: str, code: str, hub: str) -> None:
        program = MODULES[role]
        self.run(
            *("setpriv", "--reuid=shopbell", "--regid=shopbell", "--init-groups", "--"),
            *("env", f"{program.upper()}_DIR={STATE}/{program}", machine.python, "-P", "-m"),
            *(program, "enrol", code, "--hub", hub),
            hidden=code,
        )


def read_templates(folder: Path) -> dict[str, str]:
    """The files of `units/`, by their paths there; its README is none."""
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix != ".md"
    }

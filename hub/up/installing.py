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
from collections.abc import Sequence
from pathlib import Path

from hub.up.access import (
    choose_upstream,
    default_routes,
    insist_on_interface,
    is_radio,
    missing_packages,
    read_address,
)
from hub.up.packages import SYSTEMD_RUNS, can_install, install
from hub.up.plan import TLS_PORT
from hub.up.sentences import UpError
from hub.up.services import (
    GATE_SOCKET,
    KEY_FILE,
    MODULES,
    RADIO_UNIT,
    SETTINGS_FILE,
    STATE,
    Machine,
    files_of,
    next_steps,
    packages_of,
    settings_text,
    units_of,
)
from hub.up.tree import source_tree
from hub.up.whereabouts import country_of, local_timezone
from hub.up.wireless import insist_on_key

WITHIN_S = 300.0
HOMES = ("home", "root", "run", "tmp")


def run(args: argparse.Namespace) -> int:
    """Install; 0 where it went through."""
    root: Path | None = args.root
    clone = source_tree()
    if root is None:
        insist_on_machine(os.geteuid(), SYSTEMD_RUNS)
        for path in (clone, Path(sys.executable).resolve()):
            insist_on_place(path)
    machine = plan_machine(args, str(clone), root)
    work = Work(root, args.passphrase_file)
    work.install_packages(machine)
    changed = work.write(machine)
    if root is None:
        work.bring_up(machine, changed, _pairing(args, machine))
    tell("Everything is in place.")
    joined = [role for role in machine.roles if work.has_joined(role)]
    for step in next_steps(machine, joined):
        tell(step)
    return 0


def tell(sentence: str) -> None:
    """One line."""
    print(f"shopbell: {sentence}", flush=True)


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


def plan_machine(args: argparse.Namespace, clone: str, root: Path | None) -> Machine:
    """What was asked for; UpError where it does not fit together."""
    roles = tuple(role for role in MODULES if getattr(args, role))
    if not roles:
        raise UpError("Say what this machine is to be: --door, --counter, --office, or several of them.")
    if args.screen and "counter" not in roles:
        raise UpError("The shoppers' screen belongs to the counter: --counter --screen.")
    if args.wifi is None:
        return Machine(clone, roles, settings=_common(args, roles), has_screen=args.screen)
    if "door" not in roles:
        raise UpError("The guests' network belongs to the door: --door --wifi IFACE.")
    if args.ssid is None:
        raise UpError("Give the network a name: --ssid 'Corner Shop'.")
    insist_on_key(args)
    radio = is_radio(args.wifi) or args.radio
    if root is None:
        import socket

        insist_on_interface(args.wifi, [name for _, name in socket.if_nameindex()], default_routes())
    machine = Machine(clone, roles, args.wifi, radio)
    upstream = "" if root is not None and args.upstream is None else choose_upstream(args.upstream, args.wifi)
    settings = _common(args, roles) | _wifi_settings(args, machine, upstream)
    return Machine(clone, roles, args.wifi, radio, settings, args.screen)


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


class Work:
    """What is done to the machine, or written below `root`."""

    def __init__(self, root: Path | None, passphrase_file: Path | None) -> None:
        self._root = root
        self._passphrase_file = passphrase_file

    def install_packages(self, machine: Machine) -> None:
        """Debian's packages; UpError where they are missing and cannot be had."""
        if self._root is not None:
            return
        missing = [name for name in packages_of(machine) if not Path("/usr/share/doc", name).exists()]
        if machine.interface:
            missing += missing_packages(is_radio=machine.is_radio)
        if not missing:
            return
        tell(f"installing Debian's {', '.join(missing)}")
        if not can_install() or not install(missing, tell):
            raise UpError(f"These packages could not be installed. Try: sudo apt install {' '.join(missing)}")

    def write(self, machine: Machine) -> bool:
        """Write what is missing or different; whether anything was."""
        templates = read_templates(Path(machine.clone) / "units")
        changed = [self._put(file.path, file.text) for file in files_of(machine, templates)]
        kept = self._at(SETTINGS_FILE)
        before = kept.read_text() if kept.exists() else ""
        changed.append(self._put(SETTINGS_FILE, settings_text(before, machine.settings or {})))
        if self._passphrase_file is not None:
            changed.append(self._put(KEY_FILE, self._passphrase_file.read_text(), mode=0o640, secret=True))
        return any(changed)

    def bring_up(self, machine: Machine, changed: bool, pairing: tuple[str, str, str] | None) -> None:
        """Users, folders, switches; then the services, again where something has changed."""
        self._run("systemd-sysusers", "/etc/sysusers.d/shopbell.conf")
        self._run("systemd-tmpfiles", "--create", "/etc/tmpfiles.d/shopbell.conf")
        if self._passphrase_file is not None:
            shutil.chown(KEY_FILE, "root", "shopbell-wifi")
        if "counter" in machine.roles and shutil.which("udevadm"):
            # What is plugged in already is given to the till now, not at the next start.
            self._run("udevadm", "control", "--reload", may_fail=True)
            self._run("udevadm", "trigger", "--settle", may_fail=True)
        if machine.interface:
            self._run("sysctl", "-q", "-p", "/etc/sysctl.d/60-shopbell.conf")
            if shutil.which("nmcli"):
                self._run("nmcli", "general", "reload", "conf", may_fail=True)
        if machine.is_radio:
            # Debian masks it until there is a configuration.
            self._run("systemctl", "unmask", RADIO_UNIT)
        if pairing is not None and not self.has_joined(pairing[0]):
            self._join(machine, *pairing)
        units = units_of(machine)
        self._run("systemctl", "daemon-reload")
        self._run("systemctl", "-q", "enable", *units)
        self._run("systemctl", "restart" if changed or pairing else "start", *units)

    def has_joined(self, role: str) -> bool:
        """Whether the role's program knows its shop."""
        mark = "hub.db" if role == "office" else "node.json"
        return self._at(f"{STATE}/{MODULES[role]}/{mark}").exists()

    def _join(self, machine: Machine, role: str, code: str, hub: str) -> None:
        program = MODULES[role]
        self._run(
            *("setpriv", "--reuid=shopbell", "--regid=shopbell", "--init-groups", "--"),
            *(
                "env",
                f"{program.upper()}_DIR={STATE}/{program}",
                f"{machine.clone}/.venv/bin/python",
                "-P",
                "-m",
            ),
            *(program, "enrol", code, "--hub", hub),
            hidden=code,
        )

    def _at(self, path: str) -> Path:
        return Path(path) if self._root is None else self._root / path.lstrip("/")

    def _put(self, path: str, text: str, mode: int = 0o644, *, secret: bool = False) -> bool:
        """Whole or not at all; whether it was different."""
        target = self._at(path)
        try:
            if target.exists() and target.read_text() == text:
                return False
            was_there = target.exists()
            target.parent.mkdir(parents=True, exist_ok=True)
            draft = target.with_name(f".{target.name}.new")
            draft.unlink(missing_ok=True)
            draft.touch(mode=0o600)
            draft.write_text(text)
            draft.chmod(mode)
            if was_there and secret:
                shutil.copystat(target, draft)
            draft.replace(target)
        except OSError as wrong:
            raise UpError(f"{target} cannot be written: {wrong.strerror}.") from wrong
        tell(f"{'changed' if was_there else 'wrote'} {target}")
        return True

    def _run(self, *command: str, may_fail: bool = False, hidden: str = "") -> None:
        shown = " ".join(word for word in command if word != hidden)
        tell(f"$ {shown}")
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=WITHIN_S, check=False)
        except subprocess.TimeoutExpired:
            raise UpError(
                f"`{shown}` takes longer than {WITHIN_S:g} s; see what it waits for: journalctl -xe"
            ) from None
        except OSError as wrong:
            raise UpError(f"{command[0]} could not be run: {wrong.strerror}.") from wrong
        if done.returncode and not may_fail:
            said = (done.stderr or done.stdout).strip().splitlines()
            raise UpError(f"`{shown}` did not go through. {said[-1] if said else ''}".rstrip())


def read_templates(folder: Path) -> dict[str, str]:
    """The files of `units/`, by their paths there; its README is none."""
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix != ".md"
    }

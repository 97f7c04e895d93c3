"""What belongs on a machine that runs a part of the shop as services: files, users, settings, and in which order they come up.

Pure. `hub.up.installing` reads the templates of `units/`, and does what stands here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

CLONE, INTERFACES = "@CLONE@", "@INTERFACES@"
BRIDGE = "shopbell0"
"""The guests' network where a radio of this machine is the access point: hostapd puts it in, and is apart from us."""

SETTINGS_FILE = "/etc/shopbell/shopbell.env"
KEY_FILE = "/etc/shopbell/wifi.key"
GATE_SOCKET = "/run/shopbell/gate.sock"
STATE = "/var/lib/shopbell"
MODULES = {"door": "edge", "counter": "kiosk", "office": "hub"}
"""The program of each role, which is also its folder's name."""

UNITS: Mapping[str, tuple[str, ...]] = {
    "office": ("shopbell-hub.service",),
    "counter": ("shopbell-kiosk.service",),
    "door": ("shopbell-edge.service", "shopbell-portal.service"),
}
WIFI_UNITS = ("shopbell-gate.socket", "shopbell-gate.service", "shopbell-wifi.service")
SCREEN_UNIT = "shopbell-screen.service"
RADIO_UNIT = "hostapd.service"
HEADING = """# The settings of Shopbell on this machine: one NAME=value a line; the READMEs of the programs have them all.
# `./shopbell install` changes only what it is told; after a change by hand: sudo systemctl restart 'shopbell-*'
"""


@dataclass(frozen=True, slots=True)
class Machine:
    """What was asked for. `roles` of door, counter, office. `interface` "": no guests' network of ours. `has_screen`: the
    shoppers' screen hangs on this machine."""

    clone: str
    roles: tuple[str, ...]
    interface: str = ""
    is_radio: bool = False
    settings: Mapping[str, str] | None = None
    has_screen: bool = False

    @property
    def guests(self) -> str:
        """The interface that guests are on."""
        return BRIDGE if self.is_radio else self.interface


@dataclass(frozen=True, slots=True)
class File:
    """One file of the machine, whole."""

    path: str
    text: str


def units_of(machine: Machine) -> tuple[str, ...]:
    """In the order in which they come up: the gate stands before there is a network to guard."""
    wifi = (*WIFI_UNITS, *([RADIO_UNIT] if machine.is_radio else [])) if machine.interface else ()
    roles = [role for role in UNITS if role in machine.roles]
    screen = (SCREEN_UNIT,) if machine.has_screen else ()
    indoors = (unit for role in roles for unit in UNITS[role] if role != "door")
    return (*indoors, *screen, *wifi, *_door(machine))


def _door(machine: Machine) -> tuple[str, ...]:
    return UNITS["door"] if "door" in machine.roles else ()


def files_of(machine: Machine, templates: Mapping[str, str]) -> list[File]:
    """The files of this machine. `templates`: those of `units/`, by their paths there."""
    found = []
    for path, text in sorted(templates.items()):
        target = _target(machine, path)
        if target is not None:
            names = ";interface-name:".join(dict.fromkeys([machine.interface, machine.guests]))
            found.append(File(target, text.replace(CLONE, machine.clone).replace(INTERFACES, names)))
    return found


def _target(machine: Machine, path: str) -> str | None:
    """Where a template goes; None where this machine has no use for it."""
    kind, _, rest = path.partition("/")
    wanted = units_of(machine)
    match kind:
        case "system" if rest.partition(".d/")[0] in wanted:
            return f"/etc/systemd/system/{rest}"
        case "radio" if machine.is_radio and machine.interface:
            return f"/etc/systemd/system/{rest}"
        case "sysusers.d" | "tmpfiles.d":
            return f"/etc/{path}"
        case "udev" if "counter" in machine.roles:
            return f"/etc/udev/rules.d/{rest}"
        case "sysctl.d" if machine.interface:
            return f"/etc/{path}"
        case "NetworkManager" if machine.interface:
            return f"/etc/NetworkManager/conf.d/{rest}"
    return None


def settings_text(before: str, settings: Mapping[str, str]) -> str:
    """The file of settings with these in it; whatever else stands in it stays, comments and order too."""
    left = dict(settings)
    lines = []
    for line in (before or HEADING).splitlines():
        name = line.partition("=")[0].strip()
        lines.append(f"{name}={quoted(left.pop(name))}" if name in left else line)
    lines += [f"{name}={quoted(value)}" for name, value in left.items()]
    return "\n".join(lines) + "\n"


def quoted(value: str) -> str:
    """A value as systemd.exec(5) reads it from a file: in double quotes where it has more than plain signs."""
    if value and all(sign.isalnum() or sign in "-_./:,+@" for sign in value):
        return value
    if any(ord(sign) < 32 for sign in value):
        raise ValueError("A setting is one line.")
    escaped = "".join(f"\\{sign}" if sign in '"\\`$' else sign for sign in value)
    return f'"{escaped}"'


def packages_of(machine: Machine) -> tuple[str, ...]:
    """Debian's packages beside those of the access point."""
    wanted = ["bluez"] if "door" in machine.roles else []
    if machine.has_screen:
        wanted += ["cage", "chromium", "fonts-noto-cjk"]
    return tuple(wanted)


def next_steps(machine: Machine, joined: Iterable[str]) -> list[str]:
    """What is left to a person: the shop to be made, the codes to be typed."""
    python = f"{machine.clone}/.venv/bin/python"
    steps = []
    for role in machine.roles:
        if role in joined:
            continue
        program = MODULES[role]
        as_shop = f"sudo -u shopbell env {program.upper()}_DIR={STATE}/{program} {python} -P -m {program}"
        if role == "office":
            steps.append(f'Make the shop: {as_shop} init --name "Corner Shop"')
            steps.append(f"The first manager's code: {as_shop} setup-code")
        else:
            steps.append(
                f"Join the shop (the code is made on the hub's page, under Devices): {as_shop} enrol CODE --hub URL"
            )
    if steps:
        services: Sequence[str] = [unit for unit in units_of(machine) if unit.endswith(".service")]
        steps.append(f"Then: sudo systemctl restart {' '.join(services)}")
    return steps

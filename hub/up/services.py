"""What belongs on a machine that runs a part of the shop as services: files, users, settings, and in which order they come up.

Pure. `hub.up.installing` reads the templates of `units/`, and does what stands here.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote

import msgspec

PYTHON, KEEPER, UNITS_FOLDER, INTERFACES = "@PYTHON@", "@KEEPER@", "@UNITS@", "@INTERFACES@"
BRIDGE = "shopbell0"
"""The guests' network where a radio of this machine is the access point: hostapd puts it in, and is apart from us."""

SETTINGS_FILE = "/etc/shopbell/shopbell.env"
KEY_FILE = "/etc/shopbell/wifi.key"
GATE_SOCKET = "/run/shopbell/gate.sock"
STATE = "/var/lib/shopbell"
RECORD_FILE = "/etc/shopbell/installed.json"
"""What this machine is, as the next `install`, `update` and `uninstall` find it."""

MODULES = {"door": "edge", "counter": "kiosk", "office": "hub"}
"""The program of each role, which is also its folder's name."""

UNITS: Mapping[str, tuple[str, ...]] = {
    "office": ("shopbell-hub.service", "shopbell-worker.service"),
    "counter": ("shopbell-kiosk.service",),
    "door": ("shopbell-edge.service", "shopbell-portal.service"),
}
WIFI_UNITS = ("shopbell-gate.socket", "shopbell-gate.service", "shopbell-wifi.service")
SCREEN_UNIT = "shopbell-screen.service"
SETTLE_UNIT = "shopbell-settle.service"
"""Of a machine that is updated from bundles: it comes first, and does something only where an update was cut off."""
RADIO_UNIT = "hostapd.service"
HEADING = """# The settings of Shopbell on this machine: one NAME=value a line; the READMEs of the programs have them all.
# `./shopbell install` changes only what it is told; after a change by hand: sudo systemctl restart 'shopbell-*'
"""


@dataclass(frozen=True, slots=True)
class Machine:
    """What was asked for. `clone`: the folder of the programs, a clone or, where it `is_packaged`, one of versions side by side.
    `roles` of door, counter, office. `interface` "": no guests' network of ours. `has_screen`: the shoppers' screen is here."""

    clone: str
    roles: tuple[str, ...]
    interface: str = ""
    is_radio: bool = False
    settings: Mapping[str, str] | None = None
    has_screen: bool = False
    is_packaged: bool = False

    @property
    def python(self) -> str:
        """The Python that has the programs. `current` is a link to the version in force."""
        return f"{self.clone}/current/bin/python" if self.is_packaged else f"{self.clone}/.venv/bin/python"

    @property
    def units(self) -> str:
        """The folder of the templates and their README."""
        return f"{self.clone}/current/share/shopbell/units" if self.is_packaged else f"{self.clone}/units"

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
    settle = (SETTLE_UNIT,) if machine.is_packaged else ()
    return (*settle, *indoors, *screen, *wifi, *_door(machine))


def _door(machine: Machine) -> tuple[str, ...]:
    return UNITS["door"] if "door" in machine.roles else ()


def files_of(machine: Machine, templates: Mapping[str, str]) -> list[File]:
    """The files of this machine. `templates`: those of `units/`, by their paths there."""
    found = []
    for path, text in sorted(templates.items()):
        target = _target(machine, path)
        if target is not None:
            names = ";interface-name:".join(dict.fromkeys([machine.interface, machine.guests]))
            whole = text.replace(PYTHON, as_word(machine.python)).replace(UNITS_FOLDER, as_uri(machine.units))
            whole = whole.replace(KEEPER, as_word(f"{machine.clone}/keeper/bin/python"))
            found.append(File(target, whole.replace(INTERFACES, names)))
    return found


def as_word(path: str) -> str:
    """A path as one word of a command line (systemd.service(5), "Command lines"): a space must not cut it in two.

    ValueError for what no quoting brings through: systemd starts nothing whose path has quotes or a backslash in it, a dollar
    begins a variable, and a control sign ends the line.
    """
    if any(sign in "\"'\\$" or ord(sign) < 32 for sign in path):
        raise ValueError(f"systemd cannot start a program in {path}.")
    safe = path.replace("%", "%%")
    return safe if all(sign.isalnum() or sign in "/-_.:,+@%" for sign in safe) else f'"{safe}"'


def as_uri(path: str) -> str:
    """A path in an address of `Documentation=`, where a percent sign begins one of systemd's own words, too."""
    return quote(path).replace("%", "%%")


@dataclass(frozen=True, slots=True)
class Record:
    """What an installation left on a machine: what the machine is, and every file that was written for it."""

    machine: Machine
    files: tuple[str, ...]


def record_text(record: Record) -> str:
    """The record as its file has it; settings stand in a file of their own."""
    kept = replace(record, machine=replace(record.machine, settings=None))
    return msgspec.json.format(msgspec.json.encode(kept), indent=2).decode() + "\n"


def read_record(text: str) -> Record | None:
    """None where it cannot be read."""
    try:
        return msgspec.json.decode(text, type=Record)
    except (msgspec.DecodeError, msgspec.ValidationError):
        return None


def stale_files(before: Record | None, files: Iterable[File]) -> list[str]:
    """Files that were written once, by whichever version, and that the machine has no more use for."""
    kept = {file.path for file in files}
    return [path for path in (before.files if before is not None else ()) if path not in kept]


def together(before: Machine | None, asked: Machine) -> Machine:
    """What a machine is after `asked` was installed on it: roles are added, and each thing that was not asked for stays."""
    if before is None:
        return asked
    roles = tuple(role for role in MODULES if role in (*before.roles, *asked.roles))
    screen = asked.has_screen or before.has_screen
    network = asked if asked.interface else before
    return replace(
        asked, roles=roles, has_screen=screen, interface=network.interface, is_radio=network.is_radio
    )


def without(machine: Machine, roles: Iterable[str]) -> Machine | None:
    """What is left of a machine without these roles; None where nothing is."""
    gone = set(roles)
    left = tuple(role for role in machine.roles if role not in gone)
    if not left:
        return None
    door = "door" in left
    return replace(
        machine,
        roles=left,
        has_screen=machine.has_screen and "counter" in left,
        interface=machine.interface if door else "",
        is_radio=machine.is_radio and door,
    )


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
    python = shlex.quote(machine.python)
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

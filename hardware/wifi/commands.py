"""`python -m hardware wifi`: write a guest network's files, check them, run it, clear up after a crash, say how it is."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from hardware.device import DeviceError
from hardware.wifi import access_point
from hardware.wifi.facts import Hostapd, gather
from hardware.wifi.health import judge, report, sentences
from hardware.wifi.network import Network, is_interface
from hardware.wifi.settings import FOLDER, SETTINGS, WrongSettings, read
from hardware.wifi.supervisor import Supervisor

Command = Callable[[argparse.Namespace, dict[str, str | None]], int]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command line of `wifi`."""
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, says, run in (
        ("write", "write the files of hostapd and dnsmasq into a folder", _write),
        ("check", "check the settings and the files with the daemons' own checks; change nothing", _check),
        ("run", "put the guest network up, keep it up, take it down at SIGTERM", _run),
        ("clear", "put away what a run that was killed has left", _clear),
        ("health", "say how the guests' network is; 0: fine, 1: a warning, 2: an error", _health),
    ):
        command = commands.add_parser(name, help=says, description=says)
        for setting in (*SETTINGS, FOLDER):
            command.add_argument(
                setting.flag,
                dest=f"wifi_{setting.field}",
                metavar="TEXT",
                help=f"{setting.name}: {setting.meaning}",
            )
        if name == "write":
            command.add_argument("--to", type=Path, required=True, metavar="DIR", help="the folder")
        if name == "health":
            command.add_argument(
                "--hostapd",
                type=Path,
                metavar="DIR",
                help="where another hostapd runs with our file, for --radio",
            )
            command.add_argument("--json", action="store_true", help="as JSON, in every language")
            command.add_argument(
                "--closed", action="store_true", help="the shop is closed: that nobody is there is no trouble"
            )
        command.set_defaults(run=lambda wanted, run=run: _told(run, wanted))


def _told(run: Command, wanted: argparse.Namespace) -> int:
    flags = {setting.field: getattr(wanted, f"wifi_{setting.field}") for setting in (*SETTINGS, FOLDER)}
    try:
        return run(wanted, flags)
    except WrongSettings as wrong:
        sys.stderr.write(f"{wrong}\n")
        return 2


def _write(wanted: argparse.Namespace, flags: dict[str, str | None]) -> int:
    network = read(os.environ, flags)[0]
    try:
        network = access_point.with_radio(network)
    except DeviceError:
        # A radio that is named and not here: the files are for another machine.
        if network.radio is None:
            raise
    for path in access_point.write(network, wanted.to.absolute()):
        sys.stdout.write(f"{path}\n")
    return 0


def _check(_: argparse.Namespace, flags: dict[str, str | None]) -> int:
    network = read(os.environ, flags)[0]
    _checked(network)
    sys.stdout.write("The settings are good, and the daemons take the files.\n")
    return 0


def _checked(network: Network) -> None:
    with tempfile.TemporaryDirectory() as made:
        place = Path(made)
        network = access_point.with_radio(network)
        access_point.write(network, place)
        access_point.check_files(network, place)


def _run(_: argparse.Namespace, flags: dict[str, str | None]) -> int:
    network, folder = read(os.environ, flags)
    asyncio.run(_running(network, folder))
    return 0


async def _running(network: Network, folder: Path) -> None:
    await Supervisor(folder).run(network)


def _clear(_: argparse.Namespace, flags: dict[str, str | None]) -> int:
    folder = _folder(flags)
    if not folder.exists():
        return 0
    with access_point.alone(folder):
        for sentence in access_point.clear(folder):
            sys.stdout.write(f"{sentence}\n")
    return 0


def _health(wanted: argparse.Namespace, flags: dict[str, str | None]) -> int:
    radio = flags["radio"] or os.environ.get("WIFI_RADIO", "")
    other = Hostapd(wanted.hostapd.absolute(), radio) if wanted.hostapd and is_interface(radio) else None
    facts = gather(_folder(flags), time.time(), shop_open=not wanted.closed, other=other)
    troubles = judge(facts)
    told = report(troubles)
    if wanted.json:
        sys.stdout.buffer.write(msgspec.json.encode(told) + b"\n")
    else:
        fine = f"The guests' network is up, {facts.stations or 0} phones on the air, {facts.leases} with an address."
        sys.stdout.write("\n".join(sentences(troubles)) + "\n" if troubles else f"{fine}\n")
    return {"error": 2, "warning": 1}.get(told["status"], 0)


def _folder(flags: dict[str, str | None]) -> Path:
    return Path(flags["folder"] or os.environ.get(FOLDER.name, FOLDER.default)).absolute()

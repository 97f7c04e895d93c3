"""`python -m edge`: run the door, play a recording through it, say what is wrong, join a shop."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

from edge.config import SETTINGS, Config, read_config, show_config
from edge.zone_commands import ZonesError, add_commands, run_zones
from hardware.ble.captures import CaptureError
from hardware.device import DeviceError
from hub.client.db import StorageError
from hub.client.settings import SettingsError

BAD_USE = 2
SHORTEST_MEASURE_S, LONGEST_MEASURE_S = 10, 3600
"""At least one slice in which people are counted; longer than an hour, and the street is another one."""


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status: 0 well, 1 something failed, 2 used wrongly; of `check`, the gravity of what is wrong."""
    parsed = _parser().parse_args(arguments)
    flags = {setting.field: getattr(parsed, setting.field, None) for setting in SETTINGS}
    try:
        config = read_config(os.environ, flags)
        return int(_COMMANDS[parsed.command](config, parsed))
    except SettingsError as wrong:
        print(wrong, file=sys.stderr)
        return BAD_USE
    except (DeviceError, StorageError, CaptureError) as wrong:
        print(wrong, file=sys.stderr)
        return 1
    except BrokenPipeError:
        sys.stderr.close()
        return 1
    except OSError as wrong:
        print(f"{wrong.filename or 'Something'} cannot be used: {wrong.strerror}.", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m edge", description="The door of a Shopbell shop.")
    settings = argparse.ArgumentParser(add_help=False)
    for setting in SETTINGS:
        settings.add_argument(setting.flag, dest=setting.field, help=f"{setting.meaning} ({setting.name})")
    commands = parser.add_subparsers(dest="command", required=True)

    def command(name: str, says: str) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=says, description=says, parents=[settings])

    command("run", "Listen, count, and send to the hub until stopped.")
    replay = command("replay", "Play a recording through the door and print visits and people present.")
    replay.add_argument("file", type=Path)
    replay.add_argument("--json", action="store_true", help="Print one JSON object")
    check = command("check", "Say what is wrong; the exit status is 0 nothing, 1 warning, 2 error.")
    check.add_argument("--json", action="store_true", help="Print a JSON list")
    command("config", "Print the settings in force.")
    plan = command(
        "radio-plan", "Advise on duty cycle and Wi-Fi channel where one chip is access point and scanner."
    )
    plan.add_argument("--json", action="store_true", help="Print one JSON object")
    plan.add_argument(
        "--measure", type=float, metavar="SECONDS", help="Listen at each duty cycle for so long and count"
    )
    enrol = command("enrol", "Join a shop with a pairing code; needs --hub.")
    enrol.add_argument(
        "code", nargs="?", help="The hub's pairing code; without one a code for the hub is shown"
    )
    enrol.add_argument("--hub-key", default="", help="Fingerprint of the only hub that it may join")
    enrol.add_argument("--name", default="Door", help="What people call this node")
    code = command("installer-code", "Make a new code for the installer's pages; the one before ends.")
    code.add_argument("--json", action="store_true", help="Print one JSON object")
    add_commands(command("zones", "Make a model of zones from a recording; say how often it is right."))
    visits = command("visits", "Print the latest visits.")
    visits.add_argument("--limit", type=int, default=20)
    visits.add_argument("--json", action="store_true", help="Print a JSON list")
    return parser


def _run(config: Config, parsed: argparse.Namespace) -> int:
    from edge.daemon import serve
    from edge.forgetting import begin_again, keep_to_ourselves
    from hub.client.configured import values_of, write_down
    from hub.client.node import Node

    begin_again()
    keep_to_ourselves()

    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s", stream=sys.stderr
    )
    node = Node.load(config.dir)
    if node is None:
        print(_not_enrolled(config), file=sys.stderr)
        return BAD_USE
    flags = {setting.field: getattr(parsed, setting.field, None) for setting in SETTINGS}
    write_down("edge", SETTINGS, os.environ, flags, values_of(SETTINGS, config))
    try:
        asyncio.run(serve(config, node))
    except ValueError as wrong:
        print(wrong, file=sys.stderr)
        return BAD_USE
    return 0


def _not_enrolled(config: Config) -> str:
    return (
        f"The edge in {config.dir} has joined no shop yet. Make a pairing code on the hub's page and run: "
        "python -m edge enrol CODE --hub URL"
    )


def _replay(config: Config, parsed: argparse.Namespace) -> int:
    from edge.replay import replay

    played = replay(parsed.file, config.zone, config.tags, config.correction)
    if parsed.json:
        print(msgspec.json.encode(played).decode())
    else:
        print(f"{played.packets} packets, {len(played.visits)} visits")
        for visit in played.visits:
            print(f"{_clock(visit.arrived_at)}  {visit.dwell_s:7.1f} s  {visit.peak_dbm} dBm  {visit.rank}")
        for window in played.present:
            print(f"{_clock(window.at)}  {window.people:g} people ({window.low:g} to {window.high:g})")
    if played.error is not None:
        print(played.error, file=sys.stderr)
        return 1
    return 0


def _clock(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(at))


def _check(config: Config, parsed: argparse.Namespace) -> int:
    from edge.health import WARNINGS, read_status
    from hub.client.node import Node
    from hub.client.warnings import Holding, exit_status, report, show

    now = time.time()
    status = read_status(config.dir, now)
    if status is not None:
        shown = list(status.warnings)
    else:
        wrong = ["not-running"] if Node.load(config.dir) is not None else ["not-running", "not-enrolled"]
        shown = show(WARNINGS, map(Holding, wrong))
    if parsed.json:
        print(msgspec.json.encode(report("edge", shown)).decode())
    elif not shown:
        print("Nothing is wrong at the door.")
    for warning in shown if not parsed.json else []:
        print(f"{warning.severity}: {warning.sentence()}")
    return exit_status(shown)


def _radio_plan(config: Config, parsed: argparse.Namespace) -> int:
    from edge.radio_plan import as_json, measured, plan_for, printed

    plan = plan_for(config.radios[0])
    if parsed.measure is not None:
        if not SHORTEST_MEASURE_S <= parsed.measure <= LONGEST_MEASURE_S:
            print(
                f"--measure takes {SHORTEST_MEASURE_S} to {LONGEST_MEASURE_S} seconds for each duty cycle.",
                file=sys.stderr,
            )
            return BAD_USE
        counted = asyncio.run(measured(config.radios[0], parsed.measure))
        plan = msgspec.structs.replace(plan, measured=counted)
    print(msgspec.json.encode(as_json(plan)).decode() if parsed.json else printed(plan))
    return 0


def _config(config: Config, _parsed: argparse.Namespace) -> int:
    print(show_config(config))
    return 0


def _enrol(config: Config, parsed: argparse.Namespace) -> int:
    from hub.client.enrolling import EnrolError, enrol
    from hub.client.joining import Joining, show_code

    if not config.hub:
        print("Say where the hub is: python -m edge enrol CODE --hub http://hub.local:8080", file=sys.stderr)
        return BAD_USE
    if not parsed.code:
        joining = Joining(config.dir, config.hub, "edge", parsed.name, hub_key=parsed.hub_key)
        return 0 if show_code(joining, lambda line: print(line, flush=True)) else 1
    try:
        node = enrol(config.dir, config.hub, parsed.code, "edge", parsed.name)
    except EnrolError as wrong:
        print(wrong, file=sys.stderr)
        return 1
    print(f"Joined shop {node.shop} as {node.device}.")
    return 0


def _installer_code(config: Config, parsed: argparse.Namespace) -> int:
    from edge.portal.installer.entrance import make_code
    from edge.portal.store import InstallerStore
    from edge.store import open_pool
    from hub.client.node import Node

    if Node.load(config.dir) is None:
        print(_not_enrolled(config), file=sys.stderr)
        return BAD_USE
    pool = open_pool(config.dir)
    try:
        code = make_code(InstallerStore(pool), os.urandom, time.time())
    finally:
        pool.close()
    # Shown here and nowhere else: only its hash is kept.
    print(msgspec.json.encode({"installer_code": code}).decode() if parsed.json else code)
    return 0


def _visits(config: Config, parsed: argparse.Namespace) -> int:
    from edge.store import EdgeStore, open_pool
    from hub.client.clock import Clock
    from hub.client.node import Node

    node = Node.load(config.dir)
    if node is None:
        print(_not_enrolled(config), file=sys.stderr)
        return BAD_USE
    pool = open_pool(config.dir)
    try:
        visits = EdgeStore(pool, node, Clock()).visits(max(0, parsed.limit))
    finally:
        pool.close()
    if parsed.json:
        print(msgspec.json.encode(visits).decode())
        return 0
    for visit in visits:
        print(
            f"{_clock(visit.arrived_at)}  {visit.dwell_s:7.1f} s  {visit.zone}  {visit.peak_dbm} dBm  {visit.rank}"
        )
    return 0


def _zones(_config: Config, parsed: argparse.Namespace) -> int:
    try:
        print(run_zones(parsed))
    except ZonesError as wrong:
        print(wrong, file=sys.stderr)
        return 1
    return 0


_COMMANDS = {
    "run": _run,
    "replay": _replay,
    "check": _check,
    "config": _config,
    "radio-plan": _radio_plan,
    "enrol": _enrol,
    "installer-code": _installer_code,
    "visits": _visits,
    "zones": _zones,
}

if __name__ == "__main__":
    sys.exit(main())

"""`python -m edge.gate serve | check | config | rules | clear`: the gate from a shell."""

from __future__ import annotations

import argparse
import gc
import json
import logging
import os
import signal
import sys
from collections.abc import Mapping

from edge.gate.client import GateClient
from edge.gate.config import SETTINGS, Config, read_config
from edge.gate.health import look
from edge.gate.helper import Helper, SocketError, open_socket, user_numbers
from edge.gate.kernel import Gate
from edge.gate.netlink import NetlinkError
from edge.gate.rules import NO_LIMITS, render
from edge.gate.surroundings import Surroundings
from edge.gate.table import TableError, take_away
from edge.watchdog import notify
from hub.client.settings import SettingsError, show_settings
from hub.client.warnings import exit_status, report

COMMANDS = {
    "serve": "Stand in the kernel and answer the portal until stopped; whoever is in stays in.",
    "check": "Say what is wrong; the exit status is 0 nothing, 1 warning, 2 error.",
    "config": "Print the settings in force.",
    "rules": "Print the rules that would be loaded now.",
    "clear": "Take everything of ours out of the kernel; nobody is in any more.",
}


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the exit status is 0 for fine, 1 for a warning, 2 for an error."""
    parser = argparse.ArgumentParser(
        prog="python -m edge.gate",
        description="Who may pass.",
        epilog="\n".join(f"{name:8} {meaning}" for name, meaning in COMMANDS.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", choices=tuple(COMMANDS))
    parser.add_argument("--json", action="store_true", help="print JSON (check)")
    for setting in SETTINGS:
        parser.add_argument(setting.flag, dest=setting.field, help=setting.meaning)
    asked = parser.parse_args(arguments)
    flags = {setting.field: getattr(asked, setting.field) for setting in SETTINGS}
    try:
        config = read_config(os.environ, flags)
        match asked.command:
            case "serve":
                return _serve(config, flags)
            case "check":
                return _check(config, as_json=asked.json)
            case "config":
                shown = {setting.field: getattr(config, setting.field) for setting in SETTINGS}
                print(show_settings(SETTINGS, shown))
            case "rules":
                print(_rules(config), end="")
            case "clear":
                take_away()
    except (SettingsError, SocketError, TableError, NetlinkError) as wrong:
        print(wrong, file=sys.stderr)
        return 2
    return 0


def _serve(config: Config, flags: Mapping[str, str | None]) -> int:
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s", stream=sys.stderr)
    users = user_numbers(config.users)
    listening = open_socket(config.socket, dict(os.environ))
    stopping: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda caught, _frame: stopping.append(caught))
    gate = Gate(lambda: read_config(os.environ, flags))

    def tick() -> None:
        gate.tick()
        notify("WATCHDOG=1")

    helper = Helper(listening, users, gate.answer, gate.later, tick)
    try:
        gate.begin()
        # Nothing here goes round in circles; a collection in the midst of a thousand guests would take longer than they do.
        gc.freeze()
        gc.set_threshold(50_000, 50, 100)
        notify("READY=1")
        print(f"The gate of {config.interface} answers at {config.socket}", flush=True)
        helper.run(lambda: bool(stopping))
        notify("STOPPING=1")
    finally:
        helper.close()
        gate.close()
    return 0


def _rules(config: Config) -> str:
    surroundings = Surroundings()
    try:
        return render(surroundings.look(config, change=False), {0: NO_LIMITS})
    finally:
        surroundings.close()


def _check(config: Config, *, as_json: bool) -> int:
    client = GateClient(config.socket)
    try:
        shown = look(config, client)
    finally:
        client.close()
    if as_json:
        print(json.dumps(report("gate", shown), ensure_ascii=False))
    else:
        print("\n".join(f"{one.severity}: {one.sentence()}" for one in shown) or "The gate is fine.")
    return exit_status(shown)


if __name__ == "__main__":
    sys.exit(main())

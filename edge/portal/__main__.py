"""`python -m edge.portal serve | check | config`: the portal from a shell."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time

from edge.health import notice as radio_notice
from edge.health import read_status
from edge.portal.config import SETTINGS, Config, read_config
from edge.portal.health import look
from edge.portal.installer.asking import ask
from edge.portal.installer.entrance import Entrance
from edge.portal.store import InstallerStore
from edge.store import open_pool
from hub.client.clock import Clock
from hub.client.db import StorageError
from hub.client.node import Node
from hub.client.outbox import Outbox
from hub.client.serving import ServeError, listen, serve
from hub.client.settings import SettingsError, show_settings
from hub.client.shelf import Shelf
from hub.client.warnings import Shown, exit_status, report
from hub.wire.snapshot import Shop, Text

NAMELESS = Shop(0, {})
THREADS = 4
"""Phones at a door come in ones and twos; each thread costs a connection to the database."""


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the exit status is 0 for fine, 1 for a warning, 2 for an error."""
    parser = argparse.ArgumentParser(
        prog="python -m edge.portal", description="The page that greets a phone."
    )
    parser.add_argument("command", choices=("serve", "check", "config"))
    parser.add_argument("--json", action="store_true", help="print JSON (check)")
    for setting in SETTINGS:
        parser.add_argument(setting.flag, dest=setting.field, help=setting.meaning)
    asked = parser.parse_args(arguments)
    try:
        config = read_config(
            os.environ, {setting.field: getattr(asked, setting.field) for setting in SETTINGS}
        )
        if asked.command == "config":
            print(
                show_settings(
                    SETTINGS, {setting.field: getattr(config, setting.field) for setting in SETTINGS}
                )
            )
            return 0
        return _check(config, as_json=asked.json) if asked.command == "check" else _serve(config)
    except (SettingsError, StorageError, ServeError) as wrong:
        print(wrong, file=sys.stderr)
        return 2


def _serve(config: Config) -> int:
    # Imported here: `check` and `config` do without a web framework.
    from edge.portal.app import create_app
    from edge.portal.installer.pages import Installer

    node = Node.load(config.dir)
    if node is None:
        print(look(enrolled=False, has_snapshot=False)[0].sentence(), file=sys.stderr)
        return 2
    clock = Clock()
    pool = open_pool(config.dir)
    try:
        outbox = Outbox(pool, node, clock)
        shelf = Shelf(pool)
        installer = Installer(
            Entrance(InstallerStore(pool), clock.now, os.urandom),
            lambda question: ask(config.dir, question),
            lambda: shelf.shop() or NAMELESS,
            lambda: _notice(config),
            lambda: _warnings(config),
        )
        app = create_app(node, outbox, shelf, clock, notice=lambda: _notice(config), installer=installer)
        listening = listen(config.host, config.port)
        serve(
            app,
            listening,
            threads=THREADS,
            ready=lambda address: print(f"The portal answers at {address}/", flush=True),
        )
    finally:
        pool.close()
    return 0


def _notice(config: Config) -> Text:
    """What every page says: the line that was set, and whether the radio beside us is a simulated one."""
    if config.notice:
        return config.notice
    status = read_status(config.dir, time.time())
    return radio_notice(status.radio_name, status.simulated) if status else {}


def _warnings(config: Config) -> list[Shown]:
    """What the door itself says is wrong."""
    status = read_status(config.dir, time.time())
    return list(status.warnings) if status else []


def _check(config: Config, *, as_json: bool) -> int:
    enrolled, has_snapshot = Node.load(config.dir) is not None, False
    if enrolled:
        pool = open_pool(config.dir)
        try:
            has_snapshot = Shelf(pool).made_at() is not None
        finally:
            pool.close()
    shown = look(enrolled=enrolled, has_snapshot=has_snapshot)
    if as_json:
        print(json.dumps(report("portal", shown), ensure_ascii=False))
    else:
        print("\n".join(f"{one.severity}: {one.sentence()}" for one in shown) or "The portal is fine.")
    return exit_status(shown)


if __name__ == "__main__":
    sys.exit(main())

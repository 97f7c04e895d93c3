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
from edge.store import open_pool
from hub.client.clock import Clock
from hub.client.db import StorageError
from hub.client.node import Node
from hub.client.outbox import Outbox
from hub.client.serving import ServeError, listen, serve
from hub.client.settings import SettingsError, show_settings
from hub.client.shelf import Shelf
from hub.wire.snapshot import Text

THREADS = 4
"""Phones at a door come in ones and twos; each thread costs a connection to the database."""

NOT_JOINED = "This door has not joined a shop yet. Make a pairing code on the hub, then run: python -m edge enrol CODE --hub URL"


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

    node = Node.load(config.dir)
    if node is None:
        print(NOT_JOINED, file=sys.stderr)
        return 2
    clock = Clock()
    pool = open_pool(config.dir)
    try:
        outbox = Outbox(pool, node, clock)
        app = create_app(node, outbox, Shelf(pool), clock, notice=lambda: _notice(config))
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


def _check(config: Config, *, as_json: bool) -> int:
    problems: list[dict[str, object]] = []
    if Node.load(config.dir) is None:
        problems.append({"code": "not-enrolled", "severity": 2, "text": {"en": NOT_JOINED}})
    else:
        pool = open_pool(config.dir)
        try:
            if Shelf(pool).made_at() is None:
                text = "The hub has sent nothing yet, so there is nothing to show. Is the edge running, and the hub in reach?"
                problems.append({"code": "no-snapshot", "severity": 1, "text": {"en": text}})
        finally:
            pool.close()
    if as_json:
        print(json.dumps({"program": "portal", "warnings": problems}, ensure_ascii=False))
    else:
        for problem in problems:
            print(problem["text"]["en"])  # type: ignore[index]
        if not problems:
            print("The portal is fine.")
    return max((int(str(problem["severity"])) for problem in problems), default=0)


if __name__ == "__main__":
    sys.exit(main())

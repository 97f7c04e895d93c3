"""`python -m edge.portal serve | check | config | api-url`: the portal from a shell."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
import time
from collections.abc import Iterator

from edge.gate.client import GateClient
from edge.health import notice as radio_notice
from edge.health import read_status
from edge.portal import capport
from edge.portal.config import SETTINGS, Config, read_config
from edge.portal.gatekeeper import GateKeeper, Watching
from edge.portal.health import look
from edge.portal.installer.asking import DoorSilent, ask
from edge.portal.installer.entrance import Entrance
from edge.portal.keeper import Keeper, NoGate
from edge.portal.looking import certificate_reason, holding
from edge.portal.store import InstallerStore
from edge.portal.tls import Certificates, TlsServer
from edge.portal.ways.sentences import with_modem
from edge.questions import MemberNotes
from edge.store import open_pool
from hardware.device import DeviceError, open_device
from hardware.modem.modem import Modem
from hub.client.clock import Clock
from hub.client.db import StorageError
from hub.client.node import Node
from hub.client.outbox import Outbox
from hub.client.serving import ServeError, listen, serve
from hub.client.settings import SettingsError, show_settings
from hub.client.shelf import Shelf
from hub.client.warnings import Shown, exit_status, report
from hub.wire.snapshot import Shop, Text
from hub.wire.sync_notes import Note

NAMELESS = Shop(0, {})
THREADS = 4
"""Most phones are answered at the door; each thread costs a connection to the database."""

BODY_OCTETS = 32_768
"""Twice what any form may have: longer ones are refused before they are read."""

IDLE_S = 15
"""A phone asks for what a page needs at once, and there is nothing to ask for."""


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the exit status is 0 for fine, 1 for a warning, 2 for an error."""
    parser = argparse.ArgumentParser(
        prog="python -m edge.portal", description="The page that greets a phone."
    )
    parser.add_argument("command", choices=("serve", "check", "config", "api-url"))
    parser.add_argument("--json", action="store_true", help="print JSON (check)")
    for setting in SETTINGS:
        parser.add_argument(setting.flag, dest=setting.field, help=setting.meaning)
    asked = parser.parse_args(arguments)
    try:
        config = read_config(
            os.environ, {setting.field: getattr(asked, setting.field) for setting in SETTINGS}
        )
        match asked.command:
            case "config":
                print(
                    show_settings(
                        SETTINGS, {setting.field: getattr(config, setting.field) for setting in SETTINGS}
                    )
                )
                return 0
            case "api-url":
                return _api_url(config)
            case "check":
                return _check(config, as_json=asked.json)
        return _serve(config)
    except (SettingsError, StorageError, ServeError, DeviceError) as wrong:
        print(wrong, file=sys.stderr)
        return 2


def _serve(config: Config) -> int:
    # Imported here: the other commands do without a web framework.
    from edge.portal.app import House, create_portal
    from edge.portal.installer.pages import Installer

    node = Node.load(config.dir)
    if node is None:
        print(look(enrolled=False, has_snapshot=False)[0].sentence(), file=sys.stderr)
        return 2
    clock = Clock()
    with contextlib.ExitStack() as stack:
        pool = open_pool(config.dir)
        stack.callback(pool.close)
        outbox = Outbox(pool, node, clock)
        shelf = Shelf(pool)
        installer = Installer(
            Entrance(InstallerStore(pool), clock.now, os.urandom),
            lambda question: ask(config.dir, question),
            lambda: shelf.shop() or NAMELESS,
            lambda: _notice(config),
            lambda: _warnings(config),
        )
        keeper = stack.enter_context(_keeper(config))
        if isinstance(keeper, GateKeeper):
            watching = Watching(keeper, clock.now)
            watching.begin()
            stack.callback(watching.close)
        certificates = _certificates(config)
        modem: Modem | None = open_device(config.modem) if config.modem else None
        if modem is not None:
            stack.callback(modem.close)
        simulated = modem is not None and modem.simulated
        portal = create_portal(
            House(
                config,
                node,
                outbox,
                shelf,
                clock,
                keeper,
                notice=lambda: with_modem(_notice(config), simulated=simulated),
                installer=installer,
                certificates=certificates,
                modem=modem,
                ask_notes=lambda member, told: _notes(config, member, told),
            )
        )
        stack.callback(portal.close)
        if certificates is not None:
            tls = TlsServer(portal.wsgi, certificates, config.host, config.tls_port)
            try:
                tls.begin()
            except OSError as wrong:
                raise ServeError(
                    f"Port {config.tls_port} cannot be had for TLS ({wrong.strerror}). Set PORTAL_TLS_PORT to another."
                ) from wrong
            stack.callback(tls.close)
        listening = listen(config.host, config.port)
        serve(
            portal.wsgi,
            listening,
            threads=THREADS,
            ready=lambda address: print(f"The portal answers at {address}/", flush=True),
            front=portal.front,
            body_octets=BODY_OCTETS,
            idle_s=IDLE_S,
        )
    return 0


@contextlib.contextmanager
def _keeper(config: Config) -> Iterator[Keeper]:
    if config.gate is None:
        yield NoGate()
        return
    with contextlib.closing(GateClient(config.gate)) as client:
        yield GateKeeper(client.ask)


def _certificates(config: Config) -> Certificates | None:
    return None if config.cert is None else Certificates(config.cert, config.cert_key, config.name)


def _notice(config: Config) -> Text:
    """What every page says: the line that was set, and whether the radio beside us is a simulated one."""
    if config.notice:
        return config.notice
    status = read_status(config.dir, time.time())
    return radio_notice(status.radio_name, status.simulated) if status else {}


def _notes(config: Config, member: str, told: tuple[int, ...]) -> tuple[Note, ...]:
    """What a member is to be told; the door asks the hub. Nothing where either does not answer."""
    try:
        return ask(config.dir, MemberNotes(member, told)).notes
    except DoorSilent:
        return ()


def _warnings(config: Config) -> list[Shown]:
    """What the door itself says is wrong."""
    status = read_status(config.dir, time.time())
    return list(status.warnings) if status else []


def _api_url(config: Config) -> int:
    """Print what DHCP option 114 has to say, for WIFI_API_URL; or why it must say nothing."""
    reason = certificate_reason(_certificates(config), time.time())
    if reason is not None:
        print(f"Option 114 stays off: {reason['en']}.", file=sys.stderr)
        return 1
    print(capport.api_url(config.name, config.tls_port))
    return 0


def _check(config: Config, *, as_json: bool) -> int:
    enrolled, has_snapshot = Node.load(config.dir) is not None, False
    if enrolled:
        pool = open_pool(config.dir)
        try:
            has_snapshot = Shelf(pool).made_at() is not None
        finally:
            pool.close()
    clock = Clock()
    now = clock.now()
    with _keeper(config) as keeper:
        if isinstance(keeper, GateKeeper):
            keeper.refresh(now)
        more = holding(keeper, _certificates(config), clock, now)
    # No `now`: a single look from a shell holds nothing back.
    shown = look(enrolled=enrolled, has_snapshot=has_snapshot, more=more)
    if as_json:
        print(json.dumps(report("portal", shown), ensure_ascii=False))
    else:
        print("\n".join(f"{one.severity}: {one.sentence()}" for one in shown) or "The portal is fine.")
    return exit_status(shown)


if __name__ == "__main__":
    sys.exit(main())

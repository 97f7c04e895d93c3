"""`python -m hub ship`, `restore` and `drill`."""

from __future__ import annotations

import argparse
import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from hub.changing import changed
from hub.config import Config
from hub.console import CommandError, show
from hub.safety.child import orphaned
from hub.safety.settings import UPSTREAM
from hub.safety.standing import DRILL_FILE, Drilled, drilled, keep
from hub.safety.targets import TargetError

PG_TOOLS = (
    "This hub keeps its memory in PostgreSQL, whose own tools back it up: pgBackRest, or pg_basebackup with archived "
    "write-ahead log. Tell the hub of each restore that was tried: python -m hub drill --passed TEXT"
)
WHO = "command line"


def ship(config: Config, _args: argparse.Namespace) -> int:
    """Ship until SIGTERM, or until the hub that started this is gone. `serve` starts it by itself."""
    from hub.safety.ship import Shipping, only_one

    if config.database:
        raise CommandError(PG_TOOLS)
    if not config.backup_to:
        raise CommandError("There is nowhere to ship to: set HUB_BACKUP_TO, for example file:/mnt/backup.")
    ending = threading.Event()
    parent = os.getppid()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ending.set())

    def ended() -> bool:
        return ending.is_set() or orphaned(parent)

    lock = only_one(config.dir, ended)
    if lock is None:
        return 0
    try:
        Shipping(config, ended).run()
    except TargetError as wrong:
        raise CommandError(str(wrong)) from wrong
    finally:
        os.close(lock)
    return 0


def restore(config: Config, args: argparse.Namespace) -> int:
    """Put a backup back into a folder that holds nothing yet."""
    from hub.rebuild import verify
    from hub.safety import restore as restoring
    from hub.safety.new_machine import known_to_head_office, take_up_the_line
    from hub.safety.targets import NEEDS_PASSPHRASE, open_target
    from hub.store.sqlite import FILE, SqliteStore
    from hub.upstream.line import FOLDER

    began = time.monotonic()
    place = args.place or config.backup_to or _nowhere()
    new_machine = place.startswith(UPSTREAM) and place != UPSTREAM
    identity = config.dir / FOLDER
    try:
        if new_machine and not config.backup_secret:
            # Before the code is used up.
            raise CommandError(NEEDS_PASSPHRASE["en"])
        if new_machine:
            identity = known_to_head_office(place, args.code or "", args.to)
        target = open_target(
            place,
            identity=identity,
            sealed=bool(config.backup_secret),
            s3_url=config.s3_url,
            s3_region=config.s3_region,
            s3_key_id=config.s3_key_id,
            s3_secret=config.s3_secret,
        )
        done = restoring.restore(
            target, args.to, passphrase=config.backup_secret, at=_moment(args.at) if args.at else None
        )
        if new_machine:
            take_up_the_line(identity, done.folder, config.shop, time.time(), WHO)
    except (restoring.RestoreError, TargetError) as wrong:
        again = (
            f" Who this machine is at head office is kept in {identity}."
            if identity.exists() and new_machine
            else ""
        )
        raise CommandError(f"{wrong}{again}") from wrong
    when = datetime.fromtimestamp(done.upto, UTC)
    took_s = time.monotonic() - began
    for warning in done.warnings:
        show(f"Mind: {warning}")
    show(
        f"{done.folder / FILE} is the shop as of {when:%Y-%m-%d %H:%M:%S} UTC: {done.size / 2**20:.1f} MB in {took_s:.1f} s; "
        "the chain of segments held, and SQLite finds the file in order."
    )
    if done.files:
        show(f"{' and '.join(done.files)} came with it.")
    else:
        show(
            f"Put hub.key, pins.pepper and people.key, which were kept apart, into {done.folder} before the hub is started."
        )
    status = 0
    if not args.quick:
        with closing(SqliteStore(done.folder / FILE)) as store:
            found = verify(store)
            record = store.people.audit_chain()
        if found.differ or record.broken is not None:
            show(
                "It was put back, but what is derived does not agree with the journal: python -m hub rebuild"
            )
            status = 1
        else:
            show(
                f"A rebuild from {found.events} events gives the same, and nobody edited the record of changes."
            )
    show(f"Start it: python -m hub --dir {done.folder} serve")
    return status


def _nowhere() -> str:
    raise CommandError("Say from where: python -m hub restore file:/mnt/backup --to DIR")


def _moment(text: str) -> float:
    """A time in UTC as people type it."""
    try:
        there = datetime.fromisoformat(text)
    except ValueError:
        raise CommandError(f"{text} is no time. It looks like 2026-01-31T14:05:30, in UTC.") from None
    return (there if there.tzinfo else there.replace(tzinfo=UTC)).timestamp()


def drill(config: Config, args: argparse.Namespace) -> int:
    """Try a restore and compare it with the living shop, or tell of one that was tried otherwise."""
    from hub.app import open_store
    from hub.safety.drill import drill as try_it

    if args.passed:
        keep(config.dir / DRILL_FILE, Drilled(time.time(), True, args.passed))
        with closing(open_store(config.dir, config.database, config.shop)) as store:
            store.people.note(changed(time.time(), WHO, "drill.passed", args.passed, {}))
        show("Noted.")
        return 0
    if config.database:
        raise CommandError(PG_TOOLS)
    if not config.backup_to:
        raise CommandError("There is no backup to try: set HUB_BACKUP_TO, for example file:/mnt/backup.")
    if not args.latest:
        # Behind everything else on this machine: a till must not wait for it.
        os.nice(10)
    done = drilled(config.dir) if args.latest else try_it(config)
    if done is None:
        raise CommandError("There was no drill yet.")
    if not args.latest:
        keep(config.dir / DRILL_FILE, done)
    if args.json:
        show(msgspec.json.encode(done).decode())
    else:
        show(f"{done.sentence} ({done.size / 2**20:.1f} MB in {done.took_s:g} s)")
    return 0 if done.ok else 1


def add_commands(command: Callable[[str, str], argparse.ArgumentParser]) -> None:
    """Put them on the hub's command line; `command` makes one, of its name and what it does."""
    command("ship", "ship the backup until it is told to stop; serve starts it by itself")
    back = command("restore", "put a backup back into a folder that holds nothing yet")
    back.add_argument(
        "place",
        nargs="?",
        metavar="FROM",
        help="file:/folder, s3://bucket/prefix, upstream: or upstream:URL (HUB_BACKUP_TO)",
    )
    back.add_argument(
        "--code", help="of head office, with FROM upstream:URL: this machine becomes the shop's hub"
    )
    back.add_argument("--to", type=Path, required=True, metavar="DIR", help="the folder to make")
    back.add_argument("--at", metavar="TIME", help="as it was then, such as 2026-01-31T14:05:30 in UTC")
    back.add_argument("--quick", action="store_true", help="do not derive everything again to compare")
    drill = command("drill", "put the backup back into a folder of its own and compare it with the shop")
    drill.add_argument(
        "--passed", metavar="TEXT", help="a restore was tried otherwise, and this is what came of it"
    )
    drill.add_argument("--latest", action="store_true", help="only say how the latest one went")
    drill.add_argument("--json", action="store_true")

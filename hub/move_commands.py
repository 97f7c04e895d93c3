"""What `python -m hub migrate` does: the hub's file becomes a PostgreSQL database, while the shop goes on.

A move that is killed leaves notes in the file, which grow with every change: run it again, or give it up with `--give-up`.
"""

from __future__ import annotations

import argparse
import time
from contextlib import closing

from hub.app import open_file
from hub.config import Config, database
from hub.console import CommandError, show
from hub.store.moving import Source

TELL_EVERY_S = 1.0


class _Lines:
    """Progress for a person: a line a second, with how many rows a second."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._told_at = 0.0
        self._step = ""

    def __call__(self, step: str, done: int, total: int) -> None:
        now = time.monotonic()
        if step == self._step and now - self._told_at < TELL_EVERY_S:
            return
        if step != self._step:
            self._began = now
        self._step, self._told_at = step, now
        rate = f", {done / (now - self._began):,.0f} a second" if now - self._began >= TELL_EVERY_S else ""
        show(f"{step}: {done:,} of {total:,}{rate}")


def migrate(config: Config, args: argparse.Namespace) -> int:
    """Move the hub to the database that `--to` names."""
    try:
        # Late: psycopg is an extra, and a hub that has none has every other command.
        from hub.moving import NotMoved, move
    except ModuleNotFoundError as wrong:
        raise CommandError(f"{wrong.name} is not installed: pip install 'shopbell[postgres]'") from wrong
    if config.database:
        raise CommandError("This hub is in a database already (HUB_DATABASE).")
    if args.give_up:
        with closing(open_file(config.dir, config.shop)) as store:
            if store.moved_to():
                raise CommandError(f"This hub was moved to {store.moved_to()} already.")
            Source(store).unwatch()
        show("The file takes no notes any more for a move.")
        return 0
    try:
        url = database(args.to)
    except ValueError as wrong:
        raise CommandError(f"--to {wrong}.") from None
    if not url:
        raise CommandError("--to must be an address like postgresql://hub@server/shopbell.")
    try:
        with closing(open_file(config.dir, config.shop)) as store:
            done = move(store, url, _Lines())
    except NotMoved as wrong:
        raise CommandError(str(wrong)) from None
    show(
        f"{sum(done.rows.values()):,} rows of {len(done.rows)} tables are the same there. Writing stood still for "
        f"{done.held_s:.2f} s; all of it took {done.took_s:.0f} s."
    )
    show(f"The hub goes on there. Set HUB_DATABASE={url}; the old file takes no changes any more.")
    return 0

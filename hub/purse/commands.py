"""What `python -m hub purse` does: add the books up, and look into one purse."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from contextlib import closing

import msgspec

from hub.config import Config
from hub.console import show


def add_commands(command: Callable[[str, str], argparse.ArgumentParser]) -> None:
    """Put `purse` on the hub's command line; `command` makes one, of its name and what it does."""
    actions = command("purse", "points and value: whether the books sum, what a member has").add_subparsers(
        dest="action", required=True
    )
    actions.add_parser("check", help="add every move up; exit status 1 where something does not sum")
    look = actions.add_parser("look", help="what a member has, as JSON")
    look.add_argument("member", help="their opaque id")


def purse(config: Config, args: argparse.Namespace) -> int:
    """Check or look."""
    from hub.app import open_store
    from hub.purse.balances import balances

    with closing(open_store(config.dir, config.database, config.shop)) as store:
        if args.action == "look":
            have = balances(store, args.member, time.time())
            show(json.dumps(msgspec.to_builtins(have), ensure_ascii=False, indent=2))
            return 0
        checked = store.purse.check()
        for wrong in checked.wrong:
            show(wrong)
        show(
            f"{checked.moves} moves between {checked.accounts} accounts: "
            + ("they do not sum." if checked.wrong else "every account is what came less what went.")
        )
        return 1 if checked.wrong else 0

"""What `python -m hub manager` and `setup-code` do: who comes into the office, by command on the hub's own machine."""

from __future__ import annotations

import argparse
import getpass
import sys
import time
from contextlib import closing

from hub.config import Config
from hub.console import CommandError, show
from hub.roles import Role
from hub.sentences import Said

WHO = "command line"


def manager(config: Config, args: argparse.Namespace) -> int:
    """Let somebody into the office, change what they may, or bring them back. No password ever stands on a command line, where
    others could read it."""
    from hub.app import open_store
    from hub.people import add_manager
    from hub.signing import standing
    from hub.signing.joining import Invited, invite

    now = time.time()
    role = Role(getattr(args, "role", None) or Role.OWNER)
    with closing(open_store(config.dir, config.database, config.shop)) as store:
        match args.action:
            case "list":
                for one in store.people.managers():
                    gone = one.withdrawn_at is not None
                    show(f"{one.name}  {'(not any more)' if gone else store.persons.role(one.name)}")
            case "add":
                _good(add_manager(store, args.name, _password(), now, who=WHO, role=role))
                show(f"{args.name} may log in at /manage.")
            case "invite":
                made = invite(store, Role.OWNER, role, args.note or "", now, who=WHO)
                if not isinstance(made, Invited):
                    raise CommandError(str(made))
                show(made.code)
            case "role":
                _good(standing.change_role(store, Role.OWNER, args.name, role, now, who=WHO))
                show(f"{args.name} is {role} now.")
            case "remove":
                _good(standing.remove_manager(store, Role.OWNER, args.name, now, who=WHO))
                show(f"{args.name} does not come in any more.")
            case "recover":
                _good(standing.recover(store, args.name, _password(), now, who=WHO))
                show(
                    f"{args.name} logs in with the new password alone. Codes, passkeys and sessions are gone."
                )
    return 0


def setup_code(config: Config, _args: argparse.Namespace) -> int:
    """Print the code that /manage asks for at the first start."""
    from hub.app import open_store
    from hub.signing.joining import make_setup_code

    with closing(open_store(config.dir, config.database, config.shop)) as store:
        if store.people.managers():
            raise CommandError("This shop has a manager already. Add another: python -m hub manager add NAME")
        show(make_setup_code(store, time.time()))
    return 0


def declare(manager: argparse.ArgumentParser) -> None:
    """What stands behind `manager` on the command line."""
    actions = manager.add_subparsers(dest="action", required=True)
    asked = "the password is asked for, or read from standard input"
    roles = [str(role) for role in Role]
    add = actions.add_parser("add", help=f"let somebody into the office; {asked}")
    add.add_argument("name")
    add.add_argument("--role", choices=roles, default="owner", help="what they may do")
    invite = actions.add_parser(
        "invite", help="print a code with which one person becomes a manager at /manage/join"
    )
    invite.add_argument("--role", choices=roles, default="manager", help="what they may do")
    invite.add_argument("--note", help="for whom it is")
    role = actions.add_parser("role", help="give a manager another role")
    role.add_argument("name")
    role.add_argument("role", choices=roles)
    actions.add_parser("remove", help="let a manager in no more").add_argument("name")
    recover = actions.add_parser(
        "recover",
        help=f"when password, phone and recovery codes are lost: a new password, nothing else; {asked}",
    )
    recover.add_argument("name")
    actions.add_parser("list", help="list them")


def _password() -> str:
    asked = getpass.getpass("Password: ") if sys.stdin.isatty() else sys.stdin.readline()
    return asked.rstrip("\n")


def _good(fault: Said | None) -> None:
    if fault is not None:
        raise CommandError(str(fault))

"""What `python -m hub node …` understands."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from hub.wire.joining import PROGRAMS

DEFAULT_DAYS = 30


def add_commands(node: argparse.ArgumentParser) -> None:
    """Every act on the shop's nodes."""
    actions: Any = node.add_subparsers(dest="action", required=True, metavar="ACT")

    def act(name: str, what: str) -> argparse.ArgumentParser:
        made: argparse.ArgumentParser = actions.add_parser(name, help=what, description=what)
        return made

    def of_node(name: str, what: str) -> argparse.ArgumentParser:
        made = act(name, what)
        made.add_argument("node", metavar="NODE", help="such as kiosk-1")
        return made

    listing = act("list", "list the nodes")
    listing.add_argument("--group", help="only those of this group")
    listing.add_argument(
        "--search", default="", help="only those with this in their name, number, group or place"
    )
    listing.add_argument("--json", action="store_true")
    of_node("show", "all that is known of a node").add_argument("--json", action="store_true")

    act("waiting", "list nodes that show a code and wait to be accepted").add_argument(
        "--json", action="store_true"
    )
    accept = act("accept", "let the node in that shows this code")
    accept.add_argument("code", metavar="CODE", help="three groups of four letters and digits")
    _plan(accept)
    act("turn-away", "do not let the node in that shows this code").add_argument("code", metavar="CODE")
    code = act("code", "print a pairing code, good for ten minutes and for one node")
    code.add_argument("--program", choices=PROGRAMS)
    _plan(code)
    replace = of_node("replace", "let other hardware be this node: its name, place, settings and rights")
    replace.add_argument(
        "code",
        nargs="?",
        metavar="CODE",
        help="that the new hardware shows; without it a pairing code is printed",
    )
    _replacing(replace)

    allow = act("allow", "let nodes in by their public keys: a file with KEY PROGRAM NAME on each line")
    allow.add_argument("file", type=Path)
    allow.add_argument(
        "--days", type=float, default=DEFAULT_DAYS, help=f"for how long; {DEFAULT_DAYS} by default"
    )
    give = act("give", "print keys of one use, for a roll-out")
    give.add_argument("--count", type=int, default=1)
    give.add_argument("--program", choices=PROGRAMS, default="")
    give.add_argument("--group", default="")
    give.add_argument(
        "--days", type=float, default=DEFAULT_DAYS, help=f"for how long; {DEFAULT_DAYS} by default"
    )
    act("allowed", "list keys that were allowed or given").add_argument("--json", action="store_true")
    act("disallow", "take back a key that nobody has used").add_argument(
        "mark", metavar="MARK", help="its beginning, from the list"
    )
    act("hub-key", "print the fingerprint of this hub's key, for nodes that are to take no other hub")

    name = of_node("name", "call a node otherwise")
    name.add_argument("name", metavar="NAME")
    name.add_argument("--note", help="a line about it")
    place = of_node("place", "put a node on a floor's plan, or take it away from there")
    place.add_argument("--floor", default="", help="without it the node stands nowhere")
    place.add_argument("--x", type=float, help="from the left, 0 to 1")
    place.add_argument("--y", type=float, help="from the top, 0 to 1")
    floor = act("floor", "make a floor, give it a plan, remove it; without a name list them")
    floor.add_argument("name", nargs="?", metavar="NAME")
    floor.add_argument("--plan", type=Path, help="a picture")
    floor.add_argument("--remove", action="store_true")

    _configuring(of_node("set", "give a node settings: NAME=value; they hold from its next start"))
    group = act("group", "give all nodes of a group settings; without a name list the groups")
    group.add_argument("name", nargs="?", metavar="GROUP")
    _configuring(group)
    group.add_argument("--add", nargs="+", default=[], metavar="NODE", help="put these nodes into the group")
    group.add_argument("--leave", nargs="+", default=[], metavar="NODE", help="take these nodes out of it")
    group.add_argument("--remove", action="store_true", help="forget the group; its nodes stay")

    revoke = act("revoke", "trust a node, or all of a group, no more; refused at once and for good")
    which = revoke.add_mutually_exclusive_group(required=True)
    which.add_argument("node", nargs="?", metavar="NODE", help="such as kiosk-1")
    which.add_argument("--group", help="every node of this group")
    revoke.add_argument("--yes", action="store_true", help="you have read which nodes of the group they are")
    retire = of_node("retire", "let a node go as soon as it has told everything")
    retire.add_argument("--stay", action="store_true", help="take that back")
    act("clocks", "how far the clocks of nodes are off, and which facts were stamped ahead").add_argument(
        "--json", action="store_true"
    )


def _plan(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--name", default="", help="what people call it")
    parser.add_argument("--group", default="", help="the group that it belongs to")
    parser.add_argument("--replaces", default="", metavar="NODE", help="the node whose hardware it replaces")
    _replacing(parser)


def _replacing(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--stolen", action="store_true", help="believe nothing any more that the old hardware signed"
    )
    parser.add_argument(
        "--keep-rights",
        action="store_true",
        help="the old hardware has told everything: what it had not spent is the new one's",
    )


def _configuring(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("settings", nargs="*", metavar="NAME=VALUE")
    parser.add_argument("--unset", nargs="+", default=[], metavar="NAME", help="give this no more")

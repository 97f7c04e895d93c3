"""`python -m hub tag`: what the doors may recognise. A key comes in by standard input and is never printed."""

from __future__ import annotations

import argparse
import getpass
import json
import sys
import time
from contextlib import closing

from hub.app import open_store
from hub.config import Config
from hub.console import CommandError, show
from hub.devices import hub_key
from hub.enrolled import add_tag, is_readable, remove_tag
from hub.store.records import TagRecord
from hub.tags import CONSENT, TypedTag, read_tag, way_of
from hub.wire.snapshot import say

WHO = "command line"


def tag(config: Config, args: argparse.Namespace) -> int:
    """Enrol, list or remove tags."""
    with closing(open_store(config.dir, config.database, config.shop)) as store:
        key = hub_key(config.dir)
        if args.action == "list":
            return _list([(one, is_readable(key, one)) for one in store.tags.all()], as_json=args.json)
        if args.action == "remove":
            if not remove_tag(store, args.known, time.time(), who=WHO):
                raise CommandError(f"There is no tag {args.known}. See: python -m hub tag list")
            show(f"{args.known} is recognised no more; its name and its key are deleted.")
            return 0
        now = time.time()
        read = read_tag(_typed(args), now)
        added = read if isinstance(read, dict) else add_tag(store, key, read, now, who=WHO)
    if isinstance(added, dict):
        raise CommandError(" ".join(str(fault) for fault in added.values()))
    show(f"{added.name} is known as {added.known}. The doors learn it within seconds.")
    return 0


def _typed(args: argparse.Namespace) -> TypedTag:
    what = args.identity
    if what is not None and way_of(what) != "identity":
        raise CommandError(
            "A key does not belong on a command line, where others can read it. Leave it out: it is asked for, "
            "or read from standard input."
        )
    if what is None:
        asked = "Identity or key: "
        what = getpass.getpass(asked) if sys.stdin.isatty() else sys.stdin.readline()
    if args.whose != "thing" and not args.agreed:
        raise CommandError(
            f"Nobody is recognised who has not agreed. Show these words to the person, then add --agreed:\n"
            f"{say(CONSENT, args.language)}"
        )
    way = way_of(what)
    fields = {"name": args.name, "whose": args.whose, "way": way, way: what, "clock": args.clock or ""}
    return TypedTag(fields, args.agreed, args.language)


def _list(tags: list[tuple[TagRecord, bool]], *, as_json: bool) -> int:
    if as_json:
        lines = [
            {
                "known": one.known,
                "name": one.name,
                "whose": one.whose,
                "kind": one.kind,
                "identity": one.identity,
                "readable": readable,
                "made_at": one.made_at,
            }
            for one, readable in tags
        ]
        show(json.dumps(lines, ensure_ascii=False, indent=2))
        return 0
    for one, readable in tags:
        what = one.identity or {"irk": "a phone's key", "eid": "a changing identity"}[one.kind]
        trouble = "" if readable else "  (its key cannot be opened: enrol it again)"
        show(f"{one.known}  {one.whose:<6}  {one.name:<24}  {what}{trouble}")
    if not tags:
        show("No tags yet. Enrol one: python -m hub tag add NAME ibeacon:UUID/MAJOR/MINOR")
    return 0

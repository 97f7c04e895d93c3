"""`python -m hub upstream`: a shop joins head office, says how it stands with it, moves with it, leaves it."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict

from hub.app import open_store
from hub.client.enrolling import EnrolError
from hub.config import Config
from hub.console import CommandError, show
from hub.store.base import Store
from hub.upstream.joining import join, leave, move
from hub.upstream.standing import Below, Standing, shops_below, standing_with_head_office
from hub.wire.snapshot import say

WHO = "command line"

ALONE = "This shop stands alone. Join head office with: python -m hub upstream join URL CODE"


def upstream(config: Config, args: argparse.Namespace) -> int:
    """Join, move, leave; or how this shop stands."""
    now = time.time()
    with closing(open_store(config.dir, config.database, config.shop)) as store:
        match args.action:
            case "join":
                try:
                    node = join(store, config.dir, args.url, args.code, now, WHO)
                except EnrolError as wrong:
                    raise CommandError(str(wrong)) from wrong
                show(
                    f"This shop is {node.device} of head office's shop {node.shop}. Its hub tells it everything from now on."
                )
            case "move":
                try:
                    moved = move(store, config.dir, args.url, now, WHO)
                except ValueError as wrong:
                    raise CommandError(str(wrong)) from wrong
                if moved is None:
                    raise CommandError(ALONE)
                show(f"Head office is looked for at {args.url}.")
            case "leave":
                left = leave(store, config.dir, now, WHO)
                if left is None:
                    raise CommandError(ALONE)
                show(
                    f"This shop stands alone. Head office keeps what it was told; withdraw {left.device} there."
                )
            case _:
                _show(store, config, now, as_json=args.json)
    return 0


def _show(store: Store, config: Config, now: float, *, as_json: bool) -> None:
    standing, below = standing_with_head_office(store, config.dir), shops_below(store)
    if as_json:
        upstream = None if standing is None else standing.as_json()
        show(json.dumps({"upstream": upstream, "shops": [asdict(one) for one in below]}, indent=2))
        return
    for line in [*_up(standing, now), *(_down(one, now) for one in below)]:
        show(line)
    if standing is None and not below:
        show(ALONE)


def _up(standing: Standing | None, now: float) -> Iterator[str]:
    if standing is None:
        return
    name = say(standing.name, "en") or f"shop {standing.shop}"
    yield f"Head office: {name} at {standing.url}; this shop is {standing.device} there."
    if standing.failing_since is not None:
        yield f"It has not answered for {_ago(now, standing.failing_since)}: {standing.sentence}"
    yield f"Heard {_ago(now, standing.reached_at)} ago; {standing.waiting} facts wait; {standing.offers} offers of the chain."
    if standing.got_back_at is not None:
        yield f"Got back after this hub was set back: {standing.got_back} facts, {_ago(now, standing.got_back_at)} ago."


def _down(below: Below, now: float) -> str:
    name = say(below.name, "en") or f"Shop {below.number}"
    heard = "withdrawn" if below.withdrawn else f"heard {_ago(now, below.seen_at)} ago"
    return f"{below.number}  {name} ({below.device}): {heard}, {below.events} facts, {below.behind} behind"


def _ago(now: float, at: float | None) -> str:
    """How long ago, in the unit that a person would choose."""
    if at is None:
        return "a time that nobody knows"
    seconds = max(0.0, now - at)
    for size, word in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds // size:.0f} {word}"
    return f"{seconds:.0f} seconds"

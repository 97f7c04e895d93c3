"""`shopbell replay`: a year of a real chain of shops, played into a hub of its own that can then be looked at."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from pathlib import Path

from hub.replay.house import HUB
from hub.replay.journey import journey_of, of_households
from hub.replay.playing import LIST, Played, play
from hub.replay.reading import NoData, data_folder, read_tables
from hub.replay.shops import CannotPlay
from hub.up.sentences import UpError


def run(args: argparse.Namespace) -> int:
    """Play what is left of it; 0 once everything was played."""
    folder: Path = args.dir
    try:
        tables = read_tables(args.data or data_folder())
        journey = journey_of(of_households(tables, args.households))
        _tell(
            f"{len(journey.joined):,} households, {len(journey.stores):,} stores, {len(journey.baskets):,} baskets, "
            f"{len(journey.campaigns):,} campaigns, {len(journey.redemptions) + len(journey.without):,} redemptions"
        )
        played = play(journey, folder, _tell)
    except (NoData, CannotPlay) as wrong:
        raise UpError(str(wrong)) from wrong
    except OSError as wrong:
        raise UpError(f"{folder} cannot be written: {wrong}") from wrong
    figures = figures_of(played, len(journey.without))
    _tell(
        f"{figures['accepted']:,} redemptions accepted, refused: {figures['refused'] or 'none'}; the list is {folder / LIST}"
    )
    _tell(f"{played.facts:,} facts in {played.exchanges:,} exchanges, {played.took_s:,.0f} s")
    _tell(
        f"Look at it: python -m hub --dir {folder / HUB} setup-code; python -m hub --dir {folder / HUB} serve"
    )
    _tell("Its days are those of 2017: /manage/explore?days=custom&from=2017-01-01&to=2017-12-31")
    if args.json:
        print(json.dumps(figures))
    return 0


def figures_of(played: Played, without: int) -> dict[str, object]:
    """What was played, in numbers."""
    refused = Counter(one.refusal for one in played.outcomes if not one.accepted)
    return {
        "accepted": sum(one.accepted for one in played.outcomes),
        "refused": dict(refused),
        "without_basket": without,
        "facts": played.facts,
        "exchanges": played.exchanges,
        "took_s": round(played.took_s, 1),
    }


def _tell(line: str) -> None:
    print(f"shopbell: {line}", file=sys.stderr, flush=True)

"""`python -m hub value`: what members are worth, from a file of their histories."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from hub.console import show
from hub.value.choosing import MoneySpeaker, Speaker
from hub.value.reading import Row, read_rows
from hub.value.worth import Members, Worth, members_of

WRONG = 1
WEEKS = 39
MOST_WEEKS = 520


def build_parser() -> argparse.ArgumentParser:
    """The command with its options."""
    parser = argparse.ArgumentParser(
        prog="python -m hub value",
        description="What members are worth, and how likely they are to come again.",
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    fit = actions.add_parser(
        "fit",
        help="fit BG/NBD (and Gamma-Gamma, where money is known) to a CSV file",
        description="Fit BG/NBD to a CSV file with the columns customer_id, frequency, recency, T (weeks) and, where it is "
        "known, monetary_value; say of each customer how likely they are to be still one, and how often they will come.",
    )
    fit.add_argument("file", type=Path, metavar="CSV")
    fit.add_argument("--json", action="store_true", help="everything, for programs")
    members = actions.add_parser(
        "members",
        help="the shop's own members: who may be lost and why, what each is worth",
        description="The shop's own members who agreed to be known: who may be lost and why, what each is worth.",
    )
    for action in (fit, members):
        action.add_argument(
            "--weeks", type=int, default=WEEKS, help=f"how far to look ahead (usually {WEEKS})"
        )
    trial = actions.add_parser(
        "trial",
        help="what the loss score predicted 90 days ago against what happened",
        description="What the loss score predicted 90 days ago, for members whom it had not seen, against what happened.",
    )
    for action in (members, trial):
        action.add_argument("--dir", help="the hub's folder (HUB_DIR)")
        action.add_argument("--day", type=_day, metavar="DAY", help="as on that morning, such as 2026-01-31")
        action.add_argument("--json", action="store_true", help="everything, for programs")
    return parser


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} is no day, such as 2026-01-31") from None


def value(_config: object, args: argparse.Namespace) -> int:
    """The same behind the hub's own option for its folder."""
    folder: str | None = getattr(args, "dir", None)
    if folder is not None and args.rest[:1] in (["members"], ["trial"]):
        return main([args.rest[0], "--dir", folder, *args.rest[1:]])
    return main(args.rest)


def main(argv: Sequence[str]) -> int:
    """Run it; its exit status."""
    parser = build_parser()
    args = parser.parse_args(argv)
    if not 1 <= getattr(args, "weeks", 1) <= MOST_WEEKS:
        parser.error(f"--weeks is between 1 and {MOST_WEEKS}.")
    try:
        if args.action != "fit":
            # Only these need the store, and what comes with it.
            from hub.value.office import run

            return run(args)
        return _fit(args.file, args.weeks, args.json)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Whoever read has read enough. What is left must not be written when Python ends, or it complains.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141


def _fit(path: Path, weeks: int, as_json: bool) -> int:
    try:
        with path.open("rb") as file:
            read = read_rows(file)
    except OSError as wrong:
        print(f"{path} cannot be read: {wrong.strerror}.", file=sys.stderr)  # noqa: T201 - the command's own voice
        return WRONG
    rows = [row for row in read if isinstance(row, Row)]
    if len(rows) < len(read):
        for sentence in read:
            print(sentence, file=sys.stderr)  # noqa: T201 - the command's own voice
        print(f"Nothing was worked out: every line of {path} has to be right first.", file=sys.stderr)  # noqa: T201
        return WRONG
    members = members_of(rows)
    if as_json:
        for piece in _json(members, weeks):
            sys.stdout.write(piece)
        sys.stdout.flush()
    else:
        _tell(members, weeks)
    return 0


def _json(members: Members, weeks: int) -> Iterator[str]:
    """In pieces, so that a million members need no more memory than one."""
    head = {
        "model": members.visits.name,
        "why": members.visits.why,
        "parameters": _parameters(members.visits),
        "log_likelihood": members.visits.fit.log_likelihood if members.visits.fit else None,
        "members": len(members.rows),
        "returned": sum(row.history.frequency > 0 for row in members.rows),
        "unit": "weeks",
        "horizon": weeks,
        "money": _money(members.money),
    }
    yield json.dumps(head, ensure_ascii=False)[:-1] + ', "customers": ['
    before = ""
    for worth in members.worths(weeks):
        yield f"{before}\n{json.dumps(_customer(worth, weeks), ensure_ascii=False)}"
        before = ","
    yield "\n]}\n"


def _parameters(speaker: Speaker) -> dict[str, float]:
    model = speaker.model
    return {"r": model.r, "alpha": model.alpha, "a": model.a, "b": model.b}


def _money(speaker: MoneySpeaker | None) -> dict[str, Any] | None:
    if speaker is None:
        return None
    model = speaker.model
    return {
        "model": speaker.name,
        "why": speaker.why,
        "parameters": {"p": model.p, "q": model.q, "v": model.v},
        "mean": model.mean if model.q > 1 else None,
    }


def _customer(worth: Worth, weeks: int) -> dict[str, Any]:
    told: dict[str, Any] = {
        "customer_id": worth.customer_id,
        "p_alive": worth.p_alive,
        f"expected_purchases_{weeks}w": worth.visits,
        "rfm": {"recency": worth.recency, "frequency": worth.frequency},
    }
    if worth.spend is not None:
        told["rfm"]["money"] = worth.money
        told["expected_spend"] = worth.spend
        told[f"expected_value_{weeks}w"] = worth.value
    return told


def _tell(members: Members, weeks: int) -> None:
    model = members.visits.model
    show(members.visits.why["en"])
    show(
        f"r = {model.r:.4f}, alpha = {model.alpha:.4f}, a = {model.a:.4f}, b = {model.b:.4f} (time in weeks)"
    )
    if members.money:
        money = members.money.model
        show(members.money.why["en"])
        show(f"p = {money.p:.4f}, q = {money.q:.4f}, v = {money.v:.4f}")
    alive = visits = value = 0.0
    for worth in members.worths(weeks):
        alive += worth.p_alive
        visits += worth.visits
        value += worth.value or 0.0
    show(
        f"Of {len(members.rows):,} members about {alive:,.0f} are still coming; {visits:,.0f} visits in the next {weeks} weeks."
    )
    if members.money:
        show(f"They will spend about {value:,.0f}.")
    show("Everything about each of them: --json")

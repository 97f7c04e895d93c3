"""Runs the measurements: every module of this folder with `measure(rounds) -> list[dict]`, as a table and as JSON.

A row is {"name", "ours", "peer", "ratio", "goal", "unit"}: `ratio` says how often better we are than the peer, and is to be at
least `goal`. A row whose name ends in "<=" or that has "limit": true is a figure that is to stay at or below its goal instead.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

Row = dict[str, Any]
FEWEST_ROUNDS = 5
NOT_MEASUREMENTS = frozenset({"run", "__init__"})


def names() -> list[str]:
    """The measurements that there are."""
    folder = Path(__file__).parent
    return sorted(
        path.stem
        for path in folder.glob("*.py")
        if path.stem not in NOT_MEASUREMENTS
        and not path.stem.startswith("_")
        and "def measure(" in path.read_text()
    )


def met(row: Row) -> bool | None:
    """Whether a row reaches its goal; None where it has none."""
    if row.get("goal") is None:
        return None
    if row.get("limit"):
        return 0 < row["ours"] <= row["goal"]
    return row.get("ratio") is not None and bool(row["ratio"] >= row["goal"])


def table_of(rows: list[Row]) -> Table:
    """The rows for people."""
    table = Table(title="Shopbell, measured on this machine")
    for heading in ("measurement", "ours", "peer", "unit", "ratio", "goal", ""):
        table.add_column(heading, justify="left" if heading in ("measurement", "unit", "") else "right")
    for row in rows:
        reached = met(row)
        mark = "" if reached is None else "[green]met[/]" if reached else "[red]falls short[/]"
        goal = "" if row.get("goal") is None else f"{'<=' if row.get('limit') else '>='} {row['goal']:g}"
        table.add_row(
            str(row["name"]),
            _figure(row.get("ours")),
            _figure(row.get("peer")),
            str(row.get("unit", "")),
            _figure(row.get("ratio")),
            goal,
            mark,
        )
    return table


def _figure(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return "" if value is None else str(value)


def main() -> int:
    """0 where every goal was met; 1 where one falls short or a measurement broke."""
    parser = argparse.ArgumentParser(prog="shopbell bench")
    parser.add_argument("name", nargs="?")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", type=Path, default=Path("out/bench.json"))
    args = parser.parse_args()
    if args.rounds < FEWEST_ROUNDS:
        print(f"shopbell: a median needs at least {FEWEST_ROUNDS} rounds.", file=sys.stderr)
        return 2
    if args.name and args.name not in names():
        print(
            f"shopbell: there is no measurement {args.name}. There are: {', '.join(names())}.",
            file=sys.stderr,
        )
        return 2
    rows: list[Row] = []
    broken: list[str] = []
    for name in [args.name] if args.name else names():
        print(f"shopbell: measuring {name}", file=sys.stderr, flush=True)
        try:
            rows += [
                {"module": name, **row}
                for row in import_module(f"tests.bench.{name}").measure(rounds=args.rounds)
            ]
        except Exception as wrong:
            broken.append(f"{name}: {type(wrong).__name__}: {wrong}")
    Console(width=None if sys.stdout.isatty() else 130).print(table_of(rows))
    for sentence in broken:
        print(f"could not be measured: {sentence}", file=sys.stderr)
    report = {
        "at": time.time(),
        "python": platform.python_version(),
        "machine": platform.machine(),
        "processors": os.cpu_count(),
        "rounds": args.rounds,
        "rows": [{**row, "met": met(row)} for row in rows],
        "broken": broken,
    }
    args.json.parent.mkdir(parents=True, exist_ok=True)
    args.json.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n")
    return 0 if not broken and all(met(row) is not False for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())

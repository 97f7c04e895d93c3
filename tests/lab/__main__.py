"""`python -m tests.lab`: runs the checks of the lab and prints a table; `python -m tests.lab -- COMMAND` runs a command in it."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from rich.console import Console
from rich.table import Table

from tests.lab import devices, hearing, raw, recovery, repeats, speaking, together, wifi
from tests.lab.appliance import Lab, open_lab
from tests.lab.kernel import LabError
from tests.lab.machine import ROOT
from tests.lab.verdict import Row

Check = Callable[[Lab], Awaitable[list[Row]]]

T = TypeVar("T")

WITHOUT_BLUETOOTH: dict[str, Callable[[], Awaitable[list[Row]]]] = {
    "wifi": wifi.wifi,
    "devices": devices.devices,
}
"""These have a machine of their own."""

BY_NAME = {"rate", "devices"}
"""These run when they are named only: one measures the machine more than us, the other repeats in minutes of an emulated
processor what the tests play in seconds."""

UNAVAILABLE = 69
"""Exit status where the lab cannot run on this machine at all (sysexits.h, EX_UNAVAILABLE)."""


def checks(together_s: float) -> dict[str, Check]:
    """Every check by its name, in the order in which they run: what is quick first, what kills things last."""
    return {
        "hearing": hearing.hearing,
        "speaking": speaking.speaking,
        "together": lambda lab: together.together(lab, together_s),
        "intervals": speaking.intervals,
        "repeats": repeats.repeats,
        "raw": raw.raw,
        "recovery": recovery.recovery,
        "stuck": recovery.stuck,
        "rate": hearing.rate,
    }


async def run_checks(alone: Sequence[str], chosen: Mapping[str, Check]) -> list[Row]:
    """Those with a machine of their own, then one lab for all the others, one after the other."""
    rows: list[Row] = []
    for name in alone:
        rows += await _run(name, WITHOUT_BLUETOOTH[name])
    if chosen:
        async with open_lab() as lab:
            for name, check in chosen.items():
                found = await _run(name, partial(check, lab))
                lab.keep_logs = lab.keep_logs or not all(row.passed for row in found)
                rows += found
    return rows


async def _run(name: str, check: Callable[[], Awaitable[list[Row]]]) -> list[Row]:
    """A check that breaks is a row that failed, and the next one runs."""
    began = time.monotonic()
    try:
        found = await check()
    except (LabError, OSError, TimeoutError) as broken:
        found = [Row(name, "the check itself", "to run", str(broken) or type(broken).__name__, False)]
    failed = sum(not row.passed for row in found)
    took = f"{time.monotonic() - began:.0f} s"
    print(f"lab: {name}: {f'{failed} FAILED' if failed else 'passed'}, {took}", flush=True)
    return found


async def run_command(command: Sequence[str], wishes: argparse.Namespace) -> int:
    """Run a command against the lab's BlueZ; its exit status."""
    async with open_lab(wishes.adapters.split(","), experimental=not wishes.plain) as lab:
        if not wishes.quiet_air:
            await hearing.put_on_air(lab)
        process = await asyncio.create_subprocess_exec(*command, env=lab.environment())
        return await process.wait()


def show(rows: Sequence[Row], took_s: float, target: Path) -> int:
    """The table, the summary, the file; the exit status."""
    table = Table("check", "what", "asked", "got", "")
    for row in rows:
        table.add_row(row.check, row.what, row.asked, row.got, "passed" if row.passed else "FAILED")
    console = Console()
    # A log has no width of its own; the widest line decides there.
    Console(width=None if console.is_terminal else 200).print(table)
    failed = sum(not row.passed for row in rows)
    target.parent.mkdir(parents=True, exist_ok=True)
    kept = {"passed": not failed, "took_s": round(took_s, 1), "rows": [asdict(row) for row in rows]}
    target.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    verdict = f"{failed} of {len(rows)} FAILED" if failed else f"all {len(rows)} passed"
    print(f"lab: {verdict} in {took_s:.0f} s", flush=True)
    return 1 if failed or not rows else 0


def main() -> int:
    """0 where every check passed, 1 where one did not, 69 where the lab cannot run here; of a command its own."""
    arguments, command = sys.argv[1:], []
    if "--" in arguments:
        place = arguments.index("--")
        arguments, command = arguments[:place], arguments[place + 1 :]
    wishes = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.ERROR)
    began = time.monotonic()
    try:
        if command:
            return asyncio.run(_until_ended(run_command(command, wishes)))
        every = checks(wishes.minutes * 60)
        names = [*WITHOUT_BLUETOOTH, *every]
        unknown = [name for name in wishes.names if name not in names]
        if unknown:
            print(f"lab: there is no check {unknown[0]!r}. There are {', '.join(names)}.", file=sys.stderr)
            return 2
        wanted = [name for name in wishes.names or names if name not in BY_NAME or wishes.names]
        alone = [name for name in wanted if name in WITHOUT_BLUETOOTH]
        chosen = {name: every[name] for name in wanted if name in every}
        rows = asyncio.run(_until_ended(run_checks(alone, chosen)))
    except LabError as sentence:
        print(f"lab: {sentence}", file=sys.stderr)
        return UNAVAILABLE
    except (asyncio.CancelledError, KeyboardInterrupt):
        return 130
    return show(rows, time.monotonic() - began, wishes.json)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.lab",
        description="Our radio drivers and access point on a real Linux Bluetooth and Wi-Fi stack in a virtual machine.",
        epilog="With -- COMMAND: run it against the lab's BlueZ (DBUS_SYSTEM_BUS_ADDRESS is set); its exit status is ours.",
    )
    parser.add_argument(
        "names", nargs="*", metavar="CHECK", help=f"which; all: {' '.join((*WITHOUT_BLUETOOTH, *checks(60)))}"
    )
    parser.add_argument(
        "--minutes", type=float, default=5, help="how long to scan and advertise at once (default 5)"
    )
    parser.add_argument(
        "--json", type=Path, default=ROOT / "out" / "lab.json", help="where the rows go as JSON"
    )
    parser.add_argument(
        "--adapters", default="new,old", help="for COMMAND: chips of Bluetooth 5 (new) or before (old)"
    )
    parser.add_argument("--plain", action="store_true", help="for COMMAND: bluetoothd without --experimental")
    parser.add_argument("--quiet-air", action="store_true", help="for COMMAND: no beacons on the air")
    return parser


async def _until_ended(what: Coroutine[Any, Any, T]) -> T:
    """Await, and take a SIGTERM as Ctrl-C is taken: everything is put away first."""
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await what


if __name__ == "__main__":
    sys.exit(main())

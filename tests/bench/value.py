"""What members are worth: the fit of BG/NBD to CDNOW against lifetimes 0.11.3, both in the same minutes.

- The command: from the start of the program to the forecast of the last of 2,357 customers, both as programs that read the CSV
  file and print JSON. The peer's needs NumPy, SciPy, pandas and autograd; loading them is most of its time.
- Within a running process: fit and forecasts, and the fit alone. Nothing of the loading is in it.
- Memory: the most that the command holds, less what a Python that does nothing holds.
- The parameters against the published ones, the forecasts against the peer's.

The peer lives in an environment of its own, out/peers/lifetimes, which is made at the first run; `LIFETIMES` may name another
Python that has it.
"""

from __future__ import annotations

import csv
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SUMMARY = ROOT.parent / "shared" / "data" / "customer-value" / "cdnow_customers_summary.csv"
PEER = ROOT / "out" / "peers" / "lifetimes"
SIDES = Path(__file__).with_name("_value_sides.py")

GOAL = 3.0
MOST_MB = 20.0
PUBLISHED = {"r": (0.243, 0.002), "alpha": (4.414, 0.02), "a": (0.793, 0.005), "b": (2.426, 0.02)}
"""Fader, Hardie & Lee 2005, table 2, and how far from it is near enough."""

MOST_APART = 0.001
"""Visits in 39 weeks by which our forecast may differ from the peer's: its fit stops a little below the top."""


BARE = """
import atexit, sys
atexit.register(lambda: sys.stderr.write(open("/proc/self/status").read()))
"""
OURS = BARE + "import runpy; runpy.run_module('hub', run_name='__main__', alter_sys=True)"
THEIRS = BARE + "import runpy; sys.argv.pop(0); runpy.run_path(sys.argv[0], run_name='__main__')"


def measure(rounds: int = 7) -> list[dict[str, Any]]:
    """Everything against the peer, or that it is not there."""
    if not SUMMARY.exists():
        return [_row("value: the recordings are not there (../shared/data/customer-value)", None, None, None)]
    with tempfile.TemporaryDirectory() as folder:
        path = _renamed(Path(folder))
        ours = [sys.executable, "-m", "hub", "value", "fit", str(path), "--json"]
        try:
            python = peer_python()
        except (OSError, subprocess.CalledProcessError) as wrong:
            return [_row(f"value: lifetimes 0.11.3 could not be installed ({wrong})", None, None, None)]
        theirs = [python, str(SIDES), "lifetimes", str(path), "1", "command"]
        pairs = [(_run(ours), _run(theirs)) for _ in range(rounds)]
        bare = _memory_mb([sys.executable, "-c", BARE])
        memory = _memory_mb([sys.executable, "-c", OURS, *ours[3:]]) - bare
        peer_memory = _memory_mb([python, "-c", THEIRS, *theirs[1:]]) - bare
        running = [_running(sys.executable, "ours", path), _running(python, "lifetimes", path)]
        told, peer_told = json.loads(pairs[-1][0][1]), json.loads(pairs[-1][1][1])
    return [
        {
            **_row("BG/NBD on CDNOW: the command, with forecasts", None, None, GOAL, "ms"),
            "ours": statistics.median(mine[0] for mine, _ in pairs),
            "peer": statistics.median(other[0] for _, other in pairs),
            "ratio": statistics.median(other[0] / mine[0] for mine, other in pairs),
        },
        _row(
            "BG/NBD on CDNOW: fit and forecasts in a running process",
            running[0]["boths"],
            running[1]["boths"],
        ),
        _row("BG/NBD on CDNOW: the fit alone in a running process", running[0]["fits"], running[1]["fits"]),
        _limit("memory of the command above a bare Python", memory, peer_memory, MOST_MB, "MB"),
        _limit("worst parameter, in parts of how far it may be off", _off(told), _off(peer_told), 1.0, ""),
        _limit("forecast furthest from the peer's", _apart(told, peer_told), None, MOST_APART, "visits"),
    ]


def peer_python() -> str:
    """A Python that has lifetimes: the one named, or one made here for it alone."""
    if "LIFETIMES" in os.environ:
        return os.environ["LIFETIMES"]
    python = PEER / "bin" / "python"
    if not (PEER / "ready").exists():
        PEER.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(PEER)], check=True, timeout=120)
        install = [str(python), "-m", "pip", "install", "-q", "--only-binary", ":all:", "lifetimes==0.11.3"]
        subprocess.run(install, check=True, timeout=600, capture_output=True)
        (PEER / "ready").touch()
    return str(python)


def _renamed(folder: Path) -> Path:
    """The published summary with the names of columns that the command is documented with."""
    path = folder / "cdnow.csv"
    with SUMMARY.open(newline="") as source, path.open("w", newline="") as target:
        writer = csv.writer(target)
        writer.writerow(["customer_id", "frequency", "recency", "T"])
        writer.writerows(
            [row["ID"], row["frequency"], row["recency"], row["T"]] for row in csv.DictReader(source)
        )
    return path


def _run(command: list[str]) -> tuple[float, bytes]:
    """Milliseconds, and what it printed."""
    begun = time.perf_counter()
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=300)
    return (time.perf_counter() - begun) * 1_000, done.stdout


def _memory_mb(command: list[str], rounds: int = 5) -> float:
    """The most memory that a program held; it tells it itself when it ends, since what the system keeps of a child counts its
    parent's, too."""
    told = []
    for _ in range(rounds):
        done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=300)
        told.append(int(done.stderr.decode().rpartition("VmHWM:")[2].split()[0]) / 1024)
    return statistics.median(told)


def _running(python: str, side: str, path: Path, rounds: int = 15) -> dict[str, list[float]]:
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [python, str(SIDES), side, str(path), str(rounds), "running"]
    done = subprocess.run(command, cwd=ROOT, env=env, check=True, capture_output=True, timeout=300)
    found: dict[str, list[float]] = json.loads(done.stdout)
    return found


def _off(told: dict[str, Any]) -> float:
    return max(abs(told["parameters"][name] - value) / by for name, (value, by) in PUBLISHED.items())


def _apart(told: dict[str, Any], peer: dict[str, Any]) -> float:
    pairs = zip(told["customers"], peer["customers"], strict=True)
    name = "expected_purchases_39w"
    return max(max(abs(a[name] - b[name]), abs(a["p_alive"] - b["p_alive"])) for a, b in pairs)


def _row(
    name: str, ours: list[float] | None, peer: list[float] | None, goal: float | None = GOAL, unit: str = "ms"
) -> dict[str, Any]:
    mine = statistics.median(ours) if ours else None
    theirs = statistics.median(peer) if peer else None
    ratio = theirs / mine if mine and theirs else None
    return {"name": name, "ours": mine, "peer": theirs, "ratio": ratio, "goal": goal, "unit": unit}


def _limit(name: str, ours: float, peer: float | None, goal: float, unit: str) -> dict[str, Any]:
    return {
        "name": name,
        "ours": ours,
        "peer": peer,
        "ratio": None,
        "goal": goal,
        "unit": unit,
        "limit": True,
    }


if __name__ == "__main__":
    for row in measure():
        print(json.dumps(row))

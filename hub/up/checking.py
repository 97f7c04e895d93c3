"""`shopbell check`: asks every program what is wrong, and says it in the shop's words."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from hub.client.warnings import read_report
from hub.up.children import environment
from hub.up.place import GUESTS_FILE
from hub.up.plan import Plan
from hub.up.sentences import UpError

PROGRAMS = ("hub", "kiosk", "edge", "portal")
MODULES = {
    **{name: (name, "check") for name in ("hub", "kiosk", "edge")},
    "portal": ("edge.portal", "check"),
    "gate": ("edge.gate", "check"),
    "wifi": ("hardware", "wifi", "health"),
}
FINE, WARNINGS, ERRORS = 0, 1, 2
WITHIN_S = 60.0


def run(args: argparse.Namespace) -> int:
    """0 all is well, 1 warnings, 2 errors; 2 also where a program could not be asked."""
    folder = args.dir.expanduser().absolute()
    if not (folder / "hub").is_dir():
        raise UpError(f"There is no shop in {folder}. Make one with ./shopbell up, or give --dir.")
    with ThreadPoolExecutor() as pool:
        answers = list(pool.map(lambda name: ask(name, folder), programs_of(folder)))
    worst: int = max(answer["status"] for answer in answers)
    if args.json:
        print(json.dumps({"status": worst, "programs": answers}, ensure_ascii=False, indent=1))
        return worst
    for answer in answers:
        if not answer["warnings"]:
            print(f"{answer['program']}: {'all is well' if answer['status'] == FINE else answer['said']}")
        for warning in answer["warnings"]:
            print(f"{answer['program']}: {warning}")
    return worst


def ask(name: str, folder: Path) -> dict[str, Any]:
    """One program's own check: its exit status, and a sentence for each thing that is wrong."""
    settings = settings_of(name, folder)
    command = [sys.executable, "-P", "-m", *MODULES[name], "--json"]
    try:
        done = subprocess.run(
            command, env=environment(settings), capture_output=True, text=True, timeout=WITHIN_S, check=False
        )
    except subprocess.TimeoutExpired:
        said = f"did not answer within {WITHIN_S:g} s"
        return {"program": name, "status": ERRORS, "warnings": [], "said": said}
    status = min(max(done.returncode, FINE), ERRORS)
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    try:
        warnings = sentences(json.loads(done.stdout))
    except ValueError:
        return {
            "program": name,
            "status": ERRORS,
            "warnings": [],
            "said": lines[-1] if lines else "said nothing",
        }
    return {
        "program": name,
        "status": status,
        "warnings": warnings,
        "said": lines[-1] if lines else "is not well",
    }


def programs_of(folder: Path) -> tuple[str, ...]:
    """The programs of this shop; where it last had a guests' network the gate, and for root the access point, too.

    Nobody else may look into the folder of the access point: it names phones.
    """
    more = [name for name in guests_of(folder) if name not in PROGRAMS]
    return (*PROGRAMS, *(name for name in more if name != "wifi" or os.geteuid() == 0))


def guests_of(folder: Path) -> dict[str, dict[str, str]]:
    """The settings that `up --wifi` has given, by program; empty where the shop has no guests' network."""
    try:
        told = json.loads((folder / GUESTS_FILE).read_text())
    except (OSError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}


def settings_of(name: str, folder: Path) -> dict[str, str]:
    """Where a program's folder is, and its port where `up` wrote down which it took."""
    guests = guests_of(folder).get(name, {})
    if guests:
        return {key: os.environ.get(key, value) for key, value in guests.items()}
    plan = Plan(str(folder), "127.0.0.1", "127.0.0.1", port_base_of(folder), "ble:sim")
    wanted = {f"{name.upper()}_{what}" for what in ("DIR", "HOST", "PORT")}
    given = {key: value for key, value in plan.env(name).items() if key in wanted}
    return {key: os.environ.get(key, value) for key, value in given.items()}


def port_base_of(folder: Path) -> int:
    """The first port of the shop that runs, or last ran, in this folder."""
    try:
        return int((folder / "port-base").read_text())
    except (OSError, ValueError):
        return 8080


def sentences(said: Any) -> list[str]:
    """A line in English for each thing that is wrong, its gravity first. ValueError where this is no program's report."""
    return [f"{one.severity}: {one.sentence()}" for one in read_report(said)]

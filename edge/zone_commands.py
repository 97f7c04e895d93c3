"""`python -m edge zones fit` and `zones judge`: from a recording to a model, and from both to how often it is right."""

from __future__ import annotations

import argparse
from pathlib import Path

import msgspec

from edge.zone_fit import FitError, fit_zones
from edge.zone_judge import LONGEST_WINDOW_S, JudgedWindow, JudgedZones, JudgeError, judge_zones
from edge.zone_rows import RowsError, read_recording, read_recordings
from edge.zones import LONGEST_WINDOW_PACKETS, ZoneModel, read_model, write_model
from hub.client.files import write_whole

USUAL_WINDOWS = (1, 5, 15, 60)

OUTSIDE_NAMES = frozenset({"outside", "street"})
"""A zone of such a name, in any case, makes no visit, where nobody says which zones do not."""

LARGEST_MODEL_BYTES = 1_000_000
"""MOST_ZONES times MOST_RECEIVERS levels are a tenth of it. A file that is larger is something else."""


class ZonesError(Exception):
    """A command on zones cannot be carried out; the sentence says why."""


def add_commands(parser: argparse.ArgumentParser) -> None:
    """The sub-commands of `zones`."""
    commands = parser.add_subparsers(dest="zones_command", required=True)
    fit = commands.add_parser("fit", help="Make a model of recordings whose zones are known.")
    fit.add_argument("file", type=Path, nargs="+", help="CSV, also .xz and .gz")
    fit.add_argument("--out", type=Path, required=True, help="The model's file (JSON)")
    fit.add_argument(
        "--outside", action="append", metavar="ZONE", help="A zone that makes no visit; may be repeated"
    )
    fit.add_argument(
        "--home",
        action="append",
        default=[],
        metavar="RECEIVER=ZONE",
        help="The zone in which a receiver stands; may be repeated",
    )
    judge = commands.add_parser("judge", help="Say how often a model is right about a recording.")
    judge.add_argument("file", type=Path, help="CSV, also .xz and .gz")
    judge.add_argument("--model", type=Path, required=True)
    judge.add_argument(
        "--windows", type=_packets, metavar="N,N", help="Decide from the last N packets (1,5,15,60)"
    )
    judge.add_argument("--seconds", type=_seconds, metavar="S,S", help="Decide from the last S seconds")
    judge.add_argument("--json", action="store_true", help="Print one JSON object")


def run_zones(parsed: argparse.Namespace) -> str:
    """Do what was asked; returns what is to be printed. Raises ZonesError, and OSError of a file."""
    try:
        return _fit(parsed) if parsed.zones_command == "fit" else _judge(parsed)
    except (RowsError, FitError, JudgeError) as wrong:
        raise ZonesError(str(wrong)) from None


def load_model(path: Path) -> ZoneModel:
    """The model in a file; ZonesError says what it is instead."""
    with path.open("rb") as file:
        text = file.read(LARGEST_MODEL_BYTES + 1)
    if len(text) > LARGEST_MODEL_BYTES:
        raise ZonesError(f"{path.name} is no model of zones: it is too large.")
    try:
        return read_model(text)
    except ValueError as wrong:
        raise ZonesError(f"{path.name} is no model of zones: {wrong}.") from None


def _fit(parsed: argparse.Namespace) -> str:
    recording = read_recordings(parsed.file)
    zones = list(dict.fromkeys(row.zone for row in recording.rows))
    outside = parsed.outside
    if outside is None:
        outside = [zone for zone in zones if zone.lower() in OUTSIDE_NAMES]
    homes: dict[str, str] = {}
    for pair in parsed.home:
        receiver, _, zone = pair.partition("=")
        homes[receiver.strip()] = zone.strip()
    model = fit_zones(recording.rows, recording.receivers, dict.fromkeys(outside), homes)
    write_whole(parsed.out, write_model(model))
    without = f", {', '.join(model.outside)} outside" if model.outside else ""
    return (
        f"{len(recording.rows)} packets, receivers {', '.join(model.receivers)}, "
        f"zones {', '.join(model.zones)}{without}: {parsed.out}"
    )


def _judge(parsed: argparse.Namespace) -> str:
    model = load_model(parsed.model)
    recording = read_recording(parsed.file)
    windows = parsed.windows if parsed.windows or parsed.seconds else USUAL_WINDOWS
    judged = judge_zones(model, recording.rows, recording.receivers, windows or (), parsed.seconds or ())
    return msgspec.json.encode(judged).decode() if parsed.json else _for_people(judged)


def _for_people(judged: JudgedZones) -> str:
    lines: list[str] = []
    for window in judged.windows:
        length = f"{window.packets} packets" if window.packets else f"{window.seconds:g} s"
        if window.accuracy is None:
            lines.append(f"{length}: the recording is shorter.")
            continue
        each = " ".join("-" if tag.accuracy is None else f"{tag.accuracy:.2f}" for tag in window.tags)
        lines.append(f"{length}: right {window.accuracy:.3f} of {window.n} times; each tag {each}")
        lines += _table(judged.zones, window)
    return "\n".join(lines)


def _table(zones: tuple[str, ...], window: JudgedWindow) -> list[str]:
    """What was said (across) of what was true (down)."""
    width = max(8, *(len(zone) for zone in zones))
    head = "  ".join(f"{zone:>{width}}" for zone in ("", *zones))
    rows = [
        "  ".join(f"{cell!s:>{width}}" for cell in (zone, *row))
        for zone, row in zip(zones, window.confusion, strict=True)
    ]
    return [head, *rows]


def _packets(text: str) -> list[int]:
    windows = _numbers(text, 1, LONGEST_WINDOW_PACKETS, "1,5,15,60")
    if any(one != int(one) for one in windows):
        raise argparse.ArgumentTypeError(f"{text!r} has a window that is no whole number of packets")
    return [int(one) for one in windows]


def _seconds(text: str) -> list[float]:
    return _numbers(text, 0.001, LONGEST_WINDOW_S, "5,10")


def _numbers(text: str, least: float, most: float, example: str) -> list[float]:
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if not numbers or not all(least <= one <= most for one in numbers):
        raise argparse.ArgumentTypeError(
            f"{text!r} is no list of windows like {example}, each {least:g} to {most:g}"
        )
    return numbers

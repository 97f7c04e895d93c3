"""Zones: how often the product's own fit and keeper are right about recordings that they have not seen.

- `doorway`: six tags, two receivers, three zones. A model of five tags is judged on the sixth, six times, at windows of 1, 5, 15
  and 60 packets; the figure is the mean over tags. The reference is a logistic regression on rolling medians.
- `twelve-sensors`: a beacon carried across a floor, twelve receivers; which quadrant is it in, by the last 5 s? The model is
  made of a survey of the same floor four months later, and of nothing of the walks; the peer is the naive rule on the same
  windows. Rows "each window once" cut a walk into windows that do not overlap: a dozen of them, too few for a goal.

The confusion matrices go to out/zones-doorway and out/zones-twelve, as .svg and .png.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from edge.zone_fit import ZoneRow, fit_zones
from edge.zone_judge import JudgedWindow, judge_zones
from edge.zone_rows import read_recording
from edge.zones import ZoneModel
from tests.bench._confusion import Matrix, draw
from tests.bench._twelve import WALKS, WINDOW_S, Floor, blocks, naive_accuracy

DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "ble-rssi"
OUT = Path("out")
REFERENCE = {1: 0.67, 5: 0.78, 15: 0.88, 60: 0.94}
"""As published with the recordings: logistic regression on rolling medians, one tag left out."""

AIM = {1: 0.70, 5: 0.82, 15: 0.90, 60: 0.95}


def measure(rounds: int = 5) -> list[dict[str, Any]]:
    """Everything that this module measures. Nothing here is a matter of time, so one round is as good as many."""
    if not DATA.exists():
        return [_row("zones: the recordings are not there (../shared/data/ble-rssi)", None, None, None)]
    return [*measure_doorway(), *measure_twelve()]


def _row(name: str, ours: float | None, peer: float | None, goal: float | None) -> dict[str, Any]:
    ratio = round(ours / peer, 3) if ours and peer else None
    return {
        "name": name,
        "ours": None if ours is None else round(ours, 3),
        "peer": None if peer is None else round(peer, 3),
        "ratio": ratio,
        "goal": goal,
        "unit": "share right",
    }


def leave_one_tag_out(path: Path) -> tuple[ZoneModel, dict[str, list[JudgedWindow]]]:
    """For each tag what a model of the others is worth, at each window; and one of these models, for its zones."""
    recording = read_recording(path)
    judged: dict[str, list[JudgedWindow]] = {}
    for tag in dict.fromkeys(row.tag for row in recording.rows):
        others = [row for row in recording.rows if row.tag != tag]
        model = fit_zones(others, recording.receivers, ["OUTSIDE"])
        alone = [row for row in recording.rows if row.tag == tag]
        judged[tag] = list(judge_zones(model, alone, recording.receivers, REFERENCE).windows)
    return model, judged


def measure_doorway() -> list[dict[str, Any]]:
    """One row a window; the tags' own figures stand in the row too."""
    model, judged = leave_one_tag_out(DATA / "doorway" / "filtered_rssi_6tags.csv.xz")
    rows, matrices = [], []
    for index, (packets, reference) in enumerate(REFERENCE.items()):
        windows = [of_tag[index] for of_tag in judged.values()]
        tags = [window.accuracy or 0.0 for window in windows]
        accuracy = sum(tags) / len(tags)
        row = _row(f"doorway, a tag never heard before, window of {packets}", accuracy, reference, 1)
        rows.append({**row, "aim": AIM[packets], "tags": [round(one, 3) for one in tags]})
        matrices.append(
            Matrix(
                f"{packets} packet{'s' if packets > 1 else ''}: {accuracy:.3f}",
                f"reference {reference:.2f}; tags {min(tags):.2f} to {max(tags):.2f}",
                model.zones,
                _sum([window.confusion for window in windows]),
            )
        )
    draw(
        "Doorway: where is a tag that was never heard before?",
        "Each tag left out of the fit once",
        matrices,
        OUT / "zones-doorway",
    )
    return rows


def measure_twelve() -> list[dict[str, Any]]:
    """One row a walk, and one for each window once."""
    floor = Floor(DATA / "twelve-sensors")
    survey = sorted(floor.survey(), key=lambda row: row.zone)
    model = fit_zones(survey, floor.receivers, homes=floor.homes)
    rows, matrices = [], []
    for name in WALKS:
        walk = floor.walk(name)
        window = judge_zones(model, walk, floor.receivers, (), [WINDOW_S]).windows[0]
        naive = naive_accuracy(floor, walk)
        rows.append(_row(f"twelve-sensors, {name}, 5 s", window.accuracy, naive, 1))
        rows.append(_once(model, floor, name, walk))
        matrices.append(
            Matrix(
                f"{name.partition('_without')[0]}: {window.accuracy:.3f}",
                f"naive rule {naive:.3f}; {window.n} windows of 5 s",
                model.zones,
                window.confusion,
            )
        )
    draw(
        "Twelve receivers: which quadrant, by the last 5 s?",
        "The model has seen a survey, and no walk",
        matrices,
        OUT / "zones-twelve",
    )
    return rows


def _once(model: ZoneModel, floor: Floor, name: str, walk: list[ZoneRow]) -> dict[str, Any]:
    cut = blocks(walk)
    ours = naive = 0
    for truth, block in cut:
        # Judged as a recording of its own, at its last packet.
        alone = [ZoneRow("window", truth, row.at, row.strengths_dbm) for row in block]
        said = judge_zones(model, alone, floor.receivers, [min(255, len(alone))]).windows[0]
        ours += bool(said.accuracy)
        naive += floor.naive(block) == truth
    title = f"twelve-sensors, {name}, each window once ({len(cut)})"
    return _row(title, ours / len(cut), naive / len(cut), None)


def _sum(tables: list[tuple[tuple[int, ...], ...]]) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(map(sum, zip(*rows, strict=True))) for rows in zip(*tables, strict=True))


if __name__ == "__main__":
    for row in measure():
        print(json.dumps(row))

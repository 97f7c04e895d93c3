"""One side of the measurement of fits: `_value_sides.py ours|lifetimes CSV ROUNDS command|running`, under that side's own Python.

`command` does everything once, from the file to the last customer's forecast, as a program that is started for it does. `running`
reads the file, then fits and forecasts so many times in one process, and tells the milliseconds of each. Both print JSON.
"""

from __future__ import annotations

import csv
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

HORIZON = 39

Rows = list[tuple[str, int, float, float]]
Fitted = dict[str, float]
Forecasts = list[tuple[float, float]]


def read(path: str) -> Rows:
    with Path(path).open(newline="") as file:
        return [
            (row["customer_id"], int(row["frequency"]), float(row["recency"]), float(row["T"]))
            for row in csv.DictReader(file)
        ]


def lifetimes(path: str) -> tuple[Callable[[], Any], Callable[[Any], Forecasts], Callable[[Any], Fitted]]:
    """As its documentation does it: columns of a data frame."""
    import pandas as pd
    from lifetimes import BetaGeoFitter

    data = pd.read_csv(path)
    columns = data["frequency"], data["recency"], data["T"]

    def fit() -> Any:
        return BetaGeoFitter(penalizer_coef=0.0).fit(*columns)

    def forecast(fitted: Any) -> Forecasts:
        alive = fitted.conditional_probability_alive(*columns)
        visits = fitted.conditional_expected_number_of_purchases_up_to_time(HORIZON, *columns)
        return list(zip(map(float, alive), map(float, visits), strict=True))

    return fit, forecast, lambda fitted: {name: float(value) for name, value in fitted.params_.items()}


def ours(path: str) -> tuple[Callable[[], Any], Callable[[Any], Forecasts], Callable[[Any], Fitted]]:
    from hub.value.bgnbd import History
    from hub.value.bgnbd_fit import fit_bgnbd

    histories = [History(frequency, recency, age) for _, frequency, recency, age in read(path)]
    return (
        lambda: fit_bgnbd(histories),
        lambda fitted: list(fitted.model.forecast(histories, HORIZON)),
        lambda fitted: {name: getattr(fitted.model, name) for name in ("r", "alpha", "a", "b")},
    )


def main() -> None:
    side, path, rounds, how = sys.argv[1:5]
    fit, forecast, parameters = {"ours": ours, "lifetimes": lifetimes}[side](path)
    if how == "command":
        fitted = fit()
        names = [name for name, *_ in read(path)]
        customers = [
            {"customer_id": name, "p_alive": alive, f"expected_purchases_{HORIZON}w": visits}
            for name, (alive, visits) in zip(names, forecast(fitted), strict=True)
        ]
        print(json.dumps({"parameters": parameters(fitted), "customers": customers}))
        return
    forecast(fit())
    fits, boths = [], []
    for _ in range(int(rounds)):
        begun = time.perf_counter()
        fitted = fit()
        between = time.perf_counter()
        forecast(fitted)
        fits.append((between - begun) * 1_000)
        boths.append((time.perf_counter() - begun) * 1_000)
    print(json.dumps({"fits": fits, "boths": boths}))


if __name__ == "__main__":
    main()

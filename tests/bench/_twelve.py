"""The recordings of `twelve-sensors` as rows of zones: which quadrant a beacon was in, and what twelve receivers heard.

The walks are lists of readings (epoch, receiver, beacon, strength, place); the survey is another recording, four months later, of
a beacon that stood at 45 places. Quadrants are numbered as the receivers are: sensor 1x stands in quadrant 1, and so on.
"""

from __future__ import annotations

import ast
import lzma
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import median

from edge.zone_fit import ZoneRow
from edge.zone_readings import Reading, join_readings

WINDOW_S = 5.0
FLOOR_M = (20.660138018121128, 17.64103475472807)
"""`limits` of cnf/tetam.par: the quadrants meet in the middle."""

WALKS = ("straight_01", "straight_02", "straight_03", "rectangular_without_rotation")


class Floor:
    """The folder with the recordings; `homes` is the quadrant of each receiver."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        text = (folder / "cnf" / "tetam.dev").read_text().splitlines()[0].partition(":")[2]
        devices = ast.literal_eval(text)
        self._names = {address: device[2] for address, device in devices.items()}
        places = {device[2]: device[0] for device in devices.values()}
        self.receivers = sorted(places)
        self.homes = {name: quadrant(place[0], place[1]) for name, place in places.items()}

    def survey(self) -> list[ZoneRow]:
        """The beacon that stood. A few strengths are above what a radio can say; they are left out."""
        readings = []
        with lzma.open(self._folder / "hst_set2_first150.csv.xz", "rt") as lines:
            next(lines)
            for line in lines:
                at, name, strength, x, y, _ = line.split(",")
                if int(strength) <= 20:
                    readings.append(self._reading(at, name, strength, x, y))
        return join_readings("survey", readings, len(self.receivers))

    def walk(self, name: str) -> list[ZoneRow]:
        """The beacon that was carried."""
        with lzma.open(self._folder / f"{name}_all_sensors.mbd.xz", "rt") as lines:
            cells = [line.split(",") for line in lines]
        readings = [self._reading(one[0], self._names[one[1]], *one[3:6]) for one in cells]
        return join_readings(name, readings, len(self.receivers))

    def _reading(self, at: str, name: str, strength: str, x: str, y: str) -> Reading:
        return Reading(quadrant(float(x), float(y)), float(at), self.receivers.index(name), int(strength))

    def naive(self, rows: Iterable[ZoneRow]) -> str:
        """The quadrant of the group of receivers whose strengths have the strongest median."""
        groups: defaultdict[str, list[int]] = defaultdict(list)
        for row in rows:
            for name, strength in zip(self.receivers, row.strengths_dbm, strict=True):
                if strength is not None:
                    groups[self.homes[name]].append(strength)
        return max(sorted(groups), key=lambda quadrant: median(groups[quadrant]))


def quadrant(x_m: float, y_m: float) -> str:
    """Which one a place is in."""
    east, north = x_m > FLOOR_M[0] / 2, y_m > FLOOR_M[1] / 2
    return {(False, False): "1", (False, True): "2", (True, True): "3", (True, False): "4"}[east, north]


def naive_accuracy(floor: Floor, rows: Sequence[ZoneRow]) -> float:
    """How often the naive rule is right: at each packet by the last WINDOW_S, as `edge.zone_judge` asks."""
    right = asked = begin = 0
    for index, row in enumerate(rows):
        while row.at - rows[begin].at > WINDOW_S:
            begin += 1
        if row.at - rows[0].at >= WINDOW_S:
            asked += 1
            right += floor.naive(rows[begin : index + 1]) == row.zone
    return right / asked


def blocks(rows: Sequence[ZoneRow]) -> list[tuple[str, list[ZoneRow]]]:
    """Windows that do not overlap, from the first packet on, with the quadrant that most of their packets were sent in."""
    cut: defaultdict[int, list[ZoneRow]] = defaultdict(list)
    for row in rows:
        cut[int((row.at - rows[0].at) // WINDOW_S)].append(row)
    return [(Counter(row.zone for row in block).most_common(1)[0][0], block) for block in cut.values()]

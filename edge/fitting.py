"""What a walk and a count of heads lead to: a new calibration, and how it compares with the one in force.

Pure: `edge.guide` asks. The figures are those of `edge.zone_thresholds`, `edge.zone_fit` and `edge.headcount`, the same that
`python -m edge zones` and the proofs use.

With one receiver a walk gives its thresholds, and the errors to be expected of other people's phones. With several it gives a
model of the zones too. That one is judged on the half of each stay that it was not fitted to, by the same windows as the rule of
today (the strongest receiver's zone, outside below its threshold); what is accepted is then fitted to the whole walk.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

import msgspec

from edge.calibration import Calibration
from edge.headcount import Compared, HeadCount, HeadSample, compare, doubt_at, more_counts
from edge.occupancy import Correction, estimate
from edge.questions import HeadsResult, HeadsWindow, Judged, Said
from edge.standing import OUTSIDE, Fitted, Walk
from edge.tally import Counted
from edge.visits import USUAL, Thresholds
from edge.zone_fit import FitError, ZoneRow, fit_zones
from edge.zone_judge import judge_zones
from edge.zone_thresholds import LEAST_PACKETS, FittedThresholds, fit_thresholds
from edge.zones import WINDOW_PACKETS

SAME_PACKET_S = 0.05
"""What two receivers hear within this is one packet: radios tell it some milliseconds apart, and no phone speaks so soon again
(it waits 20 ms at least, and 100 ms as a rule)."""

Refusal = str


def walk_fitted(
    walk: Walk, calibration: Calibration, zones: Sequence[str], at: float, *, models: bool = True
) -> tuple[Fitted, Calibration] | Refusal:
    """The comparison and the new calibration, or a code for why there is none.

    `zones`: of each receiver; `at`: seconds of UTC; `models`: whether several receivers may get a model of the zones.
    """
    if any(len(walk.levels(place)) < LEAST_PACKETS for place in walk.zones):
        return "too-little-heard"
    today = _for_each(calibration.thresholds, len(zones))
    found = _thresholds_fitted(walk, zones, today)
    thresholds = tuple(one.thresholds if one else was for one, was in zip(found, today, strict=True))
    if len(zones) > 1 and models:
        return _zones_fitted(walk, calibration, zones, today, thresholds, at)
    fits = [one for one in found if one is not None]
    if not fits:
        return "no-difference"
    return Fitted(
        _judged(today, fits, after=False), _judged(thresholds, fits, after=True)
    ), calibration.walked(thresholds, None, at)


def _thresholds_fitted(
    walk: Walk, zones: Sequence[str], today: Sequence[Thresholds]
) -> list[FittedThresholds | None]:
    """For each receiver; None where it cannot tell its zone from outside, and goes on as it was."""
    found: list[FittedThresholds | None] = []
    for receiver, zone in enumerate(zones):
        try:
            here, outside = walk.levels(zone, receiver), walk.levels(OUTSIDE, receiver)
            found.append(fit_thresholds(here, outside, today[receiver]))
        except FitError:
            found.append(None)
    return found


def _judged(thresholds: Sequence[Thresholds], fits: Sequence[FittedThresholds], *, after: bool) -> Judged:
    errors = [one.after if after else one.before for one in fits]
    alone = thresholds[0] if len(thresholds) == 1 else None
    return Judged(
        arrive_dbm=alone.arrive_dbm if alone else None,
        depart_dbm=alone.depart_dbm if alone else None,
        inside_wrong=fmean(one.inside_missed for one in errors),
        outside_wrong=fmean(one.outside_counted for one in errors),
    )


def _zones_fitted(
    walk: Walk,
    calibration: Calibration,
    zones: Sequence[str],
    today: Sequence[Thresholds],
    thresholds: tuple[Thresholds, ...],
    at: float,
) -> tuple[Fitted, Calibration] | Refusal:
    names = [f"r{number}" for number in range(len(zones))]
    homes = dict(zip(names, zones, strict=True))
    rows = rows_of(walk, len(zones))
    first, second = _halves(rows)
    try:
        trial = fit_zones(first, names, (OUTSIDE,), homes)
        model = fit_zones(rows, names, (OUTSIDE,), homes)
    except FitError:
        return "no-difference"
    window = judge_zones(trial, second, names, (WINDOW_PACKETS,)).windows[0]
    outside_at = trial.zones.index(OUTSIDE)
    wrong, asked = [0, 0], [0, 0]
    for truth, said in enumerate(window.confusion):
        side = int(truth == outside_at)
        asked[side] += sum(said)
        wrong[side] += sum(said) - said[truth]
    after = Judged(
        arrive_dbm=None,
        depart_dbm=None,
        inside_wrong=_share(wrong[0], asked[0]),
        outside_wrong=_share(wrong[1], asked[1]),
    )
    fitted = Fitted(_today(second, zones, today), after, by_model=True)
    return fitted, calibration.walked(thresholds, model, at)


def _today(rows: Sequence[ZoneRow], zones: Sequence[str], today: Sequence[Thresholds]) -> Judged:
    """How the rule of today takes the same windows: the zone of the receiver that hears best, outside below its threshold."""
    wrong, asked = [0, 0], [0, 0]
    for place in dict.fromkeys(row.zone for row in rows):
        here = [row for row in rows if row.zone == place]
        for end in range(WINDOW_PACKETS, len(here) + 1):
            means = _means(here[end - WINDOW_PACKETS : end], len(zones))
            best = max(range(len(zones)), key=lambda receiver: means[receiver])
            said = zones[best] if means[best] >= today[best].arrive_dbm else OUTSIDE
            side = int(place == OUTSIDE)
            asked[side] += 1
            wrong[side] += said != place
    return Judged(
        arrive_dbm=None,
        depart_dbm=None,
        inside_wrong=_share(wrong[0], asked[0]),
        outside_wrong=_share(wrong[1], asked[1]),
    )


def _means(rows: Sequence[ZoneRow], receivers: int) -> list[float]:
    heard = [[row.strengths_dbm[number] for row in rows] for number in range(receivers)]
    return [
        fmean(there) if (there := [one for one in column if one is not None]) else -127.0 for column in heard
    ]


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _halves(rows: Sequence[ZoneRow]) -> tuple[list[ZoneRow], list[ZoneRow]]:
    """The first and the second half of each stay."""
    first: list[ZoneRow] = []
    second: list[ZoneRow] = []
    for place in dict.fromkeys(row.zone for row in rows):
        here = [row for row in rows if row.zone == place]
        first += here[: len(here) // 2]
        second += here[len(here) // 2 :]
    return first, second


def rows_of(walk: Walk, receivers: int) -> list[ZoneRow]:
    """A walk as a recording: what several receivers heard of one packet is one row.

    Each place is a tag of its own: the way from one to the next was not recorded, and no window reaches over it.
    """
    rows: list[ZoneRow] = []
    for place in walk.places:
        heard = sorted((row for row in walk.rows() if row.place == place), key=lambda row: row.at)
        strengths: list[int | None] = [None] * receivers
        began = None
        for row in heard:
            if began is None or row.at - began > SAME_PACKET_S or strengths[row.receiver] is not None:
                if began is not None:
                    rows.append(ZoneRow(place, place, began, tuple(strengths)))
                strengths, began = [None] * receivers, row.at
            strengths[row.receiver] = row.rssi_dbm
        if began is not None:
            rows.append(ZoneRow(place, place, began, tuple(strengths)))
    return rows


def count_fitted(counted: Sequence[Counted], calibration: Calibration, at: float) -> Calibration:
    """The calibration with this count of heads. `at` in seconds of UTC."""
    return calibration.counted(HeadCount(at, tuple(samples_of(counted))))


def samples_of(counted: Sequence[Counted]) -> list[HeadSample]:
    """The windows as the fit wants them: names as the window's own working has them."""
    return [HeadSample(one.names, one.heads) for one in counted]


def window_figures(
    counted: Sequence[Counted], before: Correction, after: Correction | None
) -> tuple[HeadsWindow, ...]:
    """Each window with what the setting of today and the new one make of it."""
    return tuple(
        HeadsWindow(
            one.names,
            one.heads,
            estimate(one.names, before).people,
            None if after is None else estimate(one.names, after).people,
        )
        for one in counted
    )


def heads_result(
    counted: Sequence[Counted], calibration: Calibration, usual: Correction, before: Correction
) -> HeadsResult | None:
    """What a count changes: the correction `before`, and the one that `calibration` has with this count; None without windows."""
    samples, after = samples_of(counted), calibration.correction(usual)
    was, will = compare(samples, before), compare(samples, after)
    if was is None or will is None:
        return None
    return HeadsResult(
        heads=will.heads,
        before=_said(was),
        after=_said(will),
        phones_per_person_before=before.phones_per_person,
        phones_per_person=after.phones_per_person,
        things=after.things,
        doubt=doubt_at(max(will.heads, 1.0), after),
        more=more_counts(calibration.counts, usual),
    )


def _said(compared: Compared) -> Said:
    return Said(people=compared.people, low=compared.low, high=compared.high, off=compared.error)


def for_one_zone(correction: Correction, zones: int) -> Correction:
    """The correction of one of so many zones: heads are counted in all of them together, and things are shared out."""
    return msgspec.structs.replace(
        correction, things=correction.things / zones, things_doubt=correction.things_doubt / zones
    )


def _for_each(thresholds: Sequence[Thresholds], receivers: int) -> list[Thresholds]:
    return [*thresholds[:receivers], *[USUAL] * (receivers - len(thresholds))]

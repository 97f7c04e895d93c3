"""From a recording whose zones are known to a `ZoneModel`.

Pure; `python -m edge zones fit` reads the recording, and the installer's page makes one by having somebody stand in each zone.

How it fits. A recording is cut into *stays*: the rows of one tag in one zone, in pieces of about STAY_S, in which somebody is
as good as in one place. Within stays strengths vary *fast*, from stay to stay of a zone *slowly*; what two receivers share of
either is *common* (`edge.zones`). Few stays say little about spreads, so each spread begins at a usual value that counts for
USUAL_STAYS stays.

A level is the mean over a zone's stays, long ones counting for more, but not in step with their length. Few stays and few tags
give a level partly by chance, so a difference between zones is believed as far as differences are larger than chance (empirical
Bayes; Efron and Morris, 1973): where they vary by t and are off by s, d becomes d t^2 / (t^2 + s^2). What is not believed is
replaced: with `homes`, the zone in which each receiver stands, by one advantage at home for all receivers; without, by nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import sqrt

import msgspec

from edge.zones import MODEL_VERSION, ZoneModel

STAY_S = 60.0
"""Shoppers and tags move on within a minute or two. Longer, and a recording has too few stays to say how they differ; shorter,
and neighbours are the same place twice."""

USUAL_SLOW_DB = 4.0
USUAL_FAST_DB = 5.0
"""Spreads of one receiver's strengths between places of a room, and between packets at one place, as they are reported for
2.4 GHz indoors (log-normal shadowing of 3 to 6 dB; Rayleigh fading is 5.6 dB)."""

USUAL_STAYS = 4
"""For so many stays the usual spreads count. An installer's walk has one stay a zone and takes them nearly whole; an hour of
tags does not notice them."""

TAG_DB = 2.0
"""How far two tags in one zone differ, or one on two days: so much at all receivers in common, and as much at each on its own.
Data sheets allow transmitters 2 dB; the recordings that we know show 1.0 to 1.8 dB a receiver. At 0, a weak phone is taken for a
distant one, and the walk of one installer for the whole truth; at 6, little of any recording is believed."""

USUAL_PACKETS = 10
"""For so many packets the usual fast spread counts, and the share that a receiver hears everywhere in each zone's. So the
zone with the shorter recording is not the one in which silence is impossible."""

LEAST_DB = 0.5
"""No spread is smaller: strengths are whole decibels."""

LEAST_HEARD = 0.02
MOST_HEARD = 0.98
"""No packet that was or was not heard rules a zone out: one in fifty is lost, or heard from around a corner, anywhere."""


class ZoneRow(msgspec.Struct, frozen=True, gc=False):
    """One packet of a tag whose zone is known: `strengths_dbm` by receiver, None where it was not heard. `at` in seconds."""

    tag: str
    zone: str
    at: float
    strengths_dbm: tuple[int | None, ...]


class Stay(msgspec.Struct, frozen=True):
    """By receiver: the mean, and of how many packets; and how many packets there were."""

    tag: str
    zone: str
    means_dbm: tuple[float, ...]
    counts: tuple[int, ...]
    packets: int


class FitError(Exception):
    """The recording gives no model; the sentence says what it lacks."""


class Variance(msgspec.Struct, frozen=True):
    """In dB squared: what receivers have in common, and each of its own."""

    common: float
    own: float


NO_VARIANCE = Variance(0.0, 0.0)


class _Squares:
    """Squares of what is left over, and products of two receivers at once."""

    def __init__(self) -> None:
        self._squares = self._singles = self._products = self._pairs = 0.0

    def add(self, left: Sequence[float]) -> None:
        total, squares = sum(left), sum(one * one for one in left)
        self._squares += squares
        self._singles += len(left)
        self._products += total * total - squares
        self._pairs += len(left) * (len(left) - 1)

    def variance(
        self, weight: int, usual: Variance, usual_weight: int, chance: Variance = NO_VARIANCE
    ) -> Variance:
        """Without what is there by chance, and beside the usual one with its weight."""
        total = self._squares / self._singles if self._singles else 0.0
        common = self._products / self._pairs if self._pairs else 0.0
        total = max(0.0, total - chance.common - chance.own)
        # At least a tenth is each receiver's own: nothing else tells zones apart, and few stays can look all alike.
        common = min(max(0.0, common - chance.common), 0.9 * total)
        known = weight / (weight + usual_weight)
        return Variance(
            known * common + (1 - known) * usual.common, known * (total - common) + (1 - known) * usual.own
        )


def fit_zones(
    rows: Iterable[ZoneRow],
    receivers: Sequence[str],
    outside: Iterable[str] = (),
    homes: Mapping[str, str] | None = None,
) -> ZoneModel:
    """The model of a recording; its zones stand in the order in which they come. Raises FitError.

    `receivers` names the strengths of every row. `outside`: zones that make no visit. `homes`: receiver -> the zone it stands in.
    """
    cut = _cut(rows)
    stays = [_stay_of(stay, len(receivers)) for stay in cut]
    zones = list(dict.fromkeys(stay.zone for stay in stays))
    homes = homes or {}
    outside = tuple(outside)
    _check(stays, zones, receivers, outside, homes)
    fast = _fast(cut, stays)
    raw = [_levels([stay for stay in stays if stay.zone == zone], len(receivers)) for zone in zones]
    slow = _slow(stays, dict(zip(zones, raw, strict=True)), fast)
    at_home = [[float(homes.get(receiver) == zone) for receiver in receivers] for zone in zones]
    try:
        return ZoneModel(
            MODEL_VERSION,
            tuple(zones),
            outside,
            tuple(receivers),
            _believed(_filled(raw, stays), at_home, _chance(zones, stays, slow, fast)),
            _heard(zones, stays, len(receivers)),
            _spread_db(slow.common + TAG_DB**2),
            _spread_db(fast.common),
            _spread_db(slow.own + TAG_DB**2, LEAST_DB),
            _spread_db(fast.own, LEAST_DB),
        )
    except ValueError as wrong:
        raise FitError(f"The recording gives no model: {wrong}.") from None


def _spread_db(variance: float, least: float = 0.0) -> float:
    return round(max(sqrt(variance), least), 2)


def _check(
    stays: Sequence[Stay],
    zones: Sequence[str],
    receivers: Sequence[str],
    outside: Sequence[str],
    homes: Mapping[str, str],
) -> None:
    if len(zones) < 2:
        raise FitError(f"A model tells zones apart, and the recording has {len(zones)}. Record at least two.")
    for receiver, name in enumerate(receivers):
        if not any(stay.counts[receiver] for stay in stays):
            raise FitError(f"Receiver {name} heard nothing in the whole recording. Does it work?")
    for zone in zones:
        if not any(any(stay.counts) for stay in stays if stay.zone == zone):
            raise FitError(f"No receiver heard anything in zone {zone}. Leave it out, or stand there again.")
    for zone in [*outside, *homes.values()]:
        if zone not in zones:
            raise FitError(f"Zone {zone} is not in the recording, which has {', '.join(zones)}.")
    for name in homes:
        if name not in receivers:
            raise FitError(f"Receiver {name} is not in the recording, which has {', '.join(receivers)}.")


def _cut(rows: Iterable[ZoneRow]) -> list[list[ZoneRow]]:
    """The rows of each stay."""
    together: dict[tuple[str, str], list[ZoneRow]] = {}
    for row in rows:
        together.setdefault((row.tag, row.zone), []).append(row)
    cut: list[list[ZoneRow]] = []
    for of_tag in together.values():
        of_tag.sort(key=lambda row: row.at)
        begins = 0
        for index, row in enumerate(of_tag):
            left = row.at - of_tag[begins].at >= STAY_S or row.at - of_tag[max(index - 1, 0)].at >= STAY_S / 2
            if left:
                cut.append(of_tag[begins:index])
                begins = index
        cut.append(of_tag[begins:])
    return cut


def _stay_of(rows: Sequence[ZoneRow], receivers: int) -> Stay:
    means: list[float] = []
    counts: list[int] = []
    for receiver in range(receivers):
        heard = [one for row in rows if (one := row.strengths_dbm[receiver]) is not None]
        means.append(sum(heard) / len(heard) if heard else 0.0)
        counts.append(len(heard))
    return Stay(rows[0].tag, rows[0].zone, tuple(means), tuple(counts), len(rows))


def _levels(stays: Sequence[Stay], receivers: int) -> list[float | None]:
    """The mean of each receiver in one zone; None where it never heard anything there."""
    levels: list[float | None] = []
    for receiver in range(receivers):
        weights = [
            (1 / (USUAL_SLOW_DB**2 + USUAL_FAST_DB**2 / stay.counts[receiver]), stay.means_dbm[receiver])
            for stay in stays
            if stay.counts[receiver]
        ]
        levels.append(sum(w * mean for w, mean in weights) / sum(w for w, _ in weights) if weights else None)
    return levels


def _filled(raw: Sequence[Sequence[float | None]], stays: Sequence[Stay]) -> list[list[float]]:
    """Where a receiver never heard anything, as weak as it was anywhere: what it would read, if it ever did."""
    weakest = [
        min(stay.means_dbm[receiver] for stay in stays if stay.counts[receiver])
        for receiver in range(len(raw[0]))
    ]
    return [[weakest[r] if level is None else level for r, level in enumerate(row)] for row in raw]


def _fast(cut: Iterable[Sequence[ZoneRow]], stays: Sequence[Stay]) -> Variance:
    """From packet to packet, about each stay's own mean."""
    squares = _Squares()
    for rows, stay in zip(cut, stays, strict=True):
        # A stay of n packets is n / (n - 1) times as far from its true mean as from its own.
        for row in rows:
            left = [
                (one - stay.means_dbm[r]) * sqrt(stay.counts[r] / (stay.counts[r] - 1))
                for r, one in enumerate(row.strengths_dbm)
                if one is not None and stay.counts[r] > 1
            ]
            squares.add(left)
    packets = sum(stay.packets - 1 for stay in stays)
    return squares.variance(packets, Variance(0.0, USUAL_FAST_DB**2), USUAL_PACKETS)


def _slow(stays: Sequence[Stay], levels: Mapping[str, Sequence[float | None]], fast: Variance) -> Variance:
    """From stay to stay of a zone, without what the packets of a stay leave by chance."""
    zones = len(levels)
    squares = _Squares()
    free = len(stays) - zones
    more = sqrt(len(stays) / free) if free else 0.0
    by_chance = 0.0
    for stay in stays:
        known = [
            (mean - level) * more
            for mean, level, count in zip(stay.means_dbm, levels[stay.zone], stay.counts, strict=True)
            if count and level is not None
        ]
        squares.add(known)
        by_chance += 1 / stay.packets / len(stays)
    chance = Variance(fast.common * by_chance, fast.own * by_chance)
    return squares.variance(free, Variance(0.0, USUAL_SLOW_DB**2), USUAL_STAYS, chance)


def _chance(zones: Sequence[str], stays: Sequence[Stay], slow: Variance, fast: Variance) -> list[list[float]]:
    """The variance by which each level is off by chance."""
    table: list[list[float]] = []
    for zone in zones:
        sure = [0.0] * len(stays[0].counts)
        for stay in stays:
            if stay.zone == zone:
                for receiver, count in enumerate(stay.counts):
                    sure[receiver] += 1 / (slow.own + fast.own / count) if count else 0.0
        tags = len({stay.tag for stay in stays if stay.zone == zone})
        table.append([(1 / one if one else slow.own + fast.own) + TAG_DB**2 / tags for one in sure])
    return table


def _believed(
    levels: Sequence[Sequence[float]], at_home: Sequence[Sequence[float]], chance: Sequence[Sequence[float]]
) -> tuple[tuple[float, ...], ...]:
    """The levels, with differences between zones believed as far as they are larger than chance."""
    zones, receivers = range(len(levels)), range(len(levels[0]))
    usual = [sum(row[r] for row in levels) / len(levels) for r in receivers]
    home = [[at_home[z][r] - sum(row[r] for row in at_home) / len(levels) for r in receivers] for z in zones]
    apart = [[levels[z][r] - usual[r] for r in receivers] for z in zones]
    known = sum(one * one for row in home for one in row)
    bonus_db = sum(apart[z][r] * home[z][r] for z in zones for r in receivers) / known if known else 0.0
    left = [[apart[z][r] - bonus_db * home[z][r] for r in receivers] for z in zones]
    free = len(receivers) * (len(zones) - 1) - (1 if known else 0)
    by_chance = sum(map(sum, chance)) / len(zones) / len(receivers)
    squares = sum(one * one for row in left for one in row)
    real = max(0.0, squares / free - by_chance) if free else 0.0
    return tuple(
        tuple(
            round(usual[r] + bonus_db * home[z][r] + left[z][r] * real / (real + chance[z][r]), 2)
            for r in receivers
        )
        for z in zones
    )


def _heard(zones: Sequence[str], stays: Sequence[Stay], receivers: int) -> tuple[tuple[float, ...], ...]:
    """The share of packets that each receiver hears in each zone, as if the best receiver of each had lost equally many."""
    counts = [
        [sum(stay.counts[r] for stay in stays if stay.zone == zone) for r in range(receivers)]
        for zone in zones
    ]
    packets = [sum(stay.packets for stay in stays if stay.zone == zone) for zone in zones]
    best = [max(row) / sent for row, sent in zip(counts, packets, strict=True)]
    usual = sum(best) / len(zones)
    shares = [
        [one / sent / most * usual for one in row]
        for row, sent, most in zip(counts, packets, best, strict=True)
    ]
    everywhere = [sum(row[r] for row in shares) / len(zones) for r in range(receivers)]
    return tuple(
        tuple(
            round(
                min(
                    max((share * sent + one * USUAL_PACKETS) / (sent + USUAL_PACKETS), LEAST_HEARD),
                    MOST_HEARD,
                ),
                3,
            )
            for share, one in zip(row, everywhere, strict=True)
        )
        for row, sent in zip(shares, packets, strict=True)
    )

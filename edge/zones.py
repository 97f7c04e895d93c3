"""In which zone is somebody whom several receivers hear? The model that says so, and the keeper that remembers what it needs.

Pure: `edge.door` feeds the keeper with packets, `edge.zone_judge` with the rows of a recording; both decide by the same code.
`edge.zone_fit` makes a model from rows whose zone is known.

The model. In zone z receiver r reads on average `levels_dbm[z][r]`. What is read in a window of packets differs from that by
four things, each a normal distribution with its spread in dB:

    mean of the window = level + common slow + common fast / sqrt(n) + own slow + own fast / sqrt(n)

*common* is what all receivers see at once: a weak transmitter, a body between it and all of them. It is nobody's fault and says
nothing about the place, and taking it out is what makes a tag decidable that was never heard before. *own* is each receiver's:
reflections, and where in the zone somebody stands. *fast* changes from packet to packet and averages out; *slow* does not, so no
number of packets makes the model surer than it can be. With one spread for all receivers and zones, few minutes of recording are
enough; a spread for each would be learnt from a handful of places, and by heart.

A receiver that heard nothing of a window says something too: `heard[z][r]` is the share of packets in zone z that it hears, and a
window of n packets counts there for as many as are independent of each other, by the same slow and fast. How many it heard of a
window is not looked at: packets are lost for reasons that have nothing to do with the place, to all receivers at once.

All zones are equally likely before anything is heard: where the recording lingered says nothing about where customers will.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from math import exp, log

import msgspec

MODEL_VERSION = 1

MOST_ZONES = 100
MOST_RECEIVERS = 32
"""A shop has a handful of each. More, and somebody has fitted a radio map, which this is not."""

WINDOW_PACKETS = 15
"""As many of the latest packets decide. A person crosses a doorway within some fifteen seconds, and phones speak about once a
second. Fewer, and a zone is wrong more than twice as often (measured at 5); more, and it is told late."""

MEMORY_S = 30.0
"""Packets older than this, counted from the latest, decide nothing: whoever speaks seldom has walked on. Twice the time that
WINDOW_PACKETS take at one a second, so that half of them may be lost. Below presence.DEPART_AFTER_S."""

CHANGE_ODDS = 4.0
"""So much likelier must another zone be before somebody is moved there. At 1, whoever stands still is moved four times as often;
at 20, one in ten who have walked on is moved 34 packets later instead of 15 (measured on the tags of a doorway, 15 packets)."""

NOT_HEARD = -128
"""In the place of a strength: the packet was sent, others heard it, this receiver did not. No radio reports it (Core
Specification 5.4, Vol 4 Part E, 7.7.65.2: -127 to 20 dBm)."""

NOWHERE = -1
"""The zone of somebody of whom nothing is remembered."""

LONGEST_WINDOW_PACKETS = 255
"""Fits its column, an octet."""

MOST_TERMS = 4096
"""Windows of the same make-up share their terms: 15 packets of two receivers have 3,600 make-ups (1 MB). Twelve have more than
anybody meets twice, and then it costs what it would have cost."""

_MS = 1000
_LONGEST_GAP_MS = 65_535
_NEVER_MS = 1 << 60


class Terms(msgspec.Struct, frozen=True):
    """Of a window: which receivers heard, and how much the mean of each weighs; what they share; by zone, what silence says."""

    weights: list[tuple[int, float]]
    shared: float
    silence: list[float]


class ZoneModel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is expected of each receiver in each zone. Levels in dBm, spreads in dB; ValueError says what does not fit.

    It holds no tag and nothing of a tag: averages over everybody who was recorded.
    """

    shopbell_zones: int
    zones: tuple[str, ...]
    outside: tuple[str, ...]
    receivers: tuple[str, ...]
    levels_dbm: tuple[tuple[float, ...], ...]
    heard: tuple[tuple[float, ...], ...]
    common_slow_db: float
    common_fast_db: float
    own_slow_db: float
    own_fast_db: float

    def __post_init__(self) -> None:
        wrong = _what_is_wrong(self)
        if wrong:
            raise ValueError(wrong)

    def is_outside(self, zone: int) -> bool:
        """Whether who is there makes no visit."""
        return zone != NOWHERE and self.zones[zone] in self.outside

    def terms(self, counts: Sequence[int], packets: int) -> Terms:
        """What does not depend on the strengths of a window. `counts`: by receiver, how many it heard of `packets` sent."""
        slow, fast = self.own_slow_db**2, self.own_fast_db**2
        weights = [(r, 1 / (slow + fast / count)) for r, count in enumerate(counts) if count]
        common = self.common_slow_db**2 + self.common_fast_db**2 / packets
        looks = (slow + fast) / (slow + fast / packets)
        silence: list[float] = []
        for shares in self.heard:
            silent = [(1 - share) ** looks for share in shares]
            silence.append(
                sum(log(1 - one if count else one) for one, count in zip(silent, counts, strict=True))
            )
        # (S + c 11')^-1 = S^-1 - S^-1 11' S^-1 c / (1 + c 1' S^-1 1): Sherman and Morrison, 1950.
        return Terms(weights, common / (1 + common * sum(weight for _, weight in weights)), silence)

    def scores(self, means_dbm: Sequence[float], terms: Terms) -> list[float]:
        """How well each zone fits a window, as a logarithm up to a constant. `means_dbm`: by receiver, of what it heard."""
        scores: list[float] = []
        weights, shared = terms.weights, terms.shared
        for levels, silence in zip(self.levels_dbm, terms.silence, strict=True):
            squares = pull = 0.0
            for receiver, weight in weights:
                off_db = means_dbm[receiver] - levels[receiver]
                weighted = weight * off_db
                squares += weighted * off_db
                pull += weighted
            scores.append(silence - (squares - shared * pull * pull) / 2)
        return scores


def _what_is_wrong(model: ZoneModel) -> str:
    zones, receivers = len(model.zones), len(model.receivers)
    tables = (model.levels_dbm, model.heard)
    rules = (
        (
            model.shopbell_zones == MODEL_VERSION,
            f"it is of version {model.shopbell_zones}, and this program reads version {MODEL_VERSION}",
        ),
        (2 <= zones <= MOST_ZONES, f"it has {zones} zones; it takes 2 to {MOST_ZONES}"),
        (1 <= receivers <= MOST_RECEIVERS, f"it has {receivers} receivers; it takes 1 to {MOST_RECEIVERS}"),
        (len(set(model.zones)) == zones, "two of its zones have one name"),
        (len(set(model.receivers)) == receivers, "two of its receivers have one name"),
        (set(model.outside) <= set(model.zones), "a zone that is outside is none of its zones"),
        (
            all(len(table) == zones and all(len(row) == receivers for row in table) for table in tables),
            "its tables do not have a row for each zone and a column for each receiver",
        ),
        (
            all(-127 <= level <= 20 for row in model.levels_dbm for level in row),
            "a level is not between -127 and 20 dBm",
        ),
        (
            all(0 < share < 1 for row in model.heard for share in row),
            "a share of packets heard is not between 0 and 1",
        ),
        (
            all(0 <= one <= 50 for one in (model.common_slow_db, model.common_fast_db))
            and all(0.1 <= one <= 50 for one in (model.own_slow_db, model.own_fast_db)),
            "a spread is not between 0.1 and 50 dB",
        ),
    )
    return next((sentence for holds, sentence in rules if not holds), "")


def read_model(text: bytes) -> ZoneModel:
    """The model in a file; ValueError with the rest of a sentence."""
    try:
        return msgspec.json.decode(text, type=ZoneModel)
    except (msgspec.DecodeError, ValueError, RecursionError) as wrong:
        raise ValueError(f"{wrong}".rstrip(".")) from None


def write_model(model: ZoneModel) -> bytes:
    """The model as a file: JSON, for people too."""
    return msgspec.json.format(msgspec.json.encode(model), indent=1) + b"\n"


class ZoneKeeper:
    """Remembers the latest packets of each device and says in which zone it is. Devices are rows, as in the tracker.

    Each receiver's packets of a row come in the order of their times; receivers may come one after the other, in batches. A
    window ends with the latest packet of the row and holds at most `packets` of any receiver and at most `seconds`: where one
    receiver's memory is full, what the others heard before its beginning does not count either. A row takes one octet, and for
    each receiver 10 and 3 for each of `packets`.
    """

    __slots__ = (
        "_counts", "_gaps_ms", "_heads", "_latest_ms", "_margin", "_memory_ms", "_packets", "_strengths", "_terms", "_zones",
        "model",
    )  # fmt: skip

    def __init__(
        self,
        model: ZoneModel,
        packets: int = WINDOW_PACKETS,
        seconds: float | None = MEMORY_S,
        change_odds: float = CHANGE_ODDS,
    ) -> None:
        """`seconds` None: however old they are, the latest `packets` count."""
        if not 1 <= packets <= LONGEST_WINDOW_PACKETS:
            raise ValueError(f"A window has 1 to {LONGEST_WINDOW_PACKETS} packets, not {packets}.")
        if seconds is not None and not 0 < seconds * _MS < _LONGEST_GAP_MS:
            raise ValueError(f"A window has more than 0 and at most 65 seconds, not {seconds:g}.")
        self.model = model
        self._packets = packets
        self._memory_ms = _NEVER_MS if seconds is None else round(seconds * _MS)
        self._margin = log(change_odds)
        self._terms: dict[tuple[int, ...], Terms] = {}
        self._counts = bytearray()
        self._heads = bytearray()
        self._latest_ms = array("q")
        self._strengths = array("b")
        self._gaps_ms = array("H")
        self._zones = array("b")

    def reach(self, size: int) -> None:
        """Be ready for rows below `size`."""
        more = size - len(self._zones)
        if more > 0:
            cells = more * len(self.model.receivers)
            self._counts.extend(bytes(cells))
            self._heads.extend(bytes(cells))
            self._latest_ms.frombytes(bytes(8 * cells))
            self._strengths.frombytes(bytes(self._packets * cells))
            self._gaps_ms.frombytes(bytes(2 * self._packets * cells))
            self._zones.extend((NOWHERE,) * more)

    def hear(self, row: int, receiver: int, rssi_dbm: int, at: float) -> None:
        """One receiver heard a packet of the device in this row; or NOT_HEARD. `at` is in seconds on the clock of all packets."""
        cell = row * len(self.model.receivers) + receiver
        now_ms = round(at * _MS)
        gap_ms = now_ms - self._latest_ms[cell]
        count = self._counts[cell]
        if gap_ms > self._memory_ms or not count:
            count = gap_ms = 0
        head = self._heads[cell]
        self._strengths[cell * self._packets + head] = rssi_dbm
        self._gaps_ms[cell * self._packets + head] = min(max(gap_ms, 0), _LONGEST_GAP_MS)
        self._heads[cell] = (head + 1) % self._packets
        self._counts[cell] = min(count + 1, self._packets)
        # A packet that is late counts as one that came with the one before it.
        self._latest_ms[cell] = now_ms if not count else max(now_ms, self._latest_ms[cell])

    def zone(self, row: int) -> int:
        """Where the device in this row is now, as a number of the model's zones; NOWHERE if nothing is remembered of it."""
        scores = self._scores(row)
        if not scores:
            return NOWHERE
        best = max(range(len(scores)), key=scores.__getitem__)
        kept = self._zones[row]
        if kept != NOWHERE and scores[best] - scores[kept] < self._margin:
            return kept
        self._zones[row] = best
        return best

    def chances(self, row: int) -> tuple[float, ...]:
        """How likely each zone is by what is remembered; empty if nothing is."""
        scores = self._scores(row)
        best = max(scores, default=0.0)
        shares = [exp(score - best) for score in scores]
        return tuple(share / sum(shares) for share in shares)

    def forget(self, row: int) -> None:
        """The row is free for another device."""
        receivers = len(self.model.receivers)
        self._counts[row * receivers : (row + 1) * receivers] = bytes(receivers)
        self._zones[row] = NOWHERE

    def _scores(self, row: int) -> list[float]:
        receivers = len(self.model.receivers)
        cells = range(row * receivers, (row + 1) * receivers)
        newest = [self._latest_ms[cell] for cell in cells if self._counts[cell]]
        if not newest:
            return []
        begin_ms = max(newest) - self._memory_ms
        spans: list[tuple[int, int, int, array[int]]] = []
        for receiver, cell in enumerate(cells):
            count = self._counts[cell]
            if count:
                gaps_ms = self._remembered(self._gaps_ms, cell)
                first_ms = self._latest_ms[cell] - sum(gaps_ms) + gaps_ms[0]
                spans.append((receiver, cell, first_ms, gaps_ms))
                if count == self._packets and first_ms > begin_ms:
                    begin_ms = first_ms
        means_dbm, counts, packets = [0.0] * receivers, [0] * receivers, 0
        for receiver, cell, first_ms, gaps_ms in spans:
            strengths = self._remembered(self._strengths, cell)
            if first_ms < begin_ms:
                strengths = strengths[_older(first_ms, gaps_ms, begin_ms) :]
            missed = strengths.count(NOT_HEARD)
            packets = max(packets, len(strengths))
            counts[receiver] = heard = len(strengths) - missed
            if heard:
                means_dbm[receiver] = (sum(strengths) - missed * NOT_HEARD) / heard
        return self.model.scores(means_dbm, self._terms_of(tuple(counts), packets)) if any(counts) else []

    def _remembered(self, column: array[int], cell: int) -> array[int]:
        """What stands in a ring, oldest first."""
        first, head, count = cell * self._packets, self._heads[cell], self._counts[cell]
        if count <= head:
            return column[first + head - count : first + head]
        return (
            column[first + head - count + self._packets : first + self._packets]
            + column[first : first + head]
        )

    def _terms_of(self, counts: tuple[int, ...], packets: int) -> Terms:
        terms = self._terms.get((packets, *counts))
        if terms is None:
            if len(self._terms) >= MOST_TERMS:
                self._terms.clear()
            terms = self._terms[(packets, *counts)] = self.model.terms(counts, packets)
        return terms


def _older(at_ms: int, gaps_ms: array[int], begin_ms: int) -> int:
    """How many of a ring, oldest first, were heard before the window begins."""
    older = 0
    while at_ms < begin_ms:
        older += 1
        if older == len(gaps_ms):
            break
        at_ms += gaps_ms[older]
    return older

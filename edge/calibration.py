"""What standing in the zones and counting heads have taught this door: `calibration.json` in its folder.

Pure: bytes in, bytes out; the daemon reads and writes the file. It holds strengths, numbers of people and moments. How names
become people is not in it but worked out of its counts anew (`edge.headcount`): a better estimator makes the most of old counts.
"""

from __future__ import annotations

import msgspec

from edge.headcount import HeadCount, fit_heads
from edge.occupancy import Correction
from edge.visits import Thresholds
from edge.zones import ZoneModel

FILE = "calibration.json"

VERSION = 1

MOST_COUNTS = 60
"""The oldest go first: forty leave a doubt of 2 %, and what people carry changes within a year or two."""

LARGEST_OCTETS = 1024 * 1024
"""Sixty counts of fifteen windows and a model of a hundred zones are a tenth of it."""


class Calibration(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One door's calibration. `thresholds` are those of each receiver in order, empty: the usual ones.

    `walked_at` is when somebody stood in the zones, `counts` what was counted by hand, oldest first (seconds since 1970).
    """

    shopbell_calibration: int = VERSION
    thresholds: tuple[Thresholds, ...] = ()
    walked_at: float | None = None
    model: ZoneModel | None = None
    counts: tuple[HeadCount, ...] = ()

    @property
    def counted_at(self) -> float | None:
        """When heads were counted last; None while nobody has."""
        return self.counts[-1].at if self.counts else None

    def correction(self, usual: Correction) -> Correction:
        """How names become people here; the usual way while nobody has counted."""
        return fit_heads(self.counts, usual)

    def counted(self, count: HeadCount) -> Calibration:
        """With one more count of heads."""
        return msgspec.structs.replace(self, counts=(*self.counts, count)[-MOST_COUNTS:])

    def walked(self, thresholds: tuple[Thresholds, ...], model: ZoneModel | None, at: float) -> Calibration:
        """With other thresholds or another model.

        The counts of heads are gone where either changes: other phones are heard from now on, and the counts say nothing of them.
        """
        same = thresholds == self.thresholds and model == self.model
        counts = self.counts if same else ()
        return msgspec.structs.replace(self, thresholds=thresholds, model=model, walked_at=at, counts=counts)


_decoder = msgspec.json.Decoder(Calibration)


def read_calibration(text: bytes) -> Calibration:
    """The calibration in a file. ValueError with a sentence where it is none, or of another version."""
    if len(text) > LARGEST_OCTETS:
        raise ValueError(f"{FILE} is larger than a calibration can be. Remove it, and calibrate again.")
    try:
        read = _decoder.decode(text)
    except (msgspec.MsgspecError, ValueError, RecursionError) as wrong:
        raise ValueError(f"{FILE} is no calibration: {wrong}. Remove it, and calibrate again.") from wrong
    if read.shopbell_calibration != VERSION:
        raise ValueError(
            f"{FILE} is of version {read.shopbell_calibration}, and this program reads version {VERSION}. "
            "Install the newer program, or remove the file and calibrate again."
        )
    return read


def write_calibration(calibration: Calibration) -> bytes:
    """The file's text, readable by people, with its line end."""
    return msgspec.json.format(msgspec.json.encode(calibration), indent=1) + b"\n"

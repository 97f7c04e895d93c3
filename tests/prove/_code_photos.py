"""Photographs of codes, read as a till reads what a phone's camera sends, against what a plain zxing-cpp reads of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from kiosk.pictures import Unseen, texts_in

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "data" / "qr-photos"
LIST = "expected_and_baseline.json"
SETS = ("qrcode-1", "qrcode-3", "qrcode-5", "microqrcode-1", "code128-1", "ean13-1")


class Photo(msgspec.Struct, frozen=True):
    """One photograph, the text of the code on it, and whether the baseline reads it."""

    set: str
    file: str
    expected: str
    zxingcpp_right: bool


@dataclass(slots=True)
class Seen:
    """How many photographs there are, the baseline reads, and we read; which of the baseline's we do not."""

    photos: int = 0
    baseline: int = 0
    ours: int = 0
    lost: list[str] = field(default_factory=list)


def read_photos(count: int, folder: Path = FOLDER) -> Seen | None:
    """So many of them, spread over all; None where the photographs are not here."""
    if not (folder / LIST).exists():
        return None
    photos = msgspec.json.decode((folder / LIST).read_bytes(), type=list[Photo])
    photos = [photo for photo in photos if photo.set in SETS]
    step = max(1, len(photos) // max(1, count))
    seen = Seen()
    for photo in photos[::step]:
        texts = texts_in((folder / photo.set / photo.file).read_bytes())
        # Codes end their lines in the way of Windows, the list in that of Unix.
        found = () if isinstance(texts, Unseen) else tuple(_lines(text) for text in texts)
        right = _lines(photo.expected) in found
        seen.photos += 1
        seen.baseline += photo.zxingcpp_right
        seen.ours += right
        if photo.zxingcpp_right and not right:
            seen.lost.append(f"{photo.set}/{photo.file}")
    return seen


def _lines(text: str) -> list[str]:
    return text.strip().splitlines()

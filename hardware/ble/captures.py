"""Reads recordings of the air, whatever tool wrote them, as advertisements in the order of the file.

Known by their first octets: btsnoop (HCI, datalinks 1001 and 1002), pcap and pcapng (link types 187, 201, 251, 256,
272), and our own JSON lines; each also packed with xz or gzip. One record is held at a time.
"""

from __future__ import annotations

import gzip
import logging
import lzma
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, cast

from hardware.ble import linklayer, records
from hardware.ble.advertisement import Advertisement
from hardware.ble.codec import BadPayload
from hardware.ble.hci import H4_EVENT, HciReports
from hardware.ble.jsonlines import read_lines
from hardware.ble.records import CaptureError, Record, Source

logger = logging.getLogger(__name__)

__all__ = ["Capture", "CaptureError"]

_XZ, _GZIP = b"\xfd7zXZ\x00", b"\x1f\x8b"
_LONGEST_MAGIC = 8
# btsnoop's flags of an event that came from the controller; datalink 1001 says it nowhere else.
_EVENT_RECEIVED = 0b11
_SNIFFED: dict[str, Callable[[bytes, float], Advertisement | linklayer.Reason]] = {
    "251": linklayer.from_bare,
    "256": linklayer.from_phdr,
    "272": linklayer.from_nrf,
}


class Capture:
    """A recording to iterate over, any number of times.

    A file that is cut off or broken yields everything before that point and then raises CaptureError with the place.
    `passed_over` counts, for the last iteration, what was no advertisement, by reason.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.passed_over: Counter[str] = Counter()

    def __iter__(self) -> Iterator[Advertisement]:
        self.passed_over = Counter()
        try:
            file = self.path.open("rb")
        except OSError as problem:
            raise CaptureError(f"{self.path} cannot be opened: {problem.strerror}.") from problem
        with file, _unpacked(file) as stream:
            yield from self._read(stream)

    def _read(self, stream: BinaryIO) -> Iterator[Advertisement]:
        source = Source(stream, self.path.name)
        magic = source.peek(_LONGEST_MAGIC)
        if not magic:
            raise CaptureError(f"{source.name} is empty.")
        if magic == records.BTSNOOP_MAGIC:
            return self._heard(records.btsnoop_records(source), source)
        if magic[:4] == records.PCAPNG_MAGIC:
            return self._heard(records.pcapng_records(source), source)
        if magic[:4] in records.PCAP_MAGICS:
            return self._heard(records.pcap_records(source), source)
        if magic.lstrip()[:1] == b"{":
            return read_lines(source)
        raise CaptureError(f"{source.name} is no btsnoop, pcap, pcapng or JSON-lines recording.")

    def _heard(self, rows: Iterator[Record], source: Source) -> Iterator[Advertisement]:
        reports = HciReports()
        known = 0
        foreign: set[str] = set()
        for row in rows:
            try:
                found = self._advertisements(row, reports)
            except BadPayload as problem:
                self.passed_over["broken_event"] += 1
                logger.debug("capture=%s record=%d passed_over=%s", source.name, source.record, problem)
                continue
            if found is None:
                self.passed_over["other_link"] += 1
                foreign.add(row.link)
            else:
                known += 1
                yield from found
        if foreign and not known:
            links = ", ".join(sorted(foreign))
            raise CaptureError(
                f"{source.name} holds no Bluetooth LE that is known here, only link type {links}."
            )

    def _advertisements(self, row: Record, reports: HciReports) -> list[Advertisement] | None:
        """What one record holds; None when its link type is not one of ours."""
        sniffed = _SNIFFED.get(row.link)
        if sniffed is not None:
            heard = sniffed(row.packet, row.at)
            if isinstance(heard, Advertisement):
                return [heard]
            self.passed_over[heard] += 1
            return []
        event = _hci_event(row)
        if event is None:
            return None
        found = reports.feed(event, row.at)
        if not found:
            self.passed_over["other_packet"] += 1
        return found


def _hci_event(row: Record) -> bytes | None:
    """The event in an HCI record, b"" for other HCI traffic, None for another link type."""
    if row.link == "btsnoop 1001":
        return row.packet if row.flags & _EVENT_RECEIVED == _EVENT_RECEIVED else b""
    if row.link in ("btsnoop 1002", "187"):
        packet = row.packet
    elif row.link == "201":
        packet = row.packet[4:]
    else:
        return None
    return packet[1:] if packet[:1] == bytes((H4_EVENT,)) else b""


def _unpacked(file: BinaryIO) -> BinaryIO:
    """The file itself, or what is packed in it."""
    magic = file.read(len(_XZ))
    file.seek(0)
    if magic == _XZ:
        return cast("BinaryIO", lzma.open(file))
    if magic.startswith(_GZIP):
        return cast("BinaryIO", gzip.open(file))
    return file

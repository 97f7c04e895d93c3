"""What is done to a backup beside the shipping: base copies, small segments folded into large ones, what is too old forgotten."""

from __future__ import annotations

import logging
import zlib
from collections.abc import Callable

from hub.client.trouble import StorageError
from hub.safety import pieces
from hub.safety.pieces import SECRET_FILES, BaseHead, Broken, Named, PartHead, SegmentHead, digest
from hub.safety.shipper import Place, Shipper, lines_of
from hub.safety.targets import Missing, Target, TargetError
from hub.store.shipping import Reader

logger = logging.getLogger(__name__)

PART_BYTES = 8 * 2**20
BASES_IN_LIFE = 4
"""A new base copy after each quarter of a backup's life; so any moment of the last three quarters can be put back."""

DAY_S = 86_400.0
FOLD_AFTER_S = 3_600.0
"""Within the last hour a restore may stop at each segment, some tenths of a second apart."""

FOLD_MOST, FOLD_LEAST = 256, 32
FOLD_BYTES = 64 * 2**20


class Stopped(Exception):
    """It was asked to end."""


class Upkeep:
    """Keeps one target in order. Call from one thread, beside the shipper's."""

    def __init__(
        self,
        shipper: Shipper,
        keep_s: float,
        now: Callable[[], float],
        stopping: Callable[[], bool],
        part_every_s: float = 0.0,
    ) -> None:
        """`part_every_s`: how long a part that was read back is enough, where the line to the target is thin; 0: for one look."""
        self._shipper = shipper
        self._target: Target = shipper.target
        self._keep_s = keep_s
        self._now = now
        self._stopping = stopping
        self._heads: dict[str, BaseHead] = {}
        self._newest: dict[str, BaseHead] = {}
        self._part_every_s = part_every_s
        self._part_read_at = float("-inf")
        self.copied = 0.0
        """How much of a base copy under way is done, from 0 to 1."""

    # Base copies

    def bases(self, line: str = "") -> list[BaseHead]:
        """Every base copy that is whole, the oldest first; of one line only, where it is named."""
        names = self._target.names(f"{line}/base-" if line else "line-")
        names = [name for name in names if pieces.read_number(name, "base") is not None]
        found = []
        for name in names:
            if name not in self._heads:
                try:
                    self._heads[name], _ = pieces.unpack(self._target.get(name), BaseHead)
                except (Broken, Missing) as wrong:
                    logger.warning("%s %s", name, wrong)
                    continue
            found.append(self._heads[name])
        return sorted(found, key=lambda head: head.made_at)

    def needs_base(self) -> bool:
        """Whether the line has no base copy, or its newest is old enough."""
        place = self._shipper.place
        if place is None:
            return False
        own = self.bases(place.line)
        return not own or self._now() - own[-1].made_at >= self._keep_s / BASES_IN_LIFE

    def make_base(self) -> BaseHead:
        """Copy the file as it lies there, while others write. Segments from `first` to `until` make it whole: what was in the log
        when the reader stood there, and what may have been moved into the file meanwhile."""
        shipper = self._shipper
        reader = Reader(shipper.files.path)
        try:
            line, first, until = shipper.stand_for_copy(reader)
            made_at = self._now()
            page_size = shipper.files.head().page_size
            size = shipper.files.size()
            base = int(made_at)
            parts = []
            for number, offset in enumerate(range(0, size, PART_BYTES)):
                if self._stopping() or shipper.place is None or shipper.place.line != line:
                    raise Stopped
                parts.append(self._put_part(line, base, number, offset, min(PART_BYTES, size - offset)))
                self.copied = (offset + PART_BYTES) / max(size, 1)
        finally:
            reader.let_go()
            reader.close()
            self.copied = 0.0
        sealer = shipper.sealer
        nonce = sealer.nonce()
        name = pieces.base_name(line, base)
        secrets = b"" if sealer.is_open else sealer.seal(nonce, self._secrets(), name)
        head = BaseHead(
            line, base, first, until, made_at, size, page_size, tuple(parts), nonce if secrets else ""
        )  # fmt: skip
        self._target.put(name, pieces.pack(head, secrets))
        logger.info("base copy line=%s first=%d until=%d bytes=%d", line, first, until, size)
        return head

    def _put_part(self, line: str, base: int, number: int, offset: int, length: int) -> str:
        shipper = self._shipper
        nonce = shipper.sealer.nonce()
        name = pieces.part_name(line, base, number)
        body = shipper.sealer.seal(nonce, zlib.compress(shipper.files.read(offset, length), 1), name)
        whole = pieces.pack(PartHead(line, base, number, offset, length, nonce), body)
        self._target.put(name, whole)
        return digest(whole)

    def _secrets(self) -> bytes:
        folder = self._shipper.files.path.parent
        found = {name: (folder / name).read_bytes() for name in SECRET_FILES if (folder / name).exists()}
        return pieces.write_files(found)

    def must_have(self, place: Place) -> BaseHead | None:
        """Look whether the target still has what a restore of this line would need: its newest base copy, of that the head and
        one of the parts (another one each time, where it is time for one), and every segment since by its name. None where there
        is no base copy yet; Missing or Broken where something is gone."""
        there = self.bases(place.line)
        known = self._newest.get(place.line)
        if not there and known is None:
            return None
        head = there[-1] if there else known
        if head is None or (known is not None and known.base > head.base):
            raise Missing(f"{self._target.shown} has lost a base copy.")
        self._newest = {place.line: head}
        pieces.unpack(self._target.get(pieces.base_name(head.line, head.base)), BaseHead)
        if head.parts and not 0 <= self._now() - self._part_read_at < self._part_every_s:
            number = int(self._now()) % len(head.parts)
            name = pieces.part_name(head.line, head.base, number)
            if digest(self._target.get(name)) != head.parts[number]:
                raise Missing(f"{self._target.shown} has something else under {name} than it was given.")
            self._part_read_at = self._now()
        # What is shipped while this is looked at may be there or not.
        upto = place.number
        names = self._target.names(f"{place.line}/seg-")
        found = [one for one in map(pieces.read_segment_name, names) if one is not None]
        way = pieces.way(found, head.first, upto)
        if head.first <= upto and (not way or way[-1].last < upto):
            raise Missing(
                f"{self._target.shown} has lost a segment after {way[-1].last if way else head.first - 1}."
            )
        return head

    # Folding

    def fold(self) -> int:
        """Fold small segments that are old enough into large ones; how many are gone. What was folded is read back before what it
        came from is forgotten."""
        place = self._shipper.place
        if place is None:
            return 0
        named = [
            one for one in map(pieces.read_segment_name, self._target.names(f"{place.line}/seg-")) if one
        ]
        small = sorted((one for one in named if one.first == one.last), key=lambda one: one.first)
        covered = [one for one in named if one.last > one.first]
        gone = 0
        for one in [one for one in small if any(big.first <= one.first <= big.last for big in covered)]:
            # A fold that was ended between its last two steps.
            self._target.delete(one.name)
            small.remove(one)
            gone += 1
        # What a base copy needs must not be held by a segment that is older than it, which would outlive its time with it.
        borders = {head.first for head in self.bases(place.line)}
        while len(small) > FOLD_MOST and not self._stopping():
            looked, folded = self._fold_some(place.line, small[:FOLD_MOST], borders)
            small = small[looked:]
            gone += folded
            if not looked:
                break
        return gone

    def _fold_some(self, line: str, small: list[Named], borders: set[int]) -> tuple[int, int]:
        """Fold as many of these as may be: how many were done with, and how many of them are folded. (0, 0): those that follow
        are too young."""
        sealer = self._shipper.sealer
        taken: list[tuple[Named, SegmentHead]] = []
        pages: dict[int, bytes] = {}
        whole: dict[int, bytes] = {}
        upto = 0
        young = False
        for one in small:
            if taken and (one.first in borders or one.first != taken[-1][0].last + 1):
                break
            head, body = pieces.unpack(self._target.get(one.name), SegmentHead)
            before = taken[-1][1] if taken else None
            wrong = pieces.fits(before, head, body, line)
            if wrong is not None:
                raise Broken(f"{one.name} {wrong}")
            young = self._now() - head.at < FOLD_AFTER_S
            if young or len(pages) * head.page_size > FOLD_BYTES:
                break
            pages |= dict(pieces.read_pages(sealer.unseal(head.nonce, body, one.name), head.page_size))
            taken.append((one, head))
            if head.commit:
                whole, upto = dict(pages), len(taken)
        if upto < FOLD_LEAST:
            return (0 if young else max(len(taken), 1)), 0
        first, last = taken[0][1], taken[upto - 1][1]
        nonce = sealer.nonce()
        name = pieces.segment_name(line, first.first, last.last)
        body = sealer.seal(nonce, pieces.write_pages(whole), name)
        folded = pieces.pack(
            SegmentHead(
                line, first.first, last.last, first.before, last.after, last.page_size, last.pages, True,
                first.began_at, last.at, last.salts, last.frame, last.checksum, last.log_first, nonce,
            ),
            body,
        )  # fmt: skip
        self._target.put(name, folded)
        if self._target.get(name) != folded:
            raise TargetError(f"{self._target.shown} has something else under {name} than it was given.")
        for one, _ in taken[:upto]:
            self._target.delete(one.name)
        return upto, upto

    # Forgetting

    def forget(self, before: float = float("-inf")) -> int:
        """Forget what is older than the life of a backup, or was made before then, and what can be used for nothing; how many
        pieces."""
        place = self._shipper.place
        bases = self.bases()
        if place is None or not bases:
            return 0
        newest = bases[-1]
        kept = [
            head
            for head in bases
            if head == newest or (self._now() - head.made_at < self._keep_s and head.made_at >= before)
        ]
        gone = 0
        for line in lines_of(self._target):
            own = [head for head in kept if head.line == line]
            if not own and line == place.line:
                continue
            gone += self._forget_in(line, own)
        self._heads = {pieces.base_name(head.line, head.base): head for head in kept}
        return gone

    def _forget_in(self, line: str, kept: list[BaseHead]) -> int:
        place = self._shipper.place
        first = min((head.first for head in kept), default=None)
        numbers = {head.base for head in kept}
        newest = max(numbers, default=0)
        gone = 0
        for name in self._target.names(f"{line}/"):
            segment = pieces.read_segment_name(name)
            base, part = pieces.read_number(name, "base"), pieces.read_number(name, "part")
            number = base if base is not None else part
            if segment is not None:
                old = first is None or segment.last < first
            elif number is not None:
                # Parts of a number above the newest are those of a copy that is being made now.
                under_way = place is not None and place.line == line and base is None and number > newest
                old = number not in numbers and not under_way
            else:
                old = False
            if old:
                self._target.delete(name)
                gone += 1
        return gone


def all_of(upkeep: Upkeep) -> str:
    """One turn of everything; what went wrong, as a sentence, or ""."""
    try:
        if upkeep.needs_base():
            upkeep.make_base()
        upkeep.forget()
        upkeep.fold()
    except Stopped:
        return ""
    except (TargetError, StorageError, Broken, OSError) as wrong:
        logger.warning("upkeep of the backup: %s", wrong)
        return str(wrong)
    return ""

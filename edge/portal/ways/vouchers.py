"""Printed codes: batches that staff make, list, print and end; and the devices that are in with one.

A code lets in as many devices at a time as its batch says. Devices are not told apart by their addresses on disk, only by the
code that they kept: who types it where all places are taken gets the place of a device that has left, else of the one that came
first, and that one is put out. So a phone that comes back with another address finds its time again, and a code that is
passed round never lets in more than it should.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from edge.gate.protocol import Limits, Phone
from edge.portal.guests import Grant, State
from edge.portal.keeper import Keeper
from edge.portal.ways.batches import Batch, BatchCount, Voucher, Wish, checked
from edge.portal.ways.codes import code_hash
from edge.portal.ways.store import WaysStore
from hub.wire.coupon import CODE_RANDOM_BYTES, make_code

BATCH_BYTES = 4
LISTED = 100
MOST_HELD = 4_096
"""Devices whose place is remembered; four times as many as the gate lets in."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A place among a code's devices. `put_out` is the phone that had it before, where that is still in."""

    slot: int
    put_out: Phone | None = None


class Vouchers:
    """The batches of one door. Who holds which place is in memory only; after a restart nobody is put out for another."""

    def __init__(self, store: WaysStore, random: Callable[[int], bytes] = os.urandom) -> None:
        self._store = store
        self._random = random
        self._held: OrderedDict[tuple[bytes, int], Phone] = OrderedDict()
        # Guards _held together with the rows it speaks of.
        self._one = threading.Lock()

    # What staff do

    def make(self, wish: Wish, made_by: str, now: float) -> Batch:
        """A new batch. ValueError for a wish that cannot be met, StorageError where the disk does not take it."""
        batch = Batch(self._random(BATCH_BYTES).hex(), now, made_by, checked(wish, now))
        codes: dict[bytes, str] = {}
        while len(codes) < wish.count:
            code = make_code(self._random(CODE_RANDOM_BYTES))
            codes[code_hash(code)] = code
        self._store.put_batch(batch, list(codes.items()))
        return batch

    def latest(self, now: float) -> list[BatchCount]:
        """The latest batches, newest first."""
        return self._store.batches(now, LISTED)

    def find(self, batch: str) -> Batch | None:
        """One of them."""
        return self._store.batch(batch)

    def unused(self, batch: str) -> list[tuple[int, str]]:
        """Its codes that nobody has used, each with its number on the sheet. The others cannot be read any more."""
        return self._store.unused_codes(batch)

    def end(self, batch: str, now: float) -> bool:
        """No code of it lets in from now on; False where it was over. Whoever is in with one is the caller's to put out."""
        return self._store.end_batch(batch, now)

    # What the desk does

    def look_up(self, code: str) -> Voucher | None:
        """The voucher with this code; None where no batch has it."""
        return self._store.voucher(code_hash(code))

    def grant(self, voucher: Voucher, phone: Phone | None, keeper: Keeper, now: float) -> Grant | None:
        """What it gives this phone now; None where its time or its volume is used up."""
        seconds, limits = voucher.seconds_at(now), voucher.batch.wish.limits
        if not seconds:
            return None
        if limits.volume:
            with self._one:
                slots = self._store.slots(voucher.hash)
                claim = self._claim(voucher, slots, phone, keeper, now)
                left = self._left(voucher, claim.slot, slots.get(claim.slot), keeper, now)
            if left == 0:
                return None
            limits = Limits(limits.down_per_s, limits.up_per_s, limits.volume if left is None else left)
        return Grant("code", seconds, limits, batch=voucher.batch.id)

    def take(
        self,
        conn: sqlite3.Connection,
        voucher: Voucher,
        phone: Phone | None,
        keeper: Keeper,
        now: float,
    ) -> Claim | None:
        """Count a phone that is in, in the caller's transaction; None where the batch was ended in between."""
        with self._one:
            fresh = self._store.voucher(voucher.hash, conn)
            if fresh is None or fresh.batch.ended_at is not None:
                return None
            if fresh.until is None:
                self._store.begin(conn, fresh.hash, now + fresh.batch.wish.lasts_s)
            slots = self._store.slots(fresh.hash, conn)
            claim = self._claim(fresh, slots, phone, keeper, now)
            left = self._left(fresh, claim.slot, slots.get(claim.slot), keeper, now)
            self._store.put_slot(conn, fresh.hash, claim.slot, now)
            if left is not None:
                self._store.note_octets(conn, fresh.hash, claim.slot, left)
            self._hold(fresh.hash, claim.slot, phone)
            return claim

    def _claim(
        self, voucher: Voucher, slots: dict[int, int | None], phone: Phone | None, keeper: Keeper, now: float
    ) -> Claim:
        """The place for this phone: its own, a free one, one whose device has left, the oldest."""
        if phone is not None:
            for slot in slots:
                if self._held.get((voucher.hash, slot)) == phone:
                    return Claim(slot)
        if len(slots) < voucher.batch.wish.uses:
            return Claim(next(slot for slot in range(len(slots) + 1) if slot not in slots))
        holders = [(slot, self._held.get((voucher.hash, slot))) for slot in slots]
        for slot, holder in holders:
            if holder is None or not _is_in(holder, voucher, keeper, now):
                return Claim(slot)
        return Claim(*holders[0])

    def _left(self, voucher: Voucher, slot: int, kept: int | None, keeper: Keeper, now: float) -> int | None:
        """How many octets the device in this place has left; None where nothing was used or there is no limit."""
        holder = self._held.get((voucher.hash, slot))
        if not voucher.batch.wish.limits.volume or holder is None:
            return kept
        standing = keeper.standing(holder.ip, now)
        if standing.octets_left is None or standing.grant is None or standing.grant.batch != voucher.batch.id:
            return kept
        return standing.octets_left if kept is None else min(kept, standing.octets_left)

    def _hold(self, digest: bytes, slot: int, phone: Phone | None) -> None:
        self._held.pop((digest, slot), None)
        if phone is not None:
            self._held[digest, slot] = phone
        while len(self._held) > MOST_HELD:
            self._held.popitem(last=False)


def _is_in(phone: Phone, voucher: Voucher, keeper: Keeper, now: float) -> bool:
    standing = keeper.standing(phone.ip, now)
    return (
        standing.state is State.IN
        and standing.grant is not None
        and standing.grant.batch == voucher.batch.id
        and keeper.phone_at(phone.ip) in (None, phone)
    )

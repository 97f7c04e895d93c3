"""The shop's key behind codes that change every 30 seconds (`hub.wire.rotating`): made, replaced, handed to nodes.

It stands in the database sealed to the hub's own key, and travels sealed to each node's. A new one is used a day after it was
made, so that nodes which are cut off for some hours have it in time, and for two days the one before it is good, too.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.keys import DAY_S, key_policy
from hub.store.base import Store
from hub.store.key_records import CodeKeyRecord
from hub.store.records import AuditEntry
from hub.wire.rotating import RotatingKey
from hub.wire.sealing import BadSeal, seal, unseal

SECTION = "rotating"
OVERLAP_S = DAY_S
"""From the making of a key to its use, and from its use to the end of the one before."""

TEND_S = 60.0

logger = logging.getLogger(__name__)


class CodeKeys:
    """One hub's keys behind codes that change. Safe to use from several threads."""

    def __init__(
        self, store: Store, key: Ed25519PrivateKey, random: Callable[[int], bytes] = os.urandom
    ) -> None:
        self._store = store
        self._key = key
        self._random = random
        self._tended_at = -TEND_S
        self._opened: tuple[tuple[CodeKeyRecord, ...], list[RotatingKey]] = ((), [])

    def keys(self) -> list[RotatingKey]:
        """The keys that are good now, the oldest first; empty until `tend` has made the first."""
        records = tuple(self._store.keys.code_keys())
        if self._opened[0] != records:
            self._opened = records, [key for record in records if (key := self._open(record)) is not None]
        return self._opened[1]

    def content(self) -> bytes | None:
        """The section `rotating` before it is sealed; None where there is no key yet."""
        keys = self.keys()
        return msgspec.json.encode(keys) if keys else None

    def tend(self, now: float) -> None:
        """Make the first key, replace one that is old enough, and forget what is no longer good; looks once a minute."""
        if abs(now - self._tended_at) < TEND_S:
            return
        self._tended_at = now
        records = self._store.keys.code_keys()
        # After the hub's own key was lost nothing opens any more: begin anew.
        if not records or (not self.keys() and records):
            self.replace(now, "hub", at_once=True)
            return
        newest = records[-1]
        if len(records) > 1 and now >= newest.starts_at + OVERLAP_S:
            self._store.keys.forget_code_keys(newest.number)
        every_s = key_policy(self._store).codes_every_s
        if every_s and now >= newest.starts_at + every_s:
            self.replace(now, "hub")

    def replace(self, now: float, who: str, *, at_once: bool = False) -> bool:
        """Make a new key. `at_once`: use it now, and let no picture be good that an older one made, as after a theft.

        False where the last replacement is still under way: two keys are good at a time, not three.
        """
        with self._store.writing():
            records = self._store.keys.code_keys()
            if len(records) > 1 and not at_once:
                if now < records[-1].starts_at + OVERLAP_S:
                    return False
                self._store.keys.forget_code_keys(records[-1].number)
            number = 1 + max((record.number for record in records), default=0)
            starts_at = now if at_once or not records else now + OVERLAP_S
            made = RotatingKey(number, self._random(32).hex(), int(starts_at))
            sealed = seal(
                self._key.public_key().public_bytes_raw(), msgspec.json.encode(made), self._random(32)
            )
            self._store.keys.add_code_key(
                CodeKeyRecord(number, sealed, now, starts_at), keep_from=number if at_once else 0
            )
            detail = f'{{"at_once":{"true" if at_once else "false"}}}'
            self._store.people.note(AuditEntry(now, who, "codes.key", str(number), detail))
        return True

    def _open(self, record: CodeKeyRecord) -> RotatingKey | None:
        try:
            return msgspec.json.decode(unseal(self._key, record.sealed), type=RotatingKey)
        except (BadSeal, msgspec.MsgspecError):
            logger.warning("key %d behind changing codes cannot be opened with this hub's key", record.number)
            return None

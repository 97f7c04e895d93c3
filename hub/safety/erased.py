"""What a backup does about people who were forgotten in the shop.

The list of them (`hub.members.forgotten_list`: keyed hashes) stands beside the pieces, always the newest, so that an older state
that is put back forgets again. What older pieces hold of them goes with the life of the backup; or at once, where the shop wants
that (`HUB_BACKUP_ERASE=now`): then a new base copy is made after each time that somebody was forgotten, and everything before it
is deleted. That costs the states before: from then on none of them can be put back.
"""

from __future__ import annotations

import logging
import threading
import zlib
from collections.abc import Callable
from pathlib import Path

from hub.client.trouble import StorageError
from hub.members.forgotten_list import ERASED_FILE, LIST_FILE
from hub.safety import pieces
from hub.safety.passphrase import Sealer
from hub.safety.pieces import Broken, ListHead
from hub.safety.shipper import Shipper
from hub.safety.targets import Missing, Target, TargetError
from hub.safety.upkeep import Upkeep

logger = logging.getLogger(__name__)

LIST_PIECE = "people/list-0"
NEW_LOG_S = 20.0
"""The hub sees to it twice a second while something was erased."""

LOOK_S = 0.25


class Erased:
    """Keeps one target in step with what was erased. Call `keep` from the thread of the upkeep."""

    def __init__(
        self, shipper: Shipper, upkeep: Upkeep, folder: Path, *, at_once: bool, new_log_s: float = NEW_LOG_S
    ) -> None:
        """`new_log_s`: how long it is waited for the log to begin anew."""
        self._shipper = shipper
        self._upkeep = upkeep
        self._folder = folder
        self._at_once = at_once
        self._put = b""
        self._new_log_s = new_log_s

    def keep(self, stopping: Callable[[], bool]) -> None:
        """The list to the target where it is another one; old pieces away where that is wanted. What is raised (TargetError,
        StorageError, Broken, LineBroken) is tried again at the next turn."""
        self._keep_list()
        if not (self._folder / ERASED_FILE).exists():
            return
        if self._at_once and not self._begin_anew(stopping):
            return
        (self._folder / ERASED_FILE).unlink(missing_ok=True)

    def _keep_list(self) -> None:
        try:
            text = (self._folder / LIST_FILE).read_bytes()
        except FileNotFoundError:
            return
        if text != self._put:
            put_list(self._shipper.target, self._shipper.sealer, text)
            self._put = text

    def _begin_anew(self, stopping: Callable[[], bool]) -> bool:
        """A base copy of what is there now, of a log that began after the erasing, and nothing older than it."""
        shipper = self._shipper
        asked_at = (self._folder / ERASED_FILE).stat().st_mtime_ns
        place = shipper.place
        if place is None:
            return False
        salts = place.salts
        for _ in range(round(self._new_log_s / LOOK_S)):
            if stopping() or shipper.place is not place:
                return False
            shipper.shorten()
            if place.salts != salts:
                break
            threading.Event().wait(LOOK_S)
        else:
            logger.warning("the write-ahead log does not begin anew; the backup is cleared at the next turn")
            return False
        made = self._upkeep.make_base()
        self._upkeep.forget(before=made.made_at)
        try:
            return (self._folder / ERASED_FILE).stat().st_mtime_ns == asked_at
        except FileNotFoundError:
            return True


def put_list(target: Target, sealer: Sealer, text: bytes) -> None:
    """Keep the list at the target, sealed as everything there."""
    nonce = sealer.nonce()
    body = sealer.seal(nonce, zlib.compress(text), LIST_PIECE)
    target.put(LIST_PIECE, pieces.pack(ListHead("forgotten", nonce), body))


def get_list(target: Target, sealer: Sealer) -> bytes:
    """The list that stands at the target; empty where there is none. Broken where it cannot be read, TargetError as ever."""
    try:
        raw = target.get(LIST_PIECE)
    except Missing:
        return b""
    head, body = pieces.unpack(raw, ListHead)
    try:
        return zlib.decompress(sealer.unseal(head.nonce, body, LIST_PIECE))
    except zlib.error as wrong:
        raise Broken("cannot be read") from wrong


def look_after(erased: Erased, stopping: Callable[[], bool]) -> str:
    """One turn; what went wrong, as a sentence, or ""."""
    try:
        erased.keep(stopping)
    except (TargetError, StorageError, Broken, OSError) as wrong:
        logger.warning("what was erased: %s", wrong)
        return str(wrong)
    return ""

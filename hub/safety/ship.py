"""The process that ships: a loop that ships and looks, a thread beside it that keeps the target in order, and one state told."""

from __future__ import annotations

import fcntl
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from hub.client.trouble import StorageError
from hub.config import Config
from hub.members.forgotten_list import ERASED_FILE
from hub.safety.erased import Erased, look_after
from hub.safety.passphrase import Sealer
from hub.safety.pieces import Broken
from hub.safety.settings import UPSTREAM
from hub.safety.shipper import SHORTEN_BYTES, LineBroken, Shipper
from hub.safety.standing import SHIPPED_FILE, Shipped, drilled, keep, shipped
from hub.safety.targets import Missing, Target, TargetError, open_target
from hub.safety.upkeep import DAY_S, Upkeep, all_of
from hub.store.shipping import SHORTEN_FILE
from hub.store.sqlite import FILE
from hub.upstream.line import FOLDER

logger = logging.getLogger(__name__)

STEP_S = 0.25
"""Between two looks for changes. With the time that the target takes it is what can be lost with the whole machine."""

UPKEEP_S = 20.0
THIN_LINE_S = 3_600.0
"""Head office is beyond the shop's line to the internet: a part of a base copy, up to 8 MiB, is read back this often."""

AGAIN_S = 2.0
"""After a failure of the target."""

NEW_LINE_S, LONGEST_NEW_LINE_S = 60.0, 3_600.0
"""Between two lines: each begins with a copy of everything, so where they break at once they follow less and less often."""

FIRST_DRILL_S = 600.0
LOCK_FILE = "backup.lock"


def target_of(config: Config) -> Target:
    """Where this hub's backup goes. TargetError where it cannot be used."""
    return open_target(
        config.backup_to,
        s3_url=config.s3_url,
        s3_region=config.s3_region,
        s3_key_id=config.s3_key_id,
        s3_secret=config.s3_secret,
        identity=config.dir / FOLDER,
        sealed=bool(config.backup_secret),
    )


class Shipping:
    """Ships one hub until it is told to stop. `ended()` is asked at every turn."""

    def __init__(
        self,
        config: Config,
        ended: Callable[[], bool],
        now: Callable[[], float] = time.time,
        target: Target | None = None,
    ) -> None:
        self._config = config
        self._ended = ended
        self._now = now
        self._path = config.dir / FILE
        self._target = target if target is not None else target_of(config)
        self._shipper = Shipper(self._path, self._target, Sealer(config.backup_secret), now)
        every_s = THIN_LINE_S if config.backup_to == UPSTREAM else 0.0
        self._upkeep = Upkeep(self._shipper, config.backup_keep_days * DAY_S, now, self._stops, every_s)
        self._erased = Erased(self._shipper, self._upkeep, config.dir, at_once=config.backup_erase == "now")
        self._stopping = threading.Event()
        self._wake = threading.Event()
        before = shipped(config.dir)
        self._closed = before.closed if before is not None else ""
        self._state = Shipped(now(), config.backup_to)
        self._upkeep_trouble = ""
        self._line_at = float("-inf")
        self._line_wait_s = NEW_LINE_S

    def run(self) -> None:
        """Until `ended()`; then the rest is shipped."""
        self._tell()
        beside = threading.Thread(target=self._keep_in_order, name="upkeep", daemon=True)
        beside.start()
        looked_at = float("-inf")
        while not self._ended():
            good = self._turn()
            if good and time.monotonic() - looked_at >= self._config.backup_check_s:
                good = self._look()
                looked_at = time.monotonic() if good else looked_at
            if self._state.copied is not None:
                self._tell_copy()
            self._stopping.wait(STEP_S if good else AGAIN_S)
        self._stopping.set()
        self._wake.set()
        # A part of a base copy that is under way is given up at its next piece.
        beside.join(30.0)
        closed = self._shipper.close()
        self._state = msgspec.structs.replace(self._state, closed=closed)
        if closed:
            self._state = msgspec.structs.replace(self._state, confirmed_at=self._now(), trouble="")
        self._tell()

    def _stops(self) -> bool:
        return self._stopping.is_set() or self._ended()

    def _turn(self) -> bool:
        """Ship what there is; False where it did not go."""
        shipper = self._shipper
        try:
            if shipper.place is None:
                if time.monotonic() - self._line_at < self._line_wait_s:
                    return False
                shipper.begin(self._closed)
                self._closed = ""
                self._line_at = time.monotonic()
                self._wake.set()
            shipper.step()
            asked = self._path.with_name(SHORTEN_FILE)
            if (asked.exists() or shipper.log_bytes() > SHORTEN_BYTES) and shipper.shorten():
                asked.unlink(missing_ok=True)
            if (self._config.dir / ERASED_FILE).exists():
                self._wake.set()
        except (LineBroken, Missing) as wrong:
            self._broken(str(wrong))
            return False
        except (TargetError, StorageError, Broken, OSError) as wrong:
            self._trouble(str(wrong))
            try:
                if shipper.place is not None and shipper.must_let_go():
                    self._broken(str(wrong))
            except StorageError as worse:
                self._trouble(str(worse))
            return False
        return True

    def _look(self) -> bool:
        """Look whether the target has it all, and say so."""
        shipper, at = self._shipper, self._now()
        try:
            shipper.read_back()
            place = shipper.place
            base = self._upkeep.must_have(place) if place is not None else None
        except (LineBroken, Missing) as wrong:
            self._broken(str(wrong))
            return False
        except (TargetError, StorageError, Broken, OSError) as wrong:
            self._trouble(str(wrong))
            return False
        if place is None:
            return False
        if base is None:
            self._tell_copy()
            self._wake.set()
            return False
        self._state = msgspec.structs.replace(
            self._state,
            confirmed_at=at,
            trouble=self._upkeep_trouble,
            base_at=base.made_at,
            copied=None,
            copied_at=None,
            line=place.line,
            number=place.number,
        )
        self._tell()
        return True

    def _tell_copy(self) -> None:
        """How far a first base copy is."""
        copied = self._upkeep.copied
        if copied != self._state.copied:
            self._state = msgspec.structs.replace(
                self._state,
                copied=copied,
                copied_at=self._now(),
                trouble=self._state.trouble or self._upkeep_trouble,
            )
            self._tell()

    def _broken(self, why: str) -> None:
        logger.error("the backup's line is broken: %s", why)
        self._shipper.give_up_line()
        if time.monotonic() - self._line_at < 2 * self._line_wait_s:
            self._line_wait_s = min(LONGEST_NEW_LINE_S, 2 * self._line_wait_s)
        else:
            self._line_wait_s = NEW_LINE_S
        self._trouble(why)

    def _trouble(self, why: str) -> None:
        logger.warning("the backup does not go on: %s", why)
        if why != self._state.trouble:
            self._state = msgspec.structs.replace(self._state, trouble=why)
            self._tell()

    def _tell(self) -> None:
        try:
            keep(self._config.dir / SHIPPED_FILE, self._state)
        except OSError as wrong:
            logger.warning("how the backup stands was not written down: %s", wrong)

    def _keep_in_order(self) -> None:
        trying: subprocess.Popen[bytes] | None = None
        while not self._stops():
            self._wake.wait(UPKEEP_S)
            self._wake.clear()
            if self._stops() or self._shipper.place is None:
                continue
            if (trying is None or trying.poll() is not None) and self._drill_is_due():
                trying = _start_drill(self._config)
            try:
                self._upkeep_trouble = all_of(self._upkeep) or look_after(self._erased, self._stops)
            except LineBroken as wrong:
                self._upkeep_trouble = str(wrong)
            except Exception as wrong:
                # Whatever it is, shipping goes on, and the warning says that this does not.
                logger.exception("upkeep of the backup")
                self._upkeep_trouble = f"{type(wrong).__name__}: {wrong}"

    def _drill_is_due(self) -> bool:
        """Whether it is time to try a restore: a while after the start, where there was none yet."""
        every_s = self._config.backup_drill_hours * 3_600.0
        if not every_s or self._state.confirmed_at is None:
            return False
        last = drilled(self._config.dir)
        since = self._state.began_at - every_s + min(FIRST_DRILL_S, every_s) if last is None else last.at
        return not 0 <= self._now() - since < every_s


def _start_drill(config: Config) -> subprocess.Popen[bytes] | None:
    """A process of its own, behind everything else (`drill` lowers its own priority): a till must not wait for it."""
    command = [sys.executable, "-P", "-m", "hub", "--dir", str(config.dir.absolute()), "drill"]
    try:
        return subprocess.Popen(  # noqa: S603 - our own program
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )
    except OSError as wrong:
        logger.warning("the drill could not be started: %s", wrong)
        return None


def only_one(folder: Path, ended: Callable[[], bool]) -> int | None:
    """Hold the right to ship this folder, as long as this process lives; None where the end came first."""
    handle = os.open(folder / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    while not ended():
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(STEP_S)
        else:
            return handle
    os.close(handle)
    return None

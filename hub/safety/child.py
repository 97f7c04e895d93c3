"""`serve` starts the process that ships, starts it again where it ends, and lets it end last: it ships what the hub wrote."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
import time

from hub.config import Config

logger = logging.getLogger(__name__)

AGAIN_S, LONGEST_S = 1.0, 60.0
STOP_WITHIN_S = 15.0


class ShipProcess:
    """The process that ships this hub's backup, as long as there is one to ship to."""

    def __init__(self, config: Config) -> None:
        self._wanted = bool(config.backup_to) and not config.database
        self._command = [sys.executable, "-P", "-m", "hub", "--dir", str(config.dir.absolute()), "ship"]
        self._process: subprocess.Popen[bytes] | None = None
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="ship", daemon=True)

    def start(self) -> None:
        """Begin, where a backup is asked for."""
        if self._wanted:
            self._thread.start()

    def _keep(self) -> None:
        wait_s = AGAIN_S
        while not self._ending.is_set():
            began = time.monotonic()
            try:
                self._process = subprocess.Popen(  # noqa: S603 - our own program
                    self._command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
                )
                status = self._process.wait()
            except OSError as wrong:
                logger.error("the backup could not be started: %s", wrong)  # noqa: TRY400 - the sentence says it
                status = -1
            if self._ending.is_set():
                return
            wait_s = AGAIN_S if time.monotonic() - began > LONGEST_S else min(wait_s * 2, LONGEST_S)
            logger.warning("the backup's process ended with %d and is started again in %g s", status, wait_s)
            self._ending.wait(wait_s)

    def stop(self) -> None:
        """Let it ship the rest and end. Call once the hub has closed its files."""
        self._ending.set()
        process = self._process
        if process is None:
            return
        process.terminate()
        try:
            process.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            logger.warning("the backup did not end within %g s", STOP_WITHIN_S)
            process.kill()
            process.wait()


def orphaned(parent: int) -> bool:
    """Whether whoever started this process is gone."""
    return os.getppid() != parent

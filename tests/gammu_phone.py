"""Gammu with a modem of its own at the end of a line: a phone of others' make, for tests."""

from __future__ import annotations

import subprocess
from datetime import datetime, timedelta, timezone
from pathlib import Path

from hardware.modem.far_side_line import FarSideLine
from hardware.modem.pdu import Deliver, Submit, tpdu_length, write_deliver

CENTRE = "+436990000000"
AT = datetime(2026, 3, 29, 1, 59, 58, tzinfo=timezone(timedelta(hours=8)))


class Gammu:
    """The program, on a line of its own with a modem at its end."""

    def __init__(self, program: str, folder: Path) -> None:
        self.line = FarSideLine(folder / "ttyGammu")
        self.line.plug()
        self._program = program
        self._settings = folder / "gammurc"
        self._settings.write_text(
            f"[gammu]\ndevice = {self.line.place}\nconnection = at115200\nuse_locking = no\n"
        )

    def __call__(self, *commands: str) -> str:
        """Do these one after the other; it takes seconds to begin, so once for all of them."""
        done = subprocess.run(
            [self._program, "-c", str(self._settings), "batch", "-"],
            input="\n".join(commands).encode(),
            capture_output=True,
            timeout=60,
            check=False,
            env={"LC_ALL": "C.UTF-8"},
        )
        assert done.returncode == 0, done.stdout
        return done.stdout.decode()


def carry(sender: FarSideLine, to: FarSideLine, number: str) -> None:
    """The network: what one modem was given comes to the other."""
    for one in sender.modem.sent:
        pdu = write_deliver(delivered(number, one), CENTRE)
        assert tpdu_length(pdu) <= 164
        to.modem.bring(pdu)


def delivered(number: str, one: Submit) -> Deliver:
    """A message that a modem was given, as it comes to another one from this number."""
    return Deliver(number, AT, one.text, coding=one.coding, piece=one.piece)

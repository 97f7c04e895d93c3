"""What an update asks of systemd, and of the programs themselves on this machine's own address."""

from __future__ import annotations

import http.client
import ssl
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from hub.up.hands import Hands
from hub.up.services import SETTINGS_FILE
from hub.up.wellness import STEADY_S, Seen, faults_of, is_hopeless

ASK_WITHIN_S = 20.0
ANSWER_WITHIN_S = 3.0
STOP_WITHIN_S = 240.0
LOOK_S = 0.5
PORTS: Mapping[str, tuple[str, int]] = {
    "shopbell-hub.service": ("HUB_PORT", 8080),
    "shopbell-kiosk.service": ("KIOSK_PORT", 8081),
    "shopbell-portal.service": ("PORTAL_PORT", 8082),
}
"""Who answers /healthz, and where."""

_PROPERTIES = "ActiveState,NRestarts,WatchdogUSec,WatchdogTimestampMonotonic,ActiveEnterTimestampMonotonic"


class Systemd:
    """The services of this machine."""

    def __init__(self, hands: Hands) -> None:
        self._hands = hands

    def running(self, units: Sequence[str]) -> list[str]:
        """Those that run now."""
        return [unit for unit in units if self._show(unit).get("ActiveState") == "active"]

    def stop(self, units: Sequence[str]) -> None:
        """Stop them, the last first."""
        if units:
            self._hands.run("systemctl", "stop", *reversed(units), within_s=STOP_WITHIN_S)

    def start(self, units: Sequence[str]) -> None:
        """Start them. What does not come up is found by `wait`, not here."""
        if units:
            self._hands.run("systemctl", "reset-failed", *units, may_fail=True)
            self._hands.run("systemctl", "start", "--no-block", *units, may_fail=True)

    def answers(self, units: Sequence[str]) -> dict[str, int]:
        """The status of /healthz of each that has one, 0 for no answer."""
        return {unit: self._answer(unit) for unit in units if unit in PORTS}

    def wait(self, units: Sequence[str], before: Mapping[str, int], within_s: float) -> list[str]:
        """Until all of them are well for STEADY_S at a stretch: nothing; else what was not well at the end."""
        end = time.monotonic() + within_s
        well_since: float | None = None
        faults: list[str] = []
        while (now := time.monotonic()) < end:
            seen = {unit: self.look(unit) for unit in units}
            faults = faults_of(seen, before)
            if is_hopeless(list(seen.values())):
                return faults
            well_since = None if faults else (now if well_since is None else well_since)
            if well_since is not None and now - well_since >= STEADY_S:
                return []
            time.sleep(LOOK_S)
        return faults or ["It was not well for long enough at a stretch."]

    def look(self, unit: str) -> Seen:
        """How a unit is now."""
        said = self._show(unit)
        is_watched = said.get("WatchdogUSec", "0") not in ("0", "infinity", "")
        pinged = int(said.get("WatchdogTimestampMonotonic") or 0) > int(
            said.get("ActiveEnterTimestampMonotonic") or 0
        )
        return Seen(
            said.get("ActiveState", "unknown"),
            int(said.get("NRestarts") or 0),
            pinged if is_watched else None,
            self._answer(unit) if unit in PORTS else None,
        )

    def _show(self, unit: str) -> dict[str, str]:
        try:
            done = subprocess.run(
                ("systemctl", "show", "-p", _PROPERTIES, unit),
                capture_output=True,
                text=True,
                timeout=ASK_WITHIN_S,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            return {}
        return dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)

    def _answer(self, unit: str) -> int:
        name, usual = PORTS[unit]
        port = setting(self._hands.at(SETTINGS_FILE), name)
        return healthz(int(port) if port.isdecimal() else usual)


def setting(file: Path, name: str) -> str:
    """A setting of the machine's file; "" where it does not stand there."""
    try:
        lines = file.read_text().splitlines()
    except OSError:
        return ""
    found = [
        line.partition("=")[2].strip().strip('"') for line in lines if line.partition("=")[0].strip() == name
    ]
    return found[-1] if found else ""


def healthz(port: int) -> int:
    """The status of /healthz on this machine, with TLS where it is spoken there; 0 for no answer."""
    # Our own program on our own address: there is no name to check.
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    for tls in (False, True):
        connection = (
            http.client.HTTPSConnection("127.0.0.1", port, timeout=ANSWER_WITHIN_S, context=context)
            if tls
            else http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_WITHIN_S)
        )
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            continue
        finally:
            connection.close()
    return 0

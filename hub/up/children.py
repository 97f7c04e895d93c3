"""Child processes: started, heard of, started again with back-off when they die, stopped by a signal and waited for."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import hub
from hub.up.owner import Start, plainly
from hub.up.place import Place
from hub.up.sentences import UpError

BACK_OFF_FIRST_S = 0.5
BACK_OFF_LONGEST_S = 30.0
SETTLED_S = 20.0
"""A child that lived this long begins again with the first back-off; shorter, and a crash loop would never slow down."""
STOP_WITHIN_S = 15.0
"""More than an exchange with a hub that does not answer (10 s), which the programs try once when they stop."""


@dataclass(slots=True)
class Child:
    """One program. `describe` is what it does, for people."""

    name: str
    describe: str
    command: Sequence[str]
    env: Mapping[str, str]
    place: Place
    tell: Callable[[str], None]
    start_as: Start = field(default_factory=plainly)
    restarts: int = 0
    process: subprocess.Popen[bytes] | None = None
    _started: float = 0.0
    _again_at: float = 0.0
    _fast_deaths: int = 0
    stopping: bool = field(default=False)

    @property
    def state(self) -> str:
        """running, waiting (to be started again) or stopped."""
        if self.process is not None and self.process.poll() is None:
            return "running"
        return "stopped" if self.stopping or self.process is None else "waiting"

    @property
    def pid(self) -> int | None:
        """The process; None where there is none now."""
        return self.process.pid if self.process is not None and self.process.poll() is None else None

    def start(self) -> None:
        """Start it; UpError where the log cannot be written or the program cannot be run."""
        log = self.place.open_log(self.name)
        try:
            # Its own session: Ctrl-C in the terminal reaches only the parent, which then stops them in order.
            self.process = subprocess.Popen(
                self.command,
                env={**environment(self.env), **self.start_as.env},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=self.start_as.prepare,
                **self.start_as.options,
            )
        except OSError as wrong:
            raise UpError(f"The {self.name} could not be started: {wrong.strerror}.") from wrong
        finally:
            os.close(log)
        self._started = time.monotonic()

    def look(self) -> None:
        """Start it again where it died, later each time."""
        if self.stopping or self.process is None or self.process.poll() is None:
            return
        now = time.monotonic()
        if self._again_at == 0.0:
            lived_s = now - self._started
            self._fast_deaths = 1 if lived_s >= SETTLED_S else self._fast_deaths + 1
            pause_s = min(BACK_OFF_LONGEST_S, BACK_OFF_FIRST_S * 2.0 ** (self._fast_deaths - 1))
            self._again_at = now + pause_s
            # A program that ends by itself says why on its last line; one that was killed did not come to that.
            why = self.last_words() if self.process.returncode > 0 else ""
            self.tell(
                f"The {self.name} stopped {_how(self.process.returncode)}; again in {pause_s:g} s. {why}".rstrip()
            )
        elif now >= self._again_at:
            self._again_at = 0.0
            self.restarts += 1
            self.start()

    def stop(self) -> None:
        """Ask it to stop. Does not wait."""
        self.stopping = True
        if self.pid is not None and self.process is not None:
            self.process.send_signal(signal.SIGTERM)

    def wait(self, until: float) -> bool:
        """Whether it ended by itself by the monotonic time `until`; it is gone in any case."""
        if self.process is None:
            return True
        try:
            self.process.wait(max(0.1, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            self.tell(f"The {self.name} did not stop in {STOP_WITHIN_S:g} s and was ended.")
            return False
        return True

    def last_words(self) -> str:
        """The last line of its log, where a program says why it stopped."""
        return last_line(self.place.log(self.name))

    def memory_kb(self) -> int | None:
        """Resident set in kB (proc(5), VmRSS); None where it does not run."""
        return memory_kb(self.pid) if self.pid else None


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    """What a child finds in its environment: ours, its settings, and the way to the same programs that run here."""
    here = str(Path(str(hub.__file__)).resolve().parents[1])
    path = os.environ.get("PYTHONPATH")
    kept = dict(os.environ)
    if "SUDO_UID" in kept:
        # `./shopbell` has set it for what root runs; a program of the user's may keep what it compiled.
        kept.pop("PYTHONDONTWRITEBYTECODE", None)
    return {**kept, **settings, "PYTHONPATH": f"{here}{os.pathsep}{path}" if path else here}


def stop_in_order(ranks: Sequence[Sequence[Child]]) -> bool:
    """Stop one rank after the other; whether all of them ended by themselves."""
    clean = True
    for rank in ranks:
        for child in rank:
            child.stop()
        until = time.monotonic() + STOP_WITHIN_S
        for child in rank:
            clean = child.wait(until) and clean
    return clean


def run_once(
    command: Sequence[str],
    env: Mapping[str, str],
    what: str,
    timeout_s: float = 60.0,
    start_as: Start | None = None,
) -> str:
    """What a command printed; UpError with its own sentence where it failed."""
    start = start_as or plainly()
    try:
        done: subprocess.CompletedProcess[str] = subprocess.run(
            command,
            env={**environment(env), **start.env},
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
            preexec_fn=start.prepare,
            **start.options,
        )
    except subprocess.TimeoutExpired:
        raise UpError(f"{what} took longer than {timeout_s:g} s.") from None
    except OSError as wrong:
        raise UpError(f"{what} could not be started: {wrong.strerror}.") from wrong
    if done.returncode != 0:
        lines = [line for line in (done.stderr or done.stdout).splitlines() if line.strip()]
        raise UpError(f"{what} did not go through. {lines[-1] if lines else f'Status {done.returncode}.'}")
    return done.stdout


def memory_kb(pid: int) -> int | None:
    """Resident set of a process in kB; None where it has gone."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return None
    return next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:")), None)


def last_line(path: Path) -> str:
    """The last line with something in it; an empty text where there is none."""
    try:
        with path.open("rb") as log:
            log.seek(max(0, path.stat().st_size - 4_000))
            lines = log.read().decode(errors="replace").splitlines()
    except OSError:
        return ""
    return next((line.strip() for line in reversed(lines) if line.strip()), "")


def _how(status: int) -> str:
    return f"by signal {signal.Signals(-status).name}" if status < 0 else f"with status {status}"

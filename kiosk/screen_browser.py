"""`python -m kiosk browser`: Chromium on the shoppers' screen, started, looked at, and started again where it has to be.

Chromium runs without a window frame and without a memory: its profile is in memory (systemd's runtime folder, or /dev/shm), is
incognito, and is thrown away with each start. What it is judged by stands in `kiosk.screen_watch`.
"""

from __future__ import annotations

import contextlib
import http.client
import logging
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from hub.client.watchdog import notify
from kiosk.screen_pipe import Pipe, PipeError, PipeRefused
from kiosk.screen_watch import Judge, Seen, Step

logger = logging.getLogger(__name__)

NAMES = ("chromium", "chromium-browser", "google-chrome")
LOOK_S = 2.0
ANSWER_S = 5.0
START_WITHIN_S = 30.0
SERVER_S = 1.5
END_WITHIN_S = 5.0

FLAGS = (
    "--kiosk",
    # Nothing of a visit goes to the profile, not even to one in memory.
    "--incognito",
    "--no-first-run",
    "--noerrdialogs",
    # It complains of services of a desktop that a screen does not have.
    "--log-level=3",
    "--disable-session-crashed-bubble",
    "--hide-crash-restore-bubble",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-pinch",
    "--overscroll-history-navigation=0",
    "--password-store=basic",
    "--disk-cache-size=33554432",
    "--ozone-platform-hint=auto",
    # A page in the browser's memory could come back with somebody's coupon on it.
    "--disable-features=BackForwardCache,Translate,AutofillServerCommunication,MediaRouter,OptimizationHints",
)

LOOK = """(() => {
  const own = document.getElementById("screen"), body = document.body;
  return {
    url: location.href, characters: body ? body.innerText.trim().length : 0,
    attract: !!(own && own.dataset.attract), history: history.length,
  };
})()"""

_MOMENT = (
    '<!doctype html><meta charset="utf-8"><title>One moment</title><body style="margin:0;display:grid;place-content:center;'
    'min-height:100vh;font:28px system-ui,sans-serif;text-align:center;background:#FAF8F5;color:#1E1B18">'
    '<main><h1 lang="en">One moment</h1><p lang="en">This screen is back by itself, shortly.</p>'
    '<h2 lang="zh-Hans">请稍候</h2><p lang="zh-Hans">屏幕很快会自动恢复。</p></main>'
)
MOMENT = "data:text/html;charset=utf-8," + quote(_MOMENT)


class NoBrowser(Exception):
    """There is no Chromium to start; the text says how to get one."""


def find_browser(wanted: str) -> str:
    """The program to start; NoBrowser where there is none."""
    found = next((path for name in ([wanted] if wanted else NAMES) if (path := shutil.which(name))), None)
    if found is None:
        raise NoBrowser(
            f"There is no {wanted or 'Chromium'} on this machine. On Debian and Raspberry Pi OS: sudo apt install chromium"
        )
    return found


class Browser:
    """One Chromium that runs."""

    def __init__(
        self, program: str, flags: Sequence[str], profile: Path, url: str, answer_s: float = ANSWER_S
    ) -> None:
        self.url = url
        self._answer_s = answer_s
        self._profile = profile
        shutil.rmtree(profile, ignore_errors=True)
        profile.mkdir(parents=True, mode=0o700)
        self._pipe = Pipe()
        command = [program, *FLAGS, *flags, f"--user-data-dir={profile}", "--remote-debugging-pipe", url]
        self._process = subprocess.Popen(  # noqa: S603 - our own words and the installer's settings
            self._pipe.words(command),
            pass_fds=self._pipe.theirs,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._pipe.opened()
        self._session = ""

    @property
    def pid(self) -> int:
        """Its first process."""
        return self._process.pid

    def look(self) -> Seen:
        """How it stands."""
        if self._process.poll() is not None:
            return Seen(running=False)
        try:
            session = self._attached()
            if self._pipe.has_crashed(session):
                return Seen(crashed=True)
            answer = self._ask(
                "Runtime.evaluate",
                {"expression": LOOK, "returnByValue": True, "timeout": 600 * self._answer_s},
            )
            page: dict[str, Any] = answer["result"]["value"]
        except (PipeRefused, KeyError):
            # Between two pages. Where that lasts it counts as blank; a session that is gone is begun again.
            self._session = ""
            return Seen(characters=0, server=server_answers(self.url))
        except PipeError:
            if self._session and self._pipe.has_crashed(self._session):
                return Seen(crashed=True)
            return Seen(running=self._process.poll() is None, answered=False)
        if page["attract"] and page["history"] > 1:
            # Nobody is there: what could be gone back to goes.
            with contextlib.suppress(PipeError):
                self._ask("Page.resetNavigationHistory", {})
        ours, waiting = page["url"].startswith(self.url), page["url"].startswith("data:")
        good = ours and page["characters"] >= 1
        return Seen(
            ours=ours,
            waiting=waiting,
            characters=page["characters"],
            server=good or server_answers(self.url),
        )

    def load(self, url: str) -> None:
        """Go to a page."""
        with contextlib.suppress(PipeError):
            self._ask("Page.navigate", {"url": url})

    def end(self) -> None:
        """Close it, by force where it does not hear; its profile goes with it."""
        if self._process.poll() is None:
            with contextlib.suppress(PipeError):
                self._pipe.ask("Browser.close", within_s=1.0)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(END_WITHIN_S)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(END_WITHIN_S)
        self._pipe.close()
        shutil.rmtree(self._profile, ignore_errors=True)

    def _attached(self) -> str:
        """The session of the page; a browser that has just begun has none yet."""
        if not self._session:
            targets = self._pipe.ask("Target.getTargets", within_s=START_WITHIN_S)["targetInfos"]
            page = next((each["targetId"] for each in targets if each["type"] == "page"), None)
            if page is None:
                raise PipeError("it has no page")
            asked = {"targetId": page, "flatten": True}
            self._session = self._pipe.ask("Target.attachToTarget", asked)["sessionId"]
            self._ask("Inspector.enable", {})
        return self._session

    def _ask(self, method: str, parameters: dict[str, Any]) -> dict[str, Any]:
        return self._pipe.ask(method, parameters, session=self._session, within_s=self._answer_s)


def server_answers(url: str) -> bool:
    """Whether the kiosk's own program answers."""
    parts = urlsplit(url)
    line = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=SERVER_S)
    try:
        line.request("GET", "/screen/state")
        return line.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        line.close()


class Supervisor:
    """Looks after one browser until `stopping` is set. `look_s`: how often; `answer_s`: how long a page may think."""

    def __init__(
        self,
        program: str,
        flags: Sequence[str],
        url: str,
        profile: Path,
        *,
        look_s: float = LOOK_S,
        answer_s: float = ANSWER_S,
    ) -> None:
        self._program, self._flags, self._url = program, flags, url
        self._profile, self._look_s, self._answer_s = profile, look_s, answer_s
        self._judge = Judge()
        self.stopping = threading.Event()
        self.starts = 0

    def run(self) -> None:
        """Until it is stopped."""
        browser: Browser | None = None
        try:
            while not self.stopping.is_set():
                notify("WATCHDOG=1")
                if browser is None:
                    self.starts += 1
                    browser = Browser(self._program, self._flags, self._profile, self._url, self._answer_s)
                    notify("READY=1")
                if self.stopping.wait(self._look_s):
                    break
                seen = browser.look()
                step = self._judge.judge(seen, time.monotonic())
                if step is not Step.NOTHING:
                    logger.warning("screen: %s, so %s", _words(seen), step)
                match step:
                    case Step.LOAD:
                        browser.load(self._url)
                    case Step.WAIT:
                        browser.load(MOMENT)
                    case Step.RESTART:
                        browser.end()
                        browser = None
                        self.stopping.wait(self._judge.pause_s())
        finally:
            if browser is not None:
                browser.end()


def _words(seen: Seen) -> str:
    if not seen.running:
        return "the browser is gone"
    if seen.crashed:
        return "the page has crashed"
    if not seen.answered:
        return "the browser says nothing"
    return "the server is back" if seen.waiting else "the page is blank or not ours"


def profile_folder() -> Path:
    """A folder in memory: systemd's for this unit, else one of our own."""
    given = os.environ.get("RUNTIME_DIRECTORY", "").partition(":")[0]
    if given:
        return Path(given) / "profile"
    memory = Path("/dev/shm")  # noqa: S108 - only for a folder that nobody else may open
    return (
        Path(tempfile.mkdtemp(prefix="shopbell-screen-", dir=memory if memory.is_dir() else None)) / "profile"
    )


def run(browser: str, flags: Sequence[str], port: int) -> None:
    """Show the screen of the kiosk on this machine until SIGTERM or SIGINT. NoBrowser where there is none."""
    profile = profile_folder()
    supervisor = Supervisor(find_browser(browser), flags, f"http://127.0.0.1:{port}/", profile)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: supervisor.stopping.set())
    try:
        supervisor.run()
    finally:
        shutil.rmtree(
            profile.parent if profile.parent.name.startswith("shopbell-screen-") else profile,
            ignore_errors=True,
        )

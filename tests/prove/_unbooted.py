"""The proof of `install` where systemd cannot be booted: the same versions in folders, and the hub started as its unit says.

Shown is what does not need systemd itself: bundles, versions side by side, units that it takes, the database there and back.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from hub.up.bundle import BundleError, open_bundle
from hub.up.bundling import trusted_keys
from hub.up.packages import find_program
from hub.up.versions import Versions
from tests.prove._versions import SICK, STEP, Workshop

WITHIN_S = 60.0

Must = Callable[[bool, str], None]


class Unbooted:
    """One machine in a folder."""

    def __init__(self, folder: Path, workshop: Workshop, must: Must) -> None:
        self._folder = folder
        self._workshop = workshop
        self._must = must
        self._keys = trusted_keys(workshop.key())
        self._versions = Versions(folder / "shopbell")
        self._versions.top.mkdir()
        self._hub = folder / "hub"

    def whole(self) -> dict[str, Any]:
        """Everything that can be shown; figures."""
        began = time.monotonic()
        self._build("1.0.0", {})
        self._versions.switch("1.0.0")
        self._refuse()
        unit = self._install()
        self._ask("1.0.0", "hub", "--dir", str(self._hub), "init", "--name", "Corner Shop")
        self._add("1.0.0", "Before")
        with self._running(unit) as status:
            self._must(status() == 200, "The hub does not answer.")
        self._build("1.3.0", {"hub/store/connection.py": STEP, "hub/serving.py": SICK})
        told = self._back("rehearse", "--old", self._python("1.0.0"), "--new", self._python("1.3.0"))
        self._must(
            '"changes": true' in told,
            f"Trying the new version on a copy did not show that it changes it: {told}",
        )
        self._back("keep", "--old", self._python("1.0.0"))
        since = str(time.time())
        self._versions.switch("1.3.0")
        with self._running(unit) as status:
            self._must(status() == 500, "The sick version says that it is well.")
            self._add("1.3.0", "Meanwhile")
        told = self._back("back", "--new", self._python("1.3.0"), "--since", since)
        self._must(
            '"put_back": true' in told and "offer.created" in told,
            f"What was changed meanwhile is not told: {told}",
        )
        self._versions.switch("1.0.0")
        with self._running(unit) as status:
            self._must(status() == 200, "After going back the hub does not answer.")
        offers = self._ask("1.0.0", "hub", "--dir", str(self._hub), "campaign", "list", "--json")
        self._must(
            "Before" in offers and "Meanwhile" not in offers,
            "After going back the offers are not those of before.",
        )
        self._ask("1.0.0", "hub.up.cli", "uninstall", "--root", str(self._folder / "machine"))
        left = [path.name for path in (self._folder / "machine").rglob("*.service")]
        self._must(not left, f"Uninstalling left {left}.")
        return {"booted": False, "took_s": round(time.monotonic() - began, 1)}

    def _build(self, version: str, changes: dict[str, str]) -> None:
        into = self._folder / f"into-{version}"
        into.mkdir()
        opened = open_bundle(self._workshop.bundle(version, changes), self._keys, into)
        self._versions.build(opened, Path(sys.executable).resolve())
        shutil.rmtree(into)

    def _refuse(self) -> None:
        bundle = self._folder / "workshop/shopbell-1.0.0.bundle"
        octets = bytearray(bundle.read_bytes())
        octets[len(octets) // 2] ^= 1
        bundle.write_bytes(octets)
        into = self._folder / "into-none"
        into.mkdir()
        try:
            open_bundle(bundle, self._keys, into)
        except BundleError:
            return
        self._must(False, "A bundle that was changed was not refused.")

    def _install(self) -> str:
        """The units as they are written, twice; the hub's own."""
        root = self._folder / "machine"
        words = ("hub.up.cli", "install", "office", "--root", str(root))
        self._ask("1.0.0", *words)
        self._must("nothing to do" in self._ask("1.0.0", *words), "The second installation did something.")
        units = sorted((root / "etc/systemd/system").glob("shopbell-*.service"))
        analyze = find_program("systemd-analyze")
        if analyze is not None:
            done = subprocess.run(
                [analyze, "verify", "--man=no", "--recursive-errors=no", *units],
                capture_output=True,
                text=True,
                timeout=60,
            )
            strange = [line for line in (done.stdout + done.stderr).splitlines() if "shopbell" in line]
            # No update is under way, so nobody is named yet to go back to.
            strange = [line for line in strange if "keeper" not in line]
            self._must(not strange, f"systemd does not take the units: {strange}")
        return (root / "etc/systemd/system/shopbell-hub.service").read_text()

    @contextlib.contextmanager
    def _running(self, unit: str) -> Iterator[Callable[[], int]]:
        """The hub as the unit starts it, which says that it is ready and pings; gives what it answers."""
        line = re.search(r"^ExecStart=(.+)$", unit, re.MULTILINE)
        assert line is not None
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told, socket.socket() as free:
            told.bind(str(self._folder / "notify"))
            told.settimeout(WITHIN_S)
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
            free.close()
            env = {
                "NOTIFY_SOCKET": str(self._folder / "notify"),
                "WATCHDOG_USEC": "6000000",
                "HUB_DIR": str(self._hub),
            }
            process = subprocess.Popen(
                shlex.split(line[1]),
                env={**os.environ, **env, "HUB_PORT": str(port)},
                cwd=self._folder,
                stdout=subprocess.DEVNULL,
            )
            try:
                heard = {told.recv(100), told.recv(100)}
                self._must(heard == {b"READY=1", b"WATCHDOG=1"}, f"The hub told systemd {heard}.")
                yield lambda: _status(port)
            finally:
                process.terminate()
                process.wait(30)
                (self._folder / "notify").unlink()

    def _python(self, version: str) -> str:
        return str(self._versions.python(version))

    def _add(self, version: str, title: str) -> None:
        self._ask(
            version, "hub", "--dir", str(self._hub), "campaign", "add", "--title", title, "--amount", "1.00"
        )

    def _back(self, command: str, *words: str) -> str:
        own = ("--folder", str(self._hub), "--work", str(self._folder / "work"))
        return self._ask("1.0.0", "hub.up.backing", command, *own, *words)

    def _ask(self, version: str, module: str, *words: str) -> str:
        done = subprocess.run(
            [self._python(version), "-P", "-m", module, *words],
            capture_output=True,
            text=True,
            timeout=300,
            cwd=self._folder,
        )
        if done.returncode:
            raise AssertionError(
                f"{module} {words[0]} ended with {done.returncode}: {(done.stdout + done.stderr)[-800:]}"
            )
        return done.stdout


def _status(port: int) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status
    finally:
        connection.close()

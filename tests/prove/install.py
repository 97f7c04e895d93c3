"""From a built, signed package on a Debian that knows nothing of it: install, install again, update, go back, uninstall.

systemd is real (systemd-nspawn boots it), the services run as their units say, and the versions that are not well are this one's
own wheel with a few lines added: one falls over, one changes the hub's database and then says that it is not well, one loses its
power in the middle. Size 1 borrows this machine's /usr and has the second of them only, and does without systemd where that
cannot be booted; from 2 on Debian is made by debootstrap.
"""

from __future__ import annotations

import json
import random
import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.prove import Verdict
from tests.prove._debian import CannotBoot, Debian, debian, python_of
from tests.prove._unbooted import Unbooted
from tests.prove._versions import FALLS, SICK, STEP, Workshop, open_workshop

NAME = "install"
PROMISE = (
    "A machine goes to a signed version and back from one that is not well, and no fact is lost on the way."
)
DEFAULT_SIZE = 2
CI_SIZE = 1

WITHIN_S = 40
HUB = "/var/lib/shopbell/hub"
SHOP = "setpriv --reuid=shopbell --regid=shopbell --init-groups --"
MOST_EXPOSURE = 1.5


@dataclass
class Held:
    """What was found, by name; a promise that did not hold has its sentence in `faults`."""

    figures: dict[str, Any] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def must(self, fact: bool, sentence: str) -> None:
        if not fact:
            self.faults.append(sentence)


def run(size: int, seed: int, folder: Path) -> Verdict:
    """`size` 1 or 2, as above."""
    held = Held()
    secret = random.Random(seed).randbytes(32)
    why = ""
    try:
        with debian(folder, by_debootstrap=size > 1) as machine:
            # Made while nothing of it is needed yet, on the machine that gives versions out.
            Day(machine, open_workshop(folder / "workshop", secret), held, size).whole()
    except CannotBoot as wrong:
        if size > 1:
            return Verdict(False, str(wrong))
        why = f"Without systemd, which could not be booted here ({wrong}): "
        held.figures = Unbooted(folder, open_workshop(folder / "workshop", secret), held.must).whole()
    told = "every step of the day went as it should" if not held.faults else " ".join(held.faults)
    return Verdict(not held.faults, why + told, held.figures)


class Day:
    """Everything that is done to the machine, in order."""

    def __init__(self, machine: Debian, workshop: Workshop, held: Held, size: int) -> None:
        self._machine = machine
        self._workshop = workshop
        self._held = held
        self._size = size

    def whole(self) -> None:
        """From nothing to nothing."""
        self.install()
        self.again()
        self.exposure()
        self.refuse()
        if self._size > 1:
            self.watchdog()
            self.falls_over()
            self.good()
        self.sick()
        if self._size > 1:
            self.power_cut()
        self.uninstall()

    def install(self) -> None:
        """From an unpacked bundle, by its own set-up, to a shop that answers."""
        began = time.monotonic()
        bundle = self._workshop.bundle("1.0.0")
        shutil.copy(self._workshop.key(), self._machine.root / "srv/owner.pub")
        shutil.copy(bundle, self._machine.root / "srv/first.bundle")
        self._machine.do("tar", "-xf", "/srv/first.bundle", "-C", "/srv")
        python = python_of(self._machine)
        put = "cd /srv/shopbell-1.0.0 && SHOPBELL_PYTHON=$0 ./setup --key /srv/owner.pub office"
        self._machine.do("sh", "-c", put, python)
        self._machine.do(
            "sh", "-c", f'{SHOP} env HUB_DIR={HUB} {self.python} -P -m hub init --name "Corner Shop"'
        )
        self._machine.do("systemctl", "restart", "shopbell-hub", "shopbell-worker")
        self._held.must(self._comes("shopbell-hub"), "The hub did not come up after the installation.")
        self._held.must(self._answers() == 200, "The hub does not answer after the installation.")
        self._held.figures["install_s"] = round(time.monotonic() - began, 1)

    python = "/opt/shopbell/current/bin/python"

    def again(self) -> None:
        """A second time changes nothing, says so, and disturbs nobody."""
        before = self._pid("shopbell-hub")
        said = self._machine.do("shopbell", "install", "office")
        self._held.must("nothing to do" in said, f"The second installation did something: {said}")
        self._held.must(self._pid("shopbell-hub") == before, "The second installation restarted the hub.")

    def exposure(self) -> None:
        """systemd's own measure, of the units as they stand there and run."""
        found = {}
        for unit in ("shopbell-hub.service", "shopbell-worker.service"):
            said = self._machine.do("systemd-analyze", "security", "--no-pager", unit)
            found[unit] = float(said.partition(f"level for {unit}: ")[2].split()[0])
            self._held.must(found[unit] <= MOST_EXPOSURE, f"{unit} has an exposure of {found[unit]}.")
        self._held.figures["exposure"] = found

    def refuse(self) -> None:
        """A bundle that was changed; at full size also another owner's, one that was cut off, one that is older."""
        good = self._workshop.bundle("9.1.0")
        octets = bytearray(good.read_bytes())
        octets[len(octets) // 2] ^= 1
        changed = good.with_name("changed.bundle")
        changed.write_bytes(octets)
        sentences = {changed: "not what was signed"}
        if self._size > 1:
            stranger = Ed25519PrivateKey.generate()
            short = good.with_name("short.bundle")
            short.write_bytes(good.read_bytes()[: good.stat().st_size // 3])
            sentences |= {
                self._workshop.bundle("9.0.0", private=stranger): "does not trust",
                short: "cut off",
                self._workshop.bundle("0.9.0"): "older than 1.0.0",
            }
        for path, sentence in sentences.items():
            status, said = self._update(path)
            self._held.must(
                status == 1 and sentence in said, f"{path.name} was not refused as it should be: {said}"
            )
        self._held.must(self._version() == "1.0.0", "A refused bundle changed the version.")
        for path in sentences:
            path.unlink()
        good.unlink()
        self._held.figures["refused"] = len(sentences)

    def watchdog(self) -> None:
        """A hub that stands still is ended and started again."""
        drop_in = self._machine.root / "etc/systemd/system/shopbell-hub.service.d/fast.conf"
        drop_in.parent.mkdir(parents=True)
        drop_in.write_text("[Service]\nWatchdogSec=4\nTimeoutAbortSec=1\n")
        self._machine.do("systemctl", "daemon-reload")
        self._machine.do("systemctl", "restart", "shopbell-hub")
        self._held.must(self._comes("shopbell-hub"), "The hub did not come up with a short watchdog.")
        # Longer than systemd waits: what pings stays.
        time.sleep(9)
        before = self._pid("shopbell-hub")
        began = time.monotonic()
        self._machine.do("systemctl", "kill", "--signal=SIGSTOP", "shopbell-hub")
        end = time.monotonic() + WITHIN_S
        while time.monotonic() < end and (self._pid("shopbell-hub") in (before, 0) or self._answers() != 200):
            time.sleep(0.5)
        self._held.must(self._answers() == 200, "A hub that stood still was not started again.")
        self._held.figures["stood_still_s"] = round(time.monotonic() - began, 1)
        shutil.rmtree(drop_in.parent)
        self._machine.do("systemctl", "daemon-reload")
        self._machine.do("systemctl", "restart", "shopbell-hub")
        self._held.must(self._comes("shopbell-hub"), "The hub did not come up again.")

    def falls_over(self) -> None:
        """A version that does not start: back at once, with the database as it was left."""
        self._add("Before it falls")
        status, said = self._update(self._workshop.bundle("1.1.0", {"hub/serving.py": FALLS}))
        self._held.must(
            status == 1 and "nothing of it is lost" in said, f"No way back from what falls over: {said}"
        )
        self._is_back("1.0.0", ["Before it falls"])

    def good(self) -> None:
        """A version that is well, and brings the database to another form."""
        began = time.monotonic()
        status, said = self._update(self._workshop.bundle("1.2.0", {"hub/store/connection.py": STEP}))
        self._held.must(status == 0 and "in force, and well" in said, f"A good version did not stay: {said}")
        self._held.must(
            self._version() == "1.2.0", f"After a good update version {self._version()} is in force."
        )
        self._held.must("later" in self._tables(), "The good version has not changed the database.")
        self._held.must(not self._copies(), f"After a good update there is still {self._copies()}.")
        self._held.figures["good_update_s"] = round(time.monotonic() - began, 1)

    def sick(self) -> None:
        """It changes the database, works for a while, and is not well: back to the copy, and nothing is lost in silence."""
        before = self._version()
        first = "Before the update"
        number = self._add(first, "--publish")
        self._take(number)
        step = STEP if self._size == 1 else STEP.replace("later", "still_later").replace("proof", "proof_two")
        bundle = self._workshop.bundle("1.3.0", {"hub/store/connection.py": step, "hub/serving.py": SICK})
        doing = self._begin_update(bundle, within_s=20)
        end = time.monotonic() + 120
        while time.monotonic() < end and (self._version() != "1.3.0" or self._answers() != 500):
            time.sleep(0.3)
        self._held.must(self._answers() == 500, "The sick version never answered.")
        self._add("Meanwhile")
        self._take(number)
        self._held.must(self._issued(2), "The coupon that was taken meanwhile never reached the hub.")
        said, status = self._end_update(doing)
        self._held.must(status == 1, f"A sick version stayed: {said}")
        self._held.must(
            "to be done again: offer.created" in said, f"What was changed meanwhile is not told: {said}"
        )
        self._is_back(before, [first])
        self._held.must("still_later" not in self._tables(), "The database was not put back.")
        aside = list((self._machine.root / "var/lib/shopbell/update").glob("after-*/only-here.json"))
        self._held.must(len(aside) == 1, "The sick version's database was not kept.")
        if aside:
            told = json.loads(aside[0].read_text())
            self._held.must(len(told["changes"]) == 1, f"The report has {told}.")
            self._held.must(told["facts"] > 0, "No fact was taken meanwhile, so nothing was shown.")
            self._held.figures["facts_meanwhile"] = told["facts"]
        self._held.must(self._issued(2), "A coupon that was taken meanwhile is not at the hub again.")

    def power_cut(self) -> None:
        """The plug is pulled while a new version is on trial; the next start is of the version before."""
        before = self._version()
        offer = "Before the power went"
        self._add(offer)
        step = STEP.replace("later", "never").replace("proof", "proof_three")
        bundle = self._workshop.bundle("1.4.0", {"hub/store/connection.py": step, "hub/serving.py": SICK})
        self._begin_update(bundle, within_s=600)
        end = time.monotonic() + 120
        while time.monotonic() < end and (self._version() != "1.4.0" or self._answers() != 500):
            time.sleep(0.3)
        self._machine.power_off()
        began = time.monotonic()
        self._machine.boot()
        self._held.must(self._comes("shopbell-hub"), "After the power came back the hub did not come up.")
        self._held.figures["after_power_s"] = round(time.monotonic() - began, 1)
        self._is_back(before, [offer])
        self._held.must(
            "never" not in self._tables(), "After the power came back the database was the new version's."
        )

    def uninstall(self) -> None:
        """Everything goes but what the shop kept; then that, too."""
        said = self._machine.do("shopbell", "uninstall")
        self._held.must("Left: /var/lib/shopbell" in said, f"Uninstalling did not say what it left: {said}")
        left = self._ours()
        kept = ("var/lib/shopbell", "etc/shopbell")
        strange = [path for path in left if not path.startswith(kept)]
        self._held.must(not strange, f"Uninstalling left {strange}.")
        self._held.must(
            (self._machine.root / "var/lib/shopbell/hub/hub.db").exists(), "Uninstalling took the database."
        )
        units = self._machine.do("systemctl", "list-units", "--all", "--no-legend", "shopbell*")
        self._held.must(not units.strip(), f"After uninstalling systemd still knows {units}")
        if self._size < 2:
            return
        # Installed again, the shop goes on where it was; and then everything goes.
        put = "cd /srv/shopbell-1.0.0 && SHOPBELL_PYTHON=$0 ./setup --key /srv/owner.pub office"
        self._machine.do("sh", "-c", put, python_of(self._machine))
        self._held.must(self._comes("shopbell-hub"), "Installed again, the shop did not go on.")
        self._held.must(
            "Before the update" in self._offers(), "Installed again, the shop has lost its offers."
        )
        self._machine.do("shopbell", "uninstall", "--purge")
        self._held.must(not self._ours(), f"Purging left {self._ours()}.")
        users = (self._machine.root / "etc/passwd").read_text()
        self._held.must("shopbell" not in users, "Purging left users.")

    def _ours(self) -> list[str]:
        root = self._machine.root
        places = ("etc", "opt", "var/lib", "run", "usr-local", "usr/local")
        found = [path for place in places for path in (root / place).rglob("*shopbell*")]
        return sorted(str(path.relative_to(root)) for path in found)

    def _is_back(self, version: str, offers: list[str]) -> None:
        self._held.must(
            self._version() == version, f"After going back version {self._version()} is in force."
        )
        self._held.must(self._comes("shopbell-hub"), "After going back the hub did not come up.")
        self._held.must(self._answers() == 200, f"After going back the hub answers {self._answers()}.")
        missing = [name for name in offers if name not in self._offers()]
        self._held.must(not missing, f"After going back {missing} is missing.")
        self._held.must(not self._copies(), f"After going back there is still {self._copies()}.")
        trial = [
            name
            for name in ("update.json", "keeper")
            if (self._machine.root / "opt/shopbell" / name).is_symlink()
        ]
        self._held.must(not trial, f"After going back there is still {trial}.")

    def _update(self, bundle: Path) -> tuple[int, str]:
        shutil.copy(bundle, self._machine.root / "srv/update.bundle")
        done = self._machine.ask("shopbell", "update", "/srv/update.bundle", "--within", str(WITHIN_S))
        return done.returncode, done.stdout + done.stderr

    def _begin_update(self, bundle: Path, within_s: int) -> str:
        shutil.copy(bundle, self._machine.root / "srv/update.bundle")
        for name in ("update.said", "update.status"):
            (self._machine.root / "srv" / name).unlink(missing_ok=True)
        update = f"shopbell update /srv/update.bundle --within {within_s} >/srv/update.said 2>&1"
        command = f"setsid sh -c '({update}; echo $? >/srv/update.status)' </dev/null >/dev/null 2>&1 &"
        self._machine.do("sh", "-c", command)
        return "/srv/update"

    def _end_update(self, doing: str) -> tuple[str, int]:
        status = self._machine.root / f"{doing[1:]}.status"
        end = time.monotonic() + 180
        while time.monotonic() < end and not (status.exists() and status.read_text().strip()):
            time.sleep(0.3)
        return (self._machine.root / f"{doing[1:]}.said").read_text(), int(status.read_text())

    def _version(self) -> str:
        return (self._machine.root / "opt/shopbell/current").readlink().name

    def _pid(self, unit: str) -> int:
        return int(self._machine.do("systemctl", "show", "-p", "MainPID", "--value", unit).strip() or 0)

    def _comes(self, unit: str) -> bool:
        end = time.monotonic() + WITHIN_S
        while time.monotonic() < end:
            if self._machine.ask("systemctl", "is-active", unit).stdout.strip() == "active":
                return True
            time.sleep(0.3)
        return False

    def _answers(self) -> int:
        """The status of /healthz, asked for on the machine itself, whose network is its own."""
        ask = (
            "import http.client as h\ntry:\n c = h.HTTPConnection('127.0.0.1', 8080, timeout=3); c.request('GET', '/healthz'); "
            "print(c.getresponse().status)\nexcept OSError:\n print(0)"
        )
        return int(self._machine.ask("/usr/bin/python3", "-c", ask).stdout.strip() or 0)

    def _hub(self, *words: str) -> str:
        as_shop = SHOP.split()
        return self._machine.do(*as_shop, "env", f"HUB_DIR={HUB}", self.python, "-P", "-m", "hub", *words)

    def _add(self, title: str, *words: str) -> int:
        return int(self._hub("campaign", "add", "--title", title, "--amount", "1.00", *words))

    def _take(self, number: int) -> None:
        """A shopper takes a coupon on the hub's own site, as soon as that has the offer."""
        ask = (
            "import http.client as h, os, sys\nc = h.HTTPConnection('127.0.0.1', 8080, timeout=5)\n"
            "c.request('POST', f'/offer/{sys.argv[1]}/take', 'request=' + os.urandom(16).hex(), "
            "{'Content-Type': 'application/x-www-form-urlencoded'})\nprint(c.getresponse().getheader('Location'))"
        )
        end = time.monotonic() + WITHIN_S
        while time.monotonic() < end:
            if "/coupon/" in self._machine.ask("/usr/bin/python3", "-c", ask, str(number)).stdout:
                return
            time.sleep(0.5)
        raise AssertionError(f"no coupon of offer {number} could be taken")

    def _issued(self, count: int) -> bool:
        """Whether the hub knows of so many coupons, in time."""
        end = time.monotonic() + WITHIN_S
        while time.monotonic() < end:
            if json.loads(self._hub("report", "--json"))["coupons"]["issued"] == count:
                return True
            time.sleep(0.5)
        return False

    def _offers(self) -> str:
        return self._hub("campaign", "list", "--json")

    def _tables(self) -> str:
        ask = f"import sqlite3; print([r[0] for r in sqlite3.connect('{HUB}/hub.db').execute('SELECT name FROM sqlite_master')])"
        return self._machine.do(*SHOP.split(), "/usr/bin/python3", "-c", ask)

    def _copies(self) -> list[str]:
        work = self._machine.root / "var/lib/shopbell/update"
        return sorted(path.name for path in work.glob("*") if not path.name.startswith("after-"))

"""A hub is backed up while facts come in, lost at random moments, and put back; and a backup that silently stops is noticed."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path
from urllib.request import urlopen

import msgspec

from hub.devices import hub_key
from hub.ingest import read_batch, take
from hub.rebuild import verify
from hub.safety.drill import differs
from hub.store.sqlite import FILE, SqliteStore
from hub.wire.events import write_event
from hub.wire.snapshot import Shop
from hub.wire.sync import SyncRequest
from tests.bench._ingest_sides import BATCH, some_events
from tests.hub_house import HouseNode, visit
from tests.prove import Verdict
from tests.prove._hubs import Branch

NAME = "backups"
PROMISE = "Lose a hub at any moment: its backup has what was acknowledged a second before, and is back within a minute."
DEFAULT_SIZE = 20
CI_SIZE = 3
SIZE_NAME = "restores"

LARGE, LARGE_BYTES, SMALL_BYTES, FACTS_BYTES = 20, 2**30, 8 * 2**20, 32 * 2**20
"""From so many restores on, the hub has a gigabyte."""

RPO_S, RTO_S = 1.0, 60.0
CHECK_S = 1.0
INTERVALS = 2
SLACK_S = 0.1
"""Between the moment in which it was stopped and the one in which that is measured."""

WITHIN_S = 60.0


def run(size: int, seed: int, folder: Path) -> Verdict:
    """`size` restores; every other one after both the hub and what ships were killed, the others while they go on."""
    rnd = random.Random(seed)
    place = Place(folder)
    place.fill(LARGE_BYTES if size >= LARGE else SMALL_BYTES)
    try:
        place.start()
        place.wait_until_kept()
        rounds = [one_round(place, rnd, number, killed=bool(number % 2)) for number in range(size)]
        noticed = silent_stops(place)
    finally:
        place.stop()
    derived = same_derived(place.back)
    worst_rpo, worst_rto = max(one["rpo_s"] for one in rounds), max(one["rto_s"] for one in rounds)
    late = [how for how, took in noticed.items() if took is None]
    bad = [one["wrong"] for one in rounds if one["wrong"]]
    ok = not (bad or late or derived) and worst_rpo <= RPO_S and worst_rto <= RTO_S and place.acked > 0
    figures = {
        "rpo_s": worst_rpo, "rto_s": worst_rto, "bytes": place.size(), "acknowledged": place.acked, "wrong": bad,
        "noticed_s": noticed, "differ": derived, "rounds": rounds,
    }  # fmt: skip
    told = ", ".join(f"{how} {'never' if took is None else f'{took:.1f} s'}" for how, took in noticed.items())
    sentence = (
        f"{size} restores of {place.size() / 2**20:.0f} MB while facts came in: at most {worst_rpo:.2f} s of them missing, "
        f"at most {worst_rto:.1f} s to put back; {len(bad)} not as they should be. Stopped in silence and noticed: {told}."
    )
    return Verdict(ok, sentence, figures)


class Place:
    """A hub with its backup, and a node that tells facts all the time."""

    def __init__(self, folder: Path) -> None:
        self.hub, self.target, self.back = folder / "hub", folder / "backup", folder / "back"
        self.settings = {
            "HUB_BACKUP_TO": f"file:{self.target}", "HUB_BACKUP_CHECK_S": f"{CHECK_S:g}", "HUB_SITE": "no",
            "HUB_BACKUP_DRILL_HOURS": "0", "HUB_WORKER": "no", "HUB_PORT": "0",
        }  # fmt: skip
        self.store = SqliteStore(self.hub / FILE)
        self.store.shop.save(Shop(7, {"en": "Corner"}), time.time())
        self.key = hub_key(self.hub)
        self.process: subprocess.Popen[str] | None = None
        self.address = ""
        self.acked = 0
        self.log: list[tuple[float, int]] = []
        self._telling = threading.Event()
        self._teller: threading.Thread | None = None
        self.node: HouseNode | None = None

    def fill(self, octets: int) -> None:
        """Facts of another device, until the file is that large; beyond FACTS_BYTES texts that could not be read, which a
        rebuild need not derive from."""
        seq, rnd = 1, random.Random(octets)
        while (self.hub / FILE).stat().st_size < min(octets, FACTS_BYTES):
            texts = [write_event(event) for event in some_events("edge-9", seq, BATCH)]
            apart = read_batch(
                "edge-9", msgspec.json.encode(SyncRequest(events=tuple(map(msgspec.Raw, texts))))
            )
            assert not isinstance(apart, str)
            take(self.store, apart[1], 1_800_000_000.0, "ntp")
            seq += BATCH
            self.store.checkpoint()
        while (self.hub / FILE).stat().st_size < octets:
            with self.store.writing():
                for _ in range(16):
                    self.store.journal.park(
                        "edge-9", rnd.randbytes(512 * 1024).hex().encode(), "filling", time.time()
                    )
            self.store.checkpoint()

    def size(self) -> int:
        """Of the hub's file."""
        return (self.hub / FILE).stat().st_size

    def start(self) -> None:
        """Serve, in a group of processes of its own; and let the node tell."""
        command = [sys.executable, "-m", "hub", "--dir", str(self.hub), "serve"]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=os.environ | self.settings,
            start_new_session=True, cwd=Path(__file__).resolve().parents[2],
        )  # fmt: skip
        assert self.process.stdout is not None
        found = re.search(r"http://\S+", self.process.stdout.readline())
        assert found is not None
        self.address = found[0]
        branch = Branch(self.store, self.key, self.address)
        if self.node is None:
            self.node = branch.node("edge", "Door")
        self.node.house = branch
        self._telling.clear()
        self._teller = threading.Thread(target=self._tell, args=(self.node,), daemon=True)
        self._teller.start()

    def _tell(self, node: HouseNode) -> None:
        while not self._telling.is_set():
            before = node.seq
            facts = [write_event(node.event(visit(), at=time.time())) for _ in range(20)]
            body = msgspec.json.encode(SyncRequest(events=tuple(msgspec.Raw(text) for text in facts)))
            reply = node.post("/v1/sync", body)
            if reply.status == 200:
                self.log.append((time.time(), node.seq))
                self.acked = node.seq
            else:
                # Told again under the same numbers once the hub is back.
                node.seq = before
            self._telling.wait(0.02)

    def kill(self) -> None:
        """The machine is gone: the hub and what ships, at once, with nothing said."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(20)
        self.hush()

    def hush(self) -> None:
        """The node tells nothing more."""
        self._telling.set()
        if self._teller is not None:
            self._teller.join(60)

    def stop(self) -> None:
        """In order."""
        self.hush()
        self.store.close()
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(40)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait(20)

    def warnings(self) -> tuple[float, set[str]]:
        """What the hub's health page says is wrong, and at what time by its own clock."""
        with urlopen(f"{self.address}/healthz", timeout=60) as reply:
            told = json.loads(reply.read())
        return float(told["now"]), {one["code"] for one in told["warnings"]}

    def state(self) -> dict[str, object]:
        """What the process that ships wrote down last."""
        try:
            found: dict[str, object] = json.loads((self.hub / "backup.json").read_text())
        except (OSError, ValueError):
            return {}
        return found

    def wait_until_kept(self) -> None:
        """Until the target has it all, as of now."""
        since, until = time.time(), time.monotonic() + WITHIN_S * 4
        while not isinstance(at := self.state().get("confirmed_at"), float) or at < since:
            assert time.monotonic() < until, self.state()
            time.sleep(0.05)


def one_round(place: Place, rnd: random.Random, number: int, *, killed: bool) -> dict[str, object]:
    """Let facts come in, lose the hub or not, put it back, compare."""
    time.sleep(rnd.uniform(0.3, 2.0))
    if killed:
        place.kill()
    lost_at = time.time()
    shutil.rmtree(place.back, ignore_errors=True)
    command = [
        sys.executable,
        "-m",
        "hub",
        "--dir",
        str(place.hub),
        "restore",
        "--to",
        str(place.back),
        "--quick",
    ]
    began = time.monotonic()
    done = subprocess.run(
        command, env=os.environ | place.settings, capture_output=True, text=True, timeout=300, check=False
    )
    rto_s = round(time.monotonic() - began, 2)
    wrong, rpo_s = done.stdout + done.stderr if done.returncode else "", 0.0
    if not wrong:
        with closing(SqliteStore(place.back / FILE)) as copy:
            kept = copy.journal.next_seq(place_device(place), 1) - 1
            wrong = differs(copy, place.store, 0.0) or ""
        missing = [at for at, seq in place.log if seq > kept and at <= lost_at]
        rpo_s = round(lost_at - min(missing), 3) if missing else 0.0
    if killed:
        place.start()
        place.wait_until_kept()
    return {"number": number, "killed": killed, "rpo_s": rpo_s, "rto_s": rto_s, "wrong": wrong}


def place_device(place: Place) -> str:
    """The name of the node that tells."""
    assert place.node is not None
    return place.node.device


def silent_stops(place: Place) -> dict[str, float | None]:
    """Ways to stop in silence, and how long each took to be told; None: it never was."""
    noticed: dict[str, float | None] = {}
    for how, stop, go_on in (
        (
            "the process hangs",
            lambda: signal_ship(place, signal.SIGSTOP),
            lambda: signal_ship(place, signal.SIGCONT),
        ),
        ("the target keeps nothing", lambda: hide(place.target), lambda: None),
    ):
        place.wait_until_kept()
        assert "backup-late" not in place.warnings()[1]
        began = time.time()
        stop()
        noticed[how] = None
        at = began
        # An answer that was late itself, on a machine that does other things, says nothing against the hub; one that is
        # silent beyond the time does.
        while at <= began + INTERVALS * CHECK_S + SLACK_S:
            at, codes = place.warnings()
            if "backup-late" in codes:
                noticed[how] = round(at - began, 2)
                break
            time.sleep(0.05)
        go_on()
    return noticed


def signal_ship(place: Place, number: signal.Signals) -> None:
    """To the process that ships, and to no other."""
    assert place.process is not None
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            words = (entry / "cmdline").read_bytes().split(b"\0")
        except (OSError, IndexError, ValueError):
            continue
        if parent == place.process.pid and b"ship" in words:
            os.kill(int(entry.name), number)


def hide(target: Path) -> None:
    """What was given to the target is gone, though it said yes."""
    for line in target.iterdir():
        shutil.rmtree(line, ignore_errors=True)


def same_derived(back: Path) -> list[str]:
    """What a rebuild of the hub that was put back last would change."""
    with closing(SqliteStore(back / FILE)) as store:
        return list(verify(store).differ)

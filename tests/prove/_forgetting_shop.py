"""A whole shop with members, as processes: head office, the shop's hub with its backup, a counter; and a door that is cut off.

People join at the counter, at the door and at the hub; they buy, visit, get coupons and messages, write to the shop.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from random import Random
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import msgspec

from hardware.modem.fields import Piece
from hub.app import open_store
from hub.cli import main
from hub.client.clock import Clock
from hub.client.db import Pool, writing
from hub.client.enrolling import enrol
from hub.client.joins import Joins
from hub.client.link import HttpLink
from hub.client.node import Node
from hub.client.outbox import Outbox
from hub.client.schema import MIGRATIONS_CLIENT
from hub.devices import hub_key, open_pairing
from hub.members.book import Book
from hub.members.joining import Agreed, join_here
from hub.members.links import member_link
from hub.members.people_key import PeopleKey, people_key
from hub.messages.channel import HeardPart
from hub.messages.heard import Ears, Heard, heard
from hub.messages.outbox import Letter, queue
from hub.messages.parts import hear_part
from hub.store.sqlite import FILE, SqliteStore
from hub.store.whole import HubStore
from hub.up.plan import Plan
from hub.up.seeding import seed as seed_shop
from hub.wire.events import ConsentGiven, Fact, PurchasePaid, VisitClosed
from hub.wire.events_members import MemberJoined
from hub.wire.forgetting import Forgotten
from hub.wire.sync_members import Fields
from tests.prove._site import ProofNode
from tests.prove._street import free_ports, wait_for

ROOT = Path(__file__).resolve().parents[2]
WITHIN_S = 60.0
PATIENCE_S = 75.0
NAMES = ("Ingeborg", "Jürgen", "Siobhán", "欧阳娜娜", "Анастасия", "Guðrún", "محمود", "Thi Ngọc")
WORDS = "I agree to messages of this shop."


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody: the id, and what they told."""

    member: str
    fields: Fields

    @classmethod
    def drawn(cls, rnd: Random, number: int) -> Person:
        """Somebody whom nobody else is."""
        name = f"{rnd.choice(NAMES)} {''.join(rnd.choice('bcdfghklmnprst') + rnd.choice('aeiou') for _ in range(5)).title()}"
        mail = f"{rnd.randbytes(5).hex()}.{number}@mail.example.org"
        phone = f"+43664{rnd.randrange(10**8):08d}"
        return cls(rnd.randbytes(16).hex(), Fields(name=name, phone=phone, mail=mail, birthday="1980-02-29"))


class ForgettingShop:
    """All programs of the shop, their logs in files."""

    def __init__(self, folder: Path, rnd: Random, *, chain: bool = True) -> None:
        """`chain`: with head office and a backup."""
        self.folder = folder
        self.chain = chain
        self.rnd = rnd
        self.hub, self.head, self.backup = folder / "hub", folder / "head", folder / "backup"
        (folder / "logs").mkdir(parents=True)
        self.plan = Plan(str(folder), "127.0.0.1", "127.0.0.1", free_ports(4), "ble:sim")
        self.head_port = self.plan.port_base + 3
        seed_shop(self.hub, time.time(), offers=True)
        self.processes: list[subprocess.Popen[bytes]] = []
        if chain:
            self._run("--dir", str(self.head), "init", "--name", "Head office", "--number", "9")
            head = {"HUB_DIR": str(self.head), "HUB_PORT": str(self.head_port), "HUB_SITE": "no"}
            self._start("head", "-m", "hub", "serve", env=head)
        self._start("hub", "-m", *self.plan.command("hub"), env=self._hub_env())
        wait_for(self.plan.ports["hub"])
        if chain:
            self._join_head_office()
        self.store: HubStore = open_store(self.hub)
        self.above: HubStore | None = None
        if chain:
            self.above = SqliteStore(self.head / FILE).of_shop(self.store.shop.number)
        self.key: PeopleKey = people_key(self.hub)
        self.link = HttpLink(self.plan.hub_url)
        self.counter = self._enrol("kiosk", "kiosk")
        self._start("kiosk", "-m", *self.plan.command("kiosk"), env=self.plan.env("kiosk"))
        wait_for(self.plan.ports["kiosk"])
        self._pool = Pool(folder / "kiosk" / "kiosk.db", [MIGRATIONS_CLIENT])
        self._outbox = Outbox(self._pool, self.counter, Clock())
        self.door = ProofNode(folder / "door", self._enrol("door", "edge"), self.link)

    def _join_head_office(self) -> None:
        wait_for(self.head_port)
        code = self._run("--dir", str(self.head), "pair", "--program", "hub").strip()
        above = f"http://127.0.0.1:{self.head_port}"
        self._run("--dir", str(self.hub), "upstream", "join", above, code)

    def _hub_env(self) -> dict[str, str]:
        if not self.chain:
            return self.plan.env("hub")
        return self.plan.env("hub") | {
            "HUB_BACKUP_TO": f"file:{self.backup}",
            "HUB_BACKUP_ERASE": "now",
            "HUB_BACKUP_CHECK_S": "1",
            "HUB_BACKUP_DRILL_HOURS": "0",
        }

    def _start(self, name: str, *command: str, env: dict[str, str]) -> None:
        usual = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("EDGE_", "HUB_", "KIOSK_"))
        }
        with (self.folder / "logs" / f"{name}.log").open("ab") as log:
            self.processes.append(
                subprocess.Popen(
                    [sys.executable, *command], cwd=ROOT, env=usual | env, stdout=log, stderr=log
                )
            )

    def _run(self, *words: str) -> str:
        """`python -m hub` with these words, in this process; what it said."""
        told = StringIO()
        with redirect_stdout(told):
            status = main(list(words))
        if status:
            raise RuntimeError(f"{' '.join(words)}: {status}; {told.getvalue()}")
        return told.getvalue()

    def _enrol(self, folder: str, program: str) -> Node:
        code = open_pairing(self.store, hub_key(self.hub), program, time.time())  # type: ignore[arg-type]
        return enrol(self.folder / folder, self.plan.hub_url, str(code), program, folder.title(), self.link)  # type: ignore[arg-type]

    # What people do

    def joins_at_counter(self, one: Person) -> None:
        """Joins at the kiosk's screen: facts and sealed fields in one transaction of the kiosk's file."""
        self._join(self._pool, self._outbox, self.counter, one)

    def joins_at_door(self, one: Person) -> None:
        """Joins at the door's portal."""
        self._join(self.door.pool, self.door.outbox, self.door.node, one)

    def joins_at_hub(self, one: Person) -> None:
        """Joins on the public site."""
        join_here(
            Book(self.store, self.key), one.member, one.fields, way="link", place="Public site", language="en",
            agreed=[Agreed("messages", "sms", WORDS, "1", "code")], now=time.time(), clock="ntp",
        )  # fmt: skip

    def _join(self, pool: Pool, outbox: Outbox, node: Node, one: Person) -> None:
        now = time.time()
        facts: list[Fact] = [
            MemberJoined(member=one.member, way="portal", place=node.device, language="en"),
            ConsentGiven(
                member=one.member, purpose="messages", medium="sms", text=WORDS, text_version="1", language="en",
                place=node.device, proof="code",
            ),
        ]  # fmt: skip
        with writing(pool.here()) as conn:
            Joins(pool, node.hub).put(conn, one.member, one.fields, language="en", at=now)
            outbox.put_all(conn, facts, now)

    def lives(self, one: Person, *, at_door: bool = False) -> None:
        """Comes, is recognised, buys with the card."""
        now = time.time()
        outbox = self.door.outbox if at_door else self._outbox
        paid = PurchasePaid(
            id=self.rnd.randbytes(6).hex(),
            till="Till 1",
            staff="s1",
            cents=self.rnd.randrange(100, 9_000),
            member=one.member,
        )
        came = VisitClosed(
            id=self.rnd.randbytes(6).hex(), zone="door", arrived_at=now - 60, departed_at=now, dwell_s=60.0, peak_dbm=-60,
            known=one.member,
        )  # fmt: skip
        for fact in (paid, came):
            outbox.record(fact, now)

    def takes(self, one: Person) -> None:
        """Gets a coupon that is theirs alone, at the door."""
        self.door.desk.take(1, self.rnd.randbytes(16).hex(), time.time(), member=one.member)

    def writes(self, one: Person) -> None:
        """Is written to, and writes."""
        now = time.time()
        text = f"Dear {one.fields.name}, your number {one.fields.phone} is with us."
        letter = Letter(
            f"letter-{one.member}", "sms", "answer", text, member=one.member, number=one.fields.phone
        )
        queue(self.store, letter, now, key=self.key.secret)
        ears = Ears(self.store, Book(self.store, self.key), self.key.secret, lambda: "ntp")
        said = f"This is {one.fields.name}, write to {one.fields.mail}"
        heard(ears, Heard(self.rnd.randbytes(8).hex(), "modem", one.fields.phone, said, now), now)
        # The rest of a long message never comes.
        key = self.rnd.randbytes(8).hex()
        hear_part(ears, HeardPart(key, "smpp", one.fields.phone, said, Piece(1, 2, 1), "gsm-7"), now)

    def tells_at_counter(self, fact: Fact) -> None:
        """Something happened at the counter."""
        self._outbox.record(fact, time.time())

    def erases_on_page(self, one: Person) -> int:
        """Presses the button on their own page; the status that came back."""
        path = f"{member_link(self.key.secret, one.member, 'page', time.time())}/erase"
        asked = Request(
            f"{self.plan.hub_url}{path}",
            urlencode({"do": "erase"}).encode(),
            {"Sec-Fetch-Site": "same-origin"},
        )
        with urlopen(asked, timeout=30) as answer:
            return int(answer.status)

    # How far it is

    def settled(self) -> bool:
        """Whether nobody waits to be forgotten, in any program that can be reached, and all is at head office."""
        return not self.unsettled()

    def unsettled(self) -> list[str]:
        """What is not done yet."""
        state, latest = self.store.forgetting.state(), self.store.forgetting.latest()
        found = {
            "nobody was forgotten": not latest,
            "somebody waits to be": bool(self.store.forgetting.asked()),
            "the hub's files": state.cleaned < latest,
            "the backup": (self.hub / "people.erased").exists() or (self.hub / "shorten.asked").exists(),
            "the counter's facts": bool(self._outbox.counts().pending),
        }
        row = self._pool.here().execute("SELECT heard, cleaned FROM forgot").fetchone()
        section = (
            self._pool.here().execute("SELECT hash, body FROM section WHERE name = 'forgotten'").fetchone()
        )
        found["the counter"] = row is None or section is None or tuple(row) != (section[0], 1)
        heard = msgspec.json.decode(section[1], type=Forgotten).ones if section is not None else ()
        found["what the counter has heard"] = len(heard) < len(self.store.forgetting.ones())
        if self.above is not None:
            state, told = self.above.forgetting.state(), len(self.above.forgetting.ones())
            found["head office"] = (
                told < len(self.store.forgetting.ones()) or state.cleaned < self.above.forgetting.latest()
            )
        return [what for what, is_so in found.items() if is_so]

    def wait(self, done: object, what: str, within_s: float = PATIENCE_S) -> float:
        """Until that is so; how long it took (s)."""
        began = time.monotonic()
        while not done():  # type: ignore[operator]  # a function of no arguments
            if time.monotonic() - began > within_s:
                said = f"{self.log('hub')[-2_000:]}\n{self.log('head')[-2_000:]}"
                raise RuntimeError(f"{what}: not within {within_s:g} s; still {self.unsettled()}; {said}")
            time.sleep(0.1)
        return time.monotonic() - began

    def log(self, name: str) -> str:
        """What a program has said."""
        return (self.folder / "logs" / f"{name}.log").read_text(errors="replace")

    def verify(self, folder: Path) -> str:
        """What `verify` says."""
        return self._run("--dir", str(folder), "verify")

    def restore(self, to: Path) -> None:
        """Put the newest backup back."""
        self._run("--dir", str(self.hub), "restore", f"file:{self.backup}", "--to", str(to), "--quick")

    def stop(self) -> None:
        """End everything that was started."""
        for process in reversed(self.processes):
            process.send_signal(signal.SIGTERM)
        for process in self.processes:
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.processes.clear()

    def close(self) -> None:
        """Stop, and close what this process has open."""
        self.stop()
        self.door.pool.close()
        self._pool.close()
        self.store.close()
        if self.above is not None:
            self.above.close()


def differs(told: str) -> bool:
    """Whether `verify` found something."""
    return re.search(r"would change: \w", told) is not None

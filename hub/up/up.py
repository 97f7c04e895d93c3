"""`shopbell up`: a whole shop on one machine, from an empty folder to the addresses, and down again in order."""

from __future__ import annotations

import argparse
import http.client
import json
import os
import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import FrameType

from hub.up.children import Child, run_once, stop_in_order
from hub.up.firststeps import FirstSteps
from hub.up.owner import Owner, Start, become, find_owner, how_to_start, insist_on_python
from hub.up.place import Place, claim_ports, lan_address
from hub.up.plan import EVERYWHERE, Plan, ssid_of
from hub.up.radio import RadioChoice, choose_radio
from hub.up.sentences import UpError
from hub.up.view import View, make_view
from hub.up.watch import Now, Watch
from hub.up.wireless import GuestNetwork, plan_wifi

READY_WITHIN_S = 90.0
"""A Raspberry Pi 3 with a slow card needs some 20 s for the first start of the hub."""
LOOK_EVERY_S = 0.5
WATCH_EVERY_S = 2.0
RADIO_WITHIN_S = 8.0
DOES = {
    "hub": "campaigns, ledger, reports; the public page",
    "kiosk": "the screen for shoppers and the till for staff",
    "edge": "hears who is near",
    "portal": "greets a phone on the shop's Wi-Fi",
    "gate": "lets guests through, and nobody else",
    "wifi": "the guests' network: radio, addresses, names",
}
STOP_ORDER = (("wifi",), ("portal",), ("gate",), ("edge",), ("kiosk",), ("hub",))
"""Nobody new comes; then facts flow portal -> the door's journal -> hub and kiosk -> hub: whoever carries them ends after whoever
makes them."""


def run(args: argparse.Namespace) -> int:
    """Everything, until a signal or until the time is over."""
    radio = choose_radio(args.radio)
    owner = find_owner(args.dir.expanduser(), os.environ, os.geteuid())
    wifi = plan_wifi(args, owner)
    if owner is not None:
        become(owner)
        insist_on_python(sys.executable)
    place = Place.take(args.dir)
    try:
        plan = replace(make_plan(place, args, radio), wifi=wifi)
        claim_ports(args.host, plan.ports, patience_s=place.was_left_behind_s)
        if wifi is not None:
            claim_ports(EVERYWHERE[0], {"portal": plan.ports["portal"]})
        view = make_view(quiet_stdout=args.seconds is not None)
        shop = RunningShop(place, plan, radio, view, named_radio=args.radio is not None, owner=owner)
        return shop.run(args.seconds, seed=not args.no_seed)
    finally:
        place.release()


def make_plan(place: Place, args: argparse.Namespace, radio: RadioChoice) -> Plan:
    """The plan for this machine; phones dial its own address where it listens everywhere."""
    reach = (lan_address() or "127.0.0.1") if args.host in EVERYWHERE else args.host
    return Plan(
        str(place.folder), args.host, reach, args.port_base, radio.name, speed=args.speed, notice=radio.notice
    )


class RunningShop:
    """The programs of one shop, for as long as this runs."""

    def __init__(
        self,
        place: Place,
        plan: Plan,
        radio: RadioChoice,
        view: View,
        *,
        named_radio: bool = False,
        owner: Owner | None = None,
    ) -> None:
        self.place = place
        self.plan = plan
        self.radio = radio
        self.view = view
        self.owner = owner
        self.steps = FirstSteps(place, plan)
        self.watch = Watch(Path(plan.part("hub")), Path(plan.part("edge")))
        self.children = {name: self._child(name) for name in plan.programs}
        self.guests: GuestNetwork | None = None
        self.named_radio = named_radio
        self._stopping = threading.Event()
        self._told: set[str] = set()
        self._trouble = False

    def run(self, seconds: float | None, *, seed: bool) -> int:
        """Start, watch, stop; 0 where all was well."""
        began = time.time()
        failed: str | None = None
        before = {
            number: signal.signal(number, self._stop)
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        }
        try:
            with self.view:
                try:
                    self._start(seed=seed)
                    self._attend(seconds)
                except UpError as wrong:
                    failed = str(wrong)
                clean = self._end()
            figures = self.watch.closing(began) if (self.place.folder / "hub").is_dir() else {}
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
            self.watch.close()
        if failed:
            print(f"shopbell: {failed}", file=sys.stderr)
        well = (
            failed is None
            and clean
            and not self._trouble
            and not any(child.restarts for child in self.children.values())
        )
        if seconds is not None:
            print(json.dumps(self._account(figures, well, failed), ensure_ascii=False, indent=1), flush=True)
        elif not failed:
            self.view.tell("Everything has stopped; nothing was lost. Start again with the same command.")
        return 0 if well or (seconds is None and failed is None and clean) else 1

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping.set()

    def _child(self, name: str) -> Child:
        command = (sys.executable, "-P", "-m", *self.plan.command(name))
        return Child(
            name,
            DOES[name],
            command,
            self.plan.env(name),
            self.place,
            self.view.tell,
            self._start_as(name),
        )

    def _start_as(self, name: str) -> Start:
        return how_to_start(name, self.owner, is_guarded=self.plan.wifi is not None, radio=self.radio.name)

    def _once(self, what: str, *command: str, env: str = "hub") -> str:
        whole = (sys.executable, "-P", "-m", *command)
        return run_once(whole, self.plan.env(env), what, start_as=self._start_as(env))

    def _start(self, *, seed: bool) -> None:
        self.view.tell(self.radio.describe)
        guarded = ("gate", "portal", "wifi") if self.plan.wifi is not None else ()
        self.place.remember(self.plan.port_base, {name: self.plan.env(name) for name in guarded})
        codes = self._seed(seed=seed)
        self._bring_up("hub")
        self._await("hub")
        self._join(codes)
        self._name_network()
        if self.plan.wifi is not None:
            self.guests = GuestNetwork(self.plan.wifi, self.owner, time.time())
            self.guests.make_place()
            self._bring_up("gate")
            self._await("gate")
        for name in ("kiosk", "edge", "portal"):
            self._bring_up(name)
        for name in ("kiosk", "portal"):
            self._await(name)
        if self.plan.wifi is not None:
            self._bring_up("wifi")
            self._await("wifi")
        if self.named_radio:
            self._insist_on_radio()
        self.view.opened(self.plan, self.radio, self.steps)

    def _seed(self, *, seed: bool) -> dict[str, str]:
        """Make what is missing in the hub's folder; pairing codes for the nodes that have not joined."""
        flags = [] if seed else ["--no-offers"]
        if not self.steps.kept():
            flags.append("--new-code")
        missing = [name for name in ("kiosk", "edge") if not (self.place.part(name) / "node.json").exists()]
        if missing:
            flags += ["--pair", *missing]
        printed = self._once("Making the first shop", "hub.up.seeding", self.plan.part("hub"), *flags)
        told = json.loads(printed)
        self.steps.learn(told["made"])
        return dict(told["codes"])

    def _join(self, codes: dict[str, str]) -> None:
        """Pair the new nodes with the hub, as an installer would: each is told its code and where the hub is."""

        def join(name: str, code: str) -> None:
            hub = ("--hub", self.plan.hub_url)
            self._once(f"Pairing the {name} with the hub", name, "enrol", code, *hub, env=name)

        if codes and not self._stopping.is_set():
            with ThreadPoolExecutor() as pool:
                for done in [pool.submit(join, name, code) for name, code in codes.items()]:
                    done.result()
        if "edge" in codes and not self._stopping.is_set():
            told = self._once("Making the installer's code", "edge", "installer-code", "--json", env="edge")
            self.steps.learn(json.loads(told))

    def _name_network(self) -> None:
        """A network without a name of its own gets the shop's, which is known once the hub has been made."""
        if self.plan.wifi is None or self.plan.wifi.ssid:
            return
        self.plan = replace(
            self.plan, wifi=replace(self.plan.wifi, ssid=ssid_of(self.watch.look().shop_name))
        )
        for name in ("portal", "wifi"):
            self.children[name] = self._child(name)

    def _is_ready(self, name: str) -> bool:
        """Whether a program does what it is there for."""
        if self.guests is not None and name in ("gate", "wifi"):
            return self.guests.is_ready(name)
        return _answers(self.plan.host, self.plan.ports[name])

    def _bring_up(self, name: str) -> None:
        if not self._stopping.is_set():
            self.children[name].start()

    def _await(self, name: str) -> None:
        """Wait until a program answers; UpError with its own words where it does not."""
        child = self.children[name]
        until = time.monotonic() + READY_WITHIN_S
        while not self._stopping.is_set() and not self._is_ready(name):
            if child.state != "running":
                words = (
                    child.last_words()
                    or f"It said nothing; is the disk full? Its log is {self.place.log(name)}."
                )
                raise UpError(f"The {name} did not start. {words}")
            if time.monotonic() > until:
                raise UpError(
                    f"The {name} did not answer within {READY_WITHIN_S:g} s; see {self.place.log(name)}."
                )
            self._stopping.wait(0.1)

    def _insist_on_radio(self) -> None:
        """A radio that was named and cannot be opened is a mistake to hear of now. One that was found may come back."""
        until = time.monotonic() + RADIO_WITHIN_S
        while not self._stopping.is_set() and time.monotonic() < until:
            door = self.watch.look().door
            if door and (door.get("heard") or door.get("warnings")):
                break
            self._stopping.wait(0.2)
        trouble = next((one for one in self.watch.look().warnings if one.code == "radio-missing"), None)
        if trouble is not None:
            raise UpError(trouble.sentence)

    def _tell_warnings(self, now: Now) -> None:
        """Say what is new among the things that are wrong at the door."""
        shown = {one.code: one for one in now.warnings}
        for code in shown.keys() - self._told:
            self.view.tell(f"The edge: {shown[code].sentence}")
            self._trouble |= shown[code].is_error
        self._told = set(shown)

    def _tell_of_guests(self) -> None:
        """Say what is new with the guests' network, and show beside its programs how it is."""
        if self.guests is None:
            return
        for sentence in self.guests.look():
            self.view.tell(sentence)
        for name in ("gate", "wifi"):
            self.children[name].describe = self.guests.describe(name) or DOES[name]

    def _attend(self, seconds: float | None) -> None:
        """Look after the programs until it is time to stop."""
        until = None if seconds is None else time.monotonic() + seconds
        next_watch = 0.0
        while not self._stopping.is_set() and (until is None or time.monotonic() < until):
            for child in self.children.values():
                child.look()
            if time.monotonic() >= next_watch:
                next_watch = time.monotonic() + WATCH_EVERY_S
                now = self.watch.look()
                if now.has_manager:
                    self.steps.forget()
                self._tell_warnings(now)
                self._tell_of_guests()
                self.view.show(list(self.children.values()), now)
            self._stopping.wait(LOOK_EVERY_S)

    def _end(self) -> bool:
        self.view.tell("Stopping: the door, the till, and the hub last, so that every fact arrives.")
        ranks = [[self.children[name] for name in rank if name in self.children] for rank in STOP_ORDER]
        clean = stop_in_order(ranks)
        if self.guests is not None:
            # Whoever is in stays in while the gate is started again; here it is over, and the interface is nobody's any more.
            self._once("Taking the gate's rules away", "edge.gate", "clear", env="gate")
        return clean

    def _account(self, figures: dict[str, object], well: bool, failed: str | None) -> dict[str, object]:
        """What happened, for `--for`."""
        return {
            "ok": well,
            **({"failed": failed} if failed else {}),
            "addresses": self.plan.addresses,
            **figures,
            "radio": self.radio.name,
            "simulated": self.radio.simulated,
            "restarts": {name: child.restarts for name, child in self.children.items()},
        }


def _answers(host: str, port: int) -> bool:
    """Whether a whole HTTP answer comes: a port is open some moments before its program can do anything."""
    inside = "127.0.0.1" if host in EVERYWHERE else host
    connection = http.client.HTTPConnection(inside, port, timeout=5.0)
    try:
        connection.request("GET", "/healthz")
        connection.getresponse().read()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return True

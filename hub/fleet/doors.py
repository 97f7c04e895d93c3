"""Ways into the shop beside a code of the hub: a code that the node shows, keys that were allowed before.

Everything here is called by `hub.api` for nodes and by pages and commands for people. A code of either kind is good once, for ten
minutes; what is wrong comes back as a `Problem` with a sentence.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.changing import changed, turned
from hub.devices import secret_hash
from hub.fleet.admitting import admitted, welcome
from hub.fleet.plan import Plan, read_plan, write_plan
from hub.store.base import Store
from hub.store.fleet_records import Asking, Ticket
from hub.store.records import Device
from hub.wire.identity import (
    ONE_TIME_CHARACTERS,
    PairingCode,
    crockford,
    fingerprint,
    public_text,
    read_public,
    request_is_signed,
    text_is_signed,
)
from hub.wire.joining import (
    ASKING_S,
    PROGRAMS,
    AskReply,
    AskRequest,
    joining_code,
    read_joining_code,
    show_joining_code,
)
from hub.wire.sync import Problem

MOST_WAITING = 256
"""Nodes that may wait at the same time: a roll-out passes, a flood does not fill the disk."""

MOST_FROM_ONE = 32
"""Of one address: a whole shop behind one router is set up at once, and still cannot keep all others out."""

KEEP_S = 86_400
"""A code that is over is remembered for a day, so that whoever types it late hears that it is late."""

_NOT_THIS_HUB = Problem("another_hub", "This node has heard another hub before. Start its set-up again.")
_FULL = Problem("too_many_waiting", "Too many nodes wait to be let in. Accept some, or wait ten minutes.")


def ask(
    store: Store, key: Ed25519PrivateKey, request: AskRequest, address: str, now: float
) -> AskReply | tuple[int, Problem]:
    """A node asks to be let in: how it stands, or why not, with the HTTP status. The same question again changes nothing.

    `store`: any shop of the database; which one takes the node is decided by whoever accepts it.
    """
    if not text_is_signed(read_public(request.public), request.signed_text(), request.signature):
        return 401, Problem("bad_signature", "The new device could not prove that it holds its key.")
    if request.hub != public_text(key):
        return 409, _NOT_THIS_HUB
    number = store.fleet.shop_of_key(request.public)
    answer = _ask_shop(store.of_shop(number), key, request, now) if number is not None else None
    if answer is not None:
        return answer
    with store.writing():
        waiting = store.fleet.asking(request.public)
        if waiting is None:
            of_all, of_one = store.fleet.count_asking(now, address)
            if of_all >= MOST_WAITING or of_one >= MOST_FROM_ONE:
                return 429, _FULL
            code = joining_code(request.public, request.hub)
            store.fleet.prune_askings(now - KEEP_S)
            store.fleet.ask(
                Asking(request.public, code, request.program, request.name, address, now, now + ASKING_S)
            )
            return AskReply("waiting", now + ASKING_S, now)
    return AskReply("expired" if now >= waiting.expires_at else "waiting", waiting.expires_at, now)


def _ask_shop(
    store: Store, key: Ed25519PrivateKey, request: AskRequest, now: float
) -> AskReply | tuple[int, Problem] | None:
    """What this shop has decided about the node; None where it has not."""
    with store.writing():
        device = store.devices.by_public(request.public)
        if device is not None and device.withdrawn_at is None:
            # It was let in before, and did not hear of it.
            return AskReply("accepted", now, now, welcome(store, key, device))
        asking = store.fleet.asking(request.public)
        if asking is not None and asking.state == "refused":
            return AskReply("refused", asking.expires_at, now)
        plan = asking.plan if asking is not None and asking.state == "accepted" else None
        ticket = store.fleet.ticket(request.public) if plan is None else None
        if (
            ticket is not None
            and ticket.kind == "public"
            and ticket.used_at is None
            and now < ticket.expires_at
        ):
            plan = ticket.plan
        if plan is None:
            return None
        if asking is not None and ticket is None and now >= asking.expires_at:
            return AskReply("expired", asking.expires_at, now)
        who = asking.who if asking is not None and ticket is None else "a key that was allowed before"
        if ticket is not None and ticket.program not in ("", request.program):
            return 403, Problem("wrong_program", f"This key was allowed for a {ticket.program}.")
        admit = admitted(store, request.public, request.program, request.name, read_plan(plan), now, who)
        if isinstance(admit, tuple):
            return admit
        if ticket is not None:
            store.fleet.use_ticket(request.public, admit.device, now)
        elif asking is not None:
            store.fleet.change_asking(replace(asking, device=admit.device))
        return AskReply("accepted", now, now, welcome(store, key, admit))


def is_old_hardware(
    store: Store, device: Device, counter: int, method: str, path: str, body: bytes, signature: str
) -> bool:
    """Whether hardware that this node was before signed a request, so that its screen can say what it is."""
    return any(
        request_is_signed(read_public(former.public), device.device, counter, method, path, body, signature)
        for former in store.fleet.formers(device.device)
    )


def waiting(store: Store, code_text: str, now: float) -> Asking | Problem:
    """The node that shows this code, or why there is none to accept."""
    code = read_joining_code(code_text)
    if code is None:
        return Problem(
            "bad_code", "That is no code of a node. It has three groups of four letters and digits."
        )
    found = store.fleet.asking_by_code(code)
    if found is None:
        return Problem(
            "unknown_code",
            "No node that shows this code has asked this hub. Compare it once more; does the node have this hub's address?",
        )
    if found.state == "refused":
        return Problem("refused_code", "This node was turned away. Start its set-up again for a new code.")
    if found.state == "accepted":
        return Problem("used_code", "This code was used before. It is good once.")
    if now >= found.expires_at:
        return Problem(
            "late_code", "This code is too old: it is good for ten minutes. The node shows a new one."
        )
    return found


def accept(store: Store, code_text: str, plan: Plan, now: float, who: str) -> Asking | Problem:
    """Let the node in that shows this code; it hears of it within seconds. Once."""
    with store.writing():
        found = waiting(store, code_text, now)
        if isinstance(found, Problem):
            return found
        wrong = plan_fault(store, plan, found.program)
        if wrong is not None:
            return wrong
        taken = replace(found, state="accepted", plan=write_plan(plan), who=who)
        store.fleet.change_asking(taken)
        both = turned("program", None, found.program) | turned("name", None, plan.name or found.name)
        if plan.replaces:
            both |= turned("replaces", None, plan.replaces)
        store.people.note(changed(now, who, "device.accepted", show_joining_code(found.code), both))
    return taken


def turn_away(store: Store, code_text: str, now: float, who: str) -> Problem | None:
    """Do not let the node in that shows this code; None where that is done."""
    with store.writing():
        found = waiting(store, code_text, now)
        if isinstance(found, Problem):
            return found
        store.fleet.change_asking(replace(found, state="refused", who=who))
        store.people.note(changed(now, who, "device.turned_away", show_joining_code(found.code), {}))
    return None


def plan_fault(store: Store, plan: Plan, program: str) -> Problem | None:
    """Why this plan cannot be carried out for a node of that program; None where it can."""
    if plan.team and store.fleet.team(plan.team) is None:
        return Problem("unknown_group", f"There is no group called {plan.team}.")
    if plan.replaces:
        old = store.devices.get(plan.replaces)
        if old is None:
            return Problem("unknown_device", f"There is no device {plan.replaces} that could be replaced.")
        if old.program != program:
            return Problem("wrong_program", f"{old.name} is a {old.program}; a {program} cannot be it.")
    return None


def allow_keys(
    store: Store, publics: Iterable[tuple[str, str, Plan]], expires_at: float, now: float, who: str
) -> int:
    """Let nodes in by their public keys, which they had before: `(public key, program or "", plan)`; how many are new."""
    with store.writing():
        count = sum(
            store.fleet.put_ticket(Ticket(public, "public", program, write_plan(plan), now, expires_at))
            for public, program, plan in publics
        )
        store.people.note(changed(now, who, "devices.keys_allowed", "shop", turned("count", None, count)))
    return count


def give_keys(
    store: Store,
    key: Ed25519PrivateKey,
    count: int,
    program: str,
    plan: Plan,
    expires_at: float,
    now: float,
    who: str,
    random: Callable[[int], bytes] = os.urandom,
) -> list[PairingCode]:
    """So many keys of one use, for a roll-out; good for as long as is said, so they have 130 random bits. Shown once."""
    hub = fingerprint(public_text(key))
    codes = [PairingCode(crockford(random(17), ONE_TIME_CHARACTERS), hub) for _ in range(count)]
    with store.writing():
        for code in codes:
            store.fleet.put_ticket(
                Ticket(secret_hash(code.secret), "secret", program, write_plan(plan), now, expires_at)
            )
        store.people.note(changed(now, who, "devices.keys_given", "shop", turned("count", None, count)))
    return codes


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line of a file of keys that cannot be used, and why."""

    number: int
    sentence: str


def read_keys(text: str) -> tuple[list[tuple[str, str, Plan]], list[BadLine]]:
    """A file of public keys: a line for each node, `KEY PROGRAM NAME`; the name goes to the end of the line, `#` begins
    a comment.

    Every bad line is told; a name may be left out.
    """
    good: list[tuple[str, str, Plan]] = []
    bad: list[BadLine] = []
    seen: set[str] = set()
    for number, line in enumerate(text.splitlines(), 1):
        words = line.partition("#")[0].split(maxsplit=2)
        if not words:
            continue
        public, program, name = (*words, "", "")[:3]
        public = public.lower()
        try:
            read_public(public)
        except ValueError:
            bad.append(BadLine(number, "the key must be 64 hexadecimal digits"))
            continue
        if program not in PROGRAMS:
            bad.append(BadLine(number, f"the program must be one of {', '.join(PROGRAMS)}"))
        elif len(name) > 60:
            bad.append(BadLine(number, "the name is longer than 60 letters"))
        elif public in seen:
            bad.append(BadLine(number, "the same key stands above"))
        else:
            seen.add(public)
            good.append((public, program, Plan(name=name.strip())))
    return good, bad

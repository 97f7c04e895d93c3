"""Tells other programs what happens: from the journal, in its order, each fact at least once and always under the same id.

Up to which event a webhook has been told stands in its row, and moves in the transaction that makes the messages: a crash
loses none and makes none twice. A message that was sent and not noted as sent goes again, with the id that it had; the receiver
knows it by that. A receiver that does not answer is tried after 5 s, 5 minutes, 30 minutes and then ever more seldom, for three
days; then its webhook is disabled, and a warning says so.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.changing import changed, turned
from hub.config import Config
from hub.devices import hub_key
from hub.outside.addresses import read_target
from hub.outside.delivery import Delivered, deliver
from hub.outside.signed import SECRET_BYTES, read_secret, secret_text
from hub.reading import Envelope, read_run
from hub.sentences import Said, said
from hub.store.base import Store
from hub.store.outside_records import Message, Webhook
from hub.store.whole import HubStore
from hub.wire.events import KINDS, Event
from hub.wire.sealing import BadSeal, seal, unseal

logger = logging.getLogger(__name__)

TOLD: dict[str, tuple[str, ...]] = {
    "coupon.issued": ("serial", "campaign", "channel", "expires_at", "member", "simulated"),
    "coupon.redeemed": (
        *("serial", "campaign", "till", "staff", "value_cents", "basket_cents", "balance_cents", "member"),
        *("offline", "simulated"),
    ),
    "coupon.refused": ("serial", "campaign", "till", "staff", "refusal", "offline", "simulated"),
    "coupon.reversed": (
        *("serial", "campaign", "till", "staff", "by", "reason", "value_cents", "offline", "simulated"),
    ),
    "purchase.paid": ("id", "till", "staff", "cents", "items", "member", "zone", "simulated"),
    "visit.closed": ("zone", "arrived_at", "departed_at", "dwell_s", "simulated"),
    "portal.joined": ("way", "simulated"),
}
"""What is told of each kind of event, by the names of its fields. Never a coupon's code: whoever has it can use it."""

TEST = "shopbell.test"
AFTER_S = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""Until the next try, after the first, the second …: those that Standard Webhooks recommends."""

GIVE_UP_S = 3 * 86_400.0
HELD_S = 60.0
"""So long a message is nobody else's: longer than a try takes."""

AT_ONCE = 20
LOOK_FOR_S = 3.0
"""How long one turn may take before the next webhook is looked at; a try that is under way is finished."""

KEEP_MESSAGES_S = 30 * 86_400.0
MOST_HOOKS = 50
NAME_LONGEST = 60
GONE = 410


def add_webhook(
    store: Store,
    key: Ed25519PrivateKey,
    name: str,
    url: str,
    kinds: list[str],
    who: str,
    now: float,
    *,
    private: bool = False,
    random: Callable[[int], bytes] = os.urandom,
) -> tuple[Webhook, str] | dict[str, Said]:
    """A new webhook that is told what happens from now on, with its secret; or what is wrong, by field."""
    name = " ".join(name.split())
    faults: dict[str, Said] = {}
    if not name or len(name) > NAME_LONGEST or not name.isprintable():
        faults["name"] = said(
            "Say which program this is for, in at most %(count)s characters.", count=NAME_LONGEST
        )
    try:
        target = read_target(url)
        if not target.https and not private:
            faults["url"] = said(
                "The address has to begin with https, so that nobody on the way can read along."
            )
    except ValueError:
        faults["url"] = said(
            "Give an address such as https://example.org/shopbell, without a name, a password or spaces in it."
        )
    wanted = [kind for kind in TOLD if kind in kinds]
    if not wanted or len(wanted) != len(set(kinds)):
        faults["kinds"] = said("Choose what it is to be told.")
    if faults:
        return faults
    secret = secret_text(random(SECRET_BYTES))
    sealed = seal(key.public_key().public_bytes_raw(), msgspec.json.encode([secret]), random(32))
    with store.writing():
        if len(store.webhooks.all()) >= MOST_HOOKS:
            return {"name": said("There are %(count)s webhooks already. Remove one.", count=MOST_HOOKS)}
        position = store.journal.last_position()
        hook = store.webhooks.put(
            Webhook(0, name, url, sealed, " ".join(wanted), private, "on", who, now, position)
        )
        both = (
            turned("name", None, name) | turned("url", None, target.shown) | turned("kinds", None, hook.kinds)
        )
        store.people.note(changed(now, who, "webhook.added", str(hook.number), both))
    return hook, secret


def remove_webhook(store: Store, number: int, who: str, now: float) -> bool:
    """Tell it nothing more; False where there is none of that number."""
    with store.writing():
        hook = store.webhooks.get(number)
        if hook is None:
            return False
        store.webhooks.put(replace(hook, state="off", ended_at=now, sealed=""))
        store.people.note(changed(now, who, "webhook.removed", str(number), turned("name", hook.name, None)))
    return True


def switch_webhook(store: Store, number: int, on: bool, who: str, now: float) -> bool:
    """Let it be told again, also of what happened meanwhile, or no more for now; False where there is none."""
    with store.writing():
        hook = store.webhooks.get(number)
        if hook is None:
            return False
        after = "on" if on else "off"
        if hook.state != after:
            store.webhooks.stand(number, "on" if on else "off", None)
            store.people.note(
                changed(now, who, "webhook.switched", str(number), turned("state", hook.state, after))
            )
    return True


def try_webhook(store: Store, number: int, now: float, random: Callable[[int], bytes] = os.urandom) -> bool:
    """A message that says nothing but that it is a test; False where there is no webhook of that number."""
    with store.writing():
        if store.webhooks.get(number) is None:
            return False
        body = _body(TEST, now, {"shop": store.shop.number})
        store.webhooks.add(number, [(f"test-{random(10).hex()}", TEST, body)], now)
    return True


def work_webhooks(store: HubStore, config: Config, now: float) -> None:
    """One turn: what happened becomes messages, and what is due is sent. Cheap where there is nothing to do."""
    hooks = [hook for hook in store.webhooks.all() if hook.state == "on"]
    if not hooks:
        return
    key = hub_key(config.dir)
    began = time.monotonic()
    for hook in hooks:
        while make_messages(store, hook.number, now) and time.monotonic() - began < LOOK_FOR_S:
            pass
        send_due(store, key, hook.number, now)


def make_messages(store: HubStore, number: int, now: float) -> bool:
    """Make messages of the next events of the journal for one webhook; whether there may be more."""
    hook = store.webhooks.get(number)
    if hook is None or store.journal.last_position() <= hook.position:
        return False
    with store.writing():
        # Another worker may have been faster.
        hook = store.webhooks.get(number)
        if hook is None or hook.state != "on":
            return False
        runs = store.beside.runs_after(hook.position, limit=10)
        if not runs:
            return False
        wanted = frozenset(hook.kinds.split())
        found = [
            message_of(store.shop.number, event)
            for run in runs
            for event in read_run(run.texts)
            if event.kind in wanted
        ]
        store.webhooks.add(number, found, now)
        store.webhooks.move_on(number, runs[-1].position + runs[-1].count - 1)
    return True


_USUAL: dict[str, dict[str, Any]] = {
    kind: {
        one.encode_name: one.default
        for one in msgspec.structs.fields(KINDS[kind])
        if one.encode_name in TOLD[kind] and one.default is not msgspec.NODEFAULT
    }
    for kind in TOLD
}
"""What facts leave out because it is as usual: who is told reads it all the same."""


def message_of(shop: int, event: Envelope | Event) -> tuple[str, str, bytes]:
    """The id, the kind and the text of a message about an event. The id is the event's own, so it is the same for ever."""
    try:
        fact = _USUAL[event.kind] | msgspec.json.decode(event.data, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        fact = {}
    data = {"shop": shop, "device": event.device}
    data |= {name: fact[name] for name in TOLD[event.kind] if fact.get(name) not in (None, "")}
    return f"{shop}.{event.device}.{event.epoch}.{event.seq}", event.kind, _body(event.kind, event.at, data)


def _body(kind: str, at: float, data: dict[str, Any]) -> bytes:
    try:
        stamp = datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    except (OverflowError, ValueError, OSError):
        stamp = "1970-01-01T00:00:00.000Z"
    return msgspec.json.encode({"type": kind, "timestamp": stamp, "data": data})


def send_due(store: HubStore, key: Ed25519PrivateKey, number: int, now: float) -> int:
    """Send what is due to one webhook, in its order, until it fails; how many were tried."""
    hook = store.webhooks.get(number)
    if hook is None:
        return 0
    if hook.failing_since is not None:
        # One that fails is asked by the oldest message that waits, at its times; the others wait behind it.
        oldest = store.webhooks.oldest(number)
        if oldest is None or oldest.next_at > now:
            return 0
    taken = store.webhooks.take(now, now + HELD_S, 1 if hook.failing_since else AT_ONCE, webhook=number)
    for place, message in enumerate(taken):
        done = _send(hook, key, message, now)
        if not _note(store, hook, message, done, now):
            store.webhooks.put_back(taken[place + 1 :], now)
            return place + 1
    return len(taken)


def _send(hook: Webhook, key: Ed25519PrivateKey, message: Message, now: float) -> Delivered:
    secrets = list(_secrets(hook, key))
    if not secrets:
        return Delivered(
            0, "Its secret cannot be read with this hub's key. Remove this webhook and make it anew."
        )
    return deliver(hook.url, message.body, message=message.id, now=now, secrets=secrets, private=hook.private)


def _secrets(hook: Webhook, key: Ed25519PrivateKey) -> Iterator[bytes]:
    try:
        for text in msgspec.json.decode(unseal(key, hook.sealed), type=list[str]):
            yield read_secret(text)
    except (BadSeal, msgspec.MsgspecError, ValueError):
        return


def _note(store: HubStore, hook: Webhook, message: Message, done: Delivered, now: float) -> bool:
    """Keep what became of a try; whether the receiver took it."""
    said_short = done.said[:500]
    with store.writing():
        if done.taken:
            store.webhooks.tried(message, "sent", done.status, said_short, now, now)
            if hook.failing_since is not None:
                store.webhooks.stand(hook.number, "on", None)
            return True
        tries = message.tries + 1
        over = done.status == GONE or now - message.made_at >= GIVE_UP_S or tries > len(AFTER_S)
        next_at = now + AFTER_S[min(tries, len(AFTER_S)) - 1]
        store.webhooks.tried(
            message, "given_up" if over else "waiting", done.status, said_short, next_at, now
        )
        since = hook.failing_since if hook.failing_since is not None else now
        store.webhooks.stand(hook.number, "disabled" if over else "on", since)
        if over:
            both = turned("state", "on", "disabled")
            store.people.note(changed(now, "hub", "webhook.disabled", str(hook.number), both))
            logger.warning("webhook disabled shop=%d webhook=%d", store.shop.number, hook.number)
    return False


def tidy_webhooks(store: HubStore, _config: Config, now: float) -> None:
    """Forget messages and answers that nobody asks for again."""
    store.webhooks.prune(now - KEEP_MESSAGES_S)
    store.outside.prune_answers(now - 2 * 86_400.0)

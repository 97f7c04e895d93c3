"""Hands messages over to one channel: each once, none after a stop is known.

A message goes through three steps, each on disk before the next:

1. *taken*: one worker prepares it, for as long as its lease lasts. Nothing has left; if the worker dies, another one takes it.
2. *handing*: the gate's first half. Consent, silence, quiet hours, caps and a cancelled mailing are looked at; from here on
   nobody sends it again. If the worker dies now, the message is told as unsure.
3. The gate's second half holds the shop's lock (`store.writing()`: one lock for all threads, processes and nodes of the shop on
   either database) while the channel gives the last octets away. What was looked at is looked at once more under it. Whoever
   takes a consent back needs that lock to commit: so either their stop is known before, and the message stays, or it left before.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from hardware.modem.text import weigh
from hub.client.trouble import StorageError
from hub.folding import fold
from hub.ingest import append_own
from hub.ledger import write_fact
from hub.messages.channel import LATER, Channel, NotSent, Outcome, Outgoing, Sent, Unsure
from hub.messages.outbox import OWN_WISH
from hub.messages.readers import Readers
from hub.messages.reporting import settle
from hub.messages.rules import Pace, read_rules
from hub.messages.sealed import BadLetter, Inside, address_hash, open_letter
from hub.store.base import Store
from hub.store.message_records import Kept
from hub.wire.events import KIND_OF, ClockState
from hub.wire.events_messages import MessageFact, MessageFailed, MessageSent, MessageStopped, MessageUnsure

logger = logging.getLogger(__name__)

LEASE_S = 300.0
"""Longer than any channel takes for one message. So soon is one taken again whose worker was lost, or told as unsure."""

FIRST_WAIT_S, LONGEST_WAIT_S = 15.0, 900.0
"""Between tries where the channel cannot now; each wait is twice the one before."""

FROM_LOST_WORKER = "The program was ended while the message was on its way."


@dataclass(frozen=True, slots=True)
class Go:
    """It may leave."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Not now; from `until` on it may."""

    until: float
    reason: str


@dataclass(frozen=True, slots=True)
class Hold:
    """It will not be sent; `reason` as `MessageStopped` has it."""

    reason: str


Verdict = Go | Wait | Hold


@dataclass(slots=True)
class _Gate:
    """What the gate has come to. `passed`: the last octets may have left. `lost`: another worker has the message now."""

    verdict: Verdict = Go()
    passed: bool = False
    lost: bool = False


class Hander:
    """One worker for one channel of one shop. `key`: the octets of `people.key`; `now`: seconds of UTC; `worker`: a name that no
    other has."""

    def __init__(
        self,
        store: Store,
        readers: Readers,
        channel: Channel,
        key: bytes,
        *,
        worker: str,
        now: Callable[[], float],
        clock: Callable[[], ClockState],
        lease_s: float = LEASE_S,
    ) -> None:
        self._store = store
        self._readers = readers
        self._channel = channel
        self._key = key
        self._worker = worker
        self._now = now
        self._clock = clock
        self._lease_s = lease_s

    def once(self) -> float | None:
        """Hand over the next message that is due: 0. Or None where there is none, or how long to wait for the channel's turn
        (s)."""
        store, channel, now = self._store, self._channel, self._now()
        media = (channel.medium,)
        if not store.messages.is_due(media, channel.name, now) or channel.trouble():
            return None
        each_s = 60.0 / self._pace().a_minute
        wait_s = store.messages.pace(channel.name, now, each_s)
        if wait_s > 0:
            return wait_s
        message = store.messages.take(media, channel.name, self._worker, now, now + self._lease_s)
        if message is None:
            return None
        self._hand_over(message, each_s)
        return 0.0

    def sweep(self) -> int:
        """Tell of messages whose worker was lost behind the gate: nobody knows whether they left. How many there were."""
        found = self._store.messages.left_behind(self._now())
        for one in found:
            self._end_unsure(one, FROM_LOST_WORKER)
        return len(found)

    # One message

    def _hand_over(self, message: Kept, each_s: float) -> None:
        inside = self._inside(message)
        if isinstance(inside, NotSent):
            self._finish(message, inside, _Gate())
            return
        letter = self._outgoing(message, inside)
        parts = weigh(letter.text).parts if message.medium == "sms" else 1
        if parts > 1:
            self._store.messages.slow(self._channel.name, (parts - 1) * each_s)
        hashed = address_hash(self._key, letter.address)
        state = _Gate()

        @contextmanager
        def gate() -> Iterator[bool]:
            with self._passing(message, hashed, state) as go:
                yield go

        # Looked at once without the lock, so that nobody is connected to for what stays here anyway.
        state.verdict = self._judge(message, hashed, self._now(), last=False)
        if not isinstance(state.verdict, Go):
            self._finish(message, NotSent("held"), state)
            return
        outcome: Outcome
        try:
            outcome = self._channel.hand_over(letter, gate)
        except StorageError as wrong:
            outcome = self._broke(state, f"The database could not be used: {wrong}")
        except Exception as wrong:  # noqa: BLE001 - told without its text
            # Whatever a channel or its library does, the next message is not to wait for it. A number may stand in the text of an
            # exception, so its name is told alone.
            logger.error(  # noqa: TRY400 - the same
                "messages: %s failed with %s", self._channel.name, type(wrong).__name__
            )
            outcome = self._broke(state, f"The channel failed: {type(wrong).__name__}.")
        self._finish(message, outcome, state)

    def _broke(self, state: _Gate, sentence: str) -> Outcome:
        return Unsure(sentence) if state.passed else NotSent("gone", sentence)

    @contextmanager
    def _passing(self, message: Kept, hashed: str, state: _Gate) -> Iterator[bool]:
        store = self._store
        if not state.passed:
            self._begin(message, hashed, state)
        if state.lost or not isinstance(state.verdict, Go):
            yield False
            return
        # On disk now: whatever happens from here on, nobody sends it again.
        with store.writing():
            now = self._now()
            state.verdict = self._judge(message, hashed, now, last=True)
            there = store.messages.get(message.number)
            state.lost = there is None or there.tries != message.tries or there.state != "handing"
            if state.lost or not isinstance(state.verdict, Go):
                store.messages.not_handed(message.number, message.tries)
                go = False
            else:
                go = state.passed = True
            yield go

    def _begin(self, message: Kept, hashed: str, state: _Gate) -> None:
        """The first half. A channel that its network refused, and that tries once more by itself, has passed it already."""
        store = self._store
        with store.writing():
            now = self._now()
            state.verdict = self._judge(message, hashed, now, last=False)
            if isinstance(state.verdict, Go):
                ours = store.messages.hand(
                    message.number, message.tries, self._channel.name, now, now + self._lease_s
                )
                state.lost = not ours
                if ours and message.member:
                    self._readers.counted(message.member, message.id, message.why, now)

    def _judge(self, message: Kept, hashed: str, now: float, *, last: bool) -> Verdict:
        """What is known now, under the lock. `last`: for the second time; what has counted it already is not asked again."""
        there = self._store.messages.get(message.number)
        if there is None:
            return Hold("erased")
        if there.state == "stopped":
            return Hold(there.reason)
        if message.not_after is not None and now > message.not_after:
            return Hold("late")
        if self._store.messages.silenced(hashed) >= message.number:
            return Hold("stopped")
        halted = self._store.mailings.state(message.mailing) if message.mailing else "running"
        if halted == "cancelled":
            return Hold("cancelled")
        if halted == "paused":
            return Wait(now + FIRST_WAIT_S, "paused")
        if not message.member:
            return Go()
        if self._readers.gone(message.member):
            return Hold("erased")
        stands = self._readers.standing(message.member, message.medium, now)
        # Whoever asked for an answer without having agreed to messages gets it; whoever took their consent back since does not.
        if not stands and (message.why in OWN_WISH or message.stood):
            return Hold("stopped")
        if not last and message.why in OWN_WISH:
            moment = self._readers.moment(message.member, message.medium, message.why, now)
            if moment > now:
                return Wait(moment, "quiet")
        return Go()

    # What became of it

    def _finish(self, message: Kept, outcome: Outcome, state: _Gate) -> None:
        if state.lost:
            return
        if isinstance(outcome, Sent):
            self._end_sent(message, outcome)
        elif isinstance(outcome, Unsure):
            self._end_unsure(message, outcome.sentence)
        elif isinstance(state.verdict, Hold):
            self._end_stopped(message, state.verdict.reason)
        elif isinstance(state.verdict, Wait):
            self._put_off(message, state.verdict.until, state.verdict.reason, "")
        elif outcome.reason in LATER or outcome.reason == "held":
            wait_s = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** min(10, max(0, message.tries - 1)))
            self._put_off(
                message, self._now() + max(outcome.wait_s, wait_s), outcome.reason, outcome.sentence
            )
        else:
            self._end_failed(message, outcome)

    def _put_off(self, message: Kept, until: float, reason: str, said: str) -> None:
        if message.not_after is not None and until > message.not_after:
            self._end_stopped(message, "late", said)
            return
        with self._store.writing():
            if self._store.messages.put_off(message.number, message.tries, until, reason, said):
                self._uncount(message)

    def _end_sent(self, message: Kept, sent: Sent) -> None:
        cost = sent.parts * self._pace().cost
        store, now = self._store, self._now()
        with store.writing():
            if not store.messages.end(
                message.number, message.tries, "sent", now, parts=sent.parts, cost=cost
            ):
                return
            store.messages.put_parts(message.number, self._channel.name, sent.references, now)
            self._tell(
                MessageSent(**_about(message), channel=self._channel.name, parts=sent.parts, cost=cost), now
            )
            # A report may have been faster than the answer.
            settle(store, message.number, now, self._clock())

    def _end_unsure(self, message: Kept, said: str) -> None:
        reason = "lost" if said == FROM_LOST_WORKER else "silent"
        store, now = self._store, self._now()
        with store.writing():
            if store.messages.end(message.number, message.tries, "unsure", now, reason=reason, said=said):
                self._tell(MessageUnsure(**_about(message), reason=reason), now)

    def _end_failed(self, message: Kept, outcome: NotSent) -> None:
        store, now = self._store, self._now()
        with store.writing():
            ended = store.messages.end(
                message.number, message.tries, "failed", now, reason=outcome.reason, said=outcome.sentence
            )
            if ended:
                self._uncount(message)
                self._tell(MessageFailed(**_about(message), reason=outcome.reason), now)

    def _end_stopped(self, message: Kept, reason: str, said: str = "") -> None:
        store, now = self._store, self._now()
        with store.writing():
            if store.messages.end(message.number, message.tries, "stopped", now, reason=reason, said=said):
                self._uncount(message)
                self._tell(MessageStopped(**_about(message), reason=reason), now)

    def _uncount(self, message: Kept) -> None:
        if message.member:
            self._readers.uncounted(message.member, message.id)

    def _tell(self, fact: MessageFact, now: float) -> None:
        tell(self._store, fact, now, self._clock())

    # Its words

    def _inside(self, message: Kept) -> Inside | NotSent:
        """Where it goes and what it says."""
        inside = Inside("", message.text, message.subject)
        if message.closed:
            try:
                inside = open_letter(self._key, message.id, message.closed)
            except BadLetter as wrong:
                return NotSent("no-address", str(wrong))
        address = inside.number or self._readers.address(message.member, message.medium)
        if not address:
            return NotSent("no-address", "Nobody knows where this member is reached by this channel.")
        return replace(inside, number=address)

    def _outgoing(self, message: Kept, inside: Inside) -> Outgoing:
        now, member = self._now(), message.member
        stop = self._readers.stop(member, now) if member else ""
        text, subject = inside.text, inside.subject
        if member:
            name = self._readers.name(member)
            page = self._readers.page(member, now) if "{page}" in text else ""
            for mark, value in (("{page}", page), ("{stop}", stop), ("{name}", name)):
                # The name last: what somebody calls themselves is no template.
                text, subject = text.replace(mark, value), subject.replace(mark, value)
        language = message.language or (self._readers.language(member) if member else "")
        number = f"{self._store.shop.number}-{message.number}"
        return Outgoing(number, inside.number, text, subject, language, stop, report=message.medium == "sms")

    def _pace(self) -> Pace:
        return read_rules(self._store.messages.rules()).pace(self._channel.name)


def tell(store: Store, fact: MessageFact, now: float, clock: ClockState) -> None:
    """Write a fact of a message into the hub's journal. Call inside the transaction that changes the message."""
    fold(store.ledger, [append_own(store, KIND_OF[type(fact)], write_fact(fact), now, clock)])


def _about(message: Kept) -> dict[str, Any]:
    return {
        "message": message.number,
        "member": message.member,
        "medium": message.medium,
        "why": message.why,
        "campaign": message.campaign,
        "plan": message.plan,
        "step": message.step,
    }

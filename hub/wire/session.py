"""A device's half of the exchange: what to send, and what to do after an answer.

Pure. `hub.client.exchange` drives a `Session`. It turns answers into effects, and the shell carries them out.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from hub.wire.events import ClockState
from hub.wire.identity import text_is_signed
from hub.wire.snapshot import BadSnapshot, Manifest, Snapshot, content_hash, read_manifest
from hub.wire.sync import Held, Problem, Retell, SettingTold, SyncReply, SyncRequest

RETRY_FIRST_S = 1.0
RETRY_LONGEST_S = 60.0


@dataclass(frozen=True, slots=True)
class Ack:
    """These events are in the hub's journal."""

    ids: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Park:
    """The hub cannot read this event."""

    epoch: int
    seq: int
    reason: str


@dataclass(frozen=True, slots=True)
class Adopt:
    """The hub's newest snapshot, checked: its manifest, and the sections that were missing."""

    manifest: Manifest
    signed: Snapshot


@dataclass(frozen=True, slots=True)
class SetClock:
    """The hub's time, for a node that has none of its own. Seconds of UTC."""

    now: float


@dataclass(frozen=True, slots=True)
class TellAgain:
    """The hub was set back: what happened since goes up once more."""

    asked: Retell


@dataclass(frozen=True, slots=True)
class Retry:
    """Nothing came of it; try again after this long. `sentence` says why, for people."""

    after_s: float
    code: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Renew:
    """The hub wants this node to take a new key for its coupons."""


Effect = Ack | Park | Adopt | SetClock | TellAgain | Retry | Renew


@dataclass(slots=True)
class Session:
    """A device's half of the exchange. Knows the hub's key, and how often it has failed in a row."""

    device: str
    hub: Ed25519PublicKey
    failures: int = 0

    def request(
        self,
        pending: list[tuple[int, int, bytes]],
        have: dict[str, str],
        clock: ClockState,
        rights: tuple[Held, ...] | None = None,
        signs_with: int | None = None,
        answered: int = 0,
        retold: int = 0,
        now: float | None = None,
        settings: tuple[SettingTold, ...] | None = None,
    ) -> bytes:
        """The body to send for these `(epoch, seq, text)`."""
        events = tuple(msgspec.Raw(text) for _, _, text in pending)
        asked = SyncRequest(
            events=events,
            have=have,
            clock=clock,
            rights=rights,
            signs_with=signs_with,
            answered=answered,
            retold=retold,
            now=now,
            settings=settings,
            brief=True,
        )
        return msgspec.json.encode(asked)

    def receive(
        self, sent: list[tuple[int, int, bytes]], status: int, body: bytes, *, jitter: float
    ) -> list[Effect]:
        """What to do after an answer. `status` 0: none came. `jitter` is a random number from 0 to 1."""
        if status != 200:
            return [self._retry(status, body, jitter)]
        try:
            reply = msgspec.json.decode(body, type=SyncReply)
            effects = self._verdicts(sent, reply)
            effects += self._snapshot(reply)
        except (msgspec.MsgspecError, UnicodeDecodeError, BadSnapshot) as wrong:
            return [self._failed(jitter, "bad_reply", f"The hub's answer cannot be used: {wrong}")]
        self.failures = 0
        effects += [SetClock(reply.now)]
        effects += [Renew()] if reply.renew else []
        return effects + ([TellAgain(reply.retell)] if reply.retell else [])

    def _verdicts(self, sent: list[tuple[int, int, bytes]], reply: SyncReply) -> list[Effect]:
        if reply.all_taken:
            if reply.all_taken != len(sent) or reply.verdicts:
                raise BadSnapshot(f"{reply.all_taken} were taken, it says, but {len(sent)} were sent")
            return [Ack(tuple((epoch, seq) for epoch, seq, _ in sent))]
        acked: list[tuple[int, int]] = []
        parked: list[Effect] = []
        for verdict in reply.verdicts:
            if verdict.place >= len(sent):
                raise BadSnapshot(f"a verdict for place {verdict.place}, but only {len(sent)} were sent")
            epoch, seq, _ = sent[verdict.place]
            if verdict.outcome == "parked":
                parked.append(Park(epoch, seq, verdict.reason or "no reason given"))
            else:
                acked.append((epoch, seq))
        return [Ack(tuple(acked)), *parked] if acked else parked

    def _snapshot(self, reply: SyncReply) -> list[Effect]:
        snapshot = reply.snapshot
        if snapshot is None:
            return []
        if not text_is_signed(self.hub, snapshot.manifest, snapshot.signature):
            raise BadSnapshot("the snapshot is not signed by this shop's hub")
        manifest = read_manifest(snapshot.manifest)
        if manifest.device != self.device:
            raise BadSnapshot(f"the snapshot is for {manifest.device}")
        for name, body in snapshot.sections.items():
            if content_hash(body) != manifest.sections.get(name):
                raise BadSnapshot(f"section {name} is not the one that was signed")
        return [Adopt(manifest, snapshot)]

    def _retry(self, status: int, body: bytes, jitter: float) -> Retry:
        if status == 0:
            return self._failed(jitter, "hub_unreachable", "The hub does not answer.")
        try:
            problem = msgspec.json.decode(body, type=Problem)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            problem = Problem("bad_reply", f"The hub answered with status {status}.")
        return self._failed(jitter, problem.code, problem.sentence)

    def _failed(self, jitter: float, code: str, sentence: str) -> Retry:
        self.failures += 1
        return Retry(back_off_s(self.failures, jitter), code, sentence)


def back_off_s(failures: int, jitter: float) -> float:
    """How long to wait after so many failures in a row: doubling, with "full jitter", so that nodes do not come back as one.

    At least a tenth of the step, so that an unlucky draw never makes a node hammer its hub.
    """
    step = min(RETRY_LONGEST_S, RETRY_FIRST_S * 2.0 ** min(failures - 1, 16))
    return step * (0.1 + 0.9 * jitter)

"""Eddystone ephemeral identifiers: who holds a beacon's key can say what it calls itself at any time.

Pure: the times come from the caller.

Source: Eddystone Protocol Specification, "Eddystone-EID computation". The beacon's clock counts seconds since it was
set up; an identifier lasts 2**k seconds. `EidClock` keeps the clock of a beacon that we are, `EidResolver` follows those of
beacons that others are.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

import msgspec
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

KEY_OCTETS = 16
LARGEST_EXPONENT = 15
LAST_SECOND = (1 << 32) - 1

USUAL_EXPONENT = 10
"""An identifier for 17 minutes, about as long as a phone keeps its address. Much shorter, and whoever resolves it must know our
clock better; longer, and what an app noted at our door yesterday is easier to find again today."""

SAVE_EVERY_S = 1024
"""For so long ahead is written down what may be said, or for one identifier where that lasts longer. A beacon that starts without
knowing the time begins behind that, so that it never says again what it has said. Less wears the card."""

LONGEST_LEAD_S = 86_400
"""A clock that is ahead stands still until the time has caught up with it; if it is ahead by more than a day, a wrong time was
believed once, and standing still for weeks would be worse than going back."""

STEP_S = 2.0
"""A clock that is set back by less was put right, not wrong: no reason to write to the card."""

SLACK_S = 60.0
"""Between a beacon's clock and ours there is always some: the moment of setting up, a delayed packet, our own clock being set."""

DRIFT = 100e-6
"""How far a beacon's clock may run off, 9 s a day: Bluetooth allows 50 ppm awake, 500 ppm asleep (Core Specification 5.4, Vol 6
Part B, 4.2), and crystals of beacons on the market stay within 20 to 100 ppm. Smaller, and an old tag is lost."""

FARTHEST_PERIODS = 512
"""Identifiers kept on either side of the expected one, at most: bounds memory and time for a key not seen for years."""


def eid(identity_key: bytes, exponent: int, beacon_time_s: int) -> bytes:
    """The eight octets on the air at this time of the beacon's clock, for an identifier that lasts 2**exponent s."""
    if not 0 <= exponent <= LARGEST_EXPONENT:
        raise ValueError(f"A rotation exponent is 0 to {LARGEST_EXPONENT}, not {exponent}.")
    return _eid(temporary_key(identity_key, beacon_time_s), exponent, beacon_time_s)


def temporary_key(identity_key: bytes, beacon_time_s: int) -> bytes:
    """The key of the 18 hours (2**16 s) around this time."""
    if len(identity_key) != KEY_OCTETS:
        raise ValueError(f"An identity key has {KEY_OCTETS} octets, not {len(identity_key)}.")
    if not 0 <= beacon_time_s <= LAST_SECOND:
        raise ValueError(f"A beacon's clock has 32 bits; {beacon_time_s} does not fit.")
    return _aes(identity_key, bytes(11) + b"\xff\x00\x00" + (beacon_time_s >> 16).to_bytes(2, "big"))


def _eid(key: bytes, exponent: int, beacon_time_s: int) -> bytes:
    window = beacon_time_s >> exponent << exponent
    return _aes(key, bytes(11) + bytes((exponent,)) + window.to_bytes(4, "big"))[:8]


def _aes(key: bytes, block: bytes) -> bytes:
    # One block of AES is what the specification asks for; ECB of a single block is exactly that.
    encryptor = Cipher(AES(key), ECB()).encryptor()  # noqa: S305
    return encryptor.update(block) + encryptor.finalize()


class EidBeacon(msgspec.Struct, frozen=True):
    """A beacon that we are, as it is kept on disk, readable by its owner alone.

    `key` is 32 hex digits. `said_s`: its clock has not come so far yet, whatever was said since this was written. `zero` is the
    second since 1970 at which the clock was zero, None while nobody has known the time. `ahead`: its clock may be ahead of that.
    """

    key: str
    exponent: int = USUAL_EXPONENT
    said_s: int = 0
    zero: float | None = None
    ahead: bool = False


class EidClock:
    """The clock of a beacon that we are; it goes on over a restart, also of a machine that does not know the time then.

    `elapsed_s` are seconds on a clock that never jumps, from any beginning; `now` is seconds since 1970, None while the machine
    does not know.
    """

    def __init__(self, kept: EidBeacon, elapsed_s: float, now: float | None) -> None:
        self._kept = kept
        self._key = bytes.fromhex(kept.key)
        self._elapsed_s = elapsed_s
        self._zero = kept.zero
        self._every_s = max(1 << kept.exponent, SAVE_EVERY_S)
        # What was said last is not known. By the time it is, unless the clock was ahead of it; else from what was promised on.
        by_time = now is not None and kept.zero is not None and not kept.ahead
        self._clock_s = 0.0 if by_time else float(kept.said_s)
        self._ahead = not by_time
        self.clock_s(elapsed_s, now)

    def clock_s(self, elapsed_s: float, now: float | None) -> int:
        """What the beacon's clock says. Where the time is known, that decides; but the clock does not go back."""
        passed_s, self._elapsed_s = max(elapsed_s - self._elapsed_s, 0.0), elapsed_s
        if now is None:
            self._clock_s += passed_s
            self._ahead = True
        else:
            if self._zero is None:
                self._zero = now - self._clock_s - passed_s
            true_s = max(now - self._zero, 0.0)
            lead_s = self._clock_s - true_s
            if not 0 < lead_s <= LONGEST_LEAD_S:
                self._clock_s = true_s
            self._ahead = STEP_S < lead_s <= LONGEST_LEAD_S
        return min(int(self._clock_s), LAST_SECOND)

    def eid(self, elapsed_s: float, now: float | None) -> str:
        """The identifier to be on the air, in hex."""
        return eid(self._key, self._kept.exponent, self.clock_s(elapsed_s, now)).hex()

    def to_keep(self) -> EidBeacon | None:
        """What to write down now; None where what is written will do. Ask every few seconds, and say `kept` when it is done."""
        kept, left_s = self._kept, self._kept.said_s - self._clock_s
        # A minute early: whoever asks may be late, and nothing may be said beyond what was promised.
        will_do = SLACK_S < left_s <= 2 * self._every_s and (self._zero, self._ahead) == (
            kept.zero,
            kept.ahead,
        )
        return None if will_do else self._now_kept()

    def kept(self) -> None:
        """It has been written down."""
        self._kept = self._now_kept()

    def _now_kept(self) -> EidBeacon:
        promised_s = int(self._clock_s) + self._every_s
        return EidBeacon(self._kept.key, self._kept.exponent, promised_s, self._zero, self._ahead)


class EidKey(msgspec.Struct, frozen=True):
    """What is known of another's beacon: its key, how long its identifiers last, when its clock was zero, when it was last seen.

    Times are seconds since 1970; `seen_at` None: never since it was set up.
    """

    key: bytes
    exponent: int
    zero: float
    seen_at: float | None = None


class EidResolver:
    """Whose identifier is this? Knows those that each beacon may say now, and learns how far each one's clock runs off.

    An identifier is looked up in a dictionary; it is brought up to date when some beacon's period ends. How far from the
    expected period is searched grows with the time since a beacon was seen (SLACK_S, DRIFT).
    """

    def __init__(self, keys: Sequence[EidKey]) -> None:
        """ValueError for a key or an exponent that cannot be."""
        self._followed = [_Followed(key) for key in keys]
        self._known: dict[str, tuple[int, int]] = {}
        self._now = float("-inf")
        self._due = float("-inf")

    def find(self, eid_hex: str, now: float) -> int | None:
        """The place of the key whose identifier this is, None where it is nobody's. `now` is seconds since 1970."""
        if now >= self._due or now < self._now:
            self._renew(now)
        self._now = now
        found = self._known.get(eid_hex)
        if found is None:
            return None
        index, period = found
        if self._followed[index].seen(period, now):
            self._due = now
        return index

    def _renew(self, now: float) -> None:
        for index, one in enumerate(self._followed):
            if now >= one.due or now < self._now:
                gone, come = one.move(now)
                for text in gone:
                    self._known.pop(text, None)
                self._known |= {text: (index, period) for text, period in come.items()}
        self._due = min((one.due for one in self._followed), default=float("inf"))


class _Followed:
    """One beacon: the identifiers that it may say, period by period, and by how much its clock is ahead."""

    __slots__ = ("_ahead_s", "_key", "_period_s", "_said", "_seen_at", "_temporary", "due")

    def __init__(self, key: EidKey) -> None:
        eid(key.key, key.exponent, 0)
        self._key = key
        self._period_s = 1 << key.exponent
        self._ahead_s = 0.0
        self._seen_at = key.zero if key.seen_at is None else key.seen_at
        self._said: dict[int, str] = {}
        self._temporary: tuple[int, bytes] = (-1, b"")
        self.due = float("-inf")

    def move(self, now: float) -> tuple[list[str], dict[str, int]]:
        """Which identifiers it may not say any more, and which it may now, each with its period."""
        clock_s = now - self._key.zero + self._ahead_s
        reach_s = SLACK_S + DRIFT * max(now - self._seen_at, 0.0)
        middle = int(clock_s // self._period_s)
        reach = min(ceil(reach_s / self._period_s), FARTHEST_PERIODS)
        self.due = now + (middle + 1) * self._period_s - clock_s
        last = LAST_SECOND // self._period_s
        wanted = range(max(middle - reach, 0), min(middle + reach, last) + 1)
        gone = [self._said.pop(period) for period in list(self._said) if period not in wanted]
        come = {self._eid(period): period for period in wanted if period not in self._said}
        self._said |= {period: text for text, period in come.items()}
        return gone, come

    def seen(self, period: int, now: float) -> bool:
        """It was heard to say the identifier of this period; whether more was learned than that it is there."""
        clock_s = now - self._key.zero + self._ahead_s
        begin_s, end_s = period * self._period_s, (period + 1) * self._period_s
        # Within its period nothing is known but that; the smallest correction that puts it there is right at its edge.
        off_s = min(clock_s - begin_s, 0.0) or max(clock_s - end_s, 0.0)
        self._ahead_s -= off_s
        self._seen_at = max(self._seen_at, now)
        if off_s:
            self.due = now
        return off_s != 0

    def _eid(self, period: int) -> str:
        at_s = period * self._period_s
        if self._temporary[0] != at_s >> 16:
            self._temporary = at_s >> 16, temporary_key(self._key.key, at_s)
        return _eid(self._temporary[1], self._key.exponent, at_s).hex()

"""A code by text message: who may have one, how often, and whether the code that comes back is the one.

Numbers are in memory only, and only as a hash whose salt is in memory too; the count of the day's messages is on disk, so that
pulling the plug gives nobody a second budget. One worker speaks with the modem; a form waits for it for a short while at most,
and only one form at a time, so that a slow modem never holds up the portal.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import threading
from collections import OrderedDict, deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as Late
from dataclasses import dataclass, field

from edge.portal.ways.entry import CodeSent, NotYet
from edge.portal.ways.sentences import Reason, message, not_yet
from edge.portal.ways.store import WaysStore
from hardware.modem.modem import Modem, NotSent, Sent
from hub.client.db import StorageError
from hub.storefront.numbers import Number, read_number

logger = logging.getLogger(__name__)

Words = Callable[[str, str, str], str]
"""The text message from a code, the shop's name and a language."""

CODE_DIGITS = 6
CODE_LIVES_S = 600.0
WRONG_TRIES = 5
"""Of one code, then it is worth nothing: five in a million."""

COOL_DOWN_S = 30.0
SENDS_A_DAY = 5
"""To one number; who wants to annoy somebody with our messages gets no further."""

PLACE_SENDS_A_DAY = 10
"""From one phone: a family asks for everybody on one of them; more is somebody who plays."""

DOOR_SENDS_A_DAY = 200
"""Each message costs the shop money. Premium lines are no numbers of ours, and this bounds the rest."""

DAY_S = 86_400.0
ANSWER_WITHIN_S = 2.5
"""How long a form waits for the modem; then the page says that the message is on its way."""

WAITING = 4
"""Messages before the modem; whoever comes then is asked to come again: at five seconds each they would wait too long."""

BUSY_TRIES, BUSY_PAUSE_S = 5, 2.0
"""Others may use the modem; a message lasts a few seconds."""

PAUSE_AFTER_FAILURE_S = 10.0
"""A modem without network or credit is left alone for so long: each try would be two writes to the card for nothing."""

MOST_CODES = 1_000


@dataclass(slots=True)
class _Code:
    """A code on its way. `failed`: the modem said no after the page had said yes. `taken_by`: the place that it let in. `who`:
    the salted hash of its number."""

    code: str
    sent_at: float
    tries: int = 0
    failed: bool = False
    taken_by: str = ""
    who: str = ""


@dataclass(slots=True)
class _Sends:
    """When somebody was sent something, the latest last. `cools_from`: their latest try, which they wait after."""

    at: deque[float] = field(default_factory=deque)
    cools_from: float = float("-inf")


class SmsCodes:
    """Sends codes and checks them. `now` is seconds of UTC; `shop` gives the shop's name in a language."""

    def __init__(
        self,
        store: WaysStore,
        modem: Modem,
        random: Callable[[int], bytes],
        shop: Callable[[str], str],
        country: str,
        *,
        answer_within_s: float = ANSWER_WITHIN_S,
    ) -> None:
        self._store = store
        self._modem = modem
        self._random = random
        self._shop = shop
        self._country = country
        self._answer_within_s = answer_within_s
        self._salt = random(32)
        self._lock = threading.Lock()
        self._codes: OrderedDict[str, _Code] = OrderedDict()
        self._numbers: dict[str, _Sends] = {}
        self._places: dict[str, _Sends] = {}
        self._worker = ThreadPoolExecutor(1, "modem")
        self._queued = 0
        self._failed_at = float("-inf")
        self._one_waits = threading.Lock()
        self._closing = threading.Event()

    # First step: a number

    def send(
        self, typed: str, place: str, language: str, now: float, *, words: Words = message
    ) -> CodeSent | NotYet:
        """Send a code to the number that was typed, where the limits allow it. `words` makes the message."""
        number = read_number(typed, self._country)
        if number is None:
            return not_yet("wrong-number")
        who = self._hashed(number)
        with self._lock:
            refused = self._refused(who, place, now)
            if refused is not None:
                return refused
            handle, code = self._random(16).hex(), _digits(self._random)
            self._note(who, place, now)
            self._codes[handle] = _Code(code, now, who=who)
            while len(self._codes) > MOST_CODES:
                self._codes.popitem(last=False)
            self._queued += 1
        text = words(code, self._shop(language), language)
        done = self._worker.submit(self._deliver, number, text, handle, who, place, now)
        return self._soon(done, handle, number)

    def _refused(self, who: str, place: str, now: float) -> NotYet | None:
        """Why not now, or the day's count is raised. The order: what waiting mends before what it does not."""
        self._forget_old(now)
        limits: tuple[tuple[_Sends | None, int, Reason, Reason], ...] = (
            (self._numbers.get(who), SENDS_A_DAY, "number-cool-down", "number-today"),
            (self._places.get(place), PLACE_SENDS_A_DAY, "place-cool-down", "place-today"),
        )
        for sends, most, soon, today in limits:
            if sends is None:
                continue
            # A clock that was set back must not lock anybody out for long.
            since = abs(now - sends.cools_from)
            if since < COOL_DOWN_S:
                return not_yet(soon, COOL_DOWN_S - since)
            if len(sends.at) >= most:
                return not_yet(today, max(0.0, sends.at[0] + DAY_S - now))
        if self._queued >= WAITING:
            return not_yet("modem-busy", 5.0)
        paused_s = abs(now - self._failed_at)
        if paused_s < PAUSE_AFTER_FAILURE_S:
            return not_yet("modem-failed", PAUSE_AFTER_FAILURE_S - paused_s)
        if not self._store.count_message(_day(now), DOOR_SENDS_A_DAY):
            return not_yet("door-today", DAY_S - now % DAY_S)
        return None

    def _note(self, who: str, place: str, now: float) -> None:
        for sends in (self._numbers.setdefault(who, _Sends()), self._places.setdefault(place, _Sends())):
            sends.at.append(now)
            sends.cools_from = now

    def _forget_old(self, now: float) -> None:
        _drop_old(self._numbers, now)
        _drop_old(self._places, now)
        for handle, code in list(self._codes.items()):
            if abs(now - code.sent_at) > 2 * CODE_LIVES_S:
                del self._codes[handle]

    def _soon(self, done: Future[Sent | NotSent], handle: str, number: Number) -> CodeSent | NotYet:
        """What the modem says, where it says it soon; else the page goes on, and the message is on its way."""
        sent = CodeSent(handle, number.shown)
        if not self._one_waits.acquire(blocking=False):
            return sent
        try:
            answer = done.result(self._answer_within_s)
        except Late:
            return sent
        finally:
            self._one_waits.release()
        return sent if isinstance(answer, Sent) else not_yet("modem-failed")

    def _deliver(
        self, number: Number, text: str, handle: str, who: str, place: str, now: float
    ) -> Sent | NotSent:
        """In the worker: send, and give back what a message that was not sent has cost its number and place."""
        try:
            answer = self._try(number, text)
        except Exception:
            logger.exception("modem failed")
            answer = NotSent("refused", "The modem's driver failed.")
        finally:
            with self._lock:
                self._queued -= 1
        if isinstance(answer, NotSent):
            logger.warning("message not sent: %s", answer.sentence)
            with self._lock:
                if handle in self._codes:
                    self._codes[handle].failed = True
                for sends in (self._numbers.get(who), self._places.get(place)):
                    if sends is not None and now in sends.at:
                        sends.at.remove(now)
                if answer.reason in ("no-network", "no-credit", "closed", "no-sim", "gone"):
                    self._failed_at = now
                if who in self._numbers:
                    # The number has had nothing; whoever asked waits all the same, for each try is a write to the card.
                    self._numbers[who].cools_from = float("-inf")
            try:
                self._store.uncount_message(_day(now))
            except StorageError as wrong:
                logger.warning("message count: %s", wrong)
        return answer

    def _try(self, number: Number, text: str) -> Sent | NotSent:
        for _ in range(BUSY_TRIES):
            answer = self._modem.send(number.e164, text)
            if isinstance(answer, Sent) or answer.reason != "busy" or self._closing.wait(BUSY_PAUSE_S):
                break
        return answer

    # Second step: the code

    def check(self, handle: str, typed: str, place: str, now: float) -> NotYet | None:
        """None where this is the code that was sent for this handle; it is good for one place only."""
        with self._lock:
            kept = self._codes.get(handle)
            if kept is None or abs(now - kept.sent_at) > CODE_LIVES_S:
                return not_yet("sms-over")
            if kept.failed:
                return not_yet("modem-failed")
            if kept.tries >= WRONG_TRIES or kept.taken_by not in ("", place):
                return not_yet("sms-dead")
            if hmac.compare_digest(kept.code.encode(), _folded(typed)):
                kept.taken_by = place
                return None
            if not typed.strip():
                return not_yet("no-code", handle=handle)
            kept.tries += 1
            if kept.tries >= WRONG_TRIES:
                return not_yet("sms-dead")
            return not_yet("sms-wrong", handle=handle)

    def went_to(self, handle: str, number: Number) -> bool:
        """Whether the code of this handle went to that number: the form between the two steps is the phone's."""
        with self._lock:
            kept = self._codes.get(handle)
        return kept is not None and hmac.compare_digest(kept.who, self._hashed(number))

    def _hashed(self, number: Number) -> str:
        return hmac.digest(self._salt, number.e164.encode(), hashlib.sha256).hex()

    def used(self, handle: str) -> None:
        """The gate is open: the code is worth nothing any more."""
        with self._lock:
            self._codes.pop(handle, None)

    def close(self) -> None:
        """Send no more; the modem's own close lets a message under way end."""
        self._closing.set()
        self._worker.shutdown(wait=False, cancel_futures=True)


def _drop_old(kept: dict[str, _Sends], now: float) -> None:
    for key, sends in list(kept.items()):
        while sends.at and abs(now - sends.at[0]) >= DAY_S:
            sends.at.popleft()
        if not sends.at and abs(now - sends.cools_from) >= COOL_DOWN_S:
            del kept[key]


def _digits(random: Callable[[int], bytes]) -> str:
    """Six digits, each as likely: 64 bits leave a bias of less than one in 10^13."""
    return f"{int.from_bytes(random(8), 'big') % 10**CODE_DIGITS:0{CODE_DIGITS}d}"


def _folded(typed: str) -> bytes:
    """What was typed as its digits: spaces and dashes do not matter, nor do full-width digits of a Chinese keyboard."""
    kept = [str(int(sign)) for sign in typed[:40] if sign.isdecimal()]
    rest = [sign for sign in typed[:40] if not sign.isdecimal() and sign not in " -–\t\u3000"]
    return "".join(kept).encode() if not rest else b""


def _day(now: float) -> int:
    return int(now // DAY_S)

"""The till's line to the hub: asks while it answers, knows when it is cut off, and notices by itself when it is back."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeVar

import msgspec

from hub.client.exchange import LinkState
from hub.client.link import Reply
from hub.wire.sync import (
    LookReply,
    LookRequest,
    Problem,
    RedeemReply,
    RedeemRequest,
    Released,
    ReleaseRequest,
    ReserveReply,
    ReserveRequest,
    ReverseReply,
    ReverseRequest,
)
from hub.wire.sync_value import (
    SpendReply,
    SpendRequest,
    TopUpReply,
    TopUpRequest,
    UnspendReply,
    UnspendRequest,
)

T = TypeVar("T")

ASK_TIMEOUT_S = 3.0
"""How long a customer waits for the hub before the till decides alone."""

FAILURES = 3
"""Quick failures in a row, such as a hub that is just starting again, before the till stops asking at each scan."""

ASKING = 8
"""Questions under way at once: more than a till has hands."""

REFUSING = frozenset({"withdrawn", "unknown_device", "bad_signature"})
"""Problems with which the hub answers, but will have nothing to do with this till."""

_AWAY = frozenset({"hub_unreachable", "bad_reply", "storage"})
"""What an exchange ends with where the hub is away, or there but broken. With anything else it is there and may be asked."""

_COUNTER_USED = 409


class Signed(Protocol):
    """What the line needs of `hub.client.link.SignedLink`."""

    def post(self, path: str, body: bytes, timeout_s: float) -> Reply:
        """Send one signed request; status 0 where no answer came that can be believed."""
        ...

    def count_above(self, highest: int) -> None:
        """Go on above the counters that the hub has seen."""
        ...


class HubLine:
    """Asks the hub whatever staff want to know or do at once: one line, one state.

    `state` is how the background exchange last fared, a new object after each exchange. After one question without an
    answer in time, or three quick failures in a row, whatever was asked, the line counts as cut until an exchange that came
    later succeeds. Every question is answered by the hub's decision, by a Problem where it answered but did not decide, or by
    None: the till is on its own.
    """

    def __init__(
        self,
        link: Signed,
        state: Callable[[], LinkState],
        now: Callable[[], float],
        *,
        timeout_s: float = ASK_TIMEOUT_S,
    ) -> None:
        self._link = link
        self._state = state
        self._now = now
        self._timeout_s = timeout_s
        self._lock = threading.Lock()
        self._failures = 0
        self._cut_in: LinkState | None = None
        self._since: float | None = None
        # A name that cannot be resolved holds its caller for longer than any time-out of a socket: so in a thread of its own.
        self._asking = ThreadPoolExecutor(ASKING, thread_name_prefix="ask")

    def cut_off_since(self) -> float | None:
        """Since when this till is on its own, in seconds of UTC; None while the hub answers."""
        state = self._state()
        with self._lock:
            if self._cut_in is not None and state is not self._cut_in and state.reached:
                self._cut_in, self._failures = None, 0
            exchange_fails = not state.reached and state.code in _AWAY
            if self._cut_in is None and not exchange_fails:
                self._since = None
            elif self._since is None:
                self._since = self._now() if state.last_reached_at is None else state.last_reached_at
            return self._since

    def ask(self, request: RedeemRequest) -> RedeemReply | Problem | None:
        """Redeem a coupon."""
        return self._ask("/v1/redeem", request, RedeemReply)

    def reverse(self, request: ReverseRequest) -> ReverseReply | Problem | None:
        """Take a redemption back."""
        return self._ask("/v1/reverse", request, ReverseReply)

    def reserve(self, request: ReserveRequest) -> ReserveReply | Problem | None:
        """Hold a coupon for one purchase."""
        return self._ask("/v1/reserve", request, ReserveReply)

    def release(self, request: ReleaseRequest) -> Released | Problem | None:
        """Give a hold up."""
        return self._ask("/v1/release", request, Released)

    def look(self, request: LookRequest) -> LookReply | Problem | None:
        """Look a coupon or a member up."""
        return self._ask("/v1/look", request, LookReply)

    def spend(self, request: SpendRequest) -> SpendReply | Problem | None:
        """Be paid from a member's purse, or look into it."""
        return self._ask("/v1/spend", request, SpendReply)

    def topup(self, request: TopUpRequest) -> TopUpReply | Problem | None:
        """Pay into a member's purse."""
        return self._ask("/v1/topup", request, TopUpReply)

    def unspend(self, request: UnspendRequest) -> UnspendReply | Problem | None:
        """Take an act on a purse back."""
        return self._ask("/v1/unspend", request, UnspendReply)

    def question(self, path: str, request: msgspec.Struct, kind: type[T]) -> T | Problem | None:
        """Any other question: about members, joining, tasks."""
        return self._ask(path, request, kind)

    def _ask(self, path: str, request: msgspec.Struct, kind: type[T]) -> T | Problem | None:
        if self.cut_off_since() is not None:
            return None
        state = self._state()
        body = msgspec.json.encode(request)
        try:
            answer = self._asking.submit(self._post, path, body, kind).result(self._timeout_s)
        except TimeoutError:
            self._cut(state)
            return None
        if answer is None:
            self._failed(state)
        else:
            with self._lock:
                self._failures = 0
        return answer

    def close(self) -> None:
        """Ask no more. May be called twice."""
        self._asking.shutdown(wait=False, cancel_futures=True)

    def _post(self, path: str, body: bytes, kind: type[T]) -> T | Problem | None:
        reply = self._link.post(path, body, self._timeout_s)
        answer = _read(reply, kind)
        if reply.status == _COUNTER_USED and isinstance(answer, Problem) and answer.highest is not None:
            # Another program of this node, or a disk that was set back, is ahead in counting: the same question once more.
            self._link.count_above(answer.highest)
            answer = _read(self._link.post(path, body, self._timeout_s), kind)
        return answer

    def _failed(self, state: LinkState) -> None:
        with self._lock:
            self._failures += 1
            enough = self._failures >= FAILURES
        if enough:
            self._cut(state)

    def _cut(self, state: LinkState) -> None:
        with self._lock:
            self._cut_in = state
            self._since = self._since or self._now()


def _read(reply: Reply, kind: type[T]) -> T | Problem | None:
    """None: no answer, a hub that is broken, or an answer that makes no sense. All three leave the till on its own."""
    if reply.status == 0 or reply.status >= 500:
        return None
    try:
        if reply.status == 200:
            return msgspec.json.decode(reply.body, type=kind)
        return msgspec.json.decode(reply.body, type=Problem)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None

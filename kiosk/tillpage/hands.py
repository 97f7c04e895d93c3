"""Whose hands are at the till: a device's scan belongs to whoever touched a page last, and each page hears of its own.

Memory only. After a restart nobody is at the till until a page of somebody signed in has asked for anything.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from hub.client.sessions import SignedIn

KEPT = 200
"""Happenings that are remembered; a page that was away for longer finds the rest in the day's list."""

AGAIN_S = 4.0
"""When a page asks again that could not wait here, because all places were taken or because another page of the same
person waits."""

Asked = Literal["product", "member", "find"]


@dataclass(frozen=True, slots=True)
class Hand:
    """Somebody at the till. `asked`: what their page is asking for, with the nonce of the act that it is asked for."""

    token: str
    training: bool = False
    asked: Asked | None = None
    asked_for: str = ""


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that a page has to show: the act with this nonce. `again`: it was shown before and has changed."""

    number: int
    mark: str
    nonce: str
    again: bool = False


@dataclass(frozen=True, slots=True)
class Heard:
    """What a page is told: how far it has heard now, which act to show, and when to ask again (0: at once)."""

    number: int
    nonce: str | None
    again_s: float = 0.0


class Hands:
    """The people at one till. Safe from several threads.

    `who` tells whose a session's token is, None where it has ended. At most `places` pages wait here at the same time, one for
    each session: a program with six threads must not give them all to pages that wait.
    """

    def __init__(self, who: Callable[[str], SignedIn | None], places: int) -> None:
        self._who = who
        self._places = places
        self._changed = threading.Condition()
        self._hand: Hand | None = None
        self._number = 0
        self._happened: deque[Happening] = deque(maxlen=KEPT)
        self._shown: set[str] = set()
        self._waiting: dict[str, object] = {}
        self._closed = False

    def touch(self, who: SignedIn, training: bool) -> None:
        """This person did something: what the devices read next is theirs."""
        with self._changed:
            same = self._hand is not None and self._hand.token == who.token
            self._hand = (
                replace(self._hand, training=training)
                if same and self._hand
                else Hand(who.token, training=training)
            )

    def return_to(self, who: SignedIn, training: bool) -> None:
        """A page of this person is open; it counts where nobody has touched anything since the program started."""
        with self._changed:
            if self._hand is None:
                self._hand = Hand(who.token, training=training)

    def ask(self, who: SignedIn, asked: Asked | None, nonce: str = "") -> None:
        """This person's page asks for something now, which a scanner may answer; None: for nothing but coupons."""
        with self._changed:
            if self._hand is not None and self._hand.token == who.token:
                self._hand = replace(self._hand, asked=asked, asked_for=nonce)

    def leave(self, who: SignedIn) -> None:
        """This person signed out."""
        with self._changed:
            if self._hand is not None and self._hand.token == who.token:
                self._hand = None

    def now(self) -> tuple[SignedIn, Hand] | None:
        """Who is at the till; None where nobody is signed in."""
        with self._changed:
            hand = self._hand
        if hand is None:
            return None
        who = self._who(hand.token)
        return (who, hand) if who else None

    def tell(self, mark: str, nonce: str, *, again: bool = False) -> None:
        """Let this session's page show an act."""
        with self._changed:
            self._number += 1
            if len(self._happened) == KEPT:
                self._shown.discard(self._happened[0].nonce)
            self._happened.append(Happening(self._number, mark, nonce, again))
            self._changed.notify_all()

    def number(self) -> int:
        """How far everything has been told."""
        with self._changed:
            return self._number

    def show(self, nonce: str) -> None:
        """An act stands on a screen now."""
        with self._changed:
            if any(one.nonce == nonce for one in self._happened):
                self._shown.add(nonce)

    def show_all(self, mark: str) -> None:
        """All of this session's acts stand on a screen now, in a list."""
        with self._changed:
            self._shown.update(one.nonce for one in self._happened if one.mark == mark)

    def unseen(self, mark: str) -> list[str]:
        """Acts that were decided while this session's page did not look, the latest first."""
        with self._changed:
            missed = dict.fromkeys(one.nonce for one in reversed(self._happened) if one.mark == mark)
            return [nonce for nonce in missed if nonce not in self._shown]

    def wait(self, mark: str, after: int, wait_s: float) -> Heard:
        """The latest of what this session's page has not heard of; waits for it where there is nothing yet."""
        me = object()
        with self._changed:
            if after > self._number:
                # The page is older than this program.
                after = 0
            if self._latest(mark, after) is None and not self._closed and wait_s > 0:
                others = sum(other != mark for other in self._waiting)
                if others >= self._places:
                    return Heard(self._number, None, AGAIN_S)
                self._waiting[mark] = me
                self._changed.notify_all()
                self._changed.wait_for(
                    lambda: (
                        self._closed
                        or self._waiting.get(mark) is not me
                        or self._latest(mark, after) is not None
                    ),
                    wait_s,
                )
                if self._waiting.get(mark) is not me:
                    return Heard(after, None, AGAIN_S)
                del self._waiting[mark]
            found = self._latest(mark, after)
            return Heard(self._number, found.nonce if found else None, AGAIN_S if self._closed else 0.0)

    def waiting(self) -> int:
        """How many pages wait now."""
        with self._changed:
            return len(self._waiting)

    def remembered(self) -> int:
        """How much is kept in memory: happenings, and those that stood on a screen."""
        with self._changed:
            return len(self._happened) + len(self._shown)

    def close(self) -> None:
        """Let all pages go that wait; none waits from now on."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _latest(self, mark: str, after: int) -> Happening | None:
        return next(
            (one for one in reversed(self._happened) if one.number > after and one.mark == mark), None
        )

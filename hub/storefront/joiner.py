"""What the pages of joining ask of the program that shows them: the portal, the kiosk, the hub, each in its own way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from hub.wire.fact import Medium
from hub.wire.snapshot import Text


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody agreed to. `form` is the mark of the form that they sent: the same form sent twice is one joining.

    `number`: E.164, and only once a code that was sent to it has come back. `mediums`: by which channels the shop may write.
    `invitation`: what a till gave them, empty where they came by themselves. `by_poster`: they came by a printed code.
    """

    form: str
    language: str
    number: str = ""
    mediums: tuple[Medium, ...] = ()
    invitation: str = ""
    by_poster: bool = False


@dataclass(frozen=True, slots=True)
class Joined:
    """A new member. `token` is the text of their card's QR, `code` what a person types; told once. `page`: their own page, where
    this program has it."""

    member: str
    token: str
    code: str
    page: str = ""


@dataclass(frozen=True, slots=True)
class CodeSent:
    """A message with a code is on its way. `shown` is the number with its middle left out."""

    handle: str
    shown: str


@dataclass(frozen=True, slots=True)
class NotYet:
    """Not done, and why, in the reader's words. `handle`: another code may be typed for it. `at_number`: the number is to be
    looked at again."""

    sentence: Text
    wait_s: float = 0.0
    handle: str = ""
    at_number: bool = True


class Joiner(Protocol):
    """Takes people in. Times are seconds of UTC; `place` is where a request comes from, for counting tries."""

    def new_form(self, now: float) -> str:
        """The mark of a new form: 32 to 64 characters that nobody else has."""

    def may_join(self, form: str, place: str, now: float) -> bool:
        """Whether this form was made here, is not too old, and its place has not sent too many."""

    def sends(self) -> bool:
        """Whether a code can be sent to a phone number now."""

    def send(self, typed: str, form: str, place: str, language: str, now: float) -> CodeSent | NotYet:
        """Send a code to the number that was typed."""

    def check(self, handle: str, typed: str, code: str, place: str, now: float) -> str | NotYet:
        """The number in E.164 where this is the code that was sent to it for this handle."""

    def join(self, wish: Wish, now: float) -> Joined:
        """Take somebody in: once for each form."""

    def invited(self, invitation: str, now: float) -> bool:
        """Whether a till has asked whoever holds this, and still waits."""

    def refuse(self, invitation: str, now: float) -> None:
        """Whoever was asked said no."""

    def waiting(self, now: float) -> str:
        """The invitation of a guest whom the till beside this screen has asked; empty where none waits, and on a phone."""

    def phone_url(self, now: float) -> str:
        """An address for the shopper's own phone, for the QR on a screen; empty where there is none, and on a phone."""

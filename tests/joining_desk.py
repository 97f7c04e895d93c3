"""A program that takes members in, in memory: what the pages of joining are tried with where no hub is needed."""

from __future__ import annotations

from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.storefront.joiner import CodeSent, Joined, NotYet, Wish
from hub.storefront.numbers import read_number
from hub.wire.card import Card, make_card, make_member_code


@dataclass
class MemoryJoiner:
    """Sends the code 424242 to every number. `joined` is what it was told."""

    modem: bool = True
    url: str = ""
    waiting_here: set[str] = field(default_factory=set)
    refused: list[str] = field(default_factory=list)
    joined: list[Wish] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)
    forms: int = 0
    page: str = ""

    def new_form(self, now: float) -> str:
        del now
        self.forms += 1
        return f"{self.forms:032x}"

    def may_join(self, form: str, place: str, now: float) -> bool:
        del place, now
        return len(form) == 32 and 0 < int(form, 16) <= self.forms

    def sends(self) -> bool:
        return self.modem

    def send(self, typed: str, form: str, place: str, language: str, now: float) -> CodeSent | NotYet:
        del form, place, language, now
        number = read_number(typed, "DE")
        if number is None:
            return NotYet({"en": "That is no mobile number.", "zh": "这不是手机号码。"})
        self.sent.append(number.e164)
        return CodeSent("handle", number.shown)

    def check(self, handle: str, typed: str, code: str, place: str, now: float) -> str | NotYet:
        del place, now
        number = read_number(typed, "DE")
        if handle != "handle" or code != "424242" or number is None:
            return NotYet({"en": "That is not the code.", "zh": "验证码不对。"}, handle="handle")
        return number.e164

    def join(self, wish: Wish, now: float) -> Joined:
        self.joined.append(wish)
        member = f"{len(self.joined):032x}"
        key = Ed25519PrivateKey.from_private_bytes(bytes(32))
        token = make_card(key, Card(None, 7, member, int(now)))
        return Joined(member, token, make_member_code(bytes(range(10))), self.page)

    def invited(self, invitation: str, now: float) -> bool:
        del now
        return invitation in self.waiting_here

    def refuse(self, invitation: str, now: float) -> None:
        del now
        self.refused.append(invitation)

    def waiting(self, now: float) -> str:
        del now
        return next(iter(self.waiting_here), "")

    def phone_url(self, now: float) -> str:
        del now
        return self.url

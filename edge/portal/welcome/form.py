"""The one form of the pop-up: which fields it has, what was sent with it, which sentence stands at which field.

Pure. Nothing that was typed is lost when something is wrong with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from edge.portal.guests import WayIn
from edge.portal.ways.entry import CodeSent, Entry, NotYet
from hub.storefront.words import clean
from hub.wire.snapshot import say

CODE_WAYS: tuple[WayIn, ...] = ("code", "coupon", "member")
"""Ways by something that is typed; one field for all of them."""

NUMBER_CHARACTERS = 40
CODE_CHARACTERS = 200
"""The text of a coupon's QR has 138; a person types 12."""

HANDLE_CHARACTERS = 100
AT_THE_NUMBER = frozenset({"wrong-number", "no-modem"})


@dataclass(frozen=True, slots=True)
class Form:
    """The form as it is shown. `ways`: what is offered; `wrong` and its sisters: a sentence, and at which field it stands.

    With a `handle` it asks for the code that was sent to `sent_to`, and for nothing else.
    """

    ways: tuple[WayIn, ...]
    number: str = ""
    typed: str = ""
    remember: bool = False
    handle: str = ""
    sent_to: str = ""
    wrong: str = ""
    wrong_number: str = ""
    wrong_code: str = ""

    @property
    def click(self) -> bool:
        """Nothing needs to be filled in."""
        return "click" in self.ways

    @property
    def asks_number(self) -> bool:
        """There is a field for a phone number."""
        return "sms" in self.ways and not self.handle

    @property
    def asks_code(self) -> bool:
        """There is a field for a code. Where everybody may come in and only members have one, a link is enough."""
        return bool(self.handle or self.typed) or any(
            way in self.ways and not (way == "member" and self.click) for way in CODE_WAYS
        )

    @property
    def asks_remember(self) -> bool:
        """Whoever could not come in as a member later is not asked to become one."""
        return "member" in self.ways

    @property
    def only_number(self) -> bool:
        """A number is all that can be given: then the buttons send for the code."""
        return set(self.ways) == {"sms"}


def read_form(sent: Mapping[str, str], ways: Sequence[WayIn]) -> Form:
    """What was sent, as the form would be shown again."""
    return Form(
        tuple(ways),
        number=clean(sent.get("phone_number", ""), NUMBER_CHARACTERS),
        typed=clean(sent.get("typed", ""), CODE_CHARACTERS),
        remember=sent.get("remember") == "yes",
        handle=clean(sent.get("handle", ""), HANDLE_CHARACTERS),
        sent_to=clean(sent.get("sent_to", ""), NUMBER_CHARACTERS),
    )


def entry_of(form: Form, place: str, language: str) -> Entry | None:
    """What is to be decided; None where nothing was filled in and nothing may be left empty.

    A code that was typed goes before a number, and a number before nothing: whoever fills in a field means it.
    """
    # Nobody agreed to what nobody was asked.
    entry = Entry("click", place, language, remember=form.remember and form.asks_remember)
    if form.handle:
        return replace(entry, way="sms", typed=form.typed, handle=form.handle)
    if form.typed:
        # Which kind of code it is, is for the ways to tell; a kind that is not offered is refused there.
        way: WayIn = next((each for each in CODE_WAYS if each in form.ways), "member")
        return replace(entry, way=way, typed=form.typed)
    if form.number and "sms" in form.ways:
        return replace(entry, way="sms", phone_number=form.number)
    return entry if form.click else None


def with_answer(form: Form, answer: NotYet | CodeSent, language: str) -> Form:
    """The form after an answer that is not yes: the next step, or the sentence at the field that it is about."""
    if isinstance(answer, CodeSent):
        return replace(form, handle=answer.handle, sent_to=answer.to, typed="", wrong="")
    sentence = say(answer.sentence, language)
    if form.handle and answer.handle:
        return replace(form, handle=answer.handle, wrong_code=sentence)
    if form.handle:
        # What was sent is of no use any more: back to the first step.
        form = replace(form, handle="", sent_to="", typed="")
    if form.asks_number and (answer.code in AT_THE_NUMBER or (form.number and not form.typed)):
        return replace(form, wrong_number=sentence)
    if form.typed:
        return replace(form, wrong_code=sentence)
    return replace(form, wrong=sentence)

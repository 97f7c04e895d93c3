"""What comes in: kept once, understood, and put where it belongs. One transaction, before the channel tells the other side.

A stop silences the number and takes back the consent of everybody who has it, in that same transaction. Whatever needs an answer
by the hub is marked as due; `hub.messages.answering` makes it. What nobody understands waits in the inbox for a person.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from hub.members.book import Book
from hub.members.consent import all_of, give, withdraw
from hub.members.joining import join_here
from hub.messages.channel import ChannelName, Heard
from hub.messages.keywords import Keyword, language_of, match, read_keyword
from hub.messages.loops import CONFIRM_AGAIN_S, is_machine_address, is_machine_text
from hub.messages.outbox import silence
from hub.messages.sealed import BadLetter, Inside, address_hash, close_letter, open_letter
from hub.messages.words import Word, read_word
from hub.store.base import Store
from hub.store.inbox_records import JoinWish, Line, Talk
from hub.storefront.consent_words import VERSION, consent_text
from hub.wire.events import ClockState
from hub.wire.fact import Medium
from hub.wire.sync_members import Fields

logger = logging.getLogger(__name__)

LONGEST_KEPT = 10_000
"""Characters of a message that are kept; what is longer ends with a mark."""

SAY_YES_WITHIN_S = 2 * 86_400.0
"""So long a yes means the joining that was asked about."""

MEDIUM_OF: dict[ChannelName, Medium] = {
    "modem": "sms",
    "smpp": "sms",
    "http": "sms",
    "mail": "mail",
    "push": "push",
    "screen": "screen",
}

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")


@dataclass(frozen=True, slots=True)
class Ears:
    """What a shop hears with. `key`: the octets of `people.key`; `country`: of numbers that come without
    one (ISO 3166-1)."""

    store: Store
    book: Book
    key: bytes
    clock: Callable[[], ClockState]
    country: str = ""
    random: Callable[[int], bytes] = os.urandom


@dataclass(frozen=True, slots=True)
class Understood:
    """Where it is kept and what it was: "stop", "start", "help", "yes", "keyword 3", "join", "member", "machine"; for people: "",
    or "incomplete" where parts of it never came. `again`: it was here before, and nothing was done."""

    talk: int = 0
    line: int = 0
    meaning: str = ""
    again: bool = False


@dataclass(frozen=True, slots=True)
class _Sender:
    """Who wrote. `address`: where answers go; `members`: everybody who is reached there."""

    address: str
    mark: str
    members: tuple[str, ...]

    @property
    def member(self) -> str:
        """Whose it is; "" where nobody's, or several people's."""
        return self.members[0] if len(self.members) == 1 else ""


def heard(ears: Ears, message: Heard, now: float) -> Understood:
    """Keep a message that came in and do what it asks. The same key is the same message. Raises StorageError: then nothing was
    kept, and the channel gives it again."""
    with ears.store.writing():
        mark = key_mark(ears.key, message.channel, message.key)
        if not ears.store.inbox.first_time(mark, now, now - message.key_lasts_s):
            return Understood(again=True)
        return take(ears, message, now)


def take(ears: Ears, message: Heard, now: float) -> Understood:
    """The same for one that is known to be new, whatever its key. What is not whole can stop messages and do nothing else: what
    is missing may have said the opposite. Call inside a transaction."""
    sender = _sender(ears, message)
    text = clean(message.text)
    talk = _talk(ears, message.channel, sender, text, now)
    meaning, due = _understand(ears, talk, sender, text, now, whole=message.whole)
    number = ears.store.inbox.next_line()
    closed = seal_line(ears.key, number, text)
    ears.store.inbox.add_line(Line(number, talk.number, "in", closed, now, "", meaning, "", due))
    for_people = meaning in ("", "incomplete")
    ears.store.inbox.change_talk(
        replace(
            talk,
            member=sender.member,
            last_at=now,
            waiting=talk.waiting + for_people,
            state="open" if for_people else talk.state,
        )
    )
    logger.info("heard channel=%s meaning=%s", message.channel, meaning or "people")
    return Understood(talk.number, number, meaning)


def word_in(ears: Ears, text: str) -> Word | None:
    """What a message to this shop asks for, where it is one of the words that all shops know."""
    shop = ears.store.shop.get()
    return read_word(text, shop.name.values() if shop is not None else ())


def sender_mark(ears: Ears, message: Heard) -> str:
    """How whoever wrote it stands in tables."""
    return _sender(ears, message).mark


def stopped_at(store: Store, key: bytes, address: str) -> float | None:
    """When somebody at this address said stop, also where nobody was a member there; None where nobody has. Only a consent that
    was given later counts."""
    return store.inbox.stopped_at(mark_of(key, address))


def clean(text: str) -> str:
    """A text that every database and page can hold: no halves of signs, no NUL, not without end."""
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\x00", "\ufffd")
    return whole if len(whole) <= LONGEST_KEPT else whole[:LONGEST_KEPT] + "…"


def mark_of(key: bytes, address: str) -> str:
    """How an address stands in tables. Names ("INFO") have no digits to tell them apart by."""
    plain = address.strip()
    return address_hash(key, plain if any(sign.isdigit() for sign in plain) else f"{plain}@name.invalid")


def key_mark(key: bytes, channel: str, name: str) -> str:
    """How a channel's own name of something stands in tables: keyed, so that nobody tries what it was made of."""
    content = f"{channel}\n{name}".encode("utf-8", "replace")
    secret = hmac.digest(key, b"shopbell heard", hashlib.sha256)
    return hmac.digest(secret, content, hashlib.sha256).hex()[:40]


def seal_line(key: bytes, number: int, text: str) -> bytes:
    """A line as it is kept."""
    return close_letter(key, f"talk line {number}", Inside("", text, ""))


def read_line(key: bytes, line: Line) -> str:
    """What a line says; "" where it cannot be opened with this key."""
    try:
        return open_letter(key, f"talk line {line.number}", line.closed).text
    except BadLetter:
        return ""


def read_address(key: bytes, talk: Talk) -> str:
    """Where a talk's answers go; "" likewise."""
    try:
        return open_letter(key, f"talk {talk.sender_hash}", talk.closed).number
    except BadLetter:
        return ""


def keywords_of(store: Store) -> dict[int, Keyword]:
    """The shop's keywords by number; those that cannot be read any more are left out."""
    found = ((row.number, read_keyword(row.body)) for row in store.inbox.keywords())
    return {number: one for number, one in found if one is not None}


def spoken(ears: Ears, talk: Talk, text: str) -> str:
    """The language of an answer: that of what was written where its letters tell, else the member's, else the shop's first."""
    shop = ears.store.shop.get()
    known = shop.languages if shop is not None else ("en",)
    own = ears.book.language(talk.member) if talk.member else ""
    keywords = keywords_of(ears.store)
    found = match(text, keywords)
    if found is not None and not language_of(text):
        # Whoever could have written the Chinese word and wrote the other one reads the other language.
        han = {word for word in keywords[found.number].words if language_of(word)}
        others = [one for one in known if one != "zh"]
        if han and found.word not in han and others:
            return own if own in others else others[0]
    return language_of(text, known) or (own if own in known else "") or talk.language or known[0]


def _understand(
    ears: Ears, talk: Talk, sender: _Sender, text: str, now: float, *, whole: bool
) -> tuple[str, bool]:
    """What a message means, done; and whether the hub owes an answer."""
    word = word_in(ears, text)
    answers = not is_machine_address(sender.address) or talk.channel == "screen"
    if word == "stop":
        return "stop", _stop(ears, talk, sender, now) and answers
    if not answers or is_machine_text(text, _said_before(ears, talk)):
        return "machine", False
    if not whole:
        return "incomplete", False
    wish = ears.store.inbox.join_wish(sender.mark)
    if word == "yes" and wish is not None and now - wish.asked_at < SAY_YES_WITHIN_S:
        _join(ears, talk, sender, wish, now)
        return "yes", True
    keywords = keywords_of(ears.store)
    if word == "start":
        back = _start(ears, talk, sender, now)
        joins = any(one.does == "join" and one.on for one in keywords.values())
        if back or not joins:
            return "start", True
        return _ask_to_join(ears, talk, sender, text, now)
    if word == "help":
        return "help", True
    found = match(text, keywords)
    if found is None:
        return "", False
    if keywords[found.number].does == "join":
        return _ask_to_join(ears, talk, sender, text, now)
    return f"keyword {found.number}", True


def _stop(ears: Ears, talk: Talk, sender: _Sender, now: float) -> bool:
    """End everything that is sent there; whether that is worth telling (once a day)."""
    before = ears.store.inbox.stopped_at(sender.mark)
    is_news = before is None or now - before >= CONFIRM_AGAIN_S
    silence(ears.store, ears.key, sender.address, now)
    ears.store.inbox.stop_number(sender.mark, now)
    ears.store.inbox.end_join_wish(sender.mark)
    for member in sender.members:
        agreed = any(purpose == "messages" for purpose, _ in all_of(ears.store, member).given)
        # A yes that was given at a node before and is still under way comes later than this no, and is the older one.
        if agreed or is_news:
            withdraw(
                ears.store,
                member,
                "messages",
                "",
                place=talk.channel,
                proof="word",
                now=now,
                clock=ears.clock(),
            )
    return is_news


def _start(ears: Ears, talk: Talk, sender: _Sender, now: float) -> bool:
    """Let them be written to again: those who had agreed before; whether there was anybody."""
    medium = MEDIUM_OF[_channel(talk)]
    ears.store.inbox.start_number(sender.mark)
    back = False
    for member in sender.members:
        records = all_of(ears.store, member).records
        yes = [
            one for one in records if one.given and one.purpose == "messages" and one.medium in ("", medium)
        ]
        if yes:
            back = _agree(ears, talk, member, yes[0].language, now) or back
    return back


def _ask_to_join(ears: Ears, talk: Talk, sender: _Sender, text: str, now: float) -> tuple[str, bool]:
    medium = MEDIUM_OF[_channel(talk)]
    agreed = [("messages", medium) in all_of(ears.store, member).given for member in sender.members]
    if agreed and all(agreed) and ears.store.inbox.stopped_at(sender.mark) is None:
        return "member", True
    language = spoken(ears, replace(talk, member=sender.member), text)
    ears.store.inbox.wish_to_join(JoinWish(sender.mark, language, VERSION, now))
    return "join", True


def _join(ears: Ears, talk: Talk, sender: _Sender, wish: JoinWish, now: float) -> None:
    """They said yes: who has the number is a member, and agreed to messages there."""
    store = ears.store
    store.inbox.end_join_wish(sender.mark)
    store.inbox.start_number(sender.mark)
    members = sender.members
    if not members:
        member = ears.random(16).hex()
        fields = Fields(mail=sender.address) if "@" in sender.address else Fields(phone=sender.address)
        join_here(
            ears.book,
            member,
            fields,
            way="sms",
            place=talk.channel,
            language=wish.language,
            agreed=(),
            now=now,
            clock=ears.clock(),
        )
        members = (member,)
    for member in members:
        _agree(ears, talk, member, wish.language, now)


def _agree(ears: Ears, talk: Talk, member: str, language: str, now: float) -> bool:
    medium = MEDIUM_OF[_channel(talk)]
    return give(
        ears.store,
        member,
        "messages",
        medium,
        words=consent_text("messages", medium, language),
        version=VERSION,
        language=language,
        place=talk.channel,
        proof="word",
        now=now,
        clock=ears.clock(),
    )


def _channel(talk: Talk) -> ChannelName:
    return talk.channel  # type: ignore[return-value]  # written from a `Heard`


def _sender(ears: Ears, message: Heard) -> _Sender:
    address = clean(message.sender[:254]).strip()
    if message.channel == "screen":
        return _Sender(address, mark_of(ears.key, address), (address,))
    if MEDIUM_OF[message.channel] == "mail":
        return _Sender(address, mark_of(ears.key, address), ears.book.all_by_mail(address))
    number = _e164(address, ears.country)
    members = ears.book.all_by_number(number) if number else ()
    return _Sender(number or address, mark_of(ears.key, number or address), members)


def _e164(typed: str, country: str) -> str:
    """The number with its country's; "" where it is none that the world knows: a name, a short code."""
    plain = re.sub(r"[\s()./-]", "", typed)
    if _E164.fullmatch(plain):
        return plain
    if is_machine_address(plain):
        return ""
    # Late: its tables weigh some megabytes, and networks nearly always give the whole number.
    import phonenumbers

    try:
        found = phonenumbers.parse(plain if not plain.startswith("00") else f"+{plain[2:]}", country or None)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_possible_number(found):
        return ""
    return str(phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.E164))


def _talk(ears: Ears, channel: ChannelName, sender: _Sender, text: str, now: float) -> Talk:
    there = ears.store.inbox.talk_with(channel, sender.mark)
    if there is not None:
        return replace(there, language=language_of(text) or there.language)
    closed = close_letter(ears.key, f"talk {sender.mark}", Inside(sender.address, "", ""))
    begun = Talk(0, channel, sender.mark, closed, sender.member, language_of(text), now, now, "closed", 0, "")
    return ears.store.inbox.open_talk(begun)


def _said_before(ears: Ears, talk: Talk) -> list[str]:
    lines = ears.store.inbox.lines(talk.number, 6)
    return [read_line(ears.key, line) for line in lines if line.way == "out"]

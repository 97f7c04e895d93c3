"""The hub's own answers: what `heard` left as due is answered once, by the channel from which it came.

An answer is made outside the transaction, because a coupon is taken from the public site's node, which keeps books of its own;
the same sender and offer is the same coupon there however often it is asked. Then line, answer and outbox change together: a
program that dies in between makes the same answer again under the same id.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from babel import Locale
from babel.dates import format_date

from hub.client.trouble import StorageError
from hub.messages.answers import Said, signed
from hub.messages.answers import line as sentence
from hub.messages.channel import ChannelName
from hub.messages.heard import (
    MEDIUM_OF,
    Ears,
    keywords_of,
    read_address,
    read_line,
    seal_line,
    spoken,
)
from hub.messages.keywords import Keyword, match, nearest
from hub.messages.loops import DAY_S, may_answer
from hub.messages.outbox import Letter, NotQueued, queue
from hub.messages.parts import hear_late
from hub.purse.balances import balances
from hub.store.inbox_records import Line, Talk
from hub.storefront.consent_words import consent_text
from hub.storefront.search import Entry, search
from hub.storefront.ways import with_way
from hub.storefront.when import local_time, money
from hub.wire.coupon import Issued, show_code
from hub.wire.refusals import Refusal
from hub.wire.rules import Refused
from hub.wire.short_number import short_path
from hub.wire.snapshot import Campaign, Shop, say

logger = logging.getLogger(__name__)

LOOK_S = 2.0
"""Between two looks at what is due, where nobody says that something came."""

MOST_AT_ONCE = 50
MOST_FOUND = 3
MOST_PLACES = 2
LONGEST_TITLE = 60

_LOCALES = {"en": Locale("en", "GB"), "zh": Locale("zh", "Hans")}


class Counter(Protocol):
    """Where coupons come from: the public site's desk (`hub.client.desk.NodeDesk`)."""

    def campaigns(self, now: float) -> list[Campaign]: ...
    def campaign(self, number: int, now: float) -> Campaign | None: ...
    def take(
        self, campaign: int, request_id: str, now: float, *, member: str = "", whose: str = ""
    ) -> Issued | Refused: ...


@dataclass(frozen=True, slots=True)
class Answerer:
    """Makes answers. `counters`: the site's desks, the one of this channel first; none where this process has no site. `url`: the
    address at which shoppers reach the hub, "" where nobody has said: then answers hold a code and no link."""

    ears: Ears
    counters: Sequence[Counter] = ()
    url: str = ""

    def answer_due(self, now: float) -> int:
        """Answer what is due, also what waited for parts that have not come; how many answers were made. Raises StorageError."""
        hear_late(self.ears, now)
        made = 0
        for due in self.ears.store.inbox.due(MOST_AT_ONCE):
            made += self._answer(due, now)
        return made

    def _answer(self, due: Line, now: float) -> bool:
        store, ears = self.ears.store, self.ears
        talk = store.inbox.talk(due.talk)
        if talk is None:
            store.inbox.done(due.number)
            return False
        text = self._text(talk, due, now)
        with store.writing():
            if not store.inbox.done(due.number):
                return False
            if due.meaning != "stop" and not may_answer(
                store.inbox.answered_since(talk.number, now - DAY_S), now
            ):
                # Somebody of the shop looks whether this is a person.
                store.inbox.change_talk(replace(talk, state="open", waiting=talk.waiting + 1))
                return False
            return send_line(ears, talk, text, f"answer {due.number}", why(due.meaning), now)

    def _text(self, talk: Talk, due: Line, now: float) -> str:
        text = read_line(self.ears.key, due)
        shop = self.ears.store.shop.get() or Shop(0, {})
        language = spoken(self.ears, talk, text)
        lines = self._lines(_Asked(talk, due.meaning, text, language, shop), now)
        return signed(shop.name, language, lines)

    def _lines(self, asked: _Asked, now: float) -> list[str]:
        language = asked.language
        if asked.meaning == "stop":
            return [sentence("stopped", language)]
        if asked.meaning == "start":
            return [sentence("started" if asked.talk.member else "started_stranger", language)]
        if asked.meaning == "help":
            return self._help(language)
        if asked.meaning == "join":
            words = consent_text("messages", MEDIUM_OF[_channel(asked.talk)], language)
            return [sentence("join_ask", language, words=words)]
        if asked.meaning in ("yes", "member"):
            said = sentence("joined" if asked.meaning == "yes" else "joined_before", language)
            return [said, sentence("page_line", language) if self.url and asked.talk.member else ""]
        return self._keyword(asked, now)

    def _help(self, language: str) -> list[str]:
        words = [
            one.words[_word_for(one, language)] for one in keywords_of(self.ears.store).values() if one.on
        ]
        parts = ("、" if language == "zh" else ", ").join(words[:6])
        return [
            sentence("help", language),
            sentence("help_words", language, words=parts) if parts else "",
        ]

    def _keyword(self, asked: _Asked, now: float) -> list[str]:
        keywords = keywords_of(self.ears.store)
        found = match(asked.text, keywords)
        one = keywords.get(found.number) if found is not None else None
        if found is None or one is None:
            return [sentence("wait", asked.language)]
        said = say(one.text, asked.language) if one.text else ""
        if one.does == "offer":
            return self._offer(asked, one.campaign, said, now)
        if one.does == "places":
            return _places(one, found.rest, asked.language)
        if one.does == "search":
            return self._search(found.rest, asked.language, now)
        if one.does == "balance":
            return self._balance(asked, now)
        return [said]

    def _offer(self, asked: _Asked, campaign: int, said: str, now: float) -> list[str]:
        request = coupon_request(self.ears.key, campaign, asked.talk.member or asked.talk.sender_hash)
        taken: Issued | Refused = Refused(Refusal.NOT_OFFERED)
        running = None
        for counter in self.counters:
            running = counter.campaign(campaign, now)
            # What was taken before is given again, also when the offer has ended meanwhile.
            taken = counter.take(campaign, request, now, whose=asked.talk.member)
            if isinstance(taken, Issued):
                break
        if isinstance(taken, Refused):
            why_not: Said = "sold_out" if taken.refusal is Refusal.SOLD_OUT else "not_running"
            return [sentence(why_not, asked.language), self._all_offers(asked.language)]
        title = said or (say(running.offer.title, asked.language) if running is not None else "")
        title = _short(title).rstrip(".。")
        if not self.url:
            return [
                sentence("coupon_code", asked.language, title=title, code=show_code(taken.code)),
                _good_until(taken, asked),
            ]
        link = with_way(f"{self.url.rstrip('/')}/coupon/{taken.coupon.serial}", "sms")
        return [sentence("coupon", asked.language, title=title, link=link), _good_until(taken, asked)]

    def _all_offers(self, language: str) -> str:
        return sentence("page", language, link=self.url) if self.url else ""

    def _search(self, words: str, language: str, now: float) -> list[str]:
        if not words:
            return [sentence("search_ask", language)]
        running = {one.number: one for counter in self.counters for one in counter.campaigns(now)}
        found = search(words[:100], [_entry(one) for one in running.values()])[:MOST_FOUND]
        if not found:
            return [sentence("found_none", language), self._all_offers(language)]
        lines = []
        for number in found:
            title = _short(say(running[number].offer.title, language))
            link = with_way(self.url.rstrip("/") + short_path(number), "sms") if self.url else ""
            lines.append(sentence("found", language, title=title, link=link).rstrip())
        return ["\n".join(lines)]

    def _balance(self, asked: _Asked, now: float) -> list[str]:
        members = self.ears.book.all_by_number(read_address(self.ears.key, asked.talk))
        if not asked.talk.member:
            return [sentence("shared" if members else "no_balance", asked.language)]
        has = balances(self.ears.store, asked.talk.member, now)
        lines = [sentence("balance", asked.language, points=has.points)]
        if has.stored_cents:
            sum_ = money(has.stored_cents, asked.shop.currency, _LOCALES.get(asked.language, _LOCALES["en"]))
            lines.append(sentence("balance_stored", asked.language, sum=sum_.replace("\u00a0", " ")))
        return lines


@dataclass(frozen=True, slots=True)
class _Asked:
    """One question with all that an answer depends on."""

    talk: Talk
    meaning: str
    text: str
    language: str
    shop: Shop


def why(meaning: str) -> str:
    """What an answer is for, as the outbox knows it."""
    return "confirm" if meaning in ("stop", "start", "join", "yes", "member", "help") else "keyword"


def send_line(ears: Ears, talk: Talk, text: str, letter: str, reason: str, now: float, who: str = "") -> bool:
    """Put a message of a talk into its lines and into the outbox, to go by the channel of the talk. `letter`: its id; the same id
    is the same message. Call inside `store.writing()`."""
    channel = _channel(talk)
    medium = MEDIUM_OF[channel]
    address = read_address(ears.key, talk)
    on_screen = medium == "screen"
    queued = queue(
        ears.store,
        Letter(
            letter,
            medium,
            reason,  # type: ignore[arg-type]  # one of `why`, or "answer"
            text,
            member=talk.member or (address if on_screen else ""),
            number="" if on_screen else address,
            via="" if on_screen else channel,
            language=talk.language,
        ),
        now,
        key=ears.key,
    )
    if isinstance(queued, NotQueued):
        logger.warning("an answer could not be sent: %s", queued.reason)
        return False
    if not queued.again:
        number = ears.store.inbox.next_line()
        closed = seal_line(ears.key, number, text)
        ears.store.inbox.add_line(
            Line(number, talk.number, "out", closed, now, who, reason, letter, due=False)
        )
    return True


def coupon_request(key: bytes, campaign: int, whose: str) -> str:
    """The request under which somebody gets the coupon of an offer: the same one for the same offer, so the same coupon."""
    made = hmac.digest(key, f"shopbell keyword coupon {campaign} {whose}".encode(), hashlib.sha256)
    return made.hex()[:32]


class AnswerThread:
    """Answers in a thread of its own: as soon as `wake` says that something came, and every few seconds."""

    def __init__(self, answerer: Answerer, now: Callable[[], float], look_s: float = LOOK_S) -> None:
        self._answerer = answerer
        self._now = now
        self._look_s = look_s
        self._news = threading.Event()
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._run, name="answers", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def wake(self) -> None:
        """Something came."""
        self._news.set()

    def stop(self, within_s: float) -> None:
        """End after the answer that is being made."""
        self._ends.set()
        self._news.set()
        self._thread.join(within_s)

    def _run(self) -> None:
        while not self._ends.is_set():
            self._news.wait(self._look_s)
            self._news.clear()
            if self._ends.is_set():
                return
            try:
                self._answerer.answer_due(self._now())
            except StorageError as wrong:
                logger.warning("answers wait: %s", wrong)


def _places(keyword: Keyword, asked: str, language: str) -> list[str]:
    found = nearest(keyword.places, asked)
    if not found:
        return [sentence("places_none", language)]
    lines = [", ".join(filter(None, (one.name, one.address))) for one in found[:MOST_PLACES]]
    more = sentence("places_ask", language) if not asked and len(found) > MOST_PLACES else ""
    return ["\n".join(lines), more]


def _entry(campaign: Campaign) -> Entry:
    offer = campaign.offer
    return Entry(
        campaign.number,
        tuple(offer.title.values()),
        tuple(offer.keywords.values()),
        tuple(offer.text.values()),
    )


def _good_until(issued: Issued, asked: _Asked) -> str:
    """The last day on which it is good."""
    last = local_time(issued.coupon.expires_at - 1, asked.shop).date()
    if asked.language == "zh":
        return f"{last.month}月{last.day}日前有效。"
    return f"Good until {format_date(last, 'd MMMM', locale=_LOCALES['en'])}."


def _short(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= LONGEST_TITLE else plain[: LONGEST_TITLE - 1].rstrip() + "…"


def _word_for(keyword: Keyword, language: str) -> int:
    """Which of its words a reader of this language is told."""
    from hub.messages.keywords import language_of

    fits = [i for i, word in enumerate(keyword.words) if (language_of(word) == "zh") == (language == "zh")]
    return fits[0] if fits else 0


def _channel(talk: Talk) -> ChannelName:
    return talk.channel  # type: ignore[return-value]  # written from a `Heard`

"""Messages to many as a manager writes them: of which offer, to whom, by which channel, in which words, when.

Pure. The texts are templates (`hub.messages.outbox.Letter.text`); what is typed comes back as a `Draft`, or as what is wrong with
each field, all at once.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta

from hardware.modem.text import Weight, weigh
from hub.messages.outbox_limits import LONGEST_TEXT, MOST_PARTS
from hub.messages.rules import MessageRules
from hub.sentences import Said, said
from hub.wire.fact import Medium
from hub.wire.snapshot import Text

WAYS: dict[str, tuple[Medium, ...]] = {
    "sms": ("sms",),
    "mail": ("mail",),
    "mail-sms": ("mail", "sms"),
    "push-mail": ("push", "mail"),
    "push": ("push",),
    "screen": ("screen",),
}
"""What can be chosen: the first of these channels to which a member agreed and by which they are reached."""

MOST_GROUP = 50
LONGEST_NAME = 80
LONGEST_SUBJECT = 150
USUAL_NAME = 8
"""Letters that a name is reckoned with where it is not known yet."""


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """`campaign` 0: of no offer. `segment`: its name; empty: everybody who agreed. `start`: seconds of UTC; 0: at once. `group`:
    hundredths of the audience who get nothing, so that the effect can be told."""

    name: Annotated[str, Meta(min_length=1, max_length=LONGEST_NAME)]
    campaign: int = 0
    segment: str = ""
    way: str = "sms"
    text: Text = {}
    subject: Text = {}
    start: float = 0.0
    group: Annotated[int, Meta(ge=0, le=MOST_GROUP)] = 0
    salt: str = ""

    @property
    def media(self) -> tuple[Medium, ...]:
        """The channels, the first choice first."""
        return WAYS.get(self.way, ("sms",))


@dataclass(frozen=True, slots=True)
class Sample:
    """A message in one language as somebody would get it. `weight`: as a text message."""

    language: str
    text: str
    subject: str
    weight: Weight


def read_draft(
    form: Mapping[str, str],
    *,
    languages: Collection[str],
    offers: Collection[int],
    segments: Collection[str],
    timezone: str,
    salt: str,
) -> Draft | dict[str, Said]:
    """What was typed. `salt` draws the group that gets nothing."""
    faults: dict[str, Said] = {}
    name = " ".join(form.get("name", "").split())
    if not name:
        faults["name"] = said("Give it a name, for yourselves.")
    elif len(name) > LONGEST_NAME:
        faults["name"] = said("The name has at most %(most)s characters.", most=LONGEST_NAME)
    campaign = _whole(form.get("campaign", ""))
    if campaign and campaign not in offers:
        faults["campaign"] = said("There is no such offer any more. Choose another one.")
    segment = form.get("segment", "")
    if segment and segment not in segments:
        faults["segment"] = said("There is no such segment any more. Choose another one.")
    way = form.get("way", "sms")
    if way not in WAYS:
        faults["way"] = said("Choose how it is sent.")
    texts, subjects = _texts(form, languages, way, faults)
    start = _moment(form.get("start", ""), timezone)
    if start is None:
        faults["start"] = said("This is no time. Choose a day and an hour, or leave it empty.")
    group = _whole(form.get("group", "0") or "0", -1)
    if not 0 <= group <= MOST_GROUP:
        faults["group"] = said("From 0 to %(most)s hundredths.", most=MOST_GROUP)
    if faults:
        return faults
    return Draft(
        name=name,
        campaign=campaign,
        segment=segment,
        way=way,
        text={one: text for one, text in texts.items() if text},
        subject={one: text for one, text in subjects.items() if text},
        start=start or 0.0,
        group=group,
        salt=salt,
    )


def as_typed(draft: Draft, timezone: str) -> dict[str, str]:
    """A draft as the form has it."""
    typed = {
        "name": draft.name,
        "campaign": str(draft.campaign or ""),
        "segment": draft.segment,
        "way": draft.way,
        "group": str(draft.group),
        "start": datetime.fromtimestamp(draft.start, ZoneInfo(timezone)).strftime("%Y-%m-%dT%H:%M")
        if draft.start
        else "",
    }
    typed |= {f"text_{language}": text for language, text in draft.text.items()}
    return typed | {f"subject_{language}": text for language, text in draft.subject.items()}


def words_for(draft: Draft, language: str, rules: MessageRules, medium: Medium) -> tuple[str, str]:
    """Text and subject for somebody who reads this language; the first one that there is where it is not among them."""
    text = draft.text.get(language) or next(iter(draft.text.values()), "")
    subject = draft.subject.get(language) or next(iter(draft.subject.values()), "")
    spoken = language if draft.text.get(language) else next(iter(draft.text), language)
    footer = rules.footer.get(spoken, "") if medium == "sms" else ""
    return (f"{text}\n{footer}" if footer else text), subject


def sample(draft: Draft, language: str, rules: MessageRules, medium: Medium, name: str, link: str) -> Sample:
    """How it looks to somebody of that name. `link`: an example of a link to a page of one's own."""
    text, subject = words_for(draft, language, rules, medium)
    for mark, value in (("{page}", link), ("{stop}", link), ("{name}", name)):
        text, subject = text.replace(mark, value), subject.replace(mark, value)
    return Sample(language, text, subject, weigh(text))


def read_body(body: str) -> Draft:
    """A draft as it is kept."""
    return msgspec.json.decode(body, type=Draft)


def write_body(draft: Draft) -> str:
    """As it is kept."""
    return msgspec.json.encode(draft).decode()


def _texts(
    form: Mapping[str, str], languages: Collection[str], way: str, faults: dict[str, Said]
) -> tuple[Text, Text]:
    """Texts and subjects by language; what is wrong goes to `faults`."""
    texts = {one: _text(form.get(f"text_{one}", "")) for one in languages}
    subjects = {one: " ".join(form.get(f"subject_{one}", "").split()) for one in languages}
    if not any(texts.values()):
        faults[f"text_{next(iter(languages))}"] = said("Write what it says, in one language at least.")
    for one, text in texts.items():
        if "sms" in WAYS.get(way, ()) and weigh(text).parts > MOST_PARTS:
            faults[f"text_{one}"] = said(
                "This is too long for a text message: at most %(most)s parts.", most=MOST_PARTS
            )
        elif len(text) > LONGEST_TEXT:
            faults[f"text_{one}"] = said("At most %(most)s characters.", most=LONGEST_TEXT)
        if len(subjects[one]) > LONGEST_SUBJECT:
            faults[f"subject_{one}"] = said("At most %(most)s characters.", most=LONGEST_SUBJECT)
    return texts, subjects


def _text(typed: str) -> str:
    return "\n".join(line.rstrip() for line in typed.replace("\r\n", "\n").split("\n")).strip()


def _whole(typed: str, wrong: int = 0) -> int:
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 10 else wrong


def _moment(typed: str, timezone: str) -> float | None:
    if not typed.strip():
        return 0.0
    try:
        return datetime.fromisoformat(typed.strip()).replace(tzinfo=ZoneInfo(timezone)).timestamp()
    except (ValueError, OverflowError):
        return None

"""Keywords: to which words the shop answers by itself, and with what; a field to try what a message would get."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec
from flask import abort, request
from werkzeug.wrappers import Response

from hardware.modem.text import Weight, weigh
from hub.admin.guard import needs
from hub.admin.office import Office, Route, back_to
from hub.messages.heard import keywords_of
from hub.messages.keyword_forms import as_typed, blank, read_typed
from hub.messages.keywords import DOES, Keyword, form, match, write_keyword
from hub.messages.samples import sample
from hub.messages.words import Word, read_word
from hub.roles import Right
from hub.sentences import Said
from hub.store.records import CampaignRecord


@dataclass(frozen=True, slots=True)
class Row:
    """One keyword in the list. `samples`: by language what is answered and what it weighs."""

    number: int
    keyword: Keyword
    offer: CampaignRecord | None
    samples: Mapping[str, tuple[str, Weight]]


@needs(Right.MESSAGES)
def keywords(office: Office) -> Response:
    """All of them."""
    return _list(office)


@needs(Right.MESSAGES)
def try_out(office: Office) -> Response:
    """What a message would mean; nothing is sent."""
    return _list(office, tried=request.form.get("tried", "")[:500])


@needs(Right.MESSAGES)
def new(office: Office) -> Response:
    """A form for one more."""
    return _form(office, 0, blank(office.shop().languages), {})


@needs(Right.MESSAGES)
def edit(office: Office, number: int) -> Response:
    """The form of one that is there."""
    return _form(office, number, as_typed(_keyword(office, number)), {})


@needs(Right.MESSAGES)
def save(office: Office, number: int) -> Response:
    """Keep what was typed; `number` 0 is a new one."""
    before = _keyword(office, number) if number else None
    typed = {name: value for name, value in request.form.items() if name != "form_token"}
    with office.store.writing():
        offers = {record.campaign.number for record in _offers(office)}
        read = read_typed(typed, office.store.inbox.forms(), number, offers, office.shop().languages)
        if not isinstance(read, Keyword):
            return _form(office, number, typed, read)
        kept = office.store.inbox.put_keyword(
            number, write_keyword(read), map(form, read.words), office.now()
        )
        changes = {} if before is None else {"words": {"before": before.words, "after": read.words}}
        office.note("keyword.changed" if number else "keyword.added", str(kept), changes=changes)
    return back_to("keywords", "saved")


@needs(Right.MESSAGES)
def switch(office: Office, number: int) -> Response:
    """Switch one off or on, or remove it after asking once."""
    found, action = _keyword(office, number), request.form.get("action", "")
    if action == "remove":
        if request.form.get("sure") != "yes":
            return office.page("keyword_end.html", number=number, keyword=found)
        with office.store.writing():
            office.store.inbox.remove_keyword(number)
            office.note("keyword.removed", str(number))
        return back_to("keywords", "keyword-removed")
    if action not in ("on", "off"):
        abort(400)
    changed = msgspec.structs.replace(found, on=action == "on")
    with office.store.writing():
        office.store.inbox.put_keyword(number, write_keyword(changed), map(form, changed.words), office.now())
        office.note(f"keyword.{action}", str(number))
    return back_to("keywords", "saved")


def _list(office: Office, tried: str = "") -> Response:
    every = keywords_of(office.store)
    rows = [_row(office, number, one) for number, one in every.items()]
    word: Word | None = read_word(tried, office.shop().name.values()) if tried else None
    found = match(tried, every) if tried and word is None else None
    return office.page(
        "keywords.html",
        rows=rows,
        tried=tried,
        word=word,
        found=next((row for row in rows if found is not None and row.number == found.number), None),
        rest=found.rest if found is not None else "",
    )


def _row(office: Office, number: int, one: Keyword) -> Row:
    offer = office.store.campaigns.get(one.campaign) if one.does == "offer" else None
    shop = office.shop()
    samples = {}
    for language in shop.languages:
        text = sample(one, shop, language, office.url, offer.campaign if offer is not None else None)
        samples[language] = (text, weigh(text))
    return Row(number, one, offer, samples)


def _form(office: Office, number: int, typed: Mapping[str, str], faults: Mapping[str, Said]) -> Response:
    return office.page(
        "keyword.html",
        422 if faults else 200,
        number=number,
        typed=typed,
        faults=faults,
        does=DOES,
        offers=_offers(office),
        languages=office.shop().languages,
    )


def _offers(office: Office) -> list[CampaignRecord]:
    return [
        record for record in office.store.campaigns.all() if record.state in ("published", "paused", "draft")
    ]


def _keyword(office: Office, number: int) -> Keyword:
    found = keywords_of(office.store).get(number)
    if found is None:
        abort(404)
    return found


ROUTES: tuple[Route, ...] = (
    Route("/keywords", "keywords", keywords),
    Route("/keywords/try", "keywords_try", try_out, ("POST",)),
    Route("/keywords/new", "keyword_new", new),
    Route("/keywords/<int:number>", "keyword", edit),
    Route("/keywords/<int:number>", "keyword_save", save, ("POST",)),
    Route("/keywords/<int:number>/switch", "keyword_switch", switch, ("POST",)),
)

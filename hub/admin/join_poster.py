"""The poster by which shoppers join: on which paper, in which languages; and the PDF. Where no phone could open what it would say
there is none, and the page says what is missing."""

from __future__ import annotations

from flask import abort, request
from werkzeug.wrappers import Response

from hub.admin.office import Office, Route
from hub.admin.paper import is_out_of_reach
from hub.messages.heard import keywords_of
from hub.messages.keywords import Keyword, language_of
from hub.messages.rules import read_rules
from hub.paper.joining import (
    JOIN_SHEETS,
    TextWay,
    join_link,
    join_qr_mm,
    join_read_from_m,
    make_join_pdf,
)
from hub.sentences import Said, said
from hub.storefront.languages import NAMES
from hub.storefront.numbers import printed_number

NO_ADDRESS = said(
    "The QR has to say where phones reach this shop's pages, and nobody has told this hub: set HUB_URL to that address, such as "
    "https://shop.example, and start the hub again. Without it there is no poster, because its code would lead nowhere."
)
OUT_OF_REACH = said(
    "HUB_URL says %(address)s, and that names this machine itself: no phone can open it. Set HUB_URL to the address that phones "
    "see, and start the hub again. Until then there is no poster, because its code would lead nowhere."
)
NO_SITE = said(
    "The public pages of this hub are switched off (HUB_SITE=no), and the page of joining is one of them. Set HUB_SITE to yes, "
    "and start the hub again; then there is a poster."
)

NO_WORD = said(
    "By text message nobody can join yet: no keyword asks whether somebody wants to. Add one, and the poster names it."
)
NOT_HEARD = said(
    "The keyword %(word)s lets people join, but this hub hears no text messages: it has neither a modem (HUB_MODEM) nor a "
    "provider (HUB_SMPP_HOST, HUB_SMS_SECRET). So the poster does not name it."
)
NO_NUMBER = said(
    "The keyword %(word)s lets people join by text message, but this hub does not know its own number. Write it under Channels "
    "and cost (From which number or name), or set HUB_SMS_SENDER; then the poster names both."
)


def poster(office: Office) -> Response:
    """What can be printed, or what is missing for it."""
    return _page(office, {})


def pdf(office: Office) -> Response:
    """The file; or the page again with what is wrong."""
    size = request.args.get("sheet", "A4")
    if size not in JOIN_SHEETS:
        abort(404)
    languages = [code for code in NAMES if code in request.args.getlist("in")]
    if why_none(office) is not None:
        return _page(office, {}, 409)
    if not languages:
        return _page(office, {"in": said("Tick at least one language.")}, 422)
    text = text_way(office)
    made = make_join_pdf(
        office.shop(),
        size,
        office.url,
        languages,
        text if isinstance(text, TextWay) else None,
    )
    if isinstance(made, Said):
        return _page(office, {"in": made}, 422)
    headers = {"Content-Disposition": f'inline; filename="join-{size}.pdf"', "Cache-Control": "no-store"}
    return Response(made, mimetype="application/pdf", headers=headers)


def why_none(office: Office) -> Said | None:
    """Why no poster can be made: which setting is missing, and what for; None where it can be."""
    if not office.outward.site:
        return NO_SITE
    if not office.url:
        return NO_ADDRESS
    if is_out_of_reach(office.url):
        return Said(OUT_OF_REACH.text, {"address": office.url})
    return None


def text_way(office: Office) -> TextWay | Said:
    """How people join by a text message: the first keyword that is on for it, and the shop's number; or why not."""
    found = next(
        (one for _, one in sorted(keywords_of(office.store).items()) if one.does == "join" and one.on), None
    )
    if found is None:
        return NO_WORD
    if not office.outward.hears:
        return Said(NOT_HEARD.text, {"word": found.words[0]})
    sender = read_rules(office.store.messages.rules()).sender or office.outward.sender
    number = printed_number(sender, office.country())
    if not number:
        return Said(NO_NUMBER.text, {"word": found.words[0]})
    return TextWay({code: _word_for(found, code) for code in NAMES}, number)


def _word_for(keyword: Keyword, language: str) -> str:
    """The one of its words that a reader of this language would write, else its first."""
    fits = [one for one in keyword.words if (language_of(one) == "zh") == (language == "zh")]
    word = fits[0] if fits else keyword.words[0]
    return word.upper() if word.isascii() else word


def _page(office: Office, faults: dict[str, Said], status: int = 200) -> Response:
    text = text_way(office)
    return office.page(
        "join_poster.html",
        status,
        faults=faults,
        missing=why_none(office),
        link=join_link(office.url) if office.url else "",
        text=text if isinstance(text, TextWay) else None,
        no_text=text if isinstance(text, Said) else None,
        no_word=text is NO_WORD,
        ticked=request.args.getlist("in") or [code for code in office.shop().languages if code in NAMES],
        names=NAMES,
        sheets=[(size, *JOIN_SHEETS[size], join_qr_mm(size), join_read_from_m(size)) for size in JOIN_SHEETS],
    )


ROUTES = (
    Route("/people/poster", "join_poster", poster),
    Route("/people/poster.pdf", "join_poster_pdf", pdf),
)

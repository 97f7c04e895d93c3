"""What an offer looks like as it is typed: the frame beside the form, and what the pages in that frame ask for."""

from __future__ import annotations

import base64
from typing import Any, cast

import msgspec
from flask import abort, request, url_for
from werkzeug.wrappers import Response

from hub.admin.guard import needs
from hub.admin.office import Office, Route, locale_of
from hub.admin.sheets import record_or_404, typed_form, upload_of
from hub.campaigns import blank, sketch
from hub.preview_desk import Scene
from hub.previews import BESIDE, KINDS, Kind, Surface
from hub.roles import Right
from hub.sentences import Said
from hub.storefront.headers import content_policy
from hub.storefront.languages import NAMES, language
from hub.wire.snapshot import Campaign

PICTURE_HEADER = "Shopbell-Picture"
"""Under which hash the picture that came with a form is kept, so that the form need not send it again."""

MOST = 2**32
"""No offer has this number."""


@needs(Right.CAMPAIGN_EDIT)
def typed(office: Office, kind: str) -> Response:
    """An offer as its form stands, saved or not."""
    picture, faults = upload_of(office)
    campaign = sketch(typed_form(), office.shop(), picture=picture, now=office.now())
    number = request.form.get("number", 0, type=int)
    known = 0 < number < MOST and office.store.campaigns.get(number) is not None
    campaign = msgspec.structs.replace(
        campaign, number=number if known else office.store.campaigns.free_number()
    )
    response = _frame(office, _kind(kind), campaign, wrong=faults.get("upload"))
    response.headers[PICTURE_HEADER] = picture or ""
    return response


def empty(office: Office, kind: str) -> Response:
    """An offer of which nothing is typed yet."""
    campaign = sketch(blank(office.shop(), office.now()), office.shop(), picture=None, now=office.now())
    number = office.store.campaigns.free_number()
    return _frame(office, _kind(kind), msgspec.structs.replace(campaign, number=number))


def kept(office: Office, number: int, kind: str) -> Response:
    """An offer as it is kept; as it was submitted, or as one of its versions was."""
    record = record_or_404(office, number)
    campaign = record.campaign
    if request.args.get("of") == "proposal":
        proposal = office.store.proposals.get(number)
        campaign = proposal.campaign if proposal else campaign
    elif "version" in request.args:
        wanted = request.args.get("version", 0, type=int)
        found = (one.campaign for one in office.store.campaigns.history(number) if one.version == wanted)
        campaign = next(found, None) or abort(404)
    return _frame(office, _kind(kind), campaign)


def asset(office: Office, surface: str, rest: str) -> Response:
    """The style, the icon or a picture of a page in the frame."""
    if surface not in ("phone", "kiosk") or not rest.startswith(("style.css", "bell.svg", "picture/")):
        abort(404)
    here = cast("Surface", surface)
    query = request.args.to_dict()
    return office.stage.asset(here, office.shop(), f"/{rest}", query, root=_root(here))


def _frame(office: Office, kind: Kind, campaign: Campaign, wrong: Said | None = None) -> Response:
    shop, stage = office.shop(), office.stage
    spoken = card_language(office)
    scene = Scene(campaign, shop, _others(office, campaign) if kind == "kiosk" else ())
    base = office.url or request.host_url.rstrip("/")
    values: dict[str, Any] = {}
    if kind in ("phone", "kiosk"):
        surface: Surface = "kiosk" if kind == "kiosk" else "phone"
        accept = request.headers.get("Accept-Language", "")
        values["inside"] = stage.page(surface, scene, spoken, root=_root(surface), accept=accept)
    elif kind == "sms":
        values["message"] = stage.message(scene, spoken, locale_of(spoken), base)
    else:
        told = [code for code in shop.languages if code in NAMES] or [spoken]
        sheet = stage.poster(scene, {code: locale_of(code) for code in told}, base)
        if isinstance(sheet, Said):
            wrong = wrong or sheet
        else:
            values["sheet"] = "data:image/webp;base64," + base64.b64encode(sheet).decode()
    response = office.page(
        "preview.html", kind=kind, wrong=wrong, card_language=spoken, campaign=campaign, **values
    )
    response.headers["Content-Security-Policy"] = content_policy(frames=True, framed=True)
    return response


def _root(surface: Surface) -> str:
    """Beneath which address the pages in the frame find what they ask for."""
    return url_for(".stage", surface=surface, rest="x", lang=None).removesuffix("/x")


def card_language(office: Office) -> str:
    """In which of the shop's languages the preview speaks."""
    languages = office.shop().languages
    asked = request.values.get("card_language", "")
    return asked if asked in languages else language() if language() in languages else languages[0]


def _others(office: Office, campaign: Campaign) -> tuple[Campaign, ...]:
    """What else the kiosk shows now."""
    now = office.now()
    running = [
        record.campaign
        for record in office.store.campaigns.in_state("published")
        if record.number != campaign.number
        and record.campaign.starts_at <= now < record.campaign.ends_at
        and "kiosk" in record.campaign.channels
    ]
    return tuple(running[:BESIDE])


def _kind(kind: str) -> Kind:
    return next((one for one in KINDS if one == kind), None) or abort(404)


ROUTES = (
    Route("/offers/preview/<kind>", "preview_empty", empty),
    Route("/offers/preview/<kind>", "preview", typed, ("POST",)),
    Route("/offers/<int:number>/preview/<kind>", "preview_frame", kept),
    Route("/offers/stage/<surface>/<path:rest>", "stage", asset),
)

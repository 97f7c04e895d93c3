"""Offers: the list, the form with its preview, and what becomes of an offer: published, paused, ended, copied."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
from babel.dates import get_day_names
from flask import abort, request
from werkzeug.wrappers import Response

from hub.admin.lots import lot_of
from hub.admin.office import Office, Route, back_to, locale_of
from hub.air import FRAMES, LINK, intervals
from hub.campaigns import TEXTS, as_typed, blank, copied, read_typed, settled, sketch
from hub.changing import turned
from hub.pictures import prepare
from hub.promises import Action, changes, hub_only, may, standing, worse
from hub.sentences import Said, said
from hub.store.records import CampaignRecord, CampaignState
from hub.storefront.languages import gettext, language, locale
from hub.storefront.terms import terms
from hub.typed import CHANNELS, Typed
from hub.typed_condition import DAYS
from hub.wire.snapshot import Campaign

GROUPS = ("running", "planned", "draft", "paused", "ended")


@dataclass(frozen=True, slots=True)
class Line:
    """One offer in the list: its standing, and how often it was taken and redeemed."""

    record: CampaignRecord
    standing: str
    issued: int
    redeemed: int


@dataclass(frozen=True, slots=True)
class Sheet:
    """The form as it stands: what was typed, which picture it shows, and the offer that it changes, if any."""

    typed: Typed
    picture: str | None
    record: CampaignRecord | None


def offers(office: Office) -> Response:
    """Every offer by where it stands."""
    now = office.now()
    totals = _totals(office)
    lines = [
        Line(record, standing(record.state, record.campaign, now), *totals.get(record.number, (0, 0)))
        for record in office.store.campaigns.all()
    ]
    groups = [
        (name, found) for name in GROUPS if (found := [line for line in lines if line.standing == name])
    ]
    return office.page("offers.html", groups=groups, standings=_standings())


def new(office: Office) -> Response:
    """An empty form."""
    return _form(office, Sheet(blank(office.shop(), office.now()), None, None))


def create(office: Office) -> Response:
    """Take in a new offer."""
    return _take_in(office, None)


def edit(office: Office, number: int) -> Response:
    """The form of an offer that is there."""
    record = _record(office, number)
    typed = as_typed(record.campaign, office.shop())
    return _form(office, Sheet(typed, record.campaign.offer.picture, record))


def change(office: Office, number: int) -> Response:
    """Take in what was changed."""
    return _take_in(office, _record(office, number))


def preview(office: Office) -> Response:
    """Only the card, for the script beside the form. Nothing is kept, and a file is not looked at."""
    typed = _typed()
    card = sketch(typed, office.shop(), picture=_known_picture(office), now=office.now())
    spoken = _card_language(office)
    return office.page("card.html", campaign=card, card_language=spoken, terms=_terms(office, card))


def turn(office: Office, number: int) -> Response:
    """Publish, pause or end an offer as it is."""
    record = _record(office, number)
    try:
        action: Action = msgspec.convert(request.form.get("action"), Action)
    except msgspec.ValidationError:
        abort(400)
    if not may(action, record.state):
        return back_to("edit", number=number)
    if action == "end" and request.form.get("sure") != "yes":
        issued, redeemed = _totals(office).get(number, (0, 0))
        return office.page("end.html", record=record, out=max(0, issued - redeemed))
    if action == "publish":
        fault = _unready(office, record.campaign)
        if fault is not None:
            sheet = Sheet(as_typed(record.campaign, office.shop()), record.campaign.offer.picture, record)
            return _form(office, sheet, faults={"ends": fault})
    after: CampaignState = "published" if action == "publish" else "paused" if action == "pause" else "ended"
    with office.store.writing():
        office.store.campaigns.save(record.campaign, after, office.now(), office.who())
        detail = _json({"before": record.state, "after": after})
        office.note(f"offer.{after}", str(number), detail, turned("state", record.state, after))
    return back_to("edit", _done(after, record.campaign, office.now()), number=number)


def copy(office: Office, number: int) -> Response:
    """A draft like another offer, with its picture; from today on where that one is over."""
    record = _record(office, number)
    typed = copied(record.campaign, office.shop(), office.now())
    with office.store.writing():
        twin = read_typed(
            typed,
            office.shop(),
            office.store.campaigns.free_number(),
            picture=record.campaign.offer.picture,
            before=record.campaign,
            others=_numbers(office),
        )
        if isinstance(twin, Campaign):
            office.store.campaigns.save(twin, "draft", office.now(), office.who())
            office.note("offer.copied", str(twin.number), _json({"from": number}), changes(None, twin))
            return back_to("edit", "copied", number=twin.number)
    return _form(office, Sheet(typed, record.campaign.offer.picture, None), faults=twin)


def _take_in(office: Office, record: CampaignRecord | None) -> Response:
    action = request.form.get("action", "preview")
    if record and record.state == "ended":
        return back_to("edit", number=record.number)
    picture, faults = _picture(office)
    typed = _typed()
    # What is shown again says what follows from the rest; the fault says why it was changed.
    sheet = Sheet(settled(typed), picture, record)
    if action not in ("draft", "publish", "save"):
        return _form(office, sheet, faults=faults, status=200)
    before = record.campaign if record else None
    number = record.number if record else 1
    read = read_typed(typed, office.shop(), number, picture=picture, before=before, others=_numbers(office))
    if isinstance(read, dict):
        return _form(office, sheet, faults=read | faults)
    if faults:
        return _form(office, sheet, faults=faults)
    state: CampaignState = "published" if action == "publish" else record.state if record else "draft"
    if action == "publish" and (fault := _unready(office, read)):
        return _form(office, sheet, faults={"ends": fault})
    losses = _losses(office, record, read)
    if losses and request.form.get("sure") != "yes":
        return _form(office, sheet, losses=losses)
    return _keep(office, sheet, read, state)


def _keep(office: Office, sheet: Sheet, campaign: Campaign, state: CampaignState) -> Response:
    """Save the next version, unless somebody else has saved one since this form was opened."""
    record = sheet.record
    expect = request.form.get("version", 0, type=int) if record else 0
    with office.store.writing():
        if record is None:
            campaign = msgspec.structs.replace(campaign, number=office.store.campaigns.free_number())
        saved = office.store.campaigns.save(campaign, state, office.now(), office.who(), expect=expect)
        if saved is not None:
            what = "offer.created" if record is None else "offer.changed"
            detail = changes(record.campaign if record else None, campaign)
            if record is None or record.state != state:
                detail["state"] = {"before": record.state if record else None, "after": state}
            office.note(what, str(campaign.number), _json(detail), detail)
    if saved is None:
        return _form(
            office,
            sheet,
            faults={
                "form": said(
                    "Somebody else has changed this offer meanwhile. Look at both, then save yours again."
                )
            },
        )
    done = _done(state, campaign, office.now()) if record is None or record.state != state else "saved"
    return back_to("edit", done, number=campaign.number)


def _form(
    office: Office,
    sheet: Sheet,
    *,
    faults: dict[str, Said] | None = None,
    losses: list[Said] | None = None,
    status: int | None = None,
) -> Response:
    shop, now = office.shop(), office.now()
    record = office.store.campaigns.get(sheet.record.number) if sheet.record else None
    issued, redeemed = _totals(office).get(record.number, (0, 0)) if record else (0, 0)
    campaign = sketch(sheet.typed, shop, picture=sheet.picture, now=now)
    return office.page(
        "offer.html",
        status or (422 if faults else 409 if losses else 200),
        typed=sheet.typed,
        picture=sheet.picture,
        record=record,
        standing=standing(record.state, record.campaign, now) if record else "draft",
        standings=_standings(),
        faults=faults or {},
        losses=losses or [],
        issued=issued,
        redeemed=redeemed,
        campaign=campaign,
        terms=_terms(office, campaign),
        hub_only=hub_only(campaign),
        weekdays=get_day_names("wide", locale=locale()),
        days=DAYS,
        next_offers=_next_offers(office, record),
        lot=lot_of(office, record.campaign) if record and record.published_at else None,
        card_language=_card_language(office),
        channels=CHANNELS,
        frames=FRAMES,
        link_frame=LINK,
        intervals=intervals(record.campaign.air if record else None),
        longest=TEXTS,
        history=office.store.campaigns.history(record.number) if record else [],
    )


def _typed() -> Typed:
    form = request.form
    ticked = {name: tuple(form.getlist(name)) for name in ("channels", "air", "days")}
    return Typed(form, **ticked)


def _terms(office: Office, campaign: Campaign) -> list[tuple[str, list[str]]]:
    """What shoppers are told of the terms, in each language of the shop."""
    shop = office.shop()
    return [(spoken, terms(campaign, shop, spoken, locale_of(spoken))) for spoken in shop.languages]


def _numbers(office: Office) -> set[int]:
    return {record.number for record in office.store.campaigns.all()}


def _next_offers(office: Office, record: CampaignRecord | None) -> list[CampaignRecord]:
    """Offers that could come with the receipt of this one."""
    chosen = record.campaign.next_visit if record else None
    return [
        other
        for other in office.store.campaigns.all()
        if (other.state != "ended" or other.number == chosen)
        and not (record and other.number == record.number)
    ]


def _known_picture(office: Office) -> str | None:
    digest = request.form.get("picture") or None
    if digest is None or request.form.get("no_picture") == "yes":
        return None
    return digest if office.store.campaigns.picture(digest) else None


def _picture(office: Office) -> tuple[str | None, dict[str, Said]]:
    """The picture that the form shows now: a new one is kept at once, so that a fault elsewhere does not lose it."""
    before = _known_picture(office)
    upload = request.files.get("upload")
    if upload is None or not upload.filename:
        return before, {}
    prepared = prepare(upload.read())
    if isinstance(prepared, Said):
        return before, {"upload": prepared}
    office.store.campaigns.put_picture(prepared, office.now())
    return prepared.hash, {}


def _unready(office: Office, campaign: Campaign) -> Said | None:
    if campaign.ends_at <= office.now():
        return said("This is over already. Give it a later end, then publish.")
    return None


def _losses(office: Office, record: CampaignRecord | None, after: Campaign) -> list[Said]:
    if record is None or record.published_at is None:
        return []
    issued, redeemed = _totals(office).get(record.number, (0, 0))
    return worse(record.campaign, after) if issued > redeemed else []


def _totals(office: Office) -> dict[int, tuple[int, int]]:
    totals: dict[int, tuple[int, int]] = {}
    for tally in office.store.ledger.tallies():
        issued, redeemed = totals.get(tally.campaign, (0, 0))
        totals[tally.campaign] = (issued + tally.issued, redeemed + tally.redeemed)
    return totals


def _card_language(office: Office) -> str:
    languages = office.shop().languages
    asked = request.form.get("card_language", "")
    return asked if asked in languages else language() if language() in languages else languages[0]


def _done(state: CampaignState, campaign: Campaign, now: float) -> str:
    if state == "published" and now < campaign.starts_at:
        return "planned"
    return {"draft": "saved"}.get(state, state)


def _record(office: Office, number: int) -> CampaignRecord:
    record = office.store.campaigns.get(number)
    if record is None:
        abort(404)
    return record


def _standings() -> dict[str, str]:
    return {
        "running": gettext("Running"),
        "planned": gettext("Planned"),
        "draft": gettext("Drafts"),
        "paused": gettext("Paused"),
        "ended": gettext("Over"),
    }


def _json(detail: dict[str, Any]) -> str:
    return msgspec.json.encode(detail).decode()


ROUTES = (
    Route("/offers", "offers", offers),
    Route("/offers/new", "new", new),
    Route("/offers/new", "create", create, ("POST",)),
    Route("/offers/preview", "preview", preview, ("POST",)),
    Route("/offers/<int:number>", "edit", edit),
    Route("/offers/<int:number>", "change", change, ("POST",)),
    Route("/offers/<int:number>/turn", "turn", turn, ("POST",)),
    Route("/offers/<int:number>/copy", "copy", copy, ("POST",)),
)

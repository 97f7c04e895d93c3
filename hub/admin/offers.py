"""Offers: the list, and the form by which one is made, changed, submitted or published."""

from __future__ import annotations

from dataclasses import dataclass

from babel.dates import get_day_names
from flask import request
from werkzeug.wrappers import Response

from hub import offering
from hub.admin.guard import allowed, needs
from hub.admin.lots import lot_of
from hub.admin.office import Office, Route, back_to
from hub.admin.paging import asked_page, asked_words, cut, found
from hub.admin.previews import card_language
from hub.admin.segments import audiences
from hub.admin.sheets import folds_of, record_or_404, typed_form, upload_of
from hub.admin.terms_shown import channel_names
from hub.air import FRAMES, LINK, intervals
from hub.campaigns import TEXTS, as_typed, blank, copied, read_typed, settled, sketch
from hub.previews import KINDS
from hub.promises import hub_only, standing, worse
from hub.roles import Right
from hub.sentences import Said
from hub.store.records import CampaignRecord, CampaignState, Proposal
from hub.storefront.headers import content_policy
from hub.storefront.languages import gettext, locale
from hub.typed import CHANNELS, Typed
from hub.typed_condition import DAYS
from hub.wire.snapshot import Campaign

GROUPS = ("running", "planned", "draft", "paused", "ended")
ACTIONS = ("draft", "publish", "save", "submit")


@dataclass(frozen=True, slots=True)
class Line:
    """One offer in the list: its standing, how often it was taken and redeemed, and whether a change of it waits."""

    record: CampaignRecord
    standing: str
    issued: int
    redeemed: int
    waits: bool


@dataclass(frozen=True, slots=True)
class Sheet:
    """The form as it stands: what was typed, which picture it shows, and the offer that it changes, if any."""

    typed: Typed
    picture: str | None
    record: CampaignRecord | None


def offers(office: Office) -> Response:
    """Every offer by where it stands; searched by its words, or only those of one standing."""
    now, words = office.now(), asked_words(request.args)
    only = request.args.get("only", "")
    totals, waiting = totals_of(office), {one.number for one in office.store.proposals.all()}
    every = [
        Line(
            record,
            standing(record.state, record.campaign, now),
            *totals.get(record.number, (0, 0)),
            record.number in waiting,
        )
        for record in office.store.campaigns.all()
    ]
    lines = [line for line in every if only in ("", line.standing) and found(words, _words_of(line.record))]
    lines.sort(key=lambda line: GROUPS.index(line.standing))
    part = cut(lines, asked_page(request.args), {k: v for k, v in (("q", words), ("only", only)) if v})
    counts = {name: sum(line.standing == name for line in every) for name in GROUPS}
    return office.page(
        "offers.html",
        part=part,
        groups=[
            (name, inside)
            for name in GROUPS
            if (inside := [line for line in part.lines if line.standing == name])
        ],
        counts=counts,
        any=bool(every),
        words=words,
        only=only,
        standings=standings(),
        edits=allowed(Right.CAMPAIGN_EDIT),
    )


def new(office: Office) -> Response:
    """An empty form."""
    return form_page(office, Sheet(blank(office.shop(), office.now()), None, None))


@needs(Right.CAMPAIGN_EDIT, "action", publish=Right.CAMPAIGN_PUBLISH)
def create(office: Office) -> Response:
    """Take in a new offer."""
    return _take_in(office, None)


def edit(office: Office, number: int) -> Response:
    """The form of an offer that is there; with what was submitted where the address asks for it."""
    record = record_or_404(office, number)
    campaign = record.campaign
    if request.args.get("of") == "proposal":
        proposal = office.store.proposals.get(number)
        campaign = proposal.campaign if proposal else campaign
    return form_page(office, Sheet(as_typed(campaign, office.shop()), campaign.offer.picture, record))


@needs(Right.CAMPAIGN_EDIT, "action", publish=Right.CAMPAIGN_PUBLISH)
def change(office: Office, number: int) -> Response:
    """Take in what was changed."""
    return _take_in(office, record_or_404(office, number))


@needs(Right.CAMPAIGN_EDIT)
def copy(office: Office, number: int) -> Response:
    """A draft like another offer, with its picture; from today on where that one is over."""
    record = record_or_404(office, number)
    twin = offering.copy(office.store, record, office.who(), office.now())
    if isinstance(twin, CampaignRecord):
        return back_to("edit", "copied", number=twin.number)
    typed = copied(record.campaign, office.shop(), office.now())
    return form_page(office, Sheet(typed, record.campaign.offer.picture, None), faults=twin)


def _take_in(office: Office, record: CampaignRecord | None) -> Response:
    action = request.form.get("action", "")
    if record and record.state == "ended":
        return back_to("edit", number=record.number)
    picture, faults = upload_of(office)
    typed = typed_form()
    # What is shown again says what follows from the rest; the fault says why it was changed.
    sheet = Sheet(settled(typed), picture, record)
    if action not in ACTIONS:
        return form_page(office, sheet, faults=faults, status=200)
    before = record.campaign if record else None
    number = record.number if record else 1
    read = read_typed(typed, office.shop(), number, picture=picture, before=before, others=_numbers(office))
    if isinstance(read, dict):
        return form_page(office, sheet, faults=read | faults)
    if not faults and action in ("publish", "submit") and read.ends_at <= office.now():
        faults = {"ends": offering.OVER_ALREADY}
    publisher = allowed(Right.CAMPAIGN_PUBLISH)
    if not faults and action != "submit":
        alone = offering.not_alone(office.store, record, publisher=publisher, publish=action == "publish")
        faults = {"form": alone} if alone else {}
    if faults:
        return form_page(office, sheet, faults=faults)
    losses = _losses(office, record, read)
    if losses and request.form.get("sure") != "yes":
        return form_page(office, sheet, losses=losses)
    if action == "submit":
        return _submit(office, sheet, read)
    return _keep(
        office, sheet, read, "published" if action == "publish" else record.state if record else "draft"
    )


def _keep(office: Office, sheet: Sheet, campaign: Campaign, state: CampaignState) -> Response:
    """Save the next version, unless somebody else has saved one since this form was opened."""
    record, now = sheet.record, office.now()
    expect = request.form.get("version", 0, type=int)
    saved = offering.keep(office.store, record, campaign, state, office.who(), now, expect=expect)
    if isinstance(saved, Said):
        return form_page(office, sheet, faults={"form": saved})
    turned = record is None or record.state != state
    return back_to("edit", done_code(state, campaign, now) if turned else "saved", number=saved.number)


def _submit(office: Office, sheet: Sheet, campaign: Campaign) -> Response:
    """Ask somebody else to approve it. What was never published is kept as a draft as well."""
    store, who, now = office.store, office.who(), office.now()
    record, base = sheet.record, request.form.get("version", 0, type=int)
    with store.writing():
        if record is None or record.published_at is None:
            kept = offering.keep(store, record, campaign, "draft", who, now, expect=base)
            if isinstance(kept, Said):
                return form_page(office, sheet, faults={"form": kept})
            campaign, base = kept.campaign, kept.version
        submitted = offering.submit(store, campaign, who, now, base=base)
    if isinstance(submitted, Said):
        return form_page(office, sheet, faults={"form": submitted})
    return back_to("edit", "submitted", number=campaign.number)


def form_page(
    office: Office,
    sheet: Sheet,
    *,
    faults: dict[str, Said] | None = None,
    losses: list[Said] | None = None,
    status: int | None = None,
) -> Response:
    """The form with its preview, and what can be done with the offer beside it."""
    now = office.now()
    record = office.store.campaigns.get(sheet.record.number) if sheet.record else None
    issued, redeemed = totals_of(office).get(record.number, (0, 0)) if record else (0, 0)
    proposal: Proposal | None = office.store.proposals.get(record.number) if record else None
    publisher = allowed(Right.CAMPAIGN_PUBLISH)
    response = office.page(
        "offer.html",
        status or (422 if faults else 409 if losses else 200),
        typed=sheet.typed,
        picture=sheet.picture,
        record=record,
        standing=standing(record.state, record.campaign, now) if record else "draft",
        standings=standings(),
        faults=faults or {},
        losses=losses or [],
        issued=issued,
        redeemed=redeemed,
        folds=folds_of(sheet.typed, faults or {}),
        edits=allowed(Right.CAMPAIGN_EDIT),
        publishes=publisher and not offering.wants_two(office.store),
        stops=publisher,
        proposal=proposal,
        kinds=KINDS,
        hub_only=hub_only(sketch(sheet.typed, office.shop(), picture=None, now=now)),
        channel_names=channel_names,
        weekdays=get_day_names("wide", locale=locale()),
        days=DAYS,
        next_offers=_next_offers(office, record),
        lot=lot_of(office, record.campaign) if record and record.published_at else None,
        card_language=card_language(office),
        channels=CHANNELS,
        frames=FRAMES,
        link_frame=LINK,
        intervals=intervals(record.campaign.air if record else None),
        longest=TEXTS,
        segments=audiences(office, sheet.typed),
        versions=len(office.store.campaigns.history(record.number)) if record else 0,
    )
    response.headers["Content-Security-Policy"] = content_policy(scripts=True, frames=True)
    return response


def _words_of(record: CampaignRecord) -> list[str]:
    """Where the search looks."""
    offer = record.campaign.offer
    return [
        str(record.number),
        *(text for texts in (offer.title, offer.text, offer.keywords) for text in texts.values()),
    ]


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


def _losses(office: Office, record: CampaignRecord | None, after: Campaign) -> list[Said]:
    if record is None or record.published_at is None:
        return []
    issued, redeemed = totals_of(office).get(record.number, (0, 0))
    return worse(record.campaign, after) if issued > redeemed else []


def totals_of(office: Office) -> dict[int, tuple[int, int]]:
    """How many coupons of each offer were taken, and how many redeemed."""
    totals: dict[int, tuple[int, int]] = {}
    for tally in office.store.ledger.tallies():
        issued, redeemed = totals.get(tally.campaign, (0, 0))
        totals[tally.campaign] = (issued + tally.issued, redeemed + tally.redeemed)
    return totals


def done_code(state: CampaignState, campaign: Campaign, now: float) -> str:
    """What the page says after an offer was brought into this state."""
    if state == "published" and now < campaign.starts_at:
        return "planned"
    return {"draft": "saved"}.get(state, state)


def standings() -> dict[str, str]:
    """Where offers can stand, in the reader's words."""
    return {
        "running": gettext("Running"),
        "planned": gettext("Planned"),
        "draft": gettext("Drafts"),
        "paused": gettext("Paused"),
        "ended": gettext("Over"),
    }


ROUTES = (
    Route("/offers", "offers", offers),
    Route("/offers/new", "new", new),
    Route("/offers/new", "create", create, ("POST",)),
    Route("/offers/<int:number>", "edit", edit),
    Route("/offers/<int:number>", "change", change, ("POST",)),
    Route("/offers/<int:number>/copy", "copy", copy, ("POST",)),
)

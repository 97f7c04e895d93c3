"""What becomes of an offer: published, paused, ended; approved or sent back by somebody else; as it was in an earlier version."""

from __future__ import annotations

from dataclasses import dataclass

from flask import request
from msgspec import ValidationError, convert
from werkzeug.exceptions import abort
from werkzeug.wrappers import Response

from hub import offering
from hub.admin.guard import allowed, needs
from hub.admin.offers import Sheet, done_code, form_page, standings, totals_of
from hub.admin.office import Office, Route, back_to
from hub.admin.paging import asked_page, cut
from hub.admin.sheets import record_or_404
from hub.admin.terms_shown import Difference, differences
from hub.campaigns import as_typed
from hub.promises import Action, may, worse
from hub.roles import Right
from hub.sentences import Said
from hub.store.records import CampaignRecord, CampaignVersion, Proposal
from hub.storefront.headers import content_policy


@dataclass(frozen=True, slots=True)
class Waiting:
    """An offer of which something waits for approval. `mine`: whoever looks has submitted it."""

    record: CampaignRecord
    proposal: Proposal
    mine: bool


@needs(Right.CAMPAIGN_PUBLISH)
def turn(office: Office, number: int) -> Response:
    """Publish, pause or end an offer as it is."""
    record = record_or_404(office, number)
    try:
        action: Action = convert(request.form.get("action"), Action)
    except ValidationError:
        abort(400)
    if not may(action, record.state):
        return back_to("edit", number=number)
    if action == "end" and request.form.get("sure") != "yes":
        issued, redeemed = totals_of(office).get(number, (0, 0))
        return office.page("end.html", record=record, out=max(0, issued - redeemed))
    turned = offering.turn(office.store, number, action, office.who(), office.now())
    if isinstance(turned, Said):
        field = "ends" if turned == offering.OVER_ALREADY else "form"
        return _form(office, record, {field: turned})
    return back_to("edit", done_code(turned.state, turned.campaign, office.now()), number=number)


def waiting(office: Office) -> Response:
    """What waits for somebody's approval."""
    lines = [
        Waiting(record, proposal, proposal.who == office.who())
        for proposal in office.store.proposals.all()
        if (record := office.store.campaigns.get(proposal.number)) is not None
    ]
    return office.page(
        "waiting.html",
        part=cut(lines, asked_page(request.args)),
        two=offering.wants_two(office.store),
        approves=allowed(Right.CAMPAIGN_PUBLISH),
    )


def proposal(office: Office, number: int) -> Response:
    """What was submitted, beside what holds now; to be approved or sent back."""
    return _proposal_page(office, record_or_404(office, number), None)


@needs(Right.CAMPAIGN_PUBLISH)
def approve(office: Office, number: int) -> Response:
    """Let it run as it was submitted."""
    done = offering.approve(
        office.store, number, office.who(), office.now(), seen=request.form.get("mark", "")
    )
    if isinstance(done, Said):
        return _proposal_page(office, record_or_404(office, number), done)
    code = done_code("published", done.campaign, office.now())
    return back_to("edit", code, number=number)


@needs(Right.CAMPAIGN_PUBLISH)
def send_back(office: Office, number: int) -> Response:
    """Not like this."""
    answer = request.form.get("answer", "")
    done = offering.send_back(office.store, number, office.who(), office.now(), answer)
    if isinstance(done, Said):
        return _proposal_page(office, record_or_404(office, number), done)
    return back_to("waiting", "sent-back")


@needs(Right.CAMPAIGN_EDIT)
def take_back(office: Office, number: int) -> Response:
    """Forget what was submitted."""
    record_or_404(office, number)
    wrong = offering.take_back(office.store, number, office.who(), office.now())
    return back_to("edit", None if wrong else "taken-back", number=number)


def versions(office: Office, number: int) -> Response:
    """Every version of an offer, the newest first."""
    record = record_or_404(office, number)
    history = office.store.campaigns.history(number)
    return office.page(
        "versions.html",
        record=record,
        part=cut(history, asked_page(request.args)),
        standings=standings(),
        number=number,
    )


def version(office: Office, number: int, wanted: int) -> Response:
    """What differs between an earlier version and what holds now."""
    record = record_or_404(office, number)
    return _version_page(office, record, _version(office, number, wanted), None)


@needs(Right.CAMPAIGN_EDIT)
def roll_back(office: Office, number: int, wanted: int) -> Response:
    """Let an offer be again as it was."""
    record, old = record_or_404(office, number), _version(office, number, wanted)
    losses = _losses(office, record, old)
    if losses and request.form.get("sure") != "yes":
        return _version_page(office, record, old, None, losses)
    publisher = allowed(Right.CAMPAIGN_PUBLISH)
    done = offering.roll_back(office.store, number, wanted, office.who(), office.now(), publisher=publisher)
    if isinstance(done, Said):
        return _version_page(office, record, old, done)
    code = "submitted" if isinstance(done, Proposal) else "rolled-back"
    return back_to("edit", code, number=number)


def _form(office: Office, record: CampaignRecord, faults: dict[str, Said]) -> Response:
    typed = as_typed(record.campaign, office.shop())
    return form_page(office, Sheet(typed, record.campaign.offer.picture, record), faults=faults)


def _proposal_page(office: Office, record: CampaignRecord, wrong: Said | None) -> Response:
    found = office.store.proposals.get(record.number)
    if found is None:
        return office.page("proposal.html", 409 if wrong else 200, record=record, proposal=None, wrong=wrong)
    shown: list[Difference] = differences(office, record.campaign, found.campaign)
    issued, redeemed = totals_of(office).get(record.number, (0, 0))
    return _framing(
        office.page(
            "proposal.html",
            409 if wrong else 200,
            record=record,
            proposal=found,
            wrong=wrong,
            mark=offering.mark_of(found),
            shown=shown,
            losses=worse(record.campaign, found.campaign) if issued > redeemed else [],
            mine=found.who == office.who() and offering.wants_two(office.store),
            approves=allowed(Right.CAMPAIGN_PUBLISH),
        )
    )


def _version_page(
    office: Office,
    record: CampaignRecord,
    old: CampaignVersion,
    wrong: Said | None,
    losses: list[Said] | None = None,
) -> Response:
    return _framing(
        office.page(
            "version.html",
            409 if wrong or losses else 200,
            record=record,
            old=old,
            wrong=wrong,
            losses=losses or [],
            shown=differences(office, record.campaign, old.campaign),
            edits=allowed(Right.CAMPAIGN_EDIT) and record.state != "ended",
            standings=standings(),
        )
    )


def _framing(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = content_policy(scripts=True, frames=True)
    return response


def _losses(office: Office, record: CampaignRecord, old: CampaignVersion) -> list[Said]:
    issued, redeemed = totals_of(office).get(record.number, (0, 0))
    return worse(record.campaign, old.campaign) if record.published_at and issued > redeemed else []


def _version(office: Office, number: int, wanted: int) -> CampaignVersion:
    history = office.store.campaigns.history(number)
    return next((one for one in history if one.version == wanted), None) or abort(404)


ROUTES = (
    Route("/offers/<int:number>/turn", "turn", turn, ("POST",)),
    Route("/waiting", "waiting", waiting),
    Route("/offers/<int:number>/proposal", "proposal", proposal),
    Route("/offers/<int:number>/approve", "approve", approve, ("POST",)),
    Route("/offers/<int:number>/send-back", "send_back", send_back, ("POST",)),
    Route("/offers/<int:number>/take-back", "take_back", take_back, ("POST",)),
    Route("/offers/<int:number>/versions", "versions", versions),
    Route("/offers/<int:number>/versions/<int:wanted>", "version", version),
    Route("/offers/<int:number>/versions/<int:wanted>", "roll_back", roll_back, ("POST",)),
)

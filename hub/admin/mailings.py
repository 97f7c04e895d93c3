"""Messages to members: an offer to many with its audience, weight and cost beforehand, its progress, and how channels go."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from flask import abort, request
from werkzeug.wrappers import Response

from hub.admin import verdicts
from hub.admin.guard import needs
from hub.admin.office import Office, Route, back_to, locale_of
from hub.admin.plan_verdict import verdict_on_messages
from hub.messages.campaign import WAYS, Draft, Sample, as_typed, read_body, read_draft, sample, write_body
from hub.messages.channel import ChannelName
from hub.messages.effect import WATCHED_DAYS, effect
from hub.messages.mailing import Audience, audience, cancel, lacks_segment, pause, resume, send_test, start
from hub.messages.outbox import NotQueued
from hub.messages.people import People
from hub.messages.rules import COST_UNITS, DEFAULT_PACES, MessageRules, Pace, read_rules, write_rules
from hub.preview_desk import Scene
from hub.roles import Right
from hub.sentences import Said, said
from hub.store.mailing_records import Mailing
from hub.store.records import CampaignRecord
from hub.storefront.numbers import Number, read_number
from hub.wire.fact import Medium

SHOWN = 30
_NO_REACH: dict[str, Any] = {"audience": None, "cost": None}
LONGEST_FOOTER = 100
CHANNELS: dict[Medium, tuple[ChannelName, ...]] = {
    "sms": ("modem", "smpp", "http"),
    "mail": ("mail",),
    "push": ("push",),
    "screen": ("screen",),
}
_EXAMPLE = "https://shop.example/me/AbCdEfGhIjKlMnOpQrStUvWxYz0123456789-_AbCdEfGhIj"
"""A link to a page of one's own is so long."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a mailing is. Costs in ten-thousandths of the currency."""

    waiting: int
    sent: int
    delivered: int
    undelivered: int
    unsure: int
    failed: int
    stopped: dict[str, int]
    parts: int
    cost: int

    @property
    def ended(self) -> int:
        """Messages of which it is known what became of them."""
        return self.sent + self.unsure + self.failed + sum(self.stopped.values())


def messages(office: Office) -> Response:
    """All of them, the newest first, and what nobody knows of."""
    rows = [
        (one, read_body(one.body), progress(office, one.number))
        for one in office.store.mailings.latest(SHOWN)
    ]
    return office.page(
        "messages.html",
        rows=rows,
        whole=progress(office, 0),
        unsure=office.store.messages.latest(SHOWN, state="unsure"),
    )


@needs(Right.MESSAGES)
def new(office: Office) -> Response:
    """A form for one more; `campaign`: of that offer."""
    number = request.args.get("campaign", "")
    typed = {"campaign": number, "way": "sms", "group": "0"}
    typed |= _suggested(office, number)
    return _form(office, 0, typed, {})


@needs(Right.MESSAGES)
def create(office: Office) -> Response:
    """Keep what was typed as a new draft."""
    return _save(office, 0)


def mailing(office: Office, number: int) -> Response:
    """A draft with what it would do, or how far it is."""
    found = _mailing(office, number)
    draft = read_body(found.body)
    if found.state == "draft":
        return _form(office, number, as_typed(draft, office.shop().timezone), {})
    watched = effect(office.store, found, office.now())
    changed, wording = watched.effect if draft.group else None, office.wording()
    return office.page(
        "mailing.html",
        mailing=found,
        draft=draft,
        verdict=verdict_on_messages(changed, wording, has_control=draft.group > 0),
        **verdicts.comparison(changed, wording),
        watching=watched.waiting,
        watched_days=WATCHED_DAYS,
        progress=progress(office, number),
        offer=office.store.campaigns.get(draft.campaign) if draft.campaign else None,
        samples=_samples(office, draft),
    )


@needs(Right.MESSAGES)
def change(office: Office, number: int) -> Response:
    """Write a draft anew."""
    return _save(office, number)


@needs(Right.MESSAGES)
def act(office: Office, number: int) -> Response:
    """Start, pause, resume, cancel; the last after asking once."""
    found = _mailing(office, number)
    action, who, now = request.form.get("action", ""), office.who(), office.now()
    if action == "cancel" and request.form.get("sure") != "yes":
        return office.page("mailing_cancel.html", mailing=found, draft=read_body(found.body))
    draft = read_body(found.body)
    if action == "start" and found.state == "draft" and lacks_segment(office.store, draft):
        gone = said("There is no such segment any more. Choose another one.")
        return _form(office, number, as_typed(draft, office.shop().timezone), {"segment": gone})
    if action == "start" and request.form.get("sure") != "yes":
        return office.page(
            "mailing_start.html",
            mailing=found,
            draft=draft,
            **_reach(office, draft),
            samples=_samples(office, draft),
        )
    acts = {"start": start, "pause": pause, "resume": resume, "cancel": cancel}
    if action not in acts:
        abort(400)
    done = acts[action](office.store, number, who, now)
    return back_to("mailing", f"mailing-{action}" if done else "mailing-too-late", number=number)


@needs(Right.MESSAGES)
def test(office: Office, number: int) -> Response:
    """Send it to one number or address, to see it."""
    found = _mailing(office, number)
    draft = read_body(found.body)
    medium: Medium = "mail" if "@" in request.form.get("to", "") else "sms"
    to = request.form.get("to", "").strip()[:200]
    if medium == "sms":
        read = read_number(to, office.country())
        to = read.e164 if isinstance(read, Number) else ""
    language = request.form.get("language", "")
    done = (
        send_test(
            office.store, draft, language, medium, to, office.people_key(), secrets.token_hex(6), office.now()
        )
        if to
        else NotQueued("bad-number")
    )
    return back_to(
        "mailing", "mailing-test-wrong" if isinstance(done, NotQueued) else "mailing-tested", number=number
    )


def channels(office: Office) -> Response:
    """How channels go, what a part costs, what stands beneath a text message."""
    return _channels(office, read_rules(office.store.messages.rules()), {})


@needs(Right.MESSAGES)
def channels_save(office: Office) -> Response:
    """Set it."""
    before = read_rules(office.store.messages.rules())
    faults: dict[str, Said] = {}
    paces = {}
    for name in DEFAULT_PACES:
        paces[name] = Pace(a_minute=_rate(name, faults), cost=_cost(name, faults))
    footer = {one: " ".join(request.form.get(f"footer_{one}", "").split()) for one in office.shop().languages}
    for one, text in footer.items():
        if len(text) > LONGEST_FOOTER:
            faults[f"footer_{one}"] = said("At most %(most)s characters.", most=LONGEST_FOOTER)
    sender = request.form.get("sender", "").strip()
    if len(sender) > 20:
        faults["sender"] = said("At most %(most)s characters.", most=20)
        sender = sender[:20]
    late = request.form.get("late_hours", "")
    if not (late.isascii() and late.isdigit() and 1 <= int(late[:6]) <= 720):
        faults["late_hours"] = said("From 1 to %(most)s hours.", most=720)
        late = str(before.late_hours)
    rules = MessageRules(
        paces=paces,
        footer={one: text for one, text in footer.items() if text},
        sender=sender,
        late_hours=int(late),
        keep_days=before.keep_days,
    )
    if faults:
        return _channels(office, rules, faults)
    with office.store.writing():
        office.store.messages.set_rules(write_rules(rules))
        old, fresh = msgspec.to_builtins(before), msgspec.to_builtins(rules)
        office.note(
            "messages.ruled",
            "shop",
            changes={
                name: {"before": str(old[name]), "after": str(fresh[name])}
                for name in fresh
                if old[name] != fresh[name]
            },
        )
    return back_to("message_channels", "saved")


def progress(office: Office, number: int) -> Progress:
    """How far one is; 0: all messages together."""
    counts = office.store.messages.counts(number)

    def of(*states: str) -> int:
        return sum(one.messages for one in counts if one.state in states)

    return Progress(
        waiting=of("waiting", "taken", "handing"),
        sent=of("sent"),
        delivered=sum(one.delivered for one in counts),
        undelivered=sum(one.failed for one in counts),
        unsure=of("unsure"),
        failed=of("failed"),
        stopped={one.reason: one.messages for one in counts if one.state == "stopped"},
        parts=sum(one.parts for one in counts),
        cost=sum(one.cost for one in counts),
    )


def _save(office: Office, number: int) -> Response:
    before = _mailing(office, number) if number else None
    typed = {name: value for name, value in request.form.items() if name != "form_token"}
    read = read_draft(
        typed,
        languages=office.shop().languages,
        offers={record.campaign.number for record in _offers(office)},
        segments={one.name for one in office.store.segments.all()},
        timezone=office.shop().timezone,
        salt=read_body(before.body).salt if before is not None else secrets.token_hex(8),
    )
    if not isinstance(read, Draft):
        return _form(office, number, typed, read)
    with office.store.writing():
        if before is None:
            number = office.store.mailings.add(write_body(read), office.who(), office.now())
        elif not office.store.mailings.change(number, write_body(read), office.now()):
            return back_to("mailing", "mailing-too-late", number=number)
        office.note("mailing.written", str(number))
    return back_to("mailing", "saved", number=number)


def _form(office: Office, number: int, typed: Mapping[str, str], faults: Mapping[str, Said]) -> Response:
    found = office.store.mailings.get(number) if number else None
    draft = read_body(found.body) if found is not None else None
    reach = _reach(office, draft) if draft is not None and not faults else _NO_REACH
    return office.page(
        "mailing_edit.html",
        422 if faults else 200,
        number=number,
        typed=typed,
        faults=faults,
        ways=list(WAYS),
        offers=_offers(office),
        segments=[one.name for one in office.store.segments.all()],
        languages=office.shop().languages,
        samples=_samples(office, draft) if draft is not None and not faults else [],
        draft=draft,
        **reach,
    )


def _reach(office: Office, draft: Draft) -> dict[str, Any]:
    """Whom it reaches, and what it would cost."""
    people = People(office.store, office.people_key(), office.url)
    found = audience(office.store, people, draft, office.now())
    return {"audience": found, "cost": _cost_of(office, draft, found)}


def _cost_of(office: Office, draft: Draft, found: Audience) -> float | None:
    """What it would cost, in hundredths of the currency; None where nobody has said what a part costs."""
    rules = read_rules(office.store.messages.rules())
    parts = max((one.weight.parts for one in _samples(office, draft)), default=1)
    whole = 0
    for medium in draft.media:
        each = max(rules.pace(name).cost for name in CHANNELS[medium])
        whole += found.reached(medium) * each * (parts if medium == "sms" else 1)
    return whole * 100 / COST_UNITS if whole else None


def _samples(office: Office, draft: Draft) -> list[Sample]:
    rules = read_rules(office.store.messages.rules())
    medium = draft.media[0]
    names = {"en": "Ann", "zh": "小美"}
    return [
        sample(draft, one, rules, medium, names.get(one, "Ann"), _EXAMPLE)
        for one in office.shop().languages
        if draft.text.get(one)
    ]


def _suggested(office: Office, number: str) -> dict[str, str]:
    """What is usually said of that offer, in each language of the shop."""
    record = office.store.campaigns.get(int(number)) if number.isascii() and number.isdigit() else None
    if record is None:
        return {}
    scene = Scene(record.campaign, office.shop())
    found = {
        f"text_{one}": office.stage.message(scene, one, locale_of(one), office.url or request.host_url).text
        for one in office.shop().languages
    }
    return found | {"name": next(iter(record.campaign.offer.title.values()), "")}


def _channels(office: Office, rules: MessageRules, faults: Mapping[str, Said]) -> Response:
    return office.page(
        "message_channels.html",
        422 if faults else 200,
        rules=rules,
        faults=faults,
        typed=request.form if faults else {},
        names=list(DEFAULT_PACES),
        units=COST_UNITS,
        languages=office.shop().languages,
    )


def _rate(name: str, faults: dict[str, Said]) -> int:
    typed = request.form.get(f"rate_{name}", "").strip()
    if typed.isascii() and typed.isdigit() and 1 <= int(typed[:7]) <= 60_000:
        return int(typed)
    faults[f"rate_{name}"] = said("From 1 to %(most)s a minute.", most=60_000)
    return DEFAULT_PACES[name].a_minute


def _cost(name: str, faults: dict[str, Said]) -> int:
    typed = request.form.get(f"cost_{name}", "").strip().replace(",", ".") or "0"
    try:
        cost = round(float(typed) * COST_UNITS)
    except (ValueError, OverflowError):
        cost = -1
    if 0 <= cost <= 1_000_000:
        return cost
    faults[f"cost_{name}"] = said("A sum such as 0.075, at most 100.")
    return 0


def _offers(office: Office) -> list[CampaignRecord]:
    return [
        record for record in office.store.campaigns.all() if record.state in ("published", "paused", "draft")
    ]


def _mailing(office: Office, number: int) -> Mailing:
    found = office.store.mailings.get(number)
    if found is None:
        abort(404)
    return found


ROUTES: tuple[Route, ...] = (
    Route("/messages", "messages", messages),
    Route("/messages/new", "mailing_new", new),
    Route("/messages/new", "mailing_create", create, ("POST",)),
    Route("/messages/channels", "message_channels", channels),
    Route("/messages/channels", "message_channels_save", channels_save, ("POST",)),
    Route("/messages/<int:number>", "mailing", mailing),
    Route("/messages/<int:number>", "mailing_change", change, ("POST",)),
    Route("/messages/<int:number>/act", "mailing_act", act, ("POST",)),
    Route("/messages/<int:number>/test", "mailing_test", test, ("POST",)),
)

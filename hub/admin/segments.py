"""Segments: which there are, who is meant, and an editor that shows how many that would be, and some of them, while it is used.

It works without a script: each button sends the form, and the page that comes back has the line that was added, or the number.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from babel.dates import format_date
from flask import abort, request
from werkzeug.wrappers import Response

from hub.admin.floor_heat import zones_of
from hub.admin.guard import allowed, needs
from hub.admin.office import Office, Route, back_to
from hub.admin.segment_words import Teller, Words, choice_names, kind_groups, kind_names
from hub.client.db import StorageError
from hub.members.book import Profile
from hub.roles import Right
from hub.segments import keeping
from hub.segments.counting import KIND
from hub.segments.definition import Definition, read_definition
from hub.segments.loading import NO_BIRTHDAYS, Birthdays, birthdays
from hub.segments.naming import Namer, all_names, who_names, why_it_stays
from hub.segments.portrait import Portrait
from hub.segments.preview import Preview, preview
from hub.segments.typed import (
    CHOICES,
    CONSENTS,
    FIELDS,
    WAYS,
    Line,
    TypedDefinition,
    as_typed,
    from_form,
    read_typed,
)
from hub.sentences import Said, said
from hub.store.segment_records import SegmentRecord
from hub.typed import Typed
from hub.wire.snapshot import say

FEW = 10
"""Fewer members than this are told as a number only to who may see members."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A segment in the list. `asked_by`: what names it and is not over."""

    record: SegmentRecord
    words: list[Words]
    size: int | None
    asked_by: list[Namer]
    counting: bool


@dataclass(frozen=True, slots=True)
class Sample:
    """One of those who are meant, as the editor shows them. `profile` None: nothing is kept of them but the number."""

    portrait: Portrait
    profile: Profile | None

    @property
    def days(self) -> int:
        """On how many days they were here, as far as was looked."""
        return sum(1 for one in self.portrait.days if one.visits or one.purchases or one.redemptions)

    @property
    def last_day(self) -> int | None:
        """The last of them."""
        return max(
            (one.day for one in self.portrait.days if one.visits or one.purchases or one.redemptions),
            default=None,
        )

    @property
    def cents(self) -> int:
        """What they paid on these days."""
        return sum(one.cents for one in self.portrait.days)


def segments(office: Office) -> Response:
    """All of them."""
    teller, names = Teller(office), all_names(office.store, office.now())
    shown = [
        Shown(
            record,
            teller.lines(read_definition(record.body)),
            shown_size(office, record),
            [one for one in names.get(record.name, []) if one.state != "over"],
            record.next_body is not None,
        )
        for record in office.store.segments.all()
    ]
    return office.page(
        "segments.html",
        shown=shown,
        few=FEW,
        members=office.store.portraits.count(),
        under_way=any(one.counting for one in shown),
        progress=_progress(office),
    )


def audiences(office: Office, typed: Typed) -> list[tuple[str, bool, int | None]]:
    """Segments that an offer may be for, whether each is ticked, and how many are in it; those that are gone stay ticked."""
    ticked = set(typed.get("audience_segments").split("\n")) - {""}
    found = [(one.name, one.name in ticked, shown_size(office, one)) for one in office.store.segments.all()]
    return found + [(name, True, None) for name in sorted(ticked - {name for name, _, _ in found})]


def shown_size(office: Office, record: SegmentRecord) -> int | None:
    """How many are in it; None where that is not counted yet."""
    return None if record.counted_at is None else office.store.segments.size(record.number)


def _progress(office: Office) -> float | None:
    """How far the counting of new definitions is; None where it has not begun."""
    for work in office.store.work.open(KIND):
        if work.total:
            return min(1.0, work.done / work.total)
    return None


@needs(Right.CAMPAIGN_EDIT)
def new(office: Office) -> Response:
    """An empty form."""
    return _editor(office, None, "", "", TypedDefinition((Line("came", fields={"least": "2"}),)), {})


def one(office: Office, number: int) -> Response:
    """A segment, with the form by which it is changed."""
    record = record_of(office, number)
    typed = as_typed(read_definition(keeping.newest_body(record)))
    return _editor(office, record, record.name, record.note, typed, {})


@needs(Right.CAMPAIGN_EDIT)
def create(office: Office) -> Response:
    """What was typed for a new one: a line more or less, a look, or all of it kept."""
    return _sent(office, None)


@needs(Right.CAMPAIGN_EDIT)
def change(office: Office, number: int) -> Response:
    """The same for one that there is."""
    return _sent(office, record_of(office, number))


def _sent(office: Office, record: SegmentRecord | None) -> Response:
    form = request.form
    typed, action = from_form(form), form.get("action", "look")
    name, note = form.get("name", "").strip(), form.get("note", "").strip()
    if action == "add" and form.get("add_kind") in FIELDS:
        join: Literal["and", "or"] = "or" if form.get("add_join") == "or" else "and"
        line = Line(form["add_kind"], join)
        return _editor(
            office, record, name, note, replace(typed, lines=(*typed.lines, line), by_text=False), {}
        )
    if action.startswith("remove-"):
        place = action.removeprefix("remove-")
        lines = tuple(line for at, line in enumerate(typed.lines) if str(at) != place)
        return _editor(office, record, name, note, replace(typed, lines=lines), {})
    definition = read_typed(typed)
    faults = definition if isinstance(definition, dict) else {}
    if action != "save" or isinstance(definition, dict):
        if action == "save":
            number = None if record is None else record.number
            faults = faults | keeping.faults_of(office.store, number, name, note)
        return _editor(office, record, name, note, typed, faults)
    return _saved(office, record, name, note, typed, definition)


def _saved(
    office: Office,
    record: SegmentRecord | None,
    name: str,
    note: str,
    typed: TypedDefinition,
    definition: Definition,
) -> Response:
    wrong = None if record is None else _may_not_change(office, record)
    if wrong is not None:
        return _editor(office, record, name, note, typed, {"name": wrong})
    version = request.form.get("version", type=int)
    number = None if record is None else record.number
    kept = keeping.define(
        office.store, number, name, note, definition, office.now(), office.who(), version=version
    )
    if isinstance(kept, dict):
        return _editor(office, record, name, note, typed, kept)
    return back_to("segment", "segment-saved", number=kept.number)


def _may_not_change(office: Office, record: SegmentRecord) -> Said | None:
    """Whoever changes who is meant changes what runs with it: that is for those who may let it run."""
    running = {one.what for one in who_names(office.store, record.name, office.now()) if one.holds}
    if "offer" in running and not allowed(Right.CAMPAIGN_PUBLISH):
        return said("Offers run with this segment: somebody who may publish offers has to change it.")
    if running & {"plan", "mailing"} and not allowed(Right.MESSAGES):
        return said(
            "Care plans or messages go out by this segment: somebody who may write to members has to change it."
        )
    return None


@needs(Right.CAMPAIGN_EDIT)
def remove(office: Office, number: int) -> Response:
    """Take it away, after asking once; where something still asks for it, say what, and what has to be done first."""
    record = record_of(office, number)
    if request.form.get("sure") == "yes":
        wrong = keeping.remove(office.store, number, office.now(), office.who())
        if wrong is None:
            return back_to("segments", "segment-removed")
    else:
        wrong = None
    namers = who_names(office.store, record.name, office.now())
    return office.page(
        "segment_remove.html",
        409 if wrong is not None else 200,
        record=record,
        namers=namers,
        wrong=why_it_stays(namers) or ([wrong] if wrong is not None else []),
    )


def _editor(
    office: Office,
    record: SegmentRecord | None,
    name: str,
    note: str,
    typed: TypedDefinition,
    faults: Mapping[str, Said],
) -> Response:
    definition = read_typed(typed)
    seen = None if isinstance(definition, dict) else _preview(office, definition, record)
    may_see = allowed(Right.MEMBERS)
    return office.page(
        "segment.html",
        422 if faults else 200,
        record=record,
        name=name,
        note=note,
        typed=typed,
        faults=faults,
        unfit=definition if isinstance(definition, dict) else {},
        words=[] if isinstance(definition, dict) else Teller(office).lines(definition),
        seen=seen,
        some=_samples(office, seen) if seen is not None and may_see else [],
        few=FEW,
        size=None if record is None else shown_size(office, record),
        version=None if record is None else keeping.latest(record),
        versions=[] if record is None else office.store.segments.versions(record.number)[:20],
        namers=[] if record is None else who_names(office.store, record.name, office.now()),
        progress=_progress(office),
        on_list=0 if record is None else office.store.segments.listed(record.number),
        asks_list=record is not None and keeping.has_list(record),
        kinds=kind_names(),
        groups=kind_groups(),
        choice_names=choice_names(),
        choices=CHOICES,
        consents=tuple(CONSENTS),
        ways=WAYS,
        fields_of=FIELDS,
        day_name=lambda day: format_date(date.fromordinal(day), "medium", locale=office.wording().locale),
        offers=[(one.number, say(one.campaign.offer.title, "en")) for one in office.store.campaigns.all()],
        zones=sorted({zone for zones in zones_of(office.store).values() for zone in zones}),
    )


def _preview(office: Office, definition: Definition, record: SegmentRecord | None) -> Preview:
    number = 0 if record is None else record.number
    return preview(office.store, definition, office.now(), number=number, born=born(office))


def born(office: Office) -> Birthdays:
    """What is needed to know birthdays; nobody has one where the key is not there."""
    try:
        return birthdays(office.people_key(), office.store.shop.number)
    except StorageError:
        return NO_BIRTHDAYS


def _samples(office: Office, seen: Preview) -> list[Sample]:
    try:
        profiles = office.book().profiles([one.member for one in seen.some])
    except StorageError:
        profiles = {}
    return [Sample(one, profiles.get(one.member)) for one in seen.some]


def record_of(office: Office, number: int) -> SegmentRecord:
    """The segment of that number; no page where there is none."""
    record = office.store.segments.get(number)
    if record is None:
        abort(404)
    return record


ROUTES = (
    Route("/segments", "segments", segments),
    Route("/segments/new", "segment_new", new),
    Route("/segments/new", "segment_create", create, ("POST",)),
    Route("/segments/<int:number>", "segment", one),
    Route("/segments/<int:number>", "segment_change", change, ("POST",)),
    Route("/segments/<int:number>/remove", "segment_remove", remove, ("POST",)),
)

"""A plan as it is being written: who goes in, its steps one by one, what has to be put right before it can run.

It works without a script: every change is a form of its own, kept at once as the plan's draft. Who changed it meanwhile is not
overwritten.
"""

from __future__ import annotations

import msgspec
from flask import abort, request, url_for
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from hub.admin.guard import needs
from hub.admin.office import Office, Route, back_to
from hub.admin.plan_shown import shown
from hub.admin.plan_words import PlanWords
from hub.admin.plans import record_or_404, states, words_of
from hub.care import plan as steps
from hub.care.desk import draft_of, known, save
from hub.care.editing import KINDS, Slot, insert, kind_of, may_follow, put, remove, slots
from hub.care.flaws import flaws
from hub.care.plan import MOST_STEPS, AnyStep, Plan
from hub.care.typed import MOST_LEAVES, MOST_WAYS, Faults, question_word, read_head, read_step
from hub.roles import Right
from hub.sentences import said
from hub.store.care_records import PlanRecord
from hub.storefront.languages import NAMES, gettext

Choice = tuple[str, str]


@needs(Right.CAMPAIGN_EDIT)
def plan_edit(office: Office, number: int) -> Response:
    """What is written so far."""
    return _page(office, record_or_404(office, number))


@needs(Right.CAMPAIGN_EDIT)
def plan_head(office: Office, number: int) -> Response:
    """Keep who goes in, who leaves, the control group."""
    record = record_or_404(office, number)
    read = read_head(draft_of(record), request.form)
    if not isinstance(read, Plan):
        return _page(office, record, faults=read, status=422)
    return _keep(office, record, read, "plan-saved")


@needs(Right.CAMPAIGN_EDIT)
def plan_step_add(office: Office, number: int) -> Response:
    """Put a step in; its own page is next."""
    record = record_or_404(office, number)
    plan = draft_of(record)
    kind = request.form.get("kind", "")
    name, _, way = request.form.get("slot", "").partition(":")
    slot: Slot = (name, way)
    if kind not in KINDS or slot not in slots(plan):
        abort(400)
    if len(plan.steps) >= MOST_STEPS:
        return _page(
            office,
            record,
            faults={"slot": said("A plan has at most %(count)s steps.", count=MOST_STEPS)},
            status=422,
        )
    changed, made = insert(plan, slot, kind)
    kept = _keep(office, record, changed, None)
    return kept if kept.status_code == 409 else redirect(url_for(".plan_step", number=number, step=made), 303)


@needs(Right.CAMPAIGN_EDIT)
def plan_step(office: Office, number: int, step: str) -> Response:
    """One step."""
    record, found = _step_or_404(office, number, step)
    return _step_page(office, record, found)


@needs(Right.CAMPAIGN_EDIT)
def plan_step_save(office: Office, number: int, step: str) -> Response:
    """Keep one step."""
    record, found = _step_or_404(office, number, step)
    plan = draft_of(record)
    read = read_step(plan, found, request.form, office.shop().languages)
    if isinstance(read, dict):
        return _step_page(office, record, found, faults=read, status=422)
    return _keep(office, record, put(plan, read), "plan-saved")


@needs(Right.CAMPAIGN_EDIT)
def plan_step_remove(office: Office, number: int, step: str) -> Response:
    """Take one step out."""
    record, found = _step_or_404(office, number, step)
    return _keep(office, record, remove(draft_of(record), found.id), "plan-saved")


def _keep(office: Office, record: PlanRecord, plan: Plan, done: str | None) -> Response:
    typed = request.form.get("revision", "")
    revision = int(typed) if typed.isdecimal() and len(typed) < 10 else record.revision
    with office.store.writing():
        kept = save(office.store, record.number, plan, revision)
        if kept:
            before, after = _told(draft_of(record)), _told(plan)
            both = {
                name: {"before": before[name], "after": after[name]}
                for name in after
                if before[name] != after[name]
            }
            office.note("plan.changed", str(record.number), changes=both)
    if not kept:
        fresh = record_or_404(office, record.number)
        wrong: Faults = {
            "plan_name": said(
                "Somebody else changed this plan meanwhile. This is how it stands now; make your change again."
            )
        }
        return _page(office, fresh, faults=wrong, status=409)
    return back_to("plan_edit", done, number=record.number)


def _told(plan: Plan) -> dict[str, object]:
    """What the record of changes says of a plan."""
    whole = msgspec.to_builtins(plan)
    return {
        "name": plan.name,
        "entry": msgspec.json.encode(whole["entry"]).decode(),
        "control": plan.control,
        "steps": msgspec.json.encode(whole["steps"]).decode(),
    }


def _page(office: Office, record: PlanRecord, *, faults: Faults | None = None, status: int = 200) -> Response:
    plan, words, wording = draft_of(record), words_of(office), office.wording()
    found = flaws(plan, known(office.store, office.now()))
    by_step: dict[str, list[str]] = {}
    for one in found:
        by_step.setdefault(one.step, []).append(wording.say(one.what))
    return office.page(
        "plan_edit.html",
        status,
        record=record,
        plan=plan,
        state=states()[record.state],
        words=words,
        shown=shown(plan, words, [], wording, wrong=by_step, edit=record.number),
        wrong=by_step.get("", []),
        wrong_steps=sum(1 for name in by_step if name),
        check=request.args.get("check") == "yes",
        slots=[(f"{name}:{way}", _slot(words, plan, (name, way))) for name, way in slots(plan)],
        kinds=[(kind, words.kind(kind)) for kind in KINDS],
        segments=[(one.name, one.name) for one in office.store.segments.all()],
        entry_kind=str(plan.entry.__struct_config__.tag),
        leaves=[
            (place, question_word(plan.leave[place - 1]) if place <= len(plan.leave) else "")
            for place in range(1, MOST_LEAVES + 1)
        ],
        questions=_questions(office, plan, words, leave=True),
        staff=[(one.id, one.name) for one in office.store.people.staff() if one.active and one.member],
        faults=faults or {},
        typed=request.form if faults else {},
    )


def _step_page(
    office: Office,
    record: PlanRecord,
    step: AnyStep,
    *,
    faults: Faults | None = None,
    status: int = 200,
) -> Response:
    plan, words = draft_of(record), words_of(office)
    found = known(office.store, office.now())
    branches = list(step.branches) if isinstance(step, steps.Split) else []
    return office.page(
        "plan_step.html",
        status,
        record=record,
        plan=plan,
        step=step,
        kind=kind_of(step),
        kind_name=words.kind(kind_of(step)),
        words=words,
        goals=[
            ("", words.place("", plan)),
            *((one, words.place(one, plan)) for one in may_follow(plan, step.id)),
        ],
        questions=_questions(office, plan, words, leave=False),
        branches=[
            (place, branches[place - 1] if place <= len(branches) else None)
            for place in range(1, min(MOST_WAYS, len(branches) + 2) + 1)
        ],
        question_word=question_word,
        languages=[(one, NAMES.get(one, one)) for one in office.shop().languages],
        offers=[(one, words.offer(one)) for one in found.offers],
        lists=[(one, one) for one in sorted(found.lists)],
        most_outcomes=steps.MOST_OUTCOMES,
        faults=faults or {},
        typed=request.form if faults else {},
    )


def _questions(
    office: Office, plan: Plan, words: PlanWords, *, leave: bool
) -> list[tuple[str, list[Choice]]]:
    """Everything that may be asked, by groups."""
    asked: list[tuple[str, list[steps.Asked]]] = [
        (gettext("Segments"), [steps.Within((one.name,)) for one in office.store.segments.all()]),
        (
            gettext("Since they came in, on a later day"),
            [steps.Did("purchase"), steps.Did("visit"), steps.Did("coupon")],
        ),
    ]
    if not leave:
        asked += [
            (
                words.step(task),
                [*(steps.Came(task.id, one.word) for one in task.outcomes or ()), steps.Came(task.id, "")]
                if task.outcomes
                else [steps.Came(task.id, "done"), steps.Came(task.id, "")],
            )
            for task in plan.steps
            if isinstance(task, steps.Task)
        ]
        asked += [
            (gettext("Channels"), [steps.Reachable("sms"), steps.Reachable("mail"), steps.Reachable("push")]),
            (gettext("Language"), [steps.Speaks(one) for one in office.shop().languages]),
            (gettext("Lot"), [steps.Share(50)]),
        ]
    return [
        (name, [(question_word(one), _question(words, one, plan)) for one in some])
        for name, some in asked
        if some
    ]


def _question(words: PlanWords, asks: steps.Asked, plan: Plan) -> str:
    if isinstance(asks, steps.Share):
        return gettext("a part drawn by lot")
    return words.question(asks, plan)


def _slot(words: PlanWords, plan: Plan, slot: Slot) -> str:
    name, way = slot
    step = plan.step(name)
    if step is None:
        return gettext("at the beginning")
    named = words.way(step, way, plan)
    text = gettext("after: %(step)s", step=words.step(step))
    return f"{text} ({named})" if named else text


def _step_or_404(office: Office, number: int, step: str) -> tuple[PlanRecord, AnyStep]:
    record = record_or_404(office, number)
    found = draft_of(record).step(step)
    if found is None:
        abort(404)
    return record, found


ROUTES = (
    Route("/plans/<int:number>/edit", "plan_edit", plan_edit),
    Route("/plans/<int:number>/edit", "plan_head", plan_head, ("POST",)),
    Route("/plans/<int:number>/steps", "plan_step_add", plan_step_add, ("POST",)),
    Route("/plans/<int:number>/steps/<step>", "plan_step", plan_step),
    Route("/plans/<int:number>/steps/<step>", "plan_step_save", plan_step_save, ("POST",)),
    Route("/plans/<int:number>/steps/<step>/remove", "plan_step_remove", plan_step_remove, ("POST",)),
)

"""Care plans: which there are, one with its drawing, its counts and what it changed; published, paused, ended."""

from __future__ import annotations

import os

from flask import abort, request, url_for
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from hub.admin import verdicts
from hub.admin.guard import needs
from hub.admin.office import Office, Route, back_to
from hub.admin.plan_shown import Shown, shown
from hub.admin.plan_verdict import verdict
from hub.admin.plan_words import PlanWords
from hub.care.desk import add, draft_of, end, move_inside, pause, publish, resume, try_on
from hub.care.effect import effect
from hub.care.means import Means
from hub.care.plan import Plan, WhenDone
from hub.care.ready import READY
from hub.care.walking import plan_of
from hub.changing import turned
from hub.roles import Right
from hub.sentences import Said, said
from hub.store.care_records import PlanRecord
from hub.storefront.languages import gettext, language
from hub.wire.snapshot import say

RUNS_SHOWN = 12

READY_NAMES: dict[str, Said] = {
    "first": said("After the first visit"),
    "second": said("After the second visit"),
    "birthday": said("Birthday"),
    "holiday": said("Holiday"),
    "back": said("Win back who stays away"),
    "service": said("Soon needed again"),
}


def plans(office: Office) -> Response:
    """Every plan, and plans that are ready to be made one's own."""
    words = words_of(office)
    rows = []
    for record in office.store.care.plans():
        plan = current(office, record)
        inside = sum(office.store.care.by_version(record.number).values())
        rows.append((record, plan, words.entry(plan.entry), inside))
    return office.page("plans.html", rows=rows, states=states(), ready=READY_NAMES)


@needs(Right.CAMPAIGN_EDIT)
def plan_add(office: Office) -> Response:
    """A new plan as a draft: an empty one, or a ready one."""
    name = request.form.get("ready", "")
    plan = READY.get(name) or Plan(entry=WhenDone())
    if name in READY:
        plan = named(plan, office.wording().say(READY_NAMES[name]))
    with office.store.writing():
        number = add(office.store, plan, os.urandom, office.now())
        office.note("plan.made", str(number), changes=turned("name", None, plan.name))
    return redirect(url_for(".plan_edit", number=number), 303)


def named(plan: Plan, name: str) -> Plan:
    """The plan under another name."""
    import msgspec

    return msgspec.structs.replace(plan, name=name)


def plan(office: Office, number: int) -> Response:
    """One plan as it runs."""
    record = record_or_404(office, number)
    if record.version == 0:
        return redirect(url_for(".plan_edit", number=number), 303)
    return _plan_page(office, record)


def _plan_page(
    office: Office, record: PlanRecord, wrong: list[str] | None = None, status: int = 200
) -> Response:
    store, now, wording = office.store, office.now(), office.wording()
    asked = request.args.get("version", "")
    version = int(asked) if asked.isdecimal() and int(asked) <= 10_000 else record.version
    drawn = plan_of(store, record.number, version)
    if drawn is None:
        abort(404)
    here = current(office, record)
    watched = effect(store, record, here, now)
    changed = watched.effect
    return office.page(
        "plan.html",
        status,
        record=record,
        plan=drawn,
        version=version,
        state=states()[record.state],
        entry=words_of(office).entry(drawn.entry),
        shown=_shown(office, record, drawn),
        inside=store.care.by_version(record.number),
        versions=[one for one in store.care.versions(record.number) if not one.is_test],
        changed_since=draft_of(record) != here,
        verdict=verdict(changed, wording, has_control=here.control > 0),
        **verdicts.comparison(changed, wording),
        waiting=watched.waiting,
        runs=store.care.latest_runs(record.number, RUNS_SHOWN),
        words=words_of(office),
        wrong=wrong or [],
    )


@needs(Right.MESSAGES)
def plan_turn(office: Office, number: int) -> Response:
    """Pause a plan, go on with it, end it, move who is inside to the newest version."""
    record_or_404(office, number)
    action, means = request.form.get("action", ""), office_means(office)
    with office.store.writing():
        match action:
            case "pause":
                done = pause(office.store, number, office.now())
            case "resume":
                done = resume(office.store, number, office.now())
            case "end" | "stop":
                done = end(means, number, office.now(), let_finish=action == "end")
            case "move":
                version = request.form.get("version", "")
                if not version.isdecimal() or len(version) > 6:
                    abort(400)
                moved = move_inside(means, number, int(version), office.who(), office.now())
                done = moved > 0
                if done:
                    office.note("plan.moved", str(number), changes=turned("members", None, moved))
            case _:
                abort(400)
        if done and action != "move":
            office.note(f"plan.{action}", str(number))
    return back_to("plan", f"plan-{action}" if done else None, number=number)


@needs(Right.MESSAGES)
def plan_publish(office: Office, number: int) -> Response:
    """Let members go into what is written; or say what has to be put right first."""
    record_or_404(office, number)
    with office.store.writing():
        done = publish(office.store, number, office.who(), office.now())
        if isinstance(done, int):
            office.note("plan.published", str(number), changes=turned("version", None, done))
    if isinstance(done, int):
        return back_to("plan", "plan-published", number=number)
    return redirect(url_for(".plan_edit", number=number, check="yes"), 303)


@needs(Right.MESSAGES)
def plan_try(office: Office, number: int) -> Response:
    """Let somebody of the staff walk what is written, without waiting."""
    record_or_404(office, number)
    name = request.form.get("staff", "")
    member = next((one.member for one in office.store.people.staff() if one.id == name and one.member), "")
    if not member:
        abort(400)
    with office.store.writing():
        done = try_on(office_means(office), number, member, office.who(), office.now())
        if done:
            office.note("plan.tried", str(number), changes=turned("staff", None, name))
    return back_to("plan_edit", "plan-tried" if done else None, number=number)


def plan_run(office: Office, number: int, run: str) -> Response:
    """One member's way through a plan, step by step. Who it is stands here by an opaque id alone."""
    record = record_or_404(office, number)
    found = office.store.care.run(run)
    if found is None or found.plan != number:
        abort(404)
    walked = plan_of(office.store, number, found.version) or Plan()
    return office.page(
        "plan_run.html",
        record=record,
        run=found,
        plan=walked,
        words=words_of(office),
        path=office.store.care.path(run),
        tasks=office.store.care.tasks_in(run),
    )


def tasks(office: Office) -> Response:
    """What staff are asked to do, and what came of it."""
    rows = []
    for record in office.store.care.tasks(100):
        walked = plan_of(office.store, record.plan, record.version)
        step = walked.step(record.step) if walked is not None else None
        rows.append((record, walked, step))
    return office.page("tasks.html", rows=rows, words=words_of(office))


def record_or_404(office: Office, number: int) -> PlanRecord:
    """A plan that there is."""
    record = office.store.care.plan(number)
    if record is None:
        abort(404)
    return record


def current(office: Office, record: PlanRecord) -> Plan:
    """What members go into now; the draft of a plan that was never published."""
    found = plan_of(office.store, record.number, record.version) if record.version else None
    return found or draft_of(record)


def words_of(office: Office) -> PlanWords:
    """How this page says plans."""
    spoken = language()
    offers = {one.number: say(one.campaign.offer.title, spoken) for one in office.store.campaigns.all()}
    return PlanWords(office.wording(), offers)


def office_means(office: Office) -> Means:
    """What the office needs to let members out, in and over."""
    return Means(office.store, clock=office.clock())


def states() -> dict[str, str]:
    """What a plan's state is called."""
    return {
        "draft": gettext("draft"),
        "running": gettext("running"),
        "paused": gettext("paused"),
        "ended": gettext("ended"),
    }


def _shown(office: Office, record: PlanRecord, plan: Plan) -> Shown:
    return shown(plan, words_of(office), office.store.care.counts(record.number), office.wording())


ROUTES = (
    Route("/plans", "plans", plans),
    Route("/plans", "plan_add", plan_add, ("POST",)),
    Route("/plans/<int:number>", "plan", plan),
    Route("/plans/<int:number>/turn", "plan_turn", plan_turn, ("POST",)),
    Route("/plans/<int:number>/publish", "plan_publish", plan_publish, ("POST",)),
    Route("/plans/<int:number>/try", "plan_try", plan_try, ("POST",)),
    Route("/plans/<int:number>/runs/<run>", "plan_run", plan_run),
    Route("/tasks", "tasks", tasks),
)

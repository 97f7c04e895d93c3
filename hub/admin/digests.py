"""Digests: numbers that come by themselves. Made and ended here; each that was made stays as a page."""

from __future__ import annotations

from flask import abort, request
from werkzeug.wrappers import Response

from hub.admin.boards import families
from hub.admin.guard import needs, own_role
from hub.admin.naming import dimension_name, weekday_name
from hub.admin.office import Office, Route, back_to
from hub.figures.definitions import FIGURES
from hub.figures.digest import Every, Plan, read_issue, read_plan
from hub.figures.digest_form import CUTS, MOST_FIGURES, add_digest, change_digest
from hub.roles import Right, Role
from hub.sentences import Said
from hub.storefront.languages import NAMES, gettext, language

EVERY: tuple[Every, ...] = ("day", "week", "month")
FIRST = ("visits", "capture_rate", "taken", "redeemed", "given_cents", "earned_cents")
"""What is ticked on a form that nobody has touched."""

SHOWN = 60


def digests(office: Office) -> Response:
    """Every digest with the latest of each, and the form for a new one."""
    return _page(office)


@needs(Right.EXPORT_DATA)
def add(office: Office) -> Response:
    """A new digest. The secret of its posts is shown once."""
    form = request.form
    typed: dict[str, object] = {
        name: form.get(name, "").strip()
        for name in (
            *(
                "digest_name",
                "every",
                "at_hour",
                "weekday",
                "digest_language",
                "by",
                "versus",
                "mails",
                "url",
            ),
            "private",
        )
    }
    typed["digest_figures"] = form.getlist("digest_figures")
    every, hour, weekday = (
        form.get("every"),
        form.get("at_hour", 7, type=int),
        form.get("weekday", 0, type=int),
    )
    if every not in EVERY or not 0 <= weekday <= 6 or form.get("digest_language") not in NAMES:
        abort(400)
    if form.get("by") not in ("", *map(str, CUTS)) or form.get("versus") not in ("previous", "year"):
        abort(400)
    plan = Plan(
        name=" ".join(str(typed["digest_name"]).split()),
        figures=tuple(dict.fromkeys(form.getlist("digest_figures"))),
        every=every,
        at_hour=hour,
        weekday=weekday,
        language=str(typed["digest_language"]),
        by=str(typed["by"]),
        versus="year" if typed["versus"] == "year" else "previous",
        mails=tuple(dict.fromkeys(str(typed["mails"]).replace(",", " ").split())),
        url=str(typed["url"]),
        private=typed["private"] == "yes" and own_role() is Role.OWNER,
    )
    made = add_digest(office.store, office.key, plan, office.who(), office.now())
    if isinstance(made, dict):
        return _page(office, faults=made, typed=typed, status=422)
    digest, secret = made
    if secret:
        return office.page(
            "outside_made.html",
            what=gettext("The secret of %(name)s", name=plan.name),
            text=secret,
            how=gettext(
                "The receiver checks with it that a message comes from this hub (Standard Webhooks)."
            ),
        )
    return back_to("digest", "digest-made", number=digest.number)


def digest(office: Office, number: int) -> Response:
    """One digest: when it comes, what was made, where it went."""
    found = office.store.digests.get(number)
    if found is None:
        abort(404)
    issues = office.store.digests.issues(number, SHOWN)
    return office.page(
        "digest.html",
        digest=found,
        plan=read_plan(found),
        when=when_it_comes(office, read_plan(found)),
        issues=[(one, read_issue(one), office.store.digests.sendings(number, one.number)) for one in issues],
    )


def issue(office: Office, number: int, made: int) -> Response:
    """One that was made, with its numbers as they were then."""
    record = office.store.digests.issue(number, made)
    if record is None:
        abort(404)
    found = read_issue(record)
    return office.page(
        "digest_issue.html",
        digest_number=number,
        issue=found,
        answer=found.answer,
        question=found.answer.question,
    )


@needs(Right.EXPORT_DATA)
def change(office: Office, number: int) -> Response:
    """Make it now, pause it, go on with it, remove it."""
    action = request.form.get("action", "")
    done = {
        "now": "digest-asked",
        "pause": "digest-paused",
        "go_on": "digest-resumed",
        "remove": "digest-removed",
    }.get(action)
    if done is None:
        abort(400)
    if not change_digest(office.store, number, action, read_plan, office.who(), office.now()):
        abort(404)
    return back_to("digests", done) if action == "remove" else back_to("digest", done, number=number)


def when_it_comes(office: Office, plan: Plan) -> str:
    """When a digest comes, in a few words."""
    from hub.admin.naming import hour_name

    hour = hour_name(office.wording(), plan.at_hour)
    match plan.every:
        case "day":
            return gettext("each day at %(hour)s, about the day before", hour=hour)
        case "week":
            day = weekday_name(office.wording(), plan.weekday, "EEEE")
            return gettext(
                "each week on %(day)s at %(hour)s, about the seven days before", day=day, hour=hour
            )
        case _:
            return gettext("on the first of each month at %(hour)s, about the month before", hour=hour)


def _page(
    office: Office,
    *,
    faults: dict[str, Said] | None = None,
    typed: dict[str, object] | None = None,
    status: int = 200,
) -> Response:
    rows = []
    for one in office.store.digests.all():
        plan = read_plan(one)
        latest = office.store.digests.issues(one.number, 1)
        rows.append((one, plan, when_it_comes(office, plan), latest[0] if latest else None))
    return office.page(
        "digests.html",
        status,
        rows=rows,
        families=families(),
        every=[
            ("day", gettext("each day")),
            ("week", gettext("each week")),
            ("month", gettext("each month, on its first day")),
        ],
        weekdays=[(day, weekday_name(office.wording(), day, "EEEE")) for day in range(7)],
        cuts=[(str(one), dimension_name(one)) for one in CUTS],
        languages=list(NAMES.items()),
        faults=faults or {},
        typed=typed
        or {
            "digest_figures": [one for one in FIRST if one in FIGURES],
            "every": "week",
            "at_hour": "7",
            "weekday": "0",
            "digest_language": language(),
        },
        most=MOST_FIGURES,
        owner=own_role() is Role.OWNER,
    )


ROUTES = (
    Route("/digests", "digests", digests),
    Route("/digests", "digest_add", add, ("POST",)),
    Route("/digests/<int:number>", "digest", digest),
    Route("/digests/<int:number>", "digest_change", change, ("POST",)),
    Route("/digests/<int:number>/<int:made>", "digest_issue", issue),
)

"""All addresses of the manager's pages in one blueprint, with what they share: stylesheet, pictures, errors."""

from __future__ import annotations

import logging
from functools import partial
from pathlib import Path

from flask import Blueprint, abort, request, send_from_directory
from jinja2 import ChoiceLoader, FileSystemLoader
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from hub.admin import (
    alarms,
    boards,
    calendar,
    campaign_report,
    chain,
    coupon,
    coupons,
    crew,
    digests,
    door,
    explore,
    exploring,
    files,
    inbox,
    join_poster,
    joining,
    keys,
    keywords,
    lost,
    made,
    mailings,
    managers,
    members,
    members_file,
    membership,
    node,
    nodes,
    notes,
    offers,
    outside,
    pairs,
    paper,
    places,
    plan_edit,
    plans,
    previews,
    purses,
    quiet,
    recall,
    record,
    rows,
    security,
    segment_lists,
    segments,
    tags,
    today,
    turns,
    work,
    worth,
)
from hub.admin import shop as shop_pages
from hub.admin.gate import check, finish
from hub.admin.guard import all_needs
from hub.admin.look import own_style
from hub.admin.office import Office, Route, context
from hub.client.db import StorageError
from hub.storefront.languages import carry_language, gettext, speak
from hub.storefront.style import STATIC

HERE = Path(__file__).parent
CATALOGUE = HERE / "translations"
_A_YEAR = "public, max-age=31536000, immutable"

logger = logging.getLogger(__name__)


def make_blueprint(office: Office) -> Blueprint:
    """Every page, behind the gate."""
    blueprint = Blueprint(
        "manage", __name__, template_folder="templates", static_folder="static", static_url_path="/static"
    )
    # The pieces and the offer card are the storefront's, whether or not it is mounted beside these pages.
    blueprint.jinja_loader = ChoiceLoader(
        [FileSystemLoader(HERE / "templates"), FileSystemLoader(STATIC.parent / "templates")]
    )
    blueprint.record(lambda state: speak(state.app, CATALOGUE))
    carry_language(blueprint)
    every = every_route()
    for route in every:
        blueprint.add_url_rule(
            route.rule, route.endpoint, partial(route.view, office), methods=list(route.methods)
        )
    is_open = frozenset({"static", *(route.endpoint for route in every if route.open)})
    needed = all_needs(every)
    blueprint.before_request(partial(check, office, is_open, needed))
    blueprint.after_request(partial(finish, office))
    blueprint.context_processor(partial(context, office, needed))
    blueprint.register_error_handler(HTTPException, partial(_sorry, office))
    # Where the shoppers' pages are mounted beside these, theirs for this status would go first.
    blueprint.register_error_handler(404, partial(_sorry, office))
    blueprint.register_error_handler(StorageError, partial(_no_storage, office))
    return blueprint


def every_route() -> tuple[Route, ...]:
    """Every address of these pages, in the order in which they are asked."""
    return (
        *_ROUTES,
        *door.ROUTES,
        *security.ROUTES,
        *today.ROUTES,
        *explore.ROUTES,
        *rows.ROUTES,
        *notes.ROUTES,
        *members.ROUTES,
        *pairs.ROUTES,
        *members_file.ROUTES,
        *membership.ROUTES,
        *lost.ROUTES,
        *worth.ROUTES,
        *made.ROUTES,
        *join_poster.ROUTES,
        *segments.ROUTES,
        *segment_lists.ROUTES,
        *offers.ROUTES,
        *turns.ROUTES,
        *previews.ROUTES,
        *calendar.ROUTES,
        *paper.ROUTES,
        *campaign_report.ROUTES,
        *plans.ROUTES,
        *plan_edit.ROUTES,
        *quiet.ROUTES,
        *purses.ROUTES,
        *coupons.ROUTES,
        *coupon.ROUTES,
        *recall.ROUTES,
        *keys.ROUTES,
        *nodes.ROUTES,
        *node.ROUTES,
        *joining.ROUTES,
        *places.ROUTES,
        *chain.ROUTES,
        *crew.ROUTES,
        *managers.ROUTES,
        *boards.ROUTES,
        *digests.ROUTES,
        *exploring.ROUTES,
        *files.ROUTES,
        *work.ROUTES,
        *outside.ROUTES,
        *alarms.ROUTES,
        *record.ROUTES,
        *tags.ROUTES,
        *inbox.ROUTES,
        *keywords.ROUTES,
        *mailings.ROUTES,
        *shop_pages.ROUTES,
        *_LAST,
    )


def _style(office: Office) -> Response:
    text, _ = own_style(office.shop().colour)
    return Response(text, mimetype="text/css", headers={"Cache-Control": _A_YEAR})


def _bell(_: Office) -> Response:
    response = send_from_directory(STATIC, "bell.svg", mimetype="image/svg+xml")
    response.headers["Cache-Control"] = _A_YEAR
    return response


def _picture(office: Office, digest: str) -> Response:
    picture = office.store.campaigns.picture(digest)
    if picture is None:
        abort(404)
    return Response(
        picture.body, mimetype=picture.type, headers={"Cache-Control": "private, max-age=31536000"}
    )


def _nowhere(_: Office, rest: str) -> Response:
    abort(404, rest)


def _sorry(office: Office, wrong: HTTPException) -> Response:
    """An error as a page with a way on."""
    if wrong.response is not None or (wrong.code or 500) < 400:
        return Response.force_type(wrong.get_response(), request.environ)
    sentences = {
        404: (gettext("There is no such page"), gettext("It may have been moved. Begin again from Today.")),
        405: (gettext("That does not go this way"), gettext("Open the page from the menu.")),
        500: (
            gettext("Something is broken here"),
            gettext(
                "Nothing was changed. It is written in the hub's log; please tell whoever looks after the hub."
            ),
        ),
        413: (
            gettext("That was too much at once"),
            gettext("The picture is far too large. Go back, choose a smaller one, and send the form again."),
        ),
    }
    title, text = sentences.get(
        wrong.code or 500,
        (
            gettext("That did not work"),
            gettext("The page could not read what was sent. Go back and try again."),
        ),
    )
    return office.page("sorry.html", wrong.code or 500, title=title, text=text)


def _no_storage(office: Office, wrong: StorageError) -> Response:
    """The disk did not take it, or cannot be read: say so, without asking it again where it cannot even name the shop."""
    logger.error("storage failed: %s", wrong)
    try:
        title = gettext("The hub could not write this down")
        return office.page("sorry.html", 507, title=title, text=str(wrong))
    except StorageError:
        return Response(f"{wrong}\n", 507, mimetype="text/plain")


_ROUTES: tuple[Route, ...] = (
    Route("/style.css", "style", _style, open=True),
    Route("/bell.svg", "bell", _bell, open=True),
    Route("/picture/<digest>", "picture", _picture),
)
_LAST: tuple[Route, ...] = (Route("/<path:rest>", "nowhere", _nowhere, ("GET", "POST")),)

"""A board as whoever has its address sees it: `/board/<token>`. It reads, it can be in a frame, it comes anew each minute.

Not a manager's page: no cookie is read, no session, no form stands on it, and nothing leads from it to them.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from flask import Blueprint, abort, g, make_response, render_template, request, send_from_directory, url_for
from flask import Response as FlaskResponse
from jinja2 import ChoiceLoader, FileSystemLoader

from hub.admin.boards import days_name
from hub.admin.digest_mail import LOCALES
from hub.admin.look import own_style
from hub.admin.values import Values, attributes
from hub.admin.wording import Wording
from hub.figures.board import BoardPlan, board_question, find_board
from hub.figures.engine import ask
from hub.sentences import Said
from hub.store.whole import HubStore
from hub.storefront.headers import content_policy, guard
from hub.storefront.languages import TAGS, choose_locale, language, speak
from hub.storefront.style import STATIC
from hub.wire.snapshot import Shop, say

HERE = Path(__file__).parent
AGAIN_S = 60
_A_YEAR = "public, max-age=31536000, immutable"


def create_board(store: HubStore, now: Callable[[], float]) -> Blueprint:
    """The blueprint for `/board`. It shows the boards of every shop of the database: the token says which."""
    blueprint = Blueprint("board", __name__, url_prefix="/board", template_folder="templates")
    blueprint.jinja_loader = ChoiceLoader(
        [FileSystemLoader(HERE / "templates"), FileSystemLoader(STATIC.parent / "templates")]
    )
    blueprint.record(lambda state: speak(state.app, HERE / "translations"))

    @blueprint.get("/style.css")
    def style() -> FlaskResponse:
        found = make_response(_style(request.args.get("colour") or None)[0])
        found.mimetype = "text/css"
        found.headers["Cache-Control"] = _A_YEAR
        return guard(found)

    @blueprint.get("/board.js")
    def script() -> FlaskResponse:
        found = send_from_directory(HERE / "static", "board.js", mimetype="text/javascript")
        found.headers["Cache-Control"] = "no-cache"
        return guard(found)

    @blueprint.get("/<token>")
    def shown(token: str) -> FlaskResponse:
        at = now()
        found = find_board(store, token, at)
        if found is None:
            return _closed()
        own, board, plan = found
        return _framed(_drawn(own, board.name, plan, at), plan)

    return blueprint


def _style(colour: str | None) -> tuple[str, str]:
    text, version = own_style(colour)
    sheet = (HERE / "static" / "board.css").read_text()
    return text + sheet, version


def _drawn(store: HubStore, name: str, plan: BoardPlan, now: float) -> FlaskResponse:
    shop = store.shop.get() or Shop(0, {})
    # Every text of the page follows: a board speaks one language, whoever looks.
    g.shopbell_language = plan.language if plan.language in LOCALES else "en"
    wording = Wording(shop, choose_locale(g.shopbell_language, request.accept_languages), now)
    question = board_question(plan, shop.timezone, now)
    answer = ask(store, question, now)
    if isinstance(answer, Said):
        abort(404)
    return make_response(
        render_template(
            "board/board.html",
            tag=TAGS[g.shopbell_language],
            again_s=AGAIN_S,
            style_url=url_for(".style", colour=shop.colour or "", v=_style(shop.colour)[1]),
            shop_name=say(shop.name, g.shopbell_language) or "Shopbell",
            name=name,
            days=days_name(plan.days),
            answer=answer,
            question=question,
            behind=sorted({node for fresh in answer.fresh.values() for node, _ in fresh.behind}),
            figures=Values(wording, g.shopbell_language),
            number_attributes=attributes,
            w=wording,
        )
    )


def _framed(response: FlaskResponse, plan: BoardPlan) -> FlaskResponse:
    within = " ".join(plan.within) or "*"
    policy = content_policy(scripts=True).replace("frame-ancestors 'none'", f"frame-ancestors {within}")
    response.headers["Content-Security-Policy"] = policy
    # The address opens the board: it goes to nobody as a referrer, and into no index.
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex"
    return guard(response)


def _closed() -> FlaskResponse:
    response = make_response(render_template("board/closed.html", tag=TAGS[language()]), 404)
    response.headers["Referrer-Policy"] = "no-referrer"
    return guard(response)

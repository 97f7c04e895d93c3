"""The installer's pages: the live radio, a walk through the zones, a count of heads. Every page works without a script."""

from __future__ import annotations

import hashlib
import hmac
import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, g, jsonify, redirect, render_template, request, url_for
from flask.blueprints import BlueprintSetupState
from flask.typing import ResponseReturnValue
from jinja2 import ChoiceLoader, FileSystemLoader
from werkzeug.exceptions import HTTPException

from edge.portal.installer.asking import DoorSilent
from edge.portal.installer.charts import bin_names, histogram, strip_chart
from edge.portal.installer.entrance import SESSION_S, Entrance, NoCode, Wait, form_mark
from edge.portal.installer.wording import Wording
from edge.questions import (
    Answer,
    HeadsBegin,
    HeadsDone,
    HeadsEnd,
    HeadsSet,
    Look,
    Question,
    WalkBegin,
    WalkDone,
    WalkEnd,
    WalkStand,
)
from hub.client.db import StorageError
from hub.client.warnings import Shown
from hub.storefront.headers import guard
from hub.storefront.languages import TAGS, carry_language, language, language_links, locale, speak
from hub.storefront.languages import gettext as _
from hub.storefront.style import STATIC as HOUSE
from hub.storefront.style import make_style
from hub.wire.snapshot import Shop, Text, say

logger = logging.getLogger(__name__)

HERE = Path(__file__).parent
COOKIE = "shopbell-installer"
FORM_BYTES = 4_096
LOOK_EVERY_S = 2
"""How often a page with a script looks again; as often as anybody reads a number."""

RELOAD_EVERY_S = 5
"""Without a script the whole page is loaded again; more often, and nothing can be read or tapped in between."""

_YEAR = "public, max-age=31536000, immutable"
_OPEN = frozenset({"come_in", "style", "bell", "script"})


@dataclass(frozen=True, slots=True)
class Installer:
    """What the pages work with. `ask` raises DoorSilent; `warnings` are what the door says is wrong."""

    entrance: Entrance
    ask: Callable[[Question], Answer]
    shop: Callable[[], Shop]
    notice: Callable[[], Text]
    warnings: Callable[[], list[Shown]]


class _Pages:
    """The views."""

    def __init__(self, installer: Installer) -> None:
        self.installer = installer

    # The way in

    def gate(self) -> ResponseReturnValue | None:
        """Let a request in, or send it to the door."""
        request.max_content_length = FORM_BYTES
        endpoint = (request.endpoint or "").rpartition(".")[2]
        token = request.cookies.get(COOKIE, "")
        g.installer_mark = ""
        if self.installer.entrance.is_in(token):
            g.installer_mark = form_mark(token)
        elif endpoint not in _OPEN:
            if request.path.endswith(".json"):
                return jsonify(signed_in=False), 401
            return redirect(url_for(".come_in"), 303)
        if request.method == "POST" and endpoint != "come_in":
            sent = request.form.get("mark", "").encode()
            if not hmac.compare_digest(sent, g.installer_mark.encode()):
                return self._page(
                    "sorry",
                    403,
                    title=_("This form is too old"),
                    text=_("Open the page again, then tap once more."),
                )
        return None

    def come_in(self) -> ResponseReturnValue:
        """Ask for the code."""
        wrong, wait, status = "", None, 200
        if request.method == "POST":
            # Another site's page must not use up the tries of its visitors.
            if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
                return redirect(url_for(".come_in"), 303)
            came = self.installer.entrance.come_in(
                request.form.get("code", ""), request.remote_addr or "somewhere"
            )
            match came:
                case str():
                    response = redirect(url_for(".radio"), 303)
                    self._set_cookie(response, came)
                    return response
                case Wait(seconds):
                    wait, status = seconds, 429
                case NoCode():
                    wrong, status = _("No installer's code has been made on this machine yet."), 401
                case _:
                    wrong, status = _("That is not the installer's code of this door."), 401
        elif g.installer_mark:
            return redirect(url_for(".radio"), 303)
        return self._page("in", status, wrong=wrong, wait=wait)

    def go_out(self) -> ResponseReturnValue:
        """End the session."""
        self.installer.entrance.leave(request.cookies.get(COOKIE, ""))
        response = redirect(url_for(".come_in"), 303)
        response.delete_cookie(COOKIE, path=self._path(), httponly=True, samesite="Strict")
        return response

    # The live radio

    def radio(self) -> ResponseReturnValue:
        """What is heard now."""
        return self._live("radio", Look(), url_for(".radio_json"))

    def radio_json(self) -> ResponseReturnValue:
        """The same, for the script."""
        return self._part("radio", Look())

    # Calibration

    def calibrate(self) -> ResponseReturnValue:
        """What can be calibrated, and by what the door goes now."""
        answer = self._asked(Look())
        return self._page("calibrate", answer=answer) if isinstance(answer, Answer) else answer

    def walk(self) -> ResponseReturnValue:
        """Stand in the zones."""
        if request.method == "POST":
            return self._do(self._walk_question(), "walk", "calibrate")
        return self._live("walk", Look(), url_for(".walk_json"))

    def walk_json(self) -> ResponseReturnValue:
        """How far the walk is, for the script."""
        return self._part("walk", Look())

    def heads(self) -> ResponseReturnValue:
        """Count heads."""
        if request.method == "POST":
            return self._do(self._heads_question(), "heads", "calibrate")
        return self._live("heads", Look(), url_for(".heads_json"))

    def heads_json(self) -> ResponseReturnValue:
        """How far the count is, for the script."""
        return self._part("heads", Look())

    def _walk_question(self) -> Question | None:
        match request.form.get("do", ""):
            case "begin":
                sender = request.form.get("sender", "phone")
                return WalkBegin(sender) if 0 < len(sender) <= 120 else None
            case "stand":
                place = request.form.get("place", "")
                return WalkStand(place) if 0 < len(place) <= 40 else None
            case "done":
                return WalkDone()
            case "accept" | "discard" as what:
                return WalkEnd(what == "accept")
        return None

    def _heads_question(self) -> Question | None:
        typed = request.form.get("heads", "")
        heads = int(typed) if typed.isascii() and typed.isdigit() and len(typed) <= 4 else None
        match request.form.get("do", ""):
            case "begin" if heads is not None:
                return HeadsBegin(heads)
            case "set" if heads is not None:
                return HeadsSet(heads)
            case "pause" if heads is not None:
                return HeadsSet(heads, paused=True)
            case "done":
                return HeadsDone()
            case "accept" | "discard" as what:
                return HeadsEnd(what == "accept")
        return None

    def _do(self, question: Question | None, page: str, after: str) -> ResponseReturnValue:
        """Carry a form's wish to the door, and lead on, so that a reload sends nothing twice."""
        if question is None:
            return redirect(url_for(f".{page}"), 303)
        answer = self._asked(question)
        if not isinstance(answer, Answer):
            return answer
        if "Accept" in request.headers and request.accept_mimetypes.best == "application/json":
            return self._as_part(page, answer)
        if answer.refused:
            return self._page(
                "sorry",
                409,
                title=_("That could not be done"),
                text=Wording(locale(), self.installer.shop()).refusal(answer.refused, answer.detail),
                back=url_for(f".{page}"),
            )
        ended = isinstance(question, WalkEnd | HeadsEnd)
        done = "accepted" if ended and getattr(question, "accept", False) else None
        return redirect(url_for(f".{after}" if ended else f".{page}", done=done), 303)

    # How a page is put together

    def _asked(self, question: Question) -> Answer | Response:
        """The door's answer, or a page that says why there is none."""
        try:
            return self.installer.ask(question)
        except DoorSilent as silent:
            return self._page("silent", 503, why=silent.why, reload_s=RELOAD_EVERY_S)

    def _live(self, page: str, question: Question, poll_url: str) -> ResponseReturnValue:
        answer = self._asked(question)
        if not isinstance(answer, Answer):
            return answer
        return self._page(page, answer=answer, poll_url=poll_url, reload_s=self._reload_s(page, answer))

    def _reload_s(self, page: str, answer: Answer) -> int:
        """A page that waits for a tap need not be loaded again under the finger."""
        waits = (page == "walk" and answer.walk is None) or (page == "heads" and answer.heads is None)
        return 0 if waits else RELOAD_EVERY_S

    def _part(self, page: str, question: Question) -> ResponseReturnValue:
        try:
            return self._as_part(page, self.installer.ask(question))
        except DoorSilent as silent:
            return jsonify(signed_in=True, html=self._render("silent_live", why=silent.why), stage="silent")

    def _as_part(self, page: str, answer: Answer) -> ResponseReturnValue:
        part = answer.walk if page == "walk" else answer.heads if page == "heads" else None
        stage = "" if part is None else part.stage + getattr(part, "now_at", "")
        heads = answer.heads.heads if answer.heads else None
        return jsonify(
            signed_in=True,
            html=self._render(f"{page}_live", answer=answer),
            stage=stage,
            heads=heads,
            refused=answer.refused,
        )

    def _render(self, name: str, **values: Any) -> str:
        return render_template(f"installer/{name}.html", **values)

    def _page(self, name: str, status: int = 200, **values: Any) -> Response:
        return Response(self._render(name, **values), status, mimetype="text/html")

    def _set_cookie(self, response: Any, token: str) -> None:
        response.set_cookie(
            COOKIE,
            token,
            max_age=int(SESSION_S),
            path=self._path(),
            secure=request.is_secure,
            httponly=True,
            samesite="Strict",
        )

    def _path(self) -> str:
        return url_for(".radio", lang=None)

    def context(self) -> dict[str, Any]:
        """What every template of ours and `shopbell/base.html` may use."""
        shop, spoken = self.installer.shop(), language()
        return {
            "shopbell": {
                "tag": TAGS[spoken],
                "surface": "phone",
                "shop_name": say(shop.name, spoken) or "Shopbell",
                "inline_style": False,
                "style_url": url_for(".style", v=_style(shop.colour)[1]),
                "bell_url": url_for(".bell"),
                "notice": say(self.installer.notice(), spoken),
                "home_url": url_for(".radio"),
                "languages": language_links(),
            },
            "w": Wording(locale(), shop),
            "say": lambda text: say(text, spoken),
            # Chinese sentences follow each other without a space.
            "gap": "" if spoken == "zh" else " ",
            "mark": g.get("installer_mark", ""),
            "here": (request.endpoint or "").rpartition(".")[2],
            "warnings": self.installer.warnings,
            "script_url": url_for(".script", v=_script()[1]),
            "look_every_s": LOOK_EVERY_S,
            "strip_chart": strip_chart,
            "histogram": histogram,
            "bin_names": bin_names(),
            "accepted": request.args.get("done") == "accepted",
        }

    def style(self) -> ResponseReturnValue:
        """The house's stylesheet and a little more."""
        text = _style(self.installer.shop().colour)[0]
        return Response(text, mimetype="text/css", headers={"Cache-Control": _YEAR})

    def script(self) -> ResponseReturnValue:
        """The one script: it looks again, and counts taps."""
        return Response(_script()[0], mimetype="text/javascript", headers={"Cache-Control": _YEAR})

    def bell(self) -> ResponseReturnValue:
        """The page's icon."""
        body = (HOUSE / "bell.svg").read_bytes()
        return Response(body, mimetype="image/svg+xml", headers={"Cache-Control": "public, max-age=86400"})

    def broken(self, wrong: Exception) -> ResponseReturnValue:
        """Whatever went wrong: a page in the reader's language, never a trace."""
        if isinstance(wrong, HTTPException) and (wrong.response is not None or (wrong.code or 500) < 500):
            if wrong.response is not None or wrong.code is None:
                return wrong
            return self._page(
                "sorry",
                wrong.code,
                title=_("That did not work"),
                text=_("Begin again from the radio's page."),
            )
        logger.error("page=%s failed", request.endpoint, exc_info=wrong)
        text = str(wrong) if isinstance(wrong, StorageError) else _("It is written in the portal's log.")
        return self._page("sorry", 500, title=_("Something is broken here"), text=text)


@lru_cache(maxsize=4)
def _style(colour: str | None) -> tuple[str, str]:
    text = make_style(colour).text + (HERE / "static" / "installer.css").read_text()
    return text, hashlib.sha256(text.encode()).hexdigest()[:12]


@lru_cache(maxsize=1)
def _script() -> tuple[str, str]:
    text = (HERE / "static" / "installer.js").read_text()
    return text, hashlib.sha256(text.encode()).hexdigest()[:12]


def create_installer(installer: Installer) -> Blueprint:
    """The pages as a blueprint, to be mounted at /installer."""
    blueprint = Blueprint("installer", __name__, template_folder="templates")
    # The pieces of the look are the storefront's, whether or not it is mounted beside these pages.
    blueprint.jinja_loader = ChoiceLoader(
        [FileSystemLoader(HERE / "templates"), FileSystemLoader(HOUSE.parent / "templates")]
    )
    pages = _Pages(installer)
    routes: tuple[tuple[str, str, Callable[..., ResponseReturnValue], tuple[str, ...]], ...] = (
        ("/", "radio", pages.radio, ("GET",)),
        ("/radio.json", "radio_json", pages.radio_json, ("GET",)),
        ("/in", "come_in", pages.come_in, ("GET", "POST")),
        ("/out", "go_out", pages.go_out, ("POST",)),
        ("/calibrate", "calibrate", pages.calibrate, ("GET",)),
        ("/calibrate/walk", "walk", pages.walk, ("GET", "POST")),
        ("/calibrate/walk.json", "walk_json", pages.walk_json, ("GET",)),
        ("/calibrate/heads", "heads", pages.heads, ("GET", "POST")),
        ("/calibrate/heads.json", "heads_json", pages.heads_json, ("GET",)),
        ("/style.css", "style", pages.style, ("GET",)),
        ("/installer.js", "script", pages.script, ("GET",)),
        ("/bell.svg", "bell", pages.bell, ("GET",)),
    )
    for rule, endpoint, view, methods in routes:
        blueprint.add_url_rule(rule, endpoint, view, methods=list(methods))
    carry_language(blueprint)
    blueprint.before_request(pages.gate)
    blueprint.after_request(lambda response: guard(response, scripts=True))
    blueprint.context_processor(pages.context)
    blueprint.register_error_handler(Exception, pages.broken)

    @blueprint.record_once
    def settle(state: BlueprintSetupState) -> None:
        # The pieces speak with the storefront's words.
        speak(state.app, HOUSE.parent / "translations")
        speak(state.app, HERE / "translations")

    return blueprint

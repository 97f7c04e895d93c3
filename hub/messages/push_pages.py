"""A member's browser asks to be told: one page behind their own link, the shop's key for push services, the worker that shows
notices.

Mounted beside the member's own pages, whose look it has. Nothing is asked of a push service here: the browser does that, and
brings its subscription, which is kept sealed (`hub.messages.pushed`) together with the consent that was given on this page.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec
from flask import Blueprint, Response, abort, make_response, render_template, request, send_from_directory
from flask.typing import ResponseReturnValue

from hub.members.consent import give, is_forgotten, withdraw
from hub.members.links import read_link
from hub.members.people_key import PeopleKey
from hub.messages.pushed import BadSubscription, close_push, public_text, read_subscription
from hub.store.base import Store
from hub.storefront.consent_words import VERSION, consent_text
from hub.storefront.forms import from_our_pages
from hub.storefront.headers import guard
from hub.storefront.languages import carry_language, language
from hub.wire.events import ClockState

NAME = "push"
STATIC = Path(__file__).parent / "static"
MOST_BYTES = 4_000


class Asked(msgspec.Struct, frozen=True):
    """What a browser brings."""

    endpoint: str
    p256dh: str
    auth: str


class PushPages:
    """The page and what is asked of it. `people()` and `key()` give the keys; StorageError where they cannot be read."""

    def __init__(
        self,
        store: Store,
        people: Callable[[], PeopleKey],
        key: Callable[[], ec.EllipticCurvePrivateKey],
        now: Callable[[], float],
        clock: Callable[[], ClockState],
    ) -> None:
        self._store, self._people, self._key, self._now, self._clock = store, people, key, now, clock

    def page(self, token: str) -> ResponseReturnValue:
        """Yes or no, in the words that are kept."""
        self._member(token)
        return make_response(
            render_template(
                "push/page.html",
                token=token,
                words=consent_text("messages", "push", language()),
                key=public_text(self._key()),
            )
        )

    def ask(self, token: str) -> ResponseReturnValue:
        """Keep a browser and the yes of who holds it."""
        member = self._member(token)
        asked = self._body()
        try:
            subscription = read_subscription(asked.endpoint, asked.p256dh, asked.auth)
        except BadSubscription as wrong:
            return Response(str(wrong), 422, mimetype="text/plain")
        now = self._now()
        with self._store.writing():
            if is_forgotten(self._store, member):
                abort(410)
            self._store.mailings.put_push(close_push(self._people().secret, member, subscription, now))
            give(
                self._store,
                member,
                "messages",
                "push",
                words=consent_text("messages", "push", language()),
                version=VERSION,
                language=language(),
                place="link",
                proof="link",
                now=now,
                clock=self._clock(),
            )
        return Response("", 204)

    def end(self, token: str) -> ResponseReturnValue:
        """No more notices: the yes is taken back and every browser of theirs forgotten."""
        member = self._member(token)
        if not from_our_pages(request):
            abort(403)
        now = self._now()
        with self._store.writing():
            for one in self._store.register.group(member):
                self._store.mailings.drop_push(member=one)
            withdraw(
                self._store,
                member,
                "messages",
                "push",
                place="link",
                proof="link",
                now=now,
                clock=self._clock(),
            )
        return make_response(render_template("push/ended.html"))

    def _member(self, token: str) -> str:
        link = read_link(self._people().secret, token, self._now())
        if link is None or link.purpose not in ("page", "visit"):
            abort(404)
        return self._store.register.into(link.member)

    def _body(self) -> Asked:
        if not from_our_pages(request) or (request.content_length or 0) > MOST_BYTES:
            abort(403)
        try:
            return msgspec.json.decode(request.get_data(), type=Asked)
        except msgspec.MsgspecError:
            abort(422)


def create_push_pages(pages: PushPages) -> Blueprint:
    """The pages at `/push/…`. `push_path` is there for other pages' templates, which lead here."""
    blueprint = Blueprint(NAME, __name__, template_folder="templates")
    blueprint.add_url_rule("/push/<token>", "page", pages.page)
    blueprint.add_url_rule("/push/<token>/ask", "ask", pages.ask, methods=["POST"])
    blueprint.add_url_rule("/push/<token>/end", "end", pages.end, methods=["POST"])

    def script(name: str) -> Response:
        response = send_from_directory(STATIC, name, mimetype="text/javascript")
        response.headers["Cache-Control"] = "no-cache"
        return response

    blueprint.add_url_rule("/push/worker.js", "worker", lambda: script("worker.js"))
    blueprint.add_url_rule("/push/ask.js", "script", lambda: script("ask.js"))
    blueprint.app_context_processor(lambda: {"push_path": "/push"})
    carry_language(blueprint)
    blueprint.after_request(lambda response: guard(response, scripts=True))
    return blueprint

"""An offer as people will see it, before it is published: on a phone, at the kiosk, as a text message, on a poster.

Nothing is drawn here: the pages are those of `hub.storefront`, mounted a second time over a desk that knows the one offer that
is being written; the poster is that of `hub.paper`. So a preview cannot differ from what is shown later.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

from babel import Locale
from flask import Flask
from flask_babel import force_locale  # type: ignore[import-untyped]
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Response

from hardware.modem.text import ALONE, JOINED, Weight, weigh
from hub.paper.making import make_order
from hub.paper.order import tell
from hub.paper.poster import draw_poster
from hub.paper.screen import screen_picture
from hub.paper.type import NoFont
from hub.preview_desk import SHOWN, Scene, SceneDesk
from hub.sentences import Said
from hub.store.base import Store
from hub.storefront import create_storefront
from hub.storefront.context import ScreenSettings
from hub.storefront.languages import NAMES
from hub.storefront.message import offer_message
from hub.wire.snapshot import Campaign, Offer, Shop, Value

Kind = Literal["phone", "kiosk", "sms", "poster"]
KINDS: tuple[Kind, ...] = ("phone", "kiosk", "sms", "poster")
Surface = Literal["phone", "kiosk"]

BESIDE = 2
"""Other running offers that the kiosk's first page shows beside this one."""

STILL_S = 86_400.0
"""A preview of the kiosk stands still: nobody turns its offers while they are looked at."""


@dataclass(frozen=True, slots=True)
class Message:
    """An offer as a text message: its words, what it weighs, and the characters for which it needs the wide alphabet."""

    text: str
    weight: Weight
    wide: str

    @property
    def room(self) -> int:
        """How many units fit into as many messages as it takes."""
        sizes = ALONE if self.weight.parts == 1 else JOINED
        return sizes[self.weight.alphabet] * self.weight.parts


@dataclass(frozen=True, slots=True)
class Stage:
    """The previews of one hub. `now()` is seconds of UTC."""

    store: Store
    now: Callable[[], float] = time.time
    _apps: dict[Surface, Flask] = field(default_factory=dict)

    def page(self, surface: Surface, scene: Scene, language: str, *, root: str, accept: str = "") -> str:
        """The shopper's page as HTML; it asks for its style and pictures beneath `root` (see `asset`)."""
        path = "/" if surface == "kiosk" else f"/offer/{scene.campaign.number}"
        query = {"lang": language} if language in NAMES else {}
        return self._answer(surface, scene, path, query, root, accept).get_data(as_text=True)

    def asset(self, surface: Surface, shop: Shop, path: str, query: dict[str, str], *, root: str) -> Response:
        """The style, the icon or a picture for which a preview asks."""
        nothing = Campaign(1, Offer({}, {}, Value("gift")), 0, 1)
        return self._answer(surface, Scene(nothing, shop), path, query, root, "")

    def message(self, scene: Scene, language: str, locale: Locale, base: str) -> Message:
        """The text message, in a language of the shop."""
        with self._spoken(language):
            text = offer_message(scene.campaign, scene.shop, language, locale, self.now(), base)
        wide = "".join(dict.fromkeys(sign for sign in text if weigh(sign).alphabet == "ucs-2"))
        return Message(text, weigh(text), wide)

    def poster(self, scene: Scene, locales: Mapping[str, Locale], base: str) -> bytes | Said:
        """The poster as a WebP, in these languages; a sentence where this machine cannot draw it."""
        told = []
        for language, locale in locales.items():
            with self._spoken(language):
                told.append(tell(scene.campaign, scene.shop, language, locale, self.now()))
        digest = scene.campaign.offer.picture
        stored = self.store.campaigns.picture(digest) if digest else None
        order = make_order(
            scene.campaign, scene.shop, told, kind="poster", size="A4", base=base, picture=stored.body if stored else None
        )  # fmt: skip
        try:
            return screen_picture(draw_poster(order))
        except NoFont as wrong:
            return wrong.fault

    @contextmanager
    def _spoken(self, language: str) -> Iterator[None]:
        with self._app("phone").test_request_context(), force_locale(language):
            yield

    def _answer(
        self, surface: Surface, scene: Scene, path: str, query: dict[str, str], root: str, accept: str
    ) -> Response:
        headers = [("Accept-Language", accept)] if accept else []
        environ = EnvironBuilder(
            path, f"http://preview{root}", query_string=query, headers=headers
        ).get_environ()
        token = SHOWN.set(scene)
        try:
            return Response.from_app(self._app(surface), environ)
        finally:
            SHOWN.reset(token)

    def _app(self, surface: Surface) -> Flask:
        made = self._apps.get(surface)
        if made is None:
            made = Flask("preview", static_folder=None)
            desk = SceneDesk("kiosk" if surface == "kiosk" else "portal", self.store)
            screen = ScreenSettings(attract_s=STILL_S)
            made.register_blueprint(
                create_storefront(desk, surface=surface, now=self.now, screen=screen), url_prefix="/"
            )
            # Two threads may have made one each; both are good, and one is kept.
            made = self._apps.setdefault(surface, made)
        return made

"""Which language a page speaks, and how its links keep it. No cookie: the choice stands in the address as `?lang=`.

Every surface of one application shares this: each calls `speak()` with its own catalogue and `carry_language()` with its
blueprint.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from babel import Locale, UnknownLocaleError
from flask import Blueprint, current_app, g, has_request_context, request
from flask.sansio.app import App
from flask_babel import Babel, get_babel  # type: ignore[import-untyped]
from flask_babel import gettext as _gettext
from werkzeug.datastructures import LanguageAccept

NAMES = {"en": "English", "zh": "中文"}
TAGS = {"en": "en", "zh": "zh-Hans"}
"""Language tags (RFC 5646) for the `lang` attribute: a phone picks simplified glyphs by it."""

BARE_ENDPOINTS = ("style", "picture", "bell", "static", "script", "worker", "beat", "moment")
"""Their answers say the same in every language, so one address each, and one copy in the cache."""

_OFFERED = "shopbell_languages"


@dataclass(frozen=True, slots=True)
class LanguageLink:
    """One entry of the language switch."""

    tag: str
    name: str
    url: str
    current: bool


def choose_language(asked: str | None, accept: LanguageAccept, offered: Sequence[str]) -> str:
    """The language of a page: what the address asks for, else what the browser prefers, else the shop's first."""
    known = [code for code in offered if code in NAMES] or list(NAMES)
    if asked in known:
        return asked
    for wanted in accept.values():
        base = wanted.lower().replace("_", "-").split("-")[0]
        if base in known:
            return base
    return known[0]


def speak(app: App, catalogue: Path, offered: Callable[[], Sequence[str]] | None = None) -> None:
    """Let an application speak with this catalogue too. `offered` says which languages the shop wants to speak."""
    if "babel" not in app.extensions:
        Babel(app, default_translation_directories=str(catalogue), locale_selector=language)
    folders = get_babel(app).translation_directories
    if str(catalogue) not in folders:
        folders.append(str(catalogue))
    if offered is not None:
        app.extensions[_OFFERED] = offered


def gettext(text: str, /, **values: object) -> str:
    """A text in the language of this request, with its values put in."""
    return str(_gettext(text, **values))


def language() -> str:
    """The language of this request: a key of `NAMES`."""
    if "shopbell_language" not in g:
        offered = current_app.extensions.get(_OFFERED)
        g.shopbell_language = choose_language(
            request.args.get("lang"), request.accept_languages, offered() if offered else tuple(NAMES)
        )
    return str(g.shopbell_language)


def locale() -> Locale:
    """How this reader writes dates and sums."""
    return choose_locale(language(), request.accept_languages)


def choose_locale(spoken: str, accept: LanguageAccept) -> Locale:
    """How a reader of this language writes: British or American English as the browser says, mainland Chinese."""
    if spoken == "zh":
        return Locale("zh", "CN", script="Hans")
    for wanted in accept.values():
        if wanted.lower().startswith("en-"):
            try:
                return Locale.parse(wanted, sep="-")
            except (UnknownLocaleError, ValueError):
                continue
    return Locale("en", "GB")


def language_links() -> list[LanguageLink]:
    """The language switch for this page: the same address in each language."""
    offered = current_app.extensions.get(_OFFERED)
    codes = [code for code in (offered() if offered else NAMES) if code in NAMES] or list(NAMES)
    # One slash in front and no more: two would make another host of a path that somebody else chose.
    path = "/" + quote((request.script_root + request.path).lstrip("/"))
    others = [(key, value) for key, value in request.args.items(multi=True) if key != "lang"]
    return [
        LanguageLink(
            TAGS[code], NAMES[code], f"{path}?{urlencode([*others, ('lang', code)])}", code == language()
        )
        for code in sorted(codes, key=list(NAMES).index)
    ]


def carry_language(blueprint: Blueprint) -> None:
    """Keep the language that the reader chose in every link and form of a blueprint."""

    @blueprint.url_defaults
    def keep(endpoint: str, values: dict[str, Any]) -> None:
        if not has_request_context() or endpoint.rpartition(".")[2] in BARE_ENDPOINTS:
            return
        if request.args.get("lang") in NAMES:
            values.setdefault("lang", request.args["lang"])

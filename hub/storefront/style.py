"""The stylesheet of every surface: the tokens, the pieces, and the shop's own colour where it can be read."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Literal

from hub.storefront.colour import Accent, accent_for

Sheet = Literal["door", "shopper", "all"]

STATIC = Path(__file__).parent / "static"
_SHEETS: dict[Sheet, tuple[str, ...]] = {
    "door": ("tokens.css", "base.css", "ticket.css"),
    "shopper": ("tokens.css", "base.css", "ticket.css", "shopper.css"),
    "all": ("tokens.css", "base.css", "ticket.css", "shopper.css", "screen.css", "office.css"),
}
_TOKEN = re.compile(r"--([a-z-]+):\s*(#[0-9A-Fa-f]{6});")
_DARK = "@media (prefers-color-scheme: dark)"


@dataclass(frozen=True, slots=True)
class Style:
    """A stylesheet as it is sent. `version` goes into its address, `csp_hash` into the policy where it stands inside a page."""

    text: str
    version: str
    csp_hash: str


@cache
def tokens() -> dict[Literal["light", "dark"], dict[str, str]]:
    """The colours of `static/tokens.css`, by name; dark ones complete, with those that dark shares with light."""
    light_text, dark_text = (STATIC / "tokens.css").read_text().split(_DARK)
    light = dict(_TOKEN.findall(light_text))
    return {"light": light, "dark": light | dict(_TOKEN.findall(dark_text))}


@cache
def _pieces(sheet: Sheet) -> str:
    return "\n".join(squeeze((STATIC / name).read_text()) for name in _SHEETS[sheet])


def squeeze(css: str) -> str:
    """Without comments and needless white space: a third less for a phone on a bad line."""
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)
    css = re.sub(r"\s+", " ", css)
    return re.sub(r"\s*([{};,])\s*", r"\1", css).replace(";}", "}").strip()


def _rule(accent: Accent | None, paper: Accent | None) -> str:
    parts = []
    if accent:
        parts.append(f"--bell:{accent.colour};--on-bell:{accent.on}")
    if paper:
        parts.append(f"--ink-bell:{paper.colour};--on-ink-bell:{paper.on}")
    return f":root{{{';'.join(parts)}}}" if parts else ""


@lru_cache(maxsize=16)
def make_style(colour: str | None = None, sheet: Sheet = "all", screen: str = "", more: str = "") -> Style:
    """The stylesheet for a shop of this colour; `screen` are the measures of one screen at a counter, as a rule.

    `more` is a surface's own style, which comes after the house's pieces.
    """
    text = _pieces(sheet) + squeeze(more)
    light, dark = tokens()["light"], tokens()["dark"]
    on_light = accent_for(colour, (light["ground"], light["surface"], light["paper"]), dark=False)
    on_dark = accent_for(colour, (dark["ground"], dark["surface"]), dark=True)
    text += _rule(on_light, on_light)
    # Where dark has no readable shade of the shop's colour, it must not inherit the one made for light.
    night = on_dark or (Accent(dark["bell"], dark["on-bell"]) if on_light else None)
    if night:
        text += f"{_DARK}{{{_rule(night, None)}}}"
    text += screen
    digest = hashlib.sha256(text.encode())
    return Style(text, digest.hexdigest()[:12], f"'sha256-{base64.b64encode(digest.digest()).decode()}'")

"""Fonts that this machine has: one with Chinese where there is one, else what Pillow brings, which has Latin letters only."""

from __future__ import annotations

import unicodedata
from functools import cache
from pathlib import Path

from PIL import ImageFont

FOLDERS = (
    Path("/usr/share/fonts"),
    Path("/usr/local/share/fonts"),
    Path.home() / ".local/share/fonts",
    Path.home() / ".fonts",
)

KNOWN = (
    ("NotoSansCJK-{}.ttc", "CJK SC"),
    ("NotoSansCJKsc-{}.otf", ""),
    ("NotoSansSC-{}.otf", ""),
    ("SourceHanSansSC-{}.otf", ""),
    ("SourceHanSansCN-{}.otf", ""),
    ("wqy-microhei.ttc", "Hei"),
    ("wqy-zenhei.ttc", "Hei"),
    ("DroidSansFallbackFull.ttf", ""),
    ("DroidSansFallback.ttf", ""),
)
"""File name, and what the face within a collection is called; {} stands for the weight."""

Font = ImageFont.FreeTypeFont


class NoFont(Exception):
    """No font here has these signs."""


def font_for(text: str, size: int, *, bold: bool = False, folders: tuple[Path, ...] = FOLDERS) -> Font:
    """A font of this size (px) that has every sign of the text; NoFont."""
    place = _find("Bold" if bold else "Regular", folders) or (_find("Regular", folders) if bold else None)
    font = _load(place, size) if place else _own(size)
    if place is None and any(unicodedata.east_asian_width(sign) in "WF" for sign in text):
        raise NoFont
    return font


@cache
def _find(weight: str, folders: tuple[Path, ...]) -> tuple[str, str] | None:
    """The file of the first known font that is there, and its face."""
    names = {name.format(weight): face for name, face in KNOWN}
    there: dict[str, Path] = {}
    for folder in folders:
        if folder.is_dir():
            there |= {path.name: path for path in folder.rglob("*") if path.name in names}
    return next(((str(there[name]), names[name]) for name in names if name in there), None)


@cache
def _load(place: tuple[str, str], size: int) -> Font:
    path, face = place
    for index in range(16):
        try:
            font = ImageFont.truetype(path, size, index=index)
        except OSError:
            break
        if face in (font.getname()[0] or ""):
            return font
    return ImageFont.truetype(path, size)


@cache
def _own(size: int) -> Font:
    font = ImageFont.load_default(size)
    if not isinstance(font, ImageFont.FreeTypeFont):
        raise NoFont
    return font
